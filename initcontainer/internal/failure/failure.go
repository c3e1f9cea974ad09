// Package failure gives errors that know their cause, and by it their exit code: a cause and advice go in, what the
// person sees and what kubelet records come out.
package failure

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Cause is what went wrong. The table says what follows from it.
type Cause int

// The causes. Their rows in the table are in the same order.
const (
	None              Cause = iota
	Other                   // nobody set one
	Usage                   // wrong usage
	Unreachable             // nobody answers, or the time is over
	NotElasticsearch        // something else answers, or without TLS
	WrongCA                 // the server's certificate is not signed by a CA that we trust
	HostName                // it is for another host
	ClientCertificate       // ours is missing, refused, or that of a CA
	Dates                   // a certificate is expired or not yet valid
	Unauthorized            // Elasticsearch answers 401
	Forbidden               // Elasticsearch answers 403, for want of a right
	NoRole                  // the role that Kibana should have does not exist
	Unavailable             // Elasticsearch answers 5xx, or its health is red
	Overloaded              // Elasticsearch answers 429
	Blocked                 // an index or the cluster takes no writes
	IndexClosed             // somebody closed the index .security
	Licence                 // the licence has no PKI realms
	KubeForbidden           // the Kubernetes API server answers 401 or 403
	SecretMissing           // the Secret is not there
	SecretImmutable         // the Secret cannot be changed
	SecretForeign           // the Secret holds something else at the place of the token
)

// table is the one place that says which exit code a cause has, in which words, and whether it says nothing about a
// token that is in the Secret: then Kibana may start with it, unverified.
var table = []struct {
	code   int
	what   string
	silent bool
}{
	None:              {code: 0, what: "done"},
	Other:             {code: 1, what: "any other error"},
	Usage:             {code: 2, what: "wrong usage"},
	Unreachable:       {code: 10, what: "Elasticsearch is unreachable, or the timeout passed", silent: true},
	NotElasticsearch:  {code: 10, what: "the address is not that of Elasticsearch"},
	WrongCA:           {code: 11, what: "wrong CA"},
	HostName:          {code: 12, what: "wrong host name"},
	ClientCertificate: {code: 13, what: "our certificate is missing, refused, or a CA's own"},
	Dates:             {code: 14, what: "a certificate is expired or not yet valid"},
	Unauthorized:      {code: 15, what: "Elasticsearch answers 401"},
	Forbidden:         {code: 16, what: "Elasticsearch answers 403"},
	NoRole:            {code: 16, what: "the role does not exist"},
	Unavailable:       {code: 17, what: "Elasticsearch answers 5xx or its health is red", silent: true},
	Overloaded:        {code: 17, what: "it answers 429"},
	Blocked:           {code: 17, what: "writes are blocked"},
	IndexClosed:       {code: 17, what: "the index .security is closed"},
	Licence:           {code: 18, what: "the licence has no PKI realms"},
	KubeForbidden:     {code: 20, what: "Kubernetes answers 401 or 403"},
	SecretMissing:     {code: 21, what: "the Secret does not exist"},
	SecretImmutable:   {code: 22, what: "the Secret is immutable"},
	SecretForeign:     {code: 2, what: "the Secret holds something other than a token"},
}

// Code is the exit code of elk-mtls-init.
func (c Cause) Code() int { return table[c].code }

// Codes lists all exit codes, each with its causes, a line for each.
func Codes() string {
	what := map[int][]string{}
	for _, row := range table {
		what[row.code] = append(what[row.code], row.what)
	}
	var all []string
	for _, code := range slices.Sorted(maps.Keys(what)) {
		all = append(all, fmt.Sprintf("  %2d  %s", code, strings.Join(what[code], ", or ")))
	}
	return strings.Join(all, "\n")
}

// Silent reports whether the cause leaves open if a token works: no answer, or one that is not about it.
func (c Cause) Silent() bool { return table[c].silent }

// Error is a cause with its error and, where there is one, a hint: what to do.
type Error struct {
	Cause Cause
	Hint  string
	Err   error
}

// New joins an error with its cause and hint.
func New(cause Cause, err error, hint string) *Error { return &Error{cause, hint, err} }

// Error returns the error's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *Error) Unwrap() error { return e.Err }

// Of returns the cause of err: None for nil, Other where nobody set one.
func Of(err error) Cause {
	var e *Error
	switch {
	case err == nil:
		return None
	case errors.As(err, &e):
		return e.Cause
	}
	return Other
}

// Hint returns what to do about err, "" where nobody knows.
func Hint(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
