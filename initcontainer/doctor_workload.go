package initcontainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// fileFlags are those whose files a pod has from Secrets.
var fileFlags = []string{"ca", "cert", "key", "username-file", "password-file", "kibana-username-file",
	"kibana-password-file"}

// notOurs are flags of the pod's that say how it waits and writes, which doctor does not.
var notOurs = []string{"timeout", "log-format", "termination-log", "settle", "require-verified", "pod-uid",
	"kubeconfig", "namespace"}

// ofWorkload are settings that a workload's init container knows.
type ofWorkload interface {
	settings
	Base() *config.Ensure
	Use(workload string)
}

// byWorkload lets a command take a workload in place of the flags that its init container has.
func byWorkload(environ []string, c *cobra.Command, o ofWorkload) *cobra.Command {
	run := c.RunE
	c.Use += " [KIND/NAME]"
	c.Args = func(c *cobra.Command, args []string) error { return noArgs(c, args[min(len(args), 1):]) }
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return run(c, nil)
		}
		if err := config.FromEnv(c.Flags(), environ); err != nil {
			return usage(err)
		}
		done, err := fromWorkload(c.Context(), c.Flags(), o, args[0], nil)
		if err != nil {
			return err
		}
		defer done()
		return run(c, nil)
	}
	return c
}

// fromWorkload gives a command the settings of a workload's init container, where they were not given. The files are
// read out of the Secrets that the pod mounts, into a folder that nobody else may read, and that is gone when done is
// called.
func fromWorkload(ctx context.Context, flags *pflag.FlagSet, settings ofWorkload, name string,
	kubernetes *rest.Config) (done func(), err error) {
	o := settings.Base()
	w, err := rollout.ParseWorkload(name)
	if err != nil {
		return nil, usage(err)
	}
	if err := place(o); err != nil {
		return nil, err
	}
	kube, err := kubernetesConfig(o.Kubeconfig, kubernetes)
	if err != nil {
		return nil, err
	}
	cluster, err := rollout.New(kube, o.Namespace, "")
	if err != nil {
		return nil, err
	}
	s, err := cluster.Get(ctx, w)
	if failure.Hint(err) == rollout.RoleHint {
		err = hinting(err, failure.KubeForbidden,
			"get the right to get "+strings.ToLower(w.Kind)+"s; or give the flags of ensure, without a workload")
	}
	if err != nil {
		return nil, err
	}
	args := s.Arguments(contract.Ensure)
	if args == nil {
		return nil, failure.New(failure.Usage, fmt.Errorf("%s has no init container of elk-mtls-init: it was "+
			"deployed without the post-renderer", w),
			again)
	}
	dir, err := os.MkdirTemp("", "elk-mtls-doctor-") // 0700
	if err != nil {
		return nil, err
	}
	done = func() { _ = os.RemoveAll(dir) }
	o.Copied = dir
	read := func(path string) ([]byte, error) {
		limited, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		return cluster.Mounted(limited, s, contract.Ensure, path)
	}
	if err := adopt(flags, args, dir, read); err != nil {
		done()
		return nil, err
	}
	settings.Use(w.String())
	return done, nil
}

const again = "run the same helm upgrade with --post-renderer again"

// place finds cluster and namespace as kubectl does, where they were not given and this is no pod.
func place(o *config.Ensure) error {
	if err := o.Complete(func(string) string { return "" }); err != nil {
		return err
	}
	if _, err := rest.InClusterConfig(); err == nil && o.Kubeconfig == "" {
		return nil
	}
	if o.Kubeconfig == "" {
		o.Kubeconfig = clientcmd.NewDefaultClientConfigLoadingRules().GetDefaultFilename()
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	return nil
}

// adopt sets the flags that were not given as the arguments of ensure say.
func adopt(flags *pflag.FlagSet, args []string, dir string, read func(string) ([]byte, error)) error {
	var theirs config.Ensure
	given := pflag.NewFlagSet(contract.Ensure, pflag.ContinueOnError)
	theirs.Flags(given)
	if err := given.Parse(args); err != nil {
		return failure.New(failure.Usage, fmt.Errorf("the arguments of the init container: %w", err),
			"use the elk-mtls-init of the image of that pod: this one is of another version")
	}
	var errs []error
	before := map[string]bool{}
	flags.VisitAll(func(f *pflag.Flag) { before[f.Name] = f.Changed })
	given.Visit(func(f *pflag.Flag) {
		if before[f.Name] || slices.Contains(notOurs, f.Name) || flags.Lookup(f.Name) == nil {
			return
		}
		values := []string{f.Value.String()}
		if many, ok := f.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, value := range values {
			if slices.Contains(fileFlags, f.Name) {
				text, err := read(value)
				if err != nil {
					errs = append(errs, fmt.Errorf("--%s of the init container: %w", f.Name, err))
					return
				}
				value = filepath.Join(dir, value)
				errs = append(errs, os.MkdirAll(filepath.Dir(value), 0o700), os.WriteFile(value, text, 0o600))
			}
			errs = append(errs, flags.Set(f.Name, value))
		}
	})
	return errors.Join(errs...)
}
