package page

import (
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = `# A page

Type this:

    one \
      --flag

    two

<!-- not run: needs a cluster of yours -->
    three

<!-- typed by TestOther and TestThird -->

` + "```sh" + `
four

five
` + "```" + `

1. In a list:

       six

<!-- not run: about nothing, as words follow -->
words

` + "```yaml" + `
    a: file
` + "```" + `
` + "```" + `
    an output
` + "```" + `

    seven

It prints:

` + "```text" + `
eight …
` + "```" + `
`

func TestBlocks(t *testing.T) {
	want := []Block{
		{Line: 5, Text: "one \\\n--flag\n"},
		{Line: 8, Text: "two\n"},
		{Line: 11, Text: "three\n", NotRun: "needs a cluster of yours"},
		{Line: 16, Text: "four\n\nfive\n", By: []string{"TestOther", "TestThird"}},
		{Line: 23, Text: "six\n"},
		{Line: 35, Text: "seven\n", Shows: "eight …\n"},
	}
	if diff := cmp.Diff(want, Blocks(document)); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestFor(t *testing.T) {
	for _, c := range []struct {
		name, test string
		want       []int
	}{
		{"the page's own test types what is not marked", "TestPage", []int{5, 8, 23, 35}},
		{"a test that is named types its own blocks alone", "TestOther", []int{16}},
		{"so does the second one that is named", "TestThird", []int{16}},
	} {
		var got []int
		for _, b := range For(document, c.test) {
			got = append(got, b.Line)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestTyped(t *testing.T) {
	program, err := exec.LookPath("env")
	if err != nil {
		t.Fatal(err)
	}
	out := Typed(t, "test/page/testdata/page.md", t.TempDir(), map[string]string{"our-env": program}, append(os.Environ(), "WHO=you"))
	if want := "hello you\nfrom the next block: you\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestShown(t *testing.T) {
	const said = "NAME      READY\nes-0      1/1\nmore\nPROVEN IF: today\n"
	for want, ok := range map[string]bool{
		"NAME READY\nes-0 1/1":     true,
		"es-0 …\n…\nPROVEN IF: …":  true,
		"PROVEN IF: …\nes-0 1/1":   false,
		"es-1 1/1":                 false,
		"es-0 1/1 and more":        false,
		"NAME":                     false,
		"PROVEN IF: today\nes-0 …": false,
	} {
		if missing := notShown(said, want); (missing == "") != ok {
			t.Errorf("%q: missing %q", want, missing)
		}
	}
}
