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
	bits    = 11                  // a table of 16 KB stays in the cache
)

// Set is a set of words, made for looking.
type Set struct {
	short   [][]byte       // words that may slip through between two windows: each takes a pass of its own
	windows []seen         // those of the other words; the first is none
	first   [1 << bits]int // by hash, in windows; 0: none
}

// seen is a window of a word.
type seen struct {
	word []byte
	at   int // of the window in the word
	next int // the next one with that hash; 0: none
}

// Of makes the set of these words. The empty word is in every text.
func Of(words ...[]string) *Set {
	s := &Set{windows: make([]seen, 1)}
	for _, word := range slices.Concat(words...) {
		w := []byte(word)
		if len(w) < longest {
			s.short = append(s.short, w)
			continue
		}
		for at := range stride {
			first := &s.first[hash(w[at:])]
			s.windows = append(s.windows, seen{word: w, at: at, next: *first})
			*first = len(s.windows) - 1
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
	if len(s.windows) == 1 {
		return false
	}
	for rest := text; len(rest) >= window; rest = rest[stride:] {
		for i := s.first[hash(rest)]; i != 0; i = s.windows[i].next {
			w := &s.windows[i]
			if from := len(text) - len(rest) - w.at; from >= 0 && bytes.HasPrefix(text[from:], w.word) {
				return true
			}
		}
	}
	return false
}
