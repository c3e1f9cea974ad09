// Package failure gives errors that know their exit code: a cause and advice go in, what the person sees and what
// kubelet records come out.
package failure

import "errors"

// The exit codes of elk-mtls-init.
const (
	Other             = 1
	Usage             = 2
	Unreachable       = 10 // nobody answers, or the time is over
	WrongCA           = 11
	HostName          = 12
	ClientCertificate = 13 // none, or refused
	Dates             = 14 // a certificate is expired or not yet valid
	Unauthorized      = 15 // Elasticsearch 401
	Forbidden         = 16 // Elasticsearch 403
	Unavailable       = 17 // Elasticsearch 503
	Licence           = 18
	KubeForbidden     = 20
	SecretMissing     = 21
	SecretImmutable   = 22
)

// Error is a cause with its exit code and, where there is one, a hint: what to do.
type Error struct {
	Code int
	Hint string
	Err  error
}

// New joins a cause with its exit code and hint.
func New(code int, err error, hint string) *Error { return &Error{code, hint, err} }

// Error returns the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Code returns the exit code of err: 0 for nil, Other where nobody set one.
func Code(err error) int {
	var e *Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Code
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
