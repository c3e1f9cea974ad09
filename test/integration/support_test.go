//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const supportChart = "../../charts-overlay/elk-mtls-support"

var rotateValues = []string{
	"--set", "rotate.enabled=true", "--set", "rotate.image=" + initImage, "--set", "rotate.tokenSecretName=elk-kibana-elk-mtls-token",
	"--set", "survey.enabled=true", "--set", "survey.image=" + initImage, "--set", "survey.pods={es-0,es-1}", "--set", "survey.certificates.secretName=certs",
	"--set", "survey.user.secretName=survey", "--set", "rotate.workloads={StatefulSet/other,Deployment/elk-kibana}", "--set", "rotate.certificates.secretName=certs", "--set", "rotate.minter.secretName=minter",
}

var renewalValues = []string{
	"--set", "renew.enabled=true", "--set", "renew.image=" + initImage, "--set", "renew.secretNames={second,first}", "--set", "renew.configMapNames={trust}",
	"--set", "renew.workloads={StatefulSet/other,Deployment/elk-kibana}",
	"--set", "doctor.enabled=true", "--set", "doctor.image=" + initImage, "--set", "doctor.tokenSecretName=elk-kibana-elk-mtls-token",
	"--set", "doctor.workloads={Deployment/elk-kibana}", "--set", "doctor.certificates.secretName=certs", "--set", "doctor.minter.secretName=minter",
	"--set", "alerts.enabled=true", "--set", "alerts.labels.release=prometheus",
}

// TestSupportChart holds that the chart is sound for both Helms, that an API server takes what it renders, and that its Role is the one that
// the program asks for.
func TestSupportChart(t *testing.T) {
	initProgram := filepath.Join(t.TempDir(), "elk-mtls-init")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", initProgram, "../../initcontainer/elk-mtls-init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	role, err := exec.CommandContext(t.Context(), initProgram, "rotate", "--print-role", "--secret", "elk-kibana-elk-mtls-token", "--namespace", "default",
		"--workload", "Deployment/elk-kibana", "--workload", "StatefulSet/other").Output()
	if err != nil {
		t.Fatal(err)
	}
	survey, err := exec.CommandContext(t.Context(), initProgram, "survey", "--print-role", "--namespace", "default", "--pod", "es-0", "--pod", "es-1").Output()
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]any{} // by kind, and what the role is for
	for use, text := range map[string][]byte{"rotate": role, "survey": survey, "renew": printedRenewRole(t, initProgram)} {
		for _, o := range objects(t, text) {
			rules[o.GetKind()+" "+use] = o.Object["rules"]
		}
	}
	c, ns := connect(t), namespace(t)
	for _, helm := range []string{"helm3", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			run := func(args ...string) ([]byte, error) {
				cmd := exec.CommandContext(t.Context(), program(t, helm), args...)
				cmd.Env = plainEnvironment()
				return cmd.CombinedOutput()
			}
			all := append(slices.Concat(rotateValues, renewalValues), "--set", "issuer.enabled=true", "--set", "minter.enabled=true", "--set", "minter.image=x", "--set", "minter.admin.secretName=admin", "--set", "minter.certificates.secretName=certs")
			if out, err := run(append([]string{"lint", "--strict", supportChart}, all...)...); err != nil {
				t.Errorf("helm lint: %v\n%s", err, out)
			}
			out, err := run(append([]string{"template", "x", supportChart, "--namespace", ns}, all...)...)
			if err != nil {
				t.Fatalf("helm template: %v\n%s", err, out)
			}
			rendered := objects(t, out)
			if len(rendered) != 23 {
				t.Errorf("got %q", ids(rendered))
			}
			for _, o := range rendered {
				if strings.HasPrefix(o.GetAPIVersion(), "cert-manager.io/") || o.GetKind() == "PrometheusRule" {
					continue // certmanager_test.go has what cert-manager makes of an issuer; no API server here knows the other
				}
				if err := c.dryRun(t, o, ns, metav1.FieldValidationStrict); err != nil {
					t.Errorf("%s: %v", idOf(o), err)
				}
				use := o.GetName()[strings.LastIndexByte(o.GetName(), '-')+1:]
				if use != "doctor" && (o.GetKind() == "Role" || o.GetKind() == "ClusterRole") { // doctor prints none
					if diff := cmp.Diff(rules[o.GetKind()+" "+use], o.Object["rules"]); diff != "" {
						t.Errorf("the %s %s (-as the program prints it +as rendered):\n%s", o.GetKind(), use, diff)
					}
				}
				switch {
				case o.GetKind() == "CronJob":
					startsWith(t, initProgram, o, "--namespace=default", "spec", "jobTemplate", "spec", "template", "spec", "containers")
				case o.GetKind() == "Job" && use == "survey":
					startsWith(t, initProgram, o, "--timeout=1s", "spec", "template", "spec", "containers")
				}
			}
			for _, bad := range []string{"rotate.enabled=true", "minter.enabled=true", "minter.role=a/b", "rotate.elasticsearchURL=http://x", "rotat.enabled=true", "survey.enabled=true", "survey.for=1x", "rotate.workloads={Pod/x}",
				"renew.enabled=true", "renew.workloads={Job/x}", "renew.timeout=soon", "doctor.enabled=true", "doctor.failBefore=1w", "alerts.overdue=x"} {
				if out, err := run("template", "x", supportChart, "--set", bad); err == nil {
					t.Errorf("%s passes:\n%s", bad, out)
				}
			}
		})
	}
}

// printedRenewRole has the program print the Role for marks on an API server that has nothing else.
func printedRenewRole(t *testing.T, initProgram string) []byte {
	t.Helper()
	marks := map[string]string{"deployments/elk-kibana": "ConfigMap/trust/ca.crt,first/tls.crt", "statefulsets/other": "second/tls.crt,first/ca.crt"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for end, mark := range marks {
			if strings.HasSuffix(r.URL.Path, "/namespaces/default/"+end) {
				fmt.Fprintf(w, `{"metadata":{"annotations":{"elk-mtls.dev/reads-once":%q}}}`, mark)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	put(t, kubeconfig, "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{name: x, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: "+server.URL+"}}]\n")
	role, err := exec.CommandContext(t.Context(), initProgram, "renew", "--print-role", "--kubeconfig", kubeconfig, "--namespace", "default",
		"--workload", "Deployment/elk-kibana", "--workload", "StatefulSet/other").Output()
	if err != nil {
		t.Fatal(err)
	}
	return role
}

// startsWith holds that the program takes the arguments of the Job: it fails for want of the files, and not of a flag.
func startsWith(t *testing.T, initProgram string, o *unstructured.Unstructured, more string, path ...string) {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(o.Object, path...)
	if err != nil || len(containers) != 1 {
		t.Fatalf("%d containers, %v", len(containers), err)
	}
	var args []string
	for _, arg := range containers[0].(map[string]any)["args"].([]any) {
		args = append(args, arg.(string))
	}
	out, err := exec.CommandContext(t.Context(), initProgram, append(args, more)...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "/etc/elk-mtls/") && !strings.Contains(string(out), "not in a pod") {
		t.Errorf("%s: %v\n%s", args[0], err, out)
	}
}

// TestSupportPage types what the chart's README prints.
func TestSupportPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, folderWith(t, map[string]string{"charts-overlay": "../../charts-overlay"}), namespace(t)).helm(4)
	d.typed("charts-overlay/elk-mtls-support/README.md")
	d.leavesNothing()
}

// TestSupportValues holds the table of values in the chart's README to its schema and its values.
func TestSupportValues(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(readFile(t, filepath.Join(supportChart, "values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.Unmarshal(readFile(t, filepath.Join(supportChart, "values.yaml")), &defaults); err != nil {
		t.Fatal(err)
	}
	table := "| value | what | default |\n| --- | --- | --- |\n" + rows(t, "", schema, defaults)
	page := filepath.Join(supportChart, "README.md")
	text := string(readFile(t, page))
	before, rest, begins := strings.Cut(text, "<!-- values -->\n")
	_, after, ends := strings.Cut(rest, "<!-- /values -->\n")
	if !begins || !ends {
		t.Fatal("the table stands between <!-- values --> and <!-- /values -->")
	}
	want := before + "<!-- values -->\n" + table + "<!-- /values -->\n" + after
	if os.Getenv("UPDATE_GOLDEN") != "" {
		put(t, page, want)
		return
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("%s; UPDATE_GOLDEN=1 writes it (-want +got):\n%s", page, diff)
	}
}

// rows gives a row for every value of a schema, with its default. A value that is in one of the two alone is an error.
func rows(t *testing.T, path string, schema map[string]any, value any) string {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		what, described := schema["description"]
		if !described {
			return ""
		}
		text, err := json.Marshal(value)
		if err != nil || value == nil {
			t.Fatalf("%s has no default (%v)", path, err)
		}
		return fmt.Sprintf("| `%s` | %s | `%s` |\n", path, what, text)
	}
	values, ok := value.(map[string]any)
	if !ok {
		t.Fatalf("%s is no mapping in values.yaml", path)
	}
	for name := range values {
		if properties[name] == nil {
			t.Errorf("%s.%s is not in the schema", path, name)
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		b.WriteString(rows(t, strings.TrimPrefix(path+"."+name, "."), properties[name].(map[string]any), values[name]))
	}
	return b.String()
}

// TestOverlayConfigurations holds that the configuration beside the values secures what the charts render, and that verify has nothing against it.
func TestOverlayConfigurations(t *testing.T) {
	for config, names := range map[string][]string{
		"elastic-8.5.1":                  {"elasticsearch-8.5.1-default", "kibana-8.5.1-default"},
		"elastic-8.5.1/own-certificates": {"elasticsearch-8.5.1-multi-data", "kibana-8.5.1-default"},
		"elastic-7.17.3":                 {"elasticsearch-7.17.3-default", "kibana-7.17.3-default"},
		"bitnami":                        {"bitnami-elasticsearch-22.1.7-security-kibana-metrics"},
		"helmforge":                      {"../renders-living/helmforge-kibana"},
	} {
		var stream []byte
		for _, r := range realRenderings(t, names...) {
			for _, text := range documents(t, r.stream) {
				if hookOf(objectsIn(t, []byte(text))[0]) != "test" { // the values switch it off
					stream = append(append(stream, "\n---\n"...), text...)
				}
			}
		}
		if stream == nil {
			return
		}
		file := filepath.Join("../../charts-overlay", config, "elk-mtls.yaml")
		output, message, err := patched(t, stream, "ELK_MTLS_CONFIG="+file, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
		if err != nil {
			t.Errorf("%s: %v\n%s", config, err, message)
			continue
		}
		cmd := exec.CommandContext(t.Context(), elkmtls(t), "verify", "--config", file)
		cmd.Stdin = bytes.NewReader(output)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", config, err, out)
		}
	}
}
