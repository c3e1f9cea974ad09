//go:build integration

package integration

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// export runs `elk-mtls export` over a rendering, into a folder.
func (r rendering) export(t *testing.T, format, folder string) (stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), elkmtls(t), "export", "--format", format, "--out", folder, "--allow-rendered-certs")
	cmd.Env = append(append(plainEnvironment(), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage), r.env...)
	cmd.Stdin = bytes.NewReader(r.stream)
	var message strings.Builder
	cmd.Stderr = &message
	err = cmd.Run()
	return message.String(), err
}

// exported is a rendering and its export, as plain kustomize applies them: without any plugin.
func (r rendering) exported(t *testing.T, format string) *kustomization {
	t.Helper()
	k := &kustomization{t, t.TempDir(), plainEnvironment()}
	put(t, filepath.Join(k.dir, "stream.yaml"), string(r.stream))
	if message, err := r.export(t, format, filepath.Join(k.dir, "elk-mtls")); err != nil {
		t.Fatalf("elk-mtls export: %v\n%s", err, message)
	}
	if format == "kustomize" {
		put(t, filepath.Join(k.dir, "kustomization.yaml"), "resources: [stream.yaml]\ncomponents: [elk-mtls]\n")
		return k
	}
	put(t, filepath.Join(k.dir, "kustomization.yaml"), helmController(t, readFile(t, filepath.Join(k.dir, "elk-mtls", "helmrelease.yaml"))))
	return k
}

// helmController gives the kustomization that Flux's helm-controller makes of the post-renderers of a HelmRelease: its internal/postrender
// hands the patches on. What a Kustomization beside it applies comes along.
func helmController(t *testing.T, text []byte) string {
	t.Helper()
	var release struct {
		Spec struct {
			PostRenderers []struct {
				Kustomize struct {
					Patches []any `json:"patches"`
				} `json:"kustomize"`
			} `json:"postRenderers"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &release); err != nil || len(release.Spec.PostRenderers) != 1 {
		t.Fatalf("%v: %d post-renderers", err, len(release.Spec.PostRenderers))
	}
	made, err := yaml.Marshal(map[string]any{"resources": []string{"stream.yaml", "elk-mtls/objects.yaml"}, "patches": release.Spec.PostRenderers[0].Kustomize.Patches})
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

// TestExport holds that an export, applied by plain kustomize, gives the objects of the post-renderer; tests of the chart aside.
func TestExport(t *testing.T) {
	exports := 0
	for _, r := range append(fixtures(t), realRenderings(t, official...)...) {
		want := withoutTests(r.byPostRenderer(t))
		if same(t, want, withoutTests(objects(t, r.stream))) {
			if message, err := r.export(t, "flux", t.TempDir()); err == nil || !strings.Contains(message, "nothing in the input needs a change") {
				t.Errorf("%s: %v\n%s", r.name, err, message)
			}
			continue
		}
		if secret := changedSecret(t, r, want); secret != "" {
			if message, err := r.export(t, "flux", t.TempDir()); err == nil || !strings.Contains(message, secret+": a patch of it would hold") {
				t.Errorf("%s: %v\n%s", r.name, err, message)
			}
			continue
		}
		exports++
		for _, format := range []string{"kustomize", "flux"} {
			t.Run(r.name+"/"+format, func(t *testing.T) {
				t.Parallel()
				sameObjects(t, want, withoutTests(r.exported(t, format).must()))
			})
		}
	}
	if exports < 10 {
		t.Errorf("only %d renderings were exported", exports)
	}
}

func withoutTests(all []*unstructured.Unstructured) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(all), func(o *unstructured.Unstructured) bool { return strings.HasPrefix(hookOf(o), "test") })
}

func same(t *testing.T, a, b []*unstructured.Unstructured) bool {
	t.Helper()
	return slices.EqualFunc(a, b, equal)
}

// changedSecret names a Secret of the chart that the post-renderer changes; "" for none.
func changedSecret(t *testing.T, r rendering, after []*unstructured.Unstructured) string {
	t.Helper()
	for _, before := range objects(t, r.stream) {
		for _, o := range after {
			if o.GetKind() == "Secret" && idOf(o) == idOf(before) && !equal(o, before) {
				return idOf(o)
			}
		}
	}
	return ""
}

// TestExportDrift holds that an export fails where the chart renders something else at a place that counts, and goes on where it does not.
func TestExportDrift(t *testing.T) {
	const kibana = "      - name: kibana\n        securityContext:"
	for _, c := range []struct{ name, from, to, fails string }{
		{"another image", "kibana:8.5.1", "kibana:8.5.2", ""},
		{"another label", "heritage: Helm", "heritage: changed", ""},
		{"a container with another name", kibana, "      - name: kibana-2\n        securityContext:", "/spec/template/spec/containers/0/name"},
		{"a container more", kibana, "      - {name: sidecar, image: x}\n" + kibana, "/spec/template/spec/elk-mtls"},
		{"an init container", "      initContainers:\n      containers:\n" + kibana, "      initContainers: [{name: first, image: x}]\n      containers:\n" + kibana, "/spec/template/spec/initContainers"},
		{"another line in a file that is changed", "# settings of this release", "# other settings", "/data/elasticsearch.yml"},
		{"another value that is replaced", "automountServiceAccountToken: true", "automountServiceAccountToken: false", "automountServiceAccountToken"},
		{"an object with another name", "kind: Deployment\nmetadata:\n  name: elk-kibana\n", "kind: Deployment\nmetadata:\n  name: elk-kibana-2\n", "Deployment.v1.apps/elk-kibana.[noNs]"},
		{"a hook that is gone", "kind: Job\n", "kind: CronJob\n", "Job.v1.batch/pre-install-elk-kibana.[noNs]"},
	} {
		for _, format := range []string{"kustomize", "flux"} {
			t.Run(c.name+"/"+format, func(t *testing.T) {
				t.Parallel()
				r := rendering{stream: readFile(t, "../../plugin/testdata/charts/release/input.yaml")}
				k := r.exported(t, format)
				if !bytes.Contains(r.stream, []byte(c.from)) {
					t.Fatalf("the release does not hold %q", c.from)
				}
				r.stream = bytes.ReplaceAll(r.stream, []byte(c.from), []byte(c.to))
				put(t, filepath.Join(k.dir, "stream.yaml"), string(r.stream))
				if c.fails == "" {
					sameObjects(t, withoutTests(r.byPostRenderer(t)), withoutTests(k.must()))
					return
				}
				out, message, err := k.build()
				if err == nil || len(out) > 0 || !strings.Contains(message, c.fails) {
					t.Errorf("want a failure that names %q, got %v, %d bytes and\n%s", c.fails, err, len(out), message)
				}
			})
		}
	}
}
