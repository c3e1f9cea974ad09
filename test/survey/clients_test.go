//go:build integration || survey

package survey

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// kind is how a client behaves.
type kind string

const (
	kept    kind = "kept"    // one connection, a request now and then
	pooled  kind = "pooled"  // several connections at a time
	short   kind = "short"   // a connection for each request
	rare    kind = "rare"    // one request somewhere in the window
	last    kind = "last"    // one request in the last second
	idle    kind = "idle"    // a request before the window, then nothing on the open connection
	proxied kind = "proxied" // behind a proxy, which adds X-Forwarded-For and has its own connection
	wrong   kind = "wrong"   // kept, with a wrong password: Elasticsearch answers 401
)

var kinds = []kind{kept, pooled, short, rare, last, idle, proxied, wrong}

// client is one of a set. Its address is that of its pod.
type client struct {
	set, pod    string
	ip, agent   string
	kind        kind
	certificate bool
	six         bool

	password string
	tls      *tls.Config
	url      string

	sent atomic.Int64 // requests that Elasticsearch answered inside the window
	late atomic.Int64 // those that it did not, or not in time: a machine that stalls; they may be in the evidence
	mu   sync.Mutex
	errs []error
	http *http.Client
	stop func()
}

// key is by what a report names it.
func (c *client) key() string { return c.ip + " " + c.agent }

// clientsOf puts a set together. Addresses are those of a pod each; two clients may share one.
func clientsOf(seed uint64, number int, ipv6 bool) []*client {
	chance := rand.New(rand.NewPCG(seed, uint64(number)))
	var all []*client
	n := 3 + chance.IntN(4)
	for i := range n {
		c := &client{
			set: fmt.Sprintf("set-%d", number), kind: kinds[chance.IntN(len(kinds))], certificate: chance.IntN(2) == 0,
			ip: fmt.Sprintf("127.%d.%d.%d", 10+number/200, 1+number%200, 10+i), agent: fmt.Sprintf("agent-%d-%d/1.%d", number, i, chance.IntN(9)),
		}
		c.pod = fmt.Sprintf("shop-%d-%d", number, i)
		if i > 0 && chance.IntN(4) == 0 { // with and without a certificate in one pod
			c.ip, c.pod, c.certificate = all[i-1].ip, all[i-1].pod, !all[i-1].certificate
		}
		if ipv6 && i == n-1 && chance.IntN(3) == 0 {
			c.ip, c.six = "::1", true
		}
		all = append(all, c)
	}
	return all
}

// open makes the client's connections.
func (c *client) open(node string, with, without *tls.Config, password string) error {
	c.tls, c.url, c.password = without, node, password
	if c.certificate {
		c.tls = with
	}
	if c.kind == wrong {
		c.password = "wrong"
	}
	if c.six {
		c.url = strings.Replace(node, "127.0.0.1", "[::1]", 1)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.ip)}}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: c.tls, DisableKeepAlives: c.kind == short || c.kind == rare || c.kind == last,
		MaxIdleConnsPerHost: 4, TLSHandshakeTimeout: time.Minute,
	}
	c.http = &http.Client{Transport: transport, Timeout: time.Minute}
	c.stop = transport.CloseIdleConnections
	if c.kind != proxied {
		return nil
	}
	target, err := url.Parse(c.url)
	if err != nil {
		return err
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	plain := &http.Transport{}
	c.http = &http.Client{Transport: plain, Timeout: time.Minute}
	c.url = "http://" + listener.Addr().String()
	c.stop = func() { transport.CloseIdleConnections(); plain.CloseIdleConnections(); _ = server.Close() }
	return nil
}

// request sends one, and notes whether it was answered.
func (c *client) request(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/_cluster/health?secret=hidden-in-the-query", nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("X-Opaque-Id", "hidden-in-the-header")
	r.SetBasicAuth("elastic", c.password)
	res, err := c.http.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusBadGateway {
			err = fmt.Errorf("the proxy says %s", res.Status)
		}
	}
	if err != nil && ctx.Err() == nil {
		c.mu.Lock()
		c.errs = append(c.errs, err)
		c.mu.Unlock()
		return err
	}
	return err
}

// work behaves as the kind does, from the beginning of the window to its end.
func (c *client) work(ctx context.Context, begin, end time.Time, chance *rand.Rand) {
	send := func() {
		if c.request(ctx) == nil && time.Now().Before(end) {
			c.sent.Add(1)
		} else {
			c.late.Add(1)
		}
	}
	at := func(t time.Time) bool {
		select {
		case <-time.After(time.Until(t)):
			return true
		case <-ctx.Done():
			return false
		}
	}
	long := end.Sub(begin)
	switch c.kind {
	case idle:
	case rare:
		if at(begin.Add(long / 10).Add(time.Duration(chance.Int64N(int64(long / 2))))) {
			send()
		}
	case last:
		if at(end.Add(-900 * time.Millisecond)) {
			send()
		}
	case pooled:
		for at(time.Now().Add(time.Second)) && time.Now().Before(end) {
			var all sync.WaitGroup
			for range 3 {
				all.Go(send)
			}
			all.Wait()
		}
	case kept, short, proxied, wrong:
		for at(time.Now().Add(time.Second+time.Duration(chance.Int64N(int64(time.Second))))) && time.Now().Before(end) {
			send()
		}
	}
}
