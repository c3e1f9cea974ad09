// Package argocd reads what Argo CD tells a config management plugin in its environment, and gives the arguments of
// `helm template` that it amounts to, see
// https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/#using-environment-variables-in-your-plugin.
package argocd

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Application is what is to be rendered: the chart is the working folder.
type Application struct {
	Release     string
	Namespace   string
	Source      string // folder of the chart inside the repository; "" for a chart from a chart repository
	KubeVersion string
	APIVersions string

	Values map[string]string // settings as for `helm template --set`
	Files  []string          // values files
	Inline string            // values as YAML
}

// parameter is an entry of ARGOCD_APP_PARAMETERS.
type parameter struct {
	Name   string            `json:"name"`
	String string            `json:"string"`
	Array  []string          `json:"array"`
	Map    map[string]string `json:"map"`
}

// Read gives the application that the environment describes. Of the parameters it takes its own; setting tells of
// another name whether it is a setting of elk-mtls. What is neither is an error.
func Read(environ []string, setting func(parameter string) bool) (Application, error) {
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	a := Application{
		Release: env["ARGOCD_APP_NAME"], Namespace: env["ARGOCD_APP_NAMESPACE"], Source: env["ARGOCD_APP_SOURCE_PATH"],
		KubeVersion: env["KUBE_VERSION"], APIVersions: env["KUBE_API_VERSIONS"],
	}
	if a.Release == "" {
		return a, errors.New("ARGOCD_APP_NAME is not set: cmp is for Argo CD, which sets it; elsewhere use helm " +
			"template … | elk-mtls")
	}
	var parameters []parameter
	if text := env["ARGOCD_APP_PARAMETERS"]; text != "" {
		if err := json.Unmarshal([]byte(text), &parameters); err != nil {
			return a, fmt.Errorf("ARGOCD_APP_PARAMETERS: %w", err)
		}
	}
	var problems []error
	for _, p := range parameters {
		problems = append(problems, a.take(p, setting))
	}
	for _, file := range a.Files {
		problems = append(problems, a.Inside(file))
	}
	return a, errors.Join(problems...)
}

func (a *Application) take(p parameter, setting func(string) bool) error {
	want := "string"
	switch p.Name {
	case "release-name":
		if p.String != "" {
			a.Release = p.String
		}
	case "values":
		want, a.Files = "array", p.Array
	case "values-inline":
		a.Inline = p.String
	case "set":
		want, a.Values = "map", p.Map
	default:
		if !setting(p.Name) {
			return fmt.Errorf("plugin parameter %q: no such parameter; there are values (array), values-inline "+
				"(string), set (map), release-name (string), and the settings of elk-mtls (string)", p.Name)
		}
	}
	return p.of(want)
}

// of gives an error when the parameter says something in another type, which nobody would read.
func (p parameter) of(want string) error {
	for _, given := range []struct {
		kind string
		set  bool
	}{{"string", p.String != ""}, {"array", len(p.Array) > 0}, {"map", len(p.Map) > 0}} {
		if given.set && given.kind != want {
			return fmt.Errorf("plugin parameter %q: is of type %s: make it one of type %s", p.Name, given.kind, want)
		}
	}
	return nil
}

// Inside gives an error when a file is outside the repository. Whoever may change an Application must not read the
// plugin's own files.
func (a Application) Inside(file string) error {
	if path.IsAbs(file) || filepath.IsAbs(file) || strings.Contains(file, "://") ||
		!filepath.IsLocal(filepath.Join(filepath.FromSlash(a.Source), filepath.FromSlash(file))) {
		return fmt.Errorf("%q is outside the repository: name a file in it, by its path from the folder of the chart",
			file)
	}
	return nil
}

// Arguments gives the arguments of helm. The inline values are expected on its stdin. Tests are left out: Argo CD runs
// none. Nothing that an Application says can become a flag, or one file's name two.
func (a Application) Arguments() []string {
	args := []string{"template", "--include-crds", "--skip-tests"}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, "--"+flag+"="+value)
		}
	}
	add("namespace", a.Namespace)
	add("kube-version", a.KubeVersion)
	add("api-versions", a.APIVersions)
	for _, file := range a.Files {
		add("values", csvField(file))
	}
	if a.Inline != "" {
		add("values", "-")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Values)) {
		add("set", name+"="+strings.ReplaceAll(a.Values[name], ",", `\,`))
	}
	return append(args, "--", a.Release, ".")
}

// csvField is a text in a flag that helm reads as a line of comma-separated values.
func csvField(text string) string {
	var line strings.Builder
	w := csv.NewWriter(&line)
	_ = w.Write([]string{text}) // into memory
	w.Flush()
	return strings.TrimSuffix(line.String(), "\n")
}
