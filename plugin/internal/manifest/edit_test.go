package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

type editCase struct {
	name     string
	in, want string
	change   change
}

func runEdits(t *testing.T, cases []editCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Edit(c.change); err != nil {
				t.Fatal(err)
			}
			got, err := d.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := map[bool]string{true: "same", false: "spliced"}[c.in == c.want]; d.How() != want {
				t.Errorf("How gives %q, want %q", d.How(), want)
			}
		})
	}
}

// Where the parser says that a node stands, and where it does not.
func TestEditsFindTheirPlace(t *testing.T) {
	runEdits(t, []editCase{
		{"columns count characters, not bytes", "é: ü # c\n", "é: w # c\n", set("é", "w")},
		{"CR LF ends a line", "a: 1\r\nb: 2\r\n", "a: 1\r\nb: 3\r\nc: 4\r\n", all(set("b", "3"), set("c", "4"))},
		{"NEL and LS end a line, in quotes too", "a: \"x\u0085 y\"\nb: \"x\u2028 y\"\nc: 1\n", "a: \"x\u0085 y\"\nb: \"x\u2028 y\"\nc: 2\n", set("c", "2")},
		{"a lone CR ends a line", "a: \"x\r y\"\nb: 1\n", "a: \"x\r y\"\nb: 2\n", set("b", "2")},
		{"a byte order mark is not counted", "\ufeffa: 1\n", "\ufeffa: 2\n", set("a", "2")},
		{"the marker line is counted", "--- # c\na: 1\n", "--- # c\na: 2\n", set("a", "2")},
		{"content may stand on the marker line", "--- {a: 1}\n", "--- {a: 2}\n", set("a", "2")},
		{"directives are counted", "%YAML 1.1\n---\na: 1\n...\n", "%YAML 1.1\n---\na: 1\nb: 2\n...\n", set("b", "2")},
		{"an anchor above a mapping is not its indentation", "a: &x\n    b: 1\nc: *x\n", "a: &x\n    b: 1\n    d: 2\nc: *x\n", set("a.d", "2")},
		{"an anchor above a list is not its first dash", "a: &x\n- b\nc: *x\n", "a: &x\n- new\n- b\nc: *x\n", insert("a", 0, "new")},
		{"a scalar keeps its anchor", "a: &x v\nb: *x\n", "a: &x w\nb: *x\n", set("a", "w").keepAnchor("a", "x")},
		{"a tagged collection can get entries", "a: !t\n  b: 1\n", "a: !t\n  b: 1\n  c: 2\n", set("a.c", "2")},
		{"a dash may stand alone above its item", "- # c\n  b: 1\n-\n  d: 1\n- e\n", "- # c\n  b: 1\n- e\n", remove("1")},
		{"an item of nothing is right behind its dash", "- a\n-\n- b\n", "- a\n- x\n- b\n", set("1", "x")},
		{"a null is right behind its colon", "a:\nb: # c\nd: 1\n", "a: 1\nb: 2 # c\nd: 1\n", all(set("a", "1"), set("b", "2"))},
		{"a null may be written", "a: ~ # c\nb: null\n", "a: 1 # c\nb: 2\n", all(set("a", "1"), set("b", "2"))},
		{"all spellings of null are the same", "a: ~\nb:\n", "a: ~\nb:\n", all(set("a", "null"), set("b", "~"))},
		{"a null may have an anchor", "a: &x\nb: *x\n", "a: &x 1\nb: *x\n", set("a", "1").keepAnchor("a", "x")},
		{"a mapping in a list between brackets may lack braces", "a: [b: c]\n", "a: [b: d]\n", set("a.0.b", "d")},
		{"the value of a key with a question mark can be edited", "? a\n: b: 1\n", "? a\n: b: 2\n", set("a.b", "2")},
		{"an anchored mapping is edited for all its uses", "a: &x {k: 1}\nb: *x\n", "a: &x {k: 2}\nb: *x\n", set("a.k", "2")},
		{"a quoted scalar may go on in the first column", "a: \"x\n\ny\n z\"\nb: 1\n", "a: 2\nb: 1\n", set("a", "2")},
		{"brackets may close in the first column", "a: [1,\n2 # c\n, 3\n]\nb: 1\n", "a: [1,\n2 # c\n, 3, 4\n]\nb: 1\n", insert("a", 3, "4")},
		{"a plain scalar may have several lines", "a: x\n  y\n\n  z # c\nb: 1\n", "a: w # c\nb: 1\n", set("a", "w")},
		{"a block scalar ends with its text", "a: >-\n  f\n\n   g\n\n# c\nb: 1\n", "a: 2\n\n# c\nb: 1\n", set("a", "2")},
		{"with a plus it ends with the blank lines", "a: |+\n  f\n\n\nb: 1\n", "a: 2\nb: 1\n", set("a", "2")},
		{"quotes may hold quotes", "a: 'it''s' # c\nb: \"\\\"\" # c\n", "a: 'x' # c\nb: \"y\" # c\n", all(text("a", "x"), text("b", "y"))},
		{"edited and back again is the same", "a: 1\n", "a: 1\n", all(set("a", "2"), set("a", "1"))},
		{"style and comments are no change", "a: 1 # c\n", "a: 1 # c\n", func(r *yaml.Node) error { r.Content[1].LineComment = "x"; return nil }},
		{"of duplicate keys each keeps its place", "a: 1\na: 2\nb: 3\n", "a: 1\na: 2\nb: 4\n", set("b", "4")},
	})
}

// keepAnchor puts an anchor that the change took off back on.
func (c change) keepAnchor(path, anchor string) change {
	return all(c, func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path)
		if err == nil {
			i, _ := find(parent, name)
			parent.Content[i].Anchor = anchor
		}
		return err
	})
}

func TestInsertions(t *testing.T) {
	runEdits(t, []editCase{
		{"go below the last line of the entry before", "a: 1 # c\n\n# foot\n", "a: 1 # c\nb: 2\n\n# foot\n", set("b", "2")},
		{"go below a list at the end of the entry before", "a:\n- x\n- y: |\n    z\n\n", "a:\n- x\n- y: |\n    z\nb: 2\n\n", set("b", "2")},
		{"in front of all go above the comments of the first", "m:\n  # c\n  # d\n  a: 1\n", "m:\n  b: 2\n  # c\n  # d\n  a: 1\n", insert("m", 0, "b: 2")},
		{"in front of a key behind a dash go there", "- a: 1 # c\n  b: 2\n", "- x: 0\n  a: 1 # c\n  b: 2\n", insert("0", 0, "x: 0")},
		{"in front of an item of a list in a list", "- - a\n  - b\n", "- - x\n  - a\n  - b\n", insert("0", 0, "x")},
		{"in front of a list", "l:\n# c\n- a\n", "l:\n- x\n# c\n- a\n", insert("l", 0, "x")},
		{"in the middle of a list", "- a\n# c\n- b\n", "- a\n- x: 1\n  v:\n  - z\n# c\n- b\n", insert("", 1, "{x: 1, v: [z]}").unflow("1")},
		{"of the inner list come before those of the outer", "a:\n- b:\n  - c\n", "a:\n- b:\n  - c\n  - d\n- e\nf: 1\n", all(insert("a.0.b", 1, "d"), insert("a", 1, "e"), set("f", "1"))},
		{"turn a null into lines", "a: # c\nb: 1\n", "a: # c\n  x: 1\nb: 1\n", set("a", "x: 1")},
		{"go above what was commented out below a null", "a:\n  # x: 2\nb: 1\n", "a:\n  x: 1\n  # x: 2\nb: 1\n", set("a", "x: 1")},
		{"turn empty brackets into lines", "a: {} # c\nb: []\nc: 1\n", "a: # c\n  x: 1\nb:\n- w\nc: 1\n", all(insert("a", 0, "x: 1"), insert("b", 0, "w"))},
		{"turn empty brackets below their key into lines", "a:\n    {}\nb: 1\n", "a:\n  x: 1\nb: 1\n", insert("a", 0, "x: 1")},
		{"turn a null above a line of blanks into lines", "a:\n      \nb: 1\n", "a:\n  x: 1\n      \nb: 1\n", set("a", "x: 1")},
		{"turn a written null into lines", "a: null # c\nb: ~\n", "a: # c\n  x: 1\nb:\n- w\n", all(set("a", "x: 1"), set("b", "- w"))},
		{"turn an item of nothing into a mapping", "-\n- {}\n", "- x: 1\n- w: 2\n", all(set("0", "x: 1"), set("1", "w: 2"))},
		{"between brackets stay on the line", "a: {x: 1, y: [b]} # c\n", "a: {x: 1, y: [b, c], z: {k: \"a,b\"}} # c\n", all(insert("a.y", 1, "c"), set("a.z", "k: a,b"))},
		{"in front between brackets", "a: [b, c]\n", "a: [x, b, c]\n", insert("a", 0, "x")},
		{"in JSON are quoted", "{\"a\": [\"x\"]}\n", "{\"a\": [\"x\", \"y\", 1], \"b\": {\"c\": \"d\"}}\n", all(insert("a", 1, "y"), insert("a", 2, "1"), set("b", "c: d"))},
		{"follow lists that stand to the right of their key", "a:\n  - x\nb:\n  c: 1\n", "a:\n  - x\nb:\n  c: 1\n  d:\n    - w\n", set("b.d", "- w")},
		{"follow lists that stand under their key", "a:\n- x\nb:\n  - y\nc:\n- z\n", "a:\n- x\nb:\n  - y\nc:\n- z\nd:\n- w\n", set("d", "- w")},
		{"follow the indentation of their mapping", "a:\n    b: 1\n", "a:\n    b: 1\n    c:\n      d: 2\n", set("a.c", "d: 2")},
		{"follow a list with wide dashes", "-   a: 1\n    b: 2\n-   c\n", "-   a: 1\n    b: 2\n    d: 3\n-   c\n- e\n", all(set("0.d", "3"), insert("", 2, "e"))},
		{"at a file's end without line end leave it without", "a: 1\nb: 2", "a: 1\nb: 2\nc: 3", set("c", "3")},
		{"at a file's end without line end, several", "a:\n  b: 2", "a:\n  b: 2\n  c: 3\nd: 4", all(set("a.c", "3"), set("d", "4"))},
		{"at a file's end without line end, a literal block", "a: 1", "a: 1\nb: |\n  x\n  y\n", set("b", "|\n  x\n  y\n")},
		{"below a literal block without its last line end, mark it", "a: |\n  x", "a: |-\n  x\nb: 1", set("b", "1")},
		{"below a folded block with an indicator and no last line end, mark it", "a: >2 # c\n   x", "a: >2- # c\n   x\nb: 1", set("b", "1")},
		{"with CR LF outside end with CR LF", "a: 1\r\nb:\r\n", "a: 1\r\nb:\r\n- x\r\nc: |\r\n  y\r\n  z\r\n", all(set("b", "- x"), set("c", "|\n  y\n  z\n"))},
		{"of a literal block above an indented comment are quoted", "a: 1\n  # c\nb: 2\n", "a: 1\nx: \"y\\nz\\n\"\n  # c\nb: 2\n", insert("", 1, "x: |\n  y\n  z\n")},
	})
}

// unflow makes the collection at path one of lines.
func (c change) unflow(path string) change {
	return all(c, func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path)
		if err == nil {
			i, _ := find(parent, name)
			var walk func(n *yaml.Node)
			walk = func(n *yaml.Node) {
				n.Style &^= yaml.FlowStyle
				for _, child := range n.Content {
					walk(child)
				}
			}
			walk(parent.Content[i])
		}
		return err
	})
}

func TestDeletions(t *testing.T) {
	runEdits(t, []editCase{
		{"take the lines of the entry", "a: 1\n# c\nb:\n- x # d\n# e\nc: 3\n", "a: 1\n# c\n# e\nc: 3\n", remove("b")},
		{"take the comments below that are indented deeper", "a: |\n  x\nb: 1\n    # c\n# d\n", "a: |\n  x\n# d\n", remove("b")},
		{"behind a dash bring up the next key", "- a: 1 # c\n  b: 2 # d\n  c: 3\n", "- b: 2 # d\n  c: 3\n", remove("0.a")},
		{"behind a dash bring up the next key that stays", "- a: 1\n  b: 2\n  c: 3\n", "- c: 3\n", all(remove("0.a"), remove("0.b"))},
		{"of a key behind a dash that another takes the place of", "- a: 1\n  b: 2\n", "- x: 0\n  b: 2\n", all(remove("0.a"), insert("0", 0, "x: 0"))},
		{"of the first item", "l:\n- a: 1\n  b: 2\n- c\n", "l:\n- c\n", remove("l.0")},
		{"of the only entry leave empty brackets behind the key", "a: # c\n  b: 1 # d\nc: 2\n", "a: {} # c\nc: 2\n", remove("a.b")},
		{"of the only item leave empty brackets behind the key", "a:\n# c\n- b\nc: 2\n", "a: []\nc: 2\n", remove("a.0")},
		{"of the only entry behind a dash", "- a: 1 # c\n- b\n", "- {} # c\n- b\n", remove("0.a")},
		{"between brackets", "a: [b, c, d] # e\n", "a: [c] # e\n", all(remove("a.0"), remove("a.1"))},
		{"of an item below its dash", "- # c\n  a: 1\n- b\n", "- b\n", remove("0")},
		{"of the last of three between brackets with a comma behind", "a: [b, c, d, ] # e\n", "a: [b, c, ] # e\n", remove("a.2")},
		{"between brackets, the last", "a: {b: 1, c: 2}\n", "a: {b: 1}\n", remove("a.c")},
		{"between brackets, all", "a: {b: 1, c: 2}\n", "a: {}\n", all(remove("a.b"), remove("a.c"))},
		{"of the last entry of a file without line end", "a: 1\nb: 2", "a: 1\n", remove("b")},
		{"and insertions at one place", "a: 1\nb: 2\nc: 3\n", "a: 1\nx: 9\nc: 3\n", all(remove("b"), insert("", 1, "x: 9"))},
		{"of an item that ends in a literal block", "- a: |\n    x\n- b\n", "- b\n", remove("0")},
	})
}

func TestReplacements(t *testing.T) {
	runEdits(t, []editCase{
		{"keep double quotes", "a: \"x\" # c\n", "a: \"y \\\"z\\\"\" # c\n", text("a", `y "z"`)},
		{"keep single quotes", "a: 'x'\n", "a: 'it''s'\n", text("a", "it's")},
		{"keep plain text where that is safe", "a: x\nb: y\n", "a: z w\nb: \"yes\"\n", all(text("a", "z w"), text("b", "yes"))},
		{"keep the space before the value", "a:    x   # c\n", "a:    w   # c\n", text("a", "w")},
		{"of plain text by lines are a literal block, with the comment", "a: x # c\nb: 1\n", "a: | # c\n  y\n  z\nb: 1\n", text("a", "y\nz\n")},
		{"of single-quoted text by lines are a literal block", "a: 'x'\n", "a: |-\n  y\n  z\n", text("a", "y\nz")},
		{"of double-quoted text by lines stay on the line", "a: \"x\"\n", "a: \"y\\nz\\n\"\n", text("a", "y\nz\n")},
		{"of folded text by lines are a literal block", "a: >- # c\n  x\n  y\nb: 1\n", "a: | # c\n  z\n  w\nb: 1\n", text("a", "z\nw\n")},
		{"of a literal block by one word", "a: | # c\n  x\nb: 1\n", "a: |- # c\n  w\nb: 1\n", set("a", "w")},
		{"of a literal block by a number", "a: | # c\n  x\nb: 1\n", "a: 2 # c\nb: 1\n", set("a", "2")},
		{"of a literal block at the end of an item by one word", "- a: |\n    x\n- b\n", "- w\n- b\n", set("0", "w")},
		{"of a scalar by a mapping", "a: x # c\nb: 1\n", "a: # c\n  w: 1\nb: 1\n", set("a", "w: 1")},
		{"of a mapping by a scalar", "a: # c\n  x: 1\n  # d\n  y: 2\nb: 1\n", "a: z # c\nb: 1\n", set("a", "z")},
		{"of a mapping by a list", "a:\n  x: 1\nb: 1\n", "a:\n- z\nb: 1\n", set("a", "- z")},
		{"of an item by a mapping", "- x # c\n- y\n", "- a: 1 # c\n  b: 2\n- y\n", set("0", "{a: 1, b: 2}").unflow("0")},
		{"of all entries", "m:\n  a: 1\n  b: 2\nn: 1\n", "m:\n  c: 3\nn: 1\n", all(remove("m.a"), remove("m.b"), insert("m", 0, "c: 3"))},
		{"keep an anchor", "a: &x\n  b: 1\nc: *x\n", "a: &x {}\nc: *x\n", remove("a.b")},
		{"between brackets", "a: [x, {b: c}]\n", "a: [\"y,z\", [d]]\n", all(set("a.0", "'y,z'"), set("a.1", "[d]"))},
		{"of a key", "a: 1 # c\n", "x y: 1 # c\n", rename("a", "x y")},
		{"of a number by a string get quotes", "port: 9200\n", "port: \"9200\"\n", text("port", "9200")},
		{"of a string by a number lose them", "port: \"9200\"\n", "port: 9200\n", set("port", "9200")},
		{"of a value by null", "a: x # c\n", "a: null # c\n", set("a", "null")},
	})
}

func rename(from, to string) change {
	return func(root *yaml.Node) error {
		i, _ := find(root, from)
		root.Content[i-1].Value = to
		return nil
	}
}

func TestLiteralBlocksChangeOnlyInTheMiddle(t *testing.T) {
	runEdits(t, []editCase{
		{"a line is added at the end", "a: |\n  x\n  y\n\nb: 1\n", "a: |\n  x\n  y\n  z\n\nb: 1\n", text("a", "x\ny\nz\n")},
		{"a line is added in front", "a: |\n  x\n", "a: |\n  z\n  x\n", text("a", "z\nx\n")},
		{"a line in the middle changes", "a: | # c\n   x \n   y\n\n   z\n", "a: | # c\n   x \n   w\n\n   z\n", text("a", "x \nw\n\nz\n")},
		{"a line in the middle goes", "a: |\n  x\n  y\n  z\n", "a: |\n  x\n  z\n", text("a", "x\nz\n")},
		{"an indicator is kept", "a: |2\n    x\n   y\nb: 1\n", "a: |2\n    x\n   y\n  z\nb: 1\n", text("a", "  x\n y\nz\n")},
		{"blank lines at the end are kept", "a: |+\n  x\n\n\nb: 1\n", "a: |+\n  x\n  y\n\n\nb: 1\n", text("a", "x\ny\n\n\n")},
		{"the header changes when the last line end goes", "a: | # c\n  x\n", "a: |- # c\n  x\n  y\n", text("a", "x\ny")},
		{"the header changes when the last line end comes", "a: |2-\n   x\nb: 1\n", "a: |2\n   x\n  y\nb: 1\n", text("a", " x\ny\n")},
		{"the last line of the file may lack its end", "a: |\n  x\n  y", "a: |-\n  x\n  z", text("a", "x\nz")},
		{"and gets it where the value does", "a: |-\n  x\n  y", "a: |\n  z\n  y\n", text("a", "z\ny\n")},
		{"CR LF outside is no part of the value", "a: |\r\n  x\r\n  y\r\n", "a: |\r\n  x\r\n  z\r\n  y\r\n", text("a", "x\nz\ny\n")},
		{"deep in lists", "- - a: |-\n      x\n      y\n    b: 1\n", "- - a: |-\n      x\n      z\n      y\n    b: 1\n", text("0.0.a", "x\nz\ny")},
		{"a marker inside is text", "a: |\n  ---\n  x\n", "a: |\n  ---\n  x\n  y\n", text("a", "---\nx\ny\n")},
		{"what no literal block can hold is quoted", "a: |\n  x\nb: 1\n", "a: \"x\\ry\\n\"\nb: 1\n", text("a", "x\ry\n")},
		{"several line ends at the end are quoted", "a: |\n  x\nb: 1\n", "a: \"y\\n\\n\"\nb: 1\n", text("a", "y\n\n")},
		{"a first line with a space in front is quoted", "a: |\n  x\n", "a: \" x\\ny\\n\"\n", text("a", " x\ny\n")},
	})
}

func TestEmptyDocumentsCanBecomeMappings(t *testing.T) {
	runEdits(t, []editCase{
		{"nothing at all", "", "a: 1\n", set("a", "1")},
		{"only comments", "# c\n", "# c\na: 1\n", set("a", "1")},
		{"only a marker", "--- # c\n", "--- # c\na:\n- b\n", set("a", "- b")},
		{"no line end", "# c", "# c\na: 1", set("a", "1")},
		{"nothing is put in", "# c\n", "# c\n", all()},
	})
}

func TestRefusals(t *testing.T) {
	alias := func(root *yaml.Node) error {
		root.Content[1].Value = "y"
		return nil
	}
	for _, c := range []struct {
		name, in, want string
		change         change
	}{
		{"a tag", "a: !t x\n", "cannot edit a without rewriting it: it has a tag", text("a", "y")},
		{"a bare tag", "a: ! x\n", "cannot edit a without rewriting it: it has a tag", text("a", "y")},
		{"a changed anchor", "a: &x 1\n", "cannot edit a without rewriting it: an anchor was changed", set("a", "2")},
		{"a changed alias", "b: &x 1\na: *x\n", "cannot edit b without rewriting it: an anchor was changed", all(alias, set("b", "2"))},
		{"a dangling alias", "a: &x 1\nb: *x\n", "cannot edit the document without rewriting it: the edited text does not parse: yaml: unknown anchor 'x' referenced", remove("a")},
		{"an alias that would mean another node", "a: &x 1\nb: &x 2\nc: *x\n", "cannot edit c without rewriting it: the edited text would say something else", remove("b")},
		{"a new alias", "a: &x 1\n", "cannot edit the document without rewriting it: a new node has an anchor or is an alias", func(r *yaml.Node) error {
			r.Content = append(r.Content, yaml.String("b"), &yaml.Node{Kind: yaml.AliasNode, Value: "x", Alias: r.Content[1]})
			return nil
		}},
		{"a new key beside one with a question mark", "m:\n  ? a\n  : 1\n", "cannot edit m without rewriting it: it has a key that is written with a question mark, or none", set("m.b", "1")},
		{"a null without a colon", "a: {g}\n", "cannot edit a.g without rewriting it: it has no colon", set("a.g", "1")},
		{"a root of another kind", "a: 1\n", "cannot edit the document without rewriting it: it is the whole document, or the value of a key with a question mark", func(r *yaml.Node) error { *r = *yaml.MustParse("- a"); return nil }},
		{"an emptied root", "a: 1\n", "cannot edit the document without rewriting it: it is the whole document, or the value of a key with a question mark", remove("a")},
		{"a moved mapping", "a: {x: 1}\nb: 2\n", "cannot edit the document without rewriting it: a mapping or list of the text was put elsewhere, not copied", func(r *yaml.Node) error {
			c := r.Content
			c[0], c[1], c[2], c[3] = c[2], c[3], c[0], c[1]
			return nil
		}},
		{"children in a scalar", "a:\n", "cannot edit a without rewriting it: children were put into a scalar", func(r *yaml.Node) error {
			r.Content[1].Content = yaml.MustParse("x: 1").Content
			return nil
		}},
		{"a value that its tag cannot have", "a: 1\n", "cannot edit a without rewriting it: the edited text would say something else", func(r *yaml.Node) error { r.Content[1].Value = "x"; return nil }},
		{"an empty document behind its end", "---\n...\n", "cannot edit the document without rewriting it: an empty document can only become a mapping, and needs an open end", set("a", "1")},
		{"what a key with dots names is readable", "a.b: {\"c d\": [{e}]}\n", `cannot edit ["a.b"]["c d"].0.e without rewriting it: it has no colon`, func(r *yaml.Node) error {
			r.Content[1].Content[1].Content[0].Content[1].SetString("x")
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Edit(c.change); err != nil {
				t.Fatal(err)
			}
			out, err := d.Bytes()
			if err == nil {
				t.Fatalf("no error, got:\n%s", out)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d.How() != err.Error() {
				t.Errorf("How gives %q", d.How())
			}
		})
	}
}
