package standin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The calls that passwords, licences and PKI realms need.

const (
	users    = "/_security/user/"
	mappings = "/_security/role_mapping/"
	roles    = "/_security/role/"
)

type mapping struct {
	Roles    []string       `json:"roles"`
	Enabled  bool           `json:"enabled"`
	Rules    map[string]any `json:"rules"`
	Metadata map[string]any `json:"metadata"`
}

// identityCalls answers the calls of this file; ok is false for any other.
func (s *Server) identityCalls(who principal, r *http.Request, body []byte) (a answer, ok bool) {
	path := r.URL.Path
	if path == users+"_has_privileges" {
		return who.privileges(body), true
	}
	if path == users+"_privileges" {
		return who.allowed(), true
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	if !strings.HasPrefix(path, users) && !strings.HasPrefix(path, mappings) && !strings.HasPrefix(path, roles) {
		return answer{}, false
	}
	if !who.user.ManageSecurity {
		return who.forbidden("cluster:admin/xpack/security", "manage_security,all"), true
	}
	switch {
	case strings.HasPrefix(path, users) && name == "_password":
		return s.setPassword(strings.TrimSuffix(strings.TrimPrefix(path, users), "/_password"), body), true
	case strings.HasPrefix(path, roles) && r.Method == http.MethodGet:
		return readRole(name), true
	case strings.HasPrefix(path, mappings) && r.Method == http.MethodGet:
		return s.readMapping(name), true
	case strings.HasPrefix(path, mappings) && r.Method == http.MethodPut:
		return s.writeMapping(name, body), true
	}
	return answer{}, false
}

func (s *Server) setPassword(name string, body []byte) answer {
	var given struct{ Password string }
	user, known := s.options.Users[name]
	switch err := json.Unmarshal(body, &given); {
	case err != nil || !known:
		return failed(http.StatusBadRequest, "validation_exception", "Validation Failed: 1: user must exist in order to change password;")
	case len(given.Password) < 6:
		return failed(http.StatusBadRequest, "validation_exception", "Validation Failed: 1: passwords must be at least [6] characters long;")
	}
	user.Password = given.Password
	s.options.Users[name] = user
	return ok(map[string]any{})
}

// builtIn are the roles that there are.
var builtIn = []string{"kibana_system", "monitoring_user", "superuser", "viewer"}

func readRole(name string) answer {
	if !slices.Contains(builtIn, name) {
		return answer{http.StatusNotFound, map[string]any{}}
	}
	return ok(map[string]any{name: map[string]any{}})
}

// allowed is what somebody may by his roles; the role "of-a-file" is in roles.yml.
func (p principal) allowed() answer {
	may := []string{}
	if slices.ContainsFunc(p.user.Roles, func(r string) bool { return r == "of-a-file" || slices.Contains(builtIn, r) }) {
		may = append(may, "monitor")
	}
	return ok(map[string]any{"cluster": may, "global": []any{}, "indices": []any{}, "applications": []any{}, "run_as": []any{}})
}

func (s *Server) readMapping(name string) answer {
	m, there := s.mappings[name]
	if !there {
		return answer{http.StatusNotFound, map[string]any{}}
	}
	return ok(map[string]any{name: m})
}

func (s *Server) writeMapping(name string, body []byte) answer {
	var m mapping
	if err := json.Unmarshal(body, &m); err != nil || len(m.Roles) == 0 || len(m.Rules) == 0 {
		return failed(http.StatusBadRequest, "parse_exception", "failed to parse role-mapping ["+name+"]")
	}
	_, there := s.mappings[name]
	s.mappings[name] = m
	return ok(map[string]any{"role_mapping": map[string]any{"created": !there}})
}

// certificate is who somebody is without any header: the PKI realm's word, where the licence has one.
func (s *Server) certificate(r *http.Request) (principal, bool) {
	licensed := s.options.Licence == "trial" || s.options.Licence == "gold" || s.options.Licence == "platinum" || s.options.Licence == "enterprise"
	if s.options.PKIRealm == "" || !licensed || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return principal{}, false
	}
	subject := r.TLS.PeerCertificates[0].Subject
	if subject.CommonName == "" && !s.options.PKIWithoutCN { // the pattern of user names needs one
		return principal{}, false
	}
	p := principal{name: cmp.Or(subject.CommonName, subject.String()), dn: strings.ReplaceAll(subject.String(), ",", ", "), realm: s.options.PKIRealm}
	for _, m := range s.mappings {
		if m.Enabled && p.matches(m.Rules) {
			p.user.Roles = append(p.user.Roles, m.Roles...)
		}
	}
	return p, true
}

// matches judges the rules all and field, for the fields that a certificate has.
func (p principal) matches(rule map[string]any) bool {
	if all, ok := rule["all"].([]any); ok {
		return !slices.ContainsFunc(all, func(one any) bool {
			rule, _ := one.(map[string]any)
			return !p.matches(rule)
		})
	}
	field, _ := rule["field"].(map[string]any)
	for name, value := range map[string]string{"realm.name": p.realm, "metadata.pki_dn": p.dn, "dn": p.dn} {
		if want, ok := field[name].(string); ok {
			return pattern(want, name == "dn").MatchString(value)
		}
	}
	return false
}

// pattern reads a value of a rule as Elasticsearch does: only one with a star is a pattern, in which ? is any character
// and a backslash takes the next one as it is.
func pattern(value string, anyCase bool) *regexp.Regexp {
	text, wild, escaped := `^(?s)`, strings.Contains(value, "*"), false
	if anyCase {
		text = `^(?si)`
	}
	for _, r := range value {
		switch {
		case escaped || !wild || !strings.ContainsRune(`\*?`, r):
			text, escaped = text+regexp.QuoteMeta(string(r)), false
		case r == '\\':
			escaped = true
		default:
			text += map[rune]string{'*': ".*", '?': "."}[r]
		}
	}
	return regexp.MustCompile(text + "$")
}

func (o Options) licence() answer {
	l := map[string]any{"status": "active", "uid": "standin", "type": "basic", "max_nodes": 1000, "issued_to": "standin", "issuer": "elasticsearch"}
	if o.Licence != "" {
		l["type"] = o.Licence
	}
	if end := o.LicenceEnds; !end.IsZero() {
		l["expiry_date_in_millis"] = end.UnixMilli()
		if end.Before(time.Now()) {
			l["status"] = "expired"
		}
	}
	return ok(map[string]any{"license": l})
}

// Map makes a role mapping, as a person would.
func (s *Server) Map(name, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.writeMapping(name, []byte(body)); a.status != http.StatusOK {
		return fmt.Errorf("role mapping %s: %v", name, a.body)
	}
	return nil
}

// Unmap deletes a role mapping, as a person would.
func (s *Server) Unmap(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mappings, name)
}

// Mappings returns the role mappings as "name: roles", for tests to compare.
func (s *Server) Mappings() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for name, m := range s.mappings {
		all[name] = fmt.Sprint(m.Roles)
	}
	return all
}

func readBody(r *http.Request) []byte {
	text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	return text
}

// privileges tells somebody what he may; everybody may ask.
func (p principal) privileges(body []byte) answer {
	var asked struct{ Cluster []string }
	if err := json.Unmarshal(body, &asked); err != nil {
		return failed(http.StatusBadRequest, "parse_exception", "not a list of privileges")
	}
	has := map[string]bool{"manage_service_account": p.user.Mint, "monitor": p.user.Monitor, "manage_security": p.user.ManageSecurity}
	answer, all := map[string]bool{}, true
	for _, name := range asked.Cluster {
		answer[name] = has[name]
		all = all && has[name]
	}
	return ok(map[string]any{"username": p.name, "has_all_requested": all, "cluster": answer})
}
