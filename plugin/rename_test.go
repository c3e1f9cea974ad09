package plugin

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestNamesDecideNothing renames every object, label value, server container, registry and namespace of a release in a consistent
// way: the plan, or the refusal, must be the same, under the new names.
func TestNamesDecideNothing(t *testing.T) {
	for _, name := range []string{"release", "elasticsearch-default", "kibana-helm4"} {
		renamed(t, name, read(t, filepath.Join("testdata/charts", name, "input.yaml")), func(renaming) config.Settings {
			return realSettings(config.ModeCertToken, config.Required)
		})
	}
}

// renamed holds a stream to the same plan, or the same refusal, under other names.
func renamed(t *testing.T, name string, input []byte, settings func(renaming) config.Settings) {
	values := regexp.MustCompile(`(elk-mtls.dev/checksum\]\n    \+ |\(namespace )[^)\n]*|(renew -n )\S*`) // made from names, as they should be
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		names := collectNames(t, input)
		before := reportOf(t, rewrite(t, input, nil), settings(nil))
		after := reportOf(t, rewrite(t, input, names), settings(names))
		want := strings.NewReplacer("containers[kibana]", "containers[alias-0]", "containers[elasticsearch]", "containers[alias-0]",
			`container "kibana"`, `container "alias-0"`, `container "elasticsearch"`, `container "alias-0"`, "kibana/kibana", "kibana/alias-0").Replace(names.in(before))
		if diff := cmp.Diff(values.ReplaceAllString(want, "$1$2"), values.ReplaceAllString(after, "$1$2")); diff != "" {
			t.Errorf("the plan depends on a name (-want +got):\n%s", diff)
		}
	})
}

func reportOf(t *testing.T, input []byte, settings config.Settings) string {
	t.Helper()
	_, outcome, err := transform(input, settings)
	if err != nil {
		return err.Error()
	}
	return outcome.Text() + outcome.Diff()
}

// renaming maps old names to new ones.
type renaming map[string]string

func (r renaming) name(old, prefix string) {
	if _, ok := r[old]; !ok && old != "" {
		r[old] = fmt.Sprintf("%s%d-renamed", prefix, len(r))
	}
}

// keep leaves the names that cannot be told from other words of a text: plain words, and those of programs, which are in paths.
func (r renaming) keep(names []string, input string) {
	text := strings.ReplaceAll(input, ":9200", "")
	for _, name := range names {
		if !strings.Contains(name, "-") || regexp.MustCompile(`[/ ]`+regexp.QuoteMeta(name)+`(/|:\d|:\n|\.ya?ml)`).MatchString(text) {
			r[name] = name
		}
	}
}

// in renames whole words of a text, longer ones first. Words without a dash also occur in paths and images, and stay.
func (r renaming) in(text string) string {
	var names []string
	for old := range r {
		if strings.Contains(old, "-") {
			names = append(names, old)
		}
	}
	sort.Slice(names, func(i, j int) bool { return len(names[i]) > len(names[j]) })
	for _, old := range names {
		var b strings.Builder
		rest := text
		for {
			i := strings.Index(rest, old)
			if i < 0 {
				break
			}
			end := i + len(old)
			whole := (i == 0 || !isWord(rest[i-1])) && (end == len(rest) || !isWord(rest[end]) || isOurs(rest[end:]))
			b.WriteString(rest[:i])
			if whole {
				b.WriteString(r[old])
			} else {
				b.WriteString(old)
			}
			rest = rest[end:]
		}
		text = b.String() + rest
	}
	return text
}

func isOurs(suffix string) bool { return strings.HasPrefix(suffix, "-elk-mtls") }

func isWord(c byte) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// nameFields are fields that hold the name of an object, wherever they stand.
var nameFields = []string{"secretName", "serviceAccountName", "serviceAccount", "serviceName", "namespace"}

func collectNames(t *testing.T, input []byte) renaming {
	r := renaming{}
	var all []string
	eachObject(t, input, func(root *yaml.Node) {
		all = append(all, object.Text(root, "metadata", "name"))
		visit(root, func(_, parent string, value *yaml.Node) {
			if parent == "labels" && strings.Contains(value.Value, "-") {
				all = append(all, value.Value)
			}
		})
	})
	r.keep(all, string(input))
	eachObject(t, input, func(root *yaml.Node) {
		r.name(object.Text(root, "metadata", "name"), "object")
		visit(root, func(field, parent string, value *yaml.Node) {
			switch {
			case slices.Contains(nameFields, field), field == "name" && slices.Contains([]string{"secretKeyRef", "configMap", "service"}, parent):
				r.name(value.Value, "object")
			case slices.Contains([]string{"labels", "matchLabels", "selector"}, parent):
				r.name(value.Value, "label")
			}
		})
	})
	return r
}

// rewrite encodes the stream anew, renamed where names are given.
func rewrite(t *testing.T, input []byte, names renaming) []byte {
	var b strings.Builder
	eachObject(t, input, func(root *yaml.Node) {
		if names != nil {
			visit(root, func(field, parent string, value *yaml.Node) {
				switch {
				case field == "image":
					value.Value = "mirror.example:5000/team/" + path.Base(value.Value)
				case slices.Contains([]string{"labels", "matchLabels", "selector"}, parent),
					field == "matchNames", // namespaces
					slices.Contains(nameFields, field),
					field == "name" && slices.Contains([]string{"metadata", "secretKeyRef", "configMap", "service", "roleRef"}, parent):
					if fresh, ok := names[value.Value]; ok {
						value.Value = fresh
					}
				default:
					value.Value = names.in(value.Value)
				}
			})
			renameContainers(root)
		}
		text, err := yaml.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n" + string(text))
	})
	return []byte(b.String())
}

// renameContainers gives containers other names, as an alias of a subchart does.
func renameContainers(root *yaml.Node) {
	for _, at := range [][]string{{"spec", "template", "spec", "containers"}} {
		for i, c := range object.Items(root, at...) {
			if name := object.Text(c, "name"); name == "kibana" || name == "elasticsearch" {
				object.Get(c, "name").Value = fmt.Sprintf("alias-%d", i)
			}
		}
	}
}

func eachObject(t *testing.T, input []byte, do func(root *yaml.Node)) {
	t.Helper()
	s, err := manifest.Split(input)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range s.Documents() {
		root, err := doc.Root()
		if err != nil {
			t.Fatal(err)
		}
		if root != nil {
			do(root)
		}
	}
}

// visit calls do for every scalar with the field that it stands under and the field above that.
func visit(n *yaml.Node, do func(field, parent string, value *yaml.Node)) {
	var walk func(n *yaml.Node, field, parent string)
	walk = func(n *yaml.Node, field, parent string) {
		switch n.Kind {
		case yaml.ScalarNode:
			do(field, parent, n)
		case yaml.SequenceNode:
			for _, item := range n.Content {
				walk(item, field, parent)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], n.Content[i].Value, field)
			}
		}
	}
	walk(n, "", "")
}
