package plugin

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// Two Kibanas in one stream get objects of their own: no name is shared, and no container is told the other's Secret.
func TestTwoKibanasShareNoName(t *testing.T) {
	input := read(t, "testdata/charts/release/input.yaml")
	separator := []byte("\n---\n")
	documents := bytes.Split(input, separator)
	for _, d := range slices.Clone(documents) {
		if bytes.Contains(d, []byte("elk-kibana")) {
			documents = append(documents, bytes.ReplaceAll(d, []byte("elk-kibana"), []byte("reports-kibana")))
		}
	}
	output, _, err := transform(bytes.Join(documents, separator), realSettings(config.ModeCertToken, config.Required))
	if err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`(?m)^kind: (Secret|Role|RoleBinding|ServiceAccount)\nmetadata:\n  name: (\S+-elk-mtls\S*)$`)
	var made []string
	for _, found := range ours.FindAllSubmatch(output, -1) {
		made = append(made, string(found[1])+"/"+string(found[2]))
	}
	slices.Sort(made)
	want := []string{
		"Role/elk-kibana-elk-mtls", "Role/reports-kibana-elk-mtls", "RoleBinding/elk-kibana-elk-mtls", "RoleBinding/reports-kibana-elk-mtls",
		"Secret/elk-kibana-elk-mtls-token", "Secret/reports-kibana-elk-mtls-token", "ServiceAccount/elk-kibana-elk-mtls", "ServiceAccount/reports-kibana-elk-mtls",
	}
	if !slices.Equal(made, want) {
		t.Errorf("made %v, want %v", made, want)
	}
	var told []string
	for _, flag := range regexp.MustCompile(`--secret=\S+`).FindAll(output, -1) {
		told = append(told, string(flag))
	}
	if !slices.Equal(told, []string{"--secret=elk-kibana-elk-mtls-token", "--secret=reports-kibana-elk-mtls-token"}) {
		t.Errorf("the init containers are told %v", told)
	}
}
