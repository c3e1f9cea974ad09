// Package diagnosis gives the findings of doctor: what was seen goes in, a list with stable codes comes out, as lines
// for people and as JSON for programs. It looks at nothing itself.
package diagnosis

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Level is how bad a finding is.
type Level string

// A Warning is something to know; only a Problem fails. Skipped is what could not be looked at.
const (
	Skipped Level = "skipped"
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
	Health           Code = "health"
	Chain            Code = "chain"
	HostName         Code = "host-name"
	Required         Code = "client-certificate-required"
	PKIRealm         Code = "pki-realm"
	Survey           Code = "survey"
	CertificateFiles Code = "certificate-files"
	CertificateUsage Code = "certificate-usage"
	CertificateDates Code = "certificate-dates"
	ServerDates      Code = "server-dates"
	CADates          Code = "ca-dates"
	CAReplacement    Code = "ca-replacement"
	Licence          Code = "licence"
	TokenWorks       Code = "token-works"
	TokenRecorded    Code = "token-recorded"
	Orphans          Code = "orphans"
	Login            Code = "login"
	Role             Code = "role"
	PodsCurrent      Code = "pods-current"
	PostRenderer     Code = "post-renderer"
	HookLeftovers    Code = "hook-leftovers"
	ReleaseLeftovers Code = "release-leftovers"
	Elasticsearch    Code = "privileges-elasticsearch"
	Kubernetes       Code = "privileges-kubernetes"
)

// sections say where a check is printed.
var sections = []struct {
	name  string
	codes []Code
}{
	{"connection", []Code{Reachable, Health, Chain, HostName, Required, PKIRealm, Survey}},
	{"certificate", []Code{CertificateFiles, CertificateUsage, CertificateDates, ServerDates, CADates, CAReplacement}},
	{"licence", []Code{Licence}},
	{"token", []Code{TokenWorks, TokenRecorded, Orphans}},
	{"kibana", []Code{Login, Role}},
	{"cluster", []Code{PodsCurrent, PostRenderer, HookLeftovers, ReleaseLeftovers}},
	{"privileges", []Code{Elasticsearch, Kubernetes}},
}

// Codes lists all checks.
func Codes() (all []Code) {
	for _, s := range sections {
		all = append(all, s.codes...)
	}
	return all
}

func rank(l Level) int { return slices.Index([]Level{OK, Skipped, Warning, Problem}, l) }

const page = "https://github.com/elk-mtls/elk-mtls/blob/main/docs/doctor.md#"

// Finding is what one check found.
type Finding struct {
	Section string `json:"section"`
	Code    Code   `json:"code"`
	Level   Level  `json:"level"`
	Text    string `json:"text"` // of one that was skipped: what it needs
	Remedy  string `json:"remedy,omitempty"`
	Page    string `json:"page"`
}

// Report is all that was found, each check once.
type Report struct{ found map[Code]Finding }

// Good records that a check found nothing wrong.
func (r *Report) Good(code Code, format string, args ...any) { r.add(code, OK, "", format, args...) }

// Warn records something to know, and what to do about it.
func (r *Report) Warn(code Code, remedy, format string, args ...any) {
	r.add(code, Warning, remedy, format, args...)
}

// Bad records a problem, and what to do about it.
func (r *Report) Bad(code Code, remedy, format string, args ...any) {
	r.add(code, Problem, remedy, format, args...)
}

// add records what a check found. Of several findings the first of the worst stays: what comes later follows from it.
func (r *Report) add(code Code, level Level, remedy, format string, args ...any) {
	if r.found == nil {
		r.found = map[Code]Finding{}
	}
	if had, ok := r.found[code]; ok && rank(level) <= rank(had.Level) {
		return
	}
	r.found[code] = Finding{Code: code, Level: level, Text: fmt.Sprintf(format, args...), Remedy: remedy,
		Page: page + string(code)}
}

// Skip says for checks that found nothing yet what they need.
func (r *Report) Skip(needs string, codes ...Code) {
	for _, code := range codes {
		if _, ok := r.found[code]; ok {
			continue
		}
		r.add(code, Skipped, "", "%s", needs)
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
	for _, f := range r.Findings() {
		if f.Level == Problem {
			n++
		}
	}
	return n
}

// Text prints one line per check, under the names of the sections, and below what is not well the remedy and where to
// read on. The last line is what was not looked at.
func (r *Report) Text(out io.Writer) error {
	var text strings.Builder
	section := ""
	for _, f := range r.Findings() {
		if f.Level == Skipped {
			continue
		}
		if f.Section != section {
			section = f.Section
			fmt.Fprintln(&text, section)
		}
		fmt.Fprintf(&text, "  %s %s: %s\n", signs[f.Level], f.Code, f.Text)
		if f.Level != OK {
			fmt.Fprintf(&text, "    → %s\n", strings.TrimPrefix(f.Remedy+" "+f.Page, " "))
		}
	}
	if skipped := r.skipped(); skipped != "" {
		fmt.Fprintf(&text, "not looked at: %s\n", skipped)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// skipped is what was not looked at, by what it needs.
func (r *Report) skipped() string {
	var needs []string
	codes := map[string][]string{}
	for _, f := range r.Findings() {
		if f.Level != Skipped {
			continue
		}
		if codes[f.Text] == nil {
			needs = append(needs, f.Text)
		}
		codes[f.Text] = append(codes[f.Text], string(f.Code))
	}
	for i, text := range needs {
		needs[i] = fmt.Sprintf("%s (needs %s)", strings.Join(codes[text], ", "), text)
	}
	return strings.Join(needs, "; ")
}

// JSON prints the same for programs.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(map[string]any{"problems": r.Problems(), "findings": slices.Clip(r.Findings())})
}
