package manifest

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// embedded is the text that a scalar of a document holds: a configuration file in a ConfigMap or Secret.
type embedded struct {
	node    *yaml.Node
	raw     string // value of the node when it was first read
	written string // value of the node as we last left it
	text    string // what the value holds
	encoded bool
	stream  *Stream // of the text: a file of several documents keeps those that are not edited
	doc     *Document
}

// unreadable is a text that is no YAML: it is tried once.
type unreadable struct {
	node    *yaml.Node
	encoded bool
	text    string // of the node
	err     error
}

// Inside gives the YAML that a scalar of this document holds as a document of its own; of several the first that holds
// anything. Its edits become the scalar's value when the outer document gives its Bytes. The same node gives the same
// Document.
func (d *Document) Inside(node *yaml.Node) (*Document, error) {
	return d.inside(node, false)
}

// InsideBase64 is Inside for a value under data of a Secret. No error quotes what it holds.
func (d *Document) InsideBase64(node *yaml.Node) (*Document, error) {
	return d.inside(node, true)
}

func (d *Document) inside(node *yaml.Node, encoded bool) (*Document, error) {
	for _, e := range d.embedded {
		if e.node == node && e.encoded == encoded {
			return e.doc, nil
		}
	}
	for _, u := range d.unreadable {
		if u.node == node && u.encoded == encoded && u.text == node.Value {
			return nil, u.err
		}
	}
	if node == nil || node.Kind != yaml.ScalarNode || node.ShortTag() != yaml.NodeTagString {
		return nil, errors.New("the value is no text")
	}
	e := &embedded{node: node, raw: node.Value, written: node.Value, text: node.Value, encoded: encoded}
	if encoded {
		text, err := base64.StdEncoding.DecodeString(node.Value)
		if err != nil {
			return nil, fmt.Errorf("the value is not base64: %w", err)
		}
		e.text = string(text)
	}
	if err := d.open(e); err != nil {
		d.unreadable = append(d.unreadable, unreadable{node, encoded, node.Value, err})
		return nil, err
	}
	d.embedded = append(d.embedded, e)
	return e.doc, nil
}

// open parses the text.
func (d *Document) open(e *embedded) (err error) {
	if e.stream, err = split([]byte(e.text), d.lineInside(e.node)); err != nil {
		return err
	}
	e.doc, err = e.stream.content(e.encoded || d.hidden)
	return err
}

// lineInside gives the line of the stream on which the text of a scalar starts.
func (d *Document) lineInside(node *yaml.Node) int {
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return d.line + node.Line
	}
	return max(d.line+node.Line-1, d.line)
}

// content gives the first document of a stream that holds anything, else the first, so that an empty file can be edited
// too.
func (s *Stream) content(hidden bool) (*Document, error) {
	if len(s.docs) == 0 {
		s.docs = []*Document{{line: 1}}
	}
	for _, d := range s.docs {
		d.hidden = hidden
	}
	for _, d := range s.docs {
		if root, err := d.Root(); err != nil || root != nil {
			return d, err
		}
	}
	return s.docs[0], nil
}

// writeEmbedded makes the texts of changed embedded documents the values of their scalars. A change that cannot get
// into the tree is an error: it would be lost.
func (d *Document) writeEmbedded() error {
	for _, e := range d.embedded {
		value, err := e.value()
		path, found := pathTo(d.root, e.node)
		switch {
		case err != nil:
			return fmt.Errorf("in %s: %w", joinPath(path), err)
		case value == e.written:
			continue
		case !found:
			return errors.New("a text was edited, and then taken out of the document")
		case e.node.Value != e.written:
			return fmt.Errorf("in %s: the text was edited as YAML, and replaced as a whole", joinPath(path))
		}
		d.begin()
		e.node.Value, e.written = value, value
	}
	return nil
}

// value gives the value that the scalar is to have.
func (e *embedded) value() (string, error) {
	text, err := e.stream.Bytes()
	switch {
	case err != nil:
		return "", err
	case string(text) == e.text:
		return e.raw, nil
	case e.encoded:
		return base64.StdEncoding.EncodeToString(text), nil
	}
	return string(text), nil
}

// pathTo finds a node by the names on the way to it.
func pathTo(from, node *yaml.Node) (path []string, found bool) {
	if from == nil || from == node {
		return nil, from == node
	}
	size := step(from.Kind)
	for i, child := range from.Content {
		if path, found := pathTo(child, node); found {
			return append([]string{entryName(from, i/size)}, path...), true
		}
	}
	return nil, false
}
