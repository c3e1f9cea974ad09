package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Rotate are the settings of the command rotate.
type Rotate struct {
	Ensure
	WorkloadNames []string
	Workloads     []rollout.Workload
	KubeletPause  time.Duration
	Foreign       bool
	PrintRole     bool
}

// rotateTimeout: a rollout takes longer than a start.
const rotateTimeout = 15 * time.Minute

// kubeletPause: a kubelet that looks at Secrets from time to time does so once in a minute and a bit, and the API
// server has a cache too.
func kubeletPause(f *pflag.FlagSet, pause *time.Duration, usage string) {
	f.DurationVar(pause, "kubelet-pause", 90*time.Second, usage)
}

// Flags declares the flags of rotate.
func (r *Rotate) Flags(f *pflag.FlagSet) {
	r.Common.flags(f)
	r.secretFlags(f)
	r.Timeout = rotateTimeout
	f.Lookup("timeout").DefValue = rotateTimeout.String()
	f.StringArrayVar(&r.WorkloadNames, "workload", nil, "`KIND/NAME` that uses the token, such as Deployment/kibana; "+
		"repeatable")
	kubeletPause(f, &r.KubeletPause, "pause between the new token and the restart: kubelets may hand out the old "+
		"value for so long")
	f.BoolVar(&r.Foreign, "foreign", false, "delete recorded tokens too that were not made for this Secret")
	f.BoolVar(&r.PrintRole, "print-role", false, "print the Role that this command needs, and do nothing")
}

// Use makes a workload one that uses the token.
func (r *Rotate) Use(workload string) { r.WorkloadNames = with(r.WorkloadNames, workload) }

// Validate reports all mistakes at once.
func (r *Rotate) Validate() error {
	var errs []error
	r.Workloads = nil
	for _, name := range r.WorkloadNames {
		w, err := rollout.ParseWorkload(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("--workload: %w", err))
		}
		r.Workloads = append(r.Workloads, w)
	}
	if r.KubeletPause < 0 {
		errs = append(errs, errors.New("--kubelet-pause: must not be negative"))
	}
	if !r.PrintRole {
		return errors.Join(append(errs, r.Common.validate(), r.validateLogin(), r.validateToken())...)
	}
	if r.Secret == "" {
		errs = append(errs, errors.New("--secret: the name of the token's Secret is missing"))
	}
	return errors.Join(errs...)
}

// Revoke are the settings of the command revoke.
type Revoke struct {
	Ensure
	Orphans bool
	Yes     bool
	Foreign bool
	UID     string

	Gone bool // the tokens of Secrets that are gone: of one, or of all of a namespace

	conflict error
}

// Flags declares the flags of revoke.
func (r *Revoke) Flags(f *pflag.FlagSet) {
	r.Common.flags(f)
	r.secretFlags(f)
	f.Lookup("secret").Usage = "`NAME` of the Secret; NAMESPACE/NAME: list tokens of Secrets of that name that are " +
		"gone; none, with --namespace: of all that are gone there"
	f.BoolVar(&r.Orphans, "orphans", false, "list tokens made for this very Secret that it does not name any more")
	f.BoolVar(&r.Yes, "yes", false, "delete what is listed")
	f.StringVar(&r.UID, "uid", "", "of Secrets that are gone, the one whose UID begins so")
	f.BoolVar(&r.Foreign, "foreign", false, "delete recorded tokens too that were not made for this Secret")
}

// Use does nothing: no workload is restarted.
func (*Revoke) Use(string) {}

// Complete tells a Secret that is there from those that are gone, before the surroundings fill anything in.
func (r *Revoke) Complete(getenv func(string) string) error {
	namespace, name, both := strings.Cut(r.Secret, "/")
	switch {
	case both && r.Namespace != "" && r.Namespace != namespace:
		r.conflict = fmt.Errorf("--secret %s, --namespace %s: which namespace?", r.Secret, r.Namespace)
	case both:
		r.Gone, r.Namespace, r.Secret = true, namespace, name
	case r.Secret == "" && r.Namespace != "":
		r.Gone = true
	}
	return r.Ensure.Complete(getenv)
}

// Validate reports all mistakes at once.
func (r *Revoke) Validate() error {
	errs := []error{r.conflict, r.Common.validate(), r.validateLogin()}
	if r.Gone {
		errs = append(errs, r.accountOf())
	} else {
		errs = append(errs, r.validateToken())
	}
	switch {
	case r.Yes && !r.Orphans && !r.Gone:
		errs = append(errs, errors.New("--yes: goes with --orphans, --secret NAMESPACE/NAME or --namespace alone; "+
			"recorded tokens are revoked without asking"))
	case r.Foreign && (r.Orphans || r.Gone):
		errs = append(errs, errors.New("--foreign: goes with neither --orphans nor Secrets that are gone: only "+
			"recorded tokens can be foreign"))
	case r.Orphans && r.Gone:
		errs = append(errs, errors.New("--orphans: is about a Secret that is there; give its --secret NAME"))
	case r.UID != "" && !r.Gone:
		errs = append(errs, errors.New("--uid: goes with --secret NAMESPACE/NAME or --namespace alone"))
	}
	return errors.Join(errs...)
}

// secretFlags are those that say which Secret, and whose token is in it.
func (e *Ensure) secretFlags(f *pflag.FlagSet) {
	f.StringVar(&e.AccountName, contract.FlagAccount, "elastic/kibana", "service account")
	f.StringVar(&e.Secret, contract.FlagSecret, "", "`NAME` of the Secret")
	f.StringVar(&e.SecretKey, contract.FlagSecretKey, "token", "key in the Secret")
	f.StringVarP(&e.Namespace, "namespace", "n", "", "namespace of the Secret (default: the pod's)")
	f.StringVar(&e.Kubeconfig, "kubeconfig", "", "kubeconfig `FILE`, outside a pod")
	f.StringVar(&e.PodUID, "pod-uid", "", "UID of the pod (default: $POD_UID, else random)")
}

// accountOf reads the account's name.
func (e *Ensure) accountOf() error {
	var err error
	if e.Account, err = credential.ParseAccount(e.AccountName); err != nil {
		return fmt.Errorf("--account: %w", err)
	}
	return nil
}
