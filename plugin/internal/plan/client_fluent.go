package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// fluentdImage refuses a Fluentd of which the image has the configuration.
func fluentdImage(p step, w *recognise.Workload, found []*connection) error {
	const variable = "FLUENT_ELASTICSEARCH_HOST"
	if _, ok := p.seen(w.Main).Env.Own(variable); ok && len(found) == 0 && p.settings.Certs() {
		coverVariable(p, w.Object, w.Main, variable)
		return problem.New(problem.TooOld, "env %s is for the configuration inside the image, which has no variable "+
			"for a certificate", variable).
			Do("mount a fluent.conf of your own with the output")
	}
	return nil
}
