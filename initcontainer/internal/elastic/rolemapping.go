package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// RoleMapping gives roles to whoever the rules describe.
type RoleMapping struct {
	Roles    []string       `json:"roles"`
	Enabled  bool           `json:"enabled"`
	Rules    map[string]any `json:"rules"`
	Metadata map[string]any `json:"metadata"`
}

// CertificateMapping gives a role to one certificate subject in one realm, and to nobody else. Both fields hold the
// subject: dn is the one that people look for, but it compares as LDAP does, without regard to case and spaces;
// metadata.pki_dn compares character by character.
func CertificateMapping(role string, realm Realm, dn string) (RoleMapping, error) {
	var rules []any
	for _, field := range [][2]string{{"realm.name", realm.Name}, {"dn", dn}, {"metadata.pki_dn", dn}} {
		value, err := literal(field[1])
		if err != nil {
			return RoleMapping{}, fmt.Errorf("no role mapping can match %s %q alone: %w", field[0], field[1], err)
		}
		rules = append(rules, map[string]any{"field": map[string]any{field[0]: value}})
	}
	return RoleMapping{
		Roles: []string{role}, Enabled: true,
		Rules:    map[string]any{"all": rules},
		Metadata: map[string]any{MarkerKey: Marker, subjectKey: dn, realmKey: realm.Name},
	}, nil
}

// literal gives the value of a field rule that matches text and nothing else. What Elasticsearch makes of a value:
//
//	a slash first and last    a regular expression
//	a star anywhere           a pattern: star, question mark, and a backslash before what stands for itself
//	anything else             itself; a backslash and a question mark, too
//
// https://github.com/elastic/elasticsearch/blob/v8.19.0/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/security/authc/support/mapper/expressiondsl/FieldExpression.java
func literal(text string) (string, error) {
	switch {
	case strings.ContainsRune(text, utf8.RuneError):
		return "", errors.New("U+FFFD stands for any bytes that are not UTF-8")
	case strings.HasPrefix(text, "/"):
		return "", errors.New("a value that begins with a slash is a regular expression")
	case !strings.Contains(text, "*"):
		return text, nil
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text), nil
}

// The marker of the role mappings that elk-mtls makes, in their metadata, and for whom each was made.
const (
	MarkerKey  = "managed_by"
	Marker     = "elk-mtls"
	subjectKey = "elk_mtls_subject"
	realmKey   = "elk_mtls_realm"
)

// Ours reports whether elk-mtls made the mapping.
func (m RoleMapping) Ours() bool { return m.Metadata[MarkerKey] == Marker }

// Subject is for whom elk-mtls made the mapping. The first version did not write that down; its rule for dn is the
// subject as it was.
func (m RoleMapping) Subject() string {
	if subject, ok := m.Metadata[subjectKey].(string); ok {
		return subject
	}
	rules, _ := m.Rules["all"].([]any)
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		field, _ := rule["field"].(map[string]any)
		if dn, ok := field["dn"].(string); ok {
			return dn
		}
	}
	return ""
}

// SameSubject reports whether two mappings were made for one certificate.
func (m RoleMapping) SameSubject(other RoleMapping) bool {
	realm, told := m.Metadata[realmKey]
	return m.Subject() == other.Subject() && (!told || realm == other.Metadata[realmKey])
}

// Equivalent reports whether two mappings give the same roles to the same users; metadata gives nobody anything.
func (m RoleMapping) Equivalent(other RoleMapping) bool {
	return m.Enabled == other.Enabled && slices.Equal(m.Roles, other.Roles) && reflect.DeepEqual(m.Rules, other.Rules)
}

// Mapping reads a role mapping, and reports whether there is one of that name.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-get-role-mapping.html
func (c *Client) Mapping(ctx context.Context, name string) (RoleMapping, bool, error) {
	header, err := c.basic()
	if err != nil {
		return RoleMapping{}, false, err
	}
	var answer map[string]RoleMapping
	err = c.call(ctx, "reading the role mapping "+name, &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.SecurityGetRoleMappingRequest{Name: []string{name}, Header: header}.Do(ctx, c.base)
	})
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return RoleMapping{}, false, nil
	}
	m, ok := answer[name]
	return m, ok, err
}

// PutMapping creates or replaces a role mapping.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-api-put-role-mapping.html
func (c *Client) PutMapping(ctx context.Context, name string, m RoleMapping) error {
	header, err := c.basic()
	if err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("role mapping %s: %w", name, err)
	}
	return c.call(ctx, "writing the role mapping "+name, &struct{}{},
		func(ctx context.Context) (*esapi.Response, error) {
			return esapi.SecurityPutRoleMappingRequest{Name: name, Body: bytes.NewReader(body), Refresh: "true",
				Header: header}.Do(ctx, c.base)
		})
}
