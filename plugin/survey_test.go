package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/elk-mtls/elk-mtls/internal/version"
)

// The outputs for programs are valid by their schemas, for evidence that has a line of every kind.
func TestSurveyOutputsAreValid(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/script/survey.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range archive.Files {
		text := string(f.Data)
		if f.Name == "evidence.jsonl" {
			lines := strings.SplitAfter(text, "\n")
			text = lines[0] + lines[1] + lines[2] +
				`{"kind":"client","time":"2026-11-29T09:00:00Z","node":"es-0","address":"10.0.0.8","certificate":"unknown","connections":1,"place":"node","workload":"a/DaemonSet/b"}` + "\n" +
				`{"kind":"gap","time":"2026-11-29T10:00:00Z","node":"es-0","from":"2026-11-29T09:00:00Z","to":"2026-11-29T10:00:00Z","reason":"the node was restarted"}` + "\n" +
				`{"kind":"refused","time":"2026-11-29T09:00:00Z","node":"es-0","address":"10.0.0.9","reason":"Empty client certificate chain"}` + "\n" + lines[3]
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(format string) []byte {
		var out, errs bytes.Buffer
		args := []string{"survey", "-o", format, "--config", filepath.Join(dir, "config.yaml"), filepath.Join(dir, "evidence.jsonl"), filepath.Join(dir, "manifests.yaml")}
		if code := run(args, nil, nil, &out, &errs); code != 0 {
			t.Fatalf("%s: exit %d: %s", format, code, errs.String())
		}
		return out.Bytes()
	}
	schema, err := jsonschema.NewCompiler().Compile("../docs/survey.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(ask("json")))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Error(err)
	}
	log, err := sarif.FromBytes(ask("sarif"))
	if err == nil {
		err = log.Validate()
	}
	if err != nil {
		t.Error(err)
	} else if n := len(log.Runs[0].Results); n < 6 {
		t.Errorf("only %d results", n)
	}
}

// The pages of the documents show this report; docs/survey.png is a picture of it, which make picture takes.
func TestSurveyReport(t *testing.T) {
	for format, file := range map[string]string{"text": "report.txt", "html": "report.html"} {
		var out, errs bytes.Buffer
		args := []string{"survey", "-o", format, "--config", "testdata/survey/config.yaml", "testdata/survey/evidence.jsonl", "testdata/survey/manifests.yaml"}
		if code := run(args, nil, nil, &out, &errs); code != 0 {
			t.Fatalf("%s: exit %d: %s", format, code, errs.String())
		}
		golden(t, filepath.Join("testdata/survey", file), bytes.ReplaceAll(out.Bytes(), []byte(version.Text()), []byte("VERSION")))
	}
}
