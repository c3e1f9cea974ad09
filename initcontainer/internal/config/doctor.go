package config

import (
	"errors"
	"fmt"
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
}

// Flags declares the flags of doctor.
func (d *Doctor) Flags(f *pflag.FlagSet) {
	d.Common.flags(f)
	d.secretFlags(f)
	f.StringArrayVar(&d.WorkloadNames, "workload", nil, "`KIND/NAME` that uses the token, such as Deployment/kibana; repeatable")
	f.StringVarP(&d.Format, "output", "o", "text", "text or json")
	f.DurationVar(&d.Wait, "wait", 0, "look again until there is no problem left, for so long")
}

// Validate reports all mistakes at once.
func (d *Doctor) Validate() error {
	errs := []error{d.Common.validate(), d.validateLogin(), d.validateToken()}
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
