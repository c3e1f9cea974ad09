package survey

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// settle counts connections that are gone, and lines that no statistics know a connection of.
func (t *Tracker) settle(n *node) {
	for _, remote := range slices.Sorted(maps.Keys(n.conns)) {
		n.conns[remote] = slices.DeleteFunc(n.conns[remote], func(c *conn) bool {
			if v := t.verdict(n, c); c.gone && v != "" && !t.own(c) {
				t.count(t.lost, n, c, v)
			}
			return c.gone // the others come again with the next statistics
		})
		if len(n.conns[remote]) == 0 {
			delete(n.conns, remote)
		}
	}
	for _, remote := range slices.Sorted(maps.Keys(n.loose)) {
		n.loose[remote] = slices.DeleteFunc(n.loose[remote], func(at time.Time) bool {
			if n.heard.Sub(at) < 30*time.Second {
				return false
			}
			t.stray(t.lost, n, remote, at)
			return true
		})
		if len(n.loose[remote]) == 0 {
			delete(n.loose, remote)
		}
	}
}

// stray counts a line without a connection: all that is known is the address.
func (t *Tracker) stray(into map[key]*tally, n *node, remote string, at time.Time) {
	if _, ours := t.knock[remote]; ours {
		return
	}
	c := &conn{Client: Client{Remote: remote, Opened: at}, whose: t.whose(IP(remote))}
	c.line(at)
	t.count(into, n, c, evidence.Absent)
}

// present counts the connections that are there; at the end, what is not known of them as well.
func (t *Tracker) present(into map[key]*tally, n *node, end bool) {
	for _, c := range n.all() {
		v := t.verdict(n, c)
		if v == "" && end && c.Closed.IsZero() && !c.gone {
			v = evidence.Unknown
		}
		if v != "" && !t.own(c) {
			t.count(into, n, c, v)
		}
	}
	for _, remote := range slices.Sorted(maps.Keys(n.loose)) {
		for _, at := range n.loose[remote] {
			if end {
				t.stray(into, n, remote, at)
			}
		}
	}
}

func (t *Tracker) count(into map[key]*tally, n *node, c *conn, v evidence.Certificate) {
	k := key{n.name, IP(c.Remote), tame(c.Agent), v}
	sum := into[k]
	if sum == nil {
		sum = &tally{whose: c.whose}
		into[k] = sum
	}
	first, last, requests := c.Opened, c.LastRequest, c.RequestCount
	if v == evidence.Absent {
		first, last, requests = c.first, c.last, c.lines
	}
	sum.connections++
	sum.requests += requests
	if sum.first.IsZero() || first.Before(sum.first) {
		sum.first = first
	}
	if !last.Before(sum.last) {
		sum.last, sum.path = last, tamePath(c.Path)
	}
	sum.forwarded = sum.forwarded || c.Forwarded
	if sum.whose.Place == "" || sum.whose.Place == evidence.Outside {
		sum.whose = c.whose
	}
}

// Lines gives what is new since it was asked last: clients that were not known; with all, everything about them. At
// the end, lines and connections of which it is still unknown whether there is a certificate are told of as well.
func (t *Tracker) Lines(now time.Time, all, end bool) []evidence.Line {
	t.flush()
	sums := map[key]*tally{}
	for _, k := range slices.SortedFunc(maps.Keys(t.lost), compareKeys) {
		copied := *t.lost[k]
		sums[k] = &copied
	}
	for _, name := range slices.Sorted(maps.Keys(t.nodes)) {
		t.present(sums, t.nodes[name], end)
	}
	out := t.lines
	t.lines = slices.DeleteFunc(slices.Clone(out), func(l evidence.Line) bool { return !open(l) })
	out = slices.DeleteFunc(out, func(l evidence.Line) bool { return open(l) && !end })
	for i := range out {
		if open(out[i]) {
			out[i].To, out[i].Time = now.UTC(), now.UTC()
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), compareKeys) {
		s := sums[k]
		if before, known := t.said[k]; known && (!all || before == *s) {
			continue
		}
		t.said[k] = *s
		out = append(out, evidence.Line{
			Kind: evidence.Client, Time: now.UTC(), Node: k.node, Address: k.address, Agent: k.agent,
			Certificate: k.certificate,
			Connections: s.connections, Requests: s.requests, First: s.first.UTC(), Last: s.last.UTC(), Path: s.path,
			Forwarded: s.forwarded, Whose: s.whose,
		})
	}
	return out
}

// open reports whether a gap has not come to its end.
func open(l evidence.Line) bool { return l.Kind == evidence.Gap && l.From.Equal(l.To) }

func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(a.node, b.node), strings.Compare(a.address, b.address),
		strings.Compare(a.agent, b.agent),
		strings.Compare(string(a.certificate), string(b.certificate)))
}

// Watched reports since when a node is believed, zero if it is not, and the time of the last of our requests that it
// has named.
func (t *Tracker) Watched(name string) (from, heard time.Time) {
	n := t.node(name)
	return n.from, n.heard
}

const longestText = 200

// tame limits a text of a client, and takes out what a terminal obeys.
func tame(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return text
}

// tamePath leaves out the query, in which there may be anything.
func tamePath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return tame(path)
}
