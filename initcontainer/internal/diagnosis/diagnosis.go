// Package diagnosis gives the findings of doctor: what was seen goes in, a list with stable codes comes out, as lines for
// people and as JSON for programs. It looks at nothing itself.
package diagnosis

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Level is how bad a finding is.
type Level string

// A Warning is something to know, or something that could not be looked at; only a Problem fails.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem"
)

var signs = map[Level]string{OK: "✓", Warning: "‼", Problem: "✗"}

// Code names a check. Codes are stable: each is a heading of docs/doctor.md.
type Code string

// The checks, in the order in which they are printed.
const (
	Reachable        Code = "reachable"
	Chain            Code = "chain"
	HostName         Code = "host-name"
	Required         Code = "client-certificate-required"
	PKIRealm         Code = "pki-realm"
	CertificateFiles Code = "certificate-files"
	CertificateUsage Code = "certificate-usage"
	CertificateDates Code = "certificate-dates"
	Licence          Code = "licence"
	TokenWorks       Code = "token-works"
	TokenRecorded    Code = "token-recorded"
	Orphans          Code = "orphans"
	PodsCurrent      Code = "pods-current"
	PostRenderer     Code = "post-renderer"
	HookLeftovers    Code = "hook-leftovers"
	Elasticsearch    Code = "privileges-elasticsearch"
	Kubernetes       Code = "privileges-kubernetes"
)

// sections say where a check is printed.
var sections = []struct {
	name  string
	codes []Code
}{
	{"connection", []Code{Reachable, Chain, HostName, Required, PKIRealm}},
	{"certificate", []Code{CertificateFiles, CertificateUsage, CertificateDates}},
	{"licence", []Code{Licence}},
	{"token", []Code{TokenWorks, TokenRecorded, Orphans}},
	{"cluster", []Code{PodsCurrent, PostRenderer, HookLeftovers}},
	{"privileges", []Code{Elasticsearch, Kubernetes}},
}

// Codes lists all checks.
func Codes() (all []Code) {
	for _, s := range sections {
		all = append(all, s.codes...)
	}
	return all
}

func rank(l Level) int { return slices.Index([]Level{OK, Warning, Problem}, l) }

const page = "docs/doctor.md#"

// Finding is what one check found.
type Finding struct {
	Section string `json:"section"`
	Code    Code   `json:"code"`
	Level   Level  `json:"level"`
	Text    string `json:"text"`
	Page    string `json:"page"`
}

// Report is all that was found, each check once.
type Report struct{ found map[Code]Finding }

// Add records what a check found. Of several findings the first of the worst stays: what comes later follows from it.
func (r *Report) Add(code Code, level Level, format string, args ...any) {
	if r.found == nil {
		r.found = map[Code]Finding{}
	}
	if had, ok := r.found[code]; ok && rank(level) <= rank(had.Level) {
		return
	}
	r.found[code] = Finding{Code: code, Level: level, Text: fmt.Sprintf(format, args...), Page: page + string(code)}
}

// Skip says for checks that found nothing yet why nobody looked.
func (r *Report) Skip(reason string, codes ...Code) {
	for _, code := range codes {
		if _, ok := r.found[code]; !ok {
			r.Add(code, Warning, "not looked at: %s", reason)
		}
	}
}

// Findings lists them by section.
func (r *Report) Findings() (all []Finding) {
	for _, s := range sections {
		for _, code := range s.codes {
			if f, ok := r.found[code]; ok {
				f.Section = s.name
				all = append(all, f)
			}
		}
	}
	return all
}

// Problems counts what fails.
func (r *Report) Problems() (n int) {
	for _, f := range r.found {
		if f.Level == Problem {
			n++
		}
	}
	return n
}

// Text prints one line per check, under the names of the sections.
func (r *Report) Text(out io.Writer) error {
	section := ""
	for _, f := range r.Findings() {
		if f.Section != section {
			section = f.Section
			if _, err := fmt.Fprintln(out, section); err != nil {
				return err
			}
		}
		line := fmt.Sprintf("  %s %s: %s", signs[f.Level], f.Code, f.Text)
		if f.Level != OK {
			line += " (" + f.Page + ")"
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// JSON prints the same for programs.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(map[string]any{"problems": r.Problems(), "findings": slices.Clip(r.Findings())})
}
