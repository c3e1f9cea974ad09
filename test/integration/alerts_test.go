//go:build integration

package integration

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestAlerts gives the rules of the chart to promtool, with the metrics of kube-state-metrics and cert-manager: testdata/alerts.yaml has what is
// healthy, for which no rule fires, and each fault, for which one does before the certificate ends. Both Helms render the same rules.
func TestAlerts(t *testing.T) {
	folder := t.TempDir()
	rules := map[string]string{}
	for _, helm := range []string{"helm3", "helm4"} {
		command := exec.CommandContext(t.Context(), program(t, helm), append([]string{"template", "x", supportChart, "--namespace", "elastic"}, renewalValues...)...)
		command.Env = plainEnvironment()
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, out) {
			if o.GetKind() != "PrometheusRule" {
				continue
			}
			text, err := yaml.Marshal(o.Object["spec"])
			if err != nil {
				t.Fatal(err)
			}
			rules[helm] = string(text)
		}
	}
	if diff := cmp.Diff(rules["helm3"], rules["helm4"]); diff != "" {
		t.Fatalf("(-helm3 +helm4):\n%s", diff)
	}
	put(t, filepath.Join(folder, "rules.yaml"), rules["helm4"])
	put(t, filepath.Join(folder, "alerts.yaml"), string(readFile(t, "testdata/alerts.yaml")))
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "alerts.yaml"}} {
		command := exec.CommandContext(t.Context(), program(t, "promtool"), args...)
		command.Dir = folder
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
