//go:build checks

package checks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// TestStepsShareNoState holds that no function of plan writes a field of a value that another file made: what a step decides leaves it in
// its part, and what it knows stands in its arguments.
func TestStepsShareNoState(t *testing.T) {
	for _, write := range foreignWrites(t, filepath.Join(root, "plugin/internal/plan"), nil) {
		t.Error(write)
	}
}

func TestForeignWritesAreFound(t *testing.T) {
	files := map[string]string{
		"a.go": "package p\ntype T struct{ f int; m map[int]int; in struct{ g int } }\nfunc (t *T) set() { t.f = 1 }\nfunc make() *T { return &T{} }",
		"b.go": "package p\nfunc mine() *T { return make() }\nfunc mine2() { t := mine(); t.f = 1 }\nfunc one(t *T) { t.f = 1 }\nfunc two() { t := make(); t.f++ }\nfunc three(t *T) { t.m[1] = 2 }\nfunc four(t *T) { t.in.g = 1 }\nfunc five(all []T) { all[0].f = 1 }",
		"c.go": "package p\nfunc one2(t T) T { t.f = 1; return t }\nfunc two2() *T { t := &T{}; t.f = 1; return t }\nfunc three2() T { var t T; t.f = 2; return t }\nfunc four2(t *T) { t.set() }",
	}
	got := foreignWrites(t, "", files)
	if len(got) != 5 || strings.Contains(strings.Join(got, "\n"), "c.go") {
		t.Errorf("found %q", got)
	}
}

// foreignWrites gives the writes of a package to fields of types that another file declares, but for those of a value that the function has
// made itself, or has a copy of.
func foreignWrites(t *testing.T, dir string, sources map[string]string) []string {
	t.Helper()
	set, files := parsed(t, dir, sources)
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	declares := types.Config{Importer: nothing{}, Error: func(error) {}} // other packages do not matter here
	_, _ = declares.Check("p", set, files, info)
	var found []string
	for _, file := range files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			of := func(o types.Object) string { return set.Position(o.Pos()).Filename }
			here := set.Position(f.Pos()).Filename
			own := ownValues(f, info, func(o types.Object) bool { return of(o) == here })
			visitWrites(f.Body, func(target ast.Expr) {
				for _, field := range writtenFields(target) {
					if s := info.Selections[field]; s != nil && of(s.Obj()) != here && !own[info.Uses[rootOf(field)]] {
						found = append(found, fmt.Sprintf("%s:%d: %s writes %s, which %s declares", filepath.Base(here), set.Position(field.Pos()).Line,
							f.Name.Name, types.ExprString(target), filepath.Base(of(s.Obj()))))
						return
					}
				}
			})
		}
	}
	return found
}

// nothing is where other packages come from: nowhere.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not looked at", path)
}

func parsed(t *testing.T, dir string, sources map[string]string) (*token.FileSet, []*ast.File) {
	t.Helper()
	if sources == nil {
		sources = map[string]string{}
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no package in %s: %v", dir, err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				sources[name] = read(t, strings.TrimPrefix(name, root+"/"))
			}
		}
	}
	set := token.NewFileSet()
	var files []*ast.File
	for name, text := range sources {
		file, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return set, files
}

// visitWrites visits what a function assigns to.
func visitWrites(body ast.Node, visit func(ast.Expr)) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				visit(target)
			}
		case *ast.IncDecStmt:
			visit(n.X)
		}
		return true
	})
}

// writtenFields gives the fields that a write goes through: of a.b[0].c both c and b.
func writtenFields(target ast.Expr) []*ast.SelectorExpr {
	switch e := target.(type) {
	case *ast.SelectorExpr:
		return append(writtenFields(e.X), e)
	case *ast.IndexExpr:
		return writtenFields(e.X)
	case *ast.StarExpr:
		return writtenFields(e.X)
	}
	return nil
}

// rootOf gives the variable that a chain of fields begins with, nil for an element or a call.
func rootOf(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return rootOf(e.X)
	case *ast.Ident:
		return e
	}
	return nil
}

// ownValues gives the variables of a function that hold a struct by value, or one that the function makes, or a function of the same file.
func ownValues(f *ast.FuncDecl, info *types.Info, isHere func(types.Object) bool) map[types.Object]bool {
	own := map[types.Object]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if o := info.Defs[n]; o != nil && o.Type() != nil {
				if _, is := o.Type().Underlying().(*types.Struct); is {
					own[o] = true
				}
			}
		case *ast.AssignStmt:
			for i, target := range n.Lhs {
				if name, is := target.(*ast.Ident); is && i < len(n.Rhs) && isMade(n.Rhs[i], info, isHere) {
					own[info.Defs[name]] = true
				}
			}
		case *ast.RangeStmt:
			if name, is := n.Value.(*ast.Ident); is && isMade(n.X, info, isHere) {
				own[info.Defs[name]] = true
			}
		}
		return true
	})
	delete(own, nil)
	return own
}

// isMade holds for &T{…}, and for what a function of the same file gives.
func isMade(e ast.Expr, info *types.Info, isHere func(types.Object) bool) bool {
	switch e := e.(type) {
	case *ast.UnaryExpr:
		_, is := e.X.(*ast.CompositeLit)
		return is && e.Op == token.AND
	case *ast.CallExpr:
		name, is := e.Fun.(*ast.Ident)
		return is && info.Uses[name] != nil && isHere(info.Uses[name])
	}
	return false
}
