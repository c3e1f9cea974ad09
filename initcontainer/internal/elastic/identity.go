package elastic

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

// Realm is who vouches for an identity.
type Realm struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Metadata is what a realm tells of an identity besides its name.
type Metadata struct {
	DN string `json:"pki_dn"` // the certificate's subject, as Elasticsearch writes it
}

// AuthenticateAs asks whether somebody else can log in.
func (c *Client) AuthenticateAs(ctx context.Context, login Login) (Identity, error) {
	return c.authenticate(ctx, "logging in as "+printable(login.Username, 80), login.header())
}

// AuthenticateCertificate asks whom Elasticsearch takes us for by the certificate alone: without any header, so that
// only a PKI realm can answer.
func (c *Client) AuthenticateCertificate(ctx context.Context) (Identity, error) {
	return c.authenticate(ctx, "logging in by the certificate alone", nil)
}

func (c *Client) authenticate(ctx context.Context, what string, header http.Header) (Identity, error) {
	var id Identity
	err := c.call(ctx, what, &id, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityAuthenticateRequest{Header: header}.Do(ctx, c.base)
	})
	if err == nil && id.Username == "" {
		err = fmt.Errorf("%s: the answer names nobody: it is not that of Elasticsearch", what)
	}
	return id, err
}

func (l Login) header() http.Header {
	pair := l.Username + ":" + l.Password.Reveal()
	sent := credential.NewPassword(base64.StdEncoding.EncodeToString([]byte(pair)))
	return http.Header{"Authorization": {"Basic " + sent.Reveal()}}
}

const settingPassword = "setting the password"

// SetPassword sets the password of a built-in user; doing it twice is doing it once.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-change-password.html
func (c *Client) SetPassword(ctx context.Context, login Login) error {
	header, err := c.basic()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"password": login.Password.Reveal()})
	if err != nil {
		return err
	}
	return c.call(ctx, settingPassword, &struct{}{}, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityChangePasswordRequest{
			Username: login.Username, Body: bytes.NewReader(body), Refresh: "true", Header: header,
		}.Do(ctx, c.base)
	})
}

// Licence is what the cluster may do.
type Licence struct {
	Type    string // basic, trial, gold, …
	Status  string // active, expired, …
	Expires time.Time
}

// Licence asks for it; right after a cluster was made there is none, which is an answer 404.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/get-license.html
func (c *Client) Licence(ctx context.Context) (Licence, error) {
	header, err := c.basic()
	if err != nil {
		return Licence{}, err
	}
	var answer struct {
		License struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Expiry int64  `json:"expiry_date_in_millis"`
		} `json:"license"`
	}
	err = c.call(ctx, "asking for the licence", &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.LicenseGetRequest{Header: header}.Do(ctx, c.base)
	})
	l := Licence{Type: printable(answer.License.Type, 40), Status: printable(answer.License.Status, 40)}
	if err == nil && l.Type == "" {
		err = errors.New("asking for the licence: the answer names none: it is not that of Elasticsearch")
	}
	if answer.License.Expiry > 0 {
		l.Expires = time.UnixMilli(answer.License.Expiry)
	}
	return l, err
}

// RoleExists reports whether Elasticsearch knows a role of that name: a built-in one, or one that was made by the API.
// One of a file roles.yml is not told.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-get-role.html
func (c *Client) RoleExists(ctx context.Context, name string) (bool, error) {
	header, err := c.basic()
	if err != nil {
		return false, err
	}
	var roles map[string]any
	err = c.call(ctx, "looking for the role "+printable(name, 80), &roles,
		func(ctx context.Context) (*esapi.Response, error) {
			return esapi.SecurityGetRoleRequest{Name: []string{url.PathEscape(name)}, Header: header}.Do(ctx, c.base)
		})
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return false, nil
	}
	_, there := roles[name]
	return there, err
}

// MayAnything reports whether the certificate alone has any privilege of the cluster, of an index or of an application.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-get-user-privileges.html
func (c *Client) MayAnything(ctx context.Context) (bool, error) {
	var has struct{ Cluster, Global, Indices, Applications []any }
	err := c.call(ctx, "asking for the privileges of the certificate", &has,
		func(ctx context.Context) (*esapi.Response, error) {
			return esapi.SecurityGetUserPrivilegesRequest{}.Do(ctx, c.base)
		})
	return len(has.Cluster)+len(has.Global)+len(has.Indices)+len(has.Applications) > 0, err
}

// HasPrivileges asks which of these cluster privileges the minter has. Everybody may ask that of himself.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-has-privileges.html
func (c *Client) HasPrivileges(ctx context.Context, names ...string) (map[string]bool, error) {
	header, err := c.basic()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string][]string{"cluster": names})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Cluster map[string]bool `json:"cluster"`
	}
	err = c.call(ctx, "asking for the privileges", &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityHasPrivilegesRequest{Body: bytes.NewReader(body), Header: header}.Do(ctx, c.base)
	})
	return answer.Cluster, err
}
