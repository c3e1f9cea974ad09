package plugin

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

// TestRights holds that nobody is taken to write the token's Secret whom no Role lets: where the manifests speak of that right, they
// are wrong; where they do not, it is an assumption.
func TestRights(t *testing.T) {
	settings := realSettings(config.ModeCertToken, config.Required)
	text := string(read(t, "testdata/charts/release/output.yaml"))
	const assumed = "ServiceAccount/elk-kibana-elk-mtls may get and patch Secret/elk-kibana-elk-mtls-token"
	const refused = "ServiceAccount/elk-kibana-elk-mtls may not get and patch Secret/elk-kibana-elk-mtls-token"
	for name, c := range map[string]struct {
		old, fresh, want string
	}{
		"as it is":                       {"", "", ""},
		"a ClusterRole":                  {"kind: Role\n", "kind: ClusterRole\n", ""},
		"every verb and every Secret":    {"  resourceNames:\n  - elk-kibana-elk-mtls-token\n  verbs:\n  - get\n  - patch\n", "  verbs: [\"*\"]\n", ""},
		"get alone":                      {"  - patch\n", "", refused},
		"another Secret":                 {"  resourceNames:\n  - elk-kibana-elk-mtls-token\n", "  resourceNames: [other]\n", assumed},
		"a star, which is no name there": {"  resourceNames:\n  - elk-kibana-elk-mtls-token\n", "  resourceNames: [\"*\"]\n", assumed},
		"ConfigMaps":                     {"  - secrets\n", "  - configmaps\n", assumed},
		"another account":                {"- kind: ServiceAccount\n  name: elk-kibana-elk-mtls\n", "- kind: ServiceAccount\n  name: other\n", refused},
		"a user of that name":            {"- kind: ServiceAccount\n  name: elk-kibana-elk-mtls\n", "- kind: User\n  name: elk-kibana-elk-mtls\n", refused},
		"another Role":                   {"  kind: Role\n  name: elk-kibana-elk-mtls\n", "  kind: Role\n  name: other\n", refused},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(text, c.old) {
				t.Fatalf("the fixture does not hold %q", c.old)
			}
			g := verified(t, []byte(strings.ReplaceAll(text, c.old, c.fresh)), settings)
			text := g.Text()
			for _, one := range []string{assumed, refused} {
				if strings.Contains(text, one) != (one == c.want) {
					t.Errorf("expected %q\n%s", c.want, text)
				}
			}
		})
	}
}
