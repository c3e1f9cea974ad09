//go:build integration

package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// forEachWay runs a test for every Helm and every chart.
func forEachWay(t *testing.T, test func(r *release)) {
	t.Helper()
	charts := wrappedCharts(t)
	for _, w := range ways {
		for _, chart := range charts {
			t.Run(w.name+"/"+chart.name, func(t *testing.T) {
				t.Parallel()
				test(newRelease(t, w, chart))
			})
		}
	}
}

// TestHelmLifecycle installs, upgrades, rolls back and uninstalls a release with elk-mtls.
func TestHelmLifecycle(t *testing.T) {
	forEachWay(t, func(r *release) {
		t, chart := r.t, r.chart
		r.must(r.apply("install", nil, r.withUs())...)
		first := chart.secured(t, nil)
		r.holds("after the install", first)
		r.blank("after the install")
		r.hooks()
		if added := len(first) - len(chart.stock(t, nil)); added < 4 {
			t.Errorf("elk-mtls added %d objects only: this test shows too little", added)
		}

		want := r.write("AAEAAWVsYXN0aWMva2liYW5h-install")
		r.must(r.apply("upgrade", newer, r.withUs())...)
		r.holds("after an upgrade with a changed value and label", chart.secured(t, newer))
		r.keeps("after an upgrade with a changed value and label", want)

		r.must(r.apply("upgrade", newer, r.withUs())...)
		r.keeps("after an upgrade that changes nothing", want)

		r.rollback("1")
		r.holds("after the rollback", first)
		r.keeps("after the rollback", want)

		r.uninstall(true)
		if rest := r.cluster.everything(t, r.ns); len(rest) > 0 {
			t.Errorf("uninstall left %q", rest)
		}
	})
}

// hooks checks that of the hooks that Helm recorded only the chart's tests are left: Helm 3 shows a post-renderer none of them, so
// that there they are all recorded and --no-hooks keeps them from running.
func (r *release) hooks() {
	r.t.Helper()
	var want, got []string
	for _, o := range objects(r.t, r.chart.stream) {
		if hook := hookOf(o); hook == "test" || hook != "" && r.way.major == 3 {
			want = append(want, idOf(o))
		}
	}
	for _, o := range objects(r.t, []byte(r.must("get", "hooks", releaseName))) {
		got = append(got, idOf(o))
		if mode := o.GetAnnotations()["elk-mtls.dev/mode"]; r.way.major == 4 && mode != "cert-token" {
			r.t.Errorf("the chart's %s, which calls Elasticsearch, is not patched: mode %q", idOf(o), mode)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("hooks of the release (-want +got):\n%s", diff)
	}
}

// TestHelmFromStock moves a release of the stock chart, whose hook has filled a Secret of its own, to elk-mtls and back.
func TestHelmFromStock(t *testing.T) {
	forEachWay(t, func(r *release) {
		t, chart := r.t, r.chart
		stock := chart.stock(t, nil)
		r.must(r.apply("install", nil, r.withoutUs())...)
		r.holds("after the install of the stock chart", stock)
		before := r.fillStockSecret()
		theirs := idOf(before)

		r.must(r.apply("upgrade", nil, r.withUs())...)
		r.holds("after the upgrade from the stock chart", chart.secured(t, nil), theirs)
		r.blank("after the upgrade from the stock chart")
		want := r.write("AAEAAWVsYXN0aWMva2liYW5h-from-stock")
		r.must(r.apply("upgrade", newer, r.withUs())...)
		r.holds("after the next upgrade", chart.secured(t, newer), theirs)
		r.keeps("after the next upgrade", want)
		r.untouched("by the way to elk-mtls", before)

		r.must(r.apply("upgrade", nil, r.withoutUs())...)
		r.holds("back at the stock chart", stock, theirs)
		r.gone("back at the stock chart", stock)
		r.untouched("by the way back", before)

		r.uninstall(false)
		if rest := r.cluster.everything(t, r.ns); !slices.Equal(rest, []string{theirs}) {
			t.Errorf("uninstall left %q besides the Secret that the hook made", rest)
		}
	})
}

// fillStockSecret makes the Secret that the chart's hook makes: outside the release, by the Kubernetes API.
func (r *release) fillStockSecret() *unstructured.Unstructured {
	r.t.Helper()
	made, err := r.cluster.secrets(r.ns).Create(r.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{"name": r.chart.stockSecret()},
		"data":     map[string]any{"token": "QUFFQUFXVnNZWE4="},
	}}, metav1.CreateOptions{FieldManager: "node-fetch"})
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

func (r *release) untouched(when string, before *unstructured.Unstructured) {
	r.t.Helper()
	if diff := cmp.Diff(before.Object, r.cluster.secret(r.t, r.ns, before.GetName()).Object); diff != "" {
		r.t.Errorf("the Secret of the chart's hook was changed %s (-before +after):\n%s", when, diff)
	}
}

// gone checks that the objects of the stock chart, the only ones left, carry nothing of ours.
func (r *release) gone(when string, stock []*unstructured.Unstructured) {
	r.t.Helper()
	var want, got []string
	for _, o := range stock {
		place, err := r.cluster.at(o, r.ns)
		if err != nil {
			r.t.Fatal(err)
		}
		now, err := place.Get(r.t.Context(), o.GetName(), metav1.GetOptions{})
		if err != nil {
			r.t.Fatal(err)
		}
		now.SetManagedFields(nil)
		got = append(got, mentions(idOf(o), now.Object, "elk-mtls")...)
		want = append(want, mentions(idOf(o), o.Object, "elk-mtls")...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s, what mentions elk-mtls (-want +got):\n%s", when, diff)
	}
}

// TestHelmForgotten upgrades once without the post-renderer, and comes back.
func TestHelmForgotten(t *testing.T) {
	forEachWay(t, func(r *release) {
		t, chart := r.t, r.chart
		r.must(r.apply("install", nil, r.withUs())...)
		r.write("AAEAAWVsYXN0aWMva2liYW5h-lost")

		r.must(r.apply("upgrade", newer, r.withoutUs())...)
		r.holds("after an upgrade without the post-renderer", chart.stock(t, newer))
		r.gone("after an upgrade without the post-renderer", chart.stock(t, newer))

		r.must(r.apply("upgrade", newer, r.withUs())...)
		r.holds("after coming back", chart.secured(t, newer))
		r.blank("after coming back")
		want := r.write("AAEAAWVsYXN0aWMva2liYW5h-again")
		r.must(r.apply("upgrade", nil, r.withUs())...)
		r.holds("after the next upgrade", chart.secured(t, nil))
		r.keeps("after the next upgrade", want)

		r.rollback("2")
		r.holds("after a rollback to the revision without elk-mtls", chart.stock(t, newer))
		r.rollback("3")
		r.holds("after a rollback to a revision with elk-mtls", chart.secured(t, newer))
		r.blank("after a rollback to a revision with elk-mtls")

		r.uninstall(true)
		if rest := r.cluster.everything(t, r.ns); len(rest) > 0 {
			t.Errorf("uninstall left %q", rest)
		}
	})
}

// TestHelmRefusal holds that Helm shows the reason of a refusal in our words, and changes nothing.
func TestHelmRefusal(t *testing.T) {
	broken := map[string]struct{ env, want string }{
		"no image":        {"ELK_MTLS_INIT_CONTAINER_IMAGE=", "elk-mtls: Deployment/KIBANA: no image for the init container elk-mtls-init is configured"},
		"unknown setting": {"ELK_MTLS_CLIENT_AUTHENTICATOIN=required", "ELK_MTLS_CLIENT_AUTHENTICATOIN"},
	}
	forEachWay(t, func(r *release) {
		t, good := r.t, r.env
		refused := func(verb, what string) {
			t.Helper()
			r.env = append(slices.Clone(good), broken[what].env)
			out, err := r.run(r.apply(verb, newer, r.withUs())...)
			r.env = good
			if want := strings.ReplaceAll(broken[what].want, "KIBANA", r.chart.kibana); err == nil || !strings.Contains(out, want) {
				t.Errorf("helm %s with %s must fail and say %q; it ended with %v and said:\n%s", verb, what, want, err, out)
			}
		}
		for what := range broken {
			refused("install", what)
			if rest := r.cluster.everything(t, r.ns); len(rest) > 0 {
				t.Errorf("a refused install (%s) left %q", what, rest)
			}
		}

		r.must(r.apply("install", nil, r.withUs())...)
		want := r.write("AAEAAWVsYXN0aWMva2liYW5h-refusal")
		before := r.cluster.everything(t, r.ns)
		for what := range broken {
			refused("upgrade", what)
		}
		r.holds("after refused upgrades", r.chart.secured(t, nil))
		r.keeps("after refused upgrades", want)
		if diff := cmp.Diff(before, r.cluster.everything(t, r.ns)); diff != "" {
			t.Errorf("refused upgrades left a trace (-before +after):\n%s", diff)
		}
	})
}

// TestHelmGuard holds that a chart with a Guard cannot be installed without elk-mtls, and that nothing is left of the attempt.
func TestHelmGuard(t *testing.T) {
	guard := "\n---\napiVersion: elk-mtls.dev/v1alpha1\nkind: Guard\nmetadata: {name: elk-mtls}\n"
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			chart := wrapped{"own release", append(readFile(t, "../../plugin/testdata/charts/release/input.yaml"), guard...), "elk-kibana"}
			r := newRelease(t, w, chart)
			out, err := r.run(r.apply("install", nil, r.withoutUs())...)
			if err == nil || !strings.Contains(out, `no matches for kind "Guard"`) {
				t.Errorf("without elk-mtls: %v\n%s", err, out)
			}
			if rest := r.cluster.everything(t, r.ns); len(rest) > 0 {
				t.Errorf("a guarded install without elk-mtls left %q", rest)
			}
			r.must(r.apply("install", nil, r.withUs())...)
			r.holds("after the install with elk-mtls", chart.secured(t, nil))
		})
	}
}
