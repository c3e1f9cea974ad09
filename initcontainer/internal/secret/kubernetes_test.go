package secret

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
)

var place = Place{Namespace: "elk", Name: "x", Key: "token", Account: credential.Account{Namespace: "elastic", Service: "kibana"}}

func tokenOf(name string) credential.Token {
	raw := "\x00\x01\x00\x01elastic/kibana/" + name + ":0123456789abcdef"
	return credential.NewToken(base64.RawStdEncoding.EncodeToString([]byte(raw)))
}

func open(t *testing.T, url string) *Kubernetes {
	t.Helper()
	k, err := NewKubernetes(&rest.Config{Host: url}, place)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// written is the state after a token was written over s.
func written(s protocol.State, name string) protocol.State {
	s.Token, s.Has, s.TokenName = tokenOf(name), name, name
	return s
}

func TestKubernetesReadsBackWhatItWrote(t *testing.T) {
	api := kubefake.Start("elk", "x")
	defer api.Close()
	k := open(t, api.URL)
	ctx := context.Background()
	s, err := k.Get(ctx)
	if err != nil || s.Version == "" || s.UID == "" || s.Has != "" {
		t.Fatalf("got %+v, %v", s, err)
	}
	claimed := s
	claimed.Claim = protocol.Claim{Name: "N", Holder: "pod"}
	if s, err = k.Patch(ctx, s, claimed); err != nil || s.Claim.Name != "N" {
		t.Fatalf("got %+v, %v", s, err)
	}
	next := written(s, "N")
	next.Claim = protocol.Claim{}
	after, err := k.Patch(ctx, s, next)
	if err != nil || after.Has != "N" || after.TokenName != "N" || after.Claim.Name != "" || after.Version == s.Version {
		t.Fatalf("got %+v, %v", after, err)
	}
	again, err := k.Get(ctx)
	if err != nil || again.Version != after.Version || !again.Token.Equal(tokenOf("N")) {
		t.Fatalf("got %+v, %v", again, err)
	}
	if _, there := api.Secret().Annotations[protocol.ClaimKey]; there {
		t.Error("the claim's annotation is empty, not gone")
	}

	var notDone *NotDone
	if _, err := k.Patch(ctx, s, next); !errors.As(err, &notDone) {
		t.Errorf("a patch upon an old state: %v", err)
	}
}

func TestKubernetesErrors(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		name    string
		prepare func(*kubefake.Server)
		code    failure.Cause
		notDone bool
		says    string
	}{
		{"missing", (*kubefake.Server).Delete, failure.SecretMissing, true, "Secret elk/x is not there"},
		{"forbidden", func(s *kubefake.Server) { s.Deny(403) }, failure.KubeForbidden, true, `secrets "x" is forbidden: User "system:serviceaccount:elk:kibana" cannot patch resource "secrets"`},
		{"unauthorized", func(s *kubefake.Server) { s.Deny(401) }, failure.KubeForbidden, false, "(401)"},
		{"a server error leaves open what happened", func(s *kubefake.Server) { s.Deny(500) }, failure.Other, false, "answers 500"},
		{"invalid", func(s *kubefake.Server) { s.Deny(422) }, failure.Other, true, "(422)"},
		{"immutable", func(s *kubefake.Server) {
			yes := true
			s.Change(func(secret *corev1.Secret) { secret.Immutable = &yes })
		}, failure.SecretImmutable, true, "immutable"},
		{"changed in between", func(s *kubefake.Server) { s.Change(func(*corev1.Secret) {}) }, failure.Other, true, "changed by somebody else"},
	} {
		api := kubefake.Start("elk", "x")
		k := open(t, api.URL)
		s, err := k.Get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		test.prepare(api)
		if test.code == failure.SecretImmutable {
			s, _ = k.Get(ctx)
			if !s.Locked {
				t.Errorf("%s: the state does not say so", test.name)
			}
		}
		_, err = k.Patch(ctx, s, written(s, "N"))
		var notDone *NotDone
		if failure.Of(err) != test.code || errors.As(err, &notDone) != test.notDone || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: cause %d, surely not done %v: %v", test.name, failure.Of(err), errors.As(err, &notDone), err)
		}
		if text := tokenOf("N").Reveal(); strings.Contains(err.Error(), text) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte(text))) {
			t.Errorf("%s: the error quotes the token", test.name)
		}
		api.Close()
	}
}

// client-go repeats requests on its own where it is told to wait. A patch repeated after it acted is answered 409.
func TestKubernetesSendsAPatchOnce(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		body, _ := io.ReadAll(r.Body)
		if got, want := string(body), `"resourceVersion":"7"`; !strings.Contains(got, want) {
			t.Errorf("the patch is %s, without %s", got, want)
		}
		if got := r.URL.Query().Get("fieldManager"); got != "elk-mtls-init" {
			t.Errorf("field manager %q", got)
		}
		if got := r.Header.Get("Content-Type"); got != "application/merge-patch+json" {
			t.Errorf("content type %q", got)
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	s := protocol.State{Version: "7"}
	_, err := open(t, server.URL).Patch(context.Background(), s, written(s, "N"))
	var notDone *NotDone
	if err == nil || errors.As(err, &notDone) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}
