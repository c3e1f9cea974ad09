package protocol

import (
	"slices"
	"strings"
	"testing"
)

// foreign names begin with a small letter here.
func ourName(name string) bool { return name != "" && strings.ToUpper(name[:1]) == name[:1] }

func TestRetire(t *testing.T) {
	for _, test := range []struct {
		name, state, remembered, want string
	}{
		{"the replaced token is doomed", "N token-name=N previous=T", "T", "N token-name=N doomed=T"},
		{"what came to previous later stays (R5)", "X token-name=X previous=T,N", "T", "X token-name=X previous=N doomed=T"},
		{"put back by hand: it stays (R5)", "T token-name=N previous=T", "T", "T token-name=N previous=T"},
		{"put back and adopted: it stays", "T token-name=T previous=N", "T", "T token-name=T previous=N"},
		{"token-name is spared", "! token-name=T previous=T", "T", "! token-name=T previous=T"},
		{"another's token is left alone", "N token-name=N previous=T,x", "T,x", "N token-name=N previous=x doomed=T"},
		{"emptied in between: nothing is left to do", "-", "T", "-"},
		{"twice is once", "N token-name=N abandoned=T", "T", "N token-name=N abandoned=T"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, changed := Retire(secret(test.state), strings.Split(test.remembered, ","), ourName, now)
			if d := diff(secret(test.want), got); d != "" || changed != (test.state != test.want) {
				t.Errorf("changed %v\n%s", changed, d)
			}
		})
	}
}

func TestRevoke(t *testing.T) {
	for _, test := range []struct {
		name, state, want string
		changed           bool
	}{
		{"all that it held is doomed", "T token-name=T claim=N@pod previous=P abandoned=A", "- abandoned=A doomed=T,N,P", true},
		{"another's token stays recorded", "x token-name=x previous=P", "- previous=x doomed=P", true},
		{"a spoilt value: token-name tells", "! token-name=T", "- doomed=T", true},
		{"a value of somebody else stays", "! claim=N@pod", "! doomed=N", true},
		{"a value of somebody else stays, and nothing changes", "!", "!", false},
		{"twice is once", "- abandoned=A", "- abandoned=A", false},
		{"only another's is left", "- previous=x", "- previous=x", false},
		{"a blank one", "-", "-", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, changed := Revoke(secret(test.state), ourName, now)
			want := secret(test.want)
			slices.SortFunc(got.Abandoned, func(a, b Doomed) int { return strings.Compare(a.Name, b.Name) })
			slices.SortFunc(want.Abandoned, func(a, b Doomed) int { return strings.Compare(a.Name, b.Name) })
			if d := diff(want, got); d != "" || changed != test.changed {
				t.Errorf("changed %v\n%s", changed, d)
			}
		})
	}
}

func TestOrphans(t *testing.T) {
	s := secret("T token-name=T claim=N@pod previous=P abandoned=A")
	got := Orphans(s, strings.Fields("Z T N P A O other"), ourName)
	if want := []string{"O", "Z"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
