package plan

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestReadyRules holds the table to what plan takes for granted.
func TestReadyRules(t *testing.T) {
	var names []string
	for _, r := range readyRules(ruledPrograms()) {
		names = append(names, r.name)
		if page, err := url.Parse(r.link); err != nil || page.Scheme != "https" || page.Host == "" {
			t.Errorf("%s: %q is no page", r.name, r.link)
		}
		if r.curl != (len(r.files) == 0) || r.curl != (len(r.paths) == 0) {
			t.Errorf("%s: either curl or files, with the places where they are", r.name)
		}
		for _, path := range r.paths {
			if !strings.HasPrefix(path, "/") {
				t.Errorf("%s: %q does not begin with /", r.name, path)
			}
		}
		all := map[string]bool{}
		for _, f := range r.files {
			if f.Path != "" || len(f.Set) == 0 {
				t.Errorf("%s: a file of a ready rule has no path, and something to set: %v", r.name, f)
			}
			flat := map[string]any{}
			flatten(f.Set, "", flat)
			wants := map[string]bool{}
			for key, value := range flat {
				s := wish{key: key, value: value}
				for _, place := range []string{placeCA, placeCert, placeKey} {
					wants[place] = wants[place] || s.names(place)
					all[place] = all[place] || s.names(place)
				}
			}
			if wants[placeCert] != wants[placeKey] {
				t.Errorf("%s: certificate and key belong into one group: %v", r.name, f.Set)
			}
		}
		if !r.curl && len(all) > 0 && !(all[placeCA] && all[placeCert] && all[placeKey]) {
			t.Errorf("%s: CA, certificate and key are not all set", r.name)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not in order, or one stands twice: %v", names)
	}
}

func TestSpread(t *testing.T) {
	f, err := yaml.Parse("sinks:\n  a: {type: x}\n  b: {type: y}\nlist:\n- {in: {c: 1}}\n- {in: {d: 1}}\nexporters:\n  elasticsearch: {}\n  elasticsearch/2: {}\n  otlp: {}\n")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"":                          "[]",
		"sinks":                     "[sinks]",
		"sinks.*":                   "[sinks.a sinks.b]",
		"list.*.in":                 "[list[0].in list[1].in]",
		"list.x*":                   "[]",
		"exporters.elasticsearch*":  "[exporters.elasticsearch exporters[elasticsearch/2]]",
		"nothing.*":                 "[]",
		"exporters.elasticsearch.*": "[]",
	} {
		var got []string
		for _, path := range spread(f, at) {
			got = append(got, path.String())
		}
		if text := "[" + strings.Join(got, " ") + "]"; text != want {
			t.Errorf("%q: got %s, want %s", at, text, want)
		}
	}
}

func ruledPrograms() []catalog.Program {
	return slices.DeleteFunc(catalog.All(), func(p catalog.Program) bool { return p.As == "" })
}
