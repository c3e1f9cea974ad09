package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestShapes(t *testing.T) {
	for name, shape := range map[string]Shape{"S": S, "M": M, "dense": Dense, "growing": Growing(5_000)} {
		t.Run(name, func(t *testing.T) {
			text := shape.Stream()
			if got := bytes.Count(text, []byte("\nkind: ")) + bytes.Count(text, []byte("---\nkind: ")); got != shape.Documents {
				t.Errorf("%d documents, want %d", got, shape.Documents)
			}
			if got := len(text); got < shape.Bytes*98/100 || got > shape.Bytes*102/100 {
				t.Errorf("%d bytes, want about %d", got, shape.Bytes)
			}
			for n := range shape.Releases {
				if !bytes.Contains(text, []byte("\n  name: "+Name(n)+"-kibana-config\n")) {
					t.Errorf("no release %s", Name(n))
				}
			}
		})
	}
}

// Measurements are compared across machines and months: the bytes must not depend on the Go release.
func TestSameSeedSameBytes(t *testing.T) {
	const want = "124990e87fbd5ed1"
	sum := sha256.Sum256(M.Stream())
	if got := hex.EncodeToString(sum[:8]); got != want {
		t.Errorf("M has hash %s, want %s: numbers measured before cannot be compared any more", got, want)
	}
	other := M
	other.Seed = 2
	if bytes.Equal(other.Stream(), M.Stream()) {
		t.Error("another seed gave the same stream")
	}
}

func TestEveryDocumentIsAnObjectOfItsOwn(t *testing.T) {
	decoder := yaml.NewDecoder(bytes.NewReader(Shape{Documents: 400, Bytes: 1_600_000, Releases: 2, Seed: 3}.Stream()))
	seen := map[string]bool{}
	for {
		var object struct {
			Kind     string                           `yaml:"kind"`
			Metadata struct{ Name, Labels yaml.Node } `yaml:"metadata"`
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		id := object.Kind + "/" + object.Metadata.Name.Value
		if seen[id] || strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") {
			t.Errorf("%q is no new object", id)
		}
		seen[id] = true
	}
	if len(seen) != 400 {
		t.Errorf("%d objects, want 400", len(seen))
	}
}
