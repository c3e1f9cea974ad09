package pod

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
	"time"
)

// Stage is how far a login got.
type Stage string

// The stages of a login, in order.
const (
	Configured    Stage = "configuration" // files and settings are there and do not contradict each other
	Connected     Stage = "TLS"           // the server is trusted, and took the client's certificate
	Authenticated Stage = "authentication"
)

// Login does what Kibana does with its environment at the start: it reads the files that its settings name, connects, and asks who
// it is. It gives the user name, or the stage that failed and why. Requests of Kibana's users (asUser) carry the certificate only
// with alwaysPresentCertificate, as in Kibana.
func (c *Container) Login(ctx context.Context, address string, asUser bool) (username string, failed Stage, err error) {
	config, err := c.kibanaTLS(asUser)
	if err != nil {
		return "", Configured, err
	}
	token := c.Env["ELASTICSEARCH_SERVICEACCOUNTTOKEN"]
	switch {
	case c.Env["ELASTICSEARCH_USERNAME"] != "" && token != "":
		return "", Configured, fmt.Errorf(`serviceAccountToken cannot be specified when "username" is also set`)
	case token == "" && c.Env["ELASTICSEARCH_PASSWORD"] == "" && config.Certificates == nil:
		return "", Configured, fmt.Errorf("neither a service token nor a password nor a certificate in the environment")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}, Timeout: 20 * time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/_security/_authenticate", nil)
	if err != nil {
		return "", Configured, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	} else if password := c.Env["ELASTICSEARCH_PASSWORD"]; password != "" {
		request.SetBasicAuth(c.Env["ELASTICSEARCH_USERNAME"], password)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", Connected, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", Connected, err
	}
	if response.StatusCode != http.StatusOK {
		return "", Authenticated, fmt.Errorf("status %d", response.StatusCode)
	}
	var answer struct {
		Username string `json:"username"`
	}
	err = json.Unmarshal(body, &answer)
	return answer.Username, Authenticated, err
}

func (c *Container) kibanaTLS(asUser bool) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool(), ServerName: hostOf(c.Env["ELASTICSEARCH_HOSTS"])}
	ca, err := os.ReadFile(c.Path(c.Env["ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES"]))
	if err != nil {
		return nil, err
	}
	if !config.RootCAs.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("no certificate in the CA file")
	}
	certificate, key := c.Env["ELASTICSEARCH_SSL_CERTIFICATE"], c.Env["ELASTICSEARCH_SSL_KEY"]
	if certificate == "" || key == "" || asUser && c.Env["ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"] != "true" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Path(certificate), c.Path(key))
	config.Certificates = []tls.Certificate{pair}
	return config, err
}

func hostOf(address string) string {
	host := strings.TrimPrefix(address, "https://")
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}
