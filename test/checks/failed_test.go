//go:build checks

package checks

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What make prints of its tests ends with the names of those that failed.
func TestFailedTestsAreNamedAtTheEnd(t *testing.T) {
	const none = "?   \tx/none\t[no test files]\n"
	for name, c := range map[string]struct{ in, end string }{
		"nothing failed": {"ok  \tx/good\t0.1s\n" + none + "ok  \tx/empty\t0.1s [no tests to run]\n", ""},
		"a test, and a subtest": {
			"--- FAIL: TestA (0.00s)\n    a_test.go:1: why\n--- FAIL: TestB (0.00s)\n    --- FAIL: TestB/x_y_(z) (0.00s)\n    --- FAIL: TestB/y (0.00s)\nFAIL\nFAIL\tx/bad\t0.1s\n" + none + "FAIL\n",
			"\nfailed: x/bad: TestA\nfailed: x/bad: TestB/x_y_(z)\nfailed: x/bad: TestB/y\n",
		},
		"what fails in one package is not named for another": {
			"--- FAIL: TestA (0.00s)\nFAIL\nFAIL\tx/a\t0.1s\nok  \tx/b\t0.1s\n--- FAIL: TestC (0.00s)\nFAIL\nFAIL\tx/c\t0.1s\nFAIL\n",
			"\nfailed: x/a: TestA\nfailed: x/c: TestC\n",
		},
		"it does not compile": {"FAIL\tx/bad [build failed]\nFAIL\n", "\nfailed: x/bad: no test by name: see above\n"},
		"the time is over": {
			"panic: test timed out after 30m0s\n\trunning tests:\n\t\tTestA (29m)\n\t\tTestB/x (1s)\n\ngoroutine 7 [running]:\nFAIL\tx/bad\t1800s\nFAIL\n",
			"\nfailed: x/bad: TestA, which ran out of time\nfailed: x/bad: TestB/x, which ran out of time\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "awk", "-f", root+"/test/failed.awk")
			cmd.Stdin = strings.NewReader(c.in)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("awk: %v\n%s", err, out)
			}
			if diff := cmp.Diff(strings.ReplaceAll(c.in, none, "")+c.end, string(out)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every go test of the Makefile goes through it, and none is ended by go test's ten minutes.
func TestEveryGoTestOfTheMakefileNamesWhatFailed(t *testing.T) {
	dry := func(target string) string { return output(t, "make", "-n", target) }
	for _, target := range []string{"test", "test-all", "test-cluster", "chaos", "check"} {
		found := false
		for line := range strings.Lines(dry(target)) {
			if !strings.Contains(line, "go test ") && !strings.Contains(line, "image test ") {
				continue
			}
			found = true
			if !strings.Contains(line, "| awk -f test/failed.awk") {
				t.Errorf("make %s: %s does not name what fails", target, strings.TrimSpace(line))
			}
			if strings.Contains(line, "./...") && strings.Contains(line, "-tags") && !strings.Contains(line, "-timeout ") {
				t.Errorf("make %s: %s ends after ten minutes", target, strings.TrimSpace(line))
			}
		}
		if !found {
			t.Errorf("make %s runs no go test: how are the tests run now?", target)
		}
	}
}
