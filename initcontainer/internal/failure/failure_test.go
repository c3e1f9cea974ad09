package failure

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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
	if len(table) != 20 {
		t.Errorf("the table has %d rows: this test has 20", len(table))
	}
}

func TestEveryExitCodeIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/init-container.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range table {
		if !bytes.Contains(page, fmt.Appendf(nil, "\n| %d | ", row.code)) {
			t.Errorf("cause %d: docs/init-container.md has no row for exit code %d", i, row.code)
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
