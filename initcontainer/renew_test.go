package initcontainer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// renewedPair is a Secret as cert-manager keeps it.
func renewedPair(ca *pki.CA, options ...func(*pki.Options)) map[string][]byte {
	o := pki.Options{CN: "client", ClientAuth: true}
	for _, f := range options {
		f(&o)
	}
	leaf := ca.Leaf(o)
	return map[string][]byte{"ca.crt": ca.Cert, "tls.crt": leaf.Cert, "tls.key": leaf.Key}
}

const bothSecrets = "one/ca.crt,one/tls.crt,one/tls.key"

func TestRenew(t *testing.T) {
	ca := pki.NewCA("ca")
	w, f := fakeRenewals(t)
	w.put("one", renewedPair(ca))
	w.put("two", renewedPair(ca))
	w.workload("kibana", "one/ca.crt,one/tls.crt,one/tls.key")
	w.workload("filebeat", "two/ca.crt,two/tls.crt,two/tls.key")
	w.workload("shipper", "two/ca.crt") // in the modes without certificates
	w.workload("bundled", "ConfigMap/trust/ca.crt")
	f.do(func() { f.bundle = string(ca.Cert) })
	names := []string{"kibana", "filebeat", "shipper", "bundled"}
	expect := func(what string, kibana, filebeat, shipper int64) {
		t.Helper()
		if log, err := w.pass(t.Context(), t, nil, names...); err != nil {
			t.Fatalf("%s: %v\n%s", what, err, log)
		}
		if a, b, c := w.generation("kibana"), w.generation("filebeat"), w.generation("shipper"); a != kibana || b != filebeat || c != shipper {
			t.Errorf("%s: generations %d, %d, %d, want %d, %d, %d", what, a, b, c, kibana, filebeat, shipper)
		}
	}
	expect("the first pass", 2, 2, 2)
	expect("nothing was renewed", 2, 2, 2)
	w.put("one", renewedPair(ca))
	expect("one was renewed", 3, 2, 2)
	w.put("two", renewedPair(ca))
	expect("two was renewed by the same CA", 3, 3, 2)
	w.put("two", renewedPair(pki.NewCA("another")))
	expect("two is of another CA", 3, 4, 3)
	f.do(func() { f.secrets["one"]["other"] = []byte("x") })
	expect("a key that nobody reads", 3, 4, 3)
	f.do(func() { f.bundle += string(pki.NewCA("another").Cert) })
	expect("a ConfigMap trusts another CA too", 3, 4, 3)
	if bundled := w.generation("bundled"); bundled != 3 {
		t.Errorf("whoever reads that ConfigMap has generation %d, want 3", bundled)
	}
}

// A workload that fails does not keep the others from theirs, and is what the pass ends with.
func TestRenewGoesOn(t *testing.T) {
	ca := pki.NewCA("ca")
	past := func(o *pki.Options) {
		o.NotBefore, o.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	half := renewedPair(ca)
	half["tls.key"] = renewedPair(ca)["tls.key"]
	for _, test := range []struct {
		name  string
		spoil func(*renewals, *fakeAPI)
		cause failure.Cause
		says  string
	}{
		{"the Secret is not there", func(_ *renewals, f *fakeAPI) { f.do(func() { delete(f.secrets, "one") }) }, failure.SecretMissing, "Secret elk/one is not there"},
		{"it lacks a key", func(w *renewals, _ *fakeAPI) { w.put("one", map[string][]byte{"tls.crt": {}}) }, failure.SecretMissing, `has no key "ca.crt"`},
		{"the renewal is half done", func(w *renewals, _ *fakeAPI) { w.put("one", half) }, failure.Dates, "half done"},
		{"the certificate is expired", func(w *renewals, _ *fakeAPI) { w.put("one", renewedPair(ca, past)) }, failure.Dates, "valid until"},
		{"the workload is not there", func(_ *renewals, f *fakeAPI) { f.do(func() { delete(f.workloads, "kibana") }) }, failure.Usage, "is not there"},
		{"no post-renderer", func(w *renewals, _ *fakeAPI) { w.annotate("kibana", nil) }, failure.Usage, "without the post-renderer"},
		{"a mark that nobody writes", func(w *renewals, _ *fakeAPI) {
			w.annotate("kibana", map[string]string{contract.AnnotationReadsOnce: "../x"})
		}, failure.Usage, "SECRET/KEY"},
		{"the pods do not become ready", func(_ *renewals, f *fakeAPI) { f.do(func() { f.stuck = map[string]bool{"kibana": true} }) }, failure.Unreachable, "0 ready"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, f := fakeRenewals(t)
			w.put("one", renewedPair(ca))
			w.put("two", renewedPair(ca))
			w.workload("kibana", bothSecrets)
			w.workload("filebeat", "two/tls.crt")
			test.spoil(w, f)
			log, err := w.pass(t.Context(), t, nil, "kibana", "filebeat")
			if failure.Of(err) != test.cause || !strings.Contains(fmt.Sprint(err), test.says) || !strings.HasPrefix(fmt.Sprint(err), "Deployment/kibana: ") || failure.Hint(err) == "" {
				t.Errorf("%d: %v (%s)\n%s", failure.Of(err), err, failure.Hint(err), log)
			}
			if w.generation("filebeat") != 2 {
				t.Error("the other one was left out")
			}
			if strings.Contains(fmt.Sprint(log, err), "PRIVATE KEY") {
				t.Error("a key is in the log")
			}
		})
	}
}

// What cannot be restarted is said before anything is; a workload without a mark has nothing to be restarted for.
func TestRenewStuckAndUnmarked(t *testing.T) {
	w, f := fakeRenewals(t)
	w.put("one", renewedPair(pki.NewCA("ca")))
	w.workload("kibana", bothSecrets)
	f.do(func() { f.spec = map[string]any{"paused": true} })
	if _, err := w.pass(t.Context(), t, nil, "kibana"); failure.Of(err) != failure.Usage || !strings.Contains(err.Error(), "paused") || w.generation("kibana") != 1 {
		t.Errorf("paused: %v, generation %d", err, w.generation("kibana"))
	}
	w.annotate("kibana", map[string]string{contract.AnnotationMode: "cert-token"})
	if log, err := w.pass(t.Context(), t, nil, "kibana"); err != nil || w.generation("kibana") != 1 {
		t.Errorf("no mark: %v\n%s", err, log)
	}
}

// Without any one of its rights it says which, of what, and where the Role comes from.
func TestRenewRights(t *testing.T) {
	for _, right := range []string{"get secrets", "get deployments", "patch deployments"} {
		w, f := fakeRenewals(t)
		w.put("one", renewedPair(pki.NewCA("ca")))
		w.workload("kibana", bothSecrets)
		f.do(func() { f.forbidden[right] = true })
		_, err := w.pass(t.Context(), t, nil, "kibana")
		verb, resource, _ := strings.Cut(right, " ")
		if failure.Of(err) != failure.KubeForbidden || !strings.Contains(err.Error(), fmt.Sprintf("cannot %s resource %q", verb, resource)) ||
			!strings.Contains(failure.Hint(err), "renew --print-role") || w.generation("kibana") != 1 {
			t.Errorf("without %s: %v (%s), generation %d", right, err, failure.Hint(err), w.generation("kibana"))
		}
	}
}

func TestRenewKilled(t *testing.T) {
	w, _ := fakeRenewals(t)
	renewKilled(t, w, 30)
}

// renewKilled renews some Secrets in each round, kills renew at any of its requests a few times, and lets one pass end: each workload
// whose Secret was renewed has been restarted once then, and no other.
func renewKilled(t *testing.T, w *renewals, rounds int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	ca := pki.NewCA("ca")
	names := []string{"kibana", "filebeat", "logstash"}
	for _, name := range names {
		w.put(name, renewedPair(ca))
		w.workload(name, name+"/ca.crt,"+name+"/tls.crt,"+name+"/tls.key")
	}
	if log, err := w.pass(t.Context(), t, nil, names...); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	kills := 0
	for round := range rounds {
		want := map[string]int64{}
		for _, name := range names {
			want[name] = w.generation(name)
			if chance.IntN(2) == 0 {
				w.put(name, renewedPair(ca))
				want[name]++
			}
		}
		for range chance.IntN(4) {
			ctx, stop := context.WithCancel(t.Context())
			left, acted := 1+chance.IntN(24), chance.IntN(2) == 0
			_, err := w.pass(ctx, t, func(next http.RoundTripper) http.RoundTripper { return guillotine{next, stop, &left, acted} }, names...)
			stop()
			if left <= 0 {
				kills++
				if err == nil {
					t.Errorf("round %d: killed, and it says that all is well", round)
				}
			}
		}
		if log, err := w.pass(t.Context(), t, nil, names...); err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, log)
		}
		for _, name := range names {
			if got := w.generation(name); got != want[name] {
				t.Errorf("round %d: %s is of generation %d, want %d", round, name, got, want[name])
			}
		}
	}
	if kills < rounds/4 {
		t.Errorf("only %d kills in %d rounds", kills, rounds)
	}
	t.Logf("%d kills in %d rounds", kills, rounds)
}
