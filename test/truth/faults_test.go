//go:build integration

package truth

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// planted builds verify with a fault in it.
func (l *lab) planted(ctx context.Context, f fault, to string) error {
	text, err := f.planted()
	if err != nil {
		return err
	}
	whole, err := filepath.Abs(f.file)
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {whole: to + ".go"}})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{to + ".go": []byte(text), to + ".json": overlay} {
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
