package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Document is one YAML document: its text, its tree once somebody asked for it, and the changes made to that tree.
type Document struct {
	text    []byte
	at      int // where the text stands in that of the stream
	line    int // 0: inserted by us
	removed bool
	hidden  bool // the text was encoded in a Secret: no error may quote it

	parsed   bool
	root     *yaml.Node // nil: the document holds nothing
	parseErr error

	before   *snapshot // the tree as it was parsed; nil: never edited
	editErr  error     // of an edit that stopped half-way
	embedded []*embedded

	unreadable []unreadable // scalars
}

// Parse reads one document that stands by itself.
func Parse(text []byte) (*Document, error) {
	d := &Document{text: text, line: 1}
	if _, err := d.Root(); err != nil {
		return nil, err
	}
	return d, nil
}

// Text gives the bytes that the document came with, marker line included. They are not copied: do not change them.
func (d *Document) Text() []byte { return d.text }

// Line gives the line of the stream on which the document starts, counted from 1; 0 for a document that was inserted.
func (d *Document) Line() int { return d.line }

// Root gives the root of the document, nil when it holds nothing but comments. The first call parses; errors count
// lines from the document's first. The tree is for reading: change it inside Edit only, or the change is lost.
func (d *Document) Root() (*yaml.Node, error) {
	if !d.parsed {
		d.root, d.parseErr = parse(d.text)
		if d.parseErr != nil && d.hidden {
			d.parseErr = errors.New("the decoded text is not YAML")
		}
		d.parsed = true
	}
	if d.parseErr != nil || d.root == nil {
		return nil, d.parseErr
	}
	return d.root, nil
}

// Edit lets change alter the tree in place; an empty document gives it an empty mapping. When change fails,
// Bytes fails as well: a tree that was changed by half does not leave.
func (d *Document) Edit(change func(root *yaml.Node) error) error {
	if _, err := d.Root(); err != nil {
		return err
	}
	d.begin()
	if d.root == nil {
		d.root = &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	}
	if err := change(d.root); err != nil {
		d.editErr = errors.Join(d.editErr, err)
		return err
	}
	return nil
}

// begin takes the copy that the tree will be compared with. It waits for the first edit: most documents that are parsed
// are only read.
func (d *Document) begin() {
	if d.before == nil {
		d.before = newSnapshot(d.text, d.root)
	}
}

// isBegun holds for a document that may differ from its text.
func (d *Document) isBegun() bool {
	return d.before != nil || d.editErr != nil || len(d.embedded) > 0
}

// Bytes gives the document with its changes: the very bytes it came with when the tree is as it was parsed, else a text
// that differs only on the lines that had to change and that parses to the changed tree. It may be called again after
// more edits.
func (d *Document) Bytes() ([]byte, error) {
	if d.editErr != nil {
		return nil, fmt.Errorf("an edit stopped half-way: %w", d.editErr)
	}
	if err := d.writeEmbedded(); err != nil {
		return nil, err
	}
	if d.before == nil {
		return d.text, nil
	}
	edits, err := diff(d.before, d.root)
	if err != nil || len(edits) == 0 {
		return d.text, err
	}
	text, err := apply(d.before, edits)
	if err != nil {
		return nil, err
	}
	if err := verify(text, d.root); err != nil && d.hidden {
		return nil, errors.New("cannot edit the decoded text without rewriting it")
	} else if err != nil {
		return nil, err
	}
	return text, nil
}

// is tells whether a text is the very one that the document came with in its stream.
func (d *Document) is(text []byte) bool {
	return d.line > 0 && len(text) > 0 && len(text) == len(d.text) && &text[0] == &d.text[0]
}

// How tells how Bytes gives the document: "same", "spliced", or why it cannot.
func (d *Document) How() string {
	text, err := d.Bytes()
	switch {
	case err != nil:
		return err.Error()
	case bytes.Equal(text, d.text):
		return "same"
	}
	return "spliced"
}

// name gives the document as messages name it: by kind and name where it was parsed that far, and by its line.
func (d *Document) name() string {
	place := fmt.Sprintf("line %d", d.line)
	if d.line == 0 {
		place = "inserted"
	}
	if d.root != nil {
		kind, name := yaml.Field(d.root, "kind"), yaml.Field(yaml.Field(d.root, "metadata"), "name")
		switch {
		case kind == nil || kind.Value == "":
		case name == nil:
			return fmt.Sprintf("%s/ (%s)", kind.Value, place)
		default:
			return fmt.Sprintf("%s/%s (%s)", kind.Value, name.Value, place)
		}
	}
	return fmt.Sprintf("document (%s)", place)
}

// parse gives the root node of a text that holds one document, nil when it holds nothing. Invalid text is an error,
// whatever the parser makes of it.
func parse(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("the YAML parser gave up: %v", p)
		}
	}()
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, errors.New("the text holds more than one document")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	root = first.Content[0]
	if isNull(root) && root.Value == "" && root.Anchor == "" && root.Style == 0 {
		return nil, nil
	}
	return root, nil
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagNull
}
