package survey

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// Stats are those of a node about its clients, as GET _nodes/stats/http has them. They know the closed ones for five
// minutes, ten thousand at most.
type Stats struct {
	Node    string
	Boot    time.Time // when its Java began
	Clients []Client
}

// Client is a connection.
type Client struct {
	Remote       string
	Agent        string // of its first request
	Path         string
	Opaque       string
	Forwarded    bool
	Opened       time.Time
	Closed       time.Time
	LastRequest  time.Time
	RequestCount int
}

const (
	// slack is how much later than a request's time its line may be written, by another thread.
	slack = 2 * time.Second
	// reuse is how long after its end a line may still belong to a connection, before the port belongs to another one.
	reuse = time.Second
	// memory is how long a node may go without naming one of our requests: its statistics know who has gone for five
	// minutes.
	memory = 4 * time.Minute
	// edge is how much of the window may be missing at its beginning: our first request takes a moment.
	edge = 30 * time.Second
	// bootSlack: the start of Java is computed, and differs by some milliseconds each time.
	bootSlack = 5 * time.Second
)

// Tracker joins lines and statistics by address and port.
type Tracker struct {
	run   string // begins the X-Opaque-Id of our own requests
	began time.Time
	knock map[string]time.Time // from which addresses we have sent those without a certificate
	whose func(ip string) evidence.Whose
	nodes map[string]*node
	lost  map[key]*tally // of connections that are gone
	said  map[key]tally
	lines []evidence.Line
	last  *refused
}

type refused struct{ evidence.Line }

type key struct {
	node, address, agent string
	certificate          evidence.Certificate
}

type tally struct {
	connections, requests int
	first, last           time.Time
	path                  string
	forwarded             bool
	whose                 evidence.Whose
}

// node is what is known of one.
type node struct {
	name  string
	boot  time.Time
	from  time.Time // since when it is watched, by its own clock; zero: it is not
	heard time.Time // of the last of our requests that its log has named
	conns map[string][]*conn
	loose map[string][]time.Time // lines whose connection is not known yet
	zone  time.Duration          // what its log's times lack, where they have no zone
	sure  bool                   // of that
}

type conn struct {
	Client
	lines       int
	first, last time.Time
	whose       evidence.Whose
	gone        bool // not in the statistics any more
	known       evidence.Certificate
}

// NewTracker makes one for a run, whose own requests have an X-Opaque-Id that begins with its name.
func NewTracker(run string, whose func(ip string) evidence.Whose) *Tracker {
	return &Tracker{run: run, whose: whose, knock: map[string]time.Time{}, nodes: map[string]*node{},
		lost: map[key]*tally{}, said: map[key]tally{}}
}

func (t *Tracker) node(name string) *node {
	if t.nodes[name] == nil {
		t.nodes[name] = &node{name: name, conns: map[string][]*conn{}, loose: map[string][]time.Time{}}
	}
	return t.nodes[name]
}

// Begin is when the survey begins. A node that is watched later, and was there, was not watched in between.
func (t *Tracker) Begin(at time.Time) { t.began = at }

// Knocked notes the address and port from which a request of our own without a certificate was sent: a node that is
// restarted may log it, and not know it in its statistics any more.
func (t *Tracker) Knocked(local string, at time.Time) {
	maps.DeleteFunc(t.knock, func(_ string, then time.Time) bool { return at.Sub(then) > time.Hour })
	t.knock[Address(local)] = at
}

// Line takes what a line of a node's log says.
func (t *Tracker) Line(e Event, now time.Time) {
	switch e.Kind {
	case NoCertificate:
		n := t.node(e.Node)
		if !e.Zoned && !e.Time.IsZero() {
			if !n.sure { // zones differ by quarters of an hour
				n.zone, n.sure = now.Sub(e.Time).Round(15*time.Minute), true
			}
			e.Time = e.Time.Add(n.zone)
		}
		if e.Time.IsZero() {
			e.Time = now
		}
		n.loose[e.Remote] = append(n.loose[e.Remote], e.Time)
	case Refusal:
		t.flush()
		at := e.Time
		if at.IsZero() || !e.Zoned {
			at = now
		}
		ip := IP(e.Remote)
		t.last = &refused{evidence.Line{Kind: evidence.Refused, Time: at.UTC(), Node: e.Node, Address: ip,
			Reason: tame(e.Reason), Whose: t.whose(ip)}}
	case Cause:
		if t.last != nil {
			t.last.Reason = tame(e.Reason)
		}
	case Nothing:
	}
}

// flush tells of the last refusal, whose causes stood in the lines behind it.
func (t *Tracker) flush() {
	if t.last != nil {
		t.lines, t.last = append(t.lines, t.last.Line), nil
	}
}

// Gap tells that a node, or "" for all, was not watched for a while.
func (t *Tracker) Gap(name string, from, to time.Time, reason string) {
	t.lines = append(t.lines, evidence.Line{Kind: evidence.Gap, Time: to.UTC(), Node: name, From: from.UTC(),
		To: to.UTC(), Reason: reason})
}

// Lost tells that lines of a node may be missing since its log was read last: what it did not say since then counts
// for nothing.
func (t *Tracker) Lost(name, reason string) {
	n := t.node(name)
	if !n.from.IsZero() {
		t.close(n, reason)
	}
}

// close ends the time in which a node is believed.
func (t *Tracker) close(n *node, reason string) {
	for _, c := range n.all() { // what is known stays known
		c.known = t.verdict(n, c)
	}
	t.settle(n)
	t.Gap(n.name, n.heard, n.heard, reason) // its end follows, with the next of our requests that is heard
	n.from = time.Time{}
}

// Stats takes the statistics of a node.
func (t *Tracker) Stats(s Stats) {
	n := t.node(s.Node)
	if !n.boot.IsZero() && s.Boot.Sub(n.boot).Abs() > bootSlack {
		if !n.from.IsZero() {
			t.close(n, "the node was restarted")
		}
		for _, c := range n.all() {
			c.gone = true
		}
	}
	n.boot = s.Boot
	there := map[*conn]bool{}
	for _, c := range s.Clients {
		there[n.take(c, t.whose)] = true
	}
	n.match()
	for _, c := range n.all() {
		c.gone = c.gone || !there[c]
	}
	t.hear(n)
	t.settle(n)
}

// all lists the connections.
func (n *node) all() (list []*conn) {
	for _, remote := range slices.Sorted(maps.Keys(n.conns)) {
		list = append(list, n.conns[remote]...)
	}
	return list
}

// take finds the connection, or notes a new one.
func (n *node) take(c Client, whose func(string) evidence.Whose) *conn {
	for _, known := range n.conns[c.Remote] {
		if known.Opened.Equal(c.Opened) && !known.gone {
			known.Client = c
			return known
		}
	}
	made := &conn{Client: c, whose: whose(IP(c.Remote))}
	n.conns[c.Remote] = append(n.conns[c.Remote], made)
	return made
}

// openAt gives the connection of an address that was open at a time, the last one of several; nil for none.
func (n *node) openAt(remote string, at time.Time) (found *conn) {
	for _, c := range n.conns[remote] {
		if at.Before(c.Opened.Add(-slack)) || !c.Closed.IsZero() && at.After(c.Closed.Add(slack+reuse)) {
			continue
		}
		if found == nil || c.Opened.After(found.Opened) && !at.Before(c.Opened.Add(-reuse/2)) {
			found = c
		}
	}
	return found
}

// match gives lines to their connections.
func (n *node) match() {
	for _, remote := range slices.Sorted(maps.Keys(n.loose)) {
		n.loose[remote] = slices.DeleteFunc(n.loose[remote], func(at time.Time) bool {
			found := n.openAt(remote, at)
			if found != nil {
				found.line(at)
			}
			return found != nil
		})
		if len(n.loose[remote]) == 0 {
			delete(n.loose, remote)
		}
	}
}

func (c *conn) line(at time.Time) {
	c.lines++
	if c.first.IsZero() || at.Before(c.first) {
		c.first = at
	}
	if at.After(c.last) {
		c.last = at
	}
}

// canary reports whether it is one of our requests without a certificate.
func (t *Tracker) canary(c *conn) bool { return c.Opaque == t.run+"-canary" }

func (t *Tracker) own(c *conn) bool { return strings.HasPrefix(c.Opaque, t.run) }

// hear looks which of our requests without a certificate the log has named: between two of them that follow each other
// it is believed.
func (t *Tracker) hear(n *node) {
	var all []*conn
	for _, c := range n.all() {
		if t.canary(c) && c.LastRequest.After(n.heard) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *conn) int { return a.LastRequest.Compare(b.LastRequest) })
	unheard := false
	for i, c := range all {
		switch {
		case c.lines > 0 && n.from.IsZero():
			t.open(n, c.LastRequest)
			n.heard = c.LastRequest
		case c.lines > 0 && (unheard || c.LastRequest.Sub(n.heard) > memory):
			t.close(n, "lines of its log are missing")
			t.open(n, c.LastRequest)
			n.heard = c.LastRequest
		case c.lines > 0:
			n.heard = c.LastRequest
		case slices.ContainsFunc(all[i:], func(later *conn) bool { return later.lines > 0 }):
			unheard = true
		}
	}
}

// open begins the time in which a node is believed.
func (t *Tracker) open(n *node, at time.Time) {
	n.from = at
	for i := len(t.lines) - 1; i >= 0; i-- {
		if l := &t.lines[i]; l.Kind == evidence.Gap && l.Node == n.name && l.From.Equal(l.To) {
			l.To, l.Time = at.UTC(), at.UTC()
			return
		}
	}
	if since := later(t.began, n.boot); !t.began.IsZero() && at.Sub(since) > edge {
		t.Gap(n.name, since, at, deaf)
	}
	t.lines = append(t.lines, evidence.Line{Kind: evidence.Node, Time: at.UTC(), Node: n.name})
}

const deaf = "its log has not named our own requests without a certificate"

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// End tells of the nodes that were not watched to the end: of those that a survey knows, and of these.
func (t *Tracker) End(at time.Time, nodes []string) {
	for _, name := range nodes {
		t.node(name)
	}
	for _, name := range slices.Sorted(maps.Keys(t.nodes)) {
		switch n := t.nodes[name]; {
		case n.heard.IsZero():
			t.Gap(name, later(t.began, n.boot), at, deaf)
		case !n.from.IsZero() && n.heard.Before(at):
			t.close(n, "it was not heard again before the end")
		}
	}
}

// verdict is whether a connection's client has presented a certificate; "" where it is too early to say.
func (t *Tracker) verdict(n *node, c *conn) evidence.Certificate {
	switch {
	case c.lines > 0:
		return evidence.Absent
	case !n.from.IsZero() && c.LastRequest.After(n.from) && n.heard.Sub(c.LastRequest) >= slack:
		return evidence.Present
	}
	return c.known
}
