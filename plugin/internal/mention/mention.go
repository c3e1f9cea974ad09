// Package mention finds who names an Elasticsearch: a release and the names of its servers come in, every place of a
// text that names one goes out, with what that says: that it is called there, that it may be, or nothing. Both engines
// read the names here. What they have read themselves they claim, by its place; what nobody claims is a client that
// nobody knows.
package mention

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Strength is what a name says where it stands. docs/decisions/0018-who-names-a-server.md has the table.
type Strength int

// The strengths.
const (
	Nothing Strength = iota
	May              // somebody may call it
	Address          // somebody calls it
)

func (s Strength) String() string { return [...]string{"nothing", "may", "address"}[s] }

// Span is a part of a text: from its first byte to behind its last. The empty span is the whole text.
type Span struct{ From, To int }

func (s Span) holds(other Span) bool { return s == Span{} || s.From <= other.From && other.From < s.To }

// Mention is a place that names a server.
type Mention struct {
	Object    *object.Object
	Container string      // that is told it; "" for an object that runs none
	Path      object.Path // of the text: elements of lists by position, containers and variables by name
	Inside    object.Path // in a YAML file there
	Span      Span        // in the text; for a name that only a variable brings, the variable
	Line      int         // of the stream
	Below     int         // lines of the text above it
	Name      string
	Strength  Strength
	Plain     bool // by http://
	Route     bool // a route that leads to the server
	Local     bool // by an address of the server's own pod
	Readers   []Reader

	own      Strength   // what it says to the server itself
	composed bool       // see hit
	left     bool       // a script that its reader leaves to another container
	node     *yaml.Node // the scalar with the text
	inner    *yaml.Node // the scalar in a YAML file there
	where    *yaml.Node // the container
}

// Reader is a container that reads a ConfigMap or Secret.
type Reader struct {
	Object    *object.Object
	Container object.Container
}

// Ref gives the form of the configuration: Deployment/shop/app.
func (r Reader) Ref() string { return r.Object.ID.String() + "/" + r.Container.Name }

// claim is a place that an engine answers for.
type claim struct {
	span   Span
	reader *yaml.Node // the container that reads it; nil = whoever does
}

// Claims are the places that an engine answers for.
type Claims struct {
	at    map[*yaml.Node][]claim
	nodes []*yaml.Node // of these, in the order of their claims
}

// Add claims a part of the text of a scalar, or all below a node, of an object or of a YAML file in one. Of a text
// that several containers read only the reader's share is claimed; nil is for all of them.
func (c *Claims) Add(n *yaml.Node, span Span, reader *yaml.Node) {
	if n == nil {
		return
	}
	c.note(n, claim{span, reader})
	for _, child := range n.Content {
		c.Add(child, Span{}, reader)
	}
}

// Join adds the claims of others.
func (c *Claims) Join(other Claims) {
	for _, n := range other.nodes {
		c.note(n, other.at[n]...)
	}
}

func (c *Claims) note(n *yaml.Node, claims ...claim) {
	if c.at == nil {
		c.at = map[*yaml.Node][]claim{}
	}
	if c.at[n] == nil {
		c.nodes = append(c.nodes, n)
	}
	c.at[n] = append(c.at[n], claims...)
}

// Has tells whether a scalar is claimed as a whole by a container.
func (c *Claims) Has(n, reader *yaml.Node) bool { return c.answers(n, Span{}, reader) }

func (c *Claims) answers(n *yaml.Node, at Span, reader *yaml.Node) bool {
	for _, claim := range c.at[n] {
		if (claim.reader == nil || claim.reader == reader) && claim.span.holds(at) {
			return true
		}
	}
	return false
}

// Open tells whether nobody answers for a mention as a container reads it; nil is for what no container of the stream
// reads.
func (c *Claims) Open(m Mention, reader *yaml.Node) bool {
	if m.inner != nil {
		return !c.answers(m.inner, m.Span, reader) && !c.answers(m.node, Span{}, reader)
	}
	return !c.answers(m.node, m.Span, reader)
}

// Several tells whether the text has several lines.
func (m Mention) Several() bool { return strings.Contains(strings.TrimSpace(m.node.Value), "\n") }

// at gives a place in an object that holds a text. That of a block begins on its next line.
func at(o *object.Object, path object.Path, n *yaml.Node) Mention {
	m := Mention{Path: path, Line: o.Doc.Line() + n.Line - 1, node: n}
	if isBlock(n) {
		m.Line++
	}
	return m
}

// within gives a place in a YAML file that the text of a mention is, and of which the first line stands on one of the
// stream.
func (m Mention) within(path object.Path, node *yaml.Node, first int) Mention {
	m.Inside, m.inner = path, node
	if m.Below = node.Line - 1; isBlock(node) {
		m.Below++
	}
	if isBlock(m.node) {
		m.Below += first - m.Line
	}
	return m
}

// Told gives the container that is told a mention in its own object, nil for other mentions.
func (m Mention) Told() *yaml.Node { return m.where }

// StreamLine gives the line of the stream on which the name stands. Of a text in quotes all is on the line where it
// begins.
func (m Mention) StreamLine() int {
	if !isBlock(m.node) {
		return m.Line
	}
	return m.Line + m.Below
}
