//go:build cluster

package cluster

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

const nodes = 3

// A live cluster of three nodes goes from no certificates to required ones, and then from one CA to another, while a client
// makes requests all the time.
func TestStages(t *testing.T) {
	var c *client
	t.Cleanup(func() { // after all that is told of the pods
		if t.Failed() && c != nil {
			t.Logf("requests that failed:\n%s", strings.Join(c.failures[:min(10, len(c.failures))], "\n"))
		}
	})
	s := newStack(t, 4, nil)
	mine := s.ca.Leaf(pki.Options{CN: "client", ClientAuth: true})
	s.apply("es", s.cluster(), s.patched("--client-authentication=none")...)
	s.awaitReady(elasticsearchPods, nodes)
	s.demands(false)

	c = s.newClient(s.ca.Client(mine))
	for _, stage := range []string{"optional", "required"} {
		s.step("to "+stage, func(s *stack) {
			old := s.pods(elasticsearchPods)
			s.apply("es", s.cluster(), s.patched("--client-authentication="+stage)...)
			s.awaitReady(elasticsearchPods, nodes, old...)
			s.demands(stage == "required")
			c.noneFailed(s.t)
		})
	}
	s.step("to another CA", func(s *stack) { s.rollOver(c, mine) })
	c.stop()
}

// cluster is the rendering with the chart's own number of nodes, and with certificates that are not the chart's: those
// that it makes nobody can renew.
func (s *stack) cluster() string {
	text := edited(s.stock.elasticsearch, small(s.ns), s.stock.nodes(nodes),
		substitute(`(?m)^ +client_authentication: optional.*\n`, "")) // our example's own; it would contradict none
	var kept []string
	for _, document := range strings.SplitAfter(text, "\n---\n") {
		if !strings.Contains(document, "name: "+certificate+"\n  labels") {
			kept = append(kept, document)
		}
	}
	s.putCertificates(s.ca.Cert, s.pair)
	return strings.Join(kept, "")
}

// rollOver changes everybody's CA, as the documents say: both are trusted for a while. No pod is restarted.
func (s *stack) rollOver(c *client, mine pki.Pair) {
	pods := s.pods(elasticsearchPods)
	next := pki.NewCA("next")
	server, own := next.Leaf(serverAndClient()), next.Leaf(pki.Options{CN: "client", ClientAuth: true})
	both := append(append([]byte(nil), s.ca.Cert...), next.Cert...)
	trustBoth := func(pair pki.Pair) *tls.Config {
		config := s.ca.Client(pair)
		config.RootCAs.AppendCertsFromPEM(next.Cert)
		return config
	}

	s.putCertificates(both, s.pair)
	s.everyNode(pods, "trusts the new CA too", func(p corev1.Pod) error { return s.answersTo(p, trustBoth(own)) })
	c.use(trustBoth(mine))

	s.putCertificates(both, server)
	onlyNext := next.Client(mine)
	s.everyNode(pods, "has a certificate of the new CA", func(p corev1.Pod) error { return s.answersTo(p, onlyNext) })
	c.use(trustBoth(own))

	s.putCertificates(next.Cert, server)
	s.everyNode(pods, "no longer trusts the old CA", func(p corev1.Pod) error {
		if err := s.answersTo(p, onlyNext); err == nil {
			return errors.New("it still does")
		}
		return s.answersTo(p, next.Client(own))
	})
	time.Sleep(3 * time.Second) // of requests, and of probes
	for _, p := range s.pods(elasticsearchPods) {
		if !contains(pods, p) || !ready(&p) || p.Status.ContainerStatuses[0].RestartCount != 0 {
			s.t.Errorf("pod %s has restarted, or is not ready", p.Name)
		}
	}
	c.noneFailed(s.t)
}

func (s *stack) everyNode(pods []corev1.Pod, what string, try func(corev1.Pod) error) {
	s.t.Helper()
	for _, p := range pods {
		s.eventually("node "+p.Name+" "+what, func() error { return try(p) })
	}
}

// A client makes one request after the other, on a new connection each, until it is stopped.
type client struct {
	s    *stack
	end  chan struct{}
	once sync.Once
	done sync.WaitGroup

	mutex    sync.Mutex
	config   *tls.Config
	requests int
	again    int // connections that could not be made, or broke, and were made again
	failures []string
}

// newClient starts a client, which the end of the test stops.
func (s *stack) newClient(config *tls.Config) *client {
	c := &client{s: s, end: make(chan struct{}), config: config}
	password := s.password()
	for range 2 {
		c.done.Go(func() {
			for {
				select {
				case <-c.end:
					return
				case <-time.After(20 * time.Millisecond):
					c.request(password)
				}
			}
		})
	}
	s.t.Cleanup(c.stop)
	return c
}

func (c *client) stop() {
	c.once.Do(func() { close(c.end) })
	c.done.Wait()
}

// use changes the client's certificate, or whom it trusts.
func (c *client) use(config *tls.Config) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.config = config
}

// tries are as many as the official clients make: a node that stops breaks connections, also under the stock chart.
const tries = 1 + 3

// request makes one request. Like the official clients it tries again, on another connection, when there was no connection,
// it broke, or a node could not answer just now; unlike them it never does when TLS was refused.
func (c *client) request(password string) {
	var err error
	for try := range tries {
		c.mutex.Lock()
		config := c.config
		if try > 0 {
			c.again++
		}
		c.mutex.Unlock()
		var status int
		if status, err = get(c.s.transport(config), password); err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		if err == nil || !noConnection(err) && !passing(status) {
			break
		}
		time.Sleep(time.Duration(try+1) * 200 * time.Millisecond) // a node that is gone is gone from the Service soon
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.requests++
	if err != nil {
		c.failures = append(c.failures, time.Now().Format(time.TimeOnly)+" "+err.Error())
	}
}

// passing tells the answers of a node whose cluster has just lost another: it knows no master, or of .security no primary.
// Then it answers even the right password of a reserved user by 401.
func passing(status int) bool {
	return slices.Contains([]int{http.StatusUnauthorized, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

func get(transport *http.Transport, password string) (int, error) {
	client := http.Client{Timeout: 20 * time.Second, Transport: transport}
	request, err := http.NewRequest(http.MethodGet, elasticsearchURL+authenticate, nil)
	if err != nil {
		return 0, err
	}
	request.SetBasicAuth("elastic", password)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// noConnection tells a connection that could not be made, or broke, from one that was refused by TLS.
func noConnection(err error) bool {
	var timeout net.Error
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// noneFailed holds that up to now no request has failed, and that there were some.
func (c *client) noneFailed(t *testing.T) {
	t.Helper()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.failures) > 0 {
		t.Errorf("%d of %d requests failed, the first: %s", len(c.failures), c.requests, strings.Join(slices.Compact(c.failures[:min(5, len(c.failures))]), "\n"))
	}
	if c.requests < 100 {
		t.Errorf("only %d requests were made: this test shows nothing", c.requests)
	}
	t.Logf("%d requests, %d failed, %d connections made again", c.requests, len(c.failures), c.again)
}
