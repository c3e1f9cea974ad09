package pipeline

import (
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Fluentd is the language of Fluentd. Every element (<match>, <store>, <buffer>, …) is a plugin; its name is that of
// @type.
// https://docs.fluentd.org/configuration/config-file
func Fluentd() Language {
	return Language{parse: fluentd, same: func(a, b string) bool { return a == b }, lines: true, between: " ",
		value: func(v *yaml.Node, quote byte) string {
			text := strings.Join(scalars(v), ",")
			if quote == 0 {
				return text
			}
			return string(quote) + text + string(quote)
		}}
}

func fluentd(text string) ([]Plugin, error) {
	var all []Plugin
	var open []int // positions in all of the elements around, innermost last
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		trimmed := strings.Trim(line, blank)
		start := at + strings.Index(line, trimmed)
		at += len(line) + 1
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case strings.HasPrefix(trimmed, "</"):
			if len(open) == 0 {
				return nil, fmt.Errorf("line %d of the configuration: %s ends what nothing began", lineOf(text, start),
					trimmed)
			}
			open = open[:len(open)-1]
		case trimmed[0] == '<':
			name, _ := split(strings.Trim(trimmed, "<>"))
			open = append(open, len(all))
			all = append(all, Plugin{Section: name, open: start + len(trimmed)})
		case len(open) > 0:
			s, err := fluentdSetting(text, start, trimmed)
			if err != nil {
				return nil, err
			}
			p := &all[open[len(open)-1]]
			p.settings = append(p.settings, s)
			if s.name == "@type" || s.name == "type" {
				p.Name = s.values[0]
			}
			if s.end > at { // what else is on its last line says nothing
				rest, _, _ := strings.Cut(text[s.end:], "\n")
				at = s.end + len(rest) + 1
			}
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("line %d of the configuration: <%s> has no end", lineOf(text, all[open[0]].open),
			all[open[0]].Section)
	}
	return all, nil
}

// fluentdSetting reads a setting: a string in quotes, and a list or hash, may go over several lines; behind any other
// value a comment may stand.
func fluentdSetting(text string, at int, line string) (setting, error) {
	name, value := split(line)
	s := setting{name: name, at: at, start: at + len(line) - len(value)}
	s.end = s.start + len(value)
	if value == "" {
		s.values = []string{""}
		return s, nil
	}
	switch value[0] {
	case '"', '\'':
		end, ok := quoted(text, s.start, `\`)
		if !ok {
			return s, fmt.Errorf("line %d of the configuration: a string has no end", lineOf(text, at))
		}
		s.end = end
		s.values = []string{text[s.start+1 : end-1]}
	case '[', '{':
		end, ok := balanced(text, s.start)
		if !ok {
			return s, fmt.Errorf("line %d of the configuration: a list or hash has no end", lineOf(text, at))
		}
		s.end = end
		s.values = []string{text[s.start:end]}
	default:
		if i := strings.Index(value, " #"); i >= 0 {
			value = strings.TrimRight(value[:i], " \t")
		}
		s.end = s.start + len(value)
		s.values = []string{value}
	}
	return s, nil
}

// balanced finds the end of what a bracket begins.
func balanced(text string, at int) (end int, ok bool) {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			end, ok := quoted(text, i, `\`)
			if !ok {
				return 0, false
			}
			i = end - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return 0, false
}

// Ruby spells variables inside Ruby strings, "#{ENV['NAME'] || 'default'}", as ${NAME:default}.
func Ruby(text string) string {
	before, rest, ok := strings.Cut(text, "#{ENV[")
	inside, after, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return text
	}
	name, fallback, _ := strings.Cut(inside, "]")
	fallback = strings.Trim(strings.TrimPrefix(strings.TrimSpace(fallback), "||"), ` '"`)
	if fallback != "" {
		fallback = ":" + fallback
	}
	return before + "${" + strings.Trim(name, `'"`) + fallback + "}" + Ruby(after)
}
