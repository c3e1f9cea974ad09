package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// marks plans our annotations: how the object is secured, on everything that was changed, and on the pods of a workload a digest of
// what they read from outside their template.
func (p *planner) marks() {
	for _, w := range slices.Clone(p.order) {
		if p.removed[w.object] || len(w.touched) == 0 || w.object.Label(partOf) == ourName {
			continue
		}
		at := fields("metadata", "annotations")
		p.set(w.object, at.Field(annotationMode), patch.Str(p.settings.Mode), "tells how the object is secured", "")
		p.set(w.object, at.Field(annotationStage), patch.Str(p.settings.ClientAuthentication), "tells how the object is secured", "")
		if w.object.Kind == "Job" && w.object.Hook == "" {
			p.action("%s: the template of a Job cannot be changed: delete the one that is there, or the upgrade fails at it", w.object.ID)
		}
		if w.object.Kind == "Pod" || w.object.Kind == "ReplicaSet" || w.object.IsJob() || !p.isServer(w.object) && !p.isClient(w.object) {
			continue
		}
		p.set(w.object, patch.Fields(w.pod.Path("metadata", "annotations")...).Field(annotationChecksum), patch.Str(p.checksum(w)),
			"the pods roll when what they read outside their template changes", "")
	}
}

func (p *planner) isServer(o *object.Object) bool {
	is := func(w *recognise.Workload) bool { return w.Object == o }
	return slices.ContainsFunc(p.release.Nodes, is) || slices.ContainsFunc(p.release.Kibanas, is)
}

func (p *planner) isClient(o *object.Object) bool {
	is := func(w *recognise.Workload) bool { return w.Object == o }
	return slices.ContainsFunc(p.release.Clients, is) || slices.ContainsFunc(p.plan.Ruled, is)
}

// checksum covers the mode, the embedded configuration that we set, the .curlrc, and certificates that the stream brings and that
// are not made anew at each rendering. It covers neither a token nor what the template itself shows: Kibana need not restart because
// Elasticsearch asks more of its clients.
func (p *planner) checksum(w *work) string {
	inputs := slices.Clone(w.inputs)
	sort.Strings(inputs)
	text := strings.Join(append([]string{p.settings.Mode, curlrc}, slices.Compact(inputs)...), "\x00")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// reads notes that the pods of an object read a key of a Secret or ConfigMap of the stream.
func (p *planner) reads(o *object.Object, s object.Source) {
	holder, err := p.release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || holder == nil {
		return
	}
	w := p.on(o)
	for _, field := range []string{"data", "stringData"} {
		pairs := object.Pairs(holder.Node, field)
		for _, key := range sortedKeys(pairs) {
			if s.Key == "" || s.Key == key {
				w.inputs = append(w.inputs, fmt.Sprintf("%s/%s/%s=%s", s.Kind, s.Name, key, pairs[key]))
			}
		}
	}
}

// readsSetting notes that the pods of a workload read a setting from another object, and the value that it will have.
func (p *planner) readsSetting(w *recognise.Workload, s *setting, values ...string) {
	if s.object != w.Object {
		work := p.on(w.Object)
		work.inputs = append(work.inputs, s.edit.String()+"="+strings.Join(values, ","))
	}
}

// ofChart reads the labels by which charts mark what belongs to them, the older and the recommended ones.
// https://helm.sh/docs/chart_best_practices/labels/
func ofChart(o *object.Object) (release, chart string) {
	return or(o.Label("release"), o.Label("app.kubernetes.io/instance")), or(o.Label("chart"), o.Label("helm.sh/chart"))
}

// madePerRender tells whether a Secret is one that the chart of Elasticsearch makes itself: under GitOps it is another one at every
// rendering, and pods must not roll each time. It is known by its labels, which are those of the node that uses it.
func (p *planner) madePerRender(s object.Source) bool {
	secret, err := p.release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || secret == nil || object.Text(secret.Node, "type") != "kubernetes.io/tls" {
		return false
	}
	return slices.ContainsFunc(p.release.Nodes, func(w *recognise.Workload) bool {
		release, chart := ofChart(w.Object)
		itsRelease, itsChart := ofChart(secret)
		return release != "" && release == itsRelease && chart == itsChart
	})
}
