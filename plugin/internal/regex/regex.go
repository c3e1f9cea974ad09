// Package regex keeps regular expressions that cost nothing before their first use: a text comes in, what compiles it
// once goes out. Every run of the program starts with all of them, and uses few.
package regex

import (
	"regexp"
	"sync"
)

// Of gives the expression of a text. It panics at the first use of one that is none: a test of the package must use
// each.
func Of(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
