// Command bare makes the calls that elk-mtls-init makes for a first token, one after the other, with net/http and nothing else: no
// retries, no checks, no records. It is the floor that the benchmark measures from. All it needs is in the environment, in the
// names that shell.sh uses too.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run() error {
	es, err := client(os.Getenv("CA"), os.Getenv("CERT"), os.Getenv("KEY"))
	if err != nil {
		return err
	}
	kube, err := client(os.Getenv("KUBE_CA"), "", "")
	if err != nil {
		return err
	}
	minter := func(r *http.Request) { r.SetBasicAuth(read("USERNAME_FILE"), read("PASSWORD_FILE")) }
	account := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+read("KUBE_TOKEN_FILE")) }
	var secret struct {
		Metadata struct{ ResourceVersion string }
	}
	var token struct{ Token struct{ Value string } }
	name := fmt.Sprintf("bare-%d", time.Now().UnixNano())
	patch := func(more string) error {
		body := fmt.Sprintf(`{"metadata":{"resourceVersion":%q%s`, secret.Metadata.ResourceVersion, more)
		return call(kube, account, http.MethodPatch, os.Getenv("SECRET"), body, &secret)
	}
	if err := call(es, minter, http.MethodGet, os.Getenv("ES")+"/_security/_authenticate", "", nil); err != nil {
		return err
	}
	if err := call(kube, account, http.MethodGet, os.Getenv("SECRET"), "", &secret); err != nil {
		return err
	}
	if err := call(es, minter, http.MethodGet, os.Getenv("ES")+"/_cluster/health", "", nil); err != nil {
		return err
	}
	if err := patch(fmt.Sprintf(`,"annotations":{"claim":%q}}}`, name)); err != nil {
		return err
	}
	if err := call(es, minter, http.MethodPost, os.Getenv("ES")+"/_security/service/elastic/kibana/credential/token/"+name+"?refresh=true", "", &token); err != nil {
		return err
	}
	encoded, err := json.Marshal([]byte(token.Token.Value))
	if err != nil {
		return err
	}
	return patch(fmt.Sprintf(`,"annotations":{"claim":null,"name":%q}},"data":{"token":%s}}`, name, encoded))
}

func read(variable string) string {
	text, _ := os.ReadFile(os.Getenv(variable)) // an empty password is refused soon enough
	return string(text)
}

func client(ca, cert, key string) (*http.Client, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	config.RootCAs.AppendCertsFromPEM(text)
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, nil
}

func call(c *http.Client, login func(*http.Request), method, url, body string, into any) error {
	request, err := http.NewRequest(method, url, bytes.NewReader([]byte(body))) //nolint:gosec // who measures names the server
	if err != nil {
		return err
	}
	login(request)
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	answer, err := c.Do(request) //nolint:gosec // the same
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, url, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
