package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

const (
	readme        = "../README.md"
	settingsBegin = "<!-- settings -->\n"
	settingsEnd   = "<!-- /settings -->\n"
)

// TestSettingsInReadme holds the table of settings in the README to what the program itself says.
func TestSettingsInReadme(t *testing.T) {
	text := string(read(t, readme))
	before, rest, begins := strings.Cut(text, settingsBegin)
	_, after, ends := strings.Cut(rest, settingsEnd)
	if !begins || !ends {
		t.Fatalf("%s: the table of settings stands between %q and %q", readme, settingsBegin, settingsEnd)
	}
	want := before + settingsBegin + settingsTable() + settingsEnd + after
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("%s (-want +got; go test ./plugin -run TestSettingsInReadme -update rewrites it):\n%s", readme, diff)
	}
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| in the file, under `spec` | in the environment | what | default |\n| --- | --- | --- | --- |\n")
	for _, d := range config.Describe() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", d.Path, d.Env, inCell(d.What), inCell(d.Default))
	}
	return b.String()
}

// inCell keeps a text from being read as the end of a cell, or as HTML.
func inCell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(text)
}
