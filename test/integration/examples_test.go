//go:build integration

package integration

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// example is a folder of the examples, and what is true of the desk before and after its README is typed.
type example struct {
	page   string
	needs  []string // programs
	helm   int
	before func(d *desk)
	says   string   // a line of what the commands print, as a pattern
	leaves []string // in the cluster
}

func exampleTable() []example {
	const verdict = `(?m)^PROVEN`
	return []example{
		{page: "examples/helm3/README.md", needs: []string{"elk-mtls"}, helm: 3, says: verdict},
		{page: "examples/helm4/README.md", helm: 4, says: `(?m)^mode cert-token, client authentication required$`},
		{page: "examples/argocd-cmp/README.md", needs: []string{"elk-mtls", "kustomize", "kubectl"}, helm: 4, before: argoCDThere, says: `application.argoproj.io/elk created \(server dry run\)`},
		{page: "examples/kustomize-krm/README.md", needs: []string{"elk-mtls", "kustomize", "kubectl"}, says: `no matches for kind "Guard"`},
		{page: "examples/flux-export/README.md", needs: []string{"elk-mtls", "kustomize"}, says: `postRenderStrategy: combined`},
		{page: "examples/helmfile/README.md", needs: []string{"elk-mtls", "helmfile"}, helm: 4, before: helmfileThere, says: verdict},
		{page: "examples/cert-manager/README.md", needs: []string{"elk-mtls", "kubectl"}, helm: 3, before: certManagerThere, says: `certificate.cert-manager.io/\S+ created`, leaves: []string{"Deployment/elk-kibana", "StatefulSet/elasticsearch-master"}},
		{page: "examples/bring-your-own/README.md", needs: []string{"elk-mtls", "kubectl"}, before: certificatesThere, says: `(?m)^PROVEN: client authentication required`, leaves: []string{"Secret/elasticsearch-http"}},
		{page: "examples/migration/README.md", needs: []string{"elk-mtls", "git"}, before: repositoryThere, says: `(?m)^PROVEN IF: client authentication optional`},
		{page: "examples/mode-token/README.md", needs: []string{"elk-mtls", "kubectl"}, says: `(?m)^PROVEN IF: client authentication none`},
		{page: "examples/mode-password/README.md", needs: []string{"elk-mtls", "kubectl"}, says: `(?m)^PROVEN IF: client authentication none`},
		{page: "examples/mode-cert-token/README.md", needs: []string{"elk-mtls", "kubectl"}, says: `(?m)^PROVEN IF: client authentication required`},
		{page: "examples/mode-cert-password/README.md", needs: []string{"elk-mtls", "kubectl"}, says: `(?m)^PROVEN IF: client authentication required`},
		{page: "examples/mode-pki/README.md", needs: []string{"elk-mtls", "kubectl"}, says: `(?m)^PROVEN IF: client authentication required`},
	}
}

// TestExamples types the README of every example in its folder. Those that are not there to leave something in the cluster leave nothing.
func TestExamples(t *testing.T) {
	for _, e := range exampleTable() {
		name := filepath.Base(filepath.Dir(e.page))
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			if err := os.CopyFS(filepath.Join(top, "examples"), os.DirFS("../../examples")); err != nil {
				t.Fatal(err)
			}
			overlay, err := filepath.Abs("../../charts-overlay")
			if err := errors.Join(err, os.Symlink(overlay, filepath.Join(top, "charts-overlay"))); err != nil {
				t.Fatal(err)
			}
			d := newDesk(t, top, namespace(t), e.needs...)
			if e.helm > 0 {
				d.helm(e.helm)
			}
			d.folder = filepath.Join(top, "examples", name)
			if e.before != nil {
				e.before(d)
			}
			if out := d.typed(e.page); !regexp.MustCompile(e.says).MatchString(out) {
				t.Errorf("no %s in what was printed:\n%s", e.says, out)
			}
			if e.leaves == nil {
				d.leavesNothing()
			}
			for _, id := range e.leaves {
				if !slices.Contains(d.cluster.everything(t, d.ns), id) {
					t.Errorf("there is no %s", id)
				}
			}
		})
	}
}

// TestExamplesAreAllTyped holds that no folder of the examples has a page that the table above does not name.
func TestExamplesAreAllTyped(t *testing.T) {
	var want, got []string
	for _, e := range exampleTable() {
		want = append(want, e.page)
	}
	pages, err := filepath.Glob("../../examples/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if page := strings.TrimPrefix(p, "../../"); page != "examples/github-actions/README.md" { // TestWorkflow
			got = append(got, page)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-typed +there):\n%s", diff)
	}
}

func argoCDThere(d *desk) {
	serveApplications(d.t)
	namespaceNamed(d.t, "argocd")
}

func certManagerThere(d *desk) {
	module, err := parts.Module(d.t.Context(), "github.com/cert-manager/cert-manager", parts.CertManager)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, kind := range []string{"certificates", "issuers"} {
		d.cluster.serve(d.t, readFile(d.t, filepath.Join(module, "deploy/crds/cert-manager.io_"+kind+".yaml")))
	}
}

// helmfileThere takes Helm 4's plugin for installed, as the page does.
func helmfileThere(d *desk) {
	d.run("helm", "plugin", "install", "../../dist/helm4/elk-mtls")
}

// certificatesThere puts the files there that the user has from a CA.
func certificatesThere(d *desk) {
	server, clients := pki.NewCA("servers"), pki.NewCA("clients")
	node := server.Leaf(pki.Options{CN: "elasticsearch", SANs: []string{"elasticsearch-master"}, ServerAuth: true, ClientAuth: true})
	kibana := clients.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	for name, text := range map[string]string{
		"ca.crt": string(server.Cert), "server.crt": string(node.Cert), "server.key": string(node.Key), "clients-ca.crt": string(clients.Cert),
		"kibana.crt": string(kibana.Cert), "kibana.key": string(kibana.Key), "username": "minter", "password": "not a real one",
	} {
		put(d.t, filepath.Join(d.folder, name), text)
	}
}

func repositoryThere(d *desk) {
	d.env = append(d.env, "GIT_AUTHOR_NAME=you", "GIT_AUTHOR_EMAIL=you@example.invalid", "GIT_COMMITTER_NAME=you", "GIT_COMMITTER_EMAIL=you@example.invalid")
	d.run("git", "init", "-q")
	d.run("cp", "../release/rendered.yaml", "patched.yaml")
	d.run("git", "add", ".")
	d.run("git", "commit", "-qm", "the release")
}

// TestWorkflow runs each step of the workflow that is a script, on the branch main.
func TestWorkflow(t *testing.T) {
	r := newDist(t)
	d := newDesk(t, folderWith(t, map[string]string{"chart": exampleChart, "keyring.gpg": r.keyring, "elk-mtls.yaml": "../../examples/minimal.yaml"}), namespace(t))
	for _, name := range []string{"elk-mtls-1.2.3.tgz", "elk-mtls-cli-1.2.3.tgz"} {
		for _, file := range []string{name, name + ".prov"} {
			put(t, filepath.Join(d.folder, file), string(readFile(t, filepath.Join(r.dist, file))))
		}
	}
	var workflow struct {
		Jobs map[string]struct {
			Env      map[string]string
			Defaults struct{ Run struct{ Shell string } }
			Steps    []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal(readFile(t, "../../examples/github-actions/workflow.yaml"), &workflow); err != nil {
		t.Fatal(err)
	}
	job := workflow.Jobs["elk"]
	if job.Defaults.Run.Shell != "bash" {
		t.Errorf("the shell is %q, which sets no pipefail", job.Defaults.Run.Shell)
	}
	for name, value := range job.Env {
		d.env = append(d.env, name+"="+value)
	}
	bin := folderWith(t, map[string]string{"helm": program(t, "helm4")})
	d.env = append(d.env, "GITHUB_STEP_SUMMARY=summary.md", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ran := 0
	for _, step := range job.Steps {
		if step.Run != "" {
			ran++
			d.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		}
	}
	if summary := d.file("summary.md"); ran != 4 || !strings.Contains(string(summary), "Deployment/elk-kibana") {
		t.Errorf("%d scripts, and the summary:\n%s", ran, summary)
	}
	if all := d.cluster.released(t, d.ns); !slices.Contains(all, "StatefulSet/elasticsearch-master") {
		t.Errorf("installed is %q", all)
	}
}
