// Package words looks for many words in a text at once: a set of words and a text come in, whether the text holds one of them goes
// out. It takes one pass over the text, however many words there are: a stream of many releases has hundreds.
package words

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A text is looked at through a window of four bytes that moves by a stride. A word that is as long as a window and a stride less one
// fills the window wherever it stands: the set knows as many windows of the word, one behind the other, as the stride is wide.
const (
	window    = 4
	narrowest = 2 // strides
	widest    = 3
	fewest    = 11 // bits of the hash: a table of 16 KB stays in the cache
	most      = 16
	spread    = 0x9E3779B1 // the golden ratio, as in Knuth's multiplicative hash
)

// Set is a set of words, made for looking.
type Set struct {
	short   [][]byte // words that may slip through between two windows: each takes a pass of its own
	windows []seen   // those of the other words; the first is none
	fold    uint32   // bits that do not count: the case of letters
	stride  int
	shift   int   // of the hash
	first   []int // by hash, in windows; 0: none
}

// seen is a window of a word.
type seen struct {
	word []byte
	text uint32 // in the window
	at   int    // of the window in the word
	next int    // the next one with that hash; 0: none
}

// lower is the bit that tells a small letter of ASCII from its capital.
const lower = 0x20

// Of makes the set of these words. The empty word is in every text.
func Of(words ...[]string) *Set { return made(&Set{}, words) }

// Folded makes a set that finds its words in any case. It may take a few other bytes for letters.
func Folded(words ...[]string) *Set {
	return made(&Set{fold: lower | lower<<8 | lower<<16 | lower<<24}, words)
}

func made(s *Set, words [][]string) *Set {
	var long [][]byte
	s.stride = widest
	for _, word := range slices.Concat(words...) {
		w := []byte(word)
		if len(w) < window+narrowest-1 {
			s.short = append(s.short, w)
			continue
		}
		long = append(long, w)
		s.stride = min(s.stride, len(w)-window+1)
	}
	if len(long) == 0 {
		return s
	}
	bits := fewest
	for bits < most && 1<<bits < 4*len(long)*s.stride {
		bits++
	}
	s.shift = 32 - bits
	s.first = make([]int, 1<<bits)
	s.windows = make([]seen, 1, 1+len(long)*s.stride)
	counts := make([]int, 1<<bits)
	for _, w := range long {
		s.add(w, counts)
	}
	return s
}

// add notes windows of a word, where the fewest of other words are alike: the names of one stream often begin or end alike. counts are the
// windows by their hash.
func (s *Set) add(word []byte, counts []int) {
	best, least := 0, -1
	for from := 0; from+s.stride+window-1 <= len(word) && least != 0; from++ {
		load := 0
		for at := range s.stride {
			load += counts[s.hash(s.look(word[from+at:]))]
		}
		if least < 0 || load < least {
			best, least = from, load
		}
	}
	for at := best; at < best+s.stride; at++ {
		text := s.look(word[at:])
		hash := s.hash(text)
		counts[hash]++
		s.windows = append(s.windows, seen{word: word, text: text, at: at, next: s.first[hash]})
		s.first[hash] = len(s.windows) - 1
	}
}

// look gives what stands in the window at the beginning of a text.
func (s *Set) look(text []byte) uint32 { return binary.LittleEndian.Uint32(text) | s.fold }

func (s *Set) hash(text uint32) uint32 { return text * spread >> s.shift }

// begins tells whether a text begins with a word.
func (s *Set) begins(text, word []byte) bool {
	if s.fold == 0 {
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
	if s.fold == 0 {
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
	if len(s.windows) == 0 {
		return false
	}
	for at := 0; at+window <= len(text); at += s.stride {
		seen := s.look(text[at:])
		for i := s.first[s.hash(seen)]; i != 0; i = s.windows[i].next {
			w := &s.windows[i]
			if w.text != seen {
				continue
			}
			if from := at - w.at; from >= 0 && s.begins(text[from:], w.word) {
				return true
			}
		}
	}
	return false
}

// Shortest gives a length that no word is below.
func (s *Set) Shortest() int {
	shortest := s.stride + window - 1
	for _, word := range s.short {
		shortest = min(shortest, len(word))
	}
	return shortest
}
