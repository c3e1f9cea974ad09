//go:build chaos || integration

package chaos

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/test/minting"
)

// leaks remembers every secret value that there ever was, and looks for it in all that a process leaves behind.
type leaks struct {
	mu     sync.Mutex
	values map[string]bool
	looked map[string]int // bytes, by where
}

// newLeaks knows what all lanes of a stage share.
func newLeaks(s *stage) *leaks {
	l := &leaks{values: map[string]bool{minting.Password: true}, looked: map[string]int{}}
	encoded := base64.StdEncoding.EncodeToString
	l.values[strings.TrimRight(encoded([]byte(minting.Username+":"+minting.Password)), "=")] = true // of the header
	// Every service token of the account begins like this, also one whose only holder was killed; and so it is in an object.
	token := encoded([]byte("\x00\x01\x00\x01elastic/kibana/"))[:21]
	l.values[token] = true
	l.values[encoded([]byte(token))] = true
	key, err := os.ReadFile(s.files["key"])
	if err == nil {
		l.values[strings.Split(string(key), "\n")[1]] = true
	}
	for _, token := range s.tokens {
		l.add(token)
	}
	return l
}

// add is for values that cannot be known by how they begin: what a hand made, a ServiceAccount's token.
func (l *leaks) add(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(value) > 40 {
		l.values[value[len(value)-24:]] = true
	}
}

// look searches one process.
func (l *leaks) look(r result) error {
	return errors.Join(l.in("log", r.log), l.in("standard output", r.out), l.in("termination message", r.told), l.in("/proc", r.proc))
}

func (l *leaks) in(where, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looked[where] += len(text)
	for value := range l.values {
		if strings.Contains(text, value) {
			return fmt.Errorf("the %s holds a secret:\n%s", where, text)
		}
	}
	return nil
}

// report searches what is left at the end, and says how much was searched: a search of nothing finds
// nothing, so what is needed must not be empty.
func (l *leaks) report(t *testing.T, s *stage, needed ...string) {
	t.Helper()
	ctx := t.Context()
	events, err := s.admin.CoreV1().Events("").List(ctx, metav1.ListOptions{})
	must(t, err)
	secrets, err := s.admin.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
	must(t, err)
	var metadata strings.Builder
	for _, secret := range secrets.Items {
		fmt.Fprintln(&metadata, secret.ObjectMeta.String())
	}
	log, err := os.ReadFile(s.node.Log)
	must(t, err)
	for where, text := range map[string]string{"list of events": events.String(), "metadata of the Secrets": metadata.String(), "log of Elasticsearch": string(log)} {
		if err := l.in(where, text); err != nil {
			t.Error(err)
		}
	}
	t.Logf("bytes searched for %d secrets: %v; %d events", len(l.values), l.looked, len(events.Items))
	for _, where := range needed {
		if l.looked[where] == 0 {
			t.Errorf("nothing was searched: %s", where)
		}
	}
}

// What is looked for is found where it is.
func TestLeaksAreFound(t *testing.T) {
	l := newLeaks(&stage{})
	token := base64.RawStdEncoding.EncodeToString([]byte("\x00\x01\x00\x01elastic/kibana/elk-mtls_x:0123456789abcdefghijkl"))
	l.add("a ServiceAccount's token, which is long enough to be known")
	for _, text := range []string{
		"x " + token, base64.StdEncoding.EncodeToString([]byte(token)), "pass " + minting.Password, "Basic " + base64.StdEncoding.EncodeToString([]byte(minting.Username+":"+minting.Password)),
		"a ServiceAccount's token, which is long enough to be known",
	} {
		if l.look(result{told: "waited: " + text}) == nil {
			t.Errorf("not found: %s", text)
		}
	}
	if err := l.look(result{log: "elk-mtls_elk_kibana-elk-mtls-token_0000"}); err != nil {
		t.Error(err)
	}
}
