//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// sidecar is Argo CD's own server with our plugin, as its container runs it.
type sidecar struct {
	t      *testing.T
	dir    string // the one folder that it may write
	socket string
	log    string
}

// newSidecar starts argocd-cmp-server with examples/argocd-cmp/plugin.yaml. As root it gets what the container has: user 999, and a root
// file system that cannot be written.
func newSidecar(t *testing.T, helm int, env ...string) *sidecar {
	t.Helper()
	server := program(t, "argocd")
	path, err := parts.Helm(t.Context(), helm)
	parts.SkipOrFail(t, err)
	dir, err := os.MkdirTemp("", "elk-mtls-argocd-") //nolint:usetesting // user 999 could not enter t.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &sidecar{t, dir, filepath.Join(dir, "plugins", "elk-mtls.sock"), filepath.Join(dir, "log")}
	for _, name := range []string{"plugins", "work", "bin", "config", "repository"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]string{"bin/elk-mtls": elkmtls(t), "bin/helm": path, "bin/argocd": server, "config/plugin.yaml": "../../examples/argocd-cmp/plugin.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), readFile(t, from), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{filepath.Join(dir, "bin", "argocd"), "serve", "--config-dir-path", filepath.Join(dir, "config")}
	if os.Geteuid() == 0 {
		for _, name := range []string{dir, filepath.Join(dir, "plugins"), filepath.Join(dir, "work")} {
			if err := os.Chown(name, 999, 999); err != nil {
				t.Fatal(err)
			}
		}
		args = append([]string{"unshare", "--mount", "sh", "-euc", `mount --bind "$0" "$0"; mount -o remount,bind,ro /; exec setpriv --reuid 999 --regid 999 --clear-groups "$@"`, dir}, args...)
	} else {
		t.Log("not root: without user 999 and a read-only root file system")
	}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append([]string{"PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:/bin", "TMPDIR=" + filepath.Join(dir, "work"),
		"ARGOCD_PLUGINSOCKFILEPATH=" + filepath.Dir(s.socket), "ARGOCD_CMP_WORKDIR=" + filepath.Join(dir, "work"),
		"HELM_CACHE_HOME=" + filepath.Join(dir, "work", "cache"), "HELM_CONFIG_HOME=" + filepath.Join(dir, "work", "config"), "HELM_DATA_HOME=" + filepath.Join(dir, "work", "data"),
	}, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it does not end by SIGTERM
	for deadline := time.Now().Add(5 * time.Minute); !exists(s.socket); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("argocd-cmp-server does not listen:\n%s", readFile(t, s.log))
		}
	}
	return s
}

// application puts the chart where examples/argocd-cmp/application.yaml looks for it, and gives a file with that Application, edited.
func (s *sidecar) application(chart string, edit func(source map[string]any)) string {
	s.t.Helper()
	var app map[string]any
	if err := yaml.Unmarshal(readFile(s.t, "../../examples/argocd-cmp/application.yaml"), &app); err != nil {
		s.t.Fatal(err)
	}
	source, _, err := unstructured.NestedMap(app, "spec", "source")
	if err != nil {
		s.t.Fatal(err)
	}
	if edit != nil {
		edit(source)
	}
	if err := unstructured.SetNestedMap(app, source, "spec", "source"); err != nil {
		s.t.Fatal(err)
	}
	text, err := yaml.Marshal(app)
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "application.yaml")
	put(s.t, file, string(text))
	folder := filepath.Join(s.dir, "repository", source["path"].(string))
	if err := os.RemoveAll(folder); err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(folder, os.DirFS(chart)); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// generate asks for the manifests of an Application, as repo-server does.
func (s *sidecar) generate(file string) ([]*unstructured.Unstructured, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), program(s.t, "argocd"), "generate", s.socket, filepath.Join(s.dir, "repository"), file)
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, message.String())
	}
	var all []*unstructured.Unstructured
	for line := range strings.Lines(string(out)) {
		all = append(all, objectsIn(s.t, []byte(line))...)
	}
	return all, nil
}

func pluginOf(source map[string]any, key string, entries ...any) {
	plugin := source["plugin"].(map[string]any)
	old, _ := plugin[key].([]any)
	plugin[key] = append(old, entries...)
}

// setting adds a variable to an Application, as its plugin.env.
func setting(name, value string) func(map[string]any) {
	return func(source map[string]any) { pluginOf(source, "env", map[string]any{"name": name, "value": value}) }
}

// TestArgoCD holds that what Argo CD gets from its own server with our plugin are the objects of the post-renderer: the token's hooks
// are gone, the tests too, which Argo CD would not run.
func TestArgoCD(t *testing.T) {
	for _, helm := range []int{3, 4} {
		t.Run(fmt.Sprintf("Helm %d", helm), func(t *testing.T) {
			s := newSidecar(t, helm, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
			for _, chart := range wrappedCharts(t) {
				t.Run(chart.name, func(t *testing.T) {
					dir := chart.write(t)
					got, err := s.generate(s.application(dir, setting("ELK_MTLS_CERTIFICATES_RENDERED", "allow")))
					if err != nil {
						t.Fatal(err)
					}
					sameObjects(t, chart.secured(t, nil), got)
				})
			}
			s.parameters(t)
			s.dependencies(t)
			s.refusals(t)
		})
	}
}

// parameters holds what an Application can say besides.
func (s *sidecar) parameters(t *testing.T) {
	chart := wrappedCharts(t)[0]
	dir := chart.write(t)
	for name, parameter := range map[string]any{
		"values file":   map[string]any{"name": "values", "array": []any{"newer.json"}},
		"inline values": map[string]any{"name": "values-inline", "string": string(readFile(t, values(t, newer)))},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, filepath.Join(dir, "newer.json"), string(readFile(t, values(t, newer))))
			got, err := s.generate(s.application(dir, func(source map[string]any) {
				source["plugin"].(map[string]any)["parameters"] = []any{parameter}
			}))
			if err != nil {
				t.Fatal(err)
			}
			sameObjects(t, chart.secured(t, newer), got)
		})
	}
}

// dependencies holds that what the chart needs and the repository lacks is fetched before.
func (s *sidecar) dependencies(t *testing.T) {
	chart := wrappedCharts(t)[0]
	dir, sub := chart.write(t), filepath.Join(s.dir, "repository", "charts", "sub")
	put(t, filepath.Join(dir, "Chart.yaml"), "{apiVersion: v2, name: wrapped, version: 1.0.0, dependencies: [{name: sub, version: 1.0.0, repository: 'file://../sub'}]}\n")
	file := s.application(dir, nil)
	put(t, filepath.Join(sub, "Chart.yaml"), "{apiVersion: v2, name: sub, version: 1.0.0}\n")
	put(t, filepath.Join(sub, "templates", "sub.yaml"), "{apiVersion: v1, kind: ConfigMap, metadata: {name: of-the-dependency}}\n")
	for _, path := range []string{sub, filepath.Join(sub, "templates"), filepath.Join(sub, "Chart.yaml"), filepath.Join(sub, "templates", "sub.yaml")} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.generate(file)
	if err != nil {
		t.Fatal(err)
	}
	if all := ids(got); len(got) != len(chart.secured(t, nil))+1 || !slices.Contains(all, "ConfigMap/of-the-dependency") {
		t.Errorf("got %q", all)
	}
	if err := os.RemoveAll(sub); err != nil {
		t.Fatal(err)
	}
}

// refusals holds that the reason reaches the user of Argo CD, who sees this error and nothing else.
func (s *sidecar) refusals(t *testing.T) {
	chart := wrappedCharts(t)[0]
	dir := chart.write(t)
	key := chart
	key.stream = append(readFile(t, "../../plugin/testdata/charts/release/input.yaml"), `
---
apiVersion: v1
kind: Secret
metadata: {name: elasticsearch-master-certs}
stringData: {ca.crt: a sample, tls.crt: a sample, tls.key: "-----BEGIN RSA PRIVATE KEY-----\na sample"}
`...)
	broken := chart.write(t)
	put(t, filepath.Join(broken, "templates", "broken.yaml"), "{{ .Values.nothing.here }}\n")
	lacking := chart.write(t)
	put(t, filepath.Join(lacking, "Chart.yaml"), "{apiVersion: v2, name: wrapped, version: 1.0.0, dependencies: [{name: sub, version: 1.0.0, repository: 'file://../sub'}]}\n")
	for _, c := range []struct {
		name, chart string
		edit        func(map[string]any)
		want        string
	}{
		{"the chart makes the server's key", key.write(t), nil, "elk-mtls: StatefulSet/elasticsearch-master: the input contains Secret/elasticsearch-master-certs with a private key"},
		{"a misspelt setting", dir, setting("ELK_MTLS_CLIENT_AUTHENTICATOIN", "required"), "ARGOCD_ENV_ELK_MTLS_CLIENT_AUTHENTICATOIN: no such setting"},
		{"a misspelt parameter", dir, func(source map[string]any) {
			pluginOf(source, "parameters", map[string]any{"name": "valus", "string": "x"})
		}, `plugin parameter "valus": no such parameter`},
		{"a file of the plugin's", dir, setting("ELK_MTLS_CONFIG", "/proc/self/environ"), `ELK_MTLS_CONFIG: "/proc/self/environ" is outside the repository`},
		{"a report into a file", dir, setting("ELK_MTLS_REPORT", "report.txt"), "the report goes to the log of the plugin only"},
		{"an error of the chart", broken, nil, "helm template: exit status 1"},
		{"a dependency that is not there", lacking, nil, "helm dependency: exit status 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.generate(s.application(c.chart, c.edit))
			if err == nil || !strings.Contains(err.Error(), c.want) || len(got) > 0 {
				t.Errorf("want an error with %q and no manifests, got %d and %v", c.want, len(got), err)
			}
		})
	}
}

// TestArgoCDExample holds that the example is a repo-server with our container, which an API server takes.
func TestArgoCDExample(t *testing.T) {
	k := &kustomization{t, examples(t, "argocd-cmp"), plainEnvironment()}
	all := k.must()
	if len(all) != 1 || idOf(all[0]) != "Deployment/argocd-repo-server" {
		t.Fatalf("got %q", ids(all))
	}
	containers, _, err := unstructured.NestedSlice(all[0].Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 2 {
		t.Errorf("%d containers, %v", len(containers), err)
	}
	if err := connect(t).dryRun(t, all[0], namespace(t), metav1.FieldValidationStrict); err != nil {
		t.Error(err)
	}
}
