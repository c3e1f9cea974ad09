package initcontainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// renewals is where renew is tried: a fake API server in go test, a real one with -tags integration.
type renewals struct {
	kubernetes *rest.Config
	namespace  string
	real       bool

	put        func(secret string, data map[string][]byte) // makes or changes a Secret
	workload   func(name, mark string)                     // makes a Deployment
	generation func(name string) int64                     // how often its spec was changed, and once for being made
	annotate   func(name string, annotations map[string]string)
}

// pass runs renew once, over a transport that may cut it.
func (w *renewals) pass(ctx context.Context, t *testing.T, cut func(http.RoundTripper) http.RoundTripper, names ...string) (string, error) {
	t.Helper()
	var log bytes.Buffer
	o := config.Renew{Namespace: w.namespace, Timeout: 5 * time.Minute, KubeletPause: 90 * time.Second}
	for _, name := range names {
		o.Workloads = append(o.Workloads, rollout.Workload{Kind: "Deployment", Name: name})
	}
	kube := rest.CopyConfig(w.kubernetes)
	if cut != nil {
		kube.Wrap(cut)
	}
	c := newTestClock().clock()
	if w.real {
		advance := c.sleep
		c.sleep = func(ctx context.Context, d time.Duration) { // controllers need some time of their own
			advance(ctx, d/100)
			time.Sleep(min(d, 5*time.Millisecond))
		}
	}
	err := renew(ctx, o, edge{clock: c, log: slog.New(slog.NewTextHandler(&log, nil)), stdout: &log, kubernetes: kube})
	return log.String(), err
}

// fakeRenewals is a world with an API server of its own: Secrets, and Deployments whose pods are ready at once.
func fakeRenewals(t *testing.T) (*renewals, *fakeAPI) {
	t.Helper()
	f := &fakeAPI{secrets: map[string]map[string][]byte{}, workloads: map[string]*fakeWorkload{}, forbidden: map[string]bool{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return &renewals{
		kubernetes: &rest.Config{Host: server.URL}, namespace: "elk",
		put: func(secret string, data map[string][]byte) { f.do(func() { f.secrets[secret] = maps.Clone(data) }) },
		workload: func(name, mark string) {
			f.do(func() {
				f.workloads[name] = &fakeWorkload{generation: 1, version: 1, annotations: map[string]string{
					contract.AnnotationMode: "cert-token", contract.AnnotationReadsOnce: mark,
				}}
			})
		},
		generation: func(name string) (n int64) {
			f.do(func() { n = f.workloads[name].generation })
			return n
		},
		annotate: func(name string, all map[string]string) { f.do(func() { f.workloads[name].annotations = all }) },
	}, f
}

// fakeAPI answers get and merge patch as the real one does, as far as renew can tell.
type fakeAPI struct {
	mu        sync.Mutex
	secrets   map[string]map[string][]byte
	workloads map[string]*fakeWorkload
	forbidden map[string]bool // "verb resource"
	bundle    string          // what the one ConfigMap has in ca.crt
	stuck     map[string]bool // Deployments whose new pods never become ready
	spec      map[string]any  // of every Deployment, besides
}

type fakeWorkload struct {
	generation, version   int64
	annotations, template map[string]string
}

func (f *fakeAPI) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	status, answer := f.answer(r, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *fakeAPI) answer(r *http.Request, body []byte) (int, any) {
	refuse := func(code int, message string) (int, any) {
		return code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}
	}
	at := strings.Split(r.URL.Path, "/")
	resource, name := at[len(at)-2], at[len(at)-1]
	verb := strings.ToLower(r.Method)
	if f.forbidden[verb+" "+resource] {
		return refuse(http.StatusForbidden, fmt.Sprintf("%s %q is forbidden: cannot %s resource %q", resource, name, verb, resource))
	}
	if resource == "secrets" {
		data, there := f.secrets[name]
		if !there {
			return refuse(http.StatusNotFound, "secrets not found")
		}
		return http.StatusOK, map[string]any{"kind": "Secret", "apiVersion": "v1", "metadata": map[string]any{"name": name}, "data": data}
	}
	if resource == "configmaps" && name == "trust" {
		return http.StatusOK, map[string]any{"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{"name": name}, "data": map[string]string{"ca.crt": f.bundle}}
	}
	d := f.workloads[name]
	if resource != "deployments" || d == nil {
		return refuse(http.StatusNotFound, resource+" not found")
	}
	if verb == "patch" && !d.patch(body) {
		return refuse(http.StatusConflict, "the object has been modified")
	}
	ready := 1
	if f.stuck[name] && d.generation > 1 {
		ready = 0
	}
	spec := map[string]any{"replicas": 1, "template": map[string]any{"metadata": map[string]any{"annotations": d.template}}}
	maps.Copy(spec, f.spec)
	return http.StatusOK, map[string]any{
		"kind": "Deployment", "apiVersion": "apps/v1", "spec": spec,
		"metadata": map[string]any{"name": name, "generation": d.generation, "resourceVersion": strconv.FormatInt(d.version, 10), "annotations": d.annotations},
		"status":   map[string]any{"observedGeneration": d.generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready},
	}
}

// patch is a merge patch under the lock of the resourceVersion; a template that changes is a new generation.
func (d *fakeWorkload) patch(body []byte) bool {
	var p struct {
		Metadata struct {
			ResourceVersion string
			Annotations     map[string]string
		}
		Spec struct {
			Template struct {
				Metadata struct{ Annotations map[string]string }
			}
		}
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Metadata.ResourceVersion != strconv.FormatInt(d.version, 10) {
		return false
	}
	d.version++
	d.annotations = merged(d.annotations, p.Metadata.Annotations)
	if next := merged(d.template, p.Spec.Template.Metadata.Annotations); !maps.Equal(next, d.template) {
		d.template = next
		d.generation++
	}
	return true
}

func merged(to, from map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, to)
	maps.Copy(all, from)
	return all
}

// guillotine kills a run at one of its requests: before it is sent, or when it has acted and nobody has heard of it.
type guillotine struct {
	next  http.RoundTripper
	stop  context.CancelFunc
	left  *int // requests until then
	acted bool
}

var errKilled = errors.New("killed")

func (g guillotine) RoundTrip(r *http.Request) (*http.Response, error) {
	*g.left--
	if *g.left != 0 {
		return g.next.RoundTrip(r)
	}
	if g.acted {
		if answer, err := g.next.RoundTrip(r); err == nil {
			_ = answer.Body.Close()
		}
	}
	g.stop()
	return nil, errKilled
}
