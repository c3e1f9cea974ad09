package plan

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// program is one that may call Elasticsearch, and where it says how it connects: in YAML files, flags or variables. What is written in
// a language of its own has a function.
type program struct {
	app   recognise.App
	dir   string // where relative paths start
	files files
	flags *tlsKeys
	sign  string // how its flags begin: a new one stands beside them
	env   *tlsKeys
	words bool // an address may be a bare word of its command line, for which the settings of flags and variables count
	// unread are variables in which its chart repeats the address, and which it does not read.
	unread []string
	own    func(p *planner, w *recognise.Workload) ([]*connection, error)
	// watch sees what the connections do not show, such as settings that are made elsewhere.
	watch func(p *planner, w *recognise.Workload)
}

// files are the YAML files of a program, as its container sees them, and the places in them that are connections.
type files struct {
	flags  []string // of its command line that name the file, without signs; of several it merges them
	sets   []string // that set anything in it
	names  []string // where it is else; a folder ends in "/" and stands for every .yml and .yaml file in it
	places []place
}

// place is a part of a YAML file that is a connection, or each of several: in the path "*" stands for any entry or element.
type place struct {
	path  string // "output.elasticsearch", "metricbeat.modules.*"
	field string // of an entry or element behind "*" that tells it from others
	is    string // how its value begins; with field "" how the entry's own name begins
	keys  tlsKeys
}

func (known program) connections(p *planner, w *recognise.Workload) ([]*connection, error) {
	var all []*connection
	if known.own != nil {
		own, err := known.own(p, w)
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	opened, err := p.files(w, known.files.of(w.Main, known.dir)...)
	if err != nil {
		return nil, err
	}
	for _, f := range opened {
		for _, at := range known.files.places {
			for _, c := range at.in(f) {
				c.dir = known.dir
				c.over = known.overFile(w, c, at, f, opened)
				all = append(all, c)
			}
		}
	}
	var flags *connection
	if known.flags != nil {
		store := flagStore{w: w, sign: known.sign}
		flags = &connection{name: "its command line", store: store, keys: *known.flags, dir: known.dir}
		all = append(all, flags)
	}
	if known.env != nil {
		conf, err := p.environment(w, func(key string) []string { return []string{key} })
		if err != nil {
			return nil, err
		}
		c := &connection{name: "its environment", store: envStore{conf}, keys: *known.env, dir: known.dir}
		if flags != nil && flags.addresses() == nil { // else the flags are the connection
			c.over = []channel{renamed{flags.store, c.keys.to(flags.keys)}}
		}
		all = append(all, c)
	}
	if known.watch != nil {
		known.watch(p, w)
	}
	return all, nil
}

// overFile gives what else says something of a connection in a file: arguments, and the other files that the command
// line names.
func (known program) overFile(w *recognise.Workload, c *connection, at place, f *embedded, all []*embedded) []channel {
	var over []channel
	if len(known.files.sets) > 0 {
		name := strings.NewReplacer("[", "", "]", "").Replace(c.name)
		over = append(over, setFlags{w: w, flags: known.files.sets, prefix: prefixOf(name)})
	}
	if len(known.files.named(w.Main, known.dir)) < 2 || strings.Contains(at.path, "*") {
		return over // of a list one file has all
	}
	for _, other := range all {
		if other.root != f.root {
			over = append(over, yamlStore{file: other, prefix: prefixOf(at.path), nested: at.keys.nested})
		}
	}
	return over
}

// of gives the files that a container's command line names, else those at the usual places.
func (f files) of(c object.Container, dir string) []string {
	if named := f.named(c, dir); len(named) > 0 {
		return named
	}
	return f.names
}

func (f files) named(c object.Container, dir string) []string {
	line := process.Command(c, c.Variable)
	said, _ := line.Flags(f.sets...)
	var named []string
	for _, flag := range said {
		if file := flag.Value.Text; !flag.Sets && file != "" && slices.Contains(f.flags, flag.Name) {
			if !path.IsAbs(file) {
				file = path.Join(dir, file)
			}
			named = append(named, file)
		}
	}
	return named
}

// in gives the connections at a place of a file.
func (at place) in(f *embedded) []*connection {
	before, after, several := strings.Cut(at.path, "*")
	if !several {
		return []*connection{{name: at.path, store: yamlStore{file: f, prefix: prefixOf(at.path), nested: at.keys.nested}, keys: at.keys}}
	}
	list, node := patch.Path(nil), f.root
	if before != "" {
		list, node = lookup(f.root, strings.TrimSuffix(before, "."))
	}
	var all []*connection
	for _, e := range entries(node) {
		if at.field == "" && !strings.HasPrefix(e.name, at.is) || at.field != "" && !strings.HasPrefix(fieldText(e.node, at.field), at.is) {
			continue
		}
		below := strings.TrimPrefix(after, ".")
		all = append(all, &connection{
			name:  before + e.name + after,
			store: yamlStore{file: f, at: append(slices.Clone(list), e.step), prefix: prefixOf(below), nested: at.keys.nested},
			keys:  at.keys,
		})
	}
	return all
}

// fieldText gives a scalar below a node, in dotted or nested spelling.
func fieldText(node *yaml.RNode, field string) string {
	if _, found := lookup(node, field); found != nil {
		return found.YNode().Value
	}
	return ""
}

func prefixOf(at string) string {
	if at == "" {
		return ""
	}
	return at + "."
}

// entry is one element of a list, or one field of a mapping.
type entry struct {
	name string
	step patch.Step
	node *yaml.RNode
}

func entries(node *yaml.RNode) []entry {
	if node == nil {
		return nil
	}
	var all []entry
	switch n := node.YNode(); n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			step := patch.Path(nil).Index(strconv.Itoa(i))[0]
			all = append(all, entry{"[" + step.Is + "]", step, yaml.NewRNode(item)})
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			all = append(all, entry{name, patch.Step{Field: name}, yaml.NewRNode(n.Content[i+1])})
		}
	}
	return all
}
