package initcontainer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// rotator replaces a token that works while its users go on: both are valid until no pod has the old one.
type rotator struct {
	*holder
	workloads []rollout.Workload
	cluster   *rollout.Client
	pause     time.Duration
}

// rotate is the line: look at the workloads → new token → pause → restart → wait for the old pods to go → delete. It
// decides nothing by what an earlier run did: a second run after any interruption makes one more token, and deletes all
// that came before.
func rotate(ctx context.Context, o config.Rotate, e edge) error {
	if o.PrintRole {
		return printRole(e.stdout, o)
	}
	h, err := newHolder(o.Ensure, e)
	if err != nil {
		return err
	}
	defer h.close()
	h.foreign = o.Foreign
	kube, err := kubernetesConfig(o.Kubeconfig, e.kubernetes)
	if err != nil {
		return err
	}
	cluster, err := rollout.New(kube, o.Namespace, o.Secret)
	if err != nil {
		return err
	}
	r := rotator{h, o.Workloads, cluster, o.KubeletPause}
	if err := r.wait.repeat(ctx, "the workloads", r.fit); err != nil {
		return err
	}
	if err := r.awaitElasticsearch(ctx); err != nil {
		return err
	}
	held, err := r.renew(ctx) // 10
	if err != nil {
		return err
	}
	if err := r.roll(ctx); err != nil { // 11
		return bothValid(held, err)
	}
	return r.retire(ctx, held) // 12
}

func printRole(out io.Writer, o config.Rotate) error {
	text, err := rollout.Role(o.Namespace, o.Secret, o.Workloads)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// fit reports before anything is changed what a rotation could not end with: workloads that a restart does not reach,
// pods of others that would be left with a token that is deleted, rights that are missing.
func (r rotator) fit(ctx context.Context) error {
	var found []rollout.Status
	for _, w := range r.workloads {
		s, err := r.workload(ctx, w)
		switch {
		case err != nil:
			return err
		case !s.Uses(r.o.Secret):
			return failure.New(failure.Usage, fmt.Errorf("%s does not use %s", w, r.store),
				"--workload names those that do")
		case s.Stuck() != "":
			return failure.New(failure.Usage, fmt.Errorf("%s would never restart its pods: %s", w, s.Stuck()),
				"nothing was changed")
		}
		found = append(found, s)
	}
	pods, err := r.pods(ctx)
	if err != nil {
		return err
	}
	var others []string
	for _, p := range pods {
		if !slices.ContainsFunc(found, func(s rollout.Status) bool { return s.Owns(p) }) {
			others = append(others, p.Name)
		}
	}
	if len(others) > 0 {
		return failure.New(failure.Usage,
			fmt.Errorf("pods use %s and belong to no --workload: %s", r.store, strings.Join(others, ", ")),
			"name their workloads too: the old token is deleted at the end. Nothing was changed")
	}
	return r.cluster.MayRotate(ctx, r.workloads)
}

// renew is step 10. Before it, an ordinary run sets the records right and finds out whether a token can be made at all;
// where that had to make one, it is the new one.
func (r rotator) renew(ctx context.Context) (protocol.State, error) {
	held, err := r.hold(ctx)
	if err != nil || !r.mine.Value.IsZero() && held.Has == r.mine.Name {
		return held, err
	}
	r.mine, r.renewing = protocol.Mine{}, true
	return r.hold(ctx)
}

// roll is step 11. The pods to wait for are those that are there when the restart is asked for: every later one starts
// with the new token, because the pause is over.
func (r rotator) roll(ctx context.Context) error {
	r.log.Info("waiting until every kubelet hands out the new token", "pause", r.pause)
	r.clock.sleep(ctx, r.pause)
	if ctx.Err() != nil {
		return errInterrupted
	}
	var old map[string]bool
	mark := r.clock.now()
	err := r.wait.repeat(ctx, "the restart", func(ctx context.Context) error {
		pods, err := r.pods(ctx)
		if err != nil {
			return err
		}
		if old == nil {
			old = map[string]bool{}
			for _, p := range pods {
				old[p.UID] = true
			}
		}
		for _, w := range r.workloads {
			if err := r.cluster.Restart(ctx, w, mark); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.wait.moved("asked for the restart", "workloads", fmt.Sprint(r.workloads), "pods", len(old))
	return r.wait.repeat(ctx, "the old pods to go", func(ctx context.Context) error { return r.rolled(ctx, old) })
}

// rolled returns nil when every pod that may have the old token is gone, and the new ones are ready.
func (r rotator) rolled(ctx context.Context, old map[string]bool) error {
	for _, w := range r.workloads {
		s, err := r.workload(ctx, w)
		if err != nil {
			return err
		}
		if done, text := s.Progress(w.Kind); !done {
			return failure.New(failure.Unreachable, fmt.Errorf("%s: %s", w, text), "look at its pods: kubectl describe")
		}
	}
	pods, err := r.pods(ctx)
	if err != nil {
		return err
	}
	for _, p := range pods {
		if old[p.UID] {
			return failure.New(failure.Unreachable, fmt.Errorf("pod %s from before the restart is still there", p.Name),
				"what keeps it?")
		}
	}
	r.wait.moved("every pod has the new token", "pods", len(pods))
	return nil
}

// retire is step 12: any answer but a clear yes leads back to reading.
func (r rotator) retire(ctx context.Context, held protocol.State) error {
	var after protocol.State
	err := r.wait.repeat(ctx, "the records", func(ctx context.Context) error {
		s, err := r.read(ctx)
		if err != nil {
			return err
		}
		next, changed := protocol.Retire(s, held.Previous, beginningWith(r.deletes(s)), r.clock.now())
		after = s
		if changed {
			after, err = r.store.Patch(ctx, s, next)
		}
		return err
	})
	if err != nil {
		return bothValid(held, err)
	}
	if err := r.clean(ctx, after); err != nil {
		return fmt.Errorf("the new token is in use, but an old one could not be deleted; the next start of a pod, or "+
			"another rotate, deletes it: %w", err)
	}
	for _, name := range after.Previous {
		r.log.Warn("a recorded token was not made for this Secret, or was put there while we waited; it is left alone",
			"name", name)
	}
	r.wait.moved("rotated", "name", after.Has)
	return nil
}

func bothValid(held protocol.State, err error) error {
	return failure.New(failure.Of(err), fmt.Errorf("the new token %s is in the Secret, the old ones (%s) still work, "+
		"and nothing was deleted: %w",
		held.Has, strings.Join(held.Previous, ", "), err),
		strings.TrimPrefix(failure.Hint(err)+"; run rotate again when that is fixed: it finishes", "; "))
}

func (r rotator) workload(ctx context.Context, w rollout.Workload) (rollout.Status, error) {
	limited, cancel := r.wait.limited(ctx, requestTime)
	defer cancel()
	return r.cluster.Get(limited, w)
}

func (r rotator) pods(ctx context.Context) ([]rollout.Pod, error) {
	limited, cancel := r.wait.limited(ctx, requestTime)
	defer cancel()
	return r.cluster.Pods(limited)
}
