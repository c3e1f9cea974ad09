package initcontainer

import (
	"context"
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// clean is step 9: it deletes the doomed names, and forgets those that are gone for good. What fails is left to the
// next run; the error says that there is something.
func (h *holder) clean(ctx context.Context, s protocol.State) error {
	found := map[string]bool{}
	var failed error
	for _, name := range protocol.Deletable(s, h.deletes(s)) {
		was, err := h.delete(ctx, name)
		if err != nil {
			failed = err
			h.log.Warn("cannot delete an abandoned token; the next run tries again", "name", name, "reason",
				oneLine(err))
			break
		}
		found[name] = was
		if was {
			h.log.Info("deleted an abandoned token", "name", name)
		}
	}
	next, changed := protocol.Forget(s, h.deletes(s), found, h.clock.now(), old)
	if !changed || s.Locked {
		return failed
	}
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	if _, err := h.store.Patch(limited, s, next); err != nil {
		h.log.Info("cannot take deleted tokens off the list of abandoned ones; the next run does", "reason",
			oneLine(err))
	}
	return failed
}

// deletes is what the names begin with that may be deleted.
func (h *holder) deletes(s protocol.State) string {
	if h.foreign {
		return ""
	}
	return h.prefix(s.UID)
}

// beginningWith reports of a name whether it begins so.
func beginningWith(prefix string) func(string) bool {
	return func(name string) bool { return name != "" && strings.HasPrefix(name, prefix) }
}

func (h *holder) delete(ctx context.Context, name string) (bool, error) {
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	return h.es.Delete(limited, h.o.Account, name)
}

// full makes room where too many names wait for deletion: doomed ones may be deleted by anybody at any time.
func (h *holder) full(ctx context.Context, s protocol.State) error {
	_ = h.clean(ctx, s) // it has said so
	return failure.New(failure.Other,
		fmt.Errorf("%s: %d abandoned tokens wait for deletion, which is the limit", h.store, len(s.Abandoned)),
		"each is a create that Elasticsearch did not answer; a name is forgotten ten minutes after the last one, or "+
			"at once when its token was found and deleted")
}

// settle waits after a value was replaced: kubelet may hold the old one for a moment longer.
func (h *holder) settle(ctx context.Context) {
	if h.replaces {
		h.log.Info("the token was replaced; waiting before the container starts", "pause", h.o.Settle)
		h.clock.sleep(ctx, h.o.Settle)
	}
}
