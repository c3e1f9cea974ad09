package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// covered is an address that a planned connection reads.
type covered struct {
	object *object.Object
	edit   patch.Edit
	values []string
}

// cover notes that the address of a connection is taken care of, and so are the variables in it.
func (p *planner) cover(w *recognise.Workload, s *setting) {
	if s == nil {
		return
	}
	e := s.edit
	e.Value = nil
	p.covers = append(p.covers, covered{s.object, e, s.Values})
	for _, text := range s.Values {
		p.coverVariables(w, text)
	}
	if s.script != nil {
		for _, name := range s.script.Env {
			p.coverVariables(w, "${"+name+"}")
		}
	}
}

func (p *planner) coverVariables(w *recognise.Workload, text string) {
	node := w.Main.Node.YNode()
	if p.variables[node] == nil {
		p.variables[node] = map[string]bool{}
	}
	for {
		i := strings.Index(text, "$")
		if i < 0 || i+1 == len(text) {
			return
		}
		if text = text[i+1:]; text[0] != '{' && text[0] != '(' {
			continue
		}
		end := strings.IndexAny(text, ":})")
		if end < 0 {
			return
		}
		name := text[1:end]
		text = text[end:]
		if p.variables[node][name] {
			continue
		}
		p.variables[node][name] = true
		at := containerPath(w.Main).Field("env").Item("name", name).Field("value")
		p.covers = append(p.covers, covered{object: w.Object, edit: patch.Edit{Path: at}})
		if e, ok := w.Main.Env(name); ok {
			p.coverVariables(w, e.Value)
		}
	}
}

// isCovered tells whether a planned connection reads what stands at a place.
func (p *planner) isCovered(o *object.Object, at patch.Edit) bool {
	return slices.ContainsFunc(p.covers, func(c covered) bool {
		return c.object == o && slices.Equal(c.edit.Path, at.Path) && len(c.edit.Inside) <= len(at.Inside) && slices.Equal(c.edit.Inside, at.Inside[:len(c.edit.Inside)])
	})
}

// isSameAddress tells whether a text of a workload is the very address that a planned connection has in another of its variables or arguments.
func (p *planner) isSameAddress(o *object.Object, text string) bool {
	return slices.ContainsFunc(p.covers, func(c covered) bool { return c.object == o && slices.Contains(c.values, text) })
}

// isCoveredLine tells the same of a line of a file that is no YAML: it holds an address that a connection in that file has.
func (p *planner) isCoveredLine(o *object.Object, at patch.Edit, line string) bool {
	return slices.ContainsFunc(p.covers, func(c covered) bool {
		return c.object == o && slices.Equal(c.edit.Path, at.Path) &&
			(c.edit.Inside == nil || slices.ContainsFunc(c.values, func(value string) bool { return value != "" && strings.Contains(line, value) }))
	})
}

// openedAt gives the YAML file that a plan has opened at a place.
func (p *planner) openedAt(o *object.Object, at patch.Path) *embedded {
	i := slices.IndexFunc(p.opened, func(f *embedded) bool { return f.object == o && slices.Equal(f.path, at) })
	if i < 0 {
		return nil
	}
	return p.opened[i]
}

// care notes that every call of a container is taken care of, or reported already.
func (p *planner) care(c object.Container) { p.cared[c.Node.YNode()] = true }

func (p *planner) caredFor(o *object.Object, c object.Container) bool {
	return p.cared[c.Node.YNode()] || p.listed(o.ID, c.Name)
}

// reader is a container that reads a ConfigMap or Secret.
type reader struct {
	object    *object.Object
	container object.Container
}

func (r reader) ref() string { return r.object.ID.String() + "/" + r.container.Name }

// readers gives the containers of the stream that read a key of a ConfigMap or Secret: as files or as variables. An init container beside one that
// is taken care of prepares its files.
func (p *planner) readers(o *object.Object, key string) ([]reader, error) {
	pods, err := p.release.Pods([]string{o.Name})
	if err != nil {
		return nil, err
	}
	for _, w := range slices.Concat(p.release.Nodes, p.release.Kibanas) {
		pods = append(pods, w.Object)
	}
	var all []reader
	for _, user := range pods {
		pod, ok := user.Pod()
		if !ok || p.removed[user] || !visible(user, object.Source{Namespace: o.Namespace}) {
			continue
		}
		prepared := slices.ContainsFunc(pod.Containers(), func(c object.Container) bool { return p.caredFor(user, c) })
		for _, c := range append(pod.Containers(), pod.InitContainers()...) {
			if c.Reads(o.Kind, o.Name, key) && !(prepared && c.List == "initContainers") {
				all = append(all, reader{user, c})
			}
		}
	}
	return all, nil
}

// calledIn gives the first of names that a text calls as a host, "" when there is none. Lines that are comments name nothing.
func calledIn(text string, names []string) string {
	for line := range strings.Lines(text) {
		if name := calledInLine(line, names); name != "" {
			return name
		}
	}
	return ""
}

func calledInLine(line string, names []string) string {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "// ") {
		return ""
	}
	for _, name := range names {
		if callsHost(line, name) || setsHost(trimmed, name) {
			return name
		}
	}
	return ""
}

// setsHost holds for a line that gives a host by its bare name, in one of the ways of configuration files: es_host: es, Host es, URL = es.
func setsHost(line, host string) bool {
	if !strings.Contains(line, host) {
		return false
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n:=>\"',[]{}", r) })
	if len(words) > 0 && words[0] == "-" {
		words = words[1:]
	}
	return len(words) == 2 && isHostName(words[0]) && isHostWord(words[1], host)
}

// isHostName tells whether a setting or variable of that name holds a host.
func isHostName(name string) bool {
	name = strings.ToLower(name)
	return !strings.Contains(name, "seed") && slices.ContainsFunc([]string{"host", "url", "addr", "server", "endpoint"}, func(word string) bool { return strings.Contains(name, word) })
}
