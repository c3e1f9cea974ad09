package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one change of one file. It stands beside what it changes: both are compiled, and package active tells which one runs.
type mutant struct {
	number    int
	file      string // from the root of the repository
	from, to  int    // what is changed
	line, end int    // its first line, and its last
	old, new  string // as the report shows it

	before, after string // the code around it; before takes the number
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s → %s", m.file, m.line, cut(m.old), cut(m.new))
}

func cut(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// found gives every mutant that the files of some packages have, in the order of the files.
func found(packages []string) ([]mutant, error) {
	var all []mutant
	for _, name := range packages {
		files, err := filepath.Glob(filepath.Join("plugin/internal", name, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			in, err := inFile(file, text)
			if err != nil {
				return nil, err
			}
			all = append(all, in...)
		}
	}
	return all, nil
}

// swapped are the operators that a mutant puts in the place of others.
var swapped = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+",
}

// inFile gives the mutants of one file: another operator, a condition the other way round, the other truth value, a statement left out.
func inFile(file string, text []byte) ([]mutant, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all []mutant
	code := func(from, to token.Pos) string {
		return string(text[set.Position(from).Offset:set.Position(to).Offset])
	}
	add := func(n ast.Node, fresh, before, after string) {
		a, b := set.Position(n.Pos()), set.Position(n.End())
		all = append(all, mutant{
			file: file, from: a.Offset, to: b.Offset, line: a.Line, end: b.Line, old: code(n.Pos(), n.End()), new: fresh, before: before, after: after,
		})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			fresh, ok := swapped[n.Op]
			if !ok {
				break
			}
			fresh = code(n.X.Pos(), n.X.End()) + " " + fresh + " " + code(n.Y.Pos(), n.Y.End())
			if n.Op == token.ADD || n.Op == token.SUB {
				add(n, fresh, "active.Or(%d, "+escaped(fresh)+", ", ")")
				break
			}
			add(n, fresh, "(active.Is(%[1]d) && ("+escaped(fresh)+") || !active.Is(%[1]d) && (", "))")
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				add(n, code(n.X.Pos(), n.X.End()), "(active.Is(%d) != (", "))")
			}
		case *ast.IfStmt:
			add(n.Cond, "!("+code(n.Cond.Pos(), n.Cond.End())+")", "(active.Is(%d) != (", "))")
		case *ast.Ident:
			if other, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
				add(n, other, "(active.Is(%d) != ", ")")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt:
			add(n, "", "if !active.Is(%d) { ", " }")
		}
		return true
	})
	return all, nil
}

func escaped(code string) string { return strings.ReplaceAll(code, "%", "%%") }
