package survey

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// The lines are those of a real 8.19.21, in both layouts.
func TestParse(t *testing.T) {
	const trace = `io.netty.handler.codec.DecoderException: javax.net.ssl.SSLHandshakeException: PKIX path building failed\n\tat x\nCaused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed: no path\n`
	at := time.Date(2026, 11, 30, 16, 37, 10, 19e6, time.UTC)
	for name, c := range map[string]struct {
		line string
		want Event
	}{
		"no certificate": {
			`[2026-11-30T16:37:10,019][DEBUG][o.e.x.s.Security         ] [node] SSL Peer did not present a certificate on channel [[id: 0x05f63403, L:/127.0.0.1:35607 - R:/127.0.0.1:38960]]`,
			Event{Node: "node", Time: at, Remote: "127.0.0.1:38960", Kind: NoCertificate},
		},
		"IPv6": {
			`[2026-11-30T16:37:10,019][DEBUG][o.e.x.s.Security         ] [node] SSL Peer did not present a certificate on channel [[id: 0x05f63403, L:/0:0:0:0:0:0:0:1:35607 - R:/0:0:0:0:0:0:0:1:38960]]`,
			Event{Node: "node", Time: at, Remote: "[::1]:38960", Kind: NoCertificate},
		},
		"IPv6, as newer versions of Java write it": {
			`[2026-11-30T16:37:10,019][DEBUG][o.e.x.s.Security         ] [node] SSL Peer did not present a certificate on channel [[id: 0x1, L:/[0:0:0:0:0:0:0:1]:35607 - R:/[0:0:0:0:0:0:0:1%0]:38960]]`,
			Event{Node: "node", Time: at, Remote: "[::1]:38960", Kind: NoCertificate},
		},
		"IPv6, refused": {
			`[2026-11-30T16:37:10,019][WARN ][o.e.h.AbstractHttpServerTransport] [node] caught exception while handling client http traffic, closing connection Netty4HttpChannel{localAddress=/[fd00:0:0:0:0:0:0:1]:9200, remoteAddress=/[fd00:0:0:0:0:0:0:2]:36840}`,
			Event{Node: "node", Time: at, Remote: "[fd00::2]:36840", Kind: Refusal},
		},
		"a channel that is closed by now": {
			`[2026-11-30T16:37:10,019][DEBUG][o.e.x.s.Security         ] [node] SSL Peer did not present a certificate on channel [[id: 0x05f63403, L:/127.0.0.1:35607 ! R:/127.0.0.1:38960]]`,
			Event{Node: "node", Time: at, Remote: "127.0.0.1:38960", Kind: NoCertificate},
		},
		"JSON": {
			`{"@timestamp":"2026-11-30T16:37:10.019Z","log.level":"DEBUG","message":"SSL Peer did not present a certificate on channel [[id: 0x1, L:/10.0.0.1:9200 - R:/10.0.0.2:38960]]","elasticsearch.node.name":"es-0"}`,
			Event{Node: "es-0", Time: at, Zoned: true, Remote: "10.0.0.2:38960", Kind: NoCertificate},
		},
		"refused": {
			`[2026-11-30T16:37:10,019][WARN ][o.e.h.AbstractHttpServerTransport] [node] caught exception while handling client http traffic, closing connection Netty4HttpChannel{localAddress=/127.0.0.1:35607, remoteAddress=/127.0.0.1:36840}`,
			Event{Node: "node", Time: at, Remote: "127.0.0.1:36840", Kind: Refusal},
		},
		"why": {`Caused by: javax.net.ssl.SSLHandshakeException: Empty client certificate chain`, Event{Kind: Cause, Reason: "Empty client certificate chain"}},
		"refused, in JSON": {
			`{"@timestamp":"2026-11-30T16:37:10.019Z","message":"caught exception while handling client http traffic, closing connection Netty4HttpChannel{localAddress=/10.0.0.1:9200, remoteAddress=/10.0.0.2:1}","elasticsearch.node.name":"es-0","error.stack_trace":"` + trace + `"}`,
			Event{Node: "es-0", Time: at, Zoned: true, Remote: "10.0.0.2:1", Kind: Refusal, Reason: "PKIX path building failed: no path"},
		},
		"another line":           {`[2026-11-30T16:36:42,206][INFO ][o.e.x.s.Security         ] [node] Security is enabled`, Event{}},
		"JSON that is none":      {`{"message":`, Event{}},
		"the words without more": {`[2026-11-30T16:37:10,019][DEBUG][x] [node] SSL Peer did not present a certificate on channel [`, Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Parse(c.line)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// play is a node whose statistics and log lines a test writes.
type play struct {
	*Tracker
	boot, now time.Time
	clients   []Client
}

func newPlay() *play {
	p := &play{boot: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC), now: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}
	p.Tracker = NewTracker("run", func(ip string) evidence.Whose { return evidence.Whose{Place: evidence.InPod, Pod: "pod-" + ip} })
	return p
}

func (p *play) connect(remote, agent string) *Client {
	p.clients = append(p.clients, Client{Remote: remote, Agent: agent, Opened: p.now})
	return &p.clients[len(p.clients)-1]
}

// request sends one; named says whether the log names it.
func (p *play) request(remote string, named bool) {
	for i := range p.clients {
		if c := &p.clients[i]; c.Remote == remote && c.Closed.IsZero() {
			c.LastRequest, c.RequestCount = p.now, c.RequestCount+1
		}
	}
	if named {
		p.Line(Event{Node: "n", Time: p.now, Zoned: true, Remote: remote, Kind: NoCertificate}, p.now)
	}
}

// round is one of the survey: a request of its own, then the statistics.
func (p *play) round(port string, named bool) {
	p.now = p.now.Add(10 * time.Second)
	c := p.connect("10.9.9.9:"+port, "survey")
	c.Opaque = "run-canary"
	p.request("10.9.9.9:"+port, named)
	p.clients[len(p.clients)-1].Closed = p.now
	p.Stats(Stats{Node: "n", Boot: p.boot, Clients: p.clients})
}

func (p *play) said() map[string]evidence.Certificate {
	all := map[string]evidence.Certificate{}
	for _, l := range p.Lines(p.now, true, true) {
		switch l.Kind {
		case evidence.Client:
			all[l.Agent] = l.Certificate
		case evidence.Gap:
			all["gap: "+l.Reason] = evidence.Certificate(l.To.Sub(l.From).String())
		default:
		}
	}
	return all
}

func TestWhoHasOne(t *testing.T) {
	p := newPlay()
	p.connect("10.0.0.1:1", "idle")
	p.connect("10.0.0.2:1", "with")
	p.connect("10.0.0.3:1", "without")
	p.request("10.0.0.1:1", false)
	p.round("1", true)
	p.now = p.now.Add(time.Second)
	p.request("10.0.0.2:1", false)
	p.request("10.0.0.3:1", true)
	p.Line(Event{Node: "n", Time: p.now, Zoned: true, Remote: "10.0.0.4:7", Kind: NoCertificate}, p.now) // the statistics do not know it
	p.round("2", true)
	want := map[string]evidence.Certificate{"idle": evidence.Unknown, "with": evidence.Present, "without": evidence.Absent, "": evidence.Absent}
	if diff := cmp.Diff(want, p.said()); diff != "" {
		t.Error(diff)
	}
}

// With client_authentication none the log names nobody, our own requests neither: then nobody has a certificate for all we know.
func TestSilenceProvesNothing(t *testing.T) {
	p := newPlay()
	p.connect("10.0.0.2:1", "with")
	for _, port := range []string{"1", "2", "3"} {
		p.round(port, false)
		p.request("10.0.0.2:1", false)
	}
	if diff := cmp.Diff(map[string]evidence.Certificate{"with": evidence.Unknown}, p.said()); diff != "" {
		t.Error(diff)
	}
}

// A line of our own that is missing is a gap, and what was silent in it is not believed to have a certificate.
func TestMissingLines(t *testing.T) {
	p := newPlay()
	p.round("1", true)
	p.connect("10.0.0.2:1", "in the gap")
	p.request("10.0.0.2:1", false)
	p.clients[len(p.clients)-1].Closed = p.now
	p.round("2", false)
	p.round("3", true)
	p.round("4", true)
	p.clients = nil
	p.round("5", true)
	if diff := cmp.Diff(map[string]evidence.Certificate{"gap: lines of its log are missing": "20s"}, p.said()); diff != "" {
		t.Error(diff)
	}
}

// A node that starts again may answer before it has its settings back: it is believed when it has named a request of ours.
func TestRestart(t *testing.T) {
	p := newPlay()
	p.round("1", true)
	p.now = p.now.Add(time.Second)
	p.connect("10.0.0.1:1", "with")
	p.request("10.0.0.1:1", false)
	p.round("2", true)
	p.boot, p.clients = p.now.Add(5*time.Second), nil
	p.now = p.now.Add(6 * time.Second)
	p.connect("10.0.0.2:1", "too early")
	p.request("10.0.0.2:1", false)
	p.clients[0].Closed = p.now
	p.round("3", false)
	p.round("4", true)
	p.connect("10.0.0.3:1", "later")
	p.now = p.now.Add(time.Second)
	p.request("10.0.0.3:1", false)
	p.round("5", true)
	want := map[string]evidence.Certificate{"with": evidence.Present, "later": evidence.Present, "gap: the node was restarted": "26s"}
	if diff := cmp.Diff(want, p.said()); diff != "" {
		t.Error(diff)
	}
}

// The same address and port is another connection later.
func TestPortsAreUsedAgain(t *testing.T) {
	p := newPlay()
	p.round("1", true)
	p.connect("10.0.0.1:1", "without")
	p.now = p.now.Add(time.Second)
	p.request("10.0.0.1:1", true)
	p.clients[len(p.clients)-1].Closed = p.now.Add(time.Second)
	p.now = p.now.Add(10 * time.Second)
	p.connect("10.0.0.1:1", "with")
	p.request("10.0.0.1:1", false)
	p.round("2", true)
	p.round("3", true)
	want := map[string]evidence.Certificate{"with": evidence.Present, "without": evidence.Absent}
	if diff := cmp.Diff(want, p.said()); diff != "" {
		t.Error(diff)
	}
}

// What nobody has looked at is told of, at the beginning of a survey, in between, and at its end.
func TestWhatWasNotWatched(t *testing.T) {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for name, c := range map[string]struct {
		play func(*play)
		want map[string]evidence.Certificate
	}{
		"all was watched": {func(p *play) {
			p.round("1", true)
			p.round("2", true)
		}, map[string]evidence.Certificate{}},
		"the node does not come back": {func(p *play) {
			p.round("1", true)
			p.now = p.now.Add(minutes(2))
		}, map[string]evidence.Certificate{"gap: it was not heard again before the end": "2m0s"}},
		"its log is read too late": {func(p *play) {
			for range 12 {
				p.round("1", false)
			}
			p.clients = nil
			p.round("2", true)
		}, map[string]evidence.Certificate{"gap: its log has not named our own requests without a certificate": "2m10s"}},
		"it joins later": {func(p *play) {
			p.boot = p.now.Add(minutes(5))
			p.now = p.boot
			p.round("1", true)
		}, map[string]evidence.Certificate{}},
		"its log is never read": {func(p *play) {
			p.round("1", false)
			p.round("2", false)
		}, map[string]evidence.Certificate{"gap: its log has not named our own requests without a certificate": "20s"}},
		"the survey stood still": {func(p *play) { // a laptop slept
			p.round("1", true)
			p.clients = nil
			p.now = p.now.Add(minutes(60))
			p.round("2", true)
		}, map[string]evidence.Certificate{"gap: lines of its log are missing": "1h0m10s"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay()
			p.Begin(p.now)
			c.play(p)
			p.End(p.now, []string{"n"})
			if diff := cmp.Diff(c.want, p.said()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A node that is restarted has logged a request of ours that its statistics do not know any more: nobody else sent it.
func TestOurOwnRequestOfAnEarlierLife(t *testing.T) {
	p := newPlay()
	p.round("1", true)
	p.Knocked("10.9.9.9:2", p.now)
	p.Line(Event{Node: "n", Time: p.now.Add(time.Second), Zoned: true, Remote: "10.9.9.9:2", Kind: NoCertificate}, p.now)
	p.Line(Event{Node: "n", Time: p.now.Add(time.Second), Zoned: true, Remote: "10.9.9.8:3", Kind: NoCertificate}, p.now)
	p.boot, p.clients = p.now.Add(5*time.Second), nil
	p.round("4", true)
	for range 4 {
		p.round("5", true)
	}
	want := map[string]evidence.Certificate{"": evidence.Absent, "gap: the node was restarted": "10s"}
	if diff := cmp.Diff(want, p.said()); diff != "" {
		t.Error(diff)
	}
	for k := range p.lost {
		if k.address != "10.9.9.8" {
			t.Errorf("%s is taken for a client: it is the survey", k.address)
		}
	}
}
