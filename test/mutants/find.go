package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

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
	add := func(from, to token.Pos, fresh string) {
		a, b := set.Position(from), set.Position(to)
		all = append(all, mutant{file: file, from: a.Offset, to: b.Offset, old: string(text[a.Offset:b.Offset]), new: fresh, line: a.Line})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if fresh, ok := swapped[n.Op]; ok {
				add(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), fresh)
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				add(n.OpPos, n.OpPos+1, "")
			}
		case *ast.IfStmt:
			add(n.Cond.Pos(), n.Cond.End(), "!("+string(text[set.Position(n.Cond.Pos()).Offset:set.Position(n.Cond.End()).Offset])+")")
		case *ast.Ident:
			switch n.Name {
			case "true":
				add(n.Pos(), n.End(), "false")
			case "false":
				add(n.Pos(), n.End(), "true")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt:
			add(n.Pos(), n.End(), "_ = 0")
		}
		return true
	})
	return all, nil
}
