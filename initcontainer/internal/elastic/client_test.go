package elastic

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

var kibana = credential.Account{Namespace: "elastic", Service: "kibana"}

// server answers every call the same, and counts.
func server(t *testing.T, status int, body string, header ...string) (*Client, *int) {
	t.Helper()
	calls := 0
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		if len(header) == 0 {
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return client(t, s.URL, s.Client().Transport), &calls
}

func client(t *testing.T, url string, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New([]string{url}, transport, func() (Login, error) { return Login{"me", credential.NewPassword("secret word")}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What a create's answer means: a token, surely none, or perhaps one. It is never sent twice, and its errors quote
// nothing of the answer.
func TestCreate(t *testing.T) {
	const leak = "AAEAAWVsYXN0aWMva2liYW5h"
	for _, test := range []struct {
		name    string
		status  int
		body    string
		header  []string
		refused bool
	}{
		{name: "a bad name", status: 400, body: `{"error":{"type":"x","reason":"` + leak + `"}}`, refused: true},
		{name: "a wrong password", status: 401, body: `{"error":{"type":"x","reason":"` + leak + `"}}`, refused: true},
		{name: "no right", status: 403, body: leak, refused: true},
		{name: "too many requests", status: 429, body: leak, refused: true},
		{name: "the name exists: somebody sent our create twice", status: 409, body: leak},
		{name: "a proxy lost patience", status: 408, body: leak},
		{name: "a gateway's page", status: 502, body: leak},
		{name: "no shard", status: 503, body: leak},
		{name: "a redirect", status: 302, body: leak},
		{name: "not Elasticsearch", status: 200, body: `{"token":{"value":"` + leak + `"}}`, header: []string{"none"}},
		{name: "not JSON", status: 200, body: leak + "{"},
		{name: "no token", status: 200, body: `{"created":true}`},
		{name: "another token", status: 200, body: `{"token":{"value":"` + leak + `"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, calls := server(t, test.status, test.body, test.header...)
			token, err := c.Create(context.Background(), kibana, "name")
			var refused *Refused
			if err == nil || errors.As(err, &refused) != test.refused || !token.IsZero() {
				t.Errorf("surely refused: %v, want %v: %v", errors.As(err, &refused), test.refused, err)
			}
			if *calls != 1 {
				t.Errorf("sent %d times", *calls)
			}
			if strings.Contains(err.Error(), leak) || strings.Contains(err.Error(), "secret word") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

// Where nobody answered the dial, or the server was not trusted, nothing was sent.
func TestCreateThatCannotHaveArrived(t *testing.T) {
	var refused *Refused
	_, err := client(t, "https://127.0.0.1:1", &http.Transport{}).Create(context.Background(), kibana, "name")
	if !errors.As(err, &refused) || failure.Of(err) != failure.Unreachable {
		t.Errorf("nobody there: %v", err)
	}
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	_, err = client(t, s.URL, &http.Transport{}).Create(context.Background(), kibana, "name")
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &refused) || failure.Of(err) != failure.WrongCA || !errors.As(err, &unknown) {
		t.Errorf("not trusted: %v", err)
	}
	c, calls := server(t, 200, "{}")
	if _, err = c.Create(context.Background(), kibana, "../../x"); !errors.As(err, &refused) || *calls != 0 {
		t.Errorf("a bad name was sent: %v", err)
	}
	if _, err = c.Delete(context.Background(), kibana, "a/b"); err == nil || *calls != 0 {
		t.Errorf("a bad name was sent: %v", err)
	}
}

func TestDelete(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		found  bool
		fails  bool
	}{
		{200, `{"found":true}`, true, false},
		{404, `{"found":false}`, false, false},
		{404, `no such page`, false, true},
		{200, `{}`, false, true},
		{500, `{"error":{"type":"x","reason":"clearing the cache failed"}}`, false, true},
	} {
		c, calls := server(t, test.status, test.body)
		found, err := c.Delete(context.Background(), kibana, "name")
		if found != test.found || (err != nil) != test.fails || *calls != 1 {
			t.Errorf("%d %s: found %v, %v, sent %d times", test.status, test.body, found, err, *calls)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		body string
		want string
	}{
		{`{"tokens":{"a":{}},"nodes_credentials":{"_nodes":{"failed":0},"file_tokens":{"b":{"nodes":["n"]}}}}`, "a b"},
		{`{"tokens":{},"nodes_credentials":{"_nodes":{"failed":0},"file_tokens":{}}}`, ""},
		{`{"tokens":{"a":{}},"nodes_credentials":{"_nodes":{"failed":1},"file_tokens":{}}}`, "not complete"},
		{`{}`, "not complete"},
	} {
		c, _ := server(t, 200, test.body)
		names, err := c.Names(context.Background(), kibana)
		if test.want == "not complete" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, %v", test.body, names, err)
			}
			continue
		}
		if want := strings.Fields(test.want); err != nil || len(names) != len(want) || (len(want) > 0 && !(names["a"] && names["b"])) {
			t.Errorf("%s: %v, %v", test.body, names, err)
		}
	}
}

func TestForeignTextStaysOnOneLine(t *testing.T) {
	c, _ := server(t, 500, `{"error":{"type":"x","reason":"a\nb\u001b[31m`+strings.Repeat("é", 400)+`"}}`)
	_, err := c.Authenticate(context.Background())
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 450 {
		t.Errorf("%q", err)
	}
}
