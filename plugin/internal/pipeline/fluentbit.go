package pipeline

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// FluentBit is the classic form of Fluent Bit's configuration. A section is a plugin; its name is that of Name, in
// lower case where it is no variable.
// https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/format-schema
func FluentBit() Language {
	return Language{parse: fluentBit, same: strings.EqualFold, lines: true, between: " ",
		value: func(v *yaml.Node, _ byte) string {
			return strings.Join(scalars(v), " ")
		}}
}

// blank is what stands around words, in bytes: other spaces of Unicode are part of a value.
const blank = " \t\r\v\f"

func fluentBit(text string) ([]Plugin, error) {
	var all []Plugin
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		trimmed := strings.Trim(line, blank)
		start := at + strings.Index(line, trimmed)
		at += len(line) + 1
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == '@':
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			all = append(all, Plugin{Section: strings.ToUpper(strings.Trim(trimmed, "[]")), open: start + len(trimmed)})
		case len(all) > 0:
			p := &all[len(all)-1]
			name, value := split(trimmed)
			end := start + len(trimmed)
			p.settings = append(p.settings,
				setting{name: name, values: []string{value}, at: start, start: end - len(value), end: end})
			if strings.EqualFold(name, "name") {
				p.Name = value
				if !strings.Contains(value, "${") { // the name of a variable has capitals
					p.Name = strings.ToLower(value)
				}
			}
		}
	}
	return all, nil
}

// split parts a line into the name of a setting and its value.
func split(line string) (name, value string) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], strings.Trim(line[i:], blank)
}
