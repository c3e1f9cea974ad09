package plan

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
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
		if pod, ok := h.Pod(); ok && runsTokenScript(pod) && p.serves(h, pod) {
			p.remove(h)
			accounts[or(object.Text(pod.Spec, "serviceAccountName"), object.Text(pod.Spec, "serviceAccount"))] = true
		}
	}
	for _, h := range hooks {
		switch h.Kind {
		case "ConfigMap":
			if script := object.Text(h.Node, "data", tokenScript); script != "" && p.ours(script) {
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

// serves tells whether a token Job works for a Kibana that is patched here.
func (p *planner) serves(job *object.Object, pod object.Pod) bool {
	for _, v := range object.Items(pod.Spec, "volumes") {
		script, err := p.release.Find(job.Namespace, "ConfigMap", object.Text(v, "configMap", "name"))
		if err == nil && script != nil {
			return p.ours(object.Text(script.Node, "data", tokenScript))
		}
	}
	return true
}

// ours tells whether a token script writes the Secret of a Kibana that is patched here. Only where the user takes care of another
// Kibana there is a choice.
func (p *planner) ours(script string) bool {
	if len(p.settings.Unmanaged) == 0 {
		return true
	}
	for _, w := range p.release.Kibanas {
		if v, ok := p.own(w.Main, tokenVariable); ok && v.From.Kind == "Secret" && strings.Contains(script, v.From.Name) {
			return true
		}
	}
	return false
}

func (p *planner) remove(o *object.Object) {
	if p.removed[o] {
		return
	}
	p.removed[o] = true
	instead := initName + " creates the token"
	if p.settings.HasPassword() || p.settings.Mode == config.ModePKI {
		instead = "Kibana has no token in mode " + p.settings.Mode
	}
	p.plan.Removals = append(p.plan.Removals, Removal{o, "the chart's token hook (" + o.Hook + "): it presents no certificate, and breaks upgrades; " + instead})
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
			if v, ok := p.own(c, "ELASTICSEARCH_PASSWORD"); ok && v.From.Kind == "Secret" {
				return v.From.Name
			}
		}
	}
	return ""
}

// otherPods plans the tests, hooks and Jobs outside the servers' own pods that call Elasticsearch by curl: they are served as every curl is. What
// is left is named.
func (p *planner) otherPods() {
	seen := map[*yaml.Node]bool{}
	for _, m := range p.mentions() {
		if m.Strength != mention.Address {
			continue
		}
		if c := m.Told(); c != nil && m.Container != "" {
			p.otherPod(m.Object, m.Container, m, seen)
		}
		for _, r := range m.Readers {
			p.otherPod(r.Object, r.Container.Name, m, seen)
		}
	}
}

func (p *planner) otherPod(o *object.Object, name string, m mention.Mention, seen map[*yaml.Node]bool) {
	pod, ok := o.Pod()
	if !ok || p.removed[o] || p.isServer(o) {
		return
	}
	for _, c := range pod.All() {
		if c.Name != name || seen[c.Node.YNode()] || p.isProgram(c) {
			continue
		}
		seen[c.Node.YNode()] = true
		w := p.behind(o, m.Name)
		switch {
		case w == nil || !p.settings.Certs() || !callsByCurl(p.seen(c), p.callsFrom(o)) || !isErrand(o, c) || p.listed(o.ID, c.Name):
		case o.Hook != "" && !runsAfterInstall(o.Hook):
			p.care(c)
			p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "is a hook (" + o.Hook + ") that runs while what it would need is not there"})
			p.action("%s calls Elasticsearch (%s) in a hook (%s), which runs before the release is there or after it is gone, so that it gets no certificate: "+
				"give it one by the chart's values, or switch the hook off", o.ID, m.Name, o.Hook)
		default:
			if err := p.testPod(o, c, w); err != nil {
				p.care(c) // what is wrong is said
				p.failing(o.ID, err)
			}
		}
	}
}

// isErrand holds for a hook, and for a Job that calls by HTTPS. Who keeps running and uses curl does something else besides.
func isErrand(o *object.Object, c object.Container) bool {
	return o.Hook != "" || o.IsJob() && callsByHTTPS(c)
}

// runsAfterInstall holds for hooks that run while all objects of the release are there.
// https://helm.sh/docs/topics/charts_hooks/#the-available-hooks
func runsAfterInstall(hook string) bool {
	for _, h := range strings.Split(hook, ",") {
		switch strings.TrimSpace(h) {
		case "test", "test-success", "post-install", "post-upgrade":
		default:
			return false
		}
	}
	return true
}

// behind gives the node that an object reaches under a host: es, es.logging or es.logging.svc.cluster.local.
func (p *planner) behind(o *object.Object, host string) *recognise.Workload {
	service, domain, _ := strings.Cut(host, ".")
	namespace, _, _ := strings.Cut(domain, ".")
	if namespace == "" {
		namespace = o.Namespace
	}
	for _, w := range p.serving[service] {
		if domain == "" && (namespace == "" || w.Namespace == "") || namespace == w.Namespace {
			return w
		}
	}
	return p.behindAnother(host)
}

// behindAnother gives the node that a host leads to which is no name of its Services: an alias, or an address.
func (p *planner) behindAnother(host string) *recognise.Workload {
	service, _, _ := strings.Cut(host, ".")
	for _, o := range p.names.Behind(host) {
		if w := p.nodeOf[o]; w != nil && !slices.Contains(p.serving[service], w) {
			return w
		}
	}
	return nil
}
