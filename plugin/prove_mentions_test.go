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
	proveMentions(t, all, 60, 16)
}

// proveMentions tries a sample, the same for the same seed.
func proveMentions(t *testing.T, all []planted, runs int, seed uint64) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 16))
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
	raw      bool   // the place is a word of a file in some language
	inside   string // the place in a file inside the object
	row      int    // and its line there, from 1
	name     string
	spelling int
	base     *baseline
}

// baseline is what both halves say of an input in which nothing is planted.
type baseline struct {
	refused bool            // by the post-renderer, which then need not name all
	named   map[string]bool // by verify, as "Kind/name line"
	said    map[string]bool // lines of the post-renderer
}

func baselineOf(t *testing.T, text []byte, s config.Settings) *baseline {
	t.Helper()
	b := &baseline{named: map[string]bool{}, said: map[string]bool{}}
	_, outcome, err := transform(text, s)
	if b.refused = err != nil; !b.refused {
		for line := range strings.Lines(outcome.Text()) {
			b.said[line] = true
		}
	}
	g := verified(t, text, s)
	for _, f := range g.Findings {
		b.named[fmt.Sprintf("%s line %d", f.Object, f.Line)] = true
	}
	for _, a := range g.Assumptions {
		b.named[a] = true
	}
	return b
}

func (p planted) String() string {
	return fmt.Sprintf("%s: %s in %s%s of %s (line %d)", p.input, spellings[p.spelling](p.name), strings.Join(p.path, "."), p.inside, p.object, p.line+1)
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
	lines, base := strings.Split(string(text), "\n"), baselineOf(t, text, s)
	for _, doc := range stream.Documents() {
		objects, err := release.In(doc)
		if err != nil {
			continue
		}
		for _, o := range objects {
			each(o.Node.YNode(), nil, func(path []string, n *yaml.Node) {
				p := planted{input: name, lines: lines, settings: s, object: o.ID, path: path, line: doc.Line() + n.Line - 2, name: services[0], base: base}
				if p.find(n) && path[0] != "apiVersion" && path[0] != "kind" {
					p.encoded = o.Kind == "Secret" && path[0] == "data"
					all = append(append(all, p), p.insides(n)...)
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

// insides gives the places in a file inside a scalar that is written as a block: its scalars where it is YAML, else the last word of each
// line.
func (p planted) insides(n *yaml.Node) []planted {
	if p.below == 0 || n.Style&yaml.LiteralStyle == 0 {
		return nil
	}
	var all []planted
	lines := p.lines[p.line+1 : p.line+1+p.below]
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	inner := p
	inner.below, inner.from, inner.to = 0, 0, 0
	var root yaml.Node
	if yaml.Unmarshal([]byte(n.Value), &root) == nil && len(root.Content) == 1 && root.Content[0].Kind == yaml.MappingNode {
		each(root.Content[0], nil, func(path []string, s *yaml.Node) {
			place := inner
			s.Column += indent
			place.line, place.row, place.inside = p.line+s.Line, s.Line, " > "+strings.Join(path, ".")
			if place.find(s) {
				all = append(all, place)
			}
		})
		return all
	}
	for i, line := range lines {
		word := strings.LastIndexAny(strings.TrimRight(line, " "), " =") + 1
		if word <= indent || strings.Trim(line[word:], "\"'{}[]();") == "" {
			continue
		}
		place := inner
		place.line, place.row, place.inside, place.raw = p.line+1+i, i+1, fmt.Sprintf(" > line %d", i+1), true
		place.from, place.to = word, len(line)
		all = append(all, place)
	}
	return all
}

func (p planted) text() []byte {
	address := spellings[p.spelling](p.name)
	if p.encoded {
		address = base64.StdEncoding.EncodeToString([]byte(address))
	}
	if !p.raw {
		address = fmt.Sprintf("%q", address)
	}
	lines := slices.Clone(p.lines)
	lines[p.line] = lines[p.line][:p.from] + address + lines[p.line][p.to:]
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

// table gives what the decision says of a place, read off its path; several where more than the path decides.
func (p planted) table() []mention.Strength {
	nothing, any := []mention.Strength{mention.Nothing}, []mention.Strength{mention.Nothing, mention.May, mention.Address}
	last := p.path[len(p.path)-1]
	in := func(names ...string) bool {
		return slices.ContainsFunc(p.path, func(step string) bool { return slices.Contains(names, step) })
	}
	address := p.spelling != bare
	switch {
	case p.inside != "" || in("annotations") && p.object.Kind != "Service":
		return any // what stands around it decides, or nothing shows who reads it
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
