package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/closest"
)

// ValueError is a value that a setting cannot have. Path is the setting's: who knows where the value is from, names
// that instead.
type ValueError struct{ Path, Reason string }

func (e *ValueError) Error() string { return e.Path + ": " + e.Reason }

func invalid(path, format string, args ...any) error {
	return &ValueError{path, fmt.Sprintf(format, args...)}
}

// Validate reports all mistakes at once.
func (s Settings) Validate() error {
	var problems []error
	oneOf := func(field, value string, allowed ...string) {
		if value != "" && !slices.Contains(allowed, value) {
			problems = append(problems, invalid(field, "%q is not one of %s%s", value, strings.Join(allowed, ", "),
				closest.Hint(value, allowed)))
		}
	}
	oneOf("mode", s.Mode, Modes()...)
	oneOf("clientAuthentication", s.ClientAuthentication, None, Optional, Required)
	oneOf("hooks", string(s.Hooks), "auto", "off")
	oneOf("certificates.source", s.Certificates.Source, SourceSecret, SourceCertManager)
	oneOf("certificates.verificationMode", s.Certificates.VerificationMode, "full", "certificate")
	oneOf("certificates.rendered", s.Certificates.Rendered, Allow, Refuse)
	oneOf("certificates.onRenewal", s.Certificates.OnRenewal, Renew, Reloader, None)
	if ca := s.Certificates.CA; ca.SecretName != "" && ca.ConfigMapName != "" {
		problems = append(problems, invalid("certificates.ca", "secretName and configMapName are both set: name one "+
			"place"))
	}
	oneOf("kibana.login", s.Kibana.Login, KeepLogin, ReplaceLogin)
	oneOf("initContainer.pullPolicy", s.InitContainer.PullPolicy, "Always", "IfNotPresent", "Never")
	problems = append(append(problems, s.validateMode()...), s.Certificates.validateIssuer()...)
	if d, err := time.ParseDuration(s.InitContainer.Timeout); s.InitContainer.Timeout != "" && (err != nil || d <= 0) {
		problems = append(problems, invalid("initContainer.timeout", "%q is no positive duration such as 5m",
			s.InitContainer.Timeout))
	}
	if namespace, service, ok := strings.Cut(s.Token.Account, "/"); s.Token.Account != "" &&
		(!ok || namespace == "" || service == "" || strings.Contains(service, "/")) {
		problems = append(problems, invalid("token.account", "%q is no service account such as elastic/kibana",
			s.Token.Account))
	}
	if slices.ContainsFunc(s.Elasticsearch.URLs(),
		func(url string) bool { return !strings.HasPrefix(url, "https://") }) {
		problems = append(problems, invalid("elasticsearch.url", "does not begin with https://"))
	}
	if strings.Contains(s.Elasticsearch.URL, "@") {
		problems = append(problems, invalid("elasticsearch.url", "holds a user name or password, which would be "+
			"readable in the arguments of a container: take it out"))
	}
	return errors.Join(slices.Concat(problems, s.validateLists(), s.validateNames())...)
}

// validateMode finds what does not go with the mode: a setting that the mode passes over was meant for something.
func (s Settings) validateMode() []error {
	var problems []error
	add := func(path, format string, args ...any) { problems = append(problems, invalid(path, format, args...)) }
	if s.Mode != "" && !s.Certs() && s.ClientAuthentication != "" && s.ClientAuthentication != None {
		add("clientAuthentication", "%q needs client certificates, and mode %q gives clients none; use mode %q",
			s.ClientAuthentication, s.Mode, s.WithCerts())
	}
	if s.Mode == ModePKI && s.ClientAuthentication == None {
		add("clientAuthentication", "none asks nobody for a certificate, and in mode pki Kibana has nothing else: "+
			"use optional or required")
	}
	if !s.HasPassword() && (s.Password.SecretName != "" || s.Password.Set) {
		add("password", "goes with the modes password and cert-password only; the mode is %q", s.Mode)
	}
	if name := s.PKI.Realm; strings.Trim(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		add("pki.realm", "%q: want letters, digits, hyphens and underscores", name)
	}
	return problems
}

// validateIssuer finds what cert-manager would need, and what only it reads.
func (c Certificates) validateIssuer() []error {
	var problems []error
	add := func(path, format string, args ...any) { problems = append(problems, invalid(path, format, args...)) }
	for _, s := range []struct{ name, value string }{{"duration", c.Duration}, {"renewBefore", c.RenewBefore}} {
		if d, err := time.ParseDuration(s.value); s.value != "" && (err != nil || d <= 0) {
			add("certificates."+s.name, "%q is no positive duration such as 2160h", s.value)
		}
	}
	if c.Source == SourceCertManager && c.Issuer.Name == "" {
		add("certificates.issuer.name", "missing; cert-manager needs an issuer that signs, with its CA in ca.crt")
	}
	for _, s := range []struct{ name, value string }{{"issuer", c.Issuer.Name}, {"duration", c.Duration},
		{"renewBefore", c.RenewBefore}} {
		if c.Source != SourceCertManager && s.value != "" {
			add("certificates."+s.name, "goes with certificates.source: %s only", SourceCertManager)
		}
	}
	return problems
}

func (s Settings) validateLists() []error {
	var problems []error
	for i, c := range s.Certificates.Clients {
		if !isRef(c.Ref) || c.SecretName == "" {
			problems = append(problems, invalid(fmt.Sprintf("certificates.clients[%d]", i),
				"needs ref (Kind/name, or Kind/name/container) and secretName"))
		}
	}
	for i, name := range s.InitContainer.PullSecrets {
		if name == "" {
			problems = append(problems, invalid(fmt.Sprintf("initContainer.pullSecrets[%d]", i),
				"needs the name of a Secret"))
		}
	}
	problems = append(problems, s.validateRules()...)
	for i, u := range s.Unmanaged {
		if !isRef(u.Ref) || strings.TrimSpace(u.Reason) == "" {
			problems = append(problems, invalid(fmt.Sprintf("unmanaged[%d]", i),
				"needs ref (Kind/name, or Kind/name/container) and reason"))
		}
	}
	return problems
}

func isRef(ref string) bool {
	parts := strings.Split(ref, "/")
	return (len(parts) == 2 || len(parts) == 3) && !slices.Contains(parts, "")
}
