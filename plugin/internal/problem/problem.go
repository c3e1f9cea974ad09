// Package problem gives the reasons why a stream cannot be secured as asked, as values: what happened and where goes
// in, the lines that a person reads come out. Nothing looks into their texts.
package problem

import (
	"errors"
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Problem is one reason.
type Problem struct {
	Object object.ID // what it is about; empty where the text says that itself
	Field  string    // the setting, "" where it is about none
	Text   string    // what is wrong, and why that matters
	Hint   string    // what to do
	Code   Code      // its kind
}

// New gives a problem of a kind.
func New(code Code, format string, args ...any) Problem {
	return Problem{Code: code, Text: fmt.Sprintf(format, args...)}
}

// At gives the same problem of a setting.
func (p Problem) At(field string) Problem {
	p.Field = field
	return p
}

// Of gives the same problem of an object.
func (p Problem) Of(id object.ID) Problem {
	p.Object = id
	return p
}

// Do gives the same problem with what to do about it.
func (p Problem) Do(format string, args ...any) Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// Line says what is wrong, and in which object.
func (p Problem) Line() string {
	if p.Object == (object.ID{}) {
		return p.Text
	}
	return p.Object.String() + ": " + p.Text
}

// Error gives the line of a problem, the one with its hint, and at the end its code.
func (p Problem) Error() string {
	text := p.Line()
	if p.Hint != "" {
		text += "\nhint: " + p.Hint
	}
	return text + " [" + string(p.Code) + "]"
}

// Each gives the errors that are joined in one, however deep, and an error that joins none as it is.
func Each(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Each(e)...)
	}
	return all
}

// All gives the problems in an error. One that is no problem itself is about reading the input.
func All(err error) []Problem {
	var all []Problem
	for _, e := range Each(err) {
		var p Problem
		if !errors.As(e, &p) {
			p = New(Input, "%s", e)
		}
		all = append(all, p)
	}
	return all
}

// Within says of each problem in an error where it is: the words stand before its text.
func Within(err error, format string, args ...any) error {
	all := All(err)
	for i, p := range all {
		all[i].Text = fmt.Sprintf(format, args...) + ": " + p.Text
	}
	return Join(all)
}

// Join gives problems as one error, nil for none.
func Join(all []Problem) error {
	if len(all) == 1 {
		return all[0]
	}
	var errs []error
	for _, p := range all {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}

// Advise gives each problem in an error another hint.
func Advise(err error, hint string) error {
	all := All(err)
	for i := range all {
		all[i].Hint = hint
	}
	return Join(all)
}

// About says of each problem in an error of which object it is, unless it says that itself.
func About(id object.ID, err error) []Problem {
	all := All(err)
	for i := range all {
		if all[i].Object == (object.ID{}) {
			all[i].Object = id
		}
	}
	return all
}
