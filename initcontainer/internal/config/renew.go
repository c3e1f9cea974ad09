package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// Renew are the settings of the command renew.
type Renew struct {
	WorkloadNames []string
	Workloads     []rollout.Workload
	Namespace     string
	Kubeconfig    string
	Timeout       time.Duration
	KubeletPause  time.Duration
	PrintRole     bool
	output        Output
}

// Flags declares the flags of renew.
func (r *Renew) Flags(f *pflag.FlagSet) {
	f.StringArrayVar(&r.WorkloadNames, "workload", nil, "`KIND/NAME` that the post-renderer marked, such as "+
		"Deployment/kibana; repeatable; restarted in this order")
	f.StringVarP(&r.Namespace, "namespace", "n", "", "namespace of the workloads (default: the pod's)")
	f.StringVar(&r.Kubeconfig, "kubeconfig", "", "kubeconfig `FILE`, outside a pod")
	f.DurationVar(&r.Timeout, "timeout", rotateTimeout, "how long to wait for one workload")
	kubeletPause(f, &r.KubeletPause, "pause between the look at the Secrets and the first restart: kubelets may hand "+
		"out the old value for so long")
	f.BoolVar(&r.PrintRole, "print-role", false, "print the Role that this command needs for these workloads, and "+
		"restart nothing")
	r.output.flags(f)
}

// Complete fills in what the surroundings know.
func (r *Renew) Complete(func(string) string) error {
	r.output.complete()
	return ofPod(&r.Namespace)
}

// Validate reports all mistakes at once.
func (r *Renew) Validate() error {
	errs := []error{r.output.validate()}
	r.Workloads = nil
	for _, name := range r.WorkloadNames {
		w, err := rollout.ParseWorkload(name)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--workload: %w", err))
		case !slices.Contains(r.Workloads, w):
			r.Workloads = append(r.Workloads, w)
		}
	}
	if len(r.WorkloadNames) == 0 {
		errs = append(errs, errors.New("--workload: missing; the report of elk-mtls lists those that it marked"))
	}
	if r.Namespace == "" {
		errs = append(errs, errors.New("--namespace: missing, and "+namespaceFile+" is not there"))
	}
	if r.Timeout <= 0 {
		errs = append(errs, errors.New("--timeout: must be more than 0"))
	}
	if r.KubeletPause < 0 {
		errs = append(errs, errors.New("--kubelet-pause: must not be negative"))
	}
	return errors.Join(errs...)
}

// Output returns how the run tells what it does.
func (r *Renew) Output() Output { return r.output }
