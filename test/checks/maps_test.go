//go:build checks

package checks

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Go gives the keys of a map in another order at every run. Nothing that the programs decide, say or write may depend
// on it, so that no loop runs over a map: it runs over slices.Sorted(maps.Keys(m)). Free of it are loops whose order
// nobody can see: all that their body does is to count, to fill or empty other maps, or to return a constant.
func TestNothingDependsOnTheOrderOfAMap(t *testing.T) {
	for _, p := range typed(t, "./plugin/...", "./initcontainer/...") {
		for _, problem := range p.mapLoops() {
			t.Error(problem)
		}
	}
}

// The check itself: what it lets pass, and what not.
func TestMapLoopsAreFound(t *testing.T) {
	fset := token.NewFileSet()
	_, std := compiled(t, fset, "maps", "slices")
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"a list":                           {"for _, v := range list { print(v) }", 0},
		"a map":                            {"for k := range m { print(k) }", 1},
		"a map of a named type":            {"type named map[string]int; for k := range named(m) { print(k) }", 1},
		"its sorted keys":                  {"for _, k := range slices.Sorted(maps.Keys(m)) { print(k) }", 0},
		"its keys":                         {"for k := range maps.Keys(m) { print(k) }", 1},
		"its keys in a list":               {"print(len(slices.Collect(maps.Values(m))))", 1},
		"filling another map":              {"for k, v := range m { if v > 0 { other[k+k] = v } }", 1},
		"filling it under its own key":     {"for k, v := range m { if v > 0 { other[k] = v } }", 0},
		"emptying maps":                    {"for k := range m { delete(other, k) }", 0},
		"filling, and something else":      {"for k, v := range m { other[k] = v; print(k) }", 1},
		"filling by what has effects":      {"for k := range m { other[k] = note(k) }", 1},
		"counting":                         {"n := 0; for range m { n++ }; print(n)", 0},
		"emptying by two maps":             {"for k := range m { for o := range other { if k > o { delete(other, o) } } }", 0},
		"filling until one is there":       {"for k := range m { other[k] = 1; break }", 1},
		"looking whether one is like that": {"func() bool { for _, v := range m { if v > 0 { return true } }; return false }()", 0},
		"looking which one is like that":   {"func() string { for k := range m { return k }; return \"\" }()", 1},
	} {
		t.Run(name, func(t *testing.T) {
			source := "package p\nimport (\"maps\"; \"slices\")\nvar _ = maps.Keys[map[int]int]\nvar _ = slices.Sorted[int]\n" +
				"func note(k string) int { print(k); return 0 }\nfunc f(m, other map[string]int, list []int) {\n" + c.body + "\n}\n"
			file, err := parser.ParseFile(fset, "p.go", source, 0)
			if err != nil {
				t.Fatal(err)
			}
			p, err := check(fset, []*ast.File{file}, std)
			if err != nil {
				t.Fatal(err)
			}
			if problems := p.mapLoops(); len(problems) != c.want {
				t.Errorf("%d problems, want %d: %v", len(problems), c.want, problems)
			}
		})
	}
}

// program is a package whose types are known.
type program struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

func check(fset *token.FileSet, files []*ast.File, from types.Importer) (program, error) {
	p := program{fset, files, &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{}}}
	_, err := (&types.Config{Importer: from}).Check("p", fset, files, p.info)
	return p, err
}

// compiled gives packages, and what imports them and those that they import.
func compiled(t *testing.T, fset *token.FileSet, patterns ...string) ([]pkg, types.Importer) {
	t.Helper()
	exports, ours := map[string]string{}, packages(t, patterns...)
	for _, p := range packages(t, append([]string{"-export", "-deps"}, patterns...)...) {
		exports[p.ImportPath] = p.Export
	}
	return ours, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
}

// typed gives packages with their types, without their tests.
func typed(t *testing.T, patterns ...string) []program {
	t.Helper()
	var all []program
	fset := token.NewFileSet()
	ours, from := compiled(t, fset, patterns...)
	for _, l := range ours {
		var files []*ast.File
		for _, name := range l.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		p, err := check(fset, files, from)
		if err != nil {
			t.Fatalf("%s: %v", l.ImportPath, err)
		}
		all = append(all, p)
	}
	return all
}

// mapLoops lists the loops over maps whose order somebody may see.
func (p program) mapLoops() []string {
	var problems []string
	fitting := map[ast.Node]bool{} // calls of package maps whose order is lost at once
	report := func(n ast.Node, what string) {
		problems = append(problems, fmt.Sprintf("%s: %s: range over slices.Sorted(maps.Keys(m))", p.fset.Position(n.Pos()), what))
	}
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.RangeStmt:
				if _, ok := p.info.TypeOf(n.X).Underlying().(*types.Map); ok && !p.isQuiet(n) {
					report(n, "a loop over a map depends on its order")
				}
			case *ast.CallExpr:
				name := p.called(n)
				if strings.HasPrefix(name, "slices.Sorted") || name == "maps.Collect" || name == "maps.Insert" {
					for _, argument := range n.Args {
						fitting[argument] = true
					}
				}
				if slices.Contains([]string{"maps.Keys", "maps.Values", "maps.All"}, name) && !fitting[n] {
					report(n, name+" is not sorted")
				}
			}
			return true
		})
	}
	return problems
}

// called names the function that a call calls, with its package: "maps.Keys"; a builtin by itself.
func (p program) called(call *ast.CallExpr) string {
	at := ast.Unparen(call.Fun)
	if generic, ok := at.(*ast.IndexExpr); ok {
		at = generic.X
	}
	if selector, ok := at.(*ast.SelectorExpr); ok {
		at = selector.Sel
	}
	name, ok := at.(*ast.Ident)
	if !ok {
		return ""
	}
	switch f := p.info.Uses[name].(type) {
	case *types.Builtin:
		return f.Name()
	case *types.Func:
		if f.Signature().Recv() == nil && f.Pkg() != nil {
			return f.Pkg().Name() + "." + f.Name()
		}
	}
	return ""
}

// isQuiet holds for a loop over a map whose order nobody can see.
func (p program) isQuiet(loop *ast.RangeStmt) bool {
	key, _ := loop.Key.(*ast.Ident)
	returns := map[string]bool{}
	var quiet func(s ast.Stmt) bool
	quiet = func(s ast.Stmt) bool {
		switch s := s.(type) {
		case nil, *ast.IncDecStmt:
			return true
		case *ast.BranchStmt:
			return s.Tok == token.CONTINUE
		case *ast.RangeStmt:
			return p.isPure(s.X) && quiet(s.Body)
		case *ast.BlockStmt:
			return !slices.ContainsFunc(s.List, func(s ast.Stmt) bool { return !quiet(s) })
		case *ast.IfStmt:
			return quiet(s.Init) && p.isPure(s.Cond) && quiet(s.Body) && quiet(s.Else)
		case *ast.ReturnStmt:
			constant := ""
			for _, result := range s.Results {
				value := p.info.Types[result].Value
				if value == nil {
					return false
				}
				constant += value.ExactString() + " "
			}
			returns[constant] = true
			return len(returns) == 1
		case *ast.ExprStmt:
			call, ok := s.X.(*ast.CallExpr)
			return ok && p.called(call) == "delete" && p.isPure(call.Args[1])
		case *ast.AssignStmt:
			return len(s.Lhs) == 1 && (s.Tok == token.DEFINE || p.fills(s, key)) && p.isPure(s.Rhs[0])
		}
		return false
	}
	return quiet(loop.Body)
}

// fills holds for m[key] = …, and for m[…] = constant: no round of the loop takes back what another has set.
func (p program) fills(s *ast.AssignStmt, key *ast.Ident) bool {
	into, ok := s.Lhs[0].(*ast.IndexExpr)
	if !ok || s.Tok != token.ASSIGN || !p.isPure(into.Index) {
		return false
	}
	if _, ok := p.info.TypeOf(into.X).Underlying().(*types.Map); !ok {
		return false
	}
	index, ok := into.Index.(*ast.Ident)
	return p.info.Types[s.Rhs[0]].Value != nil || ok && key != nil && p.info.Uses[index] == p.info.Defs[key]
}

// isPure holds for an expression that calls nothing but what only looks.
func (p program) isPure(e ast.Expr) bool {
	pure := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			pure = false
		case *ast.CallExpr:
			pkg, _, _ := strings.Cut(p.called(n), ".")
			pure = pure && (p.info.Types[n.Fun].IsType() || slices.Contains([]string{"len", "strings", "bytes", "path", "slices", "maps"}, pkg))
		}
		return pure
	})
	return pure
}
