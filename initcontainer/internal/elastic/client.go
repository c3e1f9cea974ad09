// Package elastic gives the few calls to Elasticsearch that a service token needs: they go out once each, and come back
// as an answer or as an error that says what it means.
package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

// Login is a user name and its password.
type Login struct {
	Username string
	Password credential.Password
}

// Client calls Elasticsearch. No call is ever repeated by the transport: a create that is sent twice is answered 409,
// and its first answer, with the token's value, is lost.
type Client struct {
	base  *elastictransport.Client
	login func() (Login, error) // read anew for each call: a mounted Secret changes while we wait
}

// New makes a client for one cluster, whose hosts are tried in turn: after a failure the next call goes to the next.
// It takes the requests of go-elasticsearch and its transport without the client around them, which would bring in
// some 850 packages of the typed API.
func New(urls []string, transport http.RoundTripper, login func() (Login, error)) (*Client, error) {
	hosts := make([]*url.URL, len(urls))
	for i, text := range urls {
		host, err := url.Parse(text)
		if err != nil {
			// the parser's text quotes it
			return nil, errors.New("making the Elasticsearch client: an address cannot be read")
		}
		hosts[i] = host
	}
	base, err := elastictransport.NewClient(
		elastictransport.WithURLs(hosts...),
		elastictransport.WithTransport(genuine{transport}),
		elastictransport.WithDisableRetry(),
		elastictransport.WithUserAgent("elk-mtls-init"),
	)
	if err != nil {
		return nil, fmt.Errorf("making the Elasticsearch client: %w", err)
	}
	return &Client{base, login}, nil
}

// Identity is whom Elasticsearch takes the sender for.
type Identity struct {
	Username string   `json:"username"`
	Type     string   `json:"authentication_type"`
	Roles    []string `json:"roles"`
	Realm    Realm    `json:"authentication_realm"`
	Metadata Metadata `json:"metadata"`
}

// Authenticate asks who the minter is: the harmless first call, that shows that Elasticsearch is up, speaks TLS with
// us, is Elasticsearch, and knows the password.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-authenticate.html
func (c *Client) Authenticate(ctx context.Context) (Identity, error) {
	header, err := c.basic()
	if err != nil {
		return Identity{}, err
	}
	return c.authenticate(ctx, "logging in", header)
}

// AuthenticateToken asks whose token it is. Never call it with a token whose create was not answered: nodes cache what
// they find by the token's name.
func (c *Client) AuthenticateToken(ctx context.Context, token credential.Token) (Identity, error) {
	header := http.Header{"Authorization": {"Bearer " + token.Reveal()}}
	return c.authenticate(ctx, "checking the service token", header)
}

// Health returns the cluster's status: green, yellow or red.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/cluster-health.html
func (c *Client) Health(ctx context.Context) (string, error) {
	header, err := c.basic()
	if err != nil {
		return "", err
	}
	var health struct {
		Status string `json:"status"`
	}
	err = c.call(ctx, "asking for the cluster's health", &health, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.ClusterHealthRequest{Header: header, MasterTimeout: 5 * time.Second}.Do(ctx, c.base)
	})
	return health.Status, err
}

// Names lists the account's tokens, those of the index and those of files. It is a search: a token made a moment ago by
// somebody who did not wait for the refresh may be missing.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-get-service-credentials.html
func (c *Client) Names(ctx context.Context, account credential.Account) (map[string]bool, error) {
	header, err := c.basic()
	if err != nil {
		return nil, err
	}
	var list struct {
		Tokens map[string]any `json:"tokens"`
		Nodes  struct {
			Nodes struct {
				Failed int `json:"failed"`
			} `json:"_nodes"`
			FileTokens map[string]any `json:"file_tokens"`
		} `json:"nodes_credentials"`
	}
	err = c.call(ctx, "listing the service tokens", &list, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityGetServiceCredentialsRequest{
			Namespace: account.Namespace, Service: account.Service, Header: header,
		}.Do(ctx, c.base)
	})
	switch {
	case err != nil:
		return nil, err
	case list.Tokens == nil || list.Nodes.Nodes.Failed > 0:
		return nil, errors.New("listing the service tokens: the list is not complete")
	}
	names := map[string]bool{}
	for name := range list.Tokens {
		names[name] = true
	}
	for name := range list.Nodes.FileTokens {
		names[name] = true
	}
	return names, nil
}

// Create makes a token. An error that wraps Refused means that surely none was made; after any other one it may exist,
// or come to exist.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-create-service-token.html
func (c *Client) Create(ctx context.Context, account credential.Account, name string) (credential.Token, error) {
	header, err := c.basic()
	switch {
	case err != nil:
		return credential.Token{}, &Refused{err}
	case !credential.ValidName(name):
		return credential.Token{}, &Refused{fmt.Errorf("%q is no name for a service token", name)}
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx,
		&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	var made struct {
		Token struct {
			Value string `json:"value"`
		} `json:"token"`
	}
	err = c.call(ctx, creating, &made, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityCreateServiceTokenRequest{
			Namespace: account.Namespace, Service: account.Service, Name: name, Refresh: "true", Header: header,
		}.Do(ctx, c.base)
	})
	token := credential.NewToken(made.Token.Value)
	switch {
	case err != nil && (!connected.Load() || surelyRefused(err)):
		return credential.Token{}, &Refused{err}
	case err != nil:
		return credential.Token{}, err
	case credential.NameOf(token, account) != name:
		return credential.Token{}, errors.New(creating + ": the answer holds no token of that name")
	}
	return token, nil
}

const creating = "creating the service token"

// Delete removes a token and reports whether it was there.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-delete-service-token.html
func (c *Client) Delete(ctx context.Context, account credential.Account, name string) (found bool, err error) {
	header, err := c.basic()
	switch {
	case err != nil:
		return false, err
	case !credential.ValidName(name):
		return false, fmt.Errorf("%q is no name of a service token", name)
	}
	var answer struct {
		Found *bool `json:"found"`
	}
	err = c.call(ctx, "deleting a service token", &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityDeleteServiceTokenRequest{
			Namespace: account.Namespace, Service: account.Service, Name: name, Refresh: "true", Header: header,
		}.Do(ctx, c.base)
	})
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound && status.found != nil {
		return *status.found, nil
	}
	if err == nil && answer.Found == nil {
		err = errors.New("deleting a service token: the answer does not say whether it was there")
	}
	return err == nil && *answer.Found, err
}

func (c *Client) basic() (http.Header, error) {
	login, err := c.login()
	if err != nil {
		return nil, err
	}
	return login.header(), nil
}

// call sends one request and reads its answer into out.
func (c *Client) call(ctx context.Context, what string, out any,
	send func(context.Context) (*esapi.Response, error)) error {
	return c.read(ctx, what, out, 1<<20, send)
}

// read is call for an answer that may be larger.
func (c *Client) read(ctx context.Context, what string, out any, most int64,
	send func(context.Context) (*esapi.Response, error)) error {
	res, err := send(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return fmt.Errorf("%s: reading the answer: %w", what, explain(ctx, res.Header.Get(hostHeader), err))
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %w", what, statusError(res, body, what != creating && what != settingPassword))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s: the answer is not the JSON of Elasticsearch", what) // the parser's text may quote it
	}
	return nil
}
