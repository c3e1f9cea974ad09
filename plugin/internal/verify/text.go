package verify

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Scope says what a verdict is about. Every output has it.
const Scope = "This speaks of the given manifests only: not of the cluster, and not of clients in other releases."

// Text gives the graph for people: a line for each server and client, then what is wrong, then what it takes for granted.
func (g *Graph) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: client authentication %s, on %s\n", g.Verdict, g.ClientAuthentication, g.Now.Format(time.DateOnly))
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(g.Servers) > 0 {
		_, _ = fmt.Fprintln(table, "\nSERVER\tHTTPS\tCLIENT AUTHENTICATION\tCERTIFICATE\tTRUST\tPROBES\tVERDICT")
	}
	for _, s := range g.Servers {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Object, s.TLS.State, s.ClientAuthentication, s.Certificate.State, s.Trust.State, s.Probes.State, withReason(s.Verdict, s.Reason))
	}
	_ = table.Flush()
	if len(g.Edges) > 0 {
		_, _ = fmt.Fprintln(table, "\nCLIENT\tPROGRAM\tHTTPS\tCA\tCERTIFICATE\tIDENTITY\tVERDICT")
	}
	for _, e := range g.Edges {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.who(), e.what(), e.TLS.State, e.CA.State, e.Certificate.State, e.Identity.State, withReason(e.Verdict, e.Reason))
	}
	_ = table.Flush()
	for i, f := range g.Findings {
		if i == 0 {
			b.WriteString("\nNOT PROVEN because\n")
		}
		fmt.Fprintf(&b, "  %s %s\n         %s\n", f.Code, f, f.Remedy)
	}
	for i, text := range g.Assumptions {
		if i == 0 {
			b.WriteString("\nPROVEN IF\n")
		}
		fmt.Fprintf(&b, "  %s\n", text)
	}
	b.WriteString("\n" + Scope + "\n")
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
	if e.Setting == "elasticsearch.hosts" {
		return e.Program
	}
	return strings.TrimSpace(e.Program + " " + e.Setting)
}

func withReason(v Verdict, reason string) string {
	if reason != "" {
		return string(v) + ": " + reason
	}
	return string(v)
}
