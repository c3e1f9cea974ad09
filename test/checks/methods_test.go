//go:build checks

package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// mostMethods is how many methods a type may have before it is several things at once.
const mostMethods = 25

// TestTypesAreSmall holds that no type has many methods.
func TestTypesAreSmall(t *testing.T) {
	sources := map[string]string{}
	for _, name := range files(t, ".go") {
		sources[name] = read(t, name)
	}
	methods := methodsOf(t, sources)
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if n := methods[name]; n > mostMethods {
			t.Errorf("%s has %d methods: at most %d", name, n, mostMethods)
		}
	}
}

func TestMethodsAreCounted(t *testing.T) {
	got := methodsOf(t, map[string]string{
		"a/a.go": "package a\ntype T struct{}\nfunc (T) a() {}\nfunc f(T) {}\ntype U[K, V any] struct{}\nfunc (u *U[K, V]) a() {}",
		"a/b.go": "package a\nfunc (*T) b() {}\ntype V[K any] struct{}\nfunc (V[_]) a() {}",
		"b/b.go": "package b\ntype T struct{}\nfunc (t *T) a() {}",
	})
	if want := map[string]int{"a.T": 2, "a.U": 1, "a.V": 1, "b.T": 1}; !maps.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := methodsOf(t, map[string]string{"a/a_test.go": "package a\ntype T struct{}\nfunc (T) a() {}"}); len(got) > 0 {
		t.Errorf("found %v in a test", got)
	}
}

// methodsOf counts the methods of each type outside tests, by its folder and name.
func methodsOf(t *testing.T, sources map[string]string) map[string]int {
	t.Helper()
	methods := map[string]int{}
	set := token.NewFileSet()
	for name, text := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[path.Dir(name)+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
	}
	return methods
}

// receiver gives the name of the type whose method a function is.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
