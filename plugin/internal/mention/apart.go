package mention

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// A text of any language may have the parts of an address apart: a host and a port as arguments of a call, or a name
// that is put into an address.

// portBehind is a number that stands behind a word as the next of some arguments or elements, with or without a name:
// ("search", port=9200).
var portBehind = regex.Of(`^["')\]}]{0,3}\s*,\s*(?:["']?[\w.-]*port["']?\s*(?:=>|[:=])\s*)?["']?(\d+)\b`)

// isBehind tells whether a port of a server is the next argument behind a name.
func (p ports) isBehind(text string, h hit) bool {
	m := portBehind().FindStringSubmatch(text[h.To:])
	return m != nil && m[1] != "9300" && p[m[1]]
}

// nameBefore is what a word is given to: NAME=, NAME: and set $NAME, with quotes and brackets of the word behind it.
var nameBefore = regex.Of(`(\w+)["'\]]?\s*(?:=>|:=|[:=]|\s)\s*["'(\[]*$`)

// isInAddress tells whether a text gives a name to a variable, and puts that into an address.
func isInAddress(text string, h hit) bool {
	m := nameBefore().FindStringSubmatch(lineBefore(text, h.From))
	if m == nil {
		return false
	}
	for _, form := range []string{"$", "${", "%{", "#{", "{", "{{", "{{ ", "$(", "{{ ."} {
		behind := "://" + form + m[1]
		for rest := text; ; {
			i := strings.Index(rest, behind)
			if i < 0 {
				break
			}
			rest = rest[i+len(behind):]
			if rest == "" || !isNameByte(rest[0]) && rest[0] != '_' {
				return true
			}
		}
	}
	return false
}
