//go:build checks

package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chance are the packages that draw lots. crypto/x509 and its like are not among them: they sign, and take what is drawn as a parameter.
var chance = []string{"crypto/rand", "math/rand", "math/rand/v2", "hash/maphash"}

// mayMakeKeys is the one file of elk-mtls that makes keys: it serves `elk-mtls certs`, and no step of the filter calls it.
const mayMakeKeys = "plugin/keys.go"

// TestOnlyCertsMakesKeys holds that the filter cannot be but deterministic: nothing in elk-mtls draws lots or makes a key, outside one file
// that only the command certs uses.
func TestOnlyCertsMakesKeys(t *testing.T) {
	found := map[string][]string{}
	for _, p := range packages(t, "./plugin/...") {
		for _, name := range p.GoFiles {
			if signs := drawsLots(t, filepath.Join(p.Dir, name)); signs != nil {
				found[path.Join(strings.TrimPrefix(p.ImportPath, module+"/"), name)] = signs
			}
		}
	}
	if found[mayMakeKeys] == nil {
		t.Errorf("%s makes no keys: what does?", mayMakeKeys)
	}
	delete(found, mayMakeKeys)
	for file, signs := range found {
		t.Errorf("%s: %v: only %s may", file, signs, mayMakeKeys)
	}
	for _, user := range usersOf(t, "maker") {
		if user != "certs.go" && user != "keys.go" {
			t.Errorf("%s makes keys: only the command certs may", user)
		}
	}
}

// drawsLots gives the imports and calls by which a file gets at chance or at a new key. Go's key makers draw for themselves.
func drawsLots(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var signs []string
	for _, spec := range parsed.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil && slices.Contains(chance, imported) {
			signs = append(signs, "imports "+imported)
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok && slices.Contains([]string{"GenerateKey", "GenerateMultiPrimeKey"}, selector.Sel.Name) {
			signs = append(signs, "calls "+selector.Sel.Name)
		}
		return true
	})
	return signs
}

// usersOf gives the files of the program elk-mtls that name a function of it.
func usersOf(t *testing.T, function string) []string {
	t.Helper()
	var users []string
	for _, p := range packages(t, "./plugin") {
		for _, name := range p.GoFiles {
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(node ast.Node) bool {
				if ident, ok := node.(*ast.Ident); ok && ident.Name == function && !slices.Contains(users, name) {
					users = append(users, name)
				}
				return true
			})
		}
	}
	return users
}
