package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestF17ProbesWithCredentials holds that an httpGet with an Authorization header goes on asking Elasticsearch for an answer where the image
// has curl, that its credentials stand in that one argument and nowhere else, and that curl gives up before the kubelet does: that one
// writes the command of an exec that ran out of time into an event.
func TestF17ProbesWithCredentials(t *testing.T) {
	const (
		basic  = "Basic ZWxhc3RpYzpodW50ZXIyaHVudGVyMg=="
		header = "httpHeaders: [{name: Authorization, value: " + basic + "}]"
		probe  = "readinessProbe: {httpGet: {path: /_cluster/health, port: 9200, scheme: HTTPS, " + header + "}}\n" +
			"        startupProbe: {timeoutSeconds: 5, httpGet: {path: /, port: 9200, scheme: HTTPS, " + header + "}}"
	)
	stream := strings.Replace(mentionServer, "readinessProbe: {tcpSocket: {port: 9200}}", probe, 1)
	s := realSettings(config.ModeCertToken, config.Required)
	output, outcome, err := transform([]byte(stream), s)
	if err != nil {
		t.Fatal(err)
	}
	text := string(output)
	for _, want := range []string{
		`- "Authorization: ` + basic + `" - --max-time - "1" - https://127.0.0.1:9200/_cluster/health `, "timeoutSeconds: 2",
		`--header, "Authorization: ` + basic + `", --max-time, "5", "https://127.0.0.1:9200/"]}`, "timeoutSeconds: 6",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("the output lacks %s:\n%s", want, text)
		}
	}
	if n := strings.Count(text, basic); n != 2 {
		t.Errorf("the credentials are in the output %d times", n)
	}
	twiceIsOnce(t, output, s)
	g := verified(t, output, s)
	if g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
	asJSON, err := outcome.JSON()
	if err != nil {
		t.Fatal(err)
	}
	proof, err := g.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for what, said := range map[string]string{
		"the report": outcome.Text(), "the report as JSON": string(asJSON), "diff": outcome.Diff(), "a unified diff": outcome.Unified(),
		"a diff in Markdown": outcome.Markdown(), "the proof": g.Text(), "the proof as JSON": string(proof),
	} {
		if strings.Contains(said, "ZWxhc3RpYz") {
			t.Errorf("%s holds the credentials", what)
		}
	}
	other := strings.NewReplacer("image: docker.elastic.co/elasticsearch/elasticsearch:", "image: registry.example/search:").Replace(stream)
	output = mustTransform(t, []byte(other), s)
	if text := string(output); strings.Contains(text, "--max-time") || strings.Count(text, "tcpSocket") != 2 {
		t.Errorf("curl is called in an image of which nothing says that it has curl:\n%s", text)
	}
}
