package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// noteEgress tells about NetworkPolicies that may keep the init container from the Kubernetes API: Kibana itself never
// calls it, so that a policy made for Kibana need not allow it.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation
func noteEgress(p step, w *recognise.Workload) error {
	policies, err := p.release.Policies(w)
	if err != nil {
		return err
	}
	for _, policy := range policies {
		egress := object.Items(policy.Node, "spec", "egress")
		restricts := object.Get(policy.Node, "spec", "egress") != nil
		for _, t := range object.Items(policy.Node, "spec", "policyTypes") {
			restricts = restricts || t.Value == "Egress"
		}
		anything := func(rule *yaml.Node) bool { return len(rule.Content) == 0 }
		if restricts && !slices.ContainsFunc(egress, anything) {
			p.action(object.ID{}, "%s restricts what the pods of %s may call: %s calls the Kubernetes API besides "+
				"Elasticsearch, which the policy must allow", policy.ID, w.ID, initName)
		}
	}
	return nil
}
