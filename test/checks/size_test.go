//go:build checks

package checks

import (
	"os"
	"path/filepath"
	"testing"
)

// sizes are the limits of the programs in bytes, as a release has them: whoever adds a package sees what comes with it.
var sizes = map[string]int64{"./plugin/elk-mtls": 12_000_000, "./initcontainer/elk-mtls-init": 16_000_000}

func TestProgramsAreSmall(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	for source, limit := range sizes {
		program := filepath.Join(t.TempDir(), "program")
		output(t, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, source)
		is, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		if is.Size() > limit {
			t.Errorf("%s takes %d bytes, want at most %d: go tool nm -size -sort size tells what is in it", source, is.Size(), limit)
		}
	}
}
