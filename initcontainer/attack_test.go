package initcontainer

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// canned answers requests of one method in the place of the API server, so many times; all if 0.
type canned struct {
	method string
	status int
	body   string
	times  int
	next   http.RoundTripper
	asked  *int
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != c.method || c.times > 0 && *c.asked >= c.times {
		return c.next.RoundTrip(req)
	}
	*c.asked++
	return &http.Response{
		StatusCode: c.status, Status: http.StatusText(c.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"1"}}, Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

const (
	refusal409 = `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 409, "reason": "Conflict", "message": "the object has been modified"}`
	refusal410 = `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Gone", "message": "too old resource version"}`
	refusal429 = `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 429, "reason": "TooManyRequests", "message": "slow down"}`
	bareSecret = `{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "another", "namespace": "elk", "uid": "1", "resourceVersion": "1"}}`
	noRecords  = `{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "kibana-elk-mtls-token", "namespace": "elk", "uid": "1", "resourceVersion": "9"}}`
	noVersion  = `{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "kibana-elk-mtls-token", "namespace": "elk"}}`
)

// Whatever stands between us and the API server, or takes its place, may say what it likes: a token that works stays, none is
// written without a lock, none is lost in silence, and the time that we have is kept.
func TestAnAPIServerThatSaysAnything(t *testing.T) {
	for _, test := range []struct {
		name         string
		answer       canned
		blank, works failure.Cause // with an empty Secret; with a token that works
	}{
		{"a page of a proxy", canned{method: "GET", status: 200, body: "<html>hello</html>"}, failure.Other, failure.Other},
		{"an empty object", canned{method: "GET", status: 200, body: "{}"}, failure.Other, failure.Other},
		{"nothing", canned{method: "GET", status: 200}, failure.Other, failure.Other},
		{"null", canned{method: "GET", status: 200, body: "null"}, failure.Other, failure.Other},
		{"another Secret", canned{method: "GET", status: 200, body: bareSecret}, failure.Other, failure.Other},
		{"a Secret without a version", canned{method: "GET", status: 200, body: noVersion}, failure.Other, failure.Other},
		{"a success that is none", canned{method: "GET", status: 200, body: `{"kind": "Status", "apiVersion": "v1", "status": "Success"}`}, failure.Other, failure.Other},
		{"elsewhere", canned{method: "GET", status: 302}, failure.Other, failure.Other},
		{"overloaded", canned{method: "GET", status: 429, body: refusal429}, failure.Other, failure.Other},
		{"overloaded for a while", canned{method: "GET", status: 429, body: refusal429, times: 5}, failure.None, failure.None},
		{"gone", canned{method: "GET", status: 410, body: refusal410}, failure.Other, failure.Other},
		{"conflicts without an end", canned{method: "PATCH", status: 409, body: refusal409}, failure.Other, failure.None},
		{"conflicts for a while", canned{method: "PATCH", status: 409, body: refusal409, times: 7}, failure.None, failure.None},
		{"writes are gone", canned{method: "PATCH", status: 410, body: refusal410}, failure.Other, failure.None},
		{"writes are too many", canned{method: "PATCH", status: 429, body: refusal429}, failure.Other, failure.None},
		{"a write that is answered with another Secret", canned{method: "PATCH", status: 200, body: bareSecret}, failure.Other, failure.None},
		{"a webhook that takes our records out", canned{method: "PATCH", status: 200, body: noRecords}, failure.Other, failure.None},
		{"a write that is answered with nothing", canned{method: "PATCH", status: 200}, failure.Other, failure.None},
	} {
		for _, works := range []bool{false, true} {
			name, want := test.name+", with an empty Secret", test.blank
			if works {
				name, want = test.name+", with a token that works", test.works
			}
			t.Run(name, func(t *testing.T) {
				w, es, _ := localWorld(t)
				if works {
					w.start(t, "pod-a").ends(0)
				}
				before := w.state(t)
				test.answer.asked = new(int)
				w.kubernetes = rest.CopyConfig(w.kubernetes)
				w.kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper {
					c := test.answer
					c.next = next
					return c
				})
				clock := newTestClock()
				begin := clock.now()
				log, err := w.timed(t, "pod-b", clock)
				if failure.Of(err) != want {
					t.Errorf("cause %d, want %d: %v\n%s", failure.Of(err), want, err, log)
				}
				if took := clock.now().Sub(begin); took > 6*time.Minute {
					t.Errorf("it took %s", took)
				}
				after := w.state(t)
				if works && (after.Has != before.Has || !w.alive(t, before.Has)) {
					t.Errorf("the Secret has %s, had %s", after.Has, before.Has)
				}
				if err != nil && len(es.Tokens()) > 1 {
					t.Errorf("it made %d tokens", len(es.Tokens()))
				}
			})
		}
	}
}

// What Secrets are like that are not as the release renders them: nothing in them but our key is touched.
func TestSecretsOfOtherKinds(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*corev1.Secret)
		want failure.Cause
	}{
		{"with other keys", func(s *corev1.Secret) { s.Data = map[string][]byte{"other": []byte("x"), "token2": {0, 1, 2}} }, failure.None},
		{"of a certificate", func(s *corev1.Secret) {
			s.Type = corev1.SecretTypeTLS
			s.Data = map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("y")}
		}, failure.None},
		{"of a ServiceAccount", func(s *corev1.Secret) {
			s.Type = corev1.SecretTypeServiceAccountToken
			s.Data = map[string][]byte{"token": []byte("eyJhbGciOi.eyJpc3Mi.c2ln")}
		}, failure.SecretForeign},
		{"with an empty value", func(s *corev1.Secret) { s.Data = map[string][]byte{"token": {}} }, failure.None},
		{"with a line end for a value", func(s *corev1.Secret) { s.Data = map[string][]byte{"token": []byte("\n")} }, failure.SecretForeign},
		{"with records that nobody can read", func(s *corev1.Secret) {
			s.Annotations = map[string]string{"elk-mtls.dev/claim": "../../_all x y", "elk-mtls.dev/abandoned": "a/../b=zzz,,=,", "elk-mtls.dev/previous": "%2e%2e"}
		}, failure.None},
		{"that is being deleted", func(s *corev1.Secret) {
			s.DeletionTimestamp, s.Finalizers = new(metav1.Now()), []string{"example.org/keep"}
		}, failure.SecretMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, es, _ := localWorld(t)
			w.edit(test.edit)
			before := w.read()
			log, err := w.plain(t, "pod-a")
			if failure.Of(err) != test.want {
				t.Errorf("cause %d, want %d: %v\n%s", failure.Of(err), test.want, err, log)
			}
			after := w.read()
			if after.Type != before.Type {
				t.Errorf("the type is %s, was %s", after.Type, before.Type)
			}
			for key, value := range before.Data {
				if key != testKey && string(after.Data[key]) != string(value) {
					t.Errorf("%s is %q, was %q", key, after.Data[key], value)
				}
			}
			if err != nil && len(es.Tokens()) > 0 {
				t.Errorf("it made %d tokens", len(es.Tokens()))
			}
		})
	}
}

// Who takes the place of Elasticsearch and answers 200 says nothing of a token: it stays, and none is made.
func TestAnElasticsearchThatSaysNothing(t *testing.T) {
	for _, body := range []string{"{}", "null", "[]", `""`, `{"username": null}`, "<html></html>", ""} {
		for _, on := range []string{"GET /_security/_authenticate", "GET /_security/service", "GET /_cluster/health"} {
			t.Run(on+" "+body, func(t *testing.T) {
				w, es, api := localWorld(t)
				w.start(t, "pod-a").ends(0)
				before, writes := w.state(t), api.Writes()
				es.Fail(standin.Fault{On: on, Status: 200, Body: body})
				log, err := w.plain(t, "pod-b", func(o *config.Ensure) { o.Timeout = time.Minute })
				es.Heal()
				if after := w.state(t); after.Has != before.Has || !w.alive(t, before.Has) || api.Writes() != writes {
					t.Errorf("%v\n%s", err, log)
				}
			})
		}
	}
}

// Clocks that jump by hours, in the middle of a run, forwards and back: a token that works stays, and an end comes.
func TestAClockThatJumps(t *testing.T) {
	for _, jump := range []time.Duration{-26 * time.Hour, -time.Hour, -time.Minute, time.Minute, 26 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			w, es, _ := localWorld(t)
			w.start(t, "pod-a").ends(0)
			before := w.state(t)
			clock := newTestClock()
			around := 0
			w.kubernetes = rest.CopyConfig(w.kubernetes)
			w.kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper {
				return tripper(func(req *http.Request) (*http.Response, error) {
					if around++; around == 2 {
						clock.advance(jump)
					}
					return next.RoundTrip(req)
				})
			})
			es.Fail(standin.Fault{On: "GET /_security", Status: 503, Times: 12})
			log, err := w.timed(t, "pod-b", clock)
			if after := w.state(t); after.Has != before.Has || !w.alive(t, before.Has) {
				t.Errorf("%v\n%s", err, log)
			}
			if err != nil && jump < 5*time.Minute {
				t.Errorf("%v\n%s", err, log)
			}
		})
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
