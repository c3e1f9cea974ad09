package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// kibana has read its files, which it does once.
type kibana struct {
	host          string
	authorization string
	asItself      *http.Client
	asUser        *http.Client

	mutex sync.Mutex
	last  string
}

// A login is how one request to Elasticsearch went.
type login struct {
	Status   int    `json:"status"` // 0: no answer
	Username string `json:"username,omitempty"`
	Token    string `json:"token,omitempty"` // name of the token that it was made with
	Error    string `json:"error,omitempty"`
}

// identity is the answer to /who-am-i.
type identity struct {
	Itself login `json:"itself"`
	User   login `json:"user"`
}

func start(s settings) (*kibana, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	itself, err := s.client(true)
	if err != nil {
		return nil, err
	}
	// What Kibana does for its users carries its certificate only when told so.
	user, err := s.client(s["elasticsearch.ssl.alwaysPresentCertificate"] == "true")
	if err != nil {
		return nil, err
	}
	host, _, _ := strings.Cut(s["elasticsearch.hosts"], ",")
	k := &kibana{host: strings.TrimSuffix(host, "/"), asItself: itself, asUser: user}
	if token := s["elasticsearch.serviceAccountToken"]; token != "" {
		k.authorization = "Bearer " + token
	} else {
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth(s["elasticsearch.username"], s["elasticsearch.password"])
		k.authorization = request.Header.Get("Authorization")
	}
	return k, nil
}

// client reads the files that the settings name; one that is missing is an error, as in Kibana.
func (s settings) client(withCertificate bool) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if names := s["elasticsearch.ssl.certificateAuthorities"]; names != "" {
		config.RootCAs = x509.NewCertPool()
		for _, name := range strings.Split(names, ",") {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if !config.RootCAs.AppendCertsFromPEM(text) {
				return nil, fmt.Errorf("%s holds no certificate", name)
			}
		}
	}
	switch mode := s["elasticsearch.ssl.verificationMode"]; mode {
	case "", "full":
	default:
		return nil, fmt.Errorf("elasticsearch.ssl.verificationMode: %q: this stand-in knows full only", mode)
	}
	if name := s["elasticsearch.ssl.certificate"]; name != "" {
		pair, err := tls.LoadX509KeyPair(name, s["elasticsearch.ssl.key"])
		if err != nil {
			return nil, err
		}
		if withCertificate {
			// Present it whatever CAs the server names, as OpenSSL does: a wrong one is refused, not silently held back.
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
	}
	return &http.Client{
		Timeout:   4 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}, nil
}

// ServeHTTP answers the readiness probe, and tests.
func (k *kibana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authorization := r.Header.Get("Authorization")
	if authorization == "" { // nobody has logged in to Kibana: its own credentials tell about the connection
		authorization = k.authorization
	}
	var who identity
	var wg sync.WaitGroup
	wg.Go(func() { who.Itself = k.ask(r.Context(), k.asItself, k.authorization) })
	wg.Go(func() { who.User = k.ask(r.Context(), k.asUser, authorization) })
	wg.Wait()
	text, err := json.Marshal(who)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	k.tell(string(text))
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/who-am-i" && (who.Itself.Status != http.StatusOK || who.User.Status != http.StatusOK) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(text)
}

// tell logs what has changed.
func (k *kibana) tell(text string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if text != k.last {
		k.last = text
		fmt.Fprintln(os.Stdout, text)
	}
}

func (k *kibana) ask(ctx context.Context, client *http.Client, authorization string) login {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.host+"/_security/_authenticate", nil)
	if err != nil {
		return login{Error: err.Error()}
	}
	request.Header.Set("Authorization", authorization)
	response, err := client.Do(request)
	if err != nil {
		return login{Error: err.Error()}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return login{Error: err.Error()}
	}
	if response.StatusCode != http.StatusOK {
		return login{Status: response.StatusCode, Error: string(body)}
	}
	var answer struct {
		Username string
		Token    struct{ Name string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return login{Status: response.StatusCode, Error: err.Error()}
	}
	return login{Status: response.StatusCode, Username: answer.Username, Token: answer.Token.Name}
}
