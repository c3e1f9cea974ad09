// Package words looks for many words in a text at once: a set of words and a text come in, whether the text holds one of them goes
// out. It takes one pass over the text, however many words there are: a stream of many releases has hundreds.
package words

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A text is looked at through a window of four bytes that moves by two. A word of five bytes or more fills the window wherever it
// stands: with its first four bytes, or with the four behind its first.
const (
	window  = 4
	stride  = 2
	longest = window + stride - 1 // what the windows of a word reach over
	bits    = 13                  // a table of 8 KB stays in the cache
)

// Set is a set of words, made for looking.
type Set struct {
	short   [][]byte // words that may slip through between two windows: each takes a pass of its own
	long    [][]byte
	windows [1 << bits]bool // by hash, those of the long words
}

// Of makes the set of these words. The empty word is in every text.
func Of(words ...[]string) *Set {
	s := &Set{}
	for _, word := range slices.Concat(words...) {
		if len(word) < longest {
			s.short = append(s.short, []byte(word))
			continue
		}
		w := []byte(word)
		s.long = append(s.long, w)
		for at := range stride {
			s.windows[hash(w[at:])] = true
		}
	}
	return s
}

func hash(text []byte) uint32 {
	const spread = 0x9E3779B1 // the golden ratio, as in Knuth's multiplicative hash
	return binary.LittleEndian.Uint32(text) * spread >> (32 - bits)
}

// In tells whether the text holds one of the words.
func (s *Set) In(text []byte) bool {
	for _, word := range s.short {
		if bytes.Contains(text, word) {
			return true
		}
	}
	if len(s.long) == 0 {
		return false
	}
	for rest := text; len(rest) >= window; rest = rest[stride:] {
		if s.windows[hash(rest)] && s.around(text, len(text)-len(rest)) {
			return true
		}
	}
	return false
}

// around tells whether a word starts at a window, or up to a stride before it.
func (s *Set) around(text []byte, at int) bool {
	for from := max(at-stride+1, 0); from <= at; from++ {
		for _, word := range s.long {
			if bytes.HasPrefix(text[from:], word) {
				return true
			}
		}
	}
	return false
}
