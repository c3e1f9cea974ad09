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
	Todo                 []Line    `json:"todo"`    // what the user must do or know
	Assumed              []Line    `json:"assumed"` // what the manifests cannot show, and must hold in the cluster
	Untouched            int       `json:"untouched"`
	Recognised           bool      `json:"-"` // something that this is about is in the input
}

// New makes an empty report; in JSON its lists are empty, not null.
func New() *Report {
	return &Report{
		APIVersion: "elk-mtls.dev/v1alpha1", Kind: "Report",
		Patched: []Patched{}, Added: []Entry{}, Removed: []Entry{}, LeftAlone: []Entry{}, Todo: []Line{},
		Assumed: []Line{},
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

// Change is one change: what stood at a path, and what stands there now. Before is "" when nothing stood there, After
// when nothing stands there any more.
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

// Line is a line of text, about an object of the stream or none. In JSON it is a string.
type Line struct {
	About Object
	Text  string
}

// String gives the line with the object that it is about.
func (l Line) String() string {
	if l.About == (Object{}) {
		return l.Text
	}
	return l.About.Kind + "/" + l.About.Name + ": " + l.Text
}

// MarshalText gives the line as it is printed.
func (l Line) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Of names an object in the form of reports.
func Of(id object.ID) Object {
	return Object{APIVersion: id.APIVersion, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name}
}

// JSON gives the report for programs.
func (r *Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// Text gives the report for people: it is short, and Diff has every change.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mode %s, client authentication %s\n", r.Mode, r.ClientAuthentication)
	if len(r.Patched) > 0 {
		b.WriteString("\nchanged (elk-mtls diff shows how)\n")
	}
	for _, p := range r.Patched {
		fmt.Fprintf(&b, "  %s/%s%s: %s\n", p.Object.Kind, p.Object.Name, p.evidence(), p.sum())
	}
	entries(&b, "added", r.Added)
	entries(&b, "removed", r.Removed)
	entries(&b, "left alone", r.LeftAlone)
	if r.Untouched > 0 {
		fmt.Fprintf(&b, "\n%s passed byte for byte\n", count(r.Untouched, "other document"))
	}
	lines(&b, "must hold in the cluster (the manifests cannot show it)", r.Assumed)
	lines(&b, "to do", r.Todo)
	return b.String()
}

func (p Patched) evidence() string {
	if p.RecognisedAs == "" {
		return ""
	}
	return fmt.Sprintf(" is %s (%s)", p.RecognisedAs, strings.Join(p.Signs, ", "))
}

func (p Patched) sum() string {
	switch {
	case len(p.Changes) == 0:
		return "in place already"
	case p.InPlace > 0:
		return fmt.Sprintf("%s, %d in place already", count(len(p.Changes), "change"), p.InPlace)
	}
	return count(len(p.Changes), "change")
}

// entries lists objects, those with one reason on one line.
func entries(b *strings.Builder, title string, all []Entry) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	var reasons []string
	names := map[string][]string{}
	for _, e := range all {
		if names[e.Why] == nil {
			reasons = append(reasons, e.Why)
		}
		names[e.Why] = append(names[e.Why], e.Object.Kind+"/"+e.Object.Name)
	}
	for _, why := range reasons {
		fmt.Fprintf(b, "  %s: %s\n", strings.Join(names[why], ", "), why)
	}
}

func lines(b *strings.Builder, title string, all []Line) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, line := range all {
		fmt.Fprintf(b, "  * %s\n", line)
	}
}
