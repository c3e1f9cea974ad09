package survey

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// HTML prints the report as one page that needs nothing else: no script, no font, no picture of somebody else's.
func (r *Report) HTML() string {
	var b strings.Builder
	state, class := "Not ready for required", "bad"
	if r.Gate.Open {
		state, class = "Ready for required", "good"
	}
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Who connects to "+
		"Elasticsearch</title>\n<style>%s</style></head><body>\n", style)
	fmt.Fprintf(&b, "<h1>Who connects to Elasticsearch</h1>\n<p class=\"state %s\">%s</p>\n<p>Watched from %s to %s. "+
		"The longest time without a gap is %s.</p>\n", class, state,
		stamp(r.From), stamp(r.To), short(r.watched))
	r.picture(&b)
	list(&b, "Before required", r.Gate.Reasons)
	table(&b, "Without a certificate", "bad", r.Without)
	table(&b, "Unknown: connected, and sent nothing while it was watched", "unsure", r.Unknown)
	table(&b, "With a certificate", "good", r.With)
	var lines []string
	for _, p := range r.Never {
		lines = append(lines, fmt.Sprintf("%s: the manifests say %s", p, p.Verdict))
	}
	list(&b, "Promised by the manifests and never seen", lines)
	lines = nil
	for _, f := range r.Refused {
		lines = append(lines, fmt.Sprintf("%s, %s, last at %s: %s. %s.", f.Where(), Count(f.Times, "time"),
			stamp(f.Last), f.Reason, f.Remedy))
	}
	list(&b, "Refused by Elasticsearch", lines)
	lines = nil
	for _, g := range r.Gaps {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s from %s to %s: %s", g.Node, stamp(g.From), stamp(g.To),
			g.Reason)))
	}
	list(&b, "Not covered", append(lines, r.NotLooked...))
	fmt.Fprintf(&b, "<footer>elk-mtls %s</footer>\n</body></html>\n", html.EscapeString(r.Tool))
	return b.String()
}

const style = "" +
	`body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2733}` +
	`h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}` +
	`.state{display:inline-block;padding:.3rem .8rem;border-radius:.4rem;font-weight:600;color:#fff}` +
	`.state.bad{background:#b3261e}.state.good{background:#1b7f3b}table{border-collapse:collapse;width:100%}` +
	`th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d7dde3;vertical-align:top}` +
	`th{font-weight:600;color:#53616e}td.n{text-align:right}td.t{white-space:nowrap}small{color:#53616e}` +
	`svg text{font:13px system-ui,sans-serif;fill:#1c2733}footer{margin-top:2rem;color:#53616e}`

func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "<h2>%s</h2>\n<ul>\n", title)
	for _, text := range lines {
		fmt.Fprintf(b, "<li>%s</li>\n", html.EscapeString(text))
	}
	b.WriteString("</ul>\n")
}

func table(b *strings.Builder, title, class string, all []Client) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "<h2>%s</h2>\n<table "+
		"class=\"%s\"><tr><th>who</th><th>agent</th><th>requests</th><th>first</th><th>last</th><th>last "+
		"path</th><th>manifests</th></tr>\n", title, class)
	for _, c := range all {
		who := html.EscapeString(c.Name())
		if c.Workload != "" && c.Place != "pod" {
			who += "<br><small>perhaps " + html.EscapeString(c.Workload) + "</small>"
		}
		if c.Note != "" {
			who += "<br><small>" + html.EscapeString(c.Note) + "</small>"
		}
		fmt.Fprintf(b, "<tr><td>%s</td><td>%s</td><td class=\"n\">%d</td><td class=\"t\">%s</td><td "+
			"class=\"t\">%s</td><td>%s</td><td>%s</td></tr>\n", who, html.EscapeString(c.Agent), c.Requests,
			stamp(c.First), stamp(c.Last), html.EscapeString(c.Path), html.EscapeString(string(c.Verdict)))
	}
	b.WriteString("</table>\n")
}

// link is an arrow of the picture.
type link struct{ from, to, colour, dash string }

const (
	rowHeight = 34
	most      = 60 // clients in the picture
)

const svg = `<svg viewBox="0 0 1000 %d" width="100%%" role="img" aria-label="who talks to which node">` + "\n"

// picture draws who talks to which node: red without a certificate, green with one, grey where nobody knows, dashed
// where nobody came.
func (r *Report) picture(b *strings.Builder) {
	var left, right []string
	var links []link
	add := func(name string, nodes []string, colour, dash string) {
		if !slices.Contains(left, name) {
			left = append(left, name)
		}
		for _, n := range nodes {
			if !slices.Contains(right, n) {
				right = append(right, n)
			}
			links = append(links, link{name, n, colour, dash})
		}
	}
	for _, group := range []struct {
		all    []Client
		colour string
	}{{r.Without, "#b3261e"}, {r.Unknown, "#8a6d00"}, {r.With, "#1b7f3b"}} {
		for _, c := range group.all {
			add(c.Name(), c.Nodes, group.colour, "")
		}
	}
	slices.Sort(right)
	for _, p := range r.Never {
		add(p.Workload, right, "#9aa7b2", "5 5")
	}
	if len(left) == 0 || len(right) == 0 {
		return
	}
	rest := max(0, len(left)-most)
	left = left[:len(left)-rest]
	height := max(len(left), len(right))*rowHeight + 20
	y := func(i, n int) int { return 10 + (height-20)*(2*i+1)/(2*n) }
	fmt.Fprintf(b, svg, height)
	for _, l := range links {
		if i, j := slices.Index(left, l.from), slices.Index(right, l.to); i >= 0 {
			l.draw(b, y(i, len(left)), y(j, len(right)))
		}
	}
	box := func(x, at int, name string) {
		fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"26\" rx=\"5\" fill=\"#eef2f5\" "+
			"stroke=\"#c3ccd4\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
			x, at-13, 410-x/720*150, x+10, at+5, html.EscapeString(shortened(name)))
	}
	for i, name := range left {
		box(20, y(i, len(left)), name)
	}
	for i, name := range right {
		box(720, y(i, len(right)), name)
	}
	b.WriteString("</svg>\n<p><small>Red: without a certificate. Green: with one. Brown: unknown. Dashed: promised " +
		"by the manifests and never seen.")
	if rest > 0 {
		b.WriteString(" Not in the picture: " + strconv.Itoa(rest) + " more.")
	}
	b.WriteString("</small></p>\n")
}

func (l link) draw(b *strings.Builder, from, to int) {
	fmt.Fprintf(b, "<path d=\"M430 %d C 560 %d 590 %d 720 %d\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "+
		"stroke-dasharray=\"%s\"/>\n", from, from, to, to, l.colour, l.dash)
}

func shortened(name string) string {
	if runes := []rune(name); len(runes) > 52 {
		return string(runes[:51]) + "…"
	}
	return name
}
