package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// marks plans our annotations: how the object is secured, on everything that was changed, and on the pods of a
// workload a digest of what they read from outside their template.
func marks(in *In, whole Part) Part {
	p := begin(in)
	for _, o := range changed(whole) {
		if p.isRemoved(o) || o.Label(partOf) == ourName {
			continue
		}
		at := fields("metadata", "annotations")
		p.set(o, at.Field(annotationMode), patch.Str(p.settings.Mode), "records the mode that elk-mtls applied", "")
		p.set(o, at.Field(annotationStage), patch.Str(p.settings.ClientAuthentication),
			"records the client authentication that elk-mtls applied", "")
		if o.Kind == "Job" && o.Hook == "" {
			p.action(o.ID, "the template of a Job cannot be changed: delete the one that is there, or the upgrade "+
				"fails at it")
		}
		if o.Kind == "Pod" || o.Kind == "ReplicaSet" || o.IsJob() ||
			!p.isServer(o) && !isClient(p.In, o, whole.planned) {
			continue
		}
		pod := podOf(o)
		p.set(o, patch.Fields(pod.Path("metadata", "annotations")...).Field(annotationChecksum),
			patch.Str(checksum(in.settings.Mode, o, whole.inputs)),
			"restarts the pods when a ConfigMap or Secret that they read changes", "")
	}
	return *p.Part
}

func (in *In) isServer(o *object.Object) bool {
	is := func(w *recognise.Workload) bool { return w.Object == o }
	return slices.ContainsFunc(in.release.Nodes, is) || slices.ContainsFunc(in.release.Kibanas, is)
}

func isClient(in *In, o *object.Object, planned []*recognise.Workload) bool {
	is := func(w *recognise.Workload) bool { return w.Object == o }
	return slices.ContainsFunc(in.release.Clients, is) || slices.ContainsFunc(planned, is)
}

// checksum covers the mode, the embedded configuration that we set, the .curlrc, and certificates that the stream
// brings and that are not made anew at each rendering. It covers neither a token nor what the template itself shows:
// Kibana need not restart because Elasticsearch asks more of its clients.
func checksum(mode string, o *object.Object, all []input) string {
	var inputs []string
	for _, i := range all {
		if i.object == o {
			inputs = append(inputs, i.text)
		}
	}
	slices.Sort(inputs)
	text := strings.Join(append([]string{mode, curlrc}, slices.Compact(inputs)...), "\x00")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// readsKeys notes that the pods of an object read a key of a Secret or ConfigMap of the stream.
func readsKeys(p step, o *object.Object, s object.Source) {
	holder, err := p.release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || holder == nil {
		return
	}
	for _, field := range []string{"data", "stringData"} {
		pairs := object.Pairs(holder.Node, field)
		for _, key := range sortedKeys(pairs) {
			if s.Key == "" || s.Key == key {
				p.input(o, fmt.Sprintf("%s/%s/%s=%s", s.Kind, s.Name, key, pairs[key]))
			}
		}
	}
}

// readsSetting notes that the pods of a workload read a setting from another object, and the value that it will have.
func readsSetting(p step, w *recognise.Workload, s *setting, values ...string) {
	if s.object != w.Object {
		p.input(w.Object, s.edit.String()+"="+strings.Join(values, ","))
	}
}

// ofChart reads the labels by which charts mark what belongs to them, the older and the recommended ones.
// https://helm.sh/docs/chart_best_practices/labels/
func ofChart(o *object.Object) (release, chart string) {
	return or(o.Label("release"), o.Label("app.kubernetes.io/instance")), or(o.Label("chart"), o.Label("helm.sh/chart"))
}

// madePerRender tells whether a Secret is one that the chart of Elasticsearch makes itself: under GitOps it is another
// one at every rendering, and pods must not roll each time. It is known by its labels, which are those of the node
// that uses it.
func madePerRender(in *In, s object.Source) bool {
	secret, err := in.release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || secret == nil || object.Text(secret.Node, "type") != "kubernetes.io/tls" {
		return false
	}
	return slices.ContainsFunc(in.release.Nodes, func(w *recognise.Workload) bool {
		release, chart := ofChart(w.Object)
		itsRelease, itsChart := ofChart(secret)
		return release != "" && release == itsRelease && chart == itsChart
	})
}
