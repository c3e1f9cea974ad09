// Package words looks for many words in a text at once: a set of words and a text come in, whether the text holds one
// of them goes out. It takes one pass over the text, however many words there are: a stream of many releases has
// hundreds.
package words

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A text is looked at through a window of four bytes that moves by a stride. A word that is as long as a window and a
// stride less one fills the window wherever it stands: the set knows as many windows of the word, one behind the other,
// as the stride is wide.
const (
	window    = 4
	narrowest = 2 // strides
	widest    = 3
	fewest    = 13 // bits of the hash: a table of 8 KB stays in the cache
	most      = 17
	spread    = 0x9E3779B1 // the golden ratio, as in Knuth's multiplicative hash
)

// Set is a set of words, made for looking.
type Set struct {
	short   []short // words that may slip through between two windows: each takes a pass of its own
	fold    uint32  // bits that do not count: the case of letters
	stride  int
	shift   uint              // of the hash
	taken   []uint8           // by hash, 1 where a word has such a window: most places are 0
	windows map[uint32][]seen // of the other words, by what stands in them
}

// short is a word, and whether it is a number, as a port is: it counts where no further digit is beside it.
type short struct {
	word   []byte
	number bool
}

// seen is a window of a word, and where in the word it is.
type seen struct {
	word []byte
	at   int
}

// lower is the bit that tells a small letter of ASCII from its capital.
const lower = 0x20

// Of makes the set of these words. The empty word is in every text.
func Of(words ...[]string) *Set { return made(&Set{}, words) }

// Folded makes a set that finds its words in any case. It may take a few other bytes for letters. A number of up to
// four digits is found where it is whole.
func Folded(words ...[]string) *Set {
	return made(&Set{fold: lower | lower<<8 | lower<<16 | lower<<24}, words)
}

func made(s *Set, words [][]string) *Set {
	var long [][]byte
	s.stride = widest
	for _, word := range slices.Concat(words...) {
		w := []byte(word)
		if len(w) < window+narrowest-1 {
			s.short = append(s.short, short{w, s.fold != 0 && isNumber(w)})
			continue
		}
		long = append(long, w)
		s.stride = min(s.stride, len(w)-window+1)
	}
	if len(long) == 0 {
		return s
	}
	bits := fewest
	for bits < most && 1<<bits < 32*len(long)*s.stride {
		bits++
	}
	s.shift = uint(32 - bits)
	s.taken = make([]uint8, 1<<bits)
	s.windows = make(map[uint32][]seen, len(long)*s.stride)
	for _, w := range long {
		s.add(w)
	}
	return s
}

// add notes windows of a word, where the fewest of other words are alike: the names of one stream often begin or end
// alike. Words of manifests begin alike more often (kubernetes, data, name), so that it begins with the end.
func (s *Set) add(word []byte) {
	best, least := 0, -1
	for from := len(word) - s.stride - window + 1; from >= 0 && least != 0; from-- {
		load := 0
		for at := range s.stride {
			load += len(s.windows[s.look(word[from+at:])])
		}
		if least < 0 || load < least {
			best, least = from, load
		}
	}
	for at := best; at < best+s.stride; at++ {
		text := s.look(word[at:])
		s.windows[text] = append(s.windows[text], seen{word, at})
		s.taken[s.hash(text)] = 1
	}
}

// look gives what stands in the window at the beginning of a text.
func (s *Set) look(text []byte) uint32 { return binary.LittleEndian.Uint32(text) | s.fold }

func (s *Set) hash(text uint32) uint32 { return text * spread >> (s.shift & 31) }

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

// holds tells whether a text has a short word somewhere.
func (s *Set) holds(text []byte, w short) bool {
	if s.fold == 0 {
		return bytes.Contains(text, w.word)
	}
	if w.number {
		return holdsNumber(text, w.word)
	}
	for at := 0; at+len(w.word) <= len(text); at++ {
		if s.begins(text[at:], w.word) {
			return true
		}
	}
	return false
}

func holdsNumber(text, number []byte) bool {
	for at := 0; ; {
		next := bytes.Index(text[at:], number)
		if next < 0 {
			return false
		}
		from := at + next
		at = from + len(number)
		if (from == 0 || !isDigit(text[from-1])) && (at == len(text) || !isDigit(text[at])) {
			return true
		}
	}
}

func isNumber(word []byte) bool {
	return len(word) > 0 && !bytes.ContainsFunc(word, func(r rune) bool { return r < '0' || r > '9' })
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

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
	at, taken, shift, next, fold := 0, s.taken, s.shift&31, uint(8*s.stride)&63, s.fold
	for ; at+2*window <= len(text); at += 2 * s.stride { // two windows at once: most stand for nothing
		both := binary.LittleEndian.Uint64(text[at:])
		one, other := uint32(both)|fold, uint32(both>>next)|fold //nolint:gosec // the lower half is meant
		if taken[one*spread>>shift]|taken[other*spread>>shift] != 0 && (s.at(text, at) || s.at(text, at+s.stride)) {
			return true
		}
	}
	for ; at+window <= len(text); at += s.stride {
		if s.at(text, at) {
			return true
		}
	}
	return false
}

// at tells whether what stands in the window at a place in a text belongs to one of the words there.
func (s *Set) at(text []byte, at int) bool {
	for _, w := range s.windows[s.look(text[at:])] {
		if from := at - w.at; from >= 0 && s.begins(text[from:], w.word) {
			return true
		}
	}
	return false
}

// Shortest gives a length that no word is below.
func (s *Set) Shortest() int {
	shortest := s.stride + window - 1
	for _, word := range s.short {
		shortest = min(shortest, len(word.word))
	}
	return shortest
}
