package failure

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Row by row: what a person's scripts go by.
func TestTheTable(t *testing.T) {
	for _, test := range []struct {
		cause  Cause
		code   int
		silent bool
	}{
		{None, 0, false},
		{Other, 1, false},
		{Usage, 2, false},
		{Unreachable, 10, true},
		{NotElasticsearch, 10, false},
		{WrongCA, 11, false},
		{HostName, 12, false},
		{ClientCertificate, 13, false},
		{Dates, 14, false},
		{Unauthorized, 15, false},
		{Forbidden, 16, false},
		{NoRole, 16, false},
		{Unavailable, 17, true},
		{Overloaded, 17, false},
		{Blocked, 17, false},
		{IndexClosed, 17, false},
		{Licence, 18, false},
		{KubeForbidden, 20, false},
		{SecretMissing, 21, false},
		{SecretImmutable, 22, false},
		{SecretForeign, 2, false},
	} {
		if test.cause.Code() != test.code || test.cause.Silent() != test.silent {
			t.Errorf("cause %d: exit code %d, silent %v; want %d, %v", test.cause, test.cause.Code(), test.cause.Silent(), test.code, test.silent)
		}
	}
	if len(table) != 21 {
		t.Errorf("the table has %d rows: this test has 21", len(table))
	}
}

// Three places tell people of exit codes: the help, the table of all, and the way from a message to its remedy.
func TestEveryExitCodeIsDocumented(t *testing.T) {
	for page, begins := range map[string]string{"init-container.md": `(?m)^\| (\d+) \| `, "troubleshooting.md": `(?m)^\| (\d\d?(?:, \d\d?)*(?: or \d\d?)?) .*\|.*\|.*\|$`} {
		text, err := os.ReadFile("../../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		for _, row := range regexp.MustCompile(begins).FindAllSubmatch(text, -1) {
			for _, code := range regexp.MustCompile(`\d+`).FindAllString(string(row[1]), -1) {
				told[code] = true
			}
		}
		for i, row := range table {
			if !told[fmt.Sprint(row.code)] {
				t.Errorf("cause %d: docs/%s has no row for exit code %d", i, page, row.code)
			}
		}
		if len(told) != strings.Count(Codes(), "\n")+1 {
			t.Errorf("docs/%s tells of %v; there are %s", page, told, Codes())
		}
	}
}

func TestACauseIsFoundInsideOtherErrors(t *testing.T) {
	err := fmt.Errorf("waited: %w", New(Dates, errors.New("expired"), "renew it"))
	if Of(err) != Dates || Hint(err) != "renew it" || err.Error() != "waited: expired" {
		t.Errorf("%d, %q, %v", Of(err), Hint(err), err)
	}
	if Of(nil) != None || Of(errors.New("x")) != Other || Hint(errors.New("x")) != "" {
		t.Error("an error without a cause")
	}
}
