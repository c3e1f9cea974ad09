// Package kubefake gives an API server with one Secret in it, for tests: get and merge patch with the resourceVersion
// semantics of the real one, and the hand of a person or of Helm that changes the Secret in between. There may be
// Deployments whose pods use the Secret. Every other call is answered 403, as a Role on these names would.
package kubefake

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Server is the API server.
type Server struct {
	URL       string
	Workloads *Workloads
	http      *httptest.Server

	mu      sync.Mutex
	secret  *corev1.Secret // nil: not there
	version int
	writes  int
	deny    int // answer this to everything
	noPatch int // answer this to every patch
	torn    bool
	name    string
	taken   map[string]bool // "verb resource" that the Role lacks
}

// Start begins to serve a blank Secret.
func Start(namespace, name string) *Server {
	s := &Server{name: name, taken: map[string]bool{}}
	s.Workloads = &Workloads{server: s}
	s.create(namespace, name)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close ends it.
func (s *Server) Close() { s.http.Close() }

func (s *Server) create(namespace, name string) {
	s.secret = &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: uid()},
		Type:       corev1.SecretTypeOpaque,
	}
	s.moved()
}

// uid is one that no object of any cluster has.
func uid() types.UID {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

func (s *Server) moved() {
	s.version++
	s.secret.ResourceVersion = strconv.Itoa(s.version)
}

// Change lets somebody change the Secret; its resourceVersion moves. With an empty Secret, somebody replaces it by a
// blank one.
func (s *Server) Change(edit func(*corev1.Secret)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(s.secret)
	s.moved()
}

// Delete takes the Secret away, and Render brings a blank one with a new UID, as the next helm upgrade does.
func (s *Server) Delete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = nil
}

// Render brings a blank Secret.
func (s *Server) Render(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.create(namespace, name)
}

// Deny answers every call with this status; 0 ends that.
func (s *Server) Deny(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = status
}

// DenyPatch answers every patch with this status; 0 ends that.
func (s *Server) DenyPatch(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noPatch = status
}

// Tear ends the connection in the middle of every answer; false ends that.
func (s *Server) Tear(torn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.torn = torn
}

// Secret returns a copy of it, nil where there is none.
func (s *Server) Secret() *corev1.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secret.DeepCopy()
}

// Writes counts the patches that changed something.
func (s *Server) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// ServeHTTP answers get and merge patch.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := s.answer(r, body)
	w.Header().Set("Content-Type", "application/json")
	if s.torn {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"kind": `)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) answer(r *http.Request, body []byte) (int, any) {
	asked := callOf(r)
	switch {
	case s.deny != 0:
		return refuse(s.deny, asked.forbidden())
	case s.noPatch != 0 && r.Method == http.MethodPatch:
		return refuse(s.noPatch, asked.forbidden())
	case s.taken[asked.verb+" "+asked.resource]:
		return refuse(http.StatusForbidden, asked.forbidden())
	case asked.resource == "selfsubjectaccessreviews", asked.resource == "localsubjectaccessreviews":
		return s.review(body)
	}
	if status, answer, ok := s.Workloads.answer(r, body); ok {
		return status, answer
	}
	if selector := r.URL.Query().Get("labelSelector"); asked.verb == "list" && selector != "" && asked.resource != "pods" {
		return s.Workloads.labelled(asked.resource, selector)
	}
	if asked.verb == "list" && asked.resource == "secrets" { // metadata, as it is asked for
		items := []any{}
		if s.secret != nil {
			items = append(items, map[string]any{"metadata": map[string]any{"name": s.secret.Name, "uid": s.secret.UID}})
		}
		return http.StatusOK, map[string]any{"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": items}
	}
	path := ""
	if s.secret != nil {
		path = "/api/v1/namespaces/" + s.secret.Namespace + "/secrets/" + s.secret.Name
	}
	switch {
	case s.secret == nil, asked.name == s.name && s.secret.Name != s.name:
		return refuse(http.StatusNotFound, "secrets not found")
	case r.URL.Path != path:
		return refuse(http.StatusForbidden, asked.forbidden())
	case r.Method == http.MethodGet:
		return http.StatusOK, s.secret
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") == string(types.MergePatchType) && r.URL.Query().Get("fieldManager") == "elk-mtls-init":
		return s.patch(body)
	}
	return refuse(http.StatusForbidden, asked.forbidden())
}

// patch is a merge patch on annotations and data, which is all that our program sends.
// https://www.rfc-editor.org/rfc/rfc7386
func (s *Server) patch(body []byte) (int, any) {
	var p struct {
		Metadata struct {
			ResourceVersion string             `json:"resourceVersion"`
			Annotations     map[string]*string `json:"annotations"`
		} `json:"metadata"`
		Data map[string]*[]byte `json:"data"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return refuse(http.StatusUnprocessableEntity, "invalid: "+string(body)) // the real one quotes the object, too
	}
	if v := p.Metadata.ResourceVersion; v != "" && v != s.secret.ResourceVersion {
		return refuse(http.StatusConflict, "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again")
	}
	next := s.secret.DeepCopy()
	next.Annotations = merge(next.Annotations, p.Metadata.Annotations)
	next.Data = merge(next.Data, p.Data)
	if next.Immutable != nil && *next.Immutable && !reflect.DeepEqual(next.Data, s.secret.Data) {
		status, answer := refuse(http.StatusUnprocessableEntity, "invalid: "+string(body))
		answer.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "FieldValueForbidden", Field: "data"}}}
		return status, answer
	}
	if !reflect.DeepEqual(next, s.secret) {
		next.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "elk-mtls-init", Time: new(metav1.Now())}}
		s.secret = next
		s.moved()
		s.writes++
	}
	return http.StatusOK, s.secret
}

func merge[V any](into map[string]V, changes map[string]*V) map[string]V {
	into = maps.Clone(into)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		switch value := changes[key]; {
		case value == nil:
			delete(into, key)
		case into == nil:
			into = map[string]V{key: *value}
		default:
			into[key] = *value
		}
	}
	return into
}

func refuse(code int, message string) (int, *metav1.Status) {
	reasons := map[int]metav1.StatusReason{
		http.StatusNotFound: metav1.StatusReasonNotFound, http.StatusForbidden: metav1.StatusReasonForbidden,
		http.StatusConflict: metav1.StatusReasonConflict, http.StatusUnprocessableEntity: metav1.StatusReasonInvalid,
	}
	return code, &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reasons[code], Message: message,
	}
}
