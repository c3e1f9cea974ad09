package protocol

import (
	"encoding/base64"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

var (
	account = credential.Account{Namespace: "elastic", Service: "kibana"}
	now     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago     = now.Add(-time.Hour)
)

func value(name string) credential.Token {
	raw := "\x00\x01\x00\x01elastic/kibana/" + name + ":0123456789abcdef"
	return credential.NewToken(base64.RawStdEncoding.EncodeToString([]byte(raw)))
}

// secret writes a state as the annotations say it: "T token-name=T claim=N@pod abandoned=A previous=P,Q"; the first
// word is the name in data.token, "-" for none, "!" for garbage.
func secret(text string) State {
	words := strings.Fields(text)
	s := State{UID: "uid", Version: "1"}
	switch words[0] {
	case "-":
	case "!":
		s.Token = credential.NewToken("garbage")
	default:
		s.Token, s.Has = value(words[0]), words[0]
	}
	for _, word := range words[1:] {
		key, list, _ := strings.Cut(word, "=")
		for _, name := range strings.Split(list, ",") {
			switch key {
			case "token-name":
				s.TokenName = name
			case "claim":
				name, holder, _ := strings.Cut(name, "@")
				s.Claim = Claim{Name: name, Holder: holder}
				if name == "new" {
					s.Claim.Since = now
				}
			case "abandoned":
				s.Abandoned = append(s.Abandoned, Doomed{name, ago})
			case "doomed": // now
				s.Abandoned = append(s.Abandoned, Doomed{name, now})
			case "previous":
				s.Previous = append(s.Previous, name)
			default:
				panic(word)
			}
		}
	}
	return s
}

func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func TestReadAndAnnotationsAreInverse(t *testing.T) {
	want := secret("T token-name=T claim=N@pod-uid abandoned=A,B previous=P,Q")
	want.Claim.Since = now
	got := Read(want.Annotations(), want.Token, account)
	got.UID, got.Version = want.UID, want.Version
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
	if blank := Read(nil, credential.Token{}, account); diff(blank.Annotations(), map[string]string{TokenNameKey: "", ClaimKey: "", AbandonedKey: "", PreviousKey: ""}) != "" {
		t.Errorf("a blank Secret says %v", blank.Annotations())
	}
}

func TestAnnotationsByHandAreNotTrusted(t *testing.T) {
	got := Read(map[string]string{
		TokenNameKey: "../../x", ClaimKey: "a/b pod", AbandonedKey: "ok=2026-01-02T03:04:05Z, x?y=2026-01-02T03:04:05Z,late=when,", PreviousKey: "_p,,q",
	}, credential.NewToken("garbage"), account)
	want := State{Token: credential.NewToken("garbage"), Abandoned: []Doomed{{"ok", now}, {"late", time.Time{}}}, Previous: []string{"q"}}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStep2(t *testing.T) {
	pending := Mine{Name: "M", Posted: true, Pending: "N", PendingSent: now}
	for _, test := range []struct {
		name  string
		state string
		mine  Mine
		want  Mine
	}{
		{"no claim without an answer", "- claim=N@me", Mine{Name: "M"}, Mine{Name: "M"}},
		{"the claim stands: it is mine, and not created yet", "- claim=N@me", pending, Mine{Name: "N", Sent: now}},
		{"no claim: the name is forgotten for ever", "-", pending, Mine{Name: "M", Posted: true}},
		{"another's claim: the name is forgotten for ever", "- claim=X@you abandoned=N", pending, Mine{Name: "M", Posted: true}},
	} {
		if d := diff(test.want, Recall(secret(test.state), test.mine)); d != "" {
			t.Errorf("%s:\n%s", test.name, d)
		}
	}
}

func TestStep3(t *testing.T) {
	for _, test := range []struct {
		name  string
		state State
		mine  Mine
		want  bool
	}{
		{"both name mine", secret("N token-name=N"), Mine{Name: "N", Value: value("N")}, true},
		{"garbage in data.token", secret("! token-name=N"), Mine{Name: "N", Value: value("N")}, false},
		{"token-name names another", secret("N token-name=X"), Mine{Name: "N", Value: value("N")}, false},
		{"another secret under my name", secret("N token-name=N"), Mine{Name: "N", Value: credential.NewToken("x")}, false},
		{"nothing is mine", secret("N token-name=N"), Mine{}, false},
		{"a blank Secret, and nothing is mine", secret("-"), Mine{}, false},
	} {
		if got := Written(test.state, test.mine); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestStep4(t *testing.T) {
	const patience = 30 * time.Second
	for _, test := range []struct {
		name  string
		state string
		e     Evidence
		want  Verdict
	}{
		{"no token", "-", Evidence{}, Invalid},
		{"garbage", "!", Evidence{Answer: Accepted}, Invalid},
		{"accepted", "T", Evidence{Answer: Accepted}, Valid},
		{"accepted, but doomed", "T abandoned=T", Evidence{Answer: Accepted}, Invalid},
		{"accepted, whatever the other annotations say", "T token-name=X previous=T claim=T@you", Evidence{Answer: Accepted}, Valid},
		{"of another account", "T", Evidence{Answer: OtherAccount}, Invalid},
		{"no answer", "T", Evidence{}, Unclear},
		{"no answer for a long time", "T", Evidence{RefusedFor: time.Hour}, Unclear},
		{"401, the list could not be read", "T", Evidence{Answer: Refused, RefusedFor: time.Hour}, Unclear},
		{"401, and in neither list", "T", Evidence{Answer: Refused, Listing: Unlisted}, Invalid},
		{"one 401, but listed", "T", Evidence{Answer: Refused, Listing: Listed}, Unclear},
		{"401 for a while, but listed", "T", Evidence{Answer: Refused, Listing: Listed, RefusedFor: patience - 1}, Unclear},
		{"401 for long, though listed", "T", Evidence{Answer: Refused, Listing: Listed, RefusedFor: patience}, Invalid},
	} {
		if got := Judge(secret(test.state), test.e, patience); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// The steps 5 to 8: what one state leads to. "next" is the state after the patch.
type decision struct {
	name  string
	state string
	mine  Mine
	stale bool
	late  bool
	kind  Kind
	next  string

	listed []string
}

func decide(t *testing.T, verdict Verdict, tests []decision) {
	t.Helper()
	for _, test := range tests {
		before := secret(test.state)
		var listed map[string]bool
		for _, name := range test.listed {
			listed = map[string]bool{name: true}
		}
		got := Decide(Input{
			State: before, Mine: test.mine, Verdict: verdict, Stale: test.stale, Late: test.late, NewName: "new", Pod: "me", Now: now, Listed: listed,
		})
		want := Action{Kind: test.kind}
		if test.next != "" {
			want.Next = secret(test.next)
		}
		if got.Kind != test.kind {
			t.Errorf("%s: %s, want %s", test.name, got.Kind, test.kind)
		} else if d := diff(want.Next, got.Next); d != "" {
			t.Errorf("%s:\n%s", test.name, d)
		}
		if d := diff(secret(test.state), before); d != "" {
			t.Errorf("%s: the state it was decided upon changed:\n%s", test.name, d)
		}
	}
}

func TestStep4Unclear(t *testing.T) {
	decide(t, Unclear, []decision{
		{name: "wait", state: "T token-name=X claim=N@you", stale: true, kind: Wait},
	})
}

func TestStep6(t *testing.T) {
	posted := Mine{Name: "N", Posted: true}
	unknown := Mine{Name: "N", Posted: true, Value: value("N"), WriteUnknown: true}
	decide(t, Valid, []decision{
		{name: "nothing to mend", state: "T token-name=T abandoned=A previous=P", kind: Done},
		{name: "a token without annotations is adopted", state: "T", kind: PatchMend, next: "T token-name=T"},
		{name: "a foreign token over ours (R3)", state: "X token-name=T", kind: PatchMend, next: "X token-name=X previous=T"},
		{name: "a previous one put back (R3)", state: "T token-name=R previous=P,T", kind: PatchMend, next: "T token-name=T previous=P,R"},
		{name: "a previous one put back beside its own name", state: "T token-name=T previous=T", kind: PatchMend, next: "T token-name=T"},
		{name: "the old token-name is doomed already", state: "T token-name=A abandoned=A", kind: PatchMend, next: "T token-name=T abandoned=A"},
		{name: "another's claim that may live is left alone", state: "T token-name=T claim=N@you", kind: Done},
		{name: "a stale claim is fenced", state: "T token-name=T claim=N@you", stale: true, kind: PatchMend, next: "T token-name=T doomed=N"},
		{name: "my own claim is fenced", state: "T token-name=T claim=N@me", mine: posted, kind: PatchMend, next: "T token-name=T doomed=N"},
		{name: "all in one patch", state: "X token-name=T claim=C@you", mine: posted, stale: true, kind: PatchMend, next: "X token-name=X previous=T doomed=C,N"},
		{name: "a lost name is recorded", state: "T token-name=T", mine: posted, kind: PatchMend, next: "T token-name=T doomed=N"},
		{name: "a lost name that may have been in data.token is kept (R2)", state: "T token-name=T", mine: unknown, kind: PatchMend, next: "T token-name=T previous=N"},
		{name: "a lost name that is in data.token is not doomed", state: "N", mine: posted, kind: PatchMend, next: "N token-name=N"},
		{name: "a name with a record is not lost", state: "T token-name=T abandoned=N", mine: posted, kind: Done},
		{name: "a name never posted needs no record", state: "T token-name=T", mine: Mine{Name: "N"}, kind: Done},
		{name: "a claim on the token in use is only dropped", state: "T token-name=T claim=T@you", stale: true, kind: PatchMend, next: "T token-name=T"},
	})
}

func TestStep7(t *testing.T) {
	posted := Mine{Name: "N", Posted: true}
	full := "- abandoned=" + strings.TrimSuffix(strings.Repeat("A,", MaxAbandoned), ",")
	decide(t, Invalid, []decision{
		{name: "a blank Secret", state: "-", kind: PatchClaim, next: "- claim=new@me"},
		{name: "a claim of mine, not posted", state: "- claim=N@me", mine: Mine{Name: "N"}, kind: Create},
		{name: "a claim of mine, sent too long ago", state: "- claim=N@me", mine: Mine{Name: "N"}, late: true, kind: PatchClaim, next: "- claim=new@me doomed=N"},
		{name: "a create without an answer: a new name (R4)", state: "- claim=N@me", mine: posted, kind: PatchClaim, next: "- claim=new@me doomed=N"},
		{name: "another's claim", state: "- claim=C@you", kind: Wait},
		{name: "another's claim, and a name of mine lost", state: "- claim=C@you", mine: posted, kind: Wait},
		{name: "another's claim, and it is stale", state: "- claim=C@you", stale: true, kind: PatchClaim, next: "- claim=new@me doomed=C"},
		{name: "my value without my claim is not written", state: "-", mine: Mine{Name: "N", Posted: true, Value: value("N")}, kind: PatchClaim, next: "- claim=new@me doomed=N"},
		{name: "nor doomed where a write of it is open (R2)", state: "-", mine: Mine{Name: "N", Posted: true, Value: value("N"), WriteUnknown: true}, kind: PatchClaim, next: "- claim=new@me previous=N"},
		{name: "what is invalid in data.token stays until there is better", state: "T token-name=T previous=P", kind: PatchClaim, next: "T token-name=T previous=P claim=new@me"},
		{name: "what is not listed any more is forgotten", state: "T token-name=T previous=P,Q", listed: []string{"Q"}, kind: PatchClaim, next: "T token-name=T previous=Q claim=new@me"},
		{name: "but not what is lost in the same moment (R2)", state: "-", listed: []string{"Q"}, mine: Mine{Name: "N", Posted: true, Value: value("N"), WriteUnknown: true}, kind: PatchClaim, next: "- claim=new@me previous=N"},
		{name: "too many doomed names", state: full, kind: Full},
		{name: "too many doomed names do not stop a claim that stands", state: full + " claim=N@me", mine: Mine{Name: "N"}, kind: Create},
	})
}

func TestStep8(t *testing.T) {
	mine := Mine{Name: "N", Posted: true, Value: value("N")}
	decide(t, Invalid, []decision{
		{name: "the first token", state: "- claim=N@me", mine: mine, kind: PatchWrite, next: "N token-name=N"},
		{name: "the replaced one is kept (R1)", state: "T token-name=T claim=N@me previous=P", mine: mine, kind: PatchWrite, next: "N token-name=N previous=P,T"},
		{name: "garbage over a token is replaced, its name is kept", state: "! token-name=T claim=N@me", mine: mine, kind: PatchWrite, next: "N token-name=N previous=T"},
		{name: "a doomed one is not kept", state: "T token-name=T claim=N@me abandoned=T", mine: mine, kind: PatchWrite, next: "N token-name=N abandoned=T"},
		{name: "however late", state: "- claim=N@me", mine: mine, late: true, kind: PatchWrite, next: "N token-name=N"},
	})
}

func TestStep9(t *testing.T) {
	s := secret("elk_1 token-name=elk_2 abandoned=elk_1,elk_2,elk_3,elk_4,other_5 doomed=elk_6")
	if d := diff([]string{"elk_3", "elk_4", "elk_6"}, Deletable(s, "elk_")); d != "" {
		t.Error(d)
	}
	next, changed := Forget(s, "elk_", map[string]bool{"elk_3": true, "elk_4": false, "elk_6": false}, now, 10*time.Minute)
	if want := secret("elk_1 token-name=elk_2 abandoned=elk_1,elk_2 doomed=elk_6"); !changed || diff(want, next) != "" {
		t.Error(diff(want, next))
	}
	next, changed = Forget(s, "", nil, now, 10*time.Minute)
	if changed || diff(s, next) != "" {
		t.Errorf("nothing was deleted, but: %s", diff(s, next))
	}
	young := secret("other_1 token-name=other_2 abandoned=other_1,other_2 doomed=other_3")
	if next, changed = Forget(young, "elk_", nil, now, 10*time.Minute); changed {
		t.Errorf("forgotten too early, or though it is in the Secret: %s", diff(young, next))
	}
	next, _ = Forget(s, "elk_", map[string]bool{"elk_6": true}, now, 10*time.Minute)
	if next.doomed("elk_6") {
		t.Error("a name that was found is kept, though it cannot be created twice")
	}
}

// What a killed rotate leaves beside a token that works is cleared, once nobody can be at work on it.
func TestAnAgedClaim(t *testing.T) {
	for _, test := range []struct {
		since time.Time
		want  bool
	}{{now, false}, {now.Add(-10 * time.Minute), false}, {now.Add(-11 * time.Minute), true}, {time.Time{}, true}, {now.Add(time.Hour), false}} {
		s := secret("T token-name=T claim=N@gone")
		s.Claim.Since = test.since
		in := Input{State: s, Verdict: Valid, Now: now, Aged: s.Claim.Aged(now, 10*time.Minute)}
		got := Decide(in)
		if want := secret("T token-name=T doomed=N"); test.want && (got.Kind != PatchMend || diff(want, got.Next) != "") || !test.want && got.Kind != Done {
			t.Errorf("since %s: %s\n%s", test.since, got.Kind, diff(want, got.Next))
		}
	}
	if (Claim{}).Aged(now, 0) {
		t.Error("no claim is none")
	}
}

func TestStale(t *testing.T) {
	const patience = 30 * time.Second
	claim := Claim{Name: "N", Holder: "you"}
	watch := Watch{}.See(claim, now)
	for _, test := range []struct {
		name  string
		watch Watch
		after time.Duration
		mine  Mine
		want  bool
	}{
		{"no claim", Watch{}, time.Hour, Mine{}, false},
		{"just seen", watch, 0, Mine{}, false},
		{"unchanged for a while", watch, patience - 1, Mine{}, false},
		{"unchanged for long", watch.See(claim, now.Add(time.Second)), patience, Mine{}, true},
		{"changed in between", watch.See(Claim{Name: "M", Holder: "you"}, now.Add(time.Second)), patience, Mine{}, false},
		{"of an earlier process of this pod", Watch{}.See(Claim{Name: "N", Holder: "me"}, now), 0, Mine{}, true},
		{"my live one", Watch{}.See(Claim{Name: "N", Holder: "me"}, now), 0, Mine{Name: "N"}, false},
	} {
		if got := test.watch.Stale(now.Add(test.after), patience, "me", test.mine); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Whatever a state is: deciding twice is deciding once, no name in use is doomed, nothing leaves previous but the token
// in use, and a new name never appears but as a claim.
func TestNoDecisionDoomsWhatPodsMayHold(t *testing.T) {
	names := []string{"-", "!", "T", "N"}
	for i := range 1 << 14 {
		bit := func(n int) bool { return i>>n&1 != 0 }
		text := names[i&3]
		for n, word := range map[int]string{2: "token-name=T", 3: "claim=N@me", 4: "claim=C@you", 5: "abandoned=A", 6: "previous=P", 7: "previous=T", 8: "abandoned=N"} {
			if bit(n) && !(n == 4 && bit(3)) {
				text += " " + word
			}
		}
		s := secret(text)
		mine := Mine{Name: "N", Posted: bit(9), WriteUnknown: bit(10)}
		if bit(11) {
			mine.Posted, mine.Value = true, value("N")
		}
		verdict := Valid
		if Hopeless(s) || bit(12) {
			verdict = Invalid
		}
		in := Input{State: s, Mine: mine, Verdict: verdict, Stale: bit(13), NewName: "new", Pod: "me", Now: now}
		checkDecision(t, fmt.Sprintf("%s, mine %+v, verdict %d, stale %v", text, mine, verdict, in.Stale), in)
	}
}

func checkDecision(t *testing.T, what string, in Input) {
	t.Helper()
	s, action := in.State, Decide(in)
	if action.Kind != PatchMend && action.Kind != PatchClaim && action.Kind != PatchWrite {
		return
	}
	next := action.Next
	for _, d := range next.Abandoned {
		if !s.doomed(d.Name) && (d.Name == s.Has || d.Name == s.TokenName || slices.Contains(s.Previous, d.Name)) {
			t.Errorf("%s: %s dooms %s, which a pod may hold", what, action.Kind, d.Name)
		}
	}
	for _, name := range append(slices.Clone(s.Previous), s.TokenName) {
		if name != "" && name != next.TokenName && !s.doomed(name) && !slices.Contains(next.Previous, name) {
			t.Errorf("%s: %s forgets %s", what, action.Kind, name)
		}
	}
	if s.Claim.Name != "" && s.Claim != next.Claim && next.TokenName != s.Claim.Name && !next.recorded(s.Claim.Name) && s.Claim.Name != next.Has {
		t.Errorf("%s: %s leaves the claimed %s without a record", what, action.Kind, s.Claim.Name)
	}
	if action.Kind == PatchWrite && s.Claim.Name != in.Mine.Name {
		t.Errorf("%s: writes without a claim", what)
	}
	if action.Kind == PatchMend {
		in.State = next
		in.Stale = false
		if again := Decide(in); again.Kind != Done {
			t.Errorf("%s: mended, it leads to %s", what, again.Kind)
		}
	}
}

// The decisions touch nothing: no clock, no network, no files, no log.
func TestImports(t *testing.T) {
	allowed := []string{"maps", "slices", "strings", "time", "github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), entry.Name(), text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", entry.Name(), path)
			}
		}
		if strings.Contains(string(text), "time.Now") {
			t.Errorf("%s asks the clock", entry.Name())
		}
	}
}
