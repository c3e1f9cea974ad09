// Package encoded reads what a text holds in another form: percent-encoding, escapes behind a backslash, character
// references of HTML, base64. A text comes in, the pieces that stand for others go out. Which program decodes a text
// nothing shows: each form is tried.
package encoded

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"html"
	"math/bits"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// Piece is a part of a text, from its first byte to behind its last, and what it stands for.
type Piece struct {
	From, To int
	Text     string
}

// Escapes gives the parts of a text that stand for a character of ASCII.
func Escapes(text string) []Piece {
	var all []Piece
	for at := 0; ; {
		next := strings.IndexAny(text[at:], `%\&`)
		if next < 0 {
			return all
		}
		at += next
		if decoded, length := escape(text[at:]); length > 0 {
			all = append(all, Piece{at, at + length, decoded})
			at += length
			continue
		}
		at++
	}
}

// escape gives the character that a text begins with in another form, and how long that is; 0 where it begins with
// none.
func escape(text string) (decoded string, length int) {
	switch text[0] {
	case '%':
		return coded(text, 1, 2, 16)
	case '&':
		return reference(text)
	}
	if len(text) < 2 {
		return "", 0
	}
	switch text[1] {
	case 'u':
		return coded(text, 2, 4, 16)
	case 'U':
		return coded(text, 2, 8, 16)
	case 'x':
		return coded(text, 2, 2, 16)
	case '0', '1':
		if decoded, length = coded(text, 1, 3, 8); length == 0 {
			return coded(text, 2, 3, 8) // \0072
		}
		return decoded, length
	case 'n', 'r', 't':
		return " ", 2
	case '/', ':', '-', '.', '@', '=', '\\', '"':
		return text[1:2], 2
	}
	return "", 0
}

// coded reads the code of a character that can be printed, in so many digits.
func coded(text string, from, digits, base int) (decoded string, length int) {
	if len(text) < from+digits {
		return "", 0
	}
	code := 0
	for _, c := range []byte(text[from : from+digits]) {
		digit := strings.IndexByte("0123456789abcdef", c|lower)
		if c < '0' || digit < 0 || digit >= base {
			return "", 0
		}
		code = code*base + digit
	}
	if code < ' ' || code > '~' {
		return "", 0
	}
	return printable[code-' ' : code-' '+1], from + digits
}

// lower makes a small letter of a capital, and leaves a digit.
const lower = 0x20

// printable are the characters of ASCII from the space on.
const printable = ` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~"

// longest bounds what stands for one character.
const longest = 10

// reference reads a reference to a character: &#58; &#x3A; &colon;
func reference(text string) (decoded string, length int) {
	end := strings.IndexByte(text[:min(len(text), longest)], ';') + 1
	if end == 0 {
		return "", 0
	}
	if decoded = html.UnescapeString(text[:end]); len(decoded) != 1 || decoded[0] < ' ' || decoded[0] > '~' {
		return "", 0
	}
	return decoded, end
}

// fewest is the length of the base64 that is looked at: a shorter one holds no address.
const fewest = 12

// Base64 gives the parts of a text that are base64 of a text.
func Base64(text string) []Piece {
	var all []Piece
	var space []byte
	raw := []byte(text)
	for from, to := next(raw, 0); from < to; from, to = next(raw, to) {
		var decoded []byte
		if decoded, to = decodeLines(raw, from, to, &space); decoded != nil {
			all = append(all, Piece{from, to, string(decoded)})
		}
	}
	return all
}

// next gives the next part of a text that may be base64, from a place on; an empty one where there is none.
func next(text []byte, at int) (from, to int) {
	for at+unfilled <= len(text) {
		are := letters(text[at:])
		runs := are & (are >> 1)
		runs &= runs >> 2
		runs &= runs >> 4
		runs &= runs >> (unfilled - 8)
		if runs != 0 {
			from = at + bits.TrailingZeros64(runs)
			return from, ends(text, from)
		}
		at += 64 - bits.LeadingZeros64(^are)
	}
	return len(text), len(text)
}

// letters tells which of the first 64 bytes of a text are letters of base64: a bit for each, the lowest for the first.
func letters(text []byte) (are uint64) {
	if len(text) < 64 {
		var padded [64]byte
		copy(padded[:], text)
		text = padded[:]
	}
	whole := (*[64]byte)(text)
	for i := range 8 {
		are |= lettersOf(binary.LittleEndian.Uint64(whole[8*i:])) << (8 * i & 63)
	}
	return are
}

// lettersOf is letters for eight bytes, which it takes at once, as a search through whole streams has to: the highest
// bit of a byte is set by adding what it lacks to pass a bound.
func lettersOf(eight uint64) uint64 {
	plain := eight &^ highest
	small := plain | lower*each
	is := (small + (0x80-'a')*each) &^ (small + (0x7f-'z')*each)
	is |= (plain + (0x80-'/')*each) &^ (plain + (0x7f-'9')*each) // the digits follow the slash
	is |= (plain + (0x80-'+')*each) &^ (plain + (0x7f-'+')*each)
	return (is & highest &^ eight) >> 7 * gathers >> 56
}

const (
	each     = 0x0101010101010101 // the lowest bit of each of eight bytes
	highest  = 0x80 * each
	gathers  = 0x0102040810204080 // moves the lowest bits of eight bytes side by side, when multiplied
	unfilled = fewest - 2         // the letters of the shortest base64 that is looked at
)

// ends gives where the base64 ends that may begin at a place of a text. A full line goes on in the next one. Where =
// fills it up, another one may begin: NAME=TEXT.
func ends(text []byte, from int) int {
	const full = 60
	at := from
	for line := from; ; line = at {
		for at < len(text) && isBase64[text[at]] {
			at++
		}
		if filled := fill(text, at); at > from && filled > at {
			return filled
		}
		next := at
		for next < len(text) && (text[next] == '\n' || text[next] == ' ' || text[next] == '\r') {
			next++
		}
		if at-line < full || next == at || text[at] == ' ' || next == len(text) || !isLine(text, next) {
			return at
		}
		at = next
	}
}

// isLine tells whether base64 begins at a place of a text and goes to the end of its line.
func isLine(text []byte, from int) bool {
	at := from
	for at < len(text) && isBase64[text[at]] {
		at++
	}
	at = fill(text, at)
	return at > from && (at == len(text) || strings.IndexByte("\r\n \"'", text[at]) >= 0)
}

// fill gives the place behind the characters that fill base64 up.
func fill(text []byte, from int) int {
	at := from
	for at < len(text) && text[at] == '=' {
		at++
	}
	return at
}

// isBase64 are the bytes of base64 but for those that fill it up.
var isBase64 = func() (is [256]bool) {
	for c := range 256 {
		is[c] = c == '+' || c == '/' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	return is
}()

// decode gives the text that a word is base64 of, in a space that the next one may have again; nil where it is none, as
// most words show by their first letters.
func decode(word []byte, space *[]byte) []byte {
	if len(word) < fewest {
		return nil
	}
	var first [3]byte
	_, err := base64.StdEncoding.Decode(first[:], word[:4])
	if err != nil || !isText(first[:]) || !utf8.RuneStart(first[0]) {
		return nil
	}
	if bytes.ContainsAny(word, "\r\n =") { // lines go on, or it is filled up
		word = bytes.Map(func(r rune) rune {
			if isBase64[byte(r)] { //nolint:gosec // a word holds ASCII only
				return r
			}
			return -1
		}, word)
	}
	*space = (*space)[:0]
	for len(word) > 0 {
		part, before := word[:min(len(word), atOnce)], len(*space)
		*space, err = base64.RawStdEncoding.AppendDecode(*space, part)
		if err != nil || !isText((*space)[before:]) {
			return nil
		}
		word = word[len(part):]
	}
	if !utf8.Valid(*space) {
		return nil
	}
	return *space
}

// atOnce is how many letters are decoded before what they give is looked at: a key or an image shows early that it is
// no text.
const atOnce = 256

// decodeLines is decode for a part of a text, and gives where what it has decoded ends. The last of several lines may
// be something else, such as EOF.
func decodeLines(text []byte, from, to int, space *[]byte) (decoded []byte, end int) {
	decoded = decode(text[from:to], space)
	cut := bytes.LastIndexByte(text[from:to], '\n')
	if decoded != nil || cut < 0 {
		return decoded, to
	}
	end = from + len(bytes.TrimRight(text[from:from+cut], "\r\n "))
	if decoded = decode(text[from:end], space); decoded == nil {
		end = to
	}
	return decoded, end
}

// isText tells whether bytes can be printed.
func isText(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// spaces are buffers for what is decoded and thrown away: a stream has thousands of such texts.
var spaces = sync.Pool{New: func() any { return new([]byte) }}

// Holds tells whether a text holds one of some words in base64.
func Holds(text []byte, wanted *words.Set) bool {
	space := spaces.Get().(*[]byte)
	defer spaces.Put(space)
	for from, to := next(text, 0); from < to; from, to = next(text, to) {
		var decoded []byte
		if decoded, to = decodeLines(text, from, to, space); decoded != nil &&
			(wanted.In(decoded) || HidesName(decoded)) {
			return true
		}
	}
	return false
}

// HoldsInside tells whether a text holds base64 of anything, as Secrets do, that holds one of some words: as they are,
// in base64 once more, or behind escapes.
func HoldsInside(text []byte, wanted *words.Set) bool {
	shortest := base64.StdEncoding.EncodedLen(wanted.Shortest())
	space := spaces.Get().(*[]byte)
	defer spaces.Put(space)
	for at := 0; at < len(text); at++ {
		from := at
		for at < len(text) && (isBase64[text[at]] || text[at] == '=') {
			at++
		}
		whole := text[from : from+(at-from)&^3] // the rest is less than a word has
		if len(whole) < shortest {
			continue
		}
		decoded, err := base64.StdEncoding.AppendDecode((*space)[:0], whole)
		if *space = decoded; err == nil && (wanted.In(decoded) || Holds(decoded, wanted) || HidesName(decoded)) {
			return true
		}
	}
	return false
}

// HidesName tells whether the code of a character in a text is that of a byte of a name, or a line goes on behind a
// backslash. Text in JSON has other escapes in plenty.
func HidesName(text []byte) bool {
	for _, sign := range []byte(`%\&`) {
		for rest := text; ; {
			at := bytes.IndexByte(rest, sign)
			if at < 0 {
				break
			}
			if hidesName(rest[at:min(len(rest), at+longest)]) {
				return true
			}
			rest = rest[at+1:]
		}
	}
	return false
}

// hidesName tells it of what begins with such a sign.
func hidesName(text []byte) bool {
	if text[0] == '\\' && len(text) > 1 {
		switch text[1] {
		case '\n', '\r':
			return true
		case 'u', 'U', 'x', '0', '1', '\\':
		default:
			return false
		}
	}
	decoded, length := escape(string(text))
	return length > 2 && strings.Contains(nameBytes, strings.ToLower(decoded))
}

// nameBytes are what the names of Services are made of.
const nameBytes = "abcdefghijklmnopqrstuvwxyz0123456789-."
