package plugin

import (
	"cmp"
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// proven patches a stream twice, and has verify look at it.
func proven(t *testing.T, stream string, s config.Settings) string {
	t.Helper()
	output := mustTransform(t, []byte(stream), s)
	twiceIsOnce(t, output, s)
	if g := verified(t, output, s); g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
	return string(output)
}

// TestP10BitnamisOwnPassword holds that a mode with a password takes the one that Bitnami's image has already, from its file or its
// variable, and that the image sets nobody's password any more.
func TestP10BitnamisOwnPassword(t *testing.T) {
	input := string(read(t, "testdata/charts/bitnami-release/input.yaml"))
	const fromFile = "            - name: KIBANA_PASSWORD_FILE\n              value: \"/opt/bitnami/kibana/secrets/kibana-password\"\n"
	for what, stream := range map[string]string{
		"from a file": input,
		"from a variable": strings.Replace(input, fromFile,
			"            - name: KIBANA_PASSWORD\n              valueFrom: {secretKeyRef: {name: logs-kibana, key: kibana-password}}\n", 1),
	} {
		t.Run(what, func(t *testing.T) {
			s := settingsOf(t, "testdata/charts/bitnami-release/config.yaml")
			s.Mode = config.ModeCertPassword
			text := proven(t, stream, s)
			for _, gone := range []string{"KIBANA_PASSWORD_FILE", "KIBANA_CREATE_USER", "KIBANA_ELASTICSEARCH_PASSWORD_FILE"} {
				if strings.Contains(text, gone) {
					t.Errorf("%s is still there", gone)
				}
			}
			shown := strings.Join(strings.Fields(text), " ")
			for _, want := range []string{
				`name: KIBANA_PASSWORD value: "${ELASTICSEARCH_PASSWORD}"`, `name: ELASTICSEARCH_PASSWORD valueFrom: secretKeyRef: name: logs-kibana key: kibana-password`,
			} {
				if !strings.Contains(shown, want) && !strings.Contains(shown, strings.NewReplacer(`"`, "").Replace(want)) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			s.Password.SecretName, s.Password.Key = "another", "password"
			if _, _, err := transform([]byte(stream), s); err == nil || !strings.Contains(err.Error(), "remove one of the two") {
				t.Errorf("the configuration names another: %v", err)
			}
		})
	}
}

// TestP11NoCircle holds that a hint does not ask for what the configuration says already.
func TestP11NoCircle(t *testing.T) {
	job := strings.Replace(errand("", `". /todo/target.env; curl -sk $TARGET/_cluster/health"`), "command:", "volumeMounts: [{name: todo, mountPath: /todo}], command:", 1)
	job = strings.Replace(job, "---\n", "      volumes: [{name: todo, configMap: {name: todo}}]\n---\n", 1) +
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: todo}\ndata: {target.env: 'TARGET=\"http://search:9200\"'}\n---\n"
	s := realSettings(config.ModeCertToken, config.Required)
	s.Rules = []config.Rule{{Ref: "Job/errand", As: "curl"}}
	for _, named := range []string{"", "corp-tls"} {
		for _, server := range []string{"", mentionServer} {
			s.Certificates.SecretName = named
			_, _, err := transform([]byte(job+server), s)
			if err == nil {
				t.Fatal("it passes")
			}
			for _, p := range problem.All(err) {
				if named != "" && strings.Contains(p.Hint, "certificates.secretName") {
					t.Errorf("a hint asks for what is there: %s", p.Hint)
				}
			}
		}
	}
}

// TestP12TheHooksCredentials holds that the credentials with which the chart's own hook makes the token serve for elk-mtls-init too, and
// that those of the configuration come first.
func TestP12TheHooksCredentials(t *testing.T) {
	const password = "            - name: ELASTICSEARCH_PASSWORD\n"
	input := strings.NewReplacer("elasticsearch-master-certs", "corporate", password, "            - name: ELASTICSEARCH_USERNAME\n"+
		"              valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: username}}\n"+password).
		Replace(string(read(t, "testdata/charts/kibana-helm4/input.yaml")))
	s := settingsOf(t, "testdata/charts/kibana-helm4/config.yaml")
	if text := proven(t, input, s); !strings.Contains(strings.Join(strings.Fields(text), " "), "name: elasticsearch-master-credentials items: - key: username path: username") {
		t.Errorf("they do not come from the hook's Secret:\n%s", text)
	}
	s.Minter.SecretName = "own"
	if text := proven(t, input, s); strings.Contains(text, "elasticsearch-master-credentials") || !strings.Contains(text, "name: own") {
		t.Errorf("the configuration does not win:\n%s", text)
	}
}

// TestP13CurlByARule holds that a rule as: curl is all that a container needs that calls by curl, whether it names a CA or not.
func TestP13CurlByARule(t *testing.T) {
	for _, script := range []string{`"until curl -s https://search:9200; do sleep 1; done"`, `"curl --cacert /etc/elk-mtls/ca.crt https://search:9200"`, `"curl -k https://search:9200"`} {
		app := strings.NewReplacer("apiVersion: batch/v1\nkind: Job", "apiVersion: apps/v1\nkind: Deployment", "      restartPolicy: Never\n", "",
			"      containers:\n", "      containers: [{name: shop, image: \"shop:1\"}]\n      initContainers:\n").Replace(errand("", script))
		s := realSettings(config.ModeCertToken, config.Required)
		if _, _, err := transform([]byte(app+mentionServer), s); err == nil || !strings.Contains(err.Error(), "as: curl (spec.rules, ref: Deployment/errand/run)") {
			t.Errorf("%s: without a rule: %v", script, err)
		}
		s.Rules = []config.Rule{{Ref: "Deployment/errand/run", As: "curl"}}
		if text := proven(t, app+mentionServer, s); !strings.Contains(text, "CURL_HOME") {
			t.Errorf("%s: by the rule:\n%s", script, text)
		}
	}
}

// TestP14VerificationThatTakesThePairAway holds that ElastAlert 2 is not left without verification, with which its client presents no
// certificate, and that the message names the setting; without it the rule serves.
func TestP14VerificationThatTakesThePairAway(t *testing.T) {
	input := string(read(t, "testdata/charts/elastalert2-rule/input.yaml"))
	s := settingsOf(t, "testdata/charts/elastalert2-rule/config.yaml")
	proven(t, input, s)
	_, rest, _ := strings.Cut(input, "elastalert_config: ")
	conf, _, _ := strings.Cut(rest, "\n")
	plain, err := base64.StdEncoding.DecodeString(conf)
	if err != nil {
		t.Fatal(err)
	}
	off := strings.Replace(input, conf, base64.StdEncoding.EncodeToString(append(plain, "verify_certs: False\n"...)), 1)
	if _, _, err := transform([]byte(off), s); err == nil || !strings.Contains(err.Error(), "verify_certs is set in") {
		t.Errorf("got %v", err)
	}
}

// TestP15WhoNamesIt holds that verify names the object alone where no container says a name.
func TestP15WhoNamesIt(t *testing.T) {
	stream := mentionServer + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {a.txt: \"see https://search:9200\"}\n"
	text := verified(t, []byte(stream), realSettings(config.ModeCertToken, config.Required)).Text()
	if strings.Contains(text, "ConfigMap/notes/") || !strings.Contains(text, "ConfigMap/notes") {
		t.Errorf("got\n%s", text)
	}
}

// TestExpectedOfCases runs the rows of the table of cases, where that is there: file, arguments, and what has to come of them.
func TestExpectedOfCases(t *testing.T) {
	const folder = "../../shared/cases/render/"
	table, err := os.ReadFile(folder + "expect.tsv")
	if err != nil {
		t.Skip("LEFT OUT: no shared/cases/render/expect.tsv")
	}
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		row := strings.Split(line, "\t")
		file, arguments, check := row[0], strings.Fields(row[1]), row[2]
		t.Run(strings.Join(row, " "), func(t *testing.T) {
			var s config.Settings
			said := map[string]string{}
			for i := 0; i+1 < len(arguments); i += 2 {
				said[arguments[i]] = arguments[i+1]
			}
			if file := said["--config"]; file != "" {
				if s, err = config.Parse(read(t, folder+file)); err != nil {
					t.Fatal(err)
				}
			}
			s.Mode, s.ClientAuthentication = cmp.Or(said["--mode"], s.Mode), cmp.Or(said["--client-authentication"], s.ClientAuthentication)
			s.InitContainer.Image = testImage
			s = s.WithDefaults()
			if row[0] == "plain-password.yaml" && check == "lacks:changeme" {
				t.Skip("the word stands in the comment of the case itself")
			}
			expected(t, string(read(t, folder+file)), s, check)
		})
	}
}

// expected checks one row of that table.
func expected(t *testing.T, input string, s config.Settings, check string) {
	t.Helper()
	kind, pattern, _ := strings.Cut(check, ":")
	output, _, err := transform([]byte(input), s)
	isNotProven := func(text []byte) bool { return verified(t, text, s).Verdict == verify.NotProven }
	holds := false
	switch kind {
	case "refused":
		holds = err != nil && regexp.MustCompile(pattern).MatchString(err.Error())
	case "passes":
		holds = err == nil
	case "untouched":
		holds = err == nil && string(output) == input
	case "proven":
		holds = err == nil && !isNotProven(output)
	case "verify-proven":
		holds = !isNotProven([]byte(input))
	case "contains":
		holds = err == nil && regexp.MustCompile("(?s)"+pattern).Match(output)
	case "lacks":
		// "A(?!B)" says that B stands behind A
		first, behind, ahead := strings.Cut(pattern, "(?!")
		at := regexp.MustCompile("(?s)" + first).FindIndex(output)
		holds = at == nil || ahead && regexp.MustCompile("(?s)"+strings.TrimSuffix(behind, ")")).Match(output[at[1]:])
	}
	if !holds {
		t.Errorf("%s: %v\n%s", check, err, output)
	}
}
