//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
	for _, name := range []string{"plugin", "initcontainer", "internal"} {
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
	seen := anyDate.ReplaceAllString(out, "DATE") // The verdict names today.
	for line := range strings.Lines(anyDate.ReplaceAllString(shown, "DATE")) {
		if !strings.Contains(seen, line) {
			t.Errorf("the README shows %q; one sees\n%s", line, out)
		}
	}
	if have := d.cluster.released(t, d.ns); !slices.Contains(have, "Secret/elk-kibana-elk-mtls-token") {
		t.Errorf("after the upgrade there is %q", have)
	}
}

var anyDate = regexp.MustCompile(`\d{4}-\d\d-\d\d`)

// TestUninstall types the end of a release: after upgrades with the flag; after one without it, which the chart's hook makes fail; and
// after that one was done again with the flag. Of ours only what belongs to others is left.
func TestUninstall(t *testing.T) {
	ofTheHook := []string{
		"ConfigMap/elk-kibana-helm-scripts", "Job/pre-install-elk-kibana", "Role/pre-install-elk-kibana",
		"RoleBinding/pre-install-elk-kibana", "ServiceAccount/pre-install-elk-kibana",
	}
	for _, c := range []struct {
		name              string
		forgotten, healed bool
		deleted           int // by the command for what Helm leaves
	}{
		{name: "the flag was never forgotten"},
		{name: "the last upgrade lacked the flag", forgotten: true, deleted: 5},
		{name: "the flag was forgotten once", forgotten: true, healed: true},
	} {
		for _, major := range []int{3, 4} {
			t.Run(fmt.Sprintf("%s, Helm %d", c.name, major), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, folderWith(t, map[string]string{"chart": exampleChart}), namespace(t), "kubectl").helm(major)
				flags := d.secured(major)
				stays := d.neighbours(flags)
				d.run("helm", append([]string{"install", "elk", "./chart"}, flags...)...)
				if c.forgotten {
					d.forgets()
					stays = append(stays, ofTheHook...)
				}
				if c.healed {
					d.run("helm", append([]string{"upgrade", "elk", "./chart"}, flags...)...)
				}
				out := d.typed("docs/uninstall.md")
				if deleted := strings.Count(out, " deleted"); deleted != c.deleted {
					t.Errorf("%d objects were left to delete, want %d:\n%s", deleted, c.deleted, out)
				}
				slices.Sort(stays)
				if diff := cmp.Diff(stays, d.cluster.everything(t, d.ns)); diff != "" {
					t.Errorf("what is left (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// secured installs what that Helm takes for elk-mtls, and gives the flags of an upgrade.
func (d *desk) secured(major int) []string {
	d.t.Helper()
	d.env = append(d.env, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	if major == 3 {
		return []string{"--no-hooks", "--post-renderer", elkmtls(d.t), "--post-renderer-args", "--hooks=off"}
	}
	d.plugins()
	return []string{"--post-renderer", "elk-mtls"}
}

// neighbours puts into the namespace what has our label and is none of the release's: another release, and a Secret as `elk-mtls certs`
// makes them. It gives all that is there.
func (d *desk) neighbours(flags []string) []string {
	d.t.Helper()
	stream := bytes.ReplaceAll(exampleRelease(d.t).stream, []byte("elk-"), []byte("other-"))
	stream = bytes.ReplaceAll(stream, []byte("elasticsearch-master"), []byte("other-master"))
	chart := wrapped{"other", stream, ""}.write(d.t)
	d.run("helm", append([]string{"install", "other", chart}, flags...)...)
	d.run("kubectl", "create", "secret", "generic", "elk-kibana-elk-mtls-tls")
	d.run("kubectl", "label", "secret", "elk-kibana-elk-mtls-tls", "app.kubernetes.io/part-of=elk-mtls")
	return d.cluster.everything(d.t, d.ns)
}

// forgets upgrades without the flag. The chart's hook never ends here, so that the upgrade fails, as it does where Elasticsearch refuses
// the hook; the release is as it was.
func (d *desk) forgets() {
	d.t.Helper()
	before := d.stage()
	out, err := d.try("helm", "upgrade", "elk", "./chart", "--timeout", "5s")
	if err == nil || !strings.Contains(out, "pre-upgrade hooks failed") {
		d.t.Errorf("the upgrade without the flag: %v\n%s", err, out)
	}
	if after := d.stage(); before != "required" || after != before {
		d.t.Errorf("client authentication was %q, and is %q after a failed upgrade", before, after)
	}
}

// stage gives the client authentication that Elasticsearch's annotation names.
func (d *desk) stage() string {
	d.t.Helper()
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("apps/v1")
	o.SetKind("StatefulSet")
	place, err := d.cluster.at(o, d.ns)
	if err != nil {
		d.t.Fatal(err)
	}
	got, err := place.Get(d.t.Context(), "elasticsearch-master", metav1.GetOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	return got.GetAnnotations()["elk-mtls.dev/client-authentication"]
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
