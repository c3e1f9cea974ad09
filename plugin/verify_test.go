package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// patched is a release that elk-mtls has patched.
type patched struct {
	name          string
	input, output []byte
	settings      config.Settings
}

// flaws are what verify finds in releases that were patched, and rightly: our report tells the user to do it.
func flaws() map[string][]verify.Code {
	return map[string][]verify.Code{
		// its postStart calls https://localhost without a CA; its test calls by plain HTTP, which the report says
		"elasticsearch-http": {verify.ClientTrust, verify.ClientPlain, verify.NoCertificate},
		// the chart's test calls by plain HTTP, which the report says
		"elasticsearch-7.17.3-default.yaml":         {verify.ClientTrust, verify.ClientPlain, verify.NoCertificate},
		"elasticsearch-7.17.3-config-keystore.yaml": {verify.ClientTrust, verify.ClientPlain, verify.NoCertificate},
		// an Ingress, whose controller needs a certificate, which the report says
		"elasticsearch-8.5.1-esconfig-nested.yaml":              {verify.UnknownClient},
		"elasticsearch-8.5.1-esconfig-nested.helm4-stream.yaml": {verify.UnknownClient},
	}
}

// patchedReleases gives the fixtures, and the renderings of real charts that are patched, where these are present.
func patchedReleases(t *testing.T) []patched {
	t.Helper()
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []patched
	for _, dir := range dirs {
		all = append(all, patched{
			name: filepath.Base(dir), settings: settingsOf(t, filepath.Join(dir, "config.yaml")),
			input: read(t, filepath.Join(dir, "input.yaml")), output: read(t, filepath.Join(dir, "output.yaml")),
		})
	}
	all = append(all, together(t, all, "elasticsearch-default", "logstash-pipelines", "fluent-outputs"))
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../shared/renders"
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Logf("LEFT OUT: no renderings of real charts in %s; name their folder in ELK_MTLS_RENDERS", dir)
	}
	for _, file := range files {
		for _, secret := range []string{"", "certs"} {
			s := realSettings(config.ModeCertToken, config.Required)
			s.Certificates.SecretName = secret
			input := read(t, file)
			output, _, err := transform(input, s)
			if err != nil || string(output) == string(input) {
				continue // refused, or nothing of ours
			}
			all = append(all, patched{name: filepath.Base(file), input: input, output: output, settings: s})
			break
		}
	}
	return all
}

// together gives several fixtures as one stream: what the shippers call is in it then.
func together(t *testing.T, all []patched, names ...string) patched {
	t.Helper()
	one := patched{name: strings.Join(names, " and ")}
	for _, name := range names {
		i := slices.IndexFunc(all, func(p patched) bool { return p.name == name })
		if i < 0 {
			t.Fatalf("no fixture %q", name)
		}
		one.settings = all[i].settings
		one.input = slices.Concat(one.input, []byte("\n---\n"), all[i].input)
		one.output = slices.Concat(one.output, []byte("\n---\n"), all[i].output)
	}
	return one
}

// verified judges a stream as the command does; certificates must be valid at the time of the chart's own, which are renewed at every rendering.
func verified(t *testing.T, stream []byte, s config.Settings, with ...[]byte) *verify.Graph {
	t.Helper()
	split := func(text []byte) *manifest.Stream {
		m, err := manifest.Split(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var more []*manifest.Stream
	for _, w := range with {
		more = append(more, split(w))
	}
	graph, err := verify.Manifests(split(stream), more, proofOf(s))
	if err != nil {
		t.Fatal(err)
	}
	return graph
}

func codes(g *verify.Graph) []verify.Code {
	var all []verify.Code
	for _, f := range g.Findings {
		if !slices.Contains(all, f.Code) {
			all = append(all, f.Code)
		}
	}
	return all
}

// TestPatchedIsProven holds that what elk-mtls has patched is proven, or proven under assumptions, and that what a chart renders is not.
func TestPatchedIsProven(t *testing.T) {
	for _, p := range patchedReleases(t) {
		t.Run(p.name, func(t *testing.T) {
			g := verified(t, p.output, p.settings)
			for _, f := range g.Findings {
				if !slices.Contains(flaws()[p.name], f.Code) {
					t.Errorf("%s %s", f.Code, f)
				}
			}
			if len(g.Edges)+len(g.Servers) == 0 {
				t.Error("nothing is found in it")
			}
			if p.settings.ClientAuthentication != config.Required {
				return
			}
			stock := verified(t, p.input, p.settings)
			if stock.Verdict != verify.NotProven {
				t.Errorf("what the chart renders is %s", stock.Verdict)
			}
		})
	}
}

// TestStockIsNotProven holds the reasons for which charts as they are do not stand required certificates.
func TestStockIsNotProven(t *testing.T) {
	s := realSettings(config.ModeCertToken, config.Required)
	for name, want := range map[string][]verify.Code{
		"release":               {verify.ServerStage, verify.ProbeRefused, verify.NoCertificate, verify.NotAlwaysPresent},
		"elasticsearch-http":    {verify.ServerPlain, verify.ServerStage, verify.ServerTrust, verify.ServerPair, verify.ClientPlain},
		"kibana-helm4":          {verify.NoCertificate, verify.NotAlwaysPresent},
		"filebeat-daemonset":    {verify.NoCertificate},
		"journalbeat-daemonset": {verify.NoCertificate},
		"query-exporter":        {verify.ClientPlain, verify.NoCertificate},
		"bitnami-release":       {verify.ServerStage, verify.ProbeRefused, verify.NoCertificate, verify.NotAlwaysPresent},
	} {
		t.Run(name, func(t *testing.T) {
			got := codes(verified(t, read(t, filepath.Join("testdata/charts", name, "input.yaml")), s))
			for _, code := range want {
				if !slices.Contains(got, code) {
					t.Errorf("no %s among %v", code, got)
				}
			}
		})
	}
}

// TestStockRenderingsAreNotProven is the same for every rendering of a real chart.
func TestStockRenderingsAreNotProven(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(renders(t), "*.yaml"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d renderings: %v", len(files), err)
	}
	for _, file := range files {
		if g := verified(t, read(t, file), realSettings(config.ModeCertToken, config.Required)); g.Verdict != verify.NotProven && len(g.Servers)+len(g.Edges) > 0 {
			t.Errorf("%s is %s", filepath.Base(file), g.Verdict)
		}
	}
}

// TestFindingsHaveTheirPages holds code and documentation together: a page for every code, a code for every page, and the title in both.
func TestFindingsHaveTheirPages(t *testing.T) {
	dir := "../docs/findings"
	pages, err := filepath.Glob(filepath.Join(dir, "EMT*.md"))
	if err != nil {
		t.Fatal(err)
	}
	index := string(read(t, filepath.Join(dir, "README.md")))
	for _, k := range verify.Kinds() {
		page := string(read(t, filepath.Join(dir, string(k.Code)+".md")))
		if heading := fmt.Sprintf("# %s: %s\n", k.Code, k.Title); !strings.HasPrefix(page, heading) {
			t.Errorf("the page of %s does not begin with %q", k.Code, heading)
		}
		if !strings.Contains(strings.Join(strings.Fields(page), " "), k.Remedy) {
			t.Errorf("the page of %s does not have the remedy %q", k.Code, k.Remedy)
		}
		if line := fmt.Sprintf("| [%s](%s.md) | %s |\n", k.Code, k.Code, k.Title); !strings.Contains(index, line) {
			t.Errorf("docs/findings/README.md does not have the line %q", line)
		}
	}
	if len(pages) != len(verify.Kinds()) {
		t.Errorf("%d pages for %d codes", len(pages), len(verify.Kinds()))
	}
}
