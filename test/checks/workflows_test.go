//go:build checks

package checks

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestWorkflowsCallMakeOnly holds that whatever the forge runs can be run by hand: each command of a workflow is a target of the Makefile.
func TestWorkflowsCallMakeOnly(t *testing.T) {
	targets := map[string]bool{}
	for _, found := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[found[1]] = true
	}
	workflows, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(workflows) < 2 {
		t.Fatalf("the workflows are %q: %v", workflows, err)
	}
	for _, path := range workflows {
		name := strings.TrimPrefix(filepath.ToSlash(path), root+"/")
		for _, command := range workflowCommands(t, read(t, name)) {
			if words := regexp.MustCompile(`^make ([a-z-]+)$`).FindStringSubmatch(command); words == nil || !targets[words[1]] {
				t.Errorf("%s: %q is no target of the Makefile", name, command)
			}
		}
	}
}

// workflowCommands gives what the steps of a workflow run.
func workflowCommands(t *testing.T, text string) []string {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct{ Steps []struct{ Run, Uses string } }
	}
	if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
		t.Fatal(err)
	}
	var commands []string
	for name, job := range workflow.Jobs {
		for _, step := range job.Steps {
			if (step.Run == "") == (step.Uses == "") {
				t.Errorf("job %s has a step that runs and uses nothing, or both", name)
			}
			if step.Run != "" {
				commands = append(commands, strings.TrimSpace(step.Run))
			}
		}
	}
	return commands
}

// What .ci/run makes, the workflow makes as well.
func TestWorkflowMakesWhatCIMakes(t *testing.T) {
	_, line, _ := strings.Cut(read(t, ".ci/run"), "\nmake ")
	var made []string
	for _, command := range workflowCommands(t, read(t, ".github/workflows/ci.yml")) {
		made = append(made, strings.TrimPrefix(command, "make "))
	}
	if want := strings.Join(strings.Fields(line), " "); strings.Join(made, " ") != want {
		t.Errorf("the workflow makes %q, .ci/run %q", made, want)
	}
}
