package verify

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// neighbours looks at the other containers of a server's pod: they may call it by the pod's own address, which names no Service.
func (r *reader) neighbours() []mention {
	var found []mention
	for _, s := range r.servers {
		calls := func(text said) string { return localCall(text.text, s.port) }
		for _, c := range s.pod.All() {
			if c.Name == s.Name {
				continue
			}
			for _, field := range []string{"env", "command", "args"} {
				words := object.Get(c.Node, field)
				if words == nil {
					continue
				}
				for _, text := range saidIn(words.YNode(), "") {
					at := place{id: s.object.ID, container: c.Name, path: field, line: s.object.Doc.Line() + text.node.Line - 1}
					found = append(found, r.sweepText(s.object, text, object.Content{}, at, calls)...)
				}
			}
			for _, held := range r.caller(s.object, s.pod, c).mountedFiles() {
				at := place{id: held.Object.ID, container: c.Name, line: held.Object.Doc.Line() + held.Node.Line - 1}
				found = append(found, r.sweepText(s.object, said{node: held.Node}, held, at, calls)...)
			}
		}
	}
	return found
}

// localCall gives the name by which a text calls a port of its own pod, "" when it does not.
func localCall(text, port string) string {
	for _, name := range []string{"localhost", "127.0.0.1", "127.1", "0.0.0.0", "[::1]"} {
		for from := 0; ; {
			i := strings.Index(text[from:], name+":"+port)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(name)+1+len(port)
			from = end
			if (start == 0 || !isHostByte(text[start-1])) && (end == len(text) || !isHostByte(text[end])) {
				return name
			}
		}
	}
	return ""
}

// mountedFiles gives what a container mounts of Secrets and ConfigMaps.
func (c caller) mountedFiles() []object.Content {
	var all []object.Content
	for _, m := range c.Mounts() {
		for _, part := range c.pod.Sources(m.Volume) {
			o := c.Shown(part.Source)
			if o == nil {
				continue
			}
			keys := []string{part.Key}
			if part.Key == "" { // all keys
				keys = o.Keys()
			}
			for _, key := range keys {
				if found, ok := o.Content(key); ok {
					all = append(all, found)
				}
			}
		}
	}
	return all
}
