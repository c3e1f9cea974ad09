package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

func TestUpperSnake(t *testing.T) {
	for path, want := range map[string]string{
		"mode":                             "MODE",
		"certificates.clientCA.secretName": "CERTIFICATES_CLIENT_CA_SECRET_NAME",
		"elasticsearch.url":                "ELASTICSEARCH_URL",
		"certificates.keys.ca":             "CERTIFICATES_KEYS_CA",
	} {
		if got := upperSnake(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	for _, d := range Describe() {
		if d.What == "" || d.Default == "" {
			t.Errorf("%s has no description", d.Path)
		}
	}
}

// TestEveryFieldHasAName holds the table of settings to the type: a field that only the file knows would be missing in
// the environment.
func TestEveryFieldHasAName(t *testing.T) {
	const file = `apiVersion: elk-mtls.dev/v1alpha1
kind: MutualTLS
spec:
  mode: x
  clientAuthentication: x
  hooks: x
  certificates:
    source: x
    secretName: x
    keys: {ca: x, cert: x, key: x}
    ca: {secretName: x, configMapName: x, key: x}
    clientCA: {secretName: x, key: x}
    clients: [{ref: a/b, secretName: x}]
    verificationMode: x
    rendered: x
    issuer: {name: x, kind: x, group: x}
    duration: x
    renewBefore: x
    onRenewal: x
    namespace: x
  token: {account: x, secretName: x, key: x}
  kibana: {login: x}
  password: {secretName: x, key: x, set: true}
  pki: {realm: x, role: x}
  minter: {secretName: x, usernameKey: x, passwordKey: x}
  initContainer: {image: x, pullPolicy: x, pullSecrets: [x], resources: {a: x}, timeout: x}
  serviceAccount: {name: x}
  elasticsearch: {url: x}
  rules: [{ref: a/b, as: x, mountPath: /x, env: {X: x}, args: [--x], files: [{path: /x, at: x, is: {x: x}, set: {x: true}}]}]
  unmanaged: [{ref: a/b, reason: x}]
`
	fromFile, err := Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	var fromEnv Settings
	var environ []string
	for _, f := range fromEnv.Fields() {
		value := "x"
		switch f.Path {
		case "certificates.clients":
			value = "[{ref: a/b, secretName: x}]"
		case "initContainer.pullSecrets":
			value = "[x]"
		case "initContainer.resources":
			value = "{a: x}"
		case "password.set":
			value = "true"
		case "rules":
			value = "[{ref: a/b, as: x, mountPath: /x, env: {X: x}, args: [--x], files: [{path: /x, at: x, is: {x: x}, set: {x: true}}]}]"
		case "unmanaged":
			value = "[{ref: a/b, reason: x}]"
		}
		environ = append(environ, f.Env+"="+value)
	}
	if _, err := fromEnv.Environment(environ); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromFile, fromEnv); diff != "" {
		t.Errorf("file and environment differ (-file +environment):\n%s", diff)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	s := Settings{Mode: "m", ClientAuthentication: "c", Hooks: "h", Unmanaged: []Unmanaged{{Ref: "x"}}}
	s.InitContainer.Timeout = "-1s"
	s.InitContainer.PullSecrets = []string{"x y", ""}
	s.InitContainer.Image, s.Certificates.SecretName, s.Minter.PasswordKey = "https://registry.example/x", "Certs", "pass word"
	s.Certificates.Clients = []Client{{Ref: "Deployment/x", SecretName: "-x"}}
	s.Token.Account = "kibana"
	s.Password.Set, s.PKI.Realm = true, "a.b"
	s.Certificates.Duration = "a year"
	s.Elasticsearch.URL = "http://es:9200"
	s.Rules = []Rule{
		{Ref: "x"},
		{Ref: "Deployment/x"},
		{Ref: "Deployment/y", MountPath: "certs", Args: []string{"ca"}, Files: []RuleFile{{Path: "a.yaml"}}},
		{Ref: "Deployment/y", As: "vector"},
		{Ref: "Deployment/z/c", As: "vector"},
	}
	s.Unmanaged = append(s.Unmanaged, Unmanaged{Ref: "Deployment/z", Reason: "its own"})
	err := s.Validate()
	for _, want := range []string{
		"password: goes with the modes password and cert-password only", `pki.realm: "a.b"`,
		`certificates.duration: "a year"`, "initContainer.pullSecrets[1]: needs the name", "goes with certificates.source: cert-manager only",
		"rules[0]: needs ref", "rules[1]: says nothing", "rules[2].mountPath:", "rules[2].args[0]:", "rules[2].files[0].path:", "rules[2].files[0].set:",
		"rules[3]: Deployment/y has a rule already", "rules[4]: Deployment/z/c is listed under unmanaged",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in: %v", want, err)
		}
	}
	for _, want := range []string{
		`certificates.secretName: "Certs"`, `certificates.clients[0].secretName: "-x"`, `initContainer.pullSecrets[0]: "x y"`, `minter.passwordKey: "pass word"`,
		`initContainer.image: "https://registry.example/x"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in: %v", want, err)
		}
	}
	for _, want := range []string{"mode:", "clientAuthentication:", "hooks:", "unmanaged[0]:", "initContainer.timeout:", "token.account:", "elasticsearch.url:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in: %v", want, err)
		}
	}
	for _, one := range problem.Each(err) {
		if wrong := new(ValueError); !errors.As(one, &wrong) {
			t.Errorf("nobody can say where this value is from: %v", one)
		}
	}
}

func TestVariable(t *testing.T) {
	environ := []string{"ELK_MTLS_CERTIFICATES_CLIENTS=[{}]", "ELK_MTLS_PASSWORD_SET=true", "ARGOCD_ENV_ELK_MTLS_MODE=x"}
	for path, want := range map[string]string{
		"mode": "ARGOCD_ENV_ELK_MTLS_MODE", "password": "ELK_MTLS_PASSWORD_SET", "certificates.clients[0].secretName": "ELK_MTLS_CERTIFICATES_CLIENTS[0].secretName",
		"certificates.ca": "", "certificates.secretName": "", "hooks": "",
	} {
		if got, ok := Variable(environ, path); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\n"
	const notOurs = `is not a configuration of elk-mtls: apiVersion is "" and kind is "", and must be elk-mtls.dev/v1alpha1 and MutualTLS`
	for text, want := range map[string]string{
		"hello":                                 notOurs,
		"[1]":                                   notOurs,
		"a:\n\tb: c":                            "is not YAML: yaml: line 2: found character that cannot start any token: indent with spaces, not tabs",
		head + "spec: hello":                    "spec is a text, and must be a mapping",
		head + "spec: {mode: [x]}":              "spec.mode is a list, and must be a text",
		head + "spec: {unmanaged: x}":           "spec.unmanaged is a text, and must be a list",
		head + "spec: {token: {key: 5}}":        "spec.token.key is a number, and must be a text",
		head + "spec: {password: {set: often}}": "spec.password.set is a text, and must be true or false",
		head + "spec: {token: {key: {a: b}}}":   "spec.token.key is a mapping, and must be a text",
		head + "spec: {mod: x}":                 `unknown field "spec.mod"; did you mean spec.mode?`,
		head + "---\nkind: MutualTLS":           "contains more than one document, and only the first would be read: put everything into that",
		"":                                      `is not a configuration of elk-mtls: apiVersion is "" and kind is "", and must be elk-mtls.dev/v1alpha1 and MutualTLS`,
		"replicas: 1\nimage: x":                 `is not a configuration of elk-mtls: apiVersion is "" and kind is "", and must be elk-mtls.dev/v1alpha1 and MutualTLS`,
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q:\nwant %s\ngot  %v", text, want, err)
		}
	}
	if s, err := Parse([]byte("---\n# ours\n" + head + "spec: {mode: token}\n---\n")); err != nil || s.Mode != ModeToken {
		t.Errorf("an empty document behind it: %q, %v", s.Mode, err)
	}
}

func TestServiceLinksMeanNothing(t *testing.T) {
	for name, want := range map[string]bool{
		"ELK_MTLS_SERVICE_HOST":          true,
		"ELK_MTLS_INIT_SERVICE_PORT_WEB": true,
		"ELK_MTLS_PORT":                  true,
		"ELK_MTLS_PORT_443_TCP_PROTO":    true,
		"ELK_MTLS_MODUS":                 false,
		"ELK_MTLS_REPORT_FILE":           false,
		"ELK_MTLS_PORT_X":                false,
	} {
		if got := isServiceLink(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A quota on a namespace wants all four of every container. What the user gives is not mixed with ours, and {} is none.
func TestResourcesOfTheInitContainer(t *testing.T) {
	small := map[string]any{"cpu": "100m", "memory": "32Mi"}
	for _, test := range []struct {
		given string
		want  map[string]any
	}{
		{"", map[string]any{"requests": small, "limits": small}},
		{"{}", map[string]any{}},
		{"{requests: {memory: 20Mi}}", map[string]any{"requests": map[string]any{"memory": "20Mi"}}},
	} {
		var s Settings
		if test.given != "" {
			if _, err := s.Environment([]string{"ELK_MTLS_INIT_CONTAINER_RESOURCES=" + test.given}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(test.want, s.WithDefaults().InitContainer.Resources); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", test.given, diff)
		}
	}
}
