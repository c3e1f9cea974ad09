package problem

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

var (
	desk = object.ID{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "desk"}
	shop = object.ID{Kind: "ConfigMap", Name: "shop"}
)

// What a person reads of a problem: the object before its text, the hint on a line of its own, the code last.
func TestProblemsInWords(t *testing.T) {
	bare := New(NoPair, "%d key pairs are there", 2)
	for _, c := range []struct {
		problem     Problem
		line, error string
	}{
		{bare, "2 key pairs are there", "2 key pairs are there [EMR011]"},
		{bare.Do("name %s", "one"), "2 key pairs are there", "2 key pairs are there\nhint: name one [EMR011]"},
		{bare.Of(desk), "Deployment/desk: 2 key pairs are there", "Deployment/desk: 2 key pairs are there [EMR011]"},
		{bare.At("spec.mode").Of(desk).Do("choose"), "Deployment/desk: 2 key pairs are there",
			"Deployment/desk: 2 key pairs are there\nhint: choose [EMR011]"},
		{New(Input, "%d%% of it", 50), "50% of it", "50% of it [EMR001]"},
	} {
		if got := c.problem.Line(); got != c.line {
			t.Errorf("the line is %q, want %q", got, c.line)
		}
		if got := c.problem.Error(); got != c.error {
			t.Errorf("the error is %q, want %q", got, c.error)
		}
	}
}

// A problem that is made of another one leaves that as it is.
func TestProblemsAreValues(t *testing.T) {
	first := New(Login, "it has a login")
	other := first.At("elasticsearch.username").Of(desk).Do("remove it")
	if first != (Problem{Code: Login, Text: "it has a login"}) {
		t.Errorf("the first one has changed: %+v", first)
	}
	want := Problem{Object: desk, Field: "elasticsearch.username", Text: "it has a login", Hint: "remove it", Code: Login}
	if other != want {
		t.Errorf("got %+v, want %+v", other, want)
	}
}

func TestEachAndAll(t *testing.T) {
	a, b := New(Stranger, "a"), New(TooOld, "b")
	plain := errors.New("no YAML")
	wrapped := fmt.Errorf("line 3: %w", b)
	for _, c := range []struct {
		name string
		err  error
		each []error
		all  []Problem
	}{
		{"nothing", nil, nil, nil},
		{"nothing, joined", errors.Join(nil, nil), nil, nil},
		{"one", a, []error{a}, []Problem{a}},
		{"joined, however deep", errors.Join(a, errors.Join(nil, errors.Join(plain, b))), []error{a, plain, b},
			[]Problem{a, New(Input, "no YAML"), b}},
		{"inside another error", wrapped, []error{wrapped}, []Problem{b}},
		{"a text that looks like a format", errors.New("100%d"), []error{errors.New("100%d")},
			[]Problem{New(Input, "%s", "100%d")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(texts(c.each), texts(Each(c.err))); diff != "" {
				t.Errorf("each (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.all, All(c.err)); diff != "" {
				t.Errorf("all (-want +got)\n%s", diff)
			}
		})
	}
}

func texts(all []error) (lines []string) {
	for _, err := range all {
		lines = append(lines, err.Error())
	}
	return lines
}

// What is said of an error is said of each problem in it: where it is, what to do, of which object. What a problem says
// itself stays.
func TestSaidOfEach(t *testing.T) {
	mine := New(InTheWay, "a is set").Of(shop).At("a").Do("remove it")
	both := errors.Join(mine, errors.New("broken"))
	for _, c := range []struct {
		name string
		got  []Problem
		want []Problem
	}{
		{"where", All(Within(both, "container %q", "app")), []Problem{
			{Object: shop, Field: "a", Text: `container "app": a is set`, Hint: "remove it", Code: InTheWay},
			{Text: `container "app": broken`, Code: Input},
		}},
		{"what to do", All(Advise(both, "ask")), []Problem{
			{Object: shop, Field: "a", Text: "a is set", Hint: "ask", Code: InTheWay},
			{Text: "broken", Hint: "ask", Code: Input},
		}},
		{"of which object", About(desk, both), []Problem{mine, {Object: desk, Text: "broken", Code: Input}}},
		{"of nothing", append(All(Within(nil, "x")), append(All(Advise(nil, "x")), About(desk, nil)...)...), nil},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestJoin(t *testing.T) {
	a, b := New(Stranger, "a"), New(TooOld, "b").Do("update")
	if err := Join(nil); err != nil {
		t.Errorf("no problem is the error %v", err)
	}
	if err := Join([]Problem{a}); !errors.Is(err, a) || len(Each(err)) != 1 {
		t.Errorf("one problem is the error %#v", err)
	}
	err := Join([]Problem{a, b})
	if want := "a [EMR005]\nb\nhint: update [EMR024]"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if diff := cmp.Diff([]Problem{a, b}, All(err)); diff != "" {
		t.Errorf("they come back in another way (-want +got)\n%s", diff)
	}
}

// Every code has one row, in order and without a gap, with words for who reads it.
func TestKinds(t *testing.T) {
	for i, k := range Kinds() {
		if want := Code(fmt.Sprintf("EMR%03d", i+1)); k.Code != want {
			t.Errorf("%s stands where %s does", k.Code, want)
		}
		if k.Title == "" || k.Remedy == "" {
			t.Errorf("%s has no words", k.Code)
		}
	}
	if last := Kinds()[len(Kinds())-1].Code; last != Stage {
		t.Errorf("the last code is %s, and the last row %s", Stage, last)
	}
}
