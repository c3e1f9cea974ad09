//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// withPlugins are the flags under which kustomize runs an exec function.
var withPlugins = []string{"--enable-alpha-plugins", "--enable-exec"}

// kustomization is a folder that real kustomize builds.
type kustomization struct {
	t   *testing.T
	dir string
	env []string
}

// newKustomization writes the kustomization.yaml, elk-mtls.yaml with these settings and a function at this path, and these files.
func newKustomization(t *testing.T, text, function string, spec map[string]any, files map[string]string) *kustomization {
	t.Helper()
	k := &kustomization{t, t.TempDir(), plainEnvironment()}
	put(t, filepath.Join(k.dir, "kustomization.yaml"), text)
	config, err := yaml.Marshal(map[string]any{
		"apiVersion": "elk-mtls.dev/v1alpha1", "kind": "MutualTLS", "spec": spec,
		"metadata": map[string]any{"name": "elk-mtls", "annotations": map[string]any{"config.kubernetes.io/function": "exec: {path: " + function + "}"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(k.dir, "elk-mtls.yaml"), string(config))
	for name, text := range files {
		put(t, filepath.Join(k.dir, name), text)
	}
	return k
}

// build runs `kustomize build`; elk-mtls is on the PATH, as a user has it.
func (k *kustomization) build(flags ...string) (stdout []byte, stderr string, err error) {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), program(k.t, "kustomize"), append([]string{"build", k.dir}, flags...)...)
	cmd.Env = append(k.env, "PATH="+filepath.Dir(elkmtls(k.t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	var out, message bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &message
	err = cmd.Run()
	return out.Bytes(), message.String(), err
}

func (k *kustomization) must(flags ...string) []*unstructured.Unstructured {
	k.t.Helper()
	out, message, err := k.build(flags...)
	if err != nil {
		k.t.Fatalf("kustomize build: %v\n%s", err, message)
	}
	return objects(k.t, out)
}

const overStream = "resources: [stream.yaml]\ntransformers: [elk-mtls.yaml]\n"

// TestKustomizeFunction holds that kustomize with elk-mtls as a function gives the objects of the post-renderer.
func TestKustomizeFunction(t *testing.T) {
	for _, r := range append(fixtures(t), realRenderings(t, official...)...) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			spec, env := r.settings(t)
			spec["certificates"] = with(spec["certificates"], "rendered", "allow") // what charts make anew is refused here: krm.txtar
			k := newKustomization(t, overStream, "elk-mtls", spec, map[string]string{"stream.yaml": string(r.stream)})
			k.env = append(k.env, env...)
			out, message, err := k.build(withPlugins...)
			if err != nil {
				t.Fatalf("kustomize build: %v\n%s", err, message)
			}
			sameObjects(t, r.byPostRenderer(t), objects(t, out))
			again, message, err := patched(t, out, append(slices.Clone(r.env), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage, "ELK_MTLS_HOOKS=off")...)
			if diff := cmp.Diff(string(out), string(again)); err != nil || diff != "" {
				t.Errorf("what kustomize wrote is not left as it is: %v\n%s\n%s", err, message, diff)
			}
		})
	}
}

// settings gives what configures elk-mtls for a rendering: the spec of its file, and the environment besides.
func (r rendering) settings(t *testing.T) (spec map[string]any, env []string) {
	t.Helper()
	spec, env = map[string]any{}, []string{"ELK_MTLS_INIT_CONTAINER_IMAGE=" + initImage}
	for _, entry := range r.env {
		file, ok := strings.CutPrefix(entry, "ELK_MTLS_CONFIG=")
		if !ok {
			env = append(env, entry)
			continue
		}
		var config struct {
			Spec map[string]any `json:"spec"`
		}
		if err := yaml.Unmarshal(readFile(t, file), &config); err != nil {
			t.Fatal(err)
		}
		spec = config.Spec
	}
	return spec, env
}

// byPostRenderer gives the objects that the post-renderer makes of a rendering.
func (r rendering) byPostRenderer(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	output, message, err := patched(t, r.stream, append(slices.Clone(r.env), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)...)
	if err != nil {
		t.Fatalf("elk-mtls: %v\n%s", err, message)
	}
	return objects(t, output)
}

func with(settings any, key string, value any) map[string]any {
	changed, ok := settings.(map[string]any)
	if !ok {
		changed = map[string]any{}
	}
	changed[key] = value
	return changed
}

// sameObjects compares what two doors give, in whatever order. Kustomize leaves out fields that are null, which
// means the same to an API server, and annotations when there are none.
func sameObjects(t *testing.T, want, got []*unstructured.Unstructured) {
	t.Helper()
	if diff := cmp.Diff(byName(t, want), byName(t, got)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func byName(t *testing.T, all []*unstructured.Unstructured) map[string]any {
	t.Helper()
	named := map[string]any{}
	for _, o := range all {
		if len(o.GetAnnotations()) == 0 {
			o.SetAnnotations(nil)
		}
		text, err := json.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatal(err)
		}
		dropNull(plain)
		id := idOf(o)
		if _, twice := named[id]; twice {
			t.Errorf("%s is there twice", id)
		}
		named[id] = plain
	}
	return named
}

func dropNull(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			if field == nil {
				delete(value, name)
			}
			dropNull(field)
		}
	case []any:
		for _, element := range value {
			dropNull(element)
		}
	}
}

// TestKustomizeHelmCharts holds that a chart which kustomize renders itself is seen with its hooks: those for the token go.
func TestKustomizeHelmCharts(t *testing.T) {
	for _, major := range []int{3, 4} {
		for _, chart := range wrappedCharts(t) {
			t.Run(chart.name+"/"+map[int]string{3: "Helm 3", 4: "Helm 4"}[major], func(t *testing.T) {
				t.Parallel()
				helm, err := parts.Helm(t.Context(), major)
				parts.SkipOrFail(t, err)
				k := newKustomization(t, "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: wrapped, releaseName: elk}]\ntransformers: [elk-mtls.yaml]\n",
					"elk-mtls", map[string]any{"initContainer": map[string]any{"image": initImage}, "certificates": map[string]any{"rendered": "allow"}}, nil)
				if err := os.Mkdir(filepath.Join(k.dir, "charts"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(chart.write(t), filepath.Join(k.dir, "charts", "wrapped")); err != nil {
					t.Fatal(err)
				}
				got := k.must(append([]string{"--enable-helm", "--helm-command", helm}, withPlugins...)...)
				sameObjects(t, rendering{stream: chart.stream}.byPostRenderer(t), got)
				for _, o := range got {
					if hook := hookOf(o); hook != "" && hook != "test" {
						t.Errorf("%s, a hook of %s, is still there", idOf(o), hook)
					}
				}
			})
		}
	}
}

// TestKustomizeFailsOpen shows how kustomize goes on without us, and that a Guard among the resources tells. The functions that it
// names stand in for what may be called by mistake.
func TestKustomizeFailsOpen(t *testing.T) {
	stream := string(readFile(t, "../../plugin/testdata/charts/release/input.yaml"))
	guard := "\n---\napiVersion: elk-mtls.dev/v1alpha1\nkind: Guard\nmetadata: {name: elk-mtls}\n"
	spec := map[string]any{"initContainer": map[string]any{"image": initImage}, "certificates": map[string]any{"rendered": "allow"}}
	sayNothing, sayError := script(t, "cat >/dev/null"), script(t,
		`printf 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nresults: [{severity: error, message: it cannot be done}]\n'`)
	for _, test := range []struct {
		name, function string
		flags          []string
		spec           map[string]any
		fails          string // what kustomize says; "" when it says nothing and exits 0
		guarded, empty bool   // what then comes out
	}{
		{"no flag at all is an error", "elk-mtls", nil, spec, "external plugins disabled", false, false},
		{"without --enable-exec the function is skipped in silence", "elk-mtls", withPlugins[:1], spec, "", true, false},
		{"with both flags it runs", "elk-mtls", withPlugins, spec, "", false, false},
		{"an error of ours is shown and ends the build", "elk-mtls", withPlugins, map[string]any{}, "no image for the init container elk-mtls-init", false, false},
		{"a setting that does not exist is one", "elk-mtls", withPlugins, map[string]any{"mod": "token"}, "spec.mod", false, false},
		{"a function that is not there is one", "./nowhere", withPlugins, spec, "nowhere", false, false},
		{"a function that says an error and exits 0 passes", sayError, withPlugins, spec, "", false, true},
		{"a function that says nothing at all passes", sayNothing, withPlugins, spec, "", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			k := newKustomization(t, overStream, test.function, test.spec, map[string]string{"stream.yaml": stream + guard})
			out, message, err := k.build(test.flags...)
			if test.fails != "" {
				if err == nil || !strings.Contains(message, test.fails) || len(out) > 0 {
					t.Errorf("want a failure that says %q and no output, got %v, %d bytes and\n%s", test.fails, err, len(out), message)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, message)
			}
			if guarded := bytes.Contains(out, []byte("kind: Guard")); guarded != test.guarded {
				t.Errorf("a Guard in the output: %v, want %v", guarded, test.guarded)
			}
			if empty := len(bytes.TrimSpace(out)) == 0; empty != test.empty {
				t.Errorf("nothing came out: %v, want %v:\n%s", empty, test.empty, out)
			}
			secured := bytes.Contains(out, []byte("elk-mtls.dev/mode: cert-token"))
			want := !test.guarded && !test.empty
			if secured != want {
				t.Errorf("secured: %v, want %v", secured, want)
			}
			verify := exec.CommandContext(t.Context(), elkmtls(t), "verify")
			verify.Env, verify.Stdin = plainEnvironment(), bytes.NewReader(out)
			if said, err := verify.CombinedOutput(); (err == nil) != want {
				t.Errorf("elk-mtls verify: %v, want it to pass: %v\n%s", err, want, said)
			}
		})
	}
}

// script writes a program of one line for a shell and gives its path.
func script(t *testing.T, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "function")
	put(t, path, "#!/bin/sh\n"+line+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
