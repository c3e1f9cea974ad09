//go:build integration

package truth

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fault is a mistake that is planted in verify.
type fault struct{ name, file, old, new string }

// readFaults reads testdata/faults.txt: "# name", the file, what stands there behind "< ", and what takes its place behind "> ".
func readFaults() ([]fault, error) {
	text, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		return nil, err
	}
	var all []fault
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		var f fault
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			switch mark, rest, _ := strings.Cut(line, " "); mark {
			case "#":
				f.name = rest
			case "<":
				f.old = rest
			case ">":
				f.new = rest
			default:
				f.file = filepath.Join("..", "..", line)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// planted builds verify with a fault in it.
func (l *lab) planted(ctx context.Context, f fault, to string) error {
	text, err := os.ReadFile(f.file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), f.old+"\n"); n != 1 {
		return fmt.Errorf("%s: %s holds this line %d times: %s", f.name, f.file, n, f.old)
	}
	whole, err := filepath.Abs(f.file)
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {whole: to + ".go"}})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{to + ".go": []byte(strings.Replace(string(text), f.old+"\n", f.new+"\n", 1)), to + ".json": overlay} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return err
		}
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-overlay", to+".json", "-o", to, "../../plugin/elk-mtls")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", f.name, err, out)
	}
	return nil
}

// holdFaults asks verify again about all that did not work, with one fault in it after the other: each has to make a false proof.
func (l *lab) holdFaults(t *testing.T, results []result) {
	t.Helper()
	faults, err := readFaults()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range faults {
		program := filepath.Join(l.work, fmt.Sprintf("planted-%d", i))
		if err := l.planted(t.Context(), f, program); err != nil {
			t.Error(err)
			continue
		}
		found := make([]bool, len(results))
		atOnce(len(results), func(n int) {
			r := results[n]
			if r.works || r.class() != agrees {
				return
			}
			var err error
			if r.verdict, err = l.judged(t.Context(), program, r.Manifests+r.Secrets, r.Config); err == nil {
				found[n] = r.class() == falseProof
			}
		})
		count, first := 0, ""
		for n := range found {
			if found[n] {
				count, first = count+1, results[n].Name
			}
		}
		t.Logf("planted: %s: found by %d set-ups, %s among them", f.name, count, first)
		if count == 0 {
			t.Errorf("planted: %s: nothing finds it", f.name)
		}
	}
}
