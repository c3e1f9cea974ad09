package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// caller is a container in its pod, with what its environment says.
type caller struct {
	object.Container
	object *object.Object
	pod    object.Pod
	*known
	env     settings // by the names of the variables
	notes   *Aspect  // what is taken for granted of the files that it reads
	unknown []string // whole Secrets and ConfigMaps that are taken as environment, and that nothing here shows
	runs    []process.Run
	seen    process.Process
	expands catalog.Expansion // of the program
}

// caller gives a container of a pod as one that may call a server.
func (k *known) caller(o *object.Object, pod object.Pod, c object.Container) caller {
	seen := k.release.Process(c)
	made := caller{Container: c, object: o, pod: pod, known: k, env: settings{}, notes: &Aspect{},
		unknown: seen.Env.Open(), runs: seen.Runs, seen: seen}
	for _, v := range seen.Env.All() {
		made.env[v.Name] = made.variableValue(v)
	}
	return made
}

// variableValue gives a variable as a setting.
func (c caller) variableValue(v object.Variable) value {
	made := value{texts: []string{v.Text}, hidden: !v.Known, from: v.From, parts: parts(v.Nodes...)}
	if own := inStream(c.release, v.From, v.Content); own.Node != v.Content.Node {
		made.parts = append(made.parts, part{node: own.Node})
	}
	if v.Text == "" && !v.Known {
		made.texts = nil
	}
	if v.Entry != nil {
		field := object.Text(v.Entry, "valueFrom", "fieldRef", "fieldPath")
		made.ofPod = slices.Contains([]string{"status.podIP", "status.podIPs", "metadata.name"}, field)
	}
	switch holder := v.Content.Object; {
	case v.Script:
		made.at = c.at(process.Main, v.Nodes[0])
	case v.Entry != nil:
		made.at = c.at(fmt.Sprintf("env[%s]", v.Name), v.Entry)
	case holder != nil:
		made.at = place{id: holder.ID, path: v.Content.Field + "." + v.From.Key,
			line: holder.Doc.Line() + v.Content.Node.Line - 1}
	}
	return made
}

// at gives the place of something in the container.
func (c caller) at(path string, n *yaml.Node) place {
	p := place{id: c.object.ID, container: c.Name, path: path, line: c.object.Doc.Line()}
	if n != nil {
		p.line += n.Line - 1
	}
	return p
}

// place gives where a run stands.
func (c caller) place(run process.Run) place {
	if run.Holder != nil {
		return place{id: run.Holder.ID, container: c.Name, path: run.Key,
			line: run.Holder.Doc.Line() + run.Args[0].Node.Line - 1}
	}
	return c.at(run.Name, run.Args[0].Node)
}

func (c caller) String() string { return fmt.Sprintf("%s container %q", c.object.ID, c.Name) }

// expanded puts in what the environment says, by the rule of the program. Of what is not known a shell or Kubernetes
// has left the names.
func (c caller) expanded(v value) value {
	rule := c.expands
	if v.hidden {
		rule = catalog.LeftVariables()
	}
	if rule.Plain && v.isQuoted() {
		return v
	}
	texts := slices.Clone(v.texts)
	for i, text := range texts {
		if rule.Stops != nil && rule.Stops().MatchString(text) {
			c.notes.fail(v.at, NotJudged, "the default of its variable holds a colon, with which the program does "+
				"not start: write the value out")
		}
		var known bool
		texts[i], known = rule.Expand(text, func(name string) (string, bool, bool) {
			e, set := c.env[name]
			if v.from = cmp.Or(e.from, v.from); set && !e.hidden {
				v.parts = append(slices.Clip(v.parts), e.parts...)
			}
			return e.text(), set, !e.hidden
		})
		v.hidden = v.hidden || !known
	}
	v.texts = texts
	return v
}

// isQuoted tells whether a text of a file stands in quotes.
func (v value) isQuoted() bool {
	return len(v.parts) == 1 && v.parts[0].node != nil &&
		v.parts[0].node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
}

// file gives the YAML file that the container sees at a path: nil when none is mounted there from the stream.
func (c caller) file(path string) (*manifest.Document, place) {
	l := c.read(path)
	if l.Content.Node == nil {
		return nil, place{}
	}
	doc, err := l.document()
	if err != nil {
		return nil, place{}
	}
	return doc, place{id: l.Content.Object.ID, path: path}
}

// read follows a file of settings, and notes what that takes for granted. Many files are looked for that need not be
// there.
func (c caller) read(path string) link {
	l := c.follow(path, c.at(path, nil)).followed()
	switch {
	case l.Found == object.Outside || l.Found == object.Perhaps:
		c.notes.assume("%s: %s says nothing else, if it is there (%s)", c, l.Path, l.Why)
	case l.code != NoFile && (l.code != NoKeyInObject || l.Found == object.Copied):
		c.notes.add(l)
	}
	return l
}

// claim notes that an edge has read a value.
func (c caller) claim(v value) {
	for _, p := range c.expanded(v).parts {
		c.claims.Add(p.node, p.span, c.Node)
	}
}

// major gives the version of the image, 0 when the tag does not say it.
func (c caller) major() int {
	_, tag := c.Image()
	major, _, _ := strings.Cut(tag, ".")
	n, _ := strconv.Atoi(major)
	return n
}
