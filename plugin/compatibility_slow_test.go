//go:build slow

package plugin

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
)

// rendering is one rendering of a chart with Elasticsearch or Kibana, and the least configuration that it needs besides an image.
type rendering struct {
	name   string // of the file without .yaml
	beside string // another rendering in the same stream: that of the Elasticsearch which a client calls
	needs  string // the spec, as people write it
	refuse string // a part of the refusal, "" when it is patched
	hooked bool   // refused for a hook, which Helm 3 does not hand over
	living bool   // of a chart that people start with today, in a folder of its own
}

const (
	needsSecret        = "{certificates: {secretName: certs}, minter: {secretName: elastic}}"
	needsIngress       = "{unmanaged: [{ref: Ingress/logs-master, reason: its controller presents a certificate}]}"
	needsMinter        = "{minter: {secretName: elastic}}"
	needsMinterAndPair = "{minter: {secretName: elastic}, certificates: {clients: [{ref: Deployment/helm-kibana-security-kibana, secretName: kibana-client}]}}"
	needsPair          = "{certificates: {clients: [{ref: StatefulSet/security-master, secretName: probe}]}}"
	needsPairs         = "{certificates: {clients: [{ref: StatefulSet/es-elasticsearch-coordinating, secretName: probe}, {ref: StatefulSet/es-elasticsearch-data, secretName: probe}, " +
		"{ref: StatefulSet/es-elasticsearch-ingest, secretName: probe}, {ref: StatefulSet/es-elasticsearch-master, secretName: probe}]}}"
)

func renderings() []rendering {
	return []rendering{
		{name: "elasticsearch-8.5.1-default"},
		{name: "elasticsearch-8.5.1-multi-master"},
		{name: "elasticsearch-8.5.1-multi-data"},
		{name: "elasticsearch-8.5.1-networkpolicy"},
		{name: "elasticsearch-8.5.1-esconfig-nested", refuse: "Ingress/logs-master: spec.rules[0].http.paths[0].backend.service.name leads to Elasticsearch"},
		{name: "elasticsearch-8.5.1-esconfig-nested", needs: needsIngress},
		{name: "elasticsearch-8.5.1-esconfig-nested.helm4-stream", needs: needsIngress},
		{name: "elasticsearch-8.5.1-security-p12", refuse: "curl in the readiness probe reads no store"},
		{name: "elasticsearch-8.5.1-security-p12", needs: needsPair},
		{name: "kibana-8.5.1-default"},
		{name: "kibana-8.5.1-default.helm4-stream"},
		{name: "kibana-8.5.1-security", needs: needsMinter, refuse: "no Secret with a client certificate is known"},
		{name: "kibana-8.5.1-security", needs: needsMinterAndPair},
		{name: "kibana-8.5.1-openshift"},
		{name: "elk-umbrella-8.5.1-default"},
		{name: "elk-umbrella-8.5.1-default.helm4-stream"},
		{name: "elasticsearch-7.17.3-default", refuse: "certificates.secretName"},
		{name: "elasticsearch-7.17.3-default", needs: needsSecret},
		{name: "elasticsearch-7.17.3-config-keystore", needs: needsSecret},
		{name: "elasticsearch-7.17.3-security", refuse: "curl in the readiness probe reads no store"},
		{name: "elasticsearch-7.17.3-security", needs: needsPair},
		{name: "kibana-7.17.3-default", refuse: "certificates.secretName"},
		{name: "kibana-7.17.3-default", needs: needsSecret},
		{name: "kibana-7.17.3-upgrade", needs: needsSecret},
		{name: "kibana-7.17.3-security", needs: needsMinter, refuse: "elasticsearch.username is set"},
		{name: "bitnami-elasticsearch-22.1.7-default", refuse: "certificates.secretName"},
		{name: "bitnami-elasticsearch-22.1.7-default", needs: needsSecret},
		{name: "bitnami-elasticsearch-22.1.7-security-kibana-metrics"},
		{name: "bitnami-elasticsearch-22.1.7-security-kibana-metrics", needs: needsSecret},
		{name: "bitnami-elasticsearch-21.6.3-jks", refuse: "curl in the readiness probe reads no store"},
		{name: "bitnami-elasticsearch-21.6.3-jks", needs: needsPairs},
		{name: "bitnami-kibana-12.1.11-plain", refuse: "certificates.secretName"},
		{name: "bitnami-kibana-12.1.11-plain", needs: needsSecret},
		{name: "eck-stack-0.21.0-default", refuse: "custom resource of ECK"},
		{name: "eck-stack-0.21.0-default", needs: "{clientAuthentication: optional}"},
	}
}

// TestCompatibility holds every rendering of Elasticsearch and Kibana to its outcome, as Helm 4 and as Helm 3 hand it over, and
// docs/compatibility.md to what comes out. What is longer than a line is on a page of its own.
func TestCompatibility(t *testing.T) {
	dir := renders(t)
	var table, details strings.Builder
	table.WriteString("| rendering | configuration besides the image | outcome |\n| --- | --- | --- |\n")
	for _, r := range slices.Concat(livingRenderings(t), renderings(), clientRenderings()) {
		t.Run(r.name+" "+r.needs, func(t *testing.T) {
			stream := r.stream(t, dir)
			outcome, messages := r.run(t, stream)
			if !r.hooked {
				r.run(t, withoutHooks(t, stream))
			}
			needs := "none"
			if r.needs != "" {
				needs = "`" + r.needs[1:len(r.needs)-1] + "`"
			}
			isLong := len(needs) > longestCell
			if isLong || len(messages) > 0 {
				fmt.Fprintf(&details, "## %s\n\nConfiguration: %s\n\n", r.title(isLong), needs)
				for _, message := range messages {
					fmt.Fprintf(&details, "- %s\n", inCell(message))
				}
				details.WriteString(strings.Repeat("\n", min(1, len(messages))))
			}
			link := "compatibility-details.md#" + anchor(r.title(isLong))
			if isLong {
				needs = "[a longer one](" + link + ")"
			}
			if len(messages) > 0 {
				outcome = "[refused](" + link + "): " + outcome
			}
			fmt.Fprintf(&table, "| %s | %s | %s |\n", r.title(false), needs, outcome)
		})
	}
	inMarkers(t, "../docs/compatibility.md", "compatibility", table.String())
	inMarkers(t, "../docs/compatibility-details.md", "details", strings.TrimSuffix(details.String(), "\n"))
}

const longestCell = 120

// title names a rendering; configured tells apart the one that needs a long configuration from the one that is refused without it.
func (r rendering) title(configured bool) string {
	name := r.name
	if name != everything {
		name = "`" + name + "`"
	}
	if r.beside != "" {
		name += ", with `" + r.beside + "`"
	}
	if configured {
		name += ", configured"
	}
	return name
}

// anchor gives what a heading is called in a link.
func anchor(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		case c == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(heading))
}

// stream gives the rendering, behind the Elasticsearch that it calls.
func (r rendering) stream(t *testing.T, dir string) []byte {
	t.Helper()
	return r.streamWith(t, dir, func(client string) string { return client })
}

// streamWith gives it with another text of the client.
func (r rendering) streamWith(t *testing.T, dir string, client func(string) string) []byte {
	t.Helper()
	if r.name == everything {
		return oneStream(t, dir)
	}
	if r.living {
		dir = filepath.Join(filepath.Dir(dir), "renders-living")
	}
	text := read(t, filepath.Join(dir, r.name+".yaml"))
	if r.beside == "" {
		return text
	}
	fresh := client(string(text))
	return append(besideOf(string(read(t, filepath.Join(dir, r.beside+".yaml"))), fresh), fresh...)
}

// settings gives what a rendering needs.
func (r rendering) settings(t *testing.T) config.Settings {
	t.Helper()
	s := config.Settings{Hooks: "off"}
	if r.needs != "" {
		var err error
		if s, err = config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: " + r.needs)); err != nil {
			t.Fatal(err)
		}
		s.Hooks = "off"
	}
	s.InitContainer.Image = testImage
	return s.WithDefaults()
}

// run patches one form of a rendering and gives its outcome in a line, and what a refusal says.
func (r rendering) run(t *testing.T, input []byte) (line string, messages []string) {
	t.Helper()
	s := r.settings(t)
	output, outcome, err := transform(input, s)
	if r.refuse != "" {
		if err == nil || !strings.Contains(err.Error(), r.refuse) || output != nil {
			t.Errorf("want a refusal with %q, got %v", r.refuse, err)
			return "", nil
		}
		return strings.Join(codesOf(problem.All(err)), ", "), oncePerReason(problem.All(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	onlyReported(t, input, output, outcome)
	twiceIsOnce(t, output, s)
	return "patched: " + strings.Join(summary(outcome), ", "), nil
}

// codesOf gives the codes of refusals, each once.
func codesOf(refusals []problem.Problem) []string {
	var codes []string
	for _, refusal := range refusals {
		codes = append(codes, string(refusal.Code))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// oncePerReason gives refusals of one reason once, by the first object, with the number of the others.
func oncePerReason(refusals []problem.Problem) []string {
	var said, shown []string
	count := map[string]int{}
	for _, refusal := range refusals {
		line := strings.ReplaceAll(refusal.Error(), "\n", "; ")
		reason := strings.ReplaceAll(line, refusal.Object.String(), "")
		if count[reason]++; count[reason] == 1 {
			said, shown = append(said, reason), append(shown, line)
		}
	}
	for i, reason := range said {
		if n := count[reason] - 1; n > 0 {
			shown[i] += fmt.Sprintf(" (and %d similar ones)", n)
		}
	}
	return shown
}

func summary(r *report.Report) []string {
	var parts, kinds []string
	count := map[string]int{}
	for _, p := range r.Patched {
		if count[p.Object.Kind]++; count[p.Object.Kind] == 1 {
			kinds = append(kinds, p.Object.Kind)
		}
	}
	for _, kind := range kinds {
		if n := count[kind]; n > 1 {
			kind = fmt.Sprintf("%d × %s", n, kind)
		}
		parts = append(parts, kind)
	}
	if n := len(r.Added); n > 0 {
		parts = append(parts, fmt.Sprintf("%d added", n))
	}
	if n := len(r.Removed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d hooks removed", n))
	}
	if n := len(r.Todo); n > 0 {
		parts = append(parts, fmt.Sprintf("%d to do", n))
	}
	return parts
}
