package initcontainer

import (
	"context"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
)

// Many Kibanas on one Elasticsearch, whose Secrets differ in as little as they can.
func TestManyOnOneElasticsearch(t *testing.T) {
	w, _, _ := localWorld(t)
	long := strings.Repeat("k", 130)
	worlds := []*world{w}
	for _, place := range []struct{ namespace, secret string }{
		{"elk", "kibana-elk-mtls-token"},         // the same release in the same namespace of another cluster
		{"elk", "reports-elk-mtls-token"},        // another Kibana of the release
		{"elk", "second-kibana-elk-mtls-token"},  // another release
		{"search", "kibana-elk-mtls-token"},      // the same release in another namespace
		{"elk-kibana", "elk-mtls-token"},         // the same text, divided elsewhere
		{"elk", "kibana.elk-mtls-token"},         // the same after "." became "-"
		{"elk", long + "a"}, {"elk", long + "b"}, // the same after 120 characters
	} {
		api := kubefake.Start(place.namespace, place.secret)
		t.Cleanup(api.Close)
		next := *w
		next.kubernetes, next.namespace, next.secret = &rest.Config{Host: api.URL}, place.namespace, place.secret
		next.read, next.edit, next.remove = api.Secret, api.Change, api.Delete
		worlds = append(worlds, &next)
	}
	neighbours(t, worlds)
}

// neighbours gives each Secret a token in use and one that nothing records, and then takes them away from one after the
// other: nobody else's is ever touched, nor shown.
func neighbours(t *testing.T, worlds []*world) {
	t.Helper()
	orphans := make([]string, len(worlds))
	var names []string
	for i, w := range worlds {
		w.start(t, "pod-a").ends(0)
		orphans[i] = w.state(t).Has
		w.blank()
		w.start(t, "pod-b").ends(0)
		names = append(names, orphans[i], w.works(t, orphans[i]).Has)
	}
	slices.Sort(names)
	if distinct := slices.Compact(slices.Clone(names)); len(distinct) != 2*len(worlds) {
		t.Fatalf("%d names, %d of them distinct", len(names), len(distinct))
	}
	for i, w := range worlds {
		list := w.startRevoke(t, "list", func(o *config.Revoke) { o.Orphans, o.Yes = true, true })
		list.ends(0)
		if got, want := list.out.String(), orphans[i]+"\n"; got != want {
			t.Errorf("%s/%s: orphans %q, want %q", w.namespace, w.secret, got, want)
		}
		w.startRevoke(t, "revoke").ends(0)
		if s := w.state(t); !s.Token.IsZero() || s.TokenName != "" {
			t.Errorf("%s/%s still holds %s", w.namespace, w.secret, s.Has)
		}
		gone := 2 * (i + 1)
		if left, err := w.elasticsearch(t).Names(context.Background(), kibana); err != nil || len(ours(left, names)) != len(names)-gone {
			t.Errorf("%d of %d tokens are left after %d were revoked: %v", len(ours(left, names)), len(names), gone, err)
		}
		for j, other := range worlds[i+1:] {
			other.works(t, orphans[i+1+j])
		}
	}
}

// ours are the names that this test made: there may be others on a node that is shared.
func ours(all map[string]bool, names []string) (found []string) {
	for _, n := range names {
		if all[n] {
			found = append(found, n)
		}
	}
	return found
}
