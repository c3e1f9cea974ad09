package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

// Survey are the settings of the command survey.
type Survey struct {
	Common
	For        time.Duration
	Every      time.Duration
	MaxLogMB   int64
	Logs       []string
	Namespace  string
	Kubeconfig string
	Pods       []string
	Restore    bool
	Refused    bool
	PrintRole  bool
}

// Flags declares the flags of survey.
func (s *Survey) Flags(f *pflag.FlagSet) {
	s.Common.flags(f)
	f.Lookup("username-file").Usage = "`FILE` with the name of the user that may change settings of the cluster and " +
		"read statistics"
	s.For = 24 * time.Hour
	f.Var((*days)(&s.For), "for", "how long to look, such as 24h or 7d; with --refused: how far back")
	f.DurationVar(&s.Every, "every", 15*time.Second, "pause between two looks at the statistics")
	f.Int64Var(&s.MaxLogMB, "max-log-mb", 1024, "end the survey when so many `MB` of logs were read")
	f.StringArrayVar(&s.Logs, "log", nil, "`FILE` with a log of Elasticsearch outside Kubernetes, or - for standard "+
		"input; repeatable")
	f.StringVar(&s.Kubeconfig, "kubeconfig", "", "kubeconfig `FILE`, outside a pod")
	f.BoolVar(&s.Restore, "restore", false, "put the logger back that a survey has left, and do nothing else")
	f.BoolVar(&s.Refused, "refused", false, "list whom Elasticsearch has refused; changes nothing")
	f.BoolVar(&s.PrintRole, "print-role", false,
		"print the roles in Kubernetes that this command needs, and do nothing")
	f.StringVarP(&s.Namespace, "namespace", "n", "", "with --print-role: namespace of the pods of Elasticsearch "+
		"(default: the pod's)")
	f.StringArrayVar(&s.Pods, "pod", nil, "with --print-role: `NAME` of a pod of Elasticsearch whose log may be read "+
		"(default: all of the namespace); repeatable")
}

// Complete fills in what the surroundings know.
func (s *Survey) Complete(func(string) string) error {
	s.complete()
	return ofPod(&s.Namespace)
}

// Validate reports all mistakes at once.
func (s *Survey) Validate() error {
	if s.PrintRole {
		if s.Namespace == "" {
			return errors.New("--namespace: of the pods of Elasticsearch; missing")
		}
		return nil
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !s.Refused || len(s.Logs) == 0 {
		errs = append(errs, s.Common.validate())
		if s.UsernameFile == "" || s.PasswordFile == "" {
			add("--username-file, --password-file: the user of the survey is missing")
		}
	}
	switch {
	case s.For <= 0:
		add("--for: must be more than 0")
	case s.For > 365*24*time.Hour:
		add("--for: at most 365d")
	}
	if s.Every < time.Second || s.Every > time.Minute {
		add("--every: from 1s to 1m: Elasticsearch forgets after five minutes who has gone")
	}
	if s.MaxLogMB <= 0 {
		add("--max-log-mb: must be more than 0")
	}
	if s.Restore && s.Refused {
		add("--restore, --refused: use only one of them")
	}
	stdin := 0
	for _, name := range s.Logs {
		if name == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		add("--log -: there is one standard input")
	}
	return errors.Join(errs...)
}

// Output returns how the run tells what it does.
func (s *Survey) Output() Output { return s.Common.Output }
