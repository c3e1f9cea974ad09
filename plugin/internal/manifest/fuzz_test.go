package manifest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

func FuzzSplit(f *testing.F) {
	for _, c := range streamCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := Split(in)
		if err != nil {
			return
		}
		out, err := s.Bytes()
		if err != nil || !bytes.Equal(in, out) {
			t.Fatalf("Join(Split(x)) is not x: %q, %v", out, err)
		}
	})
}

// FuzzEdit makes random changes to random documents. Whatever it does, an untouched document keeps its bytes, an edited
// one is refused or parses to the changed tree, and nothing panics.
func FuzzEdit(f *testing.F) {
	for i, text := range nastyDocuments {
		f.Add([]byte(text), uint64(i))
	}
	for _, file := range []string{"testdata/elasticsearch.yaml", "testdata/clients.yaml"} {
		in, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i, d := range mustSplit(f, string(in)).Documents() {
			f.Add(d.Text(), uint64(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		checkRandomEdit(t, text, rand.New(rand.NewPCG(seed, 0)))
	})
}

func TestRandomEditsAreSplicedOrRefused(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(200) {
		for _, text := range nastyDocuments {
			count[checkRandomEdit(t, []byte(text), rand.New(rand.NewPCG(seed, 1)))]++
		}
	}
	for _, how := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%6d %s", count[how], how)
	}
	if count["spliced"] < 5000 {
		t.Error("too few edits are spliced: the test tests little, or too much is refused")
	}
	if n := count["refused: the edited text would say something else"]; n > 0 {
		t.Errorf("the net had to catch %d edits: a rule is missing", n)
	}
}

// New entries behind others cost the old ones no line, whatever stands around them.
func TestRandomInsertionsLoseNoLine(t *testing.T) {
	for seed := range uint64(300) {
		for _, text := range nastyDocuments {
			r := rand.New(rand.NewPCG(seed, 2))
			d, err := Parse([]byte(text))
			if err != nil || d.root == nil || !strings.HasSuffix(text, "\n") {
				continue
			}
			if err := d.Edit(func(root *yaml.Node) error { insertAnywhere(r, root); return nil }); err != nil {
				t.Fatal(err)
			}
			out, err := d.Bytes()
			if err != nil {
				continue
			}
			if n := lostLines([]byte(text), out); n > 0 {
				t.Errorf("%d lines lost (-before +after):\n%s", n, cmp.Diff(text, string(out)))
			}
		}
	}
}

// insertAnywhere puts an entry behind the first of a random block collection.
func insertAnywhere(r *rand.Rand, root *yaml.Node) {
	var all []*yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if len(n.Content) > 0 && n.Style&yaml.FlowStyle == 0 {
			all = append(all, n)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	if walk(root); len(all) == 0 {
		return
	}
	n := all[r.IntN(len(all))]
	size := step(n.Kind)
	added := []*yaml.Node{randomScalar(r), randomNode(r, 2)}[2-size:]
	n.Content = slices.Insert(n.Content, (1+r.IntN(len(n.Content)/size))*size, added...)
}

// checkRandomEdit tells how the edit went, in words that can be counted.
func checkRandomEdit(t *testing.T, text []byte, r *rand.Rand) string {
	t.Helper()
	d, err := Parse(text)
	if err != nil || d.root == nil {
		return "not parsed"
	}
	if r.IntN(4) == 0 {
		editInside(r, d)
	}
	for range 1 + r.IntN(4) {
		if err := d.Edit(func(root *yaml.Node) error { editAnywhere(r, root); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	out, err := d.Bytes()
	if err != nil {
		_, why, _ := strings.Cut(err.Error(), "without rewriting it: ")
		return "refused: " + why
	}
	got, err := parse(out)
	if err != nil {
		t.Fatalf("the text does not parse: %v\n%s", err, out)
	}
	if diff := cmp.Diff(dump(d.root), dump(got)); diff != "" {
		t.Fatalf("the text says something else (-tree +text):\n%s\n%s", diff, out)
	}
	again, err := d.Bytes()
	if err != nil || !bytes.Equal(out, again) {
		t.Fatalf("a second Bytes differs: %v\n%s", err, again)
	}
	return d.How()
}

// dump writes what a tree says, one node a line. It is not the net's comparison, which is under test.
func dump(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagNull {
		return "null &" + n.Anchor + "\n"
	}
	s := fmt.Sprintf("%v %s &%s %q\n", n.Kind, n.ShortTag(), n.Anchor, n.Value)
	for _, child := range n.Content {
		s += "  " + strings.ReplaceAll(dump(child), "\n", "\n  ") + "\n"
	}
	return s
}

var nastyValues = []string{
	"", "x", "yes", "on", "1:30", "0440", "2001-01-01", "=", "<<", "~", "null", "a: b", "a #b", "- x", "it's", `"q"`, "é ü", "a\nb\n", "a\nb",
	"a\n\n", "\n", " lead\nx\n", "tab\tx", "\ttab\n", "a\rb", "\u2028", "\u0085", "\ufeff", "{x}", "[x", "a,b", "*a", "&a", "!t", "%d", "@x", "`", "---",
	"...", "a\n  \nb\n", "x:", ":x", "-", "?", "-1", ".5", "a\\b", "\x01", "\U0001F600", "a b c d", "#c", "a\n---\nb\n", "true", "0x1F", "1e3", "12",
}

// editAnywhere makes one change at a random place.
func editAnywhere(r *rand.Rand, root *yaml.Node) {
	n := root
	for len(n.Content) > 0 && r.IntN(4) > 0 {
		i := r.IntN(len(n.Content))
		if n = n.Content[i]; n.Kind == yaml.ScalarNode && i%2 == 0 && r.IntN(4) == 0 {
			n.Value, n.Tag = nastyValues[r.IntN(len(nastyValues))], yaml.NodeTagString // a key, or an item
			return
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		editScalar(r, n)
	case yaml.MappingNode, yaml.SequenceNode:
		editCollection(r, n)
	}
}

// editInside makes a change in the first text of the document that holds a mapping.
func editInside(r *rand.Rand, d *Document) {
	var walk func(n *yaml.Node) bool
	walk = func(n *yaml.Node) bool {
		if inner, err := d.Inside(n); err == nil && inner.root != nil && inner.root.Kind == yaml.MappingNode {
			return inner.Edit(func(root *yaml.Node) error { editAnywhere(r, root); return nil }) == nil
		}
		for i := step(n.Kind) - 1; i < len(n.Content); i += step(n.Kind) {
			if walk(n.Content[i]) {
				return true
			}
		}
		return false
	}
	walk(d.root)
}

func editScalar(r *rand.Rand, n *yaml.Node) {
	switch r.IntN(6) {
	case 0:
		*n = *randomNode(r, 2)
	case 1:
		n.Value, n.Tag = "12", "!!int"
		n.Style = 0
	case 2:
		lines := strings.Split(n.Value, "\n")
		i := r.IntN(len(lines))
		lines = append(lines[:i:i], append([]string{nastyValues[r.IntN(len(nastyValues))]}, lines[i:]...)...)
		n.SetString(strings.Join(lines, "\n"))
	case 3:
		lines := strings.Split(n.Value, "\n")
		i := r.IntN(len(lines))
		n.Value = strings.Join(append(lines[:i:i], lines[i+1:]...), "\n")
		n.Tag = yaml.NodeTagString
	default:
		n.Value, n.Tag = nastyValues[r.IntN(len(nastyValues))], yaml.NodeTagString
	}
}

func editCollection(r *rand.Rand, n *yaml.Node) {
	size := step(n.Kind)
	count := len(n.Content) / size
	i := r.IntN(count+1) * size
	switch r.IntN(5) {
	case 0, 1:
		added := []*yaml.Node{randomNode(r, 2)}
		if size == 2 {
			added = append([]*yaml.Node{randomScalar(r)}, added...)
		}
		n.Content = append(n.Content[:i:i], append(added, n.Content[i:]...)...)
		if r.IntN(2) == 0 {
			n.Style &^= yaml.FlowStyle
		}
	case 2, 3:
		if count > 0 {
			i = r.IntN(count) * size
			n.Content = append(n.Content[:i:i], n.Content[i+size:]...)
		}
	case 4:
		if r.IntN(4) == 0 {
			*n = *randomNode(r, 2)
		} else if count > 1 && size == 1 {
			n.Content[0], n.Content[count-1] = n.Content[count-1], n.Content[0]
		}
	}
}

func randomScalar(r *rand.Rand) *yaml.Node {
	styles := []yaml.Style{0, 0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, yaml.LiteralStyle}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: nastyValues[r.IntN(len(nastyValues))], Style: styles[r.IntN(len(styles))]}
}

func randomNode(r *rand.Rand, depth int) *yaml.Node {
	kinds := []yaml.Kind{yaml.ScalarNode, yaml.MappingNode, yaml.SequenceNode}
	n := &yaml.Node{Kind: kinds[r.IntN(3)]}
	if depth == 0 || n.Kind == yaml.ScalarNode {
		if r.IntN(8) == 0 {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagNull}
		}
		return randomScalar(r)
	}
	if r.IntN(4) == 0 {
		n.Style = yaml.FlowStyle
	}
	for range r.IntN(3) * step(n.Kind) {
		if n.Kind == yaml.MappingNode && len(n.Content)%2 == 0 {
			n.Content = append(n.Content, randomScalar(r))
			continue
		}
		n.Content = append(n.Content, randomNode(r, depth-1))
	}
	return n
}

var nastyDocuments = []string{
	"a: é # c\nü: \"ö\" # d\n",
	"a: 1\r\nb:\r\n- x\r\n- y: |\r\n    z\r\n",
	"a: \"x\u0085 y\"\nb: \"x\u2028 y\"\nc: 1\n",
	"\ufeffa: 1\nb: 2\n",
	"--- # c\na: 1\n",
	"--- {a: 1, b: [x, y], c: {}, d: []}\n",
	"--- |\n text\n",
	"%YAML 1.1\n---\na: 1\n...\n",
	"a: &x\n  b: 1\nc: *x\nd: &y [1, 2]\ne: !!str 3\nf: &z v\n",
	"a: ! 12\nb: !t {x: 1}\nc: !t\n  x: 1\n",
	"- a\n- # c\n  b\n-\n- \n  d: 1\n  e: 2\n- - x\n  - y\n",
	"a:\nb: null\nc: ~ # c\nd: {g}\ne: [a: b]\nf: {h: , i: 1}\n",
	"? a\n: 1\n? b\nc: 2\n? |\n  k\n: v\n",
	"a: \"x\n\n  y\nz\"\nb: 'p\n q'\nc: [1,\n2 # c\n, 3\n]\nd: {x: 1,\n}\n",
	"a: |2+\n    x\n\n\nb: >-\n  f\n  g\n\n  h\nc: | # hc\n  x\n   y\n\nd: |-\n  x\n",
	"a: |\n  x\n  # y\n# z\nb: 1",
	"a: |\n  x\n  y",
	"a: x\n  y\n\n  z\nb: 1\n",
	"a: 1\na: 2\nb: {x: 1, x: 2}\n",
	"data:\n  f.yml: |\n    a: é\n    b:\n    - c # d\n    -\n      e: |2-\n         f\n  g: \"h: 1\\n\"\n",
	"f: |+\n   # c\n   ---\n   a: {b: c}\n   d:\n   ---\n   e: 1\n\n\ng: 1\n", "f: 'a: 1'\ng: >\n  b: 2\n\n  c: 3\n",
	"- name: x # n\n  # about v\n  value: y\n\n# foot\n- name: z\n",
	"a:\n    b:\n    -   c: 1\n        d: 2\n    -   e\n",
	"{\n  \"a\": 1,\n  \"b\": [\"x\", {\"c\": null}],\n  \"d\" : {}\n}\n",
	"a: [b, c, ]\nd: { e: f, }\ng: [ ]\nh: { }\n",
	"metadata:\n  labels: {}\n  annotations:\n    # only a comment\nspec:\n  volumes: []\n  x:\n",
	"- - - a\n    - b\n  - c\n- d\n",
	"a: *\u0041\n",
	"x\n", "[a, b]\n", "'s'\n", "a: -\n", "k: \"a\\\n  b\"\nl: 'it''s'\n",
	"a:\n- b\n- c:\n  - d\ne:\n  - f\n",
	"a: |+\n  x\n\nb: |+\n  y\n",
	"a: >\n  x\n  y\n\n\nb: 1\n",
	"\"a b\": 1\n'c': 2\n? d\n: 3\n",
	"a:   x   # c\nb:\t\ty\t# d\n",
	"a:\n  # c1\n  b: 1\n  # c2\n\n  # c3\n  c: 2 # c4\n    # c5\n  d: |\n    x\n    # c6\n   # c7\n  # c8\n",
}
