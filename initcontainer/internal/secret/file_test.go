package secret

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

func TestFileIsASecret(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "token.yaml")
	f := NewFile(path, place)
	s, err := f.Get(ctx)
	if err != nil || s.UID == "" || !s.Token.IsZero() {
		t.Fatalf("got %+v, %v", s, err)
	}
	other := NewFile(path, place)
	if _, err := other.Get(ctx); failure.Of(err) != failure.Unreachable || !strings.Contains(err.Error(), "another process holds") {
		t.Errorf("two at once: %v", err)
	}
	after, err := f.Patch(ctx, s, written(s, "N"))
	if err != nil || after.Has != "N" || after.UID != s.UID {
		t.Fatalf("got %+v, %v", after, err)
	}
	var notDone *NotDone
	if _, err := f.Patch(ctx, s, written(s, "M")); !errors.As(err, &notDone) {
		t.Errorf("a patch upon an old state: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := other.Get(ctx)
	if err != nil || again.Has != "N" || again.UID != s.UID {
		t.Errorf("got %+v, %v", again, err)
	}
	defer other.Close()

	// The file vanishes under a run: it is a blank Secret, and the names made before stay ours.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	blank, err := other.Get(ctx)
	if err != nil || blank.UID != s.UID || !blank.Token.IsZero() {
		t.Errorf("got %+v, %v", blank, err)
	}
}

func TestStdoutPrintsOneSecret(t *testing.T) {
	ctx := context.Background()
	var out bytes.Buffer
	o := NewStdout(&out, place)
	s, err := o.Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	next := s
	next.Claim = protocol.Claim{Name: "N", Holder: "pod"}
	s, err = o.Patch(ctx, s, next)
	if err != nil || out.Len() > 0 {
		t.Fatalf("%v, printed %q", err, out.String())
	}
	next = written(s, "N")
	next.Claim = protocol.Claim{}
	if _, err = o.Patch(ctx, s, next); err != nil {
		t.Fatal(err)
	}
	if err := o.Print(); err != nil {
		t.Fatal(err)
	}
	secret, err := parse(out.Bytes())
	if err != nil || string(secret.Data["token"]) != tokenOf("N").Reveal() || secret.Annotations[protocol.ClaimKey] != "" {
		t.Errorf("%v, printed\n%s", err, out.String())
	}
	if strings.Contains(out.String(), "null") || strings.Contains(out.String(), "{}") {
		t.Errorf("empty fields are printed:\n%s", out.String())
	}
}

func TestNameOf(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b/Kibana_Token.yaml": "kibana-token", "-": "elk-mtls-token", "x": "x", ".yaml": "elk-mtls-token", "a.b.yml": "a-b",
	} {
		if got := NameOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
