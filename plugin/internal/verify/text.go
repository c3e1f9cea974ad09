package verify

import (
	"fmt"
	"strings"
	"time"
)

// Scope says what a verdict is about. Every output has it.
const Scope = "This covers the given manifests only, not the cluster, and not clients in other releases."

// Remedy is the one command that a release needs that was never patched.
const Remedy = "elk-mtls has not patched this release. Run helm upgrade --install RELEASE CHART " +
	"--post-renderer elk-mtls"

// hanging is how far the second line of an entry is indented: as wide as the longest verdict.
const hanging = "              "

// Text gives the graph for people: the verdict, an entry for each server and client, then findings and assumptions,
// and last what was read. Lines are as long as their text: the caller folds them.
func (g *Graph) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: client authentication %s, on %s\n", g.Verdict, g.ClientAuthentication,
		g.Now.Format(time.DateOnly))
	if g.Verdict == NotProven && !g.Patched {
		b.WriteString(Remedy + "\n")
	}
	heading := func(n int, text string) {
		if n > 0 {
			b.WriteString("\n" + text + "\n")
		}
	}
	heading(len(g.Servers), "Servers")
	for _, s := range g.Servers {
		who := s.Object
		if s.Verdict != Unmanaged {
			who += fmt.Sprintf(" (client authentication %s)", s.ClientAuthentication)
		}
		g.entry(&b, s.Verdict, who, s.Reason, fmt.Sprintf("https %s, certificate %s, trust %s, probes %s",
			s.TLS.State, s.Certificate.State, s.Trust.State, s.Probes.State))
	}
	heading(len(g.Edges), "Clients")
	for _, e := range g.Edges {
		g.entry(&b, e.Verdict, e.who(), e.Reason, fmt.Sprintf("%s: https %s, CA %s, certificate %s, identity %s",
			e.what(), e.TLS.State, e.CA.State, e.Certificate.State, e.Identity.State))
	}
	b.WriteString(g.legend())
	if g.Replacement != nil {
		heading(1, "Two CAs are in use")
		fmt.Fprintf(&b, "  %s\n  %s\n", g.Replacement, g.Replacement.Remedy())
	}
	heading(len(g.Unmanaged), "Listed as unmanaged")
	for _, u := range g.Unmanaged {
		fmt.Fprintf(&b, "  %s: %s\n", u.Object, u.Reason)
	}
	heading(len(g.Findings), "Findings")
	for _, f := range g.Findings {
		fmt.Fprintf(&b, "  %s %s\n         %s\n         %s\n", f.Code, f, f.Remedy, f.URL)
	}
	heading(len(g.Assumptions), "Assumptions")
	for _, text := range g.Assumptions {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	b.WriteString("\n" + g.read() + Scope + "\n")
	return b.String()
}

// legend explains the states that the entries show. "ok" needs no words.
func (g *Graph) legend() string {
	shown := map[string]bool{}
	for _, s := range g.Servers {
		for _, a := range []Aspect{s.TLS, s.Certificate, s.Trust, s.Probes} {
			shown[a.State] = s.Reason == "" || shown[a.State]
		}
	}
	for _, e := range g.Edges {
		for _, a := range []Aspect{e.TLS, e.CA, e.Certificate, e.Identity} {
			shown[a.State] = e.Reason == "" || shown[a.State]
		}
	}
	var words []string
	for _, w := range []struct{ state, means string }{
		{stateNo, "see findings"}, {stateIf, "see assumptions"}, {stateOff, "not checked"}, {stateNone, "not needed"},
	} {
		if shown[w.state] {
			words = append(words, w.state+": "+w.means)
		}
	}
	if words == nil {
		return ""
	}
	return "\n  " + strings.Join(words, "; ") + "\n"
}

// entry writes a server or a client.
func (g *Graph) entry(b *strings.Builder, v Verdict, who, reason, aspects string) {
	fmt.Fprintf(b, "  %-*s%s\n", len(hanging)-2, v, who)
	if reason != "" {
		aspects = reason
	}
	fmt.Fprintf(b, "%s%s\n", hanging, aspects)
}

// read says by what, and from what, the verdict was made.
func (g *Graph) read() string {
	var b strings.Builder
	if g.Tool != "" {
		fmt.Fprintf(&b, "elk-mtls %s read\n", g.Tool)
	}
	for _, in := range g.Inputs {
		fmt.Fprintf(&b, "  %s sha256:%s\n", in.Name, in.SHA256)
	}
	var kinds []string
	for _, c := range g.LookedAt {
		kinds = append(kinds, fmt.Sprintf("%d %s", c.Count, c.Kind))
	}
	if len(kinds) > 0 {
		fmt.Fprintf(&b, "  with %s\n", strings.Join(kinds, ", "))
	}
	return b.String()
}

// String gives the finding on a line, without code and remedy.
func (f Finding) String() string {
	var where []string
	if f.Object != "" {
		where = append(where, f.Object)
	}
	if f.Container != "" {
		where = append(where, fmt.Sprintf("container %q", f.Container))
	}
	if f.Path != "" {
		where = append(where, f.Path)
	}
	if f.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", f.Line))
	}
	if len(where) == 0 {
		return f.Reason
	}
	return strings.Join(where, ", ") + ": " + f.Reason
}

// who names the client of an edge: its object, and the container.
func (e *Edge) who() string {
	if e.Container == "" {
		return e.Client
	}
	return e.Client + "/" + e.Container
}

// what names the program, and the place of its settings where it may have several.
func (e *Edge) what() string {
	if e.Setting == kibanaOwn.Name(kibanaOwn.Hosts[0]) {
		return e.Program
	}
	return strings.TrimSpace(e.Program + " " + e.Setting)
}
