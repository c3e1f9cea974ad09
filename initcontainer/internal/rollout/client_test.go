package rollout

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"k8s.io/client-go/rest"
)

// pages answers a list of pods in two pages, the second one with that status.
func pages(t *testing.T, status int, asked *[]string) *Client {
	t.Helper()
	const pod = `{"metadata": {"name": %q}, "spec": {"volumes": [{"name": "x", "secret": {"secretName": "token"}}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path+" "+r.URL.Query().Get("limit")+" "+r.URL.Query().Get("continue"))
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("continue") == "" {
			_, _ = fmt.Fprintf(w, `{"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": "a+b="}, "items": [`+pod+`]}`, "first")
			return
		}
		w.WriteHeader(status)
		if status != http.StatusOK {
			_, _ = fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": %d, "reason": "Expired"}`, status)
			return
		}
		_, _ = fmt.Fprintf(w, `{"kind": "PodList", "apiVersion": "v1", "items": [`+pod+`]}`, "second")
	}))
	t.Cleanup(server.Close)
	c, err := New(&rest.Config{Host: server.URL + "/k8s/clusters/one"}, "elk", "token")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPodsComeInPages(t *testing.T) {
	var asked []string
	pods, err := pages(t, http.StatusOK, &asked).Pods(t.Context())
	if err != nil || len(pods) != 2 || pods[1].Name != "second" {
		t.Errorf("%v, %v", pods, err)
	}
	const path = "/k8s/clusters/one/api/v1/namespaces/elk/pods 100 "
	if want := []string{path, path + "a+b="}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

// A list that broke off is none: whoever deletes a token by it would miss a pod.
func TestHalfAListIsAnError(t *testing.T) {
	var asked []string
	if pods, err := pages(t, http.StatusGone, &asked).Pods(t.Context()); err == nil || pods != nil {
		t.Errorf("%v, %v", pods, err)
	}
}
