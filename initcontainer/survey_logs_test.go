package initcontainer

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/pods"
)

// listener reads logs for a test that looks at what it says.
func listener() *logs {
	return &logs{clock: systemClock(), heard: make(chan heard, 64)}
}

// hears waits until the readers have said these words: a line, or in brackets what else they tell.
func (l *logs) hears(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for until := time.After(time.Minute); len(got) < len(want); {
		select {
		case h := <-l.heard:
			for _, word := range []string{h.note, h.lost} {
				if word != "" {
					got = append(got, "("+word+")")
				}
			}
			if h.line != "" {
				got = append(got, h.line)
			}
		case <-until:
			t.Fatalf("heard only %q of %q", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A log outside Kubernetes is read from its present end, through its rotations, and each of these is told of.
func TestLogOfAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write := func(name, text string) {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err == nil {
			err = file.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := listener()
	write(name, "before\n")
	if err := s.readFile(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	write(name, "one\ntw")
	s.hears(t, "one")
	write(name, "o\n")
	s.hears(t, "two")

	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(name+".1", "three\n") // who writes it still has it open
	write(name, "four\n")
	s.hears(t, "three", "(its log was rotated)", "four")

	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	s.hears(t, "(its log was rotated)", "(its log was made shorter: lines may be missing)")
	write(name, "five\n")
	s.hears(t, "five")

	if s.readFile(t.Context(), name+".none") == nil {
		t.Error("a file that is not there is read")
	}
}

// The log of a pod is read again when its stream has ended. Where the last line does not come again, lines are missing.
func TestLogOfAPod(t *testing.T) {
	streams := [][]string{{"1 one", "2 two"}, {"2 two", "3 three"}, {"5 five"}, {"5 five", "6 six"}}
	asked := make(chan string, 64)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("previous") == "true" {
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		asked <- r.URL.Query().Get("sinceTime")
		if len(streams) == 0 {
			<-r.Context().Done()
			return
		}
		for _, line := range streams[0] {
			second, text, _ := strings.Cut(line, " ")
			_, _ = fmt.Fprintf(out, "2026-11-30T09:00:0%s.5Z %s\n", second, text)
		}
		streams = streams[1:]
	}))
	defer server.Close()
	kube, err := pods.New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := listener()
	s.kube = kube
	go s.follow(ctx, "es-0", pods.Pod{Namespace: "elastic", Name: "es-0", Container: "main"}, time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC))
	s.hears(t, "one", "two", "three", "(lines of its log are missing)", "five", "six")
	for _, want := range []string{"2026-11-30T09:00:00Z", "2026-11-30T09:00:02Z", "2026-11-30T09:00:03Z", "2026-11-30T09:00:05Z"} {
		if got := <-asked; got != want {
			t.Errorf("the log is asked for since %s, want %s", got, want)
		}
	}
}
