// Package survey finds out who presents no certificate: lines of Elasticsearch's log and its statistics go in, lines
// of evidence come out. It reads and calls nothing itself.
//
// Measured on 8.19.21 and 9.5.3, Basic licence, client_authentication optional: the logger
// org.elasticsearch.xpack.security.Security at DEBUG writes a line for each request on a connection whose client has
// presented no certificate, whether the login is right or not, and none for a client that has presented one:
//
//	[…][DEBUG][o.e.x.s.Security         ] [node] SSL Peer did not present a certificate on channel
//	[[id: 0x05f63403, L:/127.0.0.1:35607 - R:/127.0.0.1:38960]]
//
// With client_authentication none it writes nothing at all: who reads "no line" as "has a certificate" is wrong there.
// So a survey sends requests of its own without a certificate, and believes what a node does not say only between two
// that it has said.
package survey

import (
	"encoding/json"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Logger is the one that names them.
const Logger = "logger.org.elasticsearch.xpack.security.Security"

// Event is what a line of the log says.
type Event struct {
	Node   string
	Time   time.Time
	Zoned  bool   // the time has a zone; else it is taken for UTC
	Remote string // address and port
	Kind   EventKind
	Reason string // of a refusal
}

// EventKind is what happened.
type EventKind int

// The kinds. A Cause belongs to the Refusal before it.
const (
	Nothing EventKind = iota
	NoCertificate
	Refusal
	Cause
)

const (
	absent  = "SSL Peer did not present a certificate on channel ["
	refusal = "caught exception while handling client http traffic, closing connection "
	plain   = "received plaintext http traffic on an https channel, closing connection "
)

var (
	// [2026-11-30T16:37:10,019][DEBUG][o.e.x.s.Security         ] [node] …
	patterned = regexp.MustCompile(`^\[([0-9T:,.+Z-]+)\s*\]\[[A-Z ]+\]\[[^\]]*\] ?\[([^\]]*)\] ?(.*)$`)
	channel   = regexp.MustCompile(`(?:R:|remoteAddress=)[^/\]} ]*/(\[[^\]]*\]:\d+|[^\]}]+?)[\]}]`)
	why       = regexp.MustCompile(`^(?:Caused by: )?(?:[\w.$]+: )*(javax\.net\.ssl\.\w+|java\.security\.cert\.\w+|` +
		`sun\.security\.\S+Exception|[\w.$]*NotSslRecordException): (.*)$`)
)

// Parse reads a line: of the layout that Elasticsearch has in files, or of its JSON, which containers write.
func Parse(line string) Event {
	var e Event
	message, trace := line, ""
	if strings.HasPrefix(line, "{") {
		var ok bool
		if e, message, trace, ok = parseJSON(line); !ok {
			return Event{}
		}
	} else if m := patterned.FindStringSubmatch(line); m != nil {
		e.Node, message = m[2], m[3]
		e.Time, e.Zoned = parseTime(m[1])
	} else if m := why.FindStringSubmatch(line); m != nil {
		return Event{Kind: Cause, Reason: m[2]}
	}
	switch {
	case strings.Contains(message, absent):
		e.Kind = NoCertificate
		_, message, _ = strings.Cut(message, absent)
	case strings.HasPrefix(message, refusal):
		e.Kind = Refusal
	case strings.HasPrefix(message, plain):
		e.Kind, e.Reason = Refusal, "plain http to the https port"
	default:
		return Event{}
	}
	found := channel.FindStringSubmatch(message)
	if found == nil {
		return Event{}
	}
	e.Remote = Address(found[1])
	for l := range strings.SplitSeq(trace, "\n") {
		if m := why.FindStringSubmatch(l); m != nil {
			e.Reason = m[2] // the last cause is the first to have happened
		}
	}
	return e
}

func parseJSON(line string) (e Event, message, trace string, ok bool) {
	var l struct {
		Time    string `json:"@timestamp"`
		Older   string `json:"timestamp"`
		Message string `json:"message"`
		Node    string `json:"elasticsearch.node.name"`
		OldNode string `json:"node.name"`
		Trace   string `json:"error.stack_trace"`
		OldT    any    `json:"stacktrace"`
	}
	if json.Unmarshal([]byte(line), &l) != nil {
		return e, "", "", false
	}
	e.Node = l.Node + l.OldNode
	e.Time, e.Zoned = parseTime(l.Time + l.Older)
	if lines, isList := l.OldT.([]any); isList {
		for _, one := range lines {
			if text, isText := one.(string); isText {
				l.Trace += text + "\n"
			}
		}
	}
	return e, l.Message, l.Trace, true
}

func parseTime(text string) (t time.Time, zoned bool) {
	text = strings.Replace(text, ",", ".", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	t, _ = time.Parse("2006-01-02T15:04:05.999999999", text)
	return t, false
}

// Address writes address and port in one way: Java writes 0:0:0:0:0:0:0:1 in logs, and the statistics have [::1] of
// the same.
func Address(text string) string {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text
	}
	ip, err := netip.ParseAddr(strings.Trim(text[:i], "[]"))
	if err != nil {
		return text
	}
	return net.JoinHostPort(ip.WithZone("").Unmap().String(), text[i+1:])
}

// IP is the address without its port.
func IP(remote string) string {
	i := strings.LastIndexByte(remote, ':')
	if i < 0 {
		return remote
	}
	return strings.Trim(remote[:i], "[]")
}
