package mention

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/encoded"
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

// reading is a text as its program sees it: with the variables of its container, or decoded.
type reading struct {
	text   string
	pieces []piece
}

// piece is what stands in a reading for a part of the text.
type piece struct{ read, written Span }

// replaced gives a text with other texts in place of some parts, which are in order.
func replaced(text string, parts []encoded.Piece) reading {
	var b strings.Builder
	var r reading
	last := 0
	for _, p := range parts {
		b.WriteString(text[last:p.From])
		from := b.Len()
		b.WriteString(p.Text)
		r.pieces = append(r.pieces, piece{Span{from, b.Len()}, Span{p.From, p.To}})
		last = p.To
	}
	r.text = b.String() + text[last:]
	return r
}

// read puts in the variables that variable knows.
func read(text string, variable func(name string) (string, bool)) reading {
	var known []encoded.Piece
	for _, ref := range References(text) {
		if value, ok := variable(ref.Name); ok {
			known = append(known, encoded.Piece{From: ref.From, To: ref.To, Text: value})
		}
	}
	return replaced(text, known)
}

// deepest is how often a text is decoded: an address in the query of one that is in the query of a third.
const deepest = 3

// decoded gives a text as whoever decodes it reads it; false where that is the text itself, or has no name in it.
func (n *known) decoded(text string) (readings []reading, ok bool) {
	of := text
	for range deepest {
		parts := encoded.Escapes(of)
		for _, p := range encoded.Base64(of) {
			if len(n.hits(p.Text, nil)) > 0 || len(encoded.Escapes(p.Text)) > 0 {
				parts = append(parts, p)
			}
		}
		if len(parts) == 0 {
			break
		}
		r := replaced(of, apart(parts))
		readings, of = append(readings, r), r.text
	}
	return readings, len(readings) > 0 && len(n.hits(of, nil)) > 0
}

// hides tells whether a text names a server in another form.
func (n *known) hides(text string) bool {
	_, ok := n.decoded(text)
	return ok
}

// writtenIn gives the part of a text that a part of the last of some readings comes from, each of which is one of that
// before it.
func writtenIn(readings []reading, at Span) Span {
	for _, r := range slices.Backward(readings) {
		at, _ = r.written(at)
	}
	return at
}

// apart sorts parts and drops those inside others.
func apart(parts []encoded.Piece) []encoded.Piece {
	slices.SortFunc(parts, func(a, b encoded.Piece) int { return cmp.Or(a.From-b.From, b.To-a.To) })
	last := 0
	return slices.DeleteFunc(parts, func(p encoded.Piece) bool {
		inside := p.From < last
		last = max(last, p.To)
		return inside
	})
}

// written gives the part of the text that a part of a reading comes from. It is changed where that stands there in
// another form.
func (r reading) written(at Span) (from Span, changed bool) {
	from = at
	for _, p := range r.pieces {
		shift := p.written.To - p.read.To
		switch {
		case p.read.To <= at.From:
			from = Span{at.From + shift, at.To + shift}
		case p.read.From < at.To:
			if changed = true; at.From >= p.read.From {
				from.From = p.written.From
			}
			if from.To = at.To + shift; at.To <= p.read.To {
				from.To = p.written.To
			}
		}
	}
	return from, changed
}
