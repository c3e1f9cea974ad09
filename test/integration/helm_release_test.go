//go:build integration

package integration

import (
	"context"
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// way is a Helm and how it applies. There are no controllers, so that nothing may wait for readiness.
type way struct {
	name  string
	major int
	apply []string
}

var ways = []way{
	{"Helm 3", 3, nil},
	{"Helm 4 server-side", 4, nil}, // its default
	{"Helm 4 client-side", 4, []string{"--server-side=false"}},
}

const releaseName = "elk"

// release is one release of one chart in a namespace of its own, by a Helm that shares nothing with others.
type release struct {
	t       *testing.T
	way     way
	chart   wrapped
	dir     string // of the chart
	helm    string
	env     []string
	cluster *client
	ns      string
	token   string // what was written last, to be found nowhere else
}

func newRelease(t *testing.T, w way, chart wrapped) *release {
	t.Helper()
	helm, err := parts.Helm(t.Context(), w.major)
	parts.SkipOrFail(t, err)
	home := t.TempDir()
	r := &release{t: t, way: w, chart: chart, dir: chart.write(t), helm: helm, cluster: connect(t), ns: namespace(t)}
	kubeconfig := apiServer(t).Kubeconfig
	r.env = append(plainEnvironment(),
		"KUBECONFIG="+kubeconfig,
		"KUBECACHEDIR="+filepath.Join(filepath.Dir(kubeconfig), "cache"), // goes with the server
		"HELM_CONFIG_HOME="+filepath.Join(home, "config"),
		"HELM_CACHE_HOME="+filepath.Join(home, "cache"),
		"HELM_DATA_HOME="+filepath.Join(home, "data"))
	if w.major == 4 {
		r.must("plugin", "install", pluginDir(t))
	}
	r.env = append(r.env, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	return r
}

// run runs Helm and gives all that it says. A hook that would run, and that nothing here ends, shows by the timeout.
func (r *release) run(args ...string) (string, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.helm, append([]string{"--namespace", r.ns}, args...)...)
	cmd.Env = r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *release) must(args ...string) string {
	r.t.Helper()
	out, err := r.run(args...)
	if err != nil {
		r.t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// The flags of a release with elk-mtls, and of the stock chart, whose hooks nothing here would end.
func (r *release) withUs() []string {
	if r.way.major == 3 {
		return []string{"--no-hooks", "--post-renderer", elkmtls(r.t), "--post-renderer-args", "--hooks=off"}
	}
	return []string{"--post-renderer", "elk-mtls"}
}

func (r *release) withoutUs() []string { return []string{"--no-hooks"} }

// apply gives the arguments of `helm install` or `helm upgrade`.
func (r *release) apply(verb string, edits []edit, flags []string) []string {
	args := []string{verb, releaseName, r.dir, "--timeout=30s", "--values", values(r.t, edits)}
	return append(append(args, r.way.apply...), flags...)
}

func (r *release) rollback(revision string) {
	r.t.Helper()
	r.must(append([]string{"rollback", releaseName, revision, "--timeout=30s"}, r.way.apply...)...)
}

func (r *release) uninstall(hooksRun bool) {
	r.t.Helper()
	args := []string{"uninstall", releaseName, "--timeout=30s"}
	if r.way.major == 3 || !hooksRun {
		args = append(args, "--no-hooks")
	}
	r.must(args...)
}

// holds checks that the cluster holds these objects as they are written here, and nothing else but what is named besides.
func (r *release) holds(when string, want []*unstructured.Unstructured, besides ...string) {
	r.t.Helper()
	named := map[string]bool{}
	for _, id := range besides {
		named[id] = true
	}
	var have []string
	for _, id := range r.cluster.released(r.t, r.ns) {
		if !named[id] {
			have = append(have, id)
		}
	}
	if diff := cmp.Diff(ids(want), have); diff != "" {
		r.t.Errorf("%s, objects in the namespace (-want +got):\n%s", when, diff)
	}
	for _, o := range want {
		place, err := r.cluster.at(o, r.ns)
		if err != nil {
			r.t.Fatal(err)
		}
		got, err := place.Get(r.t.Context(), o.GetName(), metav1.GetOptions{})
		if err != nil {
			r.t.Errorf("%s: reading %s: %v", when, idOf(o), err)
			continue
		}
		if lines := lacks("", o.Object, got.Object); lines != nil {
			r.t.Errorf("%s, %s is not as rendered:\n%s", when, idOf(o), strings.Join(lines, "\n"))
		}
	}
	r.saysNothing(when)
}

// saysNothing checks that Helm's record of the release does not hold the token.
func (r *release) saysNothing(when string) {
	r.t.Helper()
	if r.token == "" {
		return
	}
	record := r.must("get", "manifest", releaseName) + r.must("get", "hooks", releaseName) + r.must("get", "values", "--all", releaseName)
	for _, form := range []string{r.token, base64.StdEncoding.EncodeToString([]byte(r.token))} {
		if strings.Contains(record, form) {
			r.t.Errorf("%s, Helm's record of the release holds the token", when)
		}
	}
}

// written is what elk-mtls-init keeps in its Secret.
type written struct {
	Data        map[string]any
	Annotations map[string]string // its own
}

const ourAnnotations = "elk-mtls.dev/"

func (r *release) read(name string) written {
	r.t.Helper()
	s := r.cluster.secret(r.t, r.ns, name)
	w := written{Annotations: map[string]string{}}
	w.Data, _, _ = unstructured.NestedMap(s.Object, "data")
	for key, value := range s.GetAnnotations() {
		if strings.HasPrefix(key, ourAnnotations) {
			w.Annotations[key] = value
		}
	}
	return w
}

// write writes a token as elk-mtls-init does: one merge patch of what was read.
func (r *release) write(token string) written {
	r.t.Helper()
	name := r.chart.tokenSecret()
	s := r.cluster.secret(r.t, r.ns, name)
	patch := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"resourceVersion": s.GetResourceVersion(),
			"annotations": map[string]any{
				ourAnnotations + "token-name": "elk-mtls_" + r.ns + "_1",
				ourAnnotations + "previous":   "elk-mtls_" + r.ns + "_0",
			},
		},
		"data": map[string]any{"token": base64.StdEncoding.EncodeToString([]byte(token))},
	}}
	body, err := patch.MarshalJSON()
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = r.cluster.secrets(r.ns).Patch(r.t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "elk-mtls-init"})
	if err != nil {
		r.t.Fatalf("writing the token Secret: %v", err)
	}
	r.token = token
	want := r.read(name)
	if len(want.Data) != 1 || len(want.Annotations) != 2 {
		r.t.Fatalf("the token Secret holds %d keys and %d annotations of ours after it was written", len(want.Data), len(want.Annotations))
	}
	return want
}

// keeps checks that the token Secret is as it was written.
func (r *release) keeps(when string, want written) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.read(r.chart.tokenSecret())); diff != "" {
		r.t.Errorf("%s, what was written into the token Secret (-want +got):\n%s", when, diff)
	}
}

// blank checks that the token Secret is there for elk-mtls-init to fill.
func (r *release) blank(when string) {
	r.t.Helper()
	if w := r.read(r.chart.tokenSecret()); len(w.Data) > 0 || len(w.Annotations) > 0 {
		r.t.Errorf("%s, the token Secret is not blank: it has %d keys and the annotations %v", when, len(w.Data), w.Annotations)
	}
}
