package standin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

type answer struct {
	status int
	body   any
}

func ok(body any) answer { return answer{http.StatusOK, body} }

// failed is the form of every error of Elasticsearch.
func failed(status int, kind, reason string) answer {
	cause := map[string]any{"type": kind, "reason": reason}
	return answer{status, map[string]any{
		"error":  map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason},
		"status": status,
	}}
}

func (a answer) write(w http.ResponseWriter, genuine bool) {
	w.Header().Set("Content-Type", "application/json")
	if genuine && a.status/100 == 2 {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
	}
	if a.status == http.StatusUnauthorized {
		w.Header().Add("WWW-Authenticate", `Basic realm="security", charset="UTF-8"`)
		w.Header().Add("WWW-Authenticate", `Bearer realm="security"`)
		w.Header().Add("WWW-Authenticate", "ApiKey")
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// principal is who sends a request.
type principal struct {
	name  string
	token string // name of the service token
	user  User
	dn    string // of the certificate
	realm string // that took it
}

const (
	credentials = "/credential"
	tokenPath   = "/credential/token/"
	services    = "/_security/service/"
	// https://github.com/elastic/elasticsearch/blob/v8.19.0/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/security/support/Validation.java
	nameRule = `^[a-zA-Z0-9-][a-zA-Z0-9_-]{0,255}$`
)

// answer is the routing table.
func (s *Server) answer(r *http.Request) answer {
	body := readBody(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	who, refusal := s.authenticate(r)
	if refusal.status != 0 {
		return refusal
	}
	path := r.URL.Path
	if a, ok := s.identityCalls(who, r, body); ok {
		return a
	}
	account, _, isService := strings.Cut(strings.TrimPrefix(path, services), credentials)
	switch call := r.Method + " " + path; {
	case call == "GET /":
		return who.monitoring("cluster:monitor/main", ok(map[string]any{
			"name": "standin-0", "cluster_name": "standin", "cluster_uuid": "standin",
			"version": map[string]any{"number": "8.19.0"}, "tagline": "You Know, for Search",
		}))
	case call == "GET /_security/_authenticate":
		return who.identity()
	case call == "GET /_cluster/health":
		return who.monitoring("cluster:monitor/health", ok(map[string]any{"cluster_name": "standin", "status": s.health, "timed_out": false}))
	case call == "GET /_cluster/settings":
		return who.monitoring("cluster:monitor/settings", ok(map[string]any{"persistent": s.options.Persistent, "transient": map[string]any{}}))
	case call == "GET /_license":
		return who.monitoring("cluster:monitor/xpack/license/get", s.options.licence())
	case !strings.HasPrefix(path, services) || !isService:
		return failed(http.StatusInternalServerError, "unknown_call", "the stand-in does not know "+call)
	case !who.user.Mint:
		return who.forbidden("cluster:admin/xpack/security/service_account/token", "manage_service_account,manage_security,all")
	case r.Method == http.MethodGet && strings.HasSuffix(path, credentials):
		return s.tokens.list(account)
	}
	_, name, _ := strings.Cut(path, tokenPath)
	switch r.Method {
	case http.MethodPost, http.MethodPut:
		return s.tokens.create(account, name)
	case http.MethodDelete:
		return s.tokens.remove(account, name)
	}
	return failed(http.StatusInternalServerError, "unknown_call", "the stand-in does not know "+r.Method+" "+path)
}

func (s *Server) authenticate(r *http.Request) (principal, answer) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch scheme {
	case "":
		if who, ok := s.certificate(r); ok {
			return who, answer{}
		}
		if s.options.Anonymous {
			return principal{name: "_anonymous", realm: "__anonymous"}, answer{}
		}
		return principal{}, failed(http.StatusUnauthorized, "security_exception",
			fmt.Sprintf("missing authentication credentials for REST request [%s]", r.URL.Path))
	case "Bearer":
		return s.tokens.bearer(value)
	}
	name, password, _ := r.BasicAuth()
	user, known := s.options.Users[name]
	if !known || subtle.ConstantTimeCompare([]byte(user.Password), []byte(password)) == 0 {
		return principal{}, failed(http.StatusUnauthorized, "security_exception",
			fmt.Sprintf("unable to authenticate user [%s] for REST request [%s]", name, r.URL.Path))
	}
	return principal{name: name, user: user}, answer{}
}

// tokens are the secrets of the tokens that there are, by their qualified names.
type tokens map[string]string

func (t tokens) bearer(value string) (principal, answer) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	qualified, secret, isToken := strings.Cut(strings.TrimPrefix(string(raw), "\x00\x01\x00\x01"), ":")
	i := strings.LastIndex(qualified, "/")
	if err != nil || !isToken || i < 0 {
		return principal{}, failed(http.StatusUnauthorized, "security_exception",
			"unable to authenticate with provided credentials and anonymous access is not allowed for this request")
	}
	account, name := qualified[:i], qualified[i+1:]
	if t[qualified] == "" || subtle.ConstantTimeCompare([]byte(t[qualified]), []byte(secret)) == 0 {
		return principal{}, failed(http.StatusUnauthorized, "security_exception",
			fmt.Sprintf("failed to authenticate service account [%s] with token name [%s]", account, name))
	}
	return principal{name: account, token: name}, answer{}
}

func (p principal) identity() answer {
	body := map[string]any{
		"username": p.name, "roles": append([]string{}, p.user.Roles...), "full_name": nil, "email": nil, "metadata": map[string]any{}, "enabled": true,
		"authentication_realm": map[string]any{"name": "native", "type": "native"}, "authentication_type": "realm",
	}
	if p.token != "" {
		body["full_name"] = "Service account - " + p.name
		body["token"] = map[string]any{"name": p.token, "type": "_service_account_index"}
		body["metadata"] = map[string]any{"_elastic_service_account": true}
		body["authentication_realm"] = map[string]any{"name": "_service_account", "type": "_service_account"}
		body["authentication_type"] = "token"
	}
	if p.realm == "__anonymous" {
		body["authentication_realm"] = map[string]any{"name": p.realm, "type": p.realm}
	} else if p.realm != "" {
		body["metadata"] = map[string]any{"pki_dn": p.dn}
		body["authentication_realm"] = map[string]any{"name": p.realm, "type": "pki"}
	}
	return ok(body)
}

func (p principal) monitoring(action string, a answer) answer {
	if p.user.Monitor || p.token != "" {
		return a
	}
	return p.forbidden(action, "monitor,manage,all")
}

func (p principal) forbidden(action, privileges string) answer {
	return failed(http.StatusForbidden, "security_exception", fmt.Sprintf(
		"action [%s] is unauthorized for user [%s] with effective roles [], this action is granted by the cluster privileges [%s]",
		action, p.name, privileges))
}

func (t tokens) list(account string) answer {
	names := map[string]any{}
	for qualified := range t {
		if name, ok := strings.CutPrefix(qualified, account+"/"); ok {
			names[name] = map[string]any{}
		}
	}
	return ok(map[string]any{
		"service_account": account, "count": len(names), "tokens": names,
		"nodes_credentials": map[string]any{
			"_nodes":      map[string]any{"total": 1, "successful": 1, "failed": 0},
			"file_tokens": map[string]any{},
		},
	})
}

func (t tokens) create(account, name string) answer {
	if account != "elastic/kibana" && account != "elastic/fleet-server" {
		return failed(http.StatusBadRequest, "illegal_argument_exception", fmt.Sprintf("service account [%s] does not exist", account))
	}
	if !regexp.MustCompile(nameRule).MatchString(name) {
		return failed(http.StatusBadRequest, "action_request_validation_exception", fmt.Sprintf(
			"Validation Failed: 1: invalid service token name [%s]. service account token name must have at least 1 character and at most 256 characters that are alphanumeric (A-Z, a-z, 0-9) or hyphen (-) or underscore (_). It must not begin with an underscore (_).;", name))
	}
	qualified := account + "/" + name
	if t[qualified] != "" {
		return failed(http.StatusConflict, "version_conflict_engine_exception", fmt.Sprintf(
			"[service_account_token-%s]: version conflict, document already exists (current version [1])", qualified))
	}
	t[qualified] = rand.Text()[:22]
	return ok(map[string]any{"created": true, "token": map[string]any{"name": name, "value": t.value(qualified)}})
}

func (t tokens) value(qualified string) string {
	return base64.RawStdEncoding.EncodeToString([]byte("\x00\x01\x00\x01" + qualified + ":" + t[qualified]))
}

func (t tokens) remove(account, name string) answer {
	qualified := account + "/" + name
	if t[qualified] == "" {
		return answer{http.StatusNotFound, map[string]any{"found": false}}
	}
	delete(t, qualified)
	return ok(map[string]any{"found": true})
}

// Mint makes a token behind everybody's back and returns its value.
func (s *Server) Mint(account, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.create(account, name)
	return s.tokens.value(account + "/" + name)
}

// Revoke deletes all tokens behind everybody's back.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Tokens returns the values of the tokens that there are, by their qualified names.
func (s *Server) Tokens() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := map[string]string{}
	for qualified := range s.tokens {
		values[qualified] = s.tokens.value(qualified)
	}
	return values
}
