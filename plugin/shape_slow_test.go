//go:build slow

package plugin

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/test/corpus"
)

// The tests here hold the shape of what `make bench` measures, and no time: how the work grows, and what it needs.

// mostEach is what a document costs that nothing is done to, on average: one in five hundred says the port of a server, and is read.
const mostEach = 10

func TestAnUntouchedDocumentCostsAlmostNothing(t *testing.T) {
	const n = 2_000
	less, more := allocations(t, corpus.Growing(n)), allocations(t, corpus.Growing(2*n))
	if each := (more - less) / n; each > mostEach {
		t.Errorf("%.1f allocations for each document that is passed on, want at most %d", each, mostEach)
	}
}

func TestVerifyGrowsWithDocuments(t *testing.T) {
	settings := realSettings(config.ModeCertToken, config.Required)
	cost := func(shape corpus.Shape) float64 {
		output, _, err := transform(shape.Stream(), settings)
		if err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(2, func() { verified(t, output, settings) })
	}
	const n = 2_000
	if each := (cost(corpus.Growing(2*n)) - cost(corpus.Growing(n))) / n; each > mostEach {
		t.Errorf("%.1f allocations for each document that names no Elasticsearch, want at most %d", each, mostEach)
	}
}

// TestWorkGrowsWithReleases counts bytes, as what is copied for each of many things costs no more allocations.
func TestWorkGrowsWithReleases(t *testing.T) {
	own := realSettings(config.ModeCertToken, config.Required)
	issued := own
	issued.Certificates.Source, issued.Certificates.Issuer.Name = config.SourceCertManager, "ca"
	releases := func(n int) []byte { return corpus.Shape{Documents: 22 * n, Releases: n, Seed: 1}.Stream() }
	for name, stream := range map[string]func(n int) []byte{
		"releases":                   releases,
		"releases with cert-manager": releases,
		"clients of one server elsewhere": func(n int) []byte {
			var all bytes.Buffer
			for i := range n {
				fmt.Fprintf(&all, callerOf, i, "es.logging")
			}
			return all.Bytes()
		},
		"clients of a server each": func(n int) []byte {
			var all bytes.Buffer
			for i := range n {
				fmt.Fprintf(&all, callerOf, i, fmt.Sprintf("es-%d", i))
			}
			return all.Bytes()
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := own
			switch name {
			case "releases with cert-manager":
				settings = issued
			case "clients of one server elsewhere":
				settings.Certificates.SecretName = "certs"
			}
			cost := func(n int) (patching, proof float64) {
				input := stream(n)
				output := input
				patching = allocated(func() {
					if fresh, _, err := transform(input, settings); err == nil {
						output = fresh
					} else if name != "clients of a server each" {
						t.Fatal(err)
					}
				})
				return patching, allocated(func() { verified(t, output, settings) })
			}
			cost(1) // what is made once
			patching, proof := cost(40)
			patching8, proof8 := cost(320)
			t.Logf("%.2f to patch, %.2f to prove", patching8/patching, proof8/proof)
			if growth := patching8 / patching; growth > 8.8 {
				t.Errorf("eight times as many cost %.1f times as many bytes to patch, want at most 8.8", growth)
			}
			if growth := proof8 / proof; growth > 8.8 {
				t.Errorf("eight times as many cost %.1f times as many bytes to prove, want at most 8.8", growth)
			}
		})
	}
}

// callerOf is a client with a number, and the host that it calls.
const callerOf = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: filebeat-%[1]d}
spec:
  selector: {matchLabels: {app: filebeat-%[1]d}}
  template:
    metadata: {labels: {app: filebeat-%[1]d}}
    spec:
      containers:
        - name: filebeat
          image: docker.elastic.co/beats/filebeat:8.19.1
          args: ["-E", "output.elasticsearch.hosts=[https://%[2]s:9200]"]
`

// TestWorkGrowsWithOutputs holds that a pipeline is read once, however much is changed in it: bytes are counted, as each reading and each
// change makes a copy of the text.
func TestWorkGrowsWithOutputs(t *testing.T) {
	settings := realSettings(config.ModeCertToken, config.Required)
	settings.Certificates.SecretName = "certs"
	for _, language := range []struct{ name, image, head, output, tail string }{
		{"Logstash", "x/logstash:8.19.1", "output {\n", "  elasticsearch { hosts => [\"https://es:9200\"] }\n", "}\n"},
		{"Fluent Bit", "x/fluent-bit:4.0.0", "", "[OUTPUT]\n  Name es\n  Host es\n", ""},
		{"Fluentd", "x/fluentd:1.18.0", "", "<match a>\n  @type elasticsearch\n  host es\n  scheme https\n</match>\n", ""},
	} {
		t.Run(language.name, func(t *testing.T) {
			cost := func(outputs int) (patching, proof float64) {
				text := language.head + strings.Repeat(language.output, outputs) + language.tail
				input := []byte(shipper(language.image, "pipeline.conf", text, pairSecret(true)))
				var output []byte
				patching = allocated(func() {
					fresh, _, err := transform(input, settings)
					if err != nil {
						t.Fatal(err)
					}
					output = fresh
				})
				if n := bytes.Count(output, []byte("/ca.crt")); n < outputs {
					t.Fatalf("%d of %d outputs are patched:\n%.900s", n, outputs, output)
				}
				return patching, allocated(func() { verified(t, output, settings) })
			}
			patching, proof := cost(100)
			patching8, proof8 := cost(800)
			if growth := patching8 / patching; growth > 8.8 {
				t.Errorf("eight times as many outputs cost %.1f times as many bytes to patch, want at most 8.8", growth)
			}
			if growth := proof8 / proof; growth > 8.8 {
				t.Errorf("eight times as many outputs cost %.1f times as many bytes to prove, want at most 8.8", growth)
			}
		})
	}
}

// allocated gives how many bytes a function allocates.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

func allocations(t *testing.T, shape corpus.Shape) float64 {
	t.Helper()
	input, settings := shape.Stream(), realSettings(config.ModeCertToken, config.Required)
	return testing.AllocsPerRun(2, func() {
		if _, _, err := transformSpans(input, settings); err != nil {
			t.Fatal(err)
		}
	})
}

// A stream is in memory once, and what is not patched is never parsed. Linux counts memory in KB; elsewhere in another unit.
func TestPeakMemory(t *testing.T) {
	elkMTLS, launch := built(t, "./elk-mtls"), built(t, "../test/measure/launch")
	for name, c := range map[string]struct {
		shape corpus.Shape
		times float64 // of the input
	}{
		"a release":                {corpus.S, 1},
		"among 1,000 documents":    {corpus.M, 1.1},
		"among 10,000 documents":   {corpus.Growing(10_000), 1.25}, // and what is decoded of it to be looked at
		"forty releases, all held": {corpus.Dense, 20},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.shape.Stream()
			input := filepath.Join(t.TempDir(), "input.yaml")
			if err := os.WriteFile(input, text, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), launch, input, elkMTLS, "--init-image", "x:1").Output()
			if err != nil {
				t.Fatal(err)
			}
			var wall, cpu, kb int
			if _, err := fmt.Sscan(string(out), &wall, &cpu, &kb); err != nil {
				t.Fatal(err)
			}
			const program = 20_000 // KB: what it needs by itself, with room for another machine
			if limit := program + int(c.times*float64(len(text))/1024); kb > limit {
				t.Errorf("%d KB for an input of %d KB, want at most %d", kb, len(text)/1024, limit)
			}
		})
	}
}

// Start-up is felt at every call, so what our packages build before main is bounded. Bytes and allocations are counted, and no time: a busy
// machine changes the clock, not the work.
func TestStartUp(t *testing.T) {
	command := exec.CommandContext(t.Context(), built(t, "./elk-mtls"), "version")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	command.Stderr = &trace
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, (\d+) allocs$`)
	var packages, size, count int
	for _, m := range line.FindAllStringSubmatch(trace.String(), -1) {
		if m[1] != "main" && !strings.HasPrefix(m[1], "github.com/elk-mtls/") {
			continue
		}
		each, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		allocs, err := strconv.Atoi(m[3])
		if err != nil {
			t.Fatal(err)
		}
		packages, size, count = packages+1, size+each, count+allocs
	}
	if packages == 0 {
		t.Fatalf("the trace names no package of ours: it cannot be read\n%s", trace.String())
	}
	if size > 64<<10 || count > 600 {
		t.Errorf("our packages take %d bytes in %d allocations at start-up, want at most %d in 600", size, count, 64<<10)
	}
}

func built(t *testing.T, source string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", source, err, out)
	}
	return program
}
