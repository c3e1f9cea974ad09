package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// revoke is the line: empty the Secret, with all its names doomed → delete them. With --orphans: list what nothing
// records → delete that.
func revoke(ctx context.Context, o config.Revoke, e edge) error {
	h, err := newHolder(o.Ensure, e)
	if err != nil {
		return err
	}
	defer h.close()
	h.foreign = o.Foreign
	if err := h.awaitElasticsearch(ctx); err != nil {
		return err
	}
	const gone = "without the Secret nobody knows which tokens were its own: after an uninstall list and delete them by hand, see Undo in the README"
	if o.Orphans {
		return hinting(h.orphans(ctx, e.stdout, o.Yes), failure.SecretMissing, gone)
	}
	after, err := h.empty(ctx)
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
func (h *holder) empty(ctx context.Context) (after protocol.State, err error) {
	err = h.repeat(ctx, "the records", func(ctx context.Context) error {
		s, err := h.read(ctx)
		if err != nil {
			return err
		}
		next, changed := protocol.Revoke(s, h.ours(s), h.clock.now())
		if after = s; !changed {
			return nil
		}
		after, err = h.store.Patch(ctx, s, next)
		return err
	})
	return after, err
}

// orphans lists first and reads the Secret then: a name that is in the list was claimed before, so what does not record it
// now has lost it.
func (h *holder) orphans(ctx context.Context, out io.Writer, yes bool) error {
	var names []string
	err := h.repeat(ctx, "the list of tokens", func(ctx context.Context) error {
		listed, err := h.es.Names(ctx, h.o.Account)
		if err != nil {
			return refusedForGood(err)
		}
		s, err := h.read(ctx)
		if err == nil {
			names = protocol.Orphans(s, slices.Sorted(maps.Keys(listed)), h.ours(s))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if yes {
			if _, err := h.delete(ctx, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if _, err := fmt.Fprintln(out, name); err != nil {
			return err
		}
	}
	switch {
	case len(names) == 0:
		h.wait.moved("no token of this Secret is without a record")
	case yes:
		h.wait.moved("deleted the tokens that nothing records", "tokens", len(names))
	default:
		h.wait.moved("these tokens are in no record; --yes deletes them. A pod that started before the Secret was emptied may still use one: restart it first",
			"tokens", len(names))
	}
	return nil
}

// refusedForGood: nobody waits for a right.
func refusedForGood(err error) error {
	if failure.Of(err) == failure.Forbidden {
		return final{err}
	}
	return err
}
