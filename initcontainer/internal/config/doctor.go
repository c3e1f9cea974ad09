package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// Doctor are the settings of the command doctor.
type Doctor struct {
	Ensure
	WorkloadNames []string
	Workloads     []rollout.Workload
	Format        string
	Wait          time.Duration
	FailBefore    time.Duration
}

// Flags declares the flags of doctor.
func (d *Doctor) Flags(f *pflag.FlagSet) {
	d.Common.flags(f)
	d.Identity.flags(f)
	d.secretFlags(f)
	f.Var((*days)(&d.FailBefore), "fail-before", "make a certificate, or in mode pki a licence, that ends within "+
		"this time a problem, such as 30d")
	f.StringArrayVar(&d.WorkloadNames, "workload", nil, "`KIND/NAME` that uses the token, such as Deployment/kibana; "+
		"repeatable")
	f.StringVarP(&d.Format, "output", "o", "text", "text or json")
	f.DurationVar(&d.Wait, "wait", 0, "look again until there is no problem left, for so long")
}

// Use makes a workload one that uses the token.
func (d *Doctor) Use(workload string) { d.WorkloadNames = with(d.WorkloadNames, workload) }

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append([]string{name}, names...)
}

// Validate reports all mistakes at once.
func (d *Doctor) Validate() error {
	errs := []error{d.Ensure.Validate()}
	d.Workloads = nil
	for _, name := range d.WorkloadNames {
		w, err := rollout.ParseWorkload(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("--workload: %w", err))
		}
		d.Workloads = append(d.Workloads, w)
	}
	if d.Format != "text" && d.Format != "json" {
		errs = append(errs, fmt.Errorf("--output: %q is neither text nor json", d.Format))
	}
	if d.Wait < 0 {
		errs = append(errs, errors.New("--wait: must not be negative"))
	}
	return errors.Join(errs...)
}

// days is a duration that may be given in days: 30d.
type days time.Duration

func (d *days) String() string { return time.Duration(*d).String() }

// Type names it in the help.
func (*days) Type() string { return "duration" }

// Set reads it.
func (d *days) Set(text string) error {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		*d = days(n) * days(24*time.Hour)
		return err
	}
	given, err := time.ParseDuration(text)
	if err == nil && given < 0 {
		err = errors.New("must not be negative")
	}
	*d = days(given)
	return err
}
