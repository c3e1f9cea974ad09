package plugin

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
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
		if slices.Equal(p.table(true), []mention.Strength{mention.Nothing}) {
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
	key      string // the setting or variable that it is the value of, "" where there is none
	server   bool   // its object runs Elasticsearch
	name     string
	spelling int
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
	if err != nil {
		return nil
	}
	server := serverIn(t, text, s)
	if server == "" {
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
			isServer := slices.ContainsFunc(release.Nodes, func(w *recognise.Workload) bool { return w.Object == o })
			each(o.Node, nil, func(path []string, n *yaml.Node, key string) {
				p := planted{key: key, server: isServer, input: name, lines: lines, settings: s, object: o.ID, path: path, line: doc.Line() + n.Line - 2, name: server}
				if p.find(n) && path[0] != "apiVersion" && path[0] != "kind" {
					p.encoded = o.Kind == "Secret" && path[0] == "data"
					all = append(append(all, p), p.insides(n)...)
				}
			})
		}
	}
	return all
}

// serverIn gives the first name by which an input calls an Elasticsearch, of its own or of another release; "" for none.
func serverIn(t *testing.T, text []byte, s config.Settings) string {
	t.Helper()
	_, judged, ok := halvesOf(t, text, s)
	if !ok {
		return ""
	}
	for _, place := range slices.Sorted(maps.Keys(judged.answers)) {
		if a := judged.answers[place]; a.Strength == mention.Address && !a.Local && strings.Trim(a.Name, "0123456789abcdefghijklmnopqrstuvwxyz-") == "" {
			return a.Name
		}
	}
	return ""
}

// each visits the scalars below a node, with their paths, and the setting or variable of which each is the value.
func each(n *yaml.Node, path []string, visit func(path []string, n *yaml.Node, key string)) {
	for i, child := range n.Content {
		at := slices.Clone(path)
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			continue
		case n.Kind == yaml.MappingNode:
			at = append(at, n.Content[i-1].Value)
		}
		if child.Kind != yaml.ScalarNode {
			each(child, at, visit)
			continue
		}
		key := ""
		if len(at) > 0 {
			key = at[len(at)-1]
		}
		if name := yaml.Field(n, "name"); key == "value" && name != nil {
			key = name.Value
		}
		visit(at, child, key)
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
	if root, err := yaml.Parse(n.Value); err == nil && root.Kind == yaml.MappingNode {
		each(root, nil, func(path []string, s *yaml.Node, key string) {
			place := inner
			place.key = key
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
		value := strings.Trim(line[word:], "\"'{}[]();")
		if word <= indent || value == "" || value[0] == '-' || value == "\\" {
			continue // without an option, or with its line cut off, a call is another one
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

// besideAnother tells whether the line names the server already, which may be what is said of it: a file in one line of JSON, a variable
// in braces.
func (p planted) besideAnother(s mention.Strength) bool {
	rest := p.lines[p.line][:p.from] + p.lines[p.line][p.to:]
	return s != mention.Nothing && strings.Contains(strings.ToLower(rest), strings.ToLower(p.name))
}

// prove holds the table and both halves against one planted address. It says nothing where the input is no longer one: where it cannot be
// read, or nothing but the planted place names the server, or makes it one.
func (p planted) prove(t *testing.T) (mention.Strength, bool) {
	t.Helper()
	if _, err := manifest.Split(p.text()); err != nil {
		return 0, false
	}
	planned, judged, ok := halvesOf(t, p.text(), p.settings)
	if !ok {
		return 0, false
	}
	strength, read, known := mention.Nothing, false, false
	for _, a := range judged.answers {
		if a.Object.ID != p.object || a.StreamLine() != p.line+1 {
			known = known || a.Name == p.name
			continue
		}
		strength = max(strength, a.Strength)
		read = read || a.Reader != ""
	}
	if !known && strength == mention.Nothing {
		return 0, false
	}
	if want := p.table(read); !slices.Contains(want, strength) && !p.besideAnother(strength) {
		t.Errorf("%s: is %s, want %v", p, strength, want)
		return strength, true
	}
	for _, line := range unlike(planned, judged) {
		t.Errorf("%s: %s", p, line)
	}
	return strength, true
}

// table gives what the decision says of a place, read off its path, and whether a container reads it; several where more than that decides.
func (p planted) table(isRead bool) []mention.Strength {
	any := []mention.Strength{mention.Nothing, mention.May, mention.Address}
	one := func(s mention.Strength) []mention.Strength { return []mention.Strength{s} }
	in := func(names ...string) bool {
		return slices.ContainsFunc(p.path, func(step string) bool { return slices.Contains(names, step) })
	}
	last, address, isContainer := p.path[len(p.path)-1], p.spelling != bare, in("containers", "initContainers")
	isFile := (p.object.Kind == "ConfigMap" || p.object.Kind == "Secret") && slices.Contains([]string{"data", "stringData", "binaryData"}, p.path[0])
	switch {
	case p.raw:
		return p.byLine(isRead)
	case in("annotations") && p.object.Kind == "Service" && address:
		return []mention.Strength{mention.Nothing, mention.May} // the port of a server, in front of which this Service is, may be an instruction
	case in("annotations") && p.object.Kind == "Service", slices.Contains(silentKinds, p.object.Kind):
		return one(mention.Nothing)
	case in("annotations") && address:
		return []mention.Strength{mention.Nothing, mention.May, mention.Address} // hints of a Beat are addresses; of a server nobody reads others
	case in("annotations"):
		return one(mention.Nothing)
	case isFile && address && isRead:
		return one(mention.Address)
	case isFile && address:
		return []mention.Strength{mention.May, mention.Address} // a pod may show it in a volume that no container mounts
	case isFile && !isRead:
		return append(p.byKey(), mention.May)
	case isFile:
		return p.byKey()
	case p.object.Kind == "ConfigMap" || p.object.Kind == "Secret" || p.path[0] == "metadata" || in("labels", "selector", "matchLabels", "volumes", "volumeMounts",
		"image", "ports", "resources", "securityContext"):
		return one(mention.Nothing)
	case isContainer && in("env") && last == "value" && address:
		return one(mention.Address)
	case isContainer && in("env") && last == "value":
		return p.byKey()
	case isContainer && (last == "args" || last == "command") && address:
		return []mention.Strength{mention.Nothing, mention.Address} // a script may only print it
	case isContainer && (last == "args" || last == "command"):
		return any
	case isContainer && address && last == "host":
		return one(mention.Address)
	case isContainer, in("template") && !isContainer:
		return one(mention.Nothing)
	}
	return any
}

// byLine gives what the rest of its line says of the last word of a line.
func (p planted) byLine(isRead bool) []mention.Strength {
	before := strings.TrimSpace(p.lines[p.line][:p.from])
	isFile := p.object.Kind == "ConfigMap" || p.object.Kind == "Secret"
	switch {
	case strings.HasPrefix(before, "#"):
		return []mention.Strength{mention.Nothing}
	case p.spelling == bare && (!isFile || strings.HasSuffix(p.path[len(p.path)-1], ".sh")):
		return []mention.Strength{mention.Nothing, mention.May, mention.Address} // what its command makes of it
	case p.spelling == bare:
		words := strings.FieldsFunc(before, func(c rune) bool { return strings.ContainsRune(" =:>\"'`", c) })
		if len(words) == 0 {
			return []mention.Strength{mention.Nothing, mention.May}
		}
		if p.key = words[len(words)-1]; isFile && !isRead {
			return append(p.byKey(), mention.May) // nobody is shown who reads it
		}
		return p.byKey()
	case !isFile || isRead:
		return []mention.Strength{mention.Nothing, mention.Address} // a command may only print it
	}
	return []mention.Strength{mention.Nothing, mention.May} // nobody is shown who reads it
}

// hostKey and otherKey are names that surely say, and surely do not say, that their value is a host.
var (
	hostKey  = regexp.MustCompile(`(?i)(^|[._-])((elasticsearch|es)_?)?(hosts?|nodes?|urls?|uris?|addr(ess(es)?)?|endpoints?)$`)
	otherKey = regexp.MustCompile(`(?i)host|node|ur[li]|addr|server|endpoint|elastic|search|(^|[._-])es([._-]|$)|svc|service`)
)

// byKey gives what a name alone says, as the value of a setting or variable.
func (p planted) byKey() []mention.Strength {
	switch {
	case p.server || strings.Contains(strings.Join(p.path, "/"), "elasticsearch.yml") || strings.Contains(p.key, "seed"):
		return []mention.Strength{mention.Nothing, mention.May, mention.Address} // it may be its own
	case hostKey.MatchString(p.key):
		return []mention.Strength{mention.Address}
	case !otherKey.MatchString(p.key):
		return []mention.Strength{mention.Nothing, mention.May}
	}
	return []mention.Strength{mention.Nothing, mention.May, mention.Address}
}

// silentKinds are those whose names select, describe or protect a server.
var silentKinds = []string{"Service", "ServiceAccount", "Role", "RoleBinding", "PodDisruptionBudget", "NetworkPolicy", "PrometheusRule", "Certificate"}
