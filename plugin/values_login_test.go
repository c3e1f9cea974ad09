package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// console is a Kibana that takes its token from a Secret.
const console = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: console
spec:
  template:
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.19.0
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://es:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /pki/ca.crt}
        - name: ELASTICSEARCH_SERVICEACCOUNTTOKEN
          valueFrom: {secretKeyRef: {name: by-hand, key: value}}
        volumeMounts: [{name: pki, mountPath: /pki}]
      volumes:
      - name: pki
        secret: {secretName: console-pki}
`

const (
	ownSecret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: by-hand}\nstringData: {value: AAEAAWVsYXN0aWM}\n"
	filledOne = "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: es}\nspec: {target: {name: by-hand}}\n"
)

// TestF10OwnToken holds that a token of the user's own is kept where the input shows that it is one, and that nobody is told of a hook
// that is not there.
func TestF10OwnToken(t *testing.T) {
	settings := realSettings(config.ModeCertToken, config.Required)
	settings.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
	for name, stream := range map[string]string{"in the input": console + ownSecret, "filled by a controller": console + filledOne} {
		t.Run(name, func(t *testing.T) {
			output, _, err := transform([]byte(stream), settings)
			if err != nil {
				t.Fatal(err)
			}
			text := string(output)
			if !strings.Contains(text, "secretKeyRef: {name: by-hand, key: value}") || strings.Contains(text, "elk-mtls-init") || strings.Contains(text, "kind: Role") {
				t.Errorf("the token is not the user's:\n%s", text)
			}
			if again := mustTransform(t, output, settings); string(again) != text {
				t.Errorf("once more, and it is another:\n%s", again)
			}
			if g := verified(t, output, settings); g.Verdict == verify.NotProven {
				t.Error(g.Text())
			}
		})
	}
	settings.Hooks = ""
	_, _, err := transform([]byte(console), settings)
	if err == nil || !strings.Contains(err.Error(), "Secret/by-hand, which is not in the input") || !strings.Contains(err.Error(), "Where the token is your own") {
		t.Errorf("from a Secret that nothing shows: %v", err)
	}
}

// TestTokenInAVolume holds that a pod whose volume waits for the key of the token is refused: elk-mtls-init could never write it.
func TestTokenInAVolume(t *testing.T) {
	settings := realSettings(config.ModeCertToken, config.Required)
	settings.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
	settings.Minter.SecretName, settings.Hooks = "admin", "off"
	stream := console + "      - name: t\n        secret: {secretName: console-elk-mtls-token, items: [{key: token, path: t}]}\n"
	if _, _, err := transform([]byte(stream), settings); err == nil || !strings.Contains(err.Error(), "a volume of the pod lists Secret/console-elk-mtls-token") {
		t.Errorf("got %v", err)
	}
	optional := strings.Replace(stream, "token, items", "token, optional: true, items", 1)
	if _, _, err := transform([]byte(optional), settings); err != nil {
		t.Errorf("one that need not be there: %v", err)
	}
}

// TestF11OwnLogin holds that a login that the chart writes is accepted in a mode with a password, wherever the Secret comes in, and that
// the other modes name this one.
func TestF11OwnLogin(t *testing.T) {
	const file = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: console-config}
data:
  kibana.yml: |
    elasticsearch.hosts: ["https://es:9200"]
    elasticsearch.username: kibana_system
    elasticsearch.password: "${DESK_PASSWORD}"
    elasticsearch.ssl.certificateAuthorities: [/pki/ca.crt]
`
	stream := strings.NewReplacer(
		"- name: ELASTICSEARCH_SERVICEACCOUNTTOKEN", "- name: DESK_PASSWORD",
		"        - {name: ELASTICSEARCH_HOSTS, value: \"https://es:9200\"}\n        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /pki/ca.crt}\n", "",
		"volumeMounts: [{name: pki, mountPath: /pki}]", "volumeMounts: [{name: pki, mountPath: /pki}, {name: config, mountPath: /usr/share/kibana/config/kibana.yml, subPath: kibana.yml}]",
		"      volumes:\n", "      volumes:\n      - {name: config, configMap: {name: console-config}}\n",
	).Replace(console) + file
	settings := realSettings(config.ModeCertPassword, config.Required)
	settings.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
	output := mustTransform(t, []byte(stream), settings)
	text := string(output)
	if strings.Contains(text, "ELASTICSEARCH_PASSWORD") || !strings.Contains(text, "name: by-hand") || !strings.Contains(text, file) {
		t.Errorf("its own login is changed:\n%s", text)
	}
	if again := mustTransform(t, output, settings); string(again) != text {
		t.Errorf("once more, and it is another:\n%s", again)
	}
	if g := verified(t, output, settings); g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
	settings.Password.SecretName, settings.Password.Key = "another", "value"
	if _, _, err := transform([]byte(stream), settings); err == nil || !strings.Contains(err.Error(), "remove one of the two") {
		t.Errorf("the configuration names another Secret: %v", err)
	}
	for mode, want := range map[string]string{config.ModeCertToken: "--mode cert-password", config.ModeToken: "--mode password"} {
		settings := realSettings(mode, config.None)
		settings.Minter.SecretName = "admin"
		if _, _, err := transform([]byte(stream), settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mode %s: %v, which does not name %s", mode, err, want)
		}
	}
}

// TestReplacedLogin holds that a login which a chart writes leaves every place that sets it, where the configuration asks for that, and
// that a Secret of the configuration takes the place of a plain password (F11, Q8).
func TestReplacedLogin(t *testing.T) {
	const token = "        - name: ELASTICSEARCH_SERVICEACCOUNTTOKEN\n          valueFrom: {secretKeyRef: {name: by-hand, key: value}}\n"
	const plain = "        - {name: ELASTICSEARCH_USERNAME, value: kibana_system}\n        - {name: ELASTICSEARCH_PASSWORD, value: change-me}\n"
	inVariables := strings.Replace(console, token, plain, 1)
	inFile := strings.NewReplacer(token, "",
		"volumeMounts: [{name: pki, mountPath: /pki}]", "volumeMounts: [{name: pki, mountPath: /pki}, {name: config, mountPath: /usr/share/kibana/config/kibana.yml, subPath: kibana.yml}]",
		"      volumes:\n", "      volumes:\n      - {name: config, configMap: {name: console-config}}\n",
	).Replace(console) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: console-config}\ndata:\n  kibana.yml: |\n    server.name: console\n" +
		"    elasticsearch.username: kibana_system\n    elasticsearch.password: change-me\n"
	fromConfigMap := strings.Replace(console, token, "", 1) // by envFrom
	fromConfigMap = strings.Replace(fromConfigMap, "        env:\n", "        envFrom: [{configMapRef: {name: login}}]\n        env:\n", 1) +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: login}\ndata: {ELASTICSEARCH_USERNAME: kibana_system, ELASTICSEARCH_PASSWORD: change-me}\n"
	settings := func(mode string) config.Settings {
		s := realSettings(mode, config.Required)
		s.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
		return s
	}
	for what, stream := range map[string]string{"in variables": inVariables, "in the file": inFile} {
		s := settings(config.ModeCertToken)
		if _, _, err := transform([]byte(stream), s); err == nil || !strings.Contains(err.Error(), "--mode cert-password, or take them out by kibana.login: replace") {
			t.Errorf("%s: %v", what, err)
		}
		s.Kibana.Login = config.ReplaceLogin
		output := mustTransform(t, []byte(stream), s)
		if text := string(output); strings.Contains(text, "kibana_system") || strings.Contains(text, "change-me") || !strings.Contains(text, "SERVICEACCOUNTTOKEN") {
			t.Errorf("%s: the login is still there:\n%s", what, text)
		}
		twiceIsOnce(t, output, s)
		if g := verified(t, output, s); g.Verdict == verify.NotProven {
			t.Errorf("%s: %s", what, g.Text())
		}
		s = settings(config.ModeCertPassword)
		s.Password.SecretName = "console-login"
		output = mustTransform(t, []byte(stream), s)
		if text := string(output); strings.Contains(text, "change-me") || !strings.Contains(text, "console-login") || !strings.Contains(text, "kibana_system") {
			t.Errorf("%s: the password is still there:\n%s", what, text)
		}
		twiceIsOnce(t, output, s)
		if g := verified(t, output, s); g.Verdict == verify.NotProven {
			t.Errorf("%s: %s", what, g.Text())
		}
	}
	s := settings(config.ModeCertToken)
	s.Kibana.Login = config.ReplaceLogin
	if _, _, err := transform([]byte(fromConfigMap), s); err == nil || !strings.Contains(err.Error(), "where others may read it too") {
		t.Errorf("in a ConfigMap that others may read: %v", err)
	}
}

// TestF16KibanaIsTold holds that Kibana calls what elasticsearch.url names where nothing sets its hosts, and its image would call a host of
// its own; what somebody sets, or may set in a file that is not shown, stays.
func TestF16KibanaIsTold(t *testing.T) {
	const hosts = "        - {name: ELASTICSEARCH_HOSTS, value: \"https://es:9200\"}\n"
	silent := strings.Replace(console+ownSecret, hosts, "", 1)
	unseen := strings.NewReplacer("volumeMounts: [{name: pki, mountPath: /pki}]",
		"volumeMounts: [{name: pki, mountPath: /pki}, {name: config, mountPath: /usr/share/kibana/config/kibana.yml, subPath: kibana.yml}]",
		"      volumes:\n", "      volumes:\n      - {name: config, configMap: {name: elsewhere}}\n").Replace(silent)
	shown := unseen + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: elsewhere}\ndata: {kibana.yml: \"server.name: console\\n\"}\n"
	const one, two = "https://search:9200", "https://search:9200,https://more:9200"
	for _, c := range []struct{ name, stream, url, output, not string }{
		{"one", silent, one, "- name: ELASTICSEARCH_HOSTS\n          value: https://search:9200", ""},
		{"two", silent, two, "- name: ELASTICSEARCH_HOSTS\n          value: \"[\\\"https://search:9200\\\",\\\"https://more:9200\\\"]\"", ""},
		{"a file that sets others", shown, one, "ELASTICSEARCH_HOSTS", ""},
		{"a file that is not shown", unseen, one, "", "ELASTICSEARCH_HOSTS"},
		{"set by hand", console + ownSecret, one, hosts, "https://search:9200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, mode := range []string{config.ModeToken, config.ModeCertToken} {
				s := realSettings(mode, config.None)
				s.Elasticsearch.URL = c.url
				s.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
				output := mustTransform(t, []byte(c.stream), s)
				if text := string(output); !strings.Contains(text, c.output) || c.not != "" && strings.Contains(text, c.not) {
					t.Errorf("mode %s: want %q and not %q:\n%s", mode, c.output, c.not, text)
				}
				twiceIsOnce(t, output, s)
				if g := verified(t, output, s); g.Verdict == verify.NotProven {
					t.Error(g.Text())
				}
			}
		})
	}
}
