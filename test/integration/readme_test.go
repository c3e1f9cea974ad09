//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadmeHelm3(t *testing.T) {
	t.Parallel()
	typedReadme(t, 3)
}

func TestReadmeHelm4(t *testing.T) {
	t.Parallel()
	typedReadme(t, 4)
}

// typedReadme installs elk-mtls and upgrades with it as the README says, beginning with nothing but its sources and the programs that it
// names: what its first screen shows is what one sees.
func typedReadme(t *testing.T, major int) {
	t.Helper()
	folder := folderWith(t, map[string]string{"chart": exampleChart})
	for _, name := range []string{"plugin", "initcontainer"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS("../../"+name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Makefile", "go.mod", "go.sum"} {
		put(t, filepath.Join(folder, name), string(readFile(t, "../../"+name)))
	}
	d := newDesk(t, folder, namespace(t), "go", "make", fmt.Sprintf("helm%d", major))
	out := d.typed("README.md")
	_, shown, _ := strings.Cut(string(readFile(t, "../../README.md")), "```text\n")
	shown, _, _ = strings.Cut(shown, "```")
	if lines := strings.Split(strings.TrimSpace(shown), "\n"); len(lines) < 5 {
		t.Errorf("the README shows %d lines of output", len(lines))
	}
	for line := range strings.Lines(shown) {
		if !strings.Contains(out, line) {
			t.Errorf("the README shows %q; one sees\n%s", line, out)
		}
	}
	if have := d.cluster.released(t, d.ns); !slices.Contains(have, "Secret/elk-kibana-elk-mtls-token") {
		t.Errorf("after the upgrade there is %q", have)
	}
}

// TestFirstTenMinutes types the page with both Helms, for two releases. All that is there is Helm, and what the README installs for it.
func TestFirstTenMinutes(t *testing.T) {
	var elasticsearch, kibana strings.Builder
	for _, text := range documents(t, exampleRelease(t).stream) {
		if strings.Contains(text, "charts/kibana/") {
			kibana.WriteString("---\n" + text)
		} else {
			elasticsearch.WriteString("---\n" + text)
		}
	}
	for _, major := range []int{3, 4} {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, folderWith(t, nil), namespace(t)).helm(major)
			if major == 3 {
				d.install("elk-mtls")
			} else {
				d.plugins()
			}
			for name, stream := range map[string]string{"elasticsearch": elasticsearch.String(), "kibana": kibana.String()} {
				if err := os.Rename(wrapped{name, []byte(stream), ""}.write(t), filepath.Join(d.folder, name)); err != nil {
					t.Fatal(err)
				}
			}
			out := d.typed("docs/first-ten-minutes.md")
			var verdicts []string
			for _, line := range strings.Split(out, "\n") {
				if strings.Contains(line, "PROVEN") && strings.Contains(line, ": client authentication required") {
					verdict, _, _ := strings.Cut(line, ":")
					verdicts = append(verdicts, verdict)
				}
			}
			if diff := cmp.Diff([]string{"PROVEN IF", "NOT PROVEN", "PROVEN IF"}, verdicts); diff != "" {
				t.Errorf("what verify says (-want +got):\n%s\n%s", diff, out)
			}
			d.leavesNothing()
		})
	}
}
