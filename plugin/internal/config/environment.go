package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/closest"
)

// Field is one setting with its path in the configuration file and its name in the environment.
type Field struct {
	Path  string // "certificates.keys.ca"
	Env   string // "ELK_MTLS_CERTIFICATES_KEYS_CA"
	value any    // pointer into the Settings: *string, or a list or mapping that is given as YAML
}

// Fields lists the settings of s in the order of the configuration file.
func (s *Settings) Fields() []Field {
	fields := []Field{
		{Path: "mode", value: &s.Mode},
		{Path: "clientAuthentication", value: &s.ClientAuthentication},
		{Path: "hooks", value: (*string)(&s.Hooks)},
		{Path: "certificates.source", value: &s.Certificates.Source},
		{Path: "certificates.secretName", value: &s.Certificates.SecretName},
		{Path: "certificates.keys.ca", value: &s.Certificates.Keys.CA},
		{Path: "certificates.keys.cert", value: &s.Certificates.Keys.Cert},
		{Path: "certificates.keys.key", value: &s.Certificates.Keys.Key},
		{Path: "certificates.ca.secretName", value: &s.Certificates.CA.SecretName},
		{Path: "certificates.ca.configMapName", value: &s.Certificates.CA.ConfigMapName},
		{Path: "certificates.ca.key", value: &s.Certificates.CA.Key},
		{Path: "certificates.clientCA.secretName", value: &s.Certificates.ClientCA.SecretName},
		{Path: "certificates.clientCA.key", value: &s.Certificates.ClientCA.Key},
		{Path: "certificates.clients", value: &s.Certificates.Clients},
		{Path: "certificates.verificationMode", value: &s.Certificates.VerificationMode},
		{Path: "certificates.rendered", value: &s.Certificates.Rendered},
		{Path: "certificates.onRenewal", value: &s.Certificates.OnRenewal},
		{Path: "certificates.issuer.name", value: &s.Certificates.Issuer.Name},
		{Path: "certificates.issuer.kind", value: &s.Certificates.Issuer.Kind},
		{Path: "certificates.issuer.group", value: &s.Certificates.Issuer.Group},
		{Path: "certificates.duration", value: &s.Certificates.Duration},
		{Path: "certificates.renewBefore", value: &s.Certificates.RenewBefore},
		{Path: "certificates.namespace", value: &s.Certificates.Namespace},
		{Path: "token.account", value: &s.Token.Account},
		{Path: "token.secretName", value: &s.Token.SecretName},
		{Path: "token.key", value: &s.Token.Key},
		{Path: "kibana.login", value: &s.Kibana.Login},
		{Path: "password.secretName", value: &s.Password.SecretName},
		{Path: "password.key", value: &s.Password.Key},
		{Path: "password.set", value: &s.Password.Set},
		{Path: "pki.realm", value: &s.PKI.Realm},
		{Path: "pki.role", value: &s.PKI.Role},
		{Path: "minter.secretName", value: &s.Minter.SecretName},
		{Path: "minter.usernameKey", value: &s.Minter.UsernameKey},
		{Path: "minter.passwordKey", value: &s.Minter.PasswordKey},
		{Path: "initContainer.image", value: &s.InitContainer.Image},
		{Path: "initContainer.pullPolicy", value: &s.InitContainer.PullPolicy},
		{Path: "initContainer.pullSecrets", value: &s.InitContainer.PullSecrets},
		{Path: "initContainer.resources", value: &s.InitContainer.Resources},
		{Path: "initContainer.timeout", value: &s.InitContainer.Timeout},
		{Path: "serviceAccount.name", value: &s.ServiceAccount.Name},
		{Path: "elasticsearch.url", value: &s.Elasticsearch.URL},
		{Path: "rules", value: &s.Rules},
		{Path: "unmanaged", value: &s.Unmanaged},
	}
	for i := range fields {
		fields[i].Env = envPrefix + upperSnake(fields[i].Path)
	}
	return fields
}

const envPrefix = "ELK_MTLS_"

// initPrefix begins, behind ours, the variables of elk-mtls-init; those of initContainer.* are among the settings.
const initPrefix = "INIT_"

// otherEnv are the variables with our prefix that are no settings: the ones of the command line, and those of the
// project's tests.
var otherEnv = [...]string{"CONFIG", "REPORT", "REPORT_FORMAT", "CACHE", "RENDERS", "REQUIRE_REAL"}

// upperSnake turns "certificates.clientCA.secretName" into "CERTIFICATES_CLIENT_CA_SECRET_NAME".
func upperSnake(path string) string {
	var b strings.Builder
	lower := false
	for _, r := range path {
		upper := r >= 'A' && r <= 'Z'
		switch {
		case r == '.':
			r = '_'
		case upper && lower:
			b.WriteByte('_')
		}
		lower = !upper && r != '_'
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// Environment overlays what the environment says. Of one setting the plain name counts before Argo CD's: ELK_MTLS_MODE,
// then ARGOCD_ENV_ELK_MTLS_MODE (plugin.env of an Application), then PARAM_MODE (a plugin parameter; only where Argo CD
// runs us). A name with our prefix that is like that of a setting is refused, so that a typing mistake does not leave a
// cluster half secured. Others are strangers: ELK_MTLS_VERSION of a pipeline.
// https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/#using-environment-variables-in-your-plugin
func (s *Settings) Environment(environ []string) (strangers []string, err error) {
	env := environment(environ)
	var names []string // of the settings, without the prefix
	var problems []error
	for _, f := range s.Fields() {
		names = append(names, strings.TrimPrefix(f.Env, envPrefix))
		name, value, ok := lookup(env, f.Env)
		if !ok {
			continue
		}
		if err := f.set(value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		own, ours := strings.CutPrefix(strings.TrimPrefix(name, "ARGOCD_ENV_"), envPrefix)
		if !ours || slices.Contains(names, own) || slices.Contains(otherEnv[:], own) || isServiceLink(envPrefix+own) {
			continue
		}
		switch meant, ok := meantBy(own, names); {
		case ok:
			problems = append(problems, fmt.Errorf("%s: no such setting; did you mean %s%s? `elk-mtls help settings` "+
				"lists them", name, envPrefix, meant))
		case !strings.HasPrefix(own, initPrefix):
			strangers = append(strangers, name)
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Error() < problems[j].Error() })
	return strangers, errors.Join(problems...)
}

// Variable gives the variable that the environment sets a setting by, or what it is in or has in it; ok is false where
// it sets none.
func Variable(environ []string, path string) (name string, ok bool) {
	env := environment(environ)
	for _, f := range new(Settings).Fields() {
		if isIn(f.Path, path) || isIn(path, f.Path) {
			if name, _, ok = lookup(env, f.Env); ok {
				return name + path[min(len(path), len(f.Path)):], true
			}
		}
	}
	return name, ok
}

// isIn holds for a path that is another or goes on behind it: "certificates.clients[0].ref" and "certificates.clients".
func isIn(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// otherWords are what settings are called elsewhere: by flags, and in the documents.
var otherWords = map[string]string{
	"ALLOW_RENDERED_CERTS": "CERTIFICATES_RENDERED", "INIT_IMAGE": "INIT_CONTAINER_IMAGE",
	"STAGE": "CLIENT_AUTHENTICATION",
}

// meantBy gives the setting that a name without the prefix is like.
func meantBy(name string, settings []string) (string, bool) {
	if setting, ok := otherWords[name]; ok {
		return setting, true
	}
	if strings.HasPrefix(name, initPrefix) && !strings.HasPrefix(name, initPrefix+"CONTAINER_") {
		return "", false
	}
	return closest.To(name, settings)
}

func lookup(env map[string]string, name string) (found, value string, ok bool) {
	names := []string{name, "ARGOCD_ENV_" + name}
	if _, argo := env["ARGOCD_APP_NAME"]; argo {
		names = append(names, "PARAM_"+strings.TrimPrefix(name, envPrefix))
	}
	for _, n := range names {
		if v, ok := env[n]; ok && v != "" {
			return n, v, true
		}
	}
	return "", "", false
}

// IsParameter tells whether a parameter of an Argo CD plugin is a setting, by the rule by which its name becomes that
// of a variable: "client-authentication" is PARAM_CLIENT_AUTHENTICATION.
func IsParameter(name string) bool {
	upper := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return slices.ContainsFunc(new(Settings).Fields(), func(f Field) bool { return f.Env == envPrefix+upper })
}

func (f Field) set(value string) error {
	if text, ok := f.value.(*string); ok {
		*text = value
		return nil
	}
	if err := decode([]byte(value), f.value); err != nil {
		return fmt.Errorf("expected YAML as in the configuration file: %w", err)
	}
	return nil
}

// isServiceLink holds for the variables that the kubelet sets in every pod for a Service called elk-mtls or
// elk-mtls-something.
// https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
func isServiceLink(name string) bool {
	if strings.HasSuffix(name, "_SERVICE_HOST") || strings.HasSuffix(name, "_PORT") ||
		strings.Contains(name, "_SERVICE_PORT") {
		return true
	}
	_, port, ok := strings.Cut(name, "_PORT_")
	return ok && port != "" && port[0] >= '0' && port[0] <= '9'
}

// FromPairs reads a configuration that is flat, as the ConfigMap is that kpt makes of configMap in a Kptfile: each key
// is the path of a setting. Keys that name no setting are refused.
func FromPairs(pairs map[string]string) (Settings, error) {
	var s Settings
	var problems []error
	fields := s.Fields()
	var paths []string
	for _, f := range fields {
		paths = append(paths, f.Path)
	}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Path == name })
		if i < 0 {
			problems = append(problems, fmt.Errorf("data.%s: no such setting%s; `elk-mtls help settings` lists them",
				name, closest.Hint(name, paths)))
		} else if err := fields[i].set(pairs[name]); err != nil {
			problems = append(problems, fmt.Errorf("data.%s: %w", name, err))
		}
	}
	return s, errors.Join(problems...)
}
