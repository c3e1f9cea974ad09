package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
)

// commandText is a text in which a command line, or a part of one, is written.
type commandText struct {
	text, previous string // previous is the word before it
	at             patch.Path
	place          string
}

// commandTexts gives the words of a server's command line, and the variables that its entry script adds to it.
func (c *configuration) commandTexts() []commandText {
	var all []commandText
	for _, field := range []string{"command", "args"} {
		previous := ""
		for i, item := range object.Items(c.w.Main.Node, field) {
			word := item.YNode().Value
			place := fmt.Sprintf("an argument of container %q (%s %d)", c.w.Main.Name, field, i+1)
			all = append(all, commandText{word, previous, c.pathBase.Field(field).Index(fmt.Sprint(i)), place})
			previous = word
		}
	}
	for _, name := range c.w.Layout.Flags.Env {
		if v := c.variable(name); v != nil && v.object == c.w.Object {
			e, _ := c.w.Main.Env(name)
			all = append(all, commandText{text: e.Value, at: v.edit.Path, place: v.Place})
		}
	}
	return all
}

// flags gives the places of the command line that say a setting: -Ekey=value, -E key=value or --key value, as words
// of their own or in a script. The last one comes first.
func (c *configuration) flags(key string) []*setting {
	prefix := c.w.Layout.Flags.Prefix
	if prefix == "" {
		return nil
	}
	var all []*setting
	for _, t := range c.commandTexts() {
		before, value, ok := flagIn(t.text, t.previous, prefix, key)
		if !ok {
			continue
		}
		all = append(all, &setting{
			Key: key, Values: splitList(value), Hidden: strings.Contains(value, "$"), Place: t.place,
			object: c.w.Object, prefix: before, suffix: t.text[len(before)+len(value):],
			edit: patch.Edit{Path: t.at}, span: span{len(before), len(before) + len(value)},
		})
	}
	slices.Reverse(all)
	return all
}

// flagIn finds the value of a flag in a word of a command line, and what stands before it. The word may be a script.
func flagIn(word, previous, prefix, key string) (before, value string, ok bool) {
	signs, ends := []string{"-E", "--E"}, []string{"="}
	if prefix != "-E" {
		signs, ends = []string{prefix}, []string{"=", " "}
	}
	for _, sign := range signs {
		for _, start := range []string{sign + key + "=", sign + "=" + key + "="} {
			if value, ok := strings.CutPrefix(word, start); ok {
				return start, value, true
			}
		}
		if value, ok := strings.CutPrefix(word, key+"="); ok && previous == sign {
			return key + "=", value, true
		}
		if previous == sign+key && !strings.HasPrefix(word, "-") {
			return "", word, true
		}
	}
	at := -1
	for _, sign := range signs {
		for _, between := range []string{"", "=", " ", "'", `"`, " '", ` "`} {
			for _, end := range ends {
				flag := sign + between + key + end
				i := strings.LastIndex(word, flag)
				if i <= 0 || strings.IndexByte(object.ShellBreaks, word[i-1]) < 0 || i+len(flag) <= at {
					continue
				}
				at = i + len(flag)
			}
		}
	}
	if at < 0 {
		return "", "", false
	}
	rest := strings.TrimLeft(word[at:], `"'`)
	value = rest
	if end := strings.IndexAny(rest, object.ShellBreaks); end >= 0 {
		value = rest[:end]
	}
	return word[:len(word)-len(rest)], value, true
}
