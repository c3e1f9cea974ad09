package verify

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// A host may stand alone, without scheme and port. What a text means is then said by what it is the value of: ES_HOST
// is a host, FULLNAME is none.

// isHostName tells whether a setting or variable of that name holds a host. Seeds and initial masters are called on
// the nodes' own port.
func isHostName(name string) bool {
	name = strings.Trim(strings.ToLower(name), "\"' ")
	if strings.Contains(name, "seed") || strings.Contains(name, "initial_master") {
		return false
	}
	for _, word := range []string{"host", "url", "addr", "server", "endpoint"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	last := name[strings.LastIndexAny(name, "._-/")+1:]
	return strings.HasSuffix(last, "uri") || strings.HasSuffix(last, "uris") ||
		slices.Contains([]string{"node", "nodes", "elasticsearch", "elastic", "es"}, last)
}

// otherNames are the ends of variables that name something else than a host: FULLNAME, CLUSTER_NAME.
var otherNames = []string{
	"fullname", "username", "clustername", "nodename", "releasename", "appname", "chartname", "podname", "containername", "indexname",
	"jobname", "secretname", "configmapname", "statefulsetname", "deploymentname",
}

// isOtherName holds for names of things that are no hosts. With a domain a text is one, whatever its variable is called.
func isOtherName(name, text string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "")
	isOther := func(end string) bool { return strings.HasSuffix(name, end) }
	return !strings.Contains(text, ".") && !isHostName(name) && slices.ContainsFunc(otherNames, isOther)
}

// isHost gives the Service that a word is, alone, with its domain, or behind the name of a pod.
func (r *reader) isHost(word string) string {
	first, rest, _ := strings.Cut(strings.Trim(word, `"'`), ".")
	second, _, _ := strings.Cut(rest, ".")
	if strings.ContainsAny(rest, " /:\n") {
		return ""
	}
	for _, name := range r.serviceNames() {
		if first == name || second == name {
			return name
		}
	}
	return ""
}

// hostOf gives the Service that the value of a setting or variable names as a host, alone or in a list.
func (r *reader) hostOf(key, text string) string {
	if !isHostName(key) {
		return ""
	}
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(", ;[]", c) }) {
		if service := r.isHost(word); service != "" {
			return service
		}
	}
	return ""
}

// hostIn gives the Service that a text names as a host in one of the ways of files and command lines: es_host =
// search, "host": "search", --host search, Host search, and lists of these.
func (r *reader) hostIn(text string) string {
	if !slices.ContainsFunc(r.serviceNames(), func(name string) bool { return strings.Contains(text, name) }) {
		return ""
	}
	key := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") {
			continue
		}
		words := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t,;{}[]", c) })
		if len(words) == 2 && words[0] == "-" {
			words = words[1:]
		} else if len(words) != 1 || strings.HasSuffix(line, ":") {
			key = ""
		}
		if len(words) == 2 && !strings.ContainsAny(line, ":=") { // Host search
			key, words = words[0], words[1:]
		}
		for i, word := range words {
			at := strings.IndexAny(word, ":=")
			switch {
			case at >= 0 && word[at+1:] != "":
				key = word[:at]
				word = word[at+1:]
			case at > 0:
				key = word[:at]
				continue
			case at == 0: // es_host = search
				if i > 0 {
					key = words[i-1]
				}
				continue
			case strings.HasPrefix(word, "-"):
				key = word
				continue
			}
			if service := r.isHost(word); service != "" && isHostName(key) {
				return service
			}
			if !strings.ContainsAny(line, ",[") && len(words) > 1 {
				key = ""
			}
		}
	}
	return ""
}

// said is a text, and what it is the value of.
type said struct {
	node *yaml.Node
	key  string
	text string
	own  bool // a server is told it: names there are those of its nodes
	all  bool // a value by itself, as that of a variable, or a word of a command
}

// saidIn gives the texts below a node.
func saidIn(n *yaml.Node, key string) []said {
	if n.Kind == yaml.ScalarNode {
		return []said{{node: n, key: key, text: n.Value}}
	}
	var all []said
	for i := range n.Content {
		if name, child := childAt(n, i, key); child != nil {
			all = append(all, saidIn(child, name)...)
		}
	}
	return all
}

// childAt gives a child of a list or mapping and what it is called, nil for a key: in a list as the list, or as the
// option before it.
func childAt(n *yaml.Node, i int, key string) (string, *yaml.Node) {
	switch {
	case n.Kind == yaml.SequenceNode && i > 0 && strings.HasPrefix(n.Content[i-1].Value, "-"):
		return n.Content[i-1].Value, n.Content[i]
	case n.Kind == yaml.SequenceNode:
		return key, n.Content[i]
	case n.Kind == yaml.MappingNode && i%2 == 1:
		return keyAt(n, i-1), n.Content[i]
	}
	return "", nil
}

// keyAt names an entry of a mapping: that of a variable by the variable.
func keyAt(n *yaml.Node, i int) string {
	key := n.Content[i].Value
	for j := 0; key == "value" && j+1 < len(n.Content); j += 2 {
		if n.Content[j].Value == "name" {
			return n.Content[j+1].Value
		}
	}
	return key
}

// isOwn holds for what a server itself is told: its names there are its own.
func (r *reader) isOwn(o *object.Object, container string) bool {
	return slices.ContainsFunc(r.servers, func(s *server) bool { return s.object == o && s.Name == container })
}
