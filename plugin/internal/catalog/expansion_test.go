package catalog

import "testing"

// TestExpand holds what each program makes of variables in its settings: A is "a", EMPTY is set to nothing, HIDDEN is set to what nobody
// shows, and nothing sets NONE. A star is behind what is not known.
func TestExpand(t *testing.T) {
	value := func(name string) (string, bool, bool) {
		text, set := map[string]string{"A": "a", "EMPTY": "", "HIDDEN": ""}[name]
		return text, set, name != "HIDDEN"
	}
	expands := func(app App) Expansion { return of(app).Expands }
	for _, test := range []struct {
		name       string
		rule       Expansion
		text, want string
	}{
		{"nothing is put in", Expansion{}, "${A}/$A", "${A}/$A"},
		{"Beats", expands(Filebeat), "x/${A}/${NONE:d}", "x/a/d"},
		{"Beats, without braces", expands(Filebeat), "$A/$(A)", "$A/$(A)"},
		{"Beats, all behind the colon", expands(Filebeat), "${NONE:-d}", "-d"},
		{"Beats, set to nothing", expands(Filebeat), "${EMPTY:d}${EMPTY}", "d*"},
		{"Beats, hidden", expands(Filebeat), "${HIDDEN:d}", "*"},
		{"Beats, set nowhere", expands(Filebeat), "x${NONE}", "x*"},
		{"Beats, an operator", expands(Filebeat), "${A:+d}", "${A:+d}*"},
		{"Beats, in each other", expands(Filebeat), "${NONE:${A}}", "${NONE:a}*"},
		{"Elastic Agent", expands(Agent), "${env.A}${A}", "aa"},
		{"Elastic Agent, alternatives", expands(Agent), "${env.NONE|'d'}", "${env.NONE|'d'}*"},
		{"Logstash", expands(Logstash), "${A}${NONE:d}${EMPTY:d}$A", "ad$A"},
		{"Fluent Bit", expands(FluentBit), "${A}", "a"},
		{"Fluent Bit, which knows no default", expands(FluentBit), "${A:d}", "${A:d}*"},
		{"Fluentd", expands(Fluentd), `#{ENV['A']}#{ENV["NONE"] || 'd'}`, "ad"},
		{"Fluentd, other Ruby", expands(Fluentd), "#{IO.read('x')}", "#{IO.read('x')}*"},
		{"Fluentd, braces", expands(Fluentd), "${A}", "${A}"},
		{"Curator, the whole value alone", expands(Curator), "x${A}", "x${A}"},
		{"Curator", expands(Curator), "${NONE:d}", "d"},
		{"Jaeger 2", expands(Jaeger), "${env:A}${A}${env:NONE:-d}", "aad"},
		{"Jaeger 2, without braces", expands(Jaeger), "$A", "$A*"},
		{"Kibana", KibanaVariables(), "${A}${NONE:d}", "ad"},
		{"Kibana, a default with other signs", KibanaVariables(), "${NONE:-/d}", "${NONE:-/d}"},
		{"Elasticsearch", ElasticsearchVariables(), "${A}${NONE:-d}", "a-d"},
		{"Grafana", expands("grafana"), "$A/${A}/$__env{A}", "a/a/a"},
		{"ElastAlert", expands("elastalert2"), "$A/${A}", "a/a"},
		{"Vector", expands("vector"), "$A/${NONE:-d}/${NONE-d}", "a/d/d"},
		{"any program", AnyVariables(), "${A}${NONE:-d}${NONE:d}", "add"},
		{"what a shell leaves", LeftVariables(), "${A}${HIDDEN}$()", "a*"},
		{"what Kubernetes leaves", LeftVariables(), "$(A)", "$(A)*"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, known := test.rule.Expand(test.text, value)
			if !known {
				got += "*"
			}
			if got != test.want {
				t.Errorf("%s: got %q, expected %q", test.text, got, test.want)
			}
		})
	}
}
