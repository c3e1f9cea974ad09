package initcontainer

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// hostile is a server that has the certificate of Elasticsearch, and means us no good.
func hostile(t *testing.T, answer http.HandlerFunc) (flags []string, dir string) {
	t.Helper()
	dir = t.TempDir()
	ca := pki.NewCA("test CA")
	pair := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	server := httptest.NewUnstartedServer(answer)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return []string{
		"--elasticsearch-url=" + server.URL, "--ca=" + file(t, dir, "ca", ca.Cert), "--username-file=" + file(t, dir, "username", []byte("minter")),
		"--password-file=" + file(t, dir, "password", []byte(echoed)), "--termination-log=" + filepath.Join(dir, "log"), "--secret-out=" + filepath.Join(dir, "out"),
		"--timeout=200ms",
	}, dir
}

const echoed = "correct horse battery"

// Nothing that the server sends back of our login reaches a log, nor does what a terminal would obey.
func TestAServerThatEchoes(t *testing.T) {
	for _, status := range []int{401, 403, 429, 500, 503, 400, 200} {
		for _, format := range []string{"text", "json"} {
			flags, dir := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				header := r.Header.Get("Authorization")
				user, password, _ := r.BasicAuth()
				echo := strings.Repeat("x", 250) + header + " " + user + ":" + password + " " + base64.StdEncoding.EncodeToString([]byte(password)) + " \x1b[2J\u009b31m\u202e\r\n"
				w.Header().Set("X-Elastic-Product", "Elasticsearch")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_ = json.NewEncoder(w).Encode(map[string]any{
					"error": map[string]any{"type": password, "reason": echo}, "status": echo, "username": echo, "roles": []string{echo},
				})
			})
			var out, stderr bytes.Buffer
			code := run(append([]string{"ensure", "--log-format=" + format}, flags...), nil, &out, &stderr)
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			all := out.String() + stderr.String() + string(text)
			if code == 0 {
				t.Errorf("%d: exit 0", status)
			}
			for _, bad := range []string{echoed, base64.StdEncoding.EncodeToString([]byte("minter:" + echoed)), "Y29ycmVjdCBob3JzZ", "\x1b", "\u009b", "\u202e", "\r"} {
				if strings.Contains(all, bad) {
					t.Errorf("%d, %s: %q is in\n%q", status, format, bad, all)
				}
			}
			out.Reset()
			doctor := append([]string{"doctor", "--secret=x", "--namespace=x"}, flags[:5]...)
			run(doctor, nil, &out, &stderr)
			if all := out.String() + stderr.String(); strings.Contains(all, echoed) || strings.ContainsAny(all, "\x1b\u009b\u202e\r") {
				t.Errorf("doctor, %d: %q", status, all)
			}
		}
	}
}

// A small answer that becomes a large one, and a large one, take no more memory than an ordinary one.
func TestABomb(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	zeros := make([]byte, 1<<20)
	for range 256 {
		_, _ = z.Write(zeros)
	}
	must(t, z.Close())
	for name, answer := range map[string]http.HandlerFunc{
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		},
		"deep": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(`{"tokens":`, 1<<17))
		},
	} {
		t.Run(name, func(t *testing.T) {
			flags, _ := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Elastic-Product", "Elasticsearch")
				answer(w, r)
			})
			done := make(chan uint64)
			stop := make(chan struct{})
			go func() {
				var most uint64
				for {
					select {
					case <-stop:
						done <- most
						return
					case <-time.After(5 * time.Millisecond):
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						most = max(most, m.HeapAlloc)
					}
				}
			}()
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			var out, stderr bytes.Buffer
			code := run(append([]string{"ensure"}, flags...), nil, &out, &stderr)
			close(stop)
			if most := <-done; code == 0 || most > before.HeapAlloc+24<<20 {
				t.Errorf("exit %d, %d MB more than before\n%s", code, (most-before.HeapAlloc)>>20, stderr.String())
			}
		})
	}
}

// What dribbles is waited for as long as for silence, and no longer.
func TestAServerThatDribbles(t *testing.T) {
	flags, _ := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	var out, stderr bytes.Buffer
	begin := time.Now()
	if code := run(append([]string{"ensure"}, flags...), nil, &out, &stderr); code != 10 || time.Since(begin) > 5*time.Minute {
		t.Errorf("exit %d after %s\n%s", code, time.Since(begin), stderr.String())
	}
}
