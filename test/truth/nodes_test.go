//go:build integration

package truth

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// nodeVersions are those of which the settings are asked. verify knows both, so that a set-up has to hold with each.
var nodeVersions = []string{"8.19.21", "9.5.3"}

// compareNodes asks Elasticsearch's own code of all set-ups at once, and verify about each.
func (l *lab) compareNodes(t *testing.T, all []setups.SetUp) []result {
	t.Helper()
	results := make([]result, len(all))
	var folders, env []string
	var asked []int
	for i, s := range all {
		results[i].SetUp = s
		folder, variables, err := layNode(s, filepath.Join(l.work, fmt.Sprintf("node-%d", i)))
		if err != nil {
			results[i].said = err.Error() // the kubelet does not start it
			continue
		}
		folders, asked, env = append(folders, folder), append(asked, i), append(env, variables...)
	}
	for _, version := range nodeVersions {
		answers := l.ask(t, version, env, folders)
		for n, i := range asked {
			r := &results[i]
			r.said += version + ": " + answers[n] + "\n"
			r.works = answers[n] == "required" && (r.works || version == nodeVersions[0])
		}
	}
	atOnce(len(all), func(i int) {
		results[i].verdict, results[i].err = l.judged(t.Context(), l.verify, all[i].Manifests+all[i].Secrets, all[i].Config)
	})
	return results
}

// ask runs Judge.java with the libraries of a version.
func (l *lab) ask(t *testing.T, version string, env, folders []string) []string {
	t.Helper()
	if len(folders) == 0 {
		return nil
	}
	t.Setenv("ES_VERSION", version)
	text, err := os.ReadFile("testdata/Judge.java")
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(version, "9.") {
		text = []byte(strings.ReplaceAll(string(text), "cli.Terminal;", "cli.terminal.Terminal;"))
	}
	file := filepath.Join(t.TempDir(), "Judge.java")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	answers, err := parts.Ask(t.Context(), file, env, folders...)
	parts.SkipOrFail(t, err)
	if len(answers) != len(folders) {
		t.Fatalf("%d answers for %d folders:\n%s", len(answers), len(folders), strings.Join(answers, "\n"))
	}
	return answers
}

// layNode lays down what Judge.java reads: the file system of the node's container, its variables, and its arguments. Those variables that its
// file may name are the same in all set-ups.
func layNode(s setups.SetUp, folder string) (at string, variables []string, err error) {
	release, err := pod.Read([]byte(s.Manifests + s.Secrets))
	if err != nil {
		return "", nil, err
	}
	c, err := release.Container(s.Ask.Workload, s.Ask.Container, filepath.Join(folder, "root"))
	if err != nil {
		return "", nil, err
	}
	var env, args strings.Builder
	here := strings.NewReplacer("/usr/share/", c.Root+"/usr/share/", "/elsewhere/", c.Root+"/elsewhere/") // as Java enters no container
	for name, value := range c.Env {
		env.WriteString(name + "=" + here.Replace(value) + "\x00")
		if strings.HasPrefix(name, "SEARCH_") && value == here.Replace(value) {
			variables = append(variables, name+"="+value)
		}
	}
	words := c.Words()
	if len(words) > 0 && words[0] == "eswrapper" {
		words = words[1:]
	}
	for _, word := range words {
		args.WriteString(here.Replace(word) + "\x00")
	}
	for _, file := range []string{setups.ConfigDir, setups.OtherConfigDir} {
		at := c.Path(file + "/elasticsearch.yml")
		text, err := os.ReadFile(at)
		if err == nil {
			err = os.WriteFile(at, []byte(here.Replace(string(text))), 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", nil, err
		}
	}
	for name, text := range map[string]string{"env": env.String(), "args": args.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", nil, err
		}
	}
	return folder, variables, nil
}
