package plugin

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// editable reads a stream as a person does who edits it: comments and aliases are gone afterwards.
func editable(t *testing.T, input string) []any {
	t.Helper()
	var all []any
	for _, text := range strings.Split("\n"+strings.TrimPrefix(input, "\ufeff"), "\n---") {
		var one any
		if err := yaml.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("editing the input: %v", err)
		}
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

func manifestsOf(t *testing.T, objects []any) string {
	t.Helper()
	var b strings.Builder
	for _, one := range objects {
		text, err := yaml.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n" + string(text))
	}
	return b.String()
}

// edited gives all objects of a stream to a change, those of lists and templates one by one.
func edited(t *testing.T, input string, change func(o map[string]any)) string {
	t.Helper()
	all := editable(t, input)
	for _, one := range all {
		if o, ok := one.(map[string]any); ok {
			change(o)
		}
	}
	return manifestsOf(t, all)
}

// spelled gives a setting as a word without the signs in which its spellings differ: a.bC, A_B_C, ES_SETTING_A_BC.
func spelled(name string) string {
	name = strings.TrimPrefix(strings.ToUpper(name), "ES_SETTING_")
	return strings.NewReplacer(".", "", "_", "", "-", "").Replace(name)
}

// takeOut takes a setting out of a value, wherever it is spelled in it: as a variable, as a key, as nested ones, in a file.
func takeOut(value any, above, setting string) any {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			path := strings.TrimPrefix(above+"."+key, ".")
			if name := spelled(path); name == setting || spelled(key) == setting {
				delete(v, key)
				continue
			}
			under := key
			if strings.HasPrefix(setting, spelled(path)) {
				under = path
			}
			v[key] = takeOut(v[key], under, setting)
		}
	case []any:
		return slices.DeleteFunc(v, func(one any) bool {
			entry, ok := one.(map[string]any)
			if name, _ := entry["name"].(string); ok && spelled(name) == setting {
				return true
			}
			if word, ok := one.(string); ok && strings.HasPrefix(word, "-E") && spelled(strings.SplitN(word[2:], "=", 2)[0]) == setting {
				return true
			}
			takeOut(one, "", setting)
			return false
		})
	case string:
		if text, err := base64.StdEncoding.DecodeString(v); err == nil && bytes.Contains(text, []byte(": ")) {
			if after, ok := takeOut(string(text), "", setting).(string); ok && after != string(text) {
				return base64.StdEncoding.EncodeToString([]byte(after))
			}
		}
		var inner map[string]any
		if strings.Contains(v, "\n") && yaml.Unmarshal([]byte(v), &inner) == nil {
			text, err := yaml.Marshal(takeOut(inner, "", setting))
			if err == nil && string(text) != v {
				return string(text)
			}
		}
	}
	return value
}

// inUTF8 gives a text of UTF-16 or Latin-1 as UTF-8.
func inUTF8(text string) string {
	if strings.HasPrefix(text, "\xff\xfe") {
		var units []uint16
		for at := 2; at+1 < len(text); at += 2 {
			units = append(units, binary.LittleEndian.Uint16([]byte(text[at:])))
		}
		return string(utf16.Decode(units))
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if utf8.ValidString(line) {
			continue
		}
		var b strings.Builder
		for at := range len(line) {
			b.WriteRune(rune(line[at]))
		}
		lines[i] = b.String()
	}
	return strings.Join(lines, "\n")
}
