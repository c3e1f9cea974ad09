//go:build cluster

package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const elasticsearchURL = "https://" + service + ":9200"

// transport connects to Elasticsearch by its Service, once for each request.
func (s *stack) transport(config *tls.Config) *http.Transport {
	return &http.Transport{
		TLSClientConfig: config, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			found, err := lab.Client.CoreV1().Services(s.ns).Get(ctx, service, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			return lab.Dial(ctx, network, net.JoinHostPort(found.Spec.ClusterIP, "9200"))
		},
	}
}

// ask makes a request to Elasticsearch as the user elastic; the answer goes into answer, unless that is nil.
func (s *stack) ask(config *tls.Config, method, path string, answer any) (int, error) {
	s.t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: s.transport(config)}
	request, err := http.NewRequestWithContext(s.t.Context(), method, elasticsearchURL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.SetBasicAuth("elastic", s.password())
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && answer != nil {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(answer)
	}
	return response.StatusCode, err
}

// admin makes a request with a certificate, and expects 200. A machine with much to do may need several tries.
func (s *stack) admin(method, path string, answer any) {
	s.t.Helper()
	s.eventually(method+" "+path, func() error {
		status, err := s.ask(s.ca.Client(s.pair), method, path, answer)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		return err
	})
}

const authenticate = "/_security/_authenticate"

// demands holds that Elasticsearch lets a client in with a certificate, and without one only if it does not demand one.
func (s *stack) demands(certificate bool) {
	s.t.Helper()
	s.admin(http.MethodGet, authenticate, nil)
	status, err := s.ask(s.ca.Client(), http.MethodGet, authenticate, nil)
	switch {
	case certificate && err == nil:
		s.t.Errorf("a client without a certificate was let in: status %d", status)
	case !certificate && (err != nil || status != http.StatusOK):
		s.t.Errorf("a client without a certificate: status %d, %v", status, err)
	}
}

const kibanaTokens = "/_security/service/elastic/kibana/credential"

// tokens are the names of all tokens that Kibana's account has.
func (s *stack) tokens() []string {
	s.t.Helper()
	var answer struct{ Tokens map[string]any }
	s.admin(http.MethodGet, kibanaTokens, &answer)
	var names []string
	for name := range answer.Tokens {
		names = append(names, name)
	}
	return names
}

// deleteToken makes a token dead.
func (s *stack) deleteToken(name string) {
	s.t.Helper()
	s.eventually("deleting token "+name, func() error {
		status, err := s.ask(s.ca.Client(s.pair), http.MethodDelete, kibanaTokens+"/token/"+name, nil)
		if err == nil && status != http.StatusOK && status != http.StatusNotFound { // 404: an earlier try did it
			err = fmt.Errorf("status %d", status)
		}
		return err
	})
}
