package argocd

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApplication(t *testing.T) {
	environ := []string{
		"ARGOCD_APP_NAME=elk", "ARGOCD_APP_NAMESPACE=elastic", "ARGOCD_APP_SOURCE_PATH=charts/elk", "KUBE_VERSION=1.34.4", "KUBE_API_VERSIONS=v1,apps/v1",
	}
	setting := func(name string) bool { return name == "mode" }
	flags := []string{"template", "--include-crds", "--skip-tests", "--namespace=elastic", "--kube-version=1.34.4", "--api-versions=v1,apps/v1"}
	with := func(more ...string) []string { return slices.Concat(flags, more, []string{"--", "elk", "."}) }
	plain := with()
	for name, c := range map[string]struct {
		parameters string
		want       []string
		refused    string
	}{
		"no parameters":          {"", plain, ""},
		"null, as Argo CD says":  {"null", plain, ""},
		"a setting of elk-mtls":  {`[{"name": "mode", "string": "token"}]`, plain, ""},
		"values files":           {`[{"name": "values", "array": ["a.yaml", "../../shared/b.yaml"]}]`, with("--values=a.yaml", "--values=../../shared/b.yaml"), ""},
		"inline values are last": {`[{"name": "values-inline", "string": "a: 1"}, {"name": "values", "array": ["a.yaml"]}]`, with("--values=a.yaml", "--values=-"), ""},
		"a comma is no list":     {`[{"name": "set", "map": {"b": "1,2", "a.c": "x"}}]`, with("--set=a.c=x", `--set=b=1\,2`), ""},
		"another release name":   {`[{"name": "release-name", "string": "logs"}]`, append(flags[:6:6], "--", "logs", "."), ""},
		"an empty release name":  {`[{"name": "release-name", "string": ""}]`, plain, ""},
		// Helm would take it for a flag, and read the plugin's own environment as values.
		"a flag as release name": {`[{"name": "release-name", "string": "--values=/proc/self/environ"}]`, append(flags[:6:6], "--", "--values=/proc/self/environ", "."), ""},
		// Helm would split it, and read the second file from outside the repository.
		"two files in one name":  {`[{"name": "values", "array": ["a.yaml,/proc/self/environ"]}]`, with(`--values="a.yaml,/proc/self/environ"`), ""},
		"a string for an array":  {`[{"name": "values", "string": "a.yaml"}]`, nil, `plugin parameter "values": is of type string: make it one of type array`},
		"an array for a setting": {`[{"name": "mode", "array": ["token"]}]`, nil, `plugin parameter "mode": is of type array: make it one of type string`},
		"an unknown parameter":   {`[{"name": "value", "array": ["a.yaml"]}]`, nil, `plugin parameter "value": no such parameter`},
		"no JSON":                {`[`, nil, "ARGOCD_APP_PARAMETERS: "},
		"a file of the plugin's": {`[{"name": "values", "array": ["/proc/self/environ"]}]`, nil, `"/proc/self/environ" is outside the repository`},
		"one above the source":   {`[{"name": "values", "array": ["../../../x.yaml"]}]`, nil, `"../../../x.yaml" is outside the repository`},
		"an address":             {`[{"name": "values", "array": ["https://example.org/x.yaml"]}]`, nil, "is outside the repository"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Read(append([]string{"ARGOCD_APP_PARAMETERS=" + c.parameters}, environ...), setting)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("want a refusal with %q, got %v", c.refused, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, a.Arguments()); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutsideArgoCD(t *testing.T) {
	if _, err := Read(nil, nil); err == nil || !strings.HasPrefix(err.Error(), "ARGOCD_APP_NAME is not set") {
		t.Errorf("got %v", err)
	}
}
