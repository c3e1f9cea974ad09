package survey

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// JSON prints the report for programs.
func (r *Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// Text prints the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	switch {
	case r.refusedOnly && len(r.Refused) == 0:
		fmt.Fprintf(&b, "Elasticsearch refused nobody from %s to %s\n", stamp(r.From), stamp(r.To))
	case r.refusedOnly:
		fmt.Fprintf(&b, "From %s to %s\n", stamp(r.From), stamp(r.To))
	case r.Gate.Open:
		b.WriteString("READY: nobody without a certificate was seen\n")
	default:
		b.WriteString("NOT READY for client authentication required\n")
	}
	if !r.refusedOnly {
		fmt.Fprintf(&b, "watched from %s to %s; the longest time without a gap is %s\n", stamp(r.From), stamp(r.To),
			short(r.watched))
	}
	clients(&b, "Without a certificate", r.Without)
	clients(&b, "Unknown: connected, and sent nothing while it was watched", r.Unknown)
	clients(&b, "With a certificate", r.With)
	section(&b, "Promised by the manifests and never seen", len(r.Never))
	for _, p := range r.Never {
		fmt.Fprintf(&b, "  %-11s %s\n", p.Verdict, p)
	}
	section(&b, "Refused by Elasticsearch", len(r.Refused))
	for _, f := range r.Refused {
		fmt.Fprintf(&b, "  %s, %s, last at %s: %s\n    → %s\n", f.Where(), Count(f.Times, "time"), stamp(f.Last),
			f.Reason, f.Remedy)
	}
	section(&b, "Not covered", len(r.Gaps)+len(r.NotLooked))
	for _, g := range r.Gaps {
		node := "all nodes"
		if g.Node != "" {
			node = "node " + g.Node
		}
		fmt.Fprintf(&b, "  %s, from %s to %s: %s\n", node, stamp(g.From), stamp(g.To), g.Reason)
	}
	for _, text := range r.NotLooked {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	section(&b, "Before required", len(r.Gate.Reasons))
	for _, text := range r.Gate.Reasons {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	return b.String()
}

func section(b *strings.Builder, title string, n int) {
	if n > 0 {
		fmt.Fprintf(b, "\n%s\n", title)
	}
}

func clients(b *strings.Builder, title string, all []Client) {
	section(b, title, len(all))
	for _, c := range all {
		fmt.Fprintf(b, "  %s  %s\n    %s on %s, from %s to %s", c.Name(), named(c.Agent), Count(c.Requests, "request"),
			Count(c.Connections, "connection"), stamp(c.First), stamp(c.Last))
		if c.Path != "" {
			fmt.Fprintf(b, ", last %s", c.Path)
		}
		if c.Workload != "" && c.Place != "pod" {
			fmt.Fprintf(b, "\n    perhaps %s", c.Workload)
		}
		if c.Verdict != "" {
			fmt.Fprintf(b, "\n    the manifests: %s", c.Verdict)
		}
		if c.Note != "" {
			fmt.Fprintf(b, "\n    %s", c.Note)
		}
		b.WriteString("\n")
	}
}

// Count says how many there are.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short leaves out what is zero in 24h0m0s.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
