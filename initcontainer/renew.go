package initcontainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/renewal"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// renewer restarts workloads whose pods read certificates only at startup.
type renewer struct {
	o       config.Renew
	edge    edge
	cluster *rollout.Client
	wait    *waiting // for the workload at hand
}

// seen is a workload as it was last looked at.
type seen struct {
	rollout.Workload
	status rollout.Status
	digest string // of what it reads once; "" where it reads nothing so
}

func (s seen) isDue() bool { return s.digest != "" && s.status.Renewed() != s.digest }

func (s seen) isRolling() bool {
	done, _ := s.status.Progress(s.Kind)
	return s.status.Renewed() != "" && !done
}

// renew is the line: look at all workloads → wait for those under way → pause → restart one, wait until it is ready,
// next. What a pass before was interrupted in stands in the workloads. One that fails does not keep the others from
// theirs.
func renew(ctx context.Context, o config.Renew, e edge) error {
	kube, err := kubernetesConfig(o.Kubeconfig, e.kubernetes)
	if err != nil {
		return hinting(err, failure.Usage, "give --kubeconfig and --namespace")
	}
	cluster, err := rollout.New(kube, o.Namespace, "")
	if err != nil {
		return err
	}
	r := &renewer{o: o, edge: e, cluster: cluster, wait: newWaiting(e.clock, e.log, o.Timeout)}
	if o.PrintRole {
		return r.printRole(ctx)
	}
	var problems []error
	var due, rolling []seen
	for _, w := range o.Workloads {
		s, err := r.look(ctx, w)
		switch {
		case err != nil:
			problems = append(problems, err)
		case s.isDue():
			due = append(due, s)
		case s.isRolling():
			rolling = append(rolling, s)
		}
	}
	if len(due) > 0 {
		for _, s := range rolling { // one after the other: an earlier pass may have begun this
			problems = append(problems, r.awaitReady(ctx, s.Workload))
		}
		e.log.Info("waiting until every kubelet hands out the renewed certificates", "pause", o.KubeletPause)
		e.clock.sleep(ctx, o.KubeletPause)
	}
	for _, s := range due {
		problems = append(problems, r.restart(ctx, s))
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return together(problems)
}

// together gives several errors as one, which has cause and hint of the first.
func together(problems []error) error {
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	if len(problems) < 2 {
		return errors.Join(problems...)
	}
	var texts []string
	for _, err := range problems {
		texts = append(texts, oneLine(err))
	}
	first := problems[0]
	return failure.New(failure.Of(first), errors.New(strings.Join(texts, "; ")), failure.Hint(first))
}

// look reads a workload and what it reads once, and refuses what a restart would not serve.
func (r *renewer) look(ctx context.Context, w rollout.Workload) (seen, error) {
	r.wait = newWaiting(r.edge.clock, r.edge.log, r.o.Timeout)
	var s seen
	err := r.wait.repeat(ctx, w.String(), func(ctx context.Context) (err error) {
		s, err = r.read(ctx, w)
		return err
	})
	switch {
	case err != nil:
		return s, r.about(w, err)
	case s.digest == "":
		r.edge.log.Info("reads renewed certificates by itself, or not at all: it has no mark", "workload", w)
	case !s.isDue():
		r.edge.log.Info("has the certificates that the Secrets and ConfigMaps have", "workload", w)
	}
	return s, nil
}

func (r *renewer) read(ctx context.Context, w rollout.Workload) (seen, error) {
	status, err := r.cluster.Get(ctx, w)
	if err != nil {
		return seen{}, err
	}
	s := seen{Workload: w, status: status}
	keys, err := status.ReadsOnce()
	switch {
	case err != nil:
		return s, err
	case len(keys) == 0 && !status.Patched():
		return s, failure.New(failure.Usage, errors.New("it was deployed without the post-renderer, so it is not "+
			"known which certificates it reads"), again)
	case len(keys) == 0:
		return s, nil
	}
	content, err := r.cluster.Content(ctx, keys)
	if err != nil {
		return s, err
	}
	s.digest = content.Digest()
	if !s.isDue() {
		return s, nil
	}
	if err := content.Fault(r.edge.clock.now()); err != nil {
		return s, final{failure.New(failure.Dates, fmt.Errorf("it is not restarted: %w", err),
			"renew the certificate; the pods that run keep theirs until then")}
	}
	if why := status.Stuck(); why != "" {
		return s, failure.New(failure.Usage, fmt.Errorf("a restart would never reach its pods: %s", why),
			"change that, or restart its pods yourself before their certificate ends")
	}
	return s, nil
}

// restart restarts a workload for what the Secrets held when the pass began: that is what every kubelet hands out by
// now. What they hold by now, another pass sees.
func (r *renewer) restart(ctx context.Context, was seen) error {
	r.wait = newWaiting(r.edge.clock, r.edge.log, r.o.Timeout)
	moved := false
	err := r.wait.repeat(ctx, "the restart of "+was.String(), func(ctx context.Context) error {
		s, err := r.read(ctx, was.Workload)
		if moved = s.digest != was.digest; err != nil || moved || !s.isDue() {
			return err
		}
		return r.cluster.Renew(ctx, s.Workload, s.status, s.digest, r.edge.clock.now())
	})
	switch {
	case err != nil:
		return r.about(was.Workload, err)
	case moved:
		r.edge.log.Info("was renewed again in this moment: the next pass restarts it", "workload", was.Workload)
		return nil
	}
	r.wait.moved("asked for the restart", "workload", was.Workload)
	return r.awaitReady(ctx, was.Workload)
}

// awaitReady returns when a workload's pods are new and ready.
func (r *renewer) awaitReady(ctx context.Context, w rollout.Workload) error {
	r.wait = newWaiting(r.edge.clock, r.edge.log, r.o.Timeout)
	err := r.wait.repeat(ctx, "the pods of "+w.String(), func(ctx context.Context) error {
		s, err := r.cluster.Get(ctx, w)
		if err != nil {
			return err
		}
		if done, text := s.Progress(w.Kind); !done {
			return failure.New(failure.Unreachable, errors.New(text), "look at its pods: kubectl describe")
		}
		return nil
	})
	if err != nil {
		return r.about(w, err)
	}
	r.wait.moved("is ready", "workload", w)
	return nil
}

// about says which workload an error is about, and which Role it needs.
func (r *renewer) about(w rollout.Workload, err error) error {
	hint := failure.Hint(err)
	if hint == rollout.RoleHint {
		hint = "elk-mtls-init renew --print-role, run by who may read these workloads, prints the Role that is needed"
	}
	text := w.String() + ": "
	if strings.HasPrefix(err.Error(), text) {
		text = ""
	}
	return failure.New(failure.Of(err), fmt.Errorf("%s%w", text, err),
		cmp.Or(hint, "run renew again when that is fixed: it continues where it stopped"))
}

// printRole prints the Role for what the workloads are marked with.
func (r *renewer) printRole(ctx context.Context) error {
	var keys []renewal.Key
	for _, w := range r.o.Workloads {
		limited, cancel := r.wait.limited(ctx, requestTime)
		s, err := r.cluster.Get(limited, w)
		cancel()
		if err != nil {
			return err
		}
		marked, err := s.ReadsOnce()
		if err != nil {
			return r.about(w, err)
		}
		keys = append(keys, marked...)
	}
	if len(keys) == 0 {
		return failure.New(failure.Usage, errors.New("none of these workloads is marked: nothing is to be restarted"),
			again)
	}
	text, err := rollout.RenewRole(r.o.Namespace, keys, r.o.Workloads)
	if err != nil {
		return err
	}
	_, err = r.edge.stdout.Write(text)
	return err
}
