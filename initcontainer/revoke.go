package initcontainer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
)

// revoker deletes the tokens of one Secret, or of those that are gone.
type revoker struct {
	*holder
	o    config.Revoke
	edge edge
}

// revoke is the line: empty the Secret, with all its names doomed → delete them. With --orphans: list what nothing
// records → delete that.
func revoke(ctx context.Context, o config.Revoke, e edge) error {
	h, err := newHolder(o.Ensure, e)
	if err != nil {
		return err
	}
	defer h.close()
	h.foreign = o.Foreign
	r := revoker{h, o, e}
	if err := h.awaitElasticsearch(ctx); err != nil {
		return err
	}
	if o.Gone {
		return r.gone(ctx)
	}
	gone := fmt.Sprintf("after an uninstall elk-mtls-init revoke --secret %s/%s lists the tokens that were made for it",
		o.Namespace, o.Secret)
	if o.Orphans {
		return hinting(r.orphans(ctx), failure.SecretMissing, gone)
	}
	after, err := r.empty(ctx)
	if err != nil {
		return hinting(err, failure.SecretMissing, gone)
	}
	if err := h.clean(ctx, after); err != nil {
		return fmt.Errorf("%s is empty, but a token could not be deleted; run revoke again: %w", h.store, err)
	}
	for _, name := range after.Previous {
		h.log.Warn("a recorded token was not made for this Secret; it is left alone without --foreign", "name", name)
	}
	h.wait.moved("revoked all tokens that the Secret recorded")
	return nil
}

// empty is step 13: any answer but a clear yes leads back to reading.
func (r revoker) empty(ctx context.Context) (after protocol.State, err error) {
	err = r.wait.repeat(ctx, "the records", func(ctx context.Context) error {
		s, err := r.read(ctx)
		if err != nil {
			return err
		}
		next, changed := protocol.Revoke(s, beginningWith(r.deletes(s)), r.clock.now())
		if after = s; !changed {
			return nil
		}
		after, err = r.store.Patch(ctx, s, next)
		return err
	})
	return after, err
}

// orphans lists first and reads the Secret then: a name that is in the list was claimed before, so what does not
// record it now has lost it.
func (r revoker) orphans(ctx context.Context) error {
	var names []string
	err := r.wait.repeat(ctx, "the list of tokens", func(ctx context.Context) error {
		listed, err := r.es.Names(ctx, r.o.Account)
		if err != nil {
			return refusedForGood(err)
		}
		s, err := r.read(ctx)
		if err == nil {
			names = protocol.Orphans(s, slices.Sorted(maps.Keys(listed)), beginningWith(r.deletes(s)))
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := r.eliminate(ctx, names); err != nil {
		return err
	}
	switch {
	case len(names) == 0:
		r.wait.moved("no token of this Secret is without a record")
	case r.o.Yes:
		r.wait.moved("deleted the tokens that nothing records", "tokens", len(names))
	default:
		r.wait.moved("these tokens are in no record; --yes deletes them. A pod that started before the Secret was "+
			"emptied may still use one: restart it first",
			"tokens", len(names))
	}
	return nil
}

// eliminate prints names, and deletes them where it is told to.
func (r revoker) eliminate(ctx context.Context, names []string) error {
	for _, name := range names {
		if r.o.Yes {
			if _, err := r.delete(ctx, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if _, err := fmt.Fprintln(r.edge.stdout, name); err != nil {
			return err
		}
	}
	return nil
}

// gone lists first and asks for the Secrets then: a token that is in the list had its Secret before. It leaves alone
// what was made for a Secret that is there.
func (r revoker) gone(ctx context.Context) error {
	var names []string
	err := r.wait.repeat(ctx, "the list of tokens", func(ctx context.Context) error {
		listed, err := r.es.Names(ctx, r.o.Account)
		if err != nil {
			return refusedForGood(err)
		}
		there, err := present(ctx, r.o, r.edge)
		if err == nil {
			names = withoutSecret(slices.Sorted(maps.Keys(listed)), r.o, there)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := r.eliminate(ctx, names); err != nil {
		return err
	}
	switch {
	case len(names) == 0:
		r.wait.moved("no token of a Secret that is gone")
	case r.o.Yes:
		r.wait.moved("deleted the tokens of Secrets that are gone", "tokens", len(names))
	default:
		r.wait.moved("these tokens were made for Secrets that are not there; --yes deletes them, --uid only those of "+
			"one, whose UID begins as the part before the last does. A pod that started before may still use one: "+
			"restart it first. Of another cluster with the same names they may be in use",
			"tokens", len(names))
	}
	return nil
}

// present are the Secrets that are there, by what the names of their tokens begin with.
func present(ctx context.Context, o config.Revoke, e edge) (map[credential.Origin]bool, error) {
	kube, err := kubernetesConfig(o.Kubeconfig, e.kubernetes)
	if err != nil {
		return nil, err
	}
	found, err := secret.UIDs(ctx, kube, o.Namespace, o.Secret)
	if err != nil {
		return nil, err
	}
	there := map[credential.Origin]bool{}
	for _, f := range found {
		there[credential.OriginFor(o.Namespace, f.Name, f.UID)] = true
	}
	return there, nil
}

// withoutSecret are the names that were made for the Secret that is asked for, or for any of the namespace, and whose
// Secret is not there.
func withoutSecret(listed []string, o config.Revoke, there map[credential.Origin]bool) (names []string) {
	want := credential.OriginFor(o.Namespace, o.Secret, "")
	for _, name := range listed {
		from, ok := credential.OriginOf(name)
		switch {
		case !ok || from.Namespace != want.Namespace || there[from]:
		case o.Secret != "" && from.Secret != want.Secret:
		case !strings.HasPrefix(from.UID, strings.ToLower(o.UID)):
		default:
			names = append(names, name)
		}
	}
	return names
}

// refusedForGood: nobody waits for a right.
func refusedForGood(err error) error {
	if failure.Of(err) == failure.Forbidden {
		return final{err}
	}
	return err
}
