package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// eck says what becomes of the resources of Elastic's operator. It owns their certificates and is a client of its own
// without one, so that certificates cannot be required on the Basic licence; before that stage nothing there has to
// change.
// https://www.elastic.co/docs/deploy-manage/security/k8s-https-settings
func eck(in *In) Part {
	p := begin(in)
	servers := slices.ContainsFunc(p.release.ECK,
		func(o *object.Object) bool { return o.Kind == string(recognise.Elasticsearch) })
	for _, o := range p.release.ECK {
		switch {
		case servers && o.Kind != string(recognise.Elasticsearch) && p.settings.ClientAuthentication == config.Required:
			continue // what is said of its Elasticsearch is enough
		case !p.settings.Certs():
			p.pass(o.ID, "is a custom resource of ECK, which keeps HTTPS and Kibana's token by itself")
		case p.settings.ClientAuthentication == config.Required:
			p.failing(o.ID, problem.New(problem.Operator, "this is a custom resource of ECK, whose operator is "+
				"itself a client without a certificate: requiring certificates would lock the operator out on the "+
				"Basic licence").
				Do("stay with clientAuthentication: optional, use the Helm charts of Elasticsearch and Kibana, or, "+
					"with an Enterprise licence, let ECK do it (spec.http.tls.client.authentication: true, from ECK "+
					"3.4) and list the object under spec.unmanaged with that reason"))
		default:
			p.pass(o.ID, "is a custom resource of ECK, which keeps HTTPS and Kibana's token by itself; it asks no "+
				"client for a certificate")
			p.action(o.ID, "ECK cannot require certificates on the Basic licence, and this value leaves it as it "+
				"is: clientAuthentication: required will be refused for it")
		}
	}
	return *p.Part
}
