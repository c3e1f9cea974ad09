package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// otherPods plans the tests, hooks and Jobs outside the servers' own pods that call Elasticsearch by curl: they are
// served as every curl is. What is left is named.
func otherPods(in *In) Part {
	p := begin(in)
	seen := map[*yaml.Node]bool{}
	for _, m := range p.mentions().Mentions {
		if m.Strength != mention.Address {
			continue
		}
		if c := m.Told(); c != nil && m.Container != "" {
			planOtherPod(p, m.Object, m.Container, m, seen)
		}
		for _, r := range m.Readers {
			planOtherPod(p, r.Object, r.Container.Name, m, seen)
		}
	}
	return *p.Part
}

func planOtherPod(p step, o *object.Object, name string, m mention.Mention, seen map[*yaml.Node]bool) {
	pod, ok := o.Pod()
	if !ok || p.isRemoved(o) || p.isServer(o) {
		return
	}
	for _, c := range pod.All() {
		if c.Name != name || seen[c.Node] || p.isProgram(c) {
			continue
		}
		seen[c.Node] = true
		w := p.behind(o, m.Name)
		switch {
		case w == nil || !p.settings.Certs() || !callsByCurl(p.seen(c), callsFrom(p.In, o)) || !isErrand(p, o, c) ||
			p.listed(o.ID, c.Name):
		case runsEarly(o) && !p.requires():
			p.care(c)
			p.pass(o.ID, "is a hook ("+o.Hook+") that runs while what it would need is not there")
			p.action(object.ID{}, "%s calls Elasticsearch (%s) in a hook (%s), which runs before the release is "+
				"there or after it is gone, so that it gets no certificate: "+
				"give it one by the chart's values, or switch the hook off", o.ID, m.Name, o.Hook)
		default:
			if err := planTestPod(p, o, c, w); err != nil {
				p.care(c) // what is wrong is said
				p.failing(o.ID, err)
			}
		}
	}
}

// isErrand holds for a test of the chart, and for a hook or Job that calls by HTTPS. What keeps running does something
// else besides.
func isErrand(p step, o *object.Object, c object.Container) bool {
	return o.IsTest() || (o.Hook != "" || o.IsJob()) && callsByHTTPS(p, o, c)
}

// runsEarly holds for a hook that runs before what it would mount is there, or after it is gone.
func runsEarly(o *object.Object) bool { return o.Hook != "" && !runsAfterInstall(o.Hook) }

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

// behind gives the node that an object reaches under a host: es, es.logging or es.logging.svc.cluster.local. What the
// manifests put into no namespace goes into that of the release, and a client of the release that names one names that.
func (in *In) behind(o *object.Object, host string) *recognise.Workload {
	service, domain, _ := strings.Cut(host, ".")
	namespace, domain, _ := strings.Cut(domain, ".")
	if namespace == "" {
		namespace = o.Namespace
	}
	inRelease := (domain == "" || route.IsCluster(domain)) && (o.Namespace == "" || o.Namespace == namespace)
	var maybe *recognise.Workload
	for _, w := range in.serving[service] {
		switch {
		case namespace != "" && namespace == w.Namespace:
			return w
		case maybe == nil && inRelease && (namespace == "" || w.Namespace == ""):
			maybe = w
		}
	}
	if maybe != nil {
		return maybe
	}
	return in.behindAnother(host)
}

// behindAnother gives the node that a host leads to which is no name of its Services: an alias, or an address.
func (in *In) behindAnother(host string) *recognise.Workload {
	service, _, _ := strings.Cut(host, ".")
	for _, o := range in.names.Behind(host) {
		if w := in.nodeOf[o]; w != nil && !slices.Contains(in.serving[service], w) {
			return w
		}
	}
	return nil
}
