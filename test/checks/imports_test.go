//go:build checks

package checks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// links holds what a program must not contain, however it would come in.
var links = []struct {
	program string
	never   []string
}{
	// Packages of kustomize and of OpenAPI come with 2 MB and a millisecond at each start, those for HTTP with 1 MB; and it calls nobody.
	{"./plugin/elk-mtls", []string{
		"net/http", "crypto/tls",
		"sigs.k8s.io/kustomize", "k8s.io/kube-openapi", "google.golang.org/protobuf", "k8s.io/client-go", "github.com/elastic", module + "/initcontainer",
	}},
	{"./initcontainer/elk-mtls-init", []string{"sigs.k8s.io/kustomize", module + "/plugin"}},
}

func TestProgramsLinkOnlyTheirOwn(t *testing.T) {
	for _, l := range links {
		t.Run(l.program, func(t *testing.T) {
			for _, p := range packages(t, "-deps", l.program) {
				if within(p.ImportPath, l.never...) {
					t.Errorf("%s links %s", l.program, p.ImportPath)
				}
			}
		})
	}
}

// steps are the packages between the two ends: values in, values out.
var steps = []string{
	"plugin/internal/argocd", "plugin/internal/catalog", "plugin/internal/certificate", "plugin/internal/encoded", "plugin/internal/export", "plugin/internal/issue", "plugin/internal/krm", "plugin/internal/manifest",
	"plugin/internal/mention", "plugin/internal/object",
	"plugin/internal/patch", "plugin/internal/pipeline",
	"plugin/internal/plan", "plugin/internal/process", "plugin/internal/recognise", "plugin/internal/regex", "plugin/internal/report", "plugin/internal/shell", "plugin/internal/survey", "plugin/internal/verify", "plugin/internal/words", "plugin/internal/yaml",
	"initcontainer/internal/diagnosis", "internal/rollover",
	"initcontainer/internal/protocol",
}

// world is what a step must not import: files, processes, network, logs, chance, clients.
var world = []string{
	"os", "syscall", "net", "log", "math/rand", "crypto/rand", "runtime", "context",
	"k8s.io/client-go", "github.com/elastic", "github.com/spf13",
}

// harmless are parts of the world that only take values apart.
var harmless = []string{"net/url", "net/netip"}

// clock holds what a step must not ask the time package for; a time.Time that it is given is a value like any other.
var clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

func TestStepsDoNotTouchTheWorld(t *testing.T) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			for _, p := range packages(t, "./"+step) {
				for _, imported := range p.Imports {
					if within(imported, world...) && !slices.Contains(harmless, imported) {
						t.Errorf("imports %s", imported)
					}
				}
				for _, name := range p.GoFiles {
					for _, call := range clockCalls(t, filepath.Join(p.Dir, name)) {
						t.Errorf("reads the clock: %s", call)
					}
				}
			}
		})
	}
}

func clockCalls(t *testing.T, file string) []string {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, ok := selector.X.(*ast.Ident)
		if ok && name.Name == "time" && slices.Contains(clock, selector.Sel.Name) {
			position := set.Position(selector.Pos())
			calls = append(calls, fmt.Sprintf("%s:%d: time.%s", filepath.Base(file), position.Line, selector.Sel.Name))
		}
		return true
	})
	return calls
}

// TestVerifyIsASecondOpinion holds that what proves knows nothing of what patches.
func TestVerifyIsASecondOpinion(t *testing.T) {
	never := []string{module + "/plugin/internal/plan", module + "/plugin/internal/patch", module + "/plugin/internal/config", module + "/plugin/internal/issue"}
	for _, p := range packages(t, "-deps", "./plugin/internal/verify") {
		if within(p.ImportPath, never...) {
			t.Errorf("plugin/internal/verify comes with %s", p.ImportPath)
		}
	}
}

func TestMainModuleHasNoReplace(t *testing.T) {
	for _, line := range strings.Split(read(t, "go.mod"), "\n") {
		if strings.HasPrefix(line, "replace") || strings.HasPrefix(line, "tool") {
			t.Errorf("go.mod: %q: tools have modules of their own, in test/tools", line)
		}
	}
}

// within reports whether an import path is one of these, or below one.
func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}
