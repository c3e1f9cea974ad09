package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
)

// decision is one row of a table of yes and no: "*" stands for both. The first row that matches counts.
type decision[T comparable] struct {
	when string
	want T
}

// holdTable asks for every combination of some answers what comes out, and holds that to the table; every row must count at least once.
func holdTable[T comparable](t *testing.T, names string, rows []decision[T], decide func(is []bool) T) {
	t.Helper()
	all := strings.Fields(names)
	used := make([]bool, len(rows))
	for n := range 1 << len(all) {
		is := make([]bool, len(all))
		var said []string
		for i, name := range all {
			is[i] = n>>i&1 == 1
			said = append(said, fmt.Sprintf("%s %t", name, is[i]))
		}
		row := 0
		for ; row < len(rows); row++ {
			if rowMatches(strings.Fields(rows[row].when), is) {
				break
			}
		}
		if row == len(rows) {
			t.Fatalf("no row for %s", strings.Join(said, ", "))
		}
		used[row] = true
		if got := decide(is); got != rows[row].want {
			t.Errorf("%s: got %v, want %v", strings.Join(said, ", "), got, rows[row].want)
		}
	}
	for i, is := range used {
		if !is {
			t.Errorf("row %q counts nowhere", rows[i].when)
		}
	}
}

func rowMatches(when []string, is []bool) bool {
	for i, word := range when {
		if word != "*" && (word == "yes") != is[i] {
			return false
		}
	}
	return true
}

func TestTrustOf(t *testing.T) {
	holdTable(t, "checks names isOurs isKey isNamed dangles named", []decision[trust]{
		{"no * * * * * *", noTrust},
		{"yes no * * * * *", ourCA},
		{"yes yes yes * * * *", ourCA},
		{"yes yes no * no * yes", ourCA},
		{"yes yes no no * no *", assumed},
		{"yes yes no * * yes *", insteadOf},
		{"yes yes no yes * no *", itsOwn},
	}, func(is []bool) trust { return trustOf(is[0], is[1], is[2], is[3], is[4], is[5], is[6]) })
}

func TestGrantOf(t *testing.T) {
	holdTable(t, "isSet isSame isFile", []decision[grant]{
		{"no * *", granted},
		{"yes yes *", stands},
		{"yes no yes", ownStays},
		{"yes no no", contradicts},
	}, func(is []bool) grant { return grantOf(is[0], is[1], is[2]) })
}

func TestHalfPair(t *testing.T) {
	set := func(value string) wish { return wish{key: value, value: value, old: &setting{}} }
	ca, cert, key := set(placeCA), set(placeCert), set(placeKey)
	for name, test := range map[string]struct {
		group, own []wish
		refused    bool
	}{
		"nothing of the user's":               {[]wish{ca, cert, key}, nil, false},
		"both":                                {[]wish{ca, cert, key}, []wish{cert, key}, false},
		"the certificate alone":               {[]wish{ca, cert, key}, []wish{cert}, true},
		"the key alone":                       {[]wish{ca, cert, key}, []wish{ca, key}, true},
		"the CA alone":                        {[]wish{ca, cert, key}, []wish{ca}, false},
		"a program that takes no key":         {[]wish{ca, cert}, []wish{cert}, false},
		"both in one file, which is the user": {[]wish{set(placeCert + placeKey)}, []wish{set(placeCert + placeKey)}, false},
	} {
		if err := halfPair(test.group, test.own); (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStageOf(t *testing.T) {
	for _, test := range []struct {
		byHand, asked, earlier string
		want                   outcome
	}{
		{"-", "none", "", nothing},
		{"-", "optional", "", isAsked},
		{"-", "required", "", isAsked},
		{"hidden", "none", "", isHidden},
		{"hidden", "required", "", isHidden},
		{"none", "none", "", isAsked},
		{"none", "optional", "", differs},
		{"none", "required", "", differs},
		{"optional", "none", "", stays},
		{"optional", "optional", "", isAsked},
		{"optional", "required", "", isAsked},
		{"required", "none", "", differs},
		{"required", "optional", "", differs},
		{"required", "required", "", isAsked},
		{"required", "none", "required", isAsked},
		{"required", "optional", "required", isAsked},
		{"optional", "none", "optional", isAsked},
		{"required", "optional", "optional", differs},
		{"other", "required", "", differs},
	} {
		s := &setting{Values: []string{test.byHand}}
		switch test.byHand {
		case "-":
			s = nil
		case "hidden":
			s = &setting{Hidden: true}
		}
		if got := stageOf(s, test.asked, test.earlier); got != test.want {
			t.Errorf("by hand %s, asked %s, earlier %q: got %v, want %v", test.byHand, test.asked, test.earlier, got, test.want)
		}
	}
}

func TestSpeaks(t *testing.T) {
	programs := map[string]catalog.Settings{
		"alone":   {Switch: catalog.Switch{Name: "ssl.enabled", Kind: catalog.MayBeOff}},
		"decides": {Switch: catalog.Switch{Name: "ssl", Kind: catalog.Decides}},
		"bare":    {Switch: catalog.Switch{Name: "ssl", Kind: catalog.Bare}},
		"scheme":  {Scheme: "scheme"},
	}
	for _, test := range []struct {
		written, text string
		known         bool
		by            string // programs; "" for all
		becomes       string
		says          speech
	}{
		{"https://es:9200", "https://es:9200", true, "", "https://es:9200", secure},
		{"https://${A}", "https://", false, "", "https://${A}", secure},
		{"${A}", "http://es:9200", true, "", "${A}", plainByEnv},
		{"es:9200", "es:9200", true, "alone", "https://es:9200", plain},
		{"es:9200", "es:9200", true, "decides", "es:9200", elsewhere},
		{"es:9200", "es:9200", true, "bare", "es:9200", elsewhere},
		{"es:9200", "es:9200", true, "scheme", "es:9200", elsewhere},
		{"${A}", "${A}", false, "alone", "${A}", unread},
		{"${A}", "${A}", false, "decides", "${A}", elsewhere},
		{"${A}", "${A}", false, "bare", "${A}", unread},
		{"${A}", "${A}", false, "scheme", "${A}", elsewhere},
		{"${A}://es", "${A}://es", false, "alone", "${A}://es", unreadable},
		{"${A}://es", "${A}://es", false, "scheme", "${A}://es", elsewhere},
	} {
		for name, keys := range programs {
			if test.by != "" && test.by != name {
				continue
			}
			if becomes, says := speaks(test.written, test.text, test.known, keys); becomes != test.becomes || says != test.says {
				t.Errorf("%s, %s: got %q, %v, want %q, %v", test.written, name, becomes, says, test.becomes, test.says)
			}
		}
	}
}

func TestIsOn(t *testing.T) {
	scheme, decides := catalog.Settings{Scheme: "scheme"}, catalog.Settings{Switch: catalog.Switch{Kind: catalog.Decides, On: "true"}}
	for _, test := range []struct {
		keys           catalog.Settings
		scheme, enable string
		want           bool
	}{
		{scheme, "https", "", true},
		{scheme, "http", "", false},
		{scheme, "", "true", false},
		{decides, "", "true", true},
		{decides, "", "True", true},
		{decides, "", "false", false},
		{decides, "https", "", false},
		{catalog.Settings{Switch: catalog.Switch{Kind: catalog.Bare, On: "true"}}, "", "true", false},
		{catalog.Settings{}, "https", "true", false},
	} {
		set := func(value string) *setting {
			if value == "" {
				return nil
			}
			return &setting{Values: []string{value}}
		}
		if got := isOn(test.keys, set(test.scheme), set(test.enable)); got != test.want {
			t.Errorf("%+v: got %t", test, got)
		}
	}
}
