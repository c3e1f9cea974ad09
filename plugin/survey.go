package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/internal/evidence"
	"github.com/elk-mtls/elk-mtls/internal/version"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/sarif"
	"github.com/elk-mtls/elk-mtls/plugin/internal/survey"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// surveyOptions are the command line of elk-mtls survey.
type surveyOptions struct {
	*verifyOptions
	gate    bool
	refused bool
}

func surveyCommand(o *options) *cobra.Command {
	s := &surveyOptions{verifyOptions: &verifyOptions{options: o}}
	cmd := &cobra.Command{
		Use:   "survey [flags] EVIDENCE|- [MANIFESTS]",
		Short: "Report who still connects without a certificate, and whether you can require one",
		Long: `elk-mtls survey reads what elk-mtls-init survey has recorded and compares it with what verify says about
the manifests. It lists clients seen without a certificate, clients seen with one, clients in the manifests that were
not seen, clients that Elasticsearch refused, and the times and nodes that were not watched.

With --gate it exits with 1 if a client without a certificate was seen, if it is not known whether a client has one, or
if the longest uninterrupted watch is shorter than the longest interval between two runs of a CronJob in the manifests.
It exits with 2 if a flag is wrong, or if a file does not hold evidence or manifests.`,
		Example: `  # who has no certificate
  elk-mtls-init survey --for 24h … >evidence.jsonl
  helm get manifest elk -n elastic >manifests.yaml
  elk-mtls survey evidence.jsonl manifests.yaml

  # in CI, before client_authentication becomes required
  elk-mtls survey --gate evidence.jsonl manifests.yaml

  # which clients Elasticsearch has refused since then
  elk-mtls-init survey --refused --for 1h … | elk-mtls survey --refused -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("survey reads EVIDENCE and MANIFESTS, and there are %d files; see %s "+
					"--help", len(args), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return s.run(args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&s.output, "output", "o", "text", strings.Join(surveyOutputs(), " | "))
	f.BoolVar(&s.gate, "gate", false, "exit with 1 until it is safe to switch to required")
	f.BoolVar(&s.refused, "refused", false, "list only the clients that Elasticsearch has refused, and what to do")
	f.StringArrayVar(&s.with, "with", nil, "`FILE` with Secrets and ConfigMaps that are already in the cluster; "+
		"repeatable")
	f.StringVar(&o.config, "config", "", "configuration `FILE` (kind MutualTLS): what is unmanaged, the rules")
	_ = cmd.RegisterFlagCompletionFunc("output",
		cobra.FixedCompletions(surveyOutputs(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func surveyOutputs() []string { return []string{"text", "json", "sarif", "html"} }

// errNotReady ends the program with exit 1 after the report was written.
var errNotReady = errors.New("not ready for client authentication required")

func (s *surveyOptions) run(args []string) error {
	if !slices.Contains(surveyOutputs(), s.output) {
		return usageError{fmt.Errorf("--output: %q is not one of %s%s", s.output, strings.Join(surveyOutputs(), ", "),
			closest.Hint(s.output, surveyOutputs()))}
	}
	if s.gate && s.refused {
		return usageError{errors.New("--gate, --refused: use only one of them")}
	}
	lines, err := s.evidence(args)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", args[0], err)}
	}
	graph, periodic, err := s.promised(args[1:], lines)
	if err != nil {
		return usageError{err}
	}
	report := survey.Join(lines, graph, periodic, version.Text())
	if s.refused {
		report = report.OnlyRefused()
	}
	text, err := s.written(report, args[0])
	if err != nil {
		return err
	}
	if _, err := s.stdout.Write(text); err != nil {
		return err
	}
	if s.gate && !report.Gate.Open {
		return fmt.Errorf("%w: %d reasons", errNotReady, len(report.Gate.Reasons))
	}
	return nil
}

func (s *surveyOptions) evidence(args []string) (evidence.Evidence, error) {
	if args[0] == stdinName {
		return evidence.Read(s.stdin)
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return evidence.Evidence{}, err
	}
	return evidence.Read(bytes.NewReader(text))
}

// promised judges the manifests as verify does, for the step at which a survey is made.
func (s *surveyOptions) promised(args []string, lines evidence.Evidence) (*verify.Graph, []survey.Periodic, error) {
	if len(args) == 0 {
		return nil, nil, nil
	}
	if s.stage == "" && s.config == "" {
		s.stage = "optional"
	}
	judging := *s.verifyOptions
	judging.output = verifyOutputs()[0] // ours has other forms
	proof, err := judging.proof()
	if err != nil {
		return nil, nil, err
	}
	input, err := s.manifests(args)
	if err != nil {
		return nil, nil, err
	}
	proof.Tool = version.Text()
	stream, with, err := s.streams(input, &proof)
	if err != nil {
		return nil, nil, err
	}
	graph, err := verify.Manifests(stream, with, proof)
	if err != nil {
		return nil, nil, explained(err, input)
	}
	again, err := manifest.Split(input)
	if err != nil {
		return nil, nil, err
	}
	periodic, err := survey.Schedules(again, lines.Lines[0].Time)
	return graph, periodic, err
}

func (s *surveyOptions) written(r *survey.Report, input string) ([]byte, error) {
	switch s.output {
	case "json":
		return r.JSON()
	case "sarif":
		return sarif.Survey(r, input)
	case "html":
		return []byte(r.HTML()), nil
	}
	return []byte(fold(r.Text(), width(s.stdout))), nil
}
