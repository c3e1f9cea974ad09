package kubefake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// call is a request as an authorizer sees it.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes
type call struct{ verb, group, resource, namespace, name string }

func callOf(r *http.Request) call {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var c call
	if path[0] == "apis" {
		c.group = path[1]
		path = path[1:]
	}
	path = path[2:] // the version
	if len(path) > 2 && path[0] == "namespaces" {
		c.namespace, path = path[1], path[2:]
	}
	c.resource = path[0]
	if len(path) > 1 {
		c.name = path[1]
	}
	switch {
	case r.Method == http.MethodGet && c.name == "":
		c.verb = "list"
	case r.Method == http.MethodPost:
		c.verb = "create"
	default:
		c.verb = strings.ToLower(r.Method)
	}
	return c
}

// forbidden is what an API server says of a call that no Role allows.
func (c call) forbidden() string {
	what := c.resource
	if c.group != "" {
		what += "." + c.group
	}
	if c.name != "" {
		what += fmt.Sprintf(" %q", c.name)
	}
	return fmt.Sprintf(`%s is forbidden: User "system:serviceaccount:%s:kibana" cannot %s resource %q in API group %q in the namespace %q`,
		what, c.namespace, c.verb, c.resource, c.group, c.namespace)
}

// Forbid takes one verb on one kind of object out of the Role.
func (s *Server) Forbid(verb, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[verb+" "+resource] = true
}

// Allow gives back all that was taken, or denied.
func (s *Server) Allow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.taken)
	s.deny, s.noPatch = 0, 0
}

// review answers who asks what he may: everybody may ask.
func (s *Server) review(body []byte) (int, any) {
	var asked struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Resource string }
		}
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return refuse(http.StatusBadRequest, "not a review")
	}
	a := asked.Spec.ResourceAttributes
	return http.StatusCreated, map[string]any{"status": map[string]any{"allowed": !s.taken[a.Verb+" "+a.Resource]}}
}
