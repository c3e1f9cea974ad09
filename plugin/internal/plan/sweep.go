package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// stranger notes a client of another application: this version leaves it as it is, and it must not go unnoticed.
func (p *planner) stranger(id object.ID, container, service string) {
	if !p.settings.Certs() && !p.switched || p.listed(id, container) {
		return
	}
	if p.settings.Certs() && p.settings.ClientAuthentication == config.Required {
		where, ref := "", id.String()
		if container != "" {
			where, ref = fmt.Sprintf("container %q ", container), ref+"/"+container
		}
		p.failing(id, fmt.Errorf("%snames Elasticsearch (%q), and nothing tells how to give it a certificate: it would be refused; "+
			"give its container a rule (spec.rules), or configure a certificate by the chart's values and list it under spec.unmanaged (ref: %s) with the reason", where, service, ref))
		return
	}
	when := "is refused as soon as clientAuthentication is required, unless it presents a certificate"
	if p.switched {
		when = "fails from now on unless it calls by https:// and, where certificates are required, presents one"
	}
	p.plan.Passed = append(p.plan.Passed, Passed{id, fmt.Sprintf("names Elasticsearch (%s) and belongs to another application", service)})
	p.action("%s names Elasticsearch (%s) and was left alone: this version patches Elasticsearch and Kibana only; it %s", id, service, when)
}

// notClients are kinds of which a mention says nothing about a client.
var notClients = [...]string{"Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
	"StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "List", "Endpoints", "EndpointSlice"}

// sweep looks for addresses of this stream's Elasticsearch in everything that is no workload: configuration of other applications,
// and Ingresses, whose controllers are clients as well.
func (p *planner) sweep() {
	if len(p.services) == 0 {
		return
	}
	p.release.Documents(func(doc *manifest.Document, kind string) {
		if slices.Contains(notClients[:], kind) {
			return
		}
		for _, service := range p.services {
			if !bytes.Contains(doc.Text(), []byte(service)) || kind != "Ingress" && !callsHost(string(doc.Text()), service) {
				continue
			}
			objects, err := p.release.In(doc)
			if err != nil {
				return // not needed: it passes as it is, and whoever reads it next reports it
			}
			for _, o := range objects {
				p.sweepObject(o, service)
			}
			return
		}
	})
}

func (p *planner) sweepObject(o *object.Object, service string) {
	if p.removed[o] || p.configs[o] || p.workloads[o] != nil {
		return
	}
	if o.Kind != "Ingress" {
		p.stranger(o.ID, "", service)
		return
	}
	for _, name := range texts(o.Node) {
		if p.settings.Certs() && name == service && !p.listed(o.ID, "") {
			p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "leads to Elasticsearch (" + service + "); an Ingress controller needs a certificate of its own"})
			p.action("%s leads to Elasticsearch (%s): its controller must present a certificate, for ingress-nginx by the annotations "+
				"nginx.ingress.kubernetes.io/proxy-ssl-secret and backend-protocol: HTTPS; otherwise it answers 502 once certificates are required", o.ID, service)
			return
		}
	}
}

// listed tells whether the user takes care of an object, or of one container of it.
func (p *planner) listed(id object.ID, container string) bool {
	for _, u := range p.settings.Unmanaged {
		if u.Ref == id.String() || u.Ref == id.String()+"/"+container {
			if !p.matched[u.Ref] {
				p.matched[u.Ref] = true
				p.plan.Passed = append(p.plan.Passed, Passed{id, "unmanaged: " + u.Reason})
			}
			return true
		}
	}
	return false
}

// unmanaged refuses entries that match nothing: a typing mistake there would hide a client. A client with a certificate of its own may
// be in another release, and is only named.
func (p *planner) unmanaged() {
	for _, u := range p.settings.Unmanaged {
		if p.matched[u.Ref] {
			continue
		}
		parts := strings.Split(u.Ref, "/")
		o, err := p.release.Find("", parts[0], parts[1])
		switch {
		case err != nil:
			p.problems = append(p.problems, err)
		case o == nil || len(parts) == 3 && !hasContainer(o, parts[2]):
			p.problems = append(p.problems, fmt.Errorf("spec.unmanaged: %s matches nothing in the stream: correct or remove the entry", u.Ref))
		case len(parts) == 3 && p.isMain(o, parts[2]):
			p.problems = append(p.problems, fmt.Errorf("spec.unmanaged: %s is the container of the server itself, which is patched: remove the entry, or list the whole object", u.Ref))
		default:
			p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "unmanaged: " + u.Reason})
		}
	}
	for _, c := range p.settings.Certificates.Clients {
		if !p.matched[c.Ref] && len(p.release.Nodes)+len(p.release.Kibanas) > 0 {
			p.action("certificates.clients: %s is none of the clients that were patched in this stream: if it is not in another release, the entry is a mistake", c.Ref)
		}
	}
}

func (p *planner) isMain(o *object.Object, container string) bool {
	return slices.ContainsFunc(slices.Concat(p.release.Nodes, p.release.Kibanas), func(w *recognise.Workload) bool {
		return w.Object == o && w.Main.Name == container
	})
}

func hasContainer(o *object.Object, name string) bool {
	pod, ok := o.Pod()
	return ok && slices.ContainsFunc(pod.All(), func(c object.Container) bool { return c.Name == name })
}
