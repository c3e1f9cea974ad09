package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestSettingsPage holds the table of settings to what the program itself says.
func TestSettingsPage(t *testing.T) {
	inMarkers(t, "../docs/settings.md", "settings", settingsTable())
}

// inMarkers holds the part of a page between two comments to what it is generated from.
func inMarkers(t *testing.T, page, name, want string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	text := string(read(t, page))
	before, rest, begins := strings.Cut(text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s: what is generated stands between %q and %q", page, begin, end)
	}
	golden(t, page, []byte(before+begin+want+end+after))
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
