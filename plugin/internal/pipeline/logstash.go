package pipeline

import (
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Logstash is the language of Logstash's pipelines.
// https://www.elastic.co/guide/en/logstash/8.19/configuration-file-structure.html
func Logstash() Language {
	return Language{
		parse:   func(text string) ([]Plugin, error) { return (&logstash{text: text}).file() },
		same:    func(a, b string) bool { return a == b },
		between: " => ",
		value: func(v *yaml.Node, quote byte) string {
			if quote == 0 {
				quote = '"'
			}
			mark := string(quote)
			switch {
			case v.Kind == yaml.SequenceNode:
				return "[" + mark + strings.Join(scalars(v), mark+", "+mark) + mark + "]"
			case v.ShortTag() == yaml.NodeTagBool:
				return v.Value
			}
			return mark + v.Value + mark
		},
	}
}

// logstash reads one text from left to right.
type logstash struct {
	text    string
	at      int
	plugins []Plugin
}

func (s *logstash) file() ([]Plugin, error) {
	for s.space(); s.at < len(s.text); s.space() {
		section := s.word()
		if section != "input" && section != "filter" && section != "output" {
			return nil, s.expected("input, filter or output")
		}
		if err := s.body(section); err != nil {
			return nil, err
		}
	}
	return s.plugins, nil
}

// body reads the braces of a section or of a branch: plugins, and branches of if and else.
func (s *logstash) body(section string) error {
	if !s.take('{') {
		return s.expected("{")
	}
	for !s.take('}') {
		name := s.name()
		var err error
		switch name {
		case "":
			return s.expected("the name of a plugin, or }")
		case "if", "else":
			if err = s.condition(); err == nil {
				err = s.body(section)
			}
		default:
			p := Plugin{Section: section, Name: name}
			if !s.take('{') {
				return s.expected("{")
			}
			p.open = s.at
			p.settings, err = s.settings()
			s.plugins = append(s.plugins, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// condition passes over what stands before the brace of a branch; strings and regular expressions in it may hold
// braces.
func (s *logstash) condition() error {
	for s.space(); s.at < len(s.text); s.space() {
		switch c := s.text[s.at]; c {
		case '{':
			return nil
		case '"', '\'', '/':
			end, ok := quoted(s.text, s.at, "")
			if !ok {
				return s.expected("the end of what begins with " + string(c))
			}
			s.at = end
		default:
			s.at++
		}
	}
	return s.expected("{")
}

// settings reads name => value up to the closing brace.
func (s *logstash) settings() ([]setting, error) {
	var all []setting
	for !s.take('}') {
		found := setting{at: s.at}
		if found.name = s.name(); found.name == "" {
			return nil, s.expected("the name of a setting, or }")
		}
		s.space()
		if !strings.HasPrefix(s.text[s.at:], "=>") {
			return nil, s.expected("=>")
		}
		s.at += len("=>")
		s.space()
		found.start = s.at
		var err error
		if found.values, found.list, err = s.value(); err != nil {
			return nil, err
		}
		found.end = s.at
		all = append(all, found)
	}
	return all, nil
}

// value reads a string, a number, a bare word, a list, a hash, or a plugin such as a codec.
func (s *logstash) value() (values []string, list bool, err error) {
	if s.at >= len(s.text) {
		return nil, false, s.expected("a value")
	}
	switch s.text[s.at] {
	case '[':
		values, err = s.list()
		return values, true, err
	case '{':
		s.at++
		_, err = s.settings()
		return nil, false, err
	}
	word := s.name()
	if word == "" {
		return nil, false, s.expected("a value")
	}
	end := s.at
	if s.space(); s.at < len(s.text) && s.text[s.at] == '{' {
		s.at++
		_, err = s.settings()
		return nil, false, err
	}
	s.at = end
	return []string{word}, false, nil
}

func (s *logstash) list() ([]string, error) {
	s.at++
	var all []string
	for !s.take(']') {
		values, _, err := s.value()
		if err != nil {
			return nil, err
		}
		all = append(all, values...)
		if !s.take(',') && (s.at >= len(s.text) || s.text[s.at] != ']') {
			return nil, s.expected(", or ]")
		}
	}
	return all, nil
}

// name reads a bare word, a number or a string.
func (s *logstash) name() string {
	if s.at < len(s.text) && (s.text[s.at] == '"' || s.text[s.at] == '\'') {
		end, ok := quoted(s.text, s.at, "")
		if !ok {
			return ""
		}
		text := s.text[s.at+1 : end-1]
		s.at = end
		return text
	}
	return s.word()
}

func (s *logstash) word() string {
	start := s.at
	for s.at < len(s.text) && (isLetter(s.text[s.at]) || strings.IndexByte("0123456789_-.@", s.text[s.at]) >= 0) {
		s.at++
	}
	return s.text[start:s.at]
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// take passes over white space and then one character, if that comes.
func (s *logstash) take(c byte) bool {
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// space passes over white space and comments.
func (s *logstash) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		case '#':
			end := strings.IndexByte(s.text[s.at:], '\n')
			if end < 0 {
				s.at = len(s.text)
				return
			}
			s.at += end
		default:
			return
		}
	}
}

func (s *logstash) expected(what string) error {
	return fmt.Errorf("line %d of the pipeline: expected %s", lineOf(s.text, s.at), what)
}
