// Package standin gives an Elasticsearch that is none: over TLS with client authentication it answers the few security
// calls that elk-mtls makes, with the status codes and bodies of Elasticsearch 8.19, from memory. It serves tests of
// faults that a real node cannot be made to show, and the demo where there is no JDK. Any other call is answered 500 and
// recorded.
package standin

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what kind of node it is.
type Options struct {
	Address              string           // "127.0.0.1:0" if empty
	CertPEM, KeyPEM      []byte           // of the server
	ClientCAPEM          []byte           // whose certificates are taken
	ClientAuthentication string           // none, optional, required; as xpack.security.http.ssl.client_authentication
	PlainHTTP            bool             // no TLS at all
	Now                  func() time.Time // when clients' certificates must be valid; nil: now
	MaxTLS               uint16           // 0: the newest
	Users                map[string]User
	Licence              string         // "basic" if empty
	LicenceEnds          time.Time      // zero: never
	PKIRealm             string         // its name; "" for none
	PKIWithoutCN         bool           // the realm takes certificates that have no CN, as with another username_pattern
	Anonymous            bool           // who has no login is somebody all the same
	Persistent           map[string]any // settings of the cluster, flat
	Impostor             bool           // answers without saying that it is Elasticsearch
	Was                  *Server        // the node before it was restarted: its tokens and role mappings are there again
}

// User is a password and the cluster privileges that matter here.
type User struct {
	Password string
	Mint     bool // manage_service_account
	Monitor  bool

	ManageSecurity bool
	Roles          []string
}

// Server is a running stand-in.
type Server struct {
	URL     string
	options Options
	http    *http.Server

	mu       sync.Mutex
	tokens   tokens
	mappings map[string]mapping
	calls    []Call
	faults   []Fault
	health   string
}

// Call is one request that arrived, by method and path, and what it was answered: 0 where the connection was cut.
type Call struct {
	Method, Path string
	Status       int
}

// String prints a call as "POST /path 200".
func (c Call) String() string { return fmt.Sprintf("%s %s %d", c.Method, c.Path, c.Status) }

// Fault is what goes wrong, for requests whose "METHOD /path" begins with On.
type Fault struct {
	On        string
	Times     int    // 0: for ever
	Status    int    // answer this instead of acting
	Type      string // of that answer; "injected_exception" if empty
	Reason    string // of that answer
	Body      string // of that answer, instead of an error's
	CutBefore bool   // cut the connection, do nothing
	CutAfter  bool   // act, then cut the connection
	Hang      bool   // act, then never answer
}

// Start begins to listen.
func Start(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	s := &Server{options: o, tokens: tokens{}, mappings: map[string]mapping{}, health: "green"}
	s.options.Users = maps.Clone(o.Users)
	if was := o.Was; was != nil {
		was.mu.Lock()
		s.tokens, s.mappings, s.options.Was = maps.Clone(was.tokens), maps.Clone(was.mappings), nil
		was.mu.Unlock()
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + listener.Addr().String()
	if config != nil {
		s.URL = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, config)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func (o Options) tlsConfig() (*tls.Config, error) {
	if o.PlainHTTP {
		return nil, nil
	}
	pair, err := tls.X509KeyPair(o.CertPEM, o.KeyPEM)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, MaxVersion: o.MaxTLS, Time: o.Now, NextProtos: []string{"http/1.1"}}
	switch o.ClientAuthentication {
	case "required":
		config.ClientAuth = tls.RequireAndVerifyClientCert
	case "optional":
		config.ClientAuth = tls.VerifyClientCertIfGiven
	case "none", "":
		return config, nil
	default:
		return nil, fmt.Errorf("client authentication %q: want none, optional or required", o.ClientAuthentication)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(o.ClientCAPEM) {
		return nil, errors.New("client authentication without a CA")
	}
	return config, nil
}

// Close ends it at once, connections included.
func (s *Server) Close() error { return s.http.Close() }

// Fail adds faults. The first that fits a request is used.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// SetHealth sets what the cluster's health is: green, yellow, red.
func (s *Server) SetHealth(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = status
}

// Calls lists what arrived so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Unknown lists the calls that this stand-in does not know: a test that made some is no test.
func (s *Server) Unknown() []Call {
	return slices.DeleteFunc(s.Calls(), func(c Call) bool { return c.Status != http.StatusInternalServerError })
}

// fault takes the fault for a request, if there is one.
func (s *Server) fault(r *http.Request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, f.On) {
			continue
		}
		if f.Times == 1 {
			s.faults = slices.Delete(s.faults, i, i+1)
		} else if f.Times > 1 {
			s.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}

// ServeHTTP answers one request, or does to it what a fault says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, faulty := s.fault(r)
	var a answer
	switch {
	case faulty && fault.CutBefore:
	case faulty && fault.Status != 0:
		a = failed(fault.Status, cmp.Or(fault.Type, "injected_exception"), fault.Reason)
	default:
		a = s.answer(r)
	}
	cut := faulty && (fault.CutBefore || fault.CutAfter || fault.Hang)
	status := a.status
	if cut {
		status = 0
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{r.Method, r.URL.Path, status})
	s.mu.Unlock()
	if faulty && fault.Hang {
		<-r.Context().Done() // until the client gives up
	}
	if cut {
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	}
	if faulty && fault.Status == http.StatusOK {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		_, _ = io.WriteString(w, fault.Body)
		return
	}
	a.write(w, !s.options.Impostor)
}
