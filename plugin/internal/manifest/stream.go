// Package manifest takes a stream of YAML documents apart into bytes, lets callers change parsed documents, and gives
// back a stream in which only the lines that a change needs differ from what came in.
//
// A document is parsed when somebody asks for its tree and copied when somebody edits it. Its Bytes compares the tree
// with that copy, turns each difference into a text edit at the place where the node stood, parses the result again and
// compares it with the tree: no text of another meaning leaves. What cannot be edited in place is an error, never a
// rewritten document.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/parallel"
)

// Stream is a manifest stream: documents in order, each a span of the input.
type Stream struct {
	text []byte // what was split, without the byte order mark
	bom  []byte // stays first, whatever is inserted or removed
	docs []*Document
	eol  string
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// ErrUTF16 refuses an input of UTF-16.
var ErrUTF16 = errors.New("the input is UTF-16, and must be UTF-8")

// Split cuts a stream into its documents without parsing them. Every byte is in one document, save a byte order mark:
// Bytes of what was split is the input. UTF-16 is refused: the YAML parser would read it, and nothing here would
// recognise what it says.
//
// A marker at column 0 cannot stand inside a scalar of any style (https://yaml.org/spec/1.2.2/#912-document-markers),
// so looking for it in the bytes is exact.
func Split(input []byte) (*Stream, error) {
	return split(input, 1)
}

// split is Split for text that starts on the given line of the outermost stream.
func split(input []byte, line int) (*Stream, error) {
	if bytes.HasPrefix(input, []byte("\xff\xfe")) || bytes.HasPrefix(input, []byte("\xfe\xff")) {
		return nil, ErrUTF16
	}
	s := &Stream{eol: lineEnd(input)}
	text := input
	if bytes.HasPrefix(text, byteOrderMark) {
		s.bom, text = text[:len(byteOrderMark)], text[len(byteOrderMark):]
	}
	s.text = text
	for start := 0; start < len(text); {
		end := spanEnd(text, start)
		d := &Document{text: text[start:end:end], at: start, line: line}
		s.docs = append(s.docs, d)
		line += bytes.Count(d.text, []byte{'\n'})
		start = end
	}
	return s, nil
}

// spanEnd finds where the document that starts at start ends: at the next document's marker line, or at the directives
// above it.
func spanEnd(text []byte, start int) int {
	for from := start + 1; from < len(text); {
		at := bytes.Index(text[from:], []byte("---")) // dashes are rarer than the line ends before them
		if at < 0 {
			return len(text)
		}
		marker := from + at
		from = marker + 1
		if text[marker-1] != '\n' || !isMarker(text[marker:], "---") {
			continue
		}
		from = marker + len("---")
		switch first := directives(text[start:marker]); {
		case first < 0:
			return marker
		case first > 0:
			return start + first
		}
		// The span itself starts with directives, and this is their marker.
	}
	return len(text)
}

// directives gives the offset of the first directive line at the end of text, which ends where a marker line starts; -1
// when there is none. Directives stand at the start of a stream or behind "...", with only comments between
// (https://yaml.org/spec/1.2.2/#92-streams); anywhere else a line that starts with % is content.
func directives(text []byte) int {
	first := -1
	for end := len(text); end > 0; {
		start := bytes.LastIndexByte(text[:end-1], '\n') + 1
		line := text[start:end]
		switch {
		case line[0] == '%':
			first = start
		case isMarker(line, "..."):
			return first
		case !isBlankOrComment(line):
			return -1
		}
		end = start
	}
	return first
}

// Documents lists the documents in order: removed ones are left out, inserted ones are where they were put. A stream
// that starts with comments above its first marker has them as a document without content.
func (s *Stream) Documents() []*Document {
	docs := make([]*Document, 0, len(s.docs))
	for _, d := range s.docs {
		if !d.removed {
			docs = append(docs, d)
		}
	}
	return docs
}

// InsertBefore puts a new document in front of d, which may have been removed. The text is one document without its
// marker; its line ends become those of the stream. Of several documents put before the same one, the first stays
// first. It panics when d is of another stream.
func (s *Stream) InsertBefore(d *Document, text string) *Document {
	at := slices.Index(s.docs, d)
	if at < 0 {
		panic("manifest: InsertBefore: the document is not in this input")
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	text = strings.ReplaceAll("---\n"+text, "\n", s.eol)
	added := &Document{text: []byte(text)}
	s.docs = slices.Insert(s.docs, at, added)
	return added
}

// Remove takes d out of the stream, with the comments and the marker of its span.
func (s *Stream) Remove(d *Document) {
	d.removed = true
}

// Bytes gives the stream with every change in it, byte for byte what came in when there is none. Every document is
// computed before anything is given; the error names each document that cannot be given.
func (s *Stream) Bytes() ([]byte, error) {
	spans, err := s.Spans()
	if err != nil {
		return nil, err
	}
	return bytes.Join(spans, nil), nil
}

// Spans is Bytes in pieces, to be written one after the other. Documents that leave as they came are pieces of the
// input and not copied; those that lie side by side there are one.
func (s *Stream) Spans() ([][]byte, error) {
	docs := s.Documents()
	changed, err := changedTexts(docs)
	if err != nil {
		return nil, err
	}
	spans := [][]byte{s.bom}
	end := -1 // of the last span in the text of the stream; -1: it is no part of it
	for _, d := range docs {
		text, ok := changed[d]
		if !ok {
			text = d.text
		}
		if separator := s.separator(spans[1:], text); separator != "" {
			spans, end = append(spans, []byte(separator)), -1
		}
		at, same := d.at, d.is(text)
		if last := len(spans) - 1; same && at == end {
			spans[last] = s.text[at-len(spans[last]) : at+len(text)]
		} else {
			spans = append(spans, text)
		}
		end = -1
		if same {
			end = at + len(text)
		}
	}
	return spans, nil
}

// changedTexts gives the texts of the documents that somebody began to change.
func changedTexts(docs []*Document) (map[*Document][]byte, error) {
	var begun []*Document
	for _, d := range docs {
		if d.isBegun() {
			begun = append(begun, d)
		}
	}
	texts, errs := make([][]byte, len(begun)), make([]error, len(begun))
	parallel.Do(len(begun), func(i int) {
		text, err := begun[i].Bytes()
		if texts[i] = text; err != nil {
			errs[i] = fmt.Errorf("%s: %w", begun[i].name(), err)
		}
	})
	byDocument := make(map[*Document][]byte, len(begun))
	for i, d := range begun {
		byDocument[d] = texts[i]
	}
	return byDocument, errors.Join(errs...)
}

// separator gives what must stand between the spans before a document and the document, so that it is a document of its
// own: nothing but where an inserted document, or the gap of a removed one, brought together what was not made for it.
func (s *Stream) separator(before [][]byte, document []byte) string {
	nothing := !slices.ContainsFunc(before, func(span []byte) bool { return len(span) > 0 })
	switch {
	case len(document) == 0 || isMarker(document, "---") || nothing:
		return ""
	case document[0] != '%':
		return "---" + s.eol
	case isClosed(before):
		return ""
	}
	return "..." + s.eol
}

// isClosed tells whether directives may follow the spans: they end with "...", or they are nothing but comments. Each
// span but the last of a stream ends a line.
func isClosed(spans [][]byte) bool {
	for _, text := range slices.Backward(spans) {
		for end := len(text); end > 0; {
			start := bytes.LastIndexByte(text[:end-1], '\n') + 1
			if !isBlankOrComment(text[start:end]) {
				return isMarker(text[start:end], "...")
			}
			end = start
		}
	}
	return true
}

// isMarker tells whether text starts with the marker "---" or "...": only white space or the end may follow it.
func isMarker(text []byte, marker string) bool {
	if !bytes.HasPrefix(text, []byte(marker)) {
		return false
	}
	return len(text) == len(marker) || strings.IndexByte(" \t\r\n", text[len(marker)]) >= 0
}

func isBlankOrComment(line []byte) bool {
	line = bytes.TrimLeft(line, " \t\r\n")
	return len(line) == 0 || line[0] == '#'
}

// lineEnd is the line end of the text's first line.
func lineEnd(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
