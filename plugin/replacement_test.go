package plugin

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// keptSecret is what certs writes.
type keptSecret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]any    `json:"metadata"`
	Type       string            `json:"type,omitempty"`
	Data       map[string][]byte `json:"data,omitempty"`
	StringData map[string]string `json:"stringData,omitempty"`
}

// TestStepsOfAnotherCA replaces the CA of a release in the three steps of docs/certificates.md, one Secret after the other: verify is never
// without its proof, and names each step. What the page shows is what it says while Kibana has its old pair. All in this release
// read the CA from the Secret of the nodes.
func TestStepsOfAnotherCA(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	put := func(folder, name string, text []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const input = "testdata/charts/release/input.yaml"
	cas := map[string]*pki.CA{
		"old": pki.NewCAWith(pki.Options{CN: "old", NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}),
		"new": pki.NewCAWith(pki.Options{CN: "new", NotAfter: time.Now().Add(2000 * time.Hour)}),
	}
	pairs := map[string]map[string]keptSecret{} // by CA, then by name
	configuration := filepath.Join(work, "old.yaml")
	for name, ca := range cas {
		stream := runs(t, nil, "certs", "--namespace", "elastic", "--config-out", filepath.Join(work, name+".yaml"), "--days", "20",
			"--ca", put(work, name+".crt", ca.Cert), "--ca-key", put(work, name+".key", ca.Key), input)
		pairs[name] = map[string]keptSecret{}
		for _, text := range bytes.Split(stream, []byte("\n---\n")) {
			var s keptSecret
			if err := yaml.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if s.Data == nil {
				s.Data = map[string][]byte{}
			}
			for key, value := range s.StringData {
				s.Data[key] = []byte(value)
			}
			s.StringData = nil
			pairs[name][s.Metadata["name"].(string)] = s
		}
	}
	put(dir, "manifests.yaml", runsIn(t, []string{"ELK_MTLS_MINTER_SECRET_NAME=minter"}, read(t, input), "--config", configuration, "--init-image", testImage, "--hooks", "off"))

	// held puts both Secrets into a file: who signed the pair of each, and whom it trusts.
	held := func(node, kibana string) {
		var all []byte
		for name, text := range map[string]string{"elasticsearch-master-elk-mtls-tls": node, "elk-kibana-elk-mtls-tls": kibana} {
			signer, trusted, _ := strings.Cut(text, " trusts ")
			s, there := pairs[signer][name]
			if !there {
				t.Fatalf("certs makes no Secret %s", name)
			}
			var bundle []byte
			for _, ca := range strings.Split(trusted, "+") {
				bundle = append(bundle, cas[ca].Cert...)
			}
			s.Data = map[string][]byte{"ca.crt": bundle, "tls.crt": s.Data["tls.crt"], "tls.key": s.Data["tls.key"]}
			text, err := yaml.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, text...), "---\n"...)
		}
		put(dir, "secrets.yaml", all)
	}
	schema, err := jsonschema.NewCompiler().Compile("../docs/verify.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ node, kibana, says string }{
		{"old trusts old", "old trusts old", ""},
		{"old trusts old+new", "old trusts old+new", "step 1 is done"},
		{"new trusts old+new", "old trusts old+new", `step 2, replace the key pairs: "CN=old" still signed the certificate of Deployment/elk-kibana`},
		{"new trusts old+new", "new trusts old+new", "step 2 is done"},
		{"new trusts new", "new trusts new", ""},
	} {
		held(step.node, step.kibana)
		out := string(runs(t, nil, "verify", "--with", filepath.Join(dir, "secrets.yaml"), filepath.Join(dir, "manifests.yaml")))
		flat := strings.Join(strings.Fields(out), " ")
		if strings.Contains(flat, "Two CAs are in use") != (step.says != "") || !strings.Contains(flat, step.says) {
			t.Errorf("node %s, Kibana %s: it does not say %q:\n%s", step.node, step.kibana, step.says, out)
		}
		text := runs(t, nil, "verify", "-o", "json", "--with", filepath.Join(dir, "secrets.yaml"), filepath.Join(dir, "manifests.yaml"))
		if output, err := jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil || schema.Validate(output) != nil {
			t.Errorf("node %s, Kibana %s: %v, %v", step.node, step.kibana, err, schema.Validate(output))
		}
	}
	held("new trusts old+new", "old trusts old+new")
	program := filepath.Join(work, "elk-mtls")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./elk-mtls").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	page.Followed(t, "docs/certificates.md", dir, map[string]string{"elk-mtls": program}, nil, exec.CommandContext)
}
