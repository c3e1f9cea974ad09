// Package report tells what a run did: a plan and the outcome of its changes come in, text or JSON goes out.
package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Report is what a run did, and what it left to the user. It holds no value of a Secret.
type Report struct {
	APIVersion           string    `json:"apiVersion"` // elk-mtls.dev/v1alpha1
	Kind                 string    `json:"kind"`       // Report
	Mode                 string    `json:"mode"`
	ClientAuthentication string    `json:"clientAuthentication"`
	Patched              []Patched `json:"patched"`
	Added                []Entry   `json:"added"`
	Removed              []Entry   `json:"removed"`
	LeftAlone            []Entry   `json:"leftAlone"`
	Todo                 []string  `json:"todo"`    // what the user must do or know
	Assumed              []string  `json:"assumed"` // what the manifests cannot show, and must hold in the cluster
	Untouched            int       `json:"untouched"`
}

// New makes an empty report; in JSON its lists are empty, not null.
func New() *Report {
	return &Report{
		APIVersion: "elk-mtls.dev/v1alpha1", Kind: "Report",
		Patched: []Patched{}, Added: []Entry{}, Removed: []Entry{}, LeftAlone: []Entry{}, Todo: []string{}, Assumed: []string{},
	}
}

// Object names an object.
type Object struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// Patched is an object that was changed, or that held every change already.
type Patched struct {
	Object       Object   `json:"object"`
	Line         int      `json:"line"`                   // of the input, on which its document starts
	RecognisedAs string   `json:"recognisedAs,omitempty"` // "Elasticsearch", "Kibana"
	Signs        []string `json:"signs,omitempty"`        // the evidence for that
	Changes      []Change `json:"changes"`
	InPlace      int      `json:"inPlace"` // how many changes were there already
}

// Change is one change: what stood at a path, and what stands there now. Before is "" when nothing stood there, After when nothing
// stands there any more.
type Change struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
	Why    string `json:"why"`
	Link   string `json:"link,omitempty"`
}

// Entry is an object with one line about it.
type Entry struct {
	Object Object `json:"object"`
	Why    string `json:"why"`
}

// Of names an object in the form of reports.
func Of(id object.ID) Object {
	return Object{APIVersion: id.APIVersion, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name}
}

// JSON gives the report for programs.
func (r *Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// Text gives the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mode %s, client authentication %s\n", r.Mode, r.ClientAuthentication)
	for _, p := range r.Patched {
		p.text(&b)
	}
	entries(&b, "added", r.Added)
	entries(&b, "removed", r.Removed)
	entries(&b, "left alone", r.LeftAlone)
	if r.Untouched > 0 {
		fmt.Fprintf(&b, "\n%d other documents passed byte for byte\n", r.Untouched)
	}
	lines(&b, "must hold in the cluster (the manifests cannot show it)", r.Assumed)
	lines(&b, "to do", r.Todo)
	return b.String()
}

func (p Patched) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s/%s", p.Object.Kind, p.Object.Name)
	if p.RecognisedAs != "" {
		fmt.Fprintf(b, " is %s (%s)", p.RecognisedAs, strings.Join(p.Signs, ", "))
	}
	b.WriteByte('\n')
	for _, c := range p.Changes {
		switch {
		case c.Before == "":
			fmt.Fprintf(b, "  + %s: %s\n", c.Path, c.After)
		case c.After == "":
			fmt.Fprintf(b, "  - %s: %s\n", c.Path, c.Before)
		default:
			fmt.Fprintf(b, "  ~ %s: %s -> %s\n", c.Path, c.Before, c.After)
		}
		fmt.Fprintf(b, "      %s\n", c.Why)
	}
	if p.InPlace > 0 {
		fmt.Fprintf(b, "  = %d changes are in place already\n", p.InPlace)
	}
}

func entries(b *strings.Builder, title string, all []Entry) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, e := range all {
		fmt.Fprintf(b, "  %s/%s: %s\n", e.Object.Kind, e.Object.Name, e.Why)
	}
}

func lines(b *strings.Builder, title string, all []string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, line := range all {
		fmt.Fprintf(b, "  * %s\n", line)
	}
}
