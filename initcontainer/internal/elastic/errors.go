package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/plain"
)

// hostHeader carries the host that answered from the transport to the error; it never leaves the program.
const hostHeader = "Elk-Mtls-Host"

// Refused is a request that surely did nothing.
type Refused struct{ Err error }

// Error returns the cause's text.
func (e *Refused) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Err }

// surelyRefused: a 4xx, except those that say that there is something (409: a proxy sent our create twice) or that
// somebody on the way lost patience.
func surelyRefused(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && s.Status/100 == 4 && s.Status != http.StatusConflict &&
		s.Status != http.StatusRequestTimeout
}

// StatusError is an answer of Elasticsearch that is not 200.
type StatusError struct {
	Host   string
	Status int
	Type   string // of the error: security_exception
	Reason string // never of a create
	found  *bool
}

// Error names host, status, type and reason.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answers %d", e.Host, e.Status)
	if e.Type != "" {
		text += " " + e.Type
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// statusError reads what Elasticsearch says. Of a body that is not in its form nothing is passed on.
func statusError(res *esapi.Response, body []byte, withReason bool) error {
	var answer struct {
		Found *bool `json:"found"`
		Error struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // a proxy's page: the status says enough
	e := &StatusError{Host: res.Header.Get(hostHeader), Status: res.StatusCode, Type: printable(answer.Error.Type, 80),
		found: answer.Found}
	if withReason {
		e.Reason = printable(answer.Error.Reason, 300)
	}
	cause, hint := meaning(e.Status, e.Type)
	return failure.New(cause, e, hint)
}

// meanings says what an answer means, by its status and the type of its error; the first row that fits counts. A
// cluster_block_exception comes with 403, 429 or 503, and is about no right: an index, or all of them, takes no writes.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/cluster/block/ClusterBlockException.java
var meanings = []struct {
	status int    // 0: any
	kind   string // "": any
	cause  failure.Cause
	hint   string
}{
	{503, "", failure.Unavailable, "fix Elasticsearch; the logs of its pods say why: it has no master, or the index " +
		".security is not available"},
	{0, "cluster_block_exception", failure.Blocked, "free disk space on Elasticsearch's nodes, which accept no " +
		"writes when a disk is nearly full; or take " +
		"the block away: index.blocks or cluster.blocks.read_only"},
	{0, "index_closed_exception", failure.IndexClosed, "open it, as a user of a file realm: POST /.security-7/_open. " +
		"Somebody closed the index .security"},
	{401, "", failure.Unauthorized, "put the right password into the Secret behind --password-file: the password of " +
		"the user that creates tokens is wrong, or the chart made a new " +
		"credentials Secret that Elasticsearch does not know (without secret.password it does so at every helm " +
		"upgrade), or the index .security is not available"},
	{403, "", failure.Forbidden, "give the minting user the cluster privileges manage_service_account and monitor"},
	{409, "", failure.Other, "take away what sends requests twice on the way, such as a proxy; each try takes a new " +
		"name"},
	{404, "", failure.NotElasticsearch, itself},
	{301, "", failure.NotElasticsearch, itself},
	{302, "", failure.NotElasticsearch, itself},
	{303, "", failure.NotElasticsearch, itself},
	{307, "", failure.NotElasticsearch, itself},
	{308, "", failure.NotElasticsearch, itself},
	{429, "", failure.Overloaded,
		"wait: Elasticsearch is overloaded, and refuses requests for a while; or give it more"},
	{500, "", failure.Unavailable, "fix Elasticsearch; the logs of its pods say why"},
	{502, "", failure.Unavailable, "set --elasticsearch-url to Elasticsearch itself; or fix the proxy in between, " +
		"which cannot reach Elasticsearch"},
	{504, "", failure.Unavailable, "set --elasticsearch-url to Elasticsearch itself; or fix the proxy in between, " +
		"which gets no answer from Elasticsearch"},
}

const itself = "set --elasticsearch-url to Elasticsearch itself: a proxy in between, or another service, has this " +
	"address"

func meaning(status int, kind string) (failure.Cause, string) {
	for _, m := range meanings {
		if (m.status == 0 || m.status == status) && (m.kind == "" || m.kind == kind) {
			return m.cause, m.hint
		}
	}
	return failure.Other, ""
}

// printable keeps a foreign text to one line of limited length, without what we sent and without what a terminal obeys.
func printable(s string, limit int) string {
	s = credential.Redact(s[:min(len(s), 100*limit)])
	s = strings.Map(plain.Rune, strings.ReplaceAll(s, "\n", " "))
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// genuine names the host in every error, and takes no success from anybody but Elasticsearch: a proxy's 200 must not
// count. Only successful answers carry the header.
type genuine struct{ next http.RoundTripper }

func (g genuine) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, explain(req.Context(), req.URL.Host, err)
	}
	if res.StatusCode/100 == 2 && res.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		_ = res.Body.Close()
		return nil, failure.New(failure.NotElasticsearch, fmt.Errorf("%s answers, but is not Elasticsearch (no "+
			"X-Elastic-Product header)", req.URL.Host),
			itself+". Elasticsearch before 7.14 is not supported")
	}
	res.Header.Set(hostHeader, req.URL.Host)
	return res, nil
}

// explain finds the exit code and the advice for an error of the connection.
//
//	certificate not signed by our CA       11
//	certificate for another host           12
//	the server refuses our certificate     13
//	dates                                  14
//	nobody answers, plain http             10
func explain(ctx context.Context, host string, err error) error {
	var (
		already   *failure.Error
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	at := fmt.Errorf("%s: %w", host, err)
	switch {
	case errors.As(err, &already), context.Cause(ctx) != nil && errors.Is(context.Cause(ctx), context.Canceled):
		return at
	case errors.As(err, &authority):
		return failure.New(failure.WrongCA, at, "put the CA that signed it into the file of --ca: the server's "+
			"certificate is not signed by a CA in the file of --ca")
	case errors.As(err, &name):
		return failure.New(failure.HostName, hostNameError(host, name),
			"use a name that is in the server's certificate; or --verification-mode certificate, which checks the "+
				"chain and not the name")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return failure.New(failure.Dates, fmt.Errorf("%s: the certificate of %q is valid from %s to %s: %w", host,
			invalid.Cert.Subject,
			invalid.Cert.NotBefore.UTC().Format("2006-01-02 15:04"),
			invalid.Cert.NotAfter.UTC().Format("2006-01-02 15:04"), err),
			"renew the server's certificate; or correct the clock of this node")
	case errors.As(err, &invalid):
		return failure.New(failure.WrongCA, at,
			"renew the server's certificate: it or its CA may not be used like this")
	case refusesClient(err):
		return failure.New(failure.ClientCertificate, fmt.Errorf("%s refuses the client certificate, or the lack of "+
			"one: %w", host, err),
			"set --cert and --key to a key pair that is signed by a CA in Elasticsearch's certificate_authorities "+
				"and allows client authentication; or add its CA there")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return failure.New(failure.NotElasticsearch, fmt.Errorf("%s does not speak TLS: %w", host, err),
			"set xpack.security.http.ssl.enabled: true in Elasticsearch")
	}
	return failure.New(failure.Unreachable, at, "start Elasticsearch; or let this pod reach it, by network policies; "+
		"or correct --elasticsearch-url. A proxy from the environment is not used")
}

func hostNameError(host string, e x509.HostnameError) error {
	names := slices.Clone(e.Certificate.DNSNames)
	for _, ip := range e.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	return fmt.Errorf("%s: the certificate of %q is for [%s], not for %s: %w", host, e.Certificate.Subject,
		strings.Join(names, ", "), e.Host, e)
}

// refusesClient: the server ended the handshake because of our certificate. Which alert it sends goes by the JDK, and
// with TLS 1.3 it comes as the answer to the first request. The alerts' texts are those of crypto/tls itself.
// https://www.rfc-editor.org/rfc/rfc8446#section-6
func refusesClient(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	for _, alert := range []tls.AlertError{40, 42, 43, 44, 45, 46, 48, 116} {
		if remote.Err.Error() == alert.Error() {
			return true
		}
	}
	return false
}
