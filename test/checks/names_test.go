//go:build checks

package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// isName holds for names of settings, variables, files, images and folders: words with something between them.
var isName = regexp.MustCompile(`^[-./]*\w+([-./_]+\w+)+[-./]*$|^[-./]*\w+\.$|^[-./]+\w+$|^[A-Z0-9]+(_[A-Z0-9]+)+_?$`)

// TestNoNameStandsInBothHalves holds that what a program calls something is in a description that both halves read, and in neither of them.
func TestNoNameStandsInBothHalves(t *testing.T) {
	planned, judged := literals(t, "plan"), literals(t, "verify")
	if len(planned) == 0 || len(judged) == 0 {
		t.Fatal("there are no names to compare")
	}
	for name, where := range planned {
		if other, twice := judged[name]; twice {
			t.Errorf("%q stands in %s and in %s: describe it in catalog, or in the package that reads it", name, where, other)
		}
	}
}

// literals gives the names that the code of a package has in quotes, and where.
func literals(t *testing.T, name string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../plugin/internal/" + name + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if _, imports := n.(*ast.ImportSpec); imports {
				return false
			}
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && isName.MatchString(text) {
					all[text] = set.Position(literal.Pos()).String()
				}
			}
			return true
		})
	}
	return all
}

func TestNamesAreTold(t *testing.T) {
	for text, want := range map[string]bool{
		"xpack.security.http.ssl.": true, "client_authentication": true, "/etc/ssl": true, "CURL_HOME": true, ".curlrc": true, "--insecure": true,
		"kibana.yml": true, "elk-mtls-init": true, "certificate": false, "serviceAccountName": false, "https://": false, "%s is %q": false, "": false, ".": false,
	} {
		if got := isName.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
