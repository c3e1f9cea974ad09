package credential

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// revealed are the texts that left this package, in the forms in which somebody may send them back; the longest first.
var revealed struct {
	sync.Mutex
	known map[string]bool
	forms []string
}

// shortest is the length of what is looked for: a shorter text is a part of too many words. Elasticsearch takes no
// password that is shorter.
const shortest = 6

func remember(text string) {
	revealed.Lock()
	defer revealed.Unlock()
	if len(text) < shortest || revealed.known[text] {
		return
	}
	if revealed.known == nil {
		revealed.known = map[string]bool{}
	}
	revealed.known[text] = true
	texts := []string{text, strings.TrimRight(text, "=")}
	if raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil {
		// the secret within a token, the password within a login
		if _, inner, ok := strings.Cut(string(raw), ":"); ok && len(inner) >= shortest {
			texts = append(texts, inner)
		}
	}
	for _, t := range texts {
		for _, form := range forms(t) {
			if len(form) >= shortest && !slices.Contains(revealed.forms, form) {
				revealed.forms = append(revealed.forms, form)
			}
		}
	}
	slices.SortStableFunc(revealed.forms, func(a, b string) int { return len(b) - len(a) })
}

// forms are how a text may come back: as it is, quoted, in a URL, in base64, in hexadecimal digits.
func forms(text string) []string {
	quoted := strconv.Quote(text)
	inJSON, _ := json.Marshal(text)
	raw := []byte(text)
	return []string{
		text, quoted[1 : len(quoted)-1], string(inJSON[1 : len(inJSON)-1]), url.QueryEscape(text), url.PathEscape(text),
		base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), hex.EncodeToString(raw),
	}
}

// Redact takes out of a text of somebody else whatever was revealed to anybody.
func Redact(text string) string {
	revealed.Lock()
	defer revealed.Unlock()
	for _, form := range revealed.forms {
		text = strings.ReplaceAll(text, form, placeholder)
	}
	return text
}
