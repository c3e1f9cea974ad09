//go:build elasticsearch || integration

package parts_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// One node for all of this: it takes seconds to start.
func TestElasticsearch(t *testing.T) {
	ca, stranger := pki.NewCA("ca"), pki.NewCA("stranger")
	server := ca.Leaf(pki.Options{CN: "server", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	client := pki.Options{CN: "client", ClientAuth: true}
	with := ca.Client(ca.Leaf(client))

	start := time.Now()
	node, err := parts.Elasticsearch(t.Context(), parts.Options{
		Config: []byte("cluster.name: ${NAME}\nxpack.security.http.ssl:\n  enabled: true\n  client_authentication: none\n"),
		Settings: map[string]string{
			"xpack.security.http.ssl.client_authentication":   "required",
			"xpack.security.http.ssl.certificate":             "certs/tls.crt",
			"xpack.security.http.ssl.key":                     "certs/tls.key",
			"xpack.security.http.ssl.certificate_authorities": "certs/ca.crt",
		},
		Files: map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": ca.Cert},
		Env:   []string{"NAME=named-by-variable"},
		TLS:   with,
	})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%s up in %s", node.URL, time.Since(start))

	t.Run("a client without certificate is refused", func(t *testing.T) {
		if err := connect(t.Context(), node.URL, &http.Transport{TLSClientConfig: ca.Client()}); err == nil {
			t.Fatal("it was let in")
		}
	})
	t.Run("a certificate of another CA is refused", func(t *testing.T) {
		if err := connect(t.Context(), node.URL, &http.Transport{TLSClientConfig: ca.Client(stranger.Leaf(client))}); err == nil {
			t.Fatal("it was let in")
		}
	})
	t.Run("settings override the configuration, which sees the environment", func(t *testing.T) {
		answer := get(t, node, "/")
		if answer["cluster_name"] != "named-by-variable" {
			t.Errorf("cluster_name: %v", answer["cluster_name"])
		}
	})
	t.Run("a service token survives a restart", func(t *testing.T) {
		const token = "/_security/service/elastic/kibana/credential/token/mine"
		if status, body, err := node.Call(t.Context(), http.MethodPost, token, nil); err != nil || status != http.StatusOK {
			t.Fatalf("status %d, %v: %s", status, err, body)
		}
		before := node.URL
		if err := node.Restart(t.Context(), map[string]string{"node.attr.zone": "b"}); err != nil {
			t.Fatal(err)
		}
		if node.URL != before {
			t.Errorf("URL changed: %s, then %s", before, node.URL)
		}
		answer := get(t, node, "/_security/service/elastic/kibana/credential")
		if answer["count"] != float64(1) {
			t.Errorf("credentials: %v", answer)
		}
	})
	t.Run("a new certificate is taken up while the node runs", func(t *testing.T) {
		renewed := ca.Leaf(pki.Options{CN: "renewed", SANs: []string{"127.0.0.1"}, ServerAuth: true})
		for name, text := range map[string][]byte{"certs/tls.crt": renewed.Cert, "certs/tls.key": renewed.Key} {
			if err := node.WriteFile(name, text); err != nil {
				t.Fatal(err)
			}
		}
		deadline := time.Now().Add(3 * time.Minute)
		for name := ""; name != "renewed"; name = served(t, node, with.Clone()) {
			if time.Now().After(deadline) {
				t.Fatalf("after 30 s the node still serves the certificate of %q", name)
			}
			time.Sleep(200 * time.Millisecond)
		}
	})
}

func TestOwnedSettingsAreRefused(t *testing.T) {
	_, err := parts.Elasticsearch(t.Context(), parts.Options{Settings: map[string]string{"network.host": "0.0.0.0"}})
	if err == nil || !strings.Contains(err.Error(), "network.host") {
		t.Fatalf("got %v", err)
	}
}

func connect(ctx context.Context, url string, transport *http.Transport) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func get(t *testing.T, node *parts.Node, path string) map[string]any {
	t.Helper()
	status, body, err := node.Call(t.Context(), http.MethodGet, path, nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: status %d, %v: %s", path, status, err, body)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// served returns the common name of the certificate that the node shows.
func served(t *testing.T, node *parts.Node, config *tls.Config) string {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(node.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}
