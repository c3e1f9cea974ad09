package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// tokenScript is the key of the ConfigMap with which Kibana's chart makes and deletes the token in hooks.
const tokenScript = "manage-es-token.js"

// hooks plans to remove the hooks with which Kibana's chart makes the token: the init container does it. The Jobs are known by the
// script that they run; what else belongs to them hangs on the Jobs.
func (p *planner) hooks() {
	if len(p.release.Kibanas) == 0 {
		return
	}
	hooks, err := p.release.Hooks()
	if err != nil {
		p.problems = append(p.problems, err)
		return
	}
	accounts, roles := map[string]bool{}, map[string]bool{}
	for _, h := range hooks {
		if pod, ok := h.Pod(); ok && runsTokenScript(pod) {
			p.remove(h)
			accounts[or(object.Text(pod.Spec, "serviceAccountName"), object.Text(pod.Spec, "serviceAccount"))] = true
		}
	}
	for _, h := range hooks {
		switch h.Kind {
		case "ConfigMap":
			if object.Get(h.Node, "data", tokenScript) != nil {
				p.remove(h)
			}
		case "ServiceAccount":
			if accounts[h.Name] {
				p.remove(h)
			}
		case "RoleBinding":
			for _, s := range object.Items(h.Node, "subjects") {
				if accounts[object.Text(s, "name")] {
					p.remove(h)
					roles[object.Text(h.Node, "roleRef", "name")] = true
				}
			}
		}
	}
	for _, h := range hooks {
		if h.Kind == "Role" && roles[h.Name] {
			p.remove(h)
		}
	}
}

func (p *planner) remove(o *object.Object) {
	if p.removed[o] {
		return
	}
	p.removed[o] = true
	p.plan.Removals = append(p.plan.Removals, Removal{o, "the chart's token hook (" + o.Hook + "): it presents no certificate, and breaks upgrades; " + initName + " creates the token"})
}

func runsTokenScript(pod object.Pod) bool {
	for _, c := range pod.Containers() {
		for _, word := range c.Command() {
			if strings.HasSuffix(word, "/"+tokenScript) {
				return true
			}
		}
	}
	return false
}

// hookCredentials gives the Secret with which the chart's hook logs in, "" when the stream shows none.
func (p *planner) hookCredentials() string {
	for _, r := range p.plan.Removals {
		pod, _ := r.Object.Pod()
		for _, c := range pod.Containers() {
			if e, ok := c.Env("ELASTICSEARCH_PASSWORD"); ok && e.Secret != "" {
				return e.Secret
			}
		}
	}
	return ""
}

// otherPods plans the clients outside the servers' own pods. Tests and hooks that call Elasticsearch by curl are served as every
// curl is; what is left is named.
func (p *planner) otherPods() {
	for _, o := range p.release.Pods {
		if p.removed[o] {
			continue
		}
		pod, _ := o.Pod()
		for _, c := range pod.All() {
			service := mentioned(c, p.services)
			if service == "" {
				continue
			}
			if w := p.behind(service); p.settings.Certs() && w != nil && o.Hook != "" && usesCurl(c) {
				p.failing(o.ID, p.testPod(o, c, w))
				continue
			}
			p.stranger(o.ID, c.Name, service)
		}
	}
}

// behind gives the node behind a Service.
func (p *planner) behind(service string) *recognise.Workload {
	for _, w := range p.release.Nodes {
		if names, err := p.release.Services(w); err == nil && slices.Contains(names, service) {
			return w
		}
	}
	return nil
}
