package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// JSON gives the graph as docs/verify.schema.json describes it.
func (g *Graph) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(struct {
		Schema string `json:"schema"`
		*Graph
		Scope string `json:"scope"`
	}{Schema, g, Scope}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the graph: %w", err)
	}
	return append(text, '\n'), nil
}

// Schema names the form of the JSON output. A change that breaks readers gets another name.
const Schema = "elk-mtls.dev/verify/v1"

// Mermaid gives the graph as a picture, coloured by verdict. https://mermaid.js.org/syntax/flowchart.html
func (g *Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids, links := map[string]string{}, map[string][]string{}
	drawn := 0
	node := func(name, class string) string {
		id, ok := ids[name]
		if !ok {
			id = fmt.Sprintf("n%d", len(ids))
			ids[name] = id
			fmt.Fprintf(&b, "  %s[\"%s\"]:::%s\n", id, escape(name), class)
		}
		return id
	}
	for _, s := range g.Servers {
		node(s.Object, class(s.Verdict))
	}
	for _, e := range g.Edges {
		to := e.Servers
		if len(to) == 0 {
			to = e.Addresses
		}
		from := node(e.who(), "client")
		for _, name := range to {
			target := node(name, "outside")
			fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", from, escape(e.what()+": "+string(e.Verdict)), target)
			links[colour(e.Verdict)] = append(links[colour(e.Verdict)], fmt.Sprint(drawn))
			drawn++
		}
	}
	for i, f := range g.Findings {
		if f.Code == UnknownClient {
			fmt.Fprintf(&b, "  u%d[\"%s\"]:::notproven\n", i, escape(f.Object+" "+f.Container))
		}
	}
	for _, of := range slices.Sorted(maps.Keys(links)) {
		fmt.Fprintf(&b, "  linkStyle %s stroke:%s,stroke-width:2px\n", strings.Join(links[of], ","), of)
	}
	b.WriteString("  classDef proven fill:#d4edda,stroke:#28a745,color:#000\n  classDef provenif " +
		"fill:#fff3cd,stroke:#d39e00,color:#000\n" +
		"  classDef notproven fill:#f8d7da,stroke:#dc3545,color:#000\n  classDef unmanaged " +
		"fill:#e2e3e5,stroke:#6c757d,color:#000\n" +
		"  classDef client fill:#fff,stroke:#333,color:#000\n  classDef outside " +
		"fill:#fff,stroke:#333,stroke-dasharray:4,color:#000\n")
	return b.String()
}

// class names the style of a verdict.
func class(v Verdict) string { return strings.ReplaceAll(strings.ToLower(string(v)), " ", "") }

func colour(v Verdict) string {
	return map[Verdict]string{Proven: "#28a745", ProvenIf: "#d39e00", NotProven: "#dc3545", Unmanaged: "#6c757d"}[v]
}

// escape makes a text safe inside quotes of a picture.
func escape(text string) string {
	return strings.NewReplacer("\"", "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(text)
}
