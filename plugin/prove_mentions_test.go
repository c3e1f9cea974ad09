package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// TestPlantedMentions plants an address of Elasticsearch where none was, and holds that it is taken for what the table of decision 0018 says, and
// that both halves answer for it or name it. The long form is TestProveMentions, with -tags slow.
func TestPlantedMentions(t *testing.T) {
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []planted
	for _, dir := range dirs {
		all = append(all, plants(t, filepath.Base(dir), read(t, filepath.Join(dir, "input.yaml")), settingsOf(t, filepath.Join(dir, "config.yaml")))...)
	}
	proveMentions(t, all, 60)
}

// proveMentions tries a sample, the same in every run.
func proveMentions(t *testing.T, all []planted, runs int) {
	t.Helper()
	chance := rand.New(rand.NewPCG(16, 16))
	tried := map[mention.Strength]int{}
	var silent, others []planted // most places say nothing
	for _, p := range all {
		if slices.Equal(p.table(), []mention.Strength{mention.Nothing}) {
			silent = append(silent, p)
		} else {
			others = append(others, p)
		}
	}
	for i := range runs {
		from := silent
		if i%4 != 0 {
			from = others
		}
		p := from[chance.IntN(len(from))]
		p.spelling = chance.IntN(len(spellings))
		if strength, ok := p.prove(t); ok {
			tried[strength]++
		}
	}
	t.Logf("%d nothing, %d may, %d addresses", tried[mention.Nothing], tried[mention.May], tried[mention.Address])
	if tried[mention.Address] == 0 || tried[mention.Nothing] == 0 {
		t.Error("the sample proves nothing")
	}
}

// spellings are ways to write an address.
var spellings = []func(name string) string{
	func(name string) string { return "https://" + name + ":9200" },
	func(name string) string { return "http://" + name + ".logging.svc.cluster.local.:9200/x" },
	func(name string) string { return "HTTPS://ME:PW@" + strings.ToUpper(name) + ":9200" },
	func(name string) string { return name + ":9200" },
	func(name string) string { return name },
}

const bare = 4 // the spelling without scheme and port

// planted is a place for an address in an input.
type planted struct {
	input    string
	lines    []string
	settings config.Settings
	object   object.ID
	path     []string
	line     int // from 0
	from, to int // in the line
	below    int // lines of the text after it
	encoded  bool
	name     string
	spelling int
}

func (p planted) String() string {
	return fmt.Sprintf("%s: %s in %s of %s (line %d)", p.input, spellings[p.spelling](p.name), strings.Join(p.path, "."), p.object, p.line+1)
}

// plants gives every scalar of an input that has a server, but for apiVersion and kind.
func plants(t *testing.T, name string, text []byte, s config.Settings) []planted {
	t.Helper()
	if s.ClientAuthentication != config.Required || !s.Certs() {
		return nil
	}
	stream, err := manifest.Split(text)
	if err != nil {
		t.Fatal(err)
	}
	release, err := recognise.All(stream, func(object.ID) bool { return false })
	if err != nil || len(release.Nodes) == 0 {
		return nil
	}
	services, err := release.Services(release.Nodes[0])
	if err != nil || len(services) == 0 {
		return nil
	}
	var all []planted
	lines := strings.Split(string(text), "\n")
	for _, doc := range stream.Documents() {
		objects, err := release.In(doc)
		if err != nil {
			continue
		}
		for _, o := range objects {
			each(o.Node.YNode(), nil, func(path []string, n *yaml.Node) {
				p := planted{input: name, lines: lines, settings: s, object: o.ID, path: path, line: doc.Line() + n.Line - 2, name: services[0]}
				if p.find(n) && path[0] != "apiVersion" && path[0] != "kind" {
					p.encoded = o.Kind == "Secret" && path[0] == "data"
					all = append(all, p)
				}
			})
		}
	}
	return all
}

func each(n *yaml.Node, path []string, visit func([]string, *yaml.Node)) {
	for i, child := range n.Content {
		at := slices.Clone(path)
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			continue
		case n.Kind == yaml.MappingNode:
			at = append(at, n.Content[i-1].Value)
		}
		if child.Kind == yaml.ScalarNode {
			visit(at, child)
			continue
		}
		each(child, at, visit)
	}
}

// find finds a scalar in its line; false where it is written in a way that is hard to replace.
func (p *planted) find(n *yaml.Node) bool {
	if p.line >= len(p.lines) || n.Column < 1 || n.Column > len(p.lines[p.line]) {
		return false
	}
	line := p.lines[p.line]
	raw := line[n.Column-1:]
	p.from, p.to = n.Column-1, n.Column-1
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		p.to = len(line)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for _, next := range p.lines[p.line+1:] {
			if strings.TrimSpace(next) != "" && len(next)-len(strings.TrimLeft(next, " ")) <= indent {
				break
			}
			p.below++
		}
	case raw[0] == '"' || raw[0] == '\'':
		end := strings.IndexByte(raw[1:], raw[0])
		if end < 0 || strings.ContainsAny(raw[:end], "\\") {
			return false
		}
		p.to += end + 2
	case n.Value != "" && strings.HasPrefix(raw, n.Value):
		p.to += len(n.Value)
	default:
		return false
	}
	return true
}

func (p planted) text() []byte {
	address := spellings[p.spelling](p.name)
	if p.encoded {
		address = base64.StdEncoding.EncodeToString([]byte(address))
	}
	lines := slices.Clone(p.lines)
	lines[p.line] = lines[p.line][:p.from] + fmt.Sprintf("%q", address) + lines[p.line][p.to:]
	return []byte(strings.Join(slices.Delete(lines, p.line+1, p.line+1+p.below), "\n"))
}

// prove holds the table and both halves against one planted address. It says nothing where the input is no longer one: where the name of a
// Service, or its selector, is gone.
func (p planted) prove(t *testing.T) (mention.Strength, bool) {
	t.Helper()
	text := p.text()
	stream, err := manifest.Split(text)
	if err != nil {
		return 0, false
	}
	release, _ := recognise.All(stream, func(object.ID) bool { return false })
	names, err := mention.Of(release)
	if err != nil || len(release.Nodes) == 0 || names.Called(p.name) == "" {
		return 0, false
	}
	found, err := mention.Find(release, names)
	if err != nil {
		return 0, false
	}
	strength, read := mention.Nothing, false
	for _, m := range found.Mentions {
		if m.Object.ID == p.object && m.StreamLine() == p.line+1 {
			strength = max(strength, m.Strength)
			read = read || len(m.Readers) > 0
		}
	}
	if want := p.table(); !slices.Contains(want, strength) {
		t.Errorf("%s: is %s, want %v", p, strength, want)
		return strength, true
	}
	p.halves(t, text, strength)
	return strength, true
}

// halves holds that what one half names the other does not pass.
func (p planted) halves(t *testing.T, text []byte, strength mention.Strength) {
	t.Helper()
	_, outcome, err := transform(text, p.settings)
	said := fmt.Sprint(err)
	if err == nil {
		said = outcome.Text()
	}
	if stream, err := manifest.Split(text); err != nil || len(stream.Documents()) == 0 {
		return
	}
	g := verified(t, text, p.settings)
	finding := false
	for _, f := range g.Findings {
		finding = finding || f.Code == "EMT021" && f.Line == p.line+1 && f.Object == p.object.String()
	}
	switch {
	case strength == mention.Nothing && finding:
		t.Errorf("%s: says nothing, and verify has a finding", p)
	case strength == mention.Address && finding && !strings.Contains(said, p.object.String()):
		t.Errorf("%s: verify has a finding, and the post-renderer no word:\n%s", p, said)
	case strength == mention.Address && !finding && strings.Contains(said, p.object.String()+": ") && p.isRefused(said):
		t.Errorf("%s: the post-renderer refuses it, and verify has no finding:\n%s", p, said)
	}
}

// isRefused tells whether the post-renderer refuses the planted place as a client that it does not know.
func (p planted) isRefused(said string) bool {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, p.object.String()+": ") && strings.Contains(line, "nothing tells how to give it a certificate") && strings.Contains(line, p.path[len(p.path)-1]) {
			return true
		}
	}
	return false
}

// table gives what the decision says of a place, read off its path; several where more than the path decides.
func (p planted) table() []mention.Strength {
	nothing, any := []mention.Strength{mention.Nothing}, []mention.Strength{mention.Nothing, mention.May, mention.Address}
	last := p.path[len(p.path)-1]
	in := func(names ...string) bool {
		return slices.ContainsFunc(p.path, func(step string) bool { return slices.Contains(names, step) })
	}
	address := p.spelling != bare
	switch {
	case p.path[0] == "metadata" || in("labels", "selector", "matchLabels", "volumes", "volumeMounts", "image", "ports", "resources", "securityContext") && !in("data"):
		return nothing
	case slices.Contains([]string{"Service", "ServiceAccount", "Role", "RoleBinding", "PodDisruptionBudget", "NetworkPolicy", "PrometheusRule", "Certificate"}, p.object.Kind):
		return nothing
	case in("annotations"):
		return any // hints of a Beat
	case in("containers", "initContainers") && in("env") && last == "value" && address:
		return []mention.Strength{mention.Address}
	case in("containers", "initContainers") && in("env") && last == "value":
		return any // the variable decides
	case in("containers", "initContainers") && (last == "args" || last == "command"):
		return any // a script may be gone
	case in("containers", "initContainers"):
		if address && last == "host" {
			return []mention.Strength{mention.Address}
		}
		return nothing
	case p.object.Kind == "ConfigMap" || p.object.Kind == "Secret":
		if p.path[0] != "data" && p.path[0] != "stringData" && p.path[0] != "binaryData" {
			return nothing
		}
		if address {
			return []mention.Strength{mention.May, mention.Address} // whether anybody reads it
		}
		return any
	}
	return any
}
