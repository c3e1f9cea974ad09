package initcontainer

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// The token in the Secret is dead, and whoever could make another is refused: that is no reason to start Kibana with it.
func TestADeadTokenAndARefusedMinter(t *testing.T) {
	for _, test := range []struct {
		name    string
		arrange func(*testing.T, *world, *standin.Server) func(*config.Ensure)
		cause   failure.Cause
		hint    string
	}{
		{"a wrong password", func(t *testing.T, w *world, es *standin.Server) func(*config.Ensure) {
			es.Revoke()
			return func(o *config.Ensure) { o.PasswordFile = file(t, t.TempDir(), "wrong", []byte("open sesame")) }
		}, failure.Unauthorized, "the password of the user that creates tokens is wrong"},
		{"no right", func(_ *testing.T, _ *world, es *standin.Server) func(*config.Ensure) {
			es.Revoke()
			es.Fail(standin.Fault{On: "GET /_security/service", Status: 403, Type: "security_exception"})
			return func(*config.Ensure) {}
		}, failure.Forbidden, "manage_service_account"},
		{"the index is closed", func(_ *testing.T, _ *world, es *standin.Server) func(*config.Ensure) {
			es.Revoke()
			es.Fail(standin.Fault{On: "GET /_security/service", Status: 400, Type: "index_closed_exception"})
			return func(*config.Ensure) {}
		}, failure.IndexClosed, "open it"},
		{"401 to everybody", func(_ *testing.T, _ *world, es *standin.Server) func(*config.Ensure) {
			es.Fail(standin.Fault{On: "GET /_security", Status: 401, Type: "security_exception"})
			return func(*config.Ensure) {}
		}, failure.Unauthorized, "the index .security is not available"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, es, api := localWorld(t)
			w.start(t, "pod-a").ends(0)
			writes := api.Writes()
			b := w.start(t, "pod-b", test.arrange(t, w, es))
			begin := b.clock.now()
			err := b.runs()
			waited := b.clock.now().Sub(begin)
			if failure.Of(err) != test.cause || !strings.Contains(failure.Hint(err), test.hint) {
				t.Errorf("%v (%s)", err, failure.Hint(err))
			}
			if waited < patience || waited > patience+10*time.Second || api.Writes() != writes {
				t.Errorf("it waited %s, and wrote %d times", waited, api.Writes()-writes)
			}
		})
	}
}

// A 5xx in between says nothing about the token: the patience begins anew, and the end is without a verdict.
func TestARefusalThatIsNotThroughout(t *testing.T) {
	w, es, _ := localWorld(t)
	w.start(t, "pod-a").ends(0)
	b := w.start(t, "pod-b", func(o *config.Ensure) { o.Timeout = 2 * time.Minute })
	for n := range 10000 {
		es.Heal()
		status := http.StatusUnauthorized
		if n%20 > 14 {
			status = http.StatusServiceUnavailable
		}
		es.Fail(standin.Fault{On: "GET /_security", Status: status})
		c := b.next()
		if c == nil {
			break
		}
		c.pass()
	}
	if err := <-b.done; err != nil && !strings.Contains(err.Error(), "waited 2m0s") {
		t.Errorf("%v", err)
	}
}

// What the last try found out counts, not that there was no time left for another.
func TestATryThatWasCutShortIsNoReason(t *testing.T) {
	w, es, _ := localWorld(t)
	w.start(t, "pod-a").ends(0)
	es.Revoke()
	wrong := file(t, t.TempDir(), "wrong", []byte("open sesame"))
	_, err := w.plain(t, "pod-b", func(o *config.Ensure) {
		o.Timeout, o.PasswordFile = 1500*time.Millisecond, wrong
	}, func(*config.Ensure) {
		es.Fail(standin.Fault{On: "GET /_security", Status: 401, Times: 4}, standin.Fault{On: "GET /", Hang: true})
	})
	if failure.Of(err) != failure.Unauthorized {
		t.Errorf("%v", err)
	}
}

// A token that works is exit 0, whatever becomes of the records; the next run that may mends them.
func TestRecordsThatCannotBeMended(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError, http.StatusBadRequest, http.StatusUnprocessableEntity} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			w, _, api := localWorld(t)
			w.start(t, "pod-a").ends(0)
			other := unique("")
			w.put(w.mint(t, other).Reveal())
			writes := api.Writes()
			api.DenyPatch(status)
			log, err := w.plain(t, "pod-b")
			if err != nil || !strings.Contains(log, "its records cannot be repaired") || api.Writes() != writes {
				t.Errorf("%v, %d writes\n%s", err, api.Writes()-writes, log)
			}
			api.DenyPatch(0)
			w.start(t, "pod-c").ends(0)
			if s := w.works(t); s.Has != other || s.TokenName != other || len(s.Previous) != 1 {
				t.Errorf("has %s, token-name %s, previous %v", s.Has, s.TokenName, s.Previous)
			}
		})
	}
}

// A patch that somebody was ahead of is tried again.
func TestAMendThatMeetsAConflict(t *testing.T) {
	w, _, _ := localWorld(t)
	w.start(t, "pod-a").ends(0)
	other := unique("")
	w.put(w.mint(t, other).Reveal())
	b := w.start(t, "pod-b")
	mend := b.until("mend")
	w.relabel()
	mend.pass()
	b.ends(0)
	if s := w.works(t); s.TokenName != other {
		t.Errorf("token-name %s", s.TokenName)
	}
}

// What nobody of us wrote is never overwritten, nor taken out.
func TestAForeignValueIsLeftAlone(t *testing.T) {
	for _, value := range []string{"-----BEGIN RSA PRIVATE KEY-----", "hunter2", "AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL3Rva2VuMTpjZUQ0OXZyN1EzQ3MwSFpHcGcybnF3"} {
		w, es, api := localWorld(t)
		w.put(value)
		a := w.start(t, "pod-a")
		a.ends(failure.SecretForeign)
		if a.count("claim") > 0 || api.Writes() > 0 {
			t.Errorf("%s: A sent %v", value, a.sent)
		}
		w.startRevoke(t, "revoke").ends(0)
		if got := string(api.Secret().Data[testKey]); got != value || len(es.Tokens()) > 0 {
			t.Errorf("%q became %q; %d tokens", value, got, len(es.Tokens()))
		}
	}
	t.Run("also in the middle", func(t *testing.T) {
		w, _, api := localWorld(t)
		a := w.start(t, "pod-a")
		write := a.until("write")
		w.edit(func(s *corev1.Secret) { s.Data = map[string][]byte{testKey: []byte("hunter2")} })
		write.pass()
		a.ends(failure.SecretForeign)
		if s := w.state(t); string(api.Secret().Data[testKey]) != "hunter2" || s.Claim.Name == "" {
			t.Errorf("the claim is %v", s.Claim)
		}
		w.edit(func(s *corev1.Secret) { s.Data = nil })
		w.start(t, "pod-a").ends(0)
		if s := w.works(t); slices.ContainsFunc(s.Abandoned, func(protocol.Doomed) bool { return true }) {
			t.Errorf("abandoned %v", s.Abandoned)
		}
	})
}
