// Package closest finds what somebody meant who mistyped a name: of a flag, a command, a setting, a variable.
package closest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// To gives the known name that is most like the name, in any case of letters: one that a few typing mistakes lead to,
// else one that it begins, else one that it ends. There is none where ok is false. Of equals, the first counts.
func To(name string, known []string) (likely string, ok bool) {
	lower := strings.ToLower(name)
	nearest := 2 + len(name)/5
	for _, k := range known {
		if d := distance(lower, strings.ToLower(k)); d < nearest {
			likely, nearest, ok = k, d, true
		}
	}
	if ok || name == "" {
		return likely, ok
	}
	for _, same := range []func(string, string) bool{strings.HasPrefix, strings.HasSuffix} {
		for _, k := range known {
			if same(strings.ToLower(k), lower) {
				return k, true
			}
		}
	}
	return "", false
}

// Hint is the question that follows an error about an unknown name; empty where nothing is like it.
func Hint(name string, known []string) string {
	if likely, ok := To(name, known); ok {
		return fmt.Sprintf("; did you mean %s?", likely)
	}
	return ""
}

// FlagHint is Hint for the error of a command line: empty unless it is about a flag that there is not.
func FlagHint(err error, flags *pflag.FlagSet) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if likely, ok := To(unknown.GetSpecifiedName(), known); ok {
		return "; did you mean --" + likely + "?"
	}
	return ""
}

// distance is Levenshtein's: the number of letters that are put in, left out or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0] // of the row above
		row[0] = i + 1
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
