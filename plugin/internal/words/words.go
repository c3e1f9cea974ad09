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
	fold    bool           // letters count whatever their case
	first   [1 << bits]int // by hash, in windows; 0: none
}

// seen is a window of a word.
type seen struct {
	word []byte
	at   int // of the window in the word
	next int // the next one with that hash; 0: none
}

// Of makes the set of these words. The empty word is in every text.
func Of(words ...[]string) *Set { return made(&Set{}, words) }

// Folded makes a set that finds its words in any case. It may take a few other bytes for letters.
func Folded(words ...[]string) *Set { return made(&Set{fold: true}, words) }

func made(s *Set, words [][]string) *Set {
	s.windows = make([]seen, 1)
	for _, word := range slices.Concat(words...) {
		w := []byte(word)
		if len(w) < longest {
			s.short = append(s.short, w)
			continue
		}
		for at := range stride {
			first := &s.first[s.hash(w[at:])]
			s.windows = append(s.windows, seen{word: w, at: at, next: *first})
			*first = len(s.windows) - 1
		}
	}
	return s
}

// lower is the bit that tells a small letter of ASCII from its capital.
const lower = 0x20

func (s *Set) hash(text []byte) uint32 {
	const spread = 0x9E3779B1 // the golden ratio, as in Knuth's multiplicative hash
	n := binary.LittleEndian.Uint32(text)
	if s.fold {
		n |= lower | lower<<8 | lower<<16 | lower<<24
	}
	return n * spread >> (32 - bits)
}

// begins tells whether a text begins with a word.
func (s *Set) begins(text, word []byte) bool {
	if !s.fold {
		return bytes.HasPrefix(text, word)
	}
	if len(text) < len(word) {
		return false
	}
	for i, c := range word {
		if c|lower != text[i]|lower {
			return false
		}
	}
	return true
}

// holds tells whether a text has a word somewhere.
func (s *Set) holds(text, word []byte) bool {
	if !s.fold {
		return bytes.Contains(text, word)
	}
	for at := 0; at+len(word) <= len(text); at++ {
		if s.begins(text[at:], word) {
			return true
		}
	}
	return false
}

// In tells whether the text holds one of the words.
func (s *Set) In(text []byte) bool {
	for _, word := range s.short {
		if s.holds(text, word) {
			return true
		}
	}
	if len(s.windows) == 1 {
		return false
	}
	for rest := text; len(rest) >= window; rest = rest[stride:] {
		for i := s.first[s.hash(rest)]; i != 0; i = s.windows[i].next {
			w := &s.windows[i]
			if from := len(text) - len(rest) - w.at; from >= 0 && s.begins(text[from:], w.word) {
				return true
			}
		}
	}
	return false
}
