package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestOtherMeans holds that mTLS that somebody has set up by hand, or by other tools, is recognised as such: the first line of each file
// says how far it can be proven. With every mount of a pair taken away it is not.
func TestOtherMeans(t *testing.T) {
	files, err := filepath.Glob("testdata/verify/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text := read(t, file)
			p := patched{name: file, output: text, settings: realSettings(config.ModeCertToken, config.Required)}
			want, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), ":")
			g := verified(t, text, p.settings, breakable(t, p).known(t))
			if string(g.Verdict) != want || len(g.Edges) == 0 || len(g.Servers) == 0 {
				t.Errorf("%s with %d servers and %d clients, want %s\n%s", g.Verdict, len(g.Servers), len(g.Edges), want, g.Text())
			}
			b := breakable(t, p)
			if !b.each(func(c dict) bool { return !isServerContainer(c) && c["volumeMounts"] != nil }, func(_, c dict) bool {
				c["volumeMounts"] = nil
				return true
			}) {
				t.Fatal("no client mounts anything")
			}
			if g := b.judge(t); string(g.Verdict) != "NOT PROVEN" {
				t.Errorf("without what its clients mount it is %s", g.Verdict)
			}
		})
	}
}
