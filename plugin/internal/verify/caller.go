package verify

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
)

// caller is a container in its pod, with what its environment says.
type caller struct {
	object.Container
	object *object.Object
	pod    object.Pod
	*reader
	env     settings // by the names of the variables
	notes   *Aspect  // what is taken for granted of the files that it reads
	unknown []string // whole Secrets and ConfigMaps that are taken as environment, and that nothing here shows
	runs    []process.Run
}

func (r *reader) caller(o *object.Object, pod object.Pod, c object.Container) caller {
	made := caller{Container: c, object: o, pod: pod, reader: r, env: settings{}, notes: &Aspect{}}
	for _, from := range object.Items(c.Node, "envFrom") {
		made.takeAll(from)
	}
	for _, e := range c.Envs() {
		v := value{texts: []string{e.Value}, at: made.at(fmt.Sprintf("env[%s]", e.Name), e.Node.YNode()), parts: parts(e.Node.YNode())}
		if n := object.Get(e.Node, "value"); n != nil {
			v.parts = parts(n.YNode())
		}
		if e.From {
			v = made.valueFrom(e, v)
		}
		made.env[e.Name] = v
	}
	made.runs = process.Runs(c, made.lookup)
	return made
}

// takeAll reads a whole Secret or ConfigMap as environment.
func (c *caller) takeAll(from *yaml.RNode) {
	prefix := object.Text(from, "prefix")
	for _, kind := range []string{"ConfigMap", "Secret"} {
		name := object.Text(from, fieldOf(kind)+"Ref", "name")
		if name == "" {
			continue
		}
		o := c.Shown(object.Source{Namespace: c.object.Namespace, Kind: kind, Name: name})
		if o == nil {
			c.unknown = append(c.unknown, kind+"/"+name)
			continue
		}
		for _, key := range o.Keys() {
			held, _ := o.Content(key)
			c.env[prefix+key] = value{texts: []string{string(held.Text)}, at: place{id: o.ID, path: "data." + key, line: o.Doc.Line() + held.Node.Line - 1},
				from: object.Source{Kind: kind, Name: name, Key: key}, parts: parts(held.Node)}
		}
	}
}

func (c *caller) valueFrom(e object.Env, v value) value {
	v.texts, v.hidden = nil, true
	for _, kind := range []string{"ConfigMap", "Secret"} {
		ref := object.Get(e.Node, "valueFrom", fieldOf(kind)+"KeyRef")
		if ref == nil {
			continue
		}
		v.from = object.Source{Namespace: c.object.Namespace, Kind: kind, Name: object.Text(ref, "name"), Key: object.Text(ref, "key")}
		if held, state, _ := object.Look(c.reader, v.from); state == object.Held {
			v.texts, v.hidden = []string{string(held.Text)}, false
			v.parts = append(v.parts, part{node: held.Node})
		}
	}
	return v
}

// fieldOf begins the name of the fields that refer to an object of a kind: secretRef, configMapKeyRef.
func fieldOf(kind string) string { return strings.ToLower(kind[:1]) + kind[1:] }

// at gives the place of something in the container.
func (c caller) at(path string, n *yaml.Node) place {
	p := place{id: c.object.ID, container: c.Name, path: path, line: c.object.Doc.Line()}
	if n != nil {
		p.line += n.Line - 1
	}
	return p
}

func (c caller) String() string { return fmt.Sprintf("%s container %q", c.object.ID, c.Name) }

// expanded puts in what the environment says for ${NAME}, ${NAME:default} and $(NAME).
func (c caller) expanded(v value) value {
	texts := slices.Clone(v.texts)
	for i, text := range texts {
		var known bool
		if texts[i], known = c.expand(text, &v); !known {
			v.hidden = true
		}
	}
	v.texts = texts
	return v
}

func (c caller) expand(text string, v *value) (string, bool) {
	var b strings.Builder
	known := true
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 >= len(text) {
			return b.String() + text, known
		}
		name, fallback, end := variable(text[i+1:])
		if end == 0 {
			b.WriteString(text[:i+1])
			text = text[i+1:]
			continue
		}
		b.WriteString(text[:i])
		e, ok := c.env[name]
		switch {
		case ok && !e.hidden:
			b.WriteString(e.text())
			v.parts = append(v.parts, e.parts...)
			v.from = e.from
		case ok:
			known, v.from = false, e.from
		case fallback != nil:
			b.WriteString(*fallback)
		default:
			known = false
		}
		text = text[i+1+end:]
	}
}

// variable reads {NAME}, {NAME:default}, {NAME:-default}, (NAME) or NAME behind a dollar; end is 0 when none of these stands there.
func variable(text string) (name string, fallback *string, end int) {
	if text[0] == '{' || text[0] == '(' {
		closing := strings.IndexByte(text, map[byte]byte{'{': '}', '(': ')'}[text[0]])
		if closing < 0 {
			return "", nil, 0
		}
		name, rest, ok := strings.Cut(text[1:closing], ":")
		if rest = strings.TrimPrefix(rest, "-"); ok {
			fallback = &rest
		}
		return name, fallback, closing + 1
	}
	for end < len(text) && (text[end] == '_' || text[end] >= 'A' && text[end] <= 'Z' || end > 0 && text[end] >= '0' && text[end] <= '9') {
		end++
	}
	return text[:end], nil, end
}

// file gives the YAML file that the container sees at a path: nil when none is mounted there from the stream.
func (c caller) file(path string) (*manifest.Document, place) {
	l := c.read(path)
	if l.Content.Node == nil {
		return nil, place{}
	}
	inside := l.Content.Object.Doc.Inside
	if l.Content.Encoded {
		inside = l.Content.Object.Doc.InsideBase64
	}
	doc, err := inside(l.Content.Node)
	if err != nil {
		return nil, place{}
	}
	return doc, place{id: l.Content.Object.ID, path: path}
}

// read follows a file of settings, and notes what that takes for granted. Many files are looked for that need not be there.
func (c caller) read(path string) link {
	l := c.follow(path, c.at(path, nil))
	switch {
	case l.Found == object.Outside:
		c.notes.assume("%s: %s says nothing else, if it is there (%s)", c, l.Path, l.Why)
	case l.code != NoFile && (l.code != NoKeyInObject || l.Found == object.Copied):
		c.notes.add(l)
	}
	return l
}
