package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

const trustsCA = `cacert = "/etc/elk-mtls/ca.crt"`

// errand is a Job, or a test of a chart, that runs a script.
func errand(hook, script string) string {
	env := ""
	if strings.Contains(script, "$URL") {
		env = "env: [{name: URL, value: \"http://search:9200\"}], "
	}
	return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: errand" + hook + "}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n" +
		"      - {name: run, image: \"curlimages/curl:8\", " + env + "command: [sh, -c, " + script + "]}\n---\n"
}

// TestCurlTrusts holds that curl is told the CA where its command lines name none and none of its calls goes elsewhere, and that the calls
// of a chart's test become https.
func TestCurlTrusts(t *testing.T) {
	const isTest, isJob = `, annotations: {helm.sh/hook: test}`, ""
	for _, c := range []struct {
		name, hook, script, becomes string
		trusts, proven              bool
	}{
		{"no scheme", isTest, `"curl --fail 'search:9200/_cluster/health'"`, `'https://search:9200/_cluster/health'`, true, true},
		{"plain HTTP", isTest, `"curl http://search:9200/a && curl -k search:9200"`, `curl https://search:9200/a && curl -k https://search:9200`, true, true},
		{"its own variable", isTest, `"curl $URL"`, `"curl $URL"`, false, false},
		{"no CA", isJob, `"curl https://search:9200"`, `"curl https://search:9200"`, true, true},
		{"unchecked", isJob, `"curl -k https://search:9200"`, `"curl -k https://search:9200"`, false, true},
		{"its own CA", isJob, `"export CURL_CA_BUNDLE=/etc/bundle.pem; curl https://search:9200"`, `curl https://search:9200`, false, false},
		{"elsewhere too", isJob, `"curl https://example.org/a | curl https://search:9200 -d @-"`, `| curl https://search:9200`, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			output := mustTransform(t, []byte(errand(c.hook, c.script)+mentionServer), s)
			text := string(output)
			if !strings.Contains(text, c.becomes) || strings.Contains(text, trustsCA) != c.trusts {
				t.Errorf("want %q, and that it trusts the CA: %v\n%s", c.becomes, c.trusts, text)
			}
			twiceIsOnce(t, output, s)
			if g := verified(t, output, s); (g.Verdict != verify.NotProven) != c.proven {
				t.Error(g.Text())
			}
		})
	}
}

// TestCurlTrustsNobodyElse holds that a .curlrc names no CA where a container reads it whose script nobody sees: that may call others, whose
// certificates no CA of ours has signed.
func TestCurlTrustsNobodyElse(t *testing.T) {
	beside := func(command string) string {
		return strings.Replace(errand("", `"curl https://search:9200"`), "---\n", "      - {name: crawl, image: crawler, command: "+command+"}\n---\n", 1)
	}
	for _, c := range []struct {
		name, command string
		trusts        bool
	}{
		{"in its image", "[/opt/crawl]", false},
		{"in a script that is seen", `[sh, -c, "curl https://search:9200/_cat"]`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			s.Rules = []config.Rule{{Ref: "Job/errand/crawl", As: "curl"}}
			output := mustTransform(t, []byte(beside(c.command)+mentionServer), s)
			if strings.Contains(string(output), trustsCA) != c.trusts {
				t.Errorf("want that it trusts the CA: %v\n%s", c.trusts, output)
			}
			twiceIsOnce(t, output, s)
		})
	}
}

// TestNamesOfAdditions holds that what is added for a chart's test has the same name in each rendering, where the test itself has not: the
// chart elasticsearch 7.17.3 gives it random letters. Argo CD would delete and create it at each look.
func TestNamesOfAdditions(t *testing.T) {
	added := func(name string) string {
		input := strings.ReplaceAll(errand(", annotations: {helm.sh/hook: test}", `"curl --fail 'search:9200/_cluster/health'"`), "errand", name) + mentionServer
		s := realSettings(config.ModeCertToken, config.Required)
		output, report, err := transform([]byte(input), s)
		if err != nil {
			t.Fatal(err)
		}
		twiceIsOnce(t, output, s)
		var all []string
		for _, a := range report.Added {
			all = append(all, a.Object.Kind+"/"+a.Object.Name)
		}
		return strings.Join(all, " ")
	}
	const want = "ConfigMap/node-elk-mtls-curl ConfigMap/node-elk-mtls-curl-ca"
	if one, other := added("search-qhzxk-test"), added("search-awbns-test"); one != want || other != want {
		t.Errorf("added are %s, and %s; want %s", one, other, want)
	}
}
