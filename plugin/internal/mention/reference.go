package mention

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// Reference is a variable in a text: ${NAME}, ${NAME:default}, $(NAME) or Ruby's #{ENV['NAME'] || 'default'}.
type Reference struct {
	Span
	Name, Fallback string
	HasFallback    bool
}

// References gives the variables in a text.
func References(text string) []Reference {
	var all []Reference
	for at := 0; at < len(text); {
		rest := text[at:]
		ruby := strings.HasPrefix(rest, "#{ENV[")
		if !ruby && !strings.HasPrefix(rest, "${") && !strings.HasPrefix(rest, "$(") {
			next := strings.IndexAny(rest[1:], "$#")
			if next < 0 {
				break
			}
			at += 1 + next
			continue
		}
		closing := "})"
		if ruby {
			closing = "}"
		}
		end := strings.IndexAny(rest, closing) + 1
		if end == 0 {
			break
		}
		r := Reference{Span: Span{at, at + end}}
		inner := pipeline.Ruby(rest[:end])
		r.Name, r.Fallback, r.HasFallback = strings.Cut(inner[2:len(inner)-1], ":")
		r.Fallback = strings.TrimPrefix(r.Fallback, "-")
		all = append(all, r)
		at += end
	}
	return all
}

// reading is a text as its program sees it, with the variables of its container.
type reading struct {
	text   string
	pieces []piece
}

// piece is what stands in a reading for a reference of the text.
type piece struct{ read, written Span }

// read puts in the variables that variable knows.
func read(text string, variable func(name string) (string, bool)) reading {
	var b strings.Builder
	var r reading
	last := 0
	for _, ref := range References(text) {
		value, ok := variable(ref.Name)
		if !ok {
			continue
		}
		b.WriteString(text[last:ref.From])
		from := b.Len()
		b.WriteString(value)
		r.pieces = append(r.pieces, piece{Span{from, b.Len()}, ref.Span})
		last = ref.To
	}
	r.text = b.String() + text[last:]
	return r
}

// written gives the reference that a place of a reading comes from; false for what the text has itself.
func (r reading) written(at Span) (Span, bool) {
	for _, p := range r.pieces {
		if at.From < p.read.To && p.read.From < at.To {
			return p.written, true
		}
	}
	return Span{}, false
}
