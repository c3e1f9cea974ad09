package verify

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// judgeKeys looks for keys that a Secret or ConfigMap lacks, and that a container, those beside it that count, an init
// container or a volume of its pod asks for: the kubelet does not start it.
// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
func (c caller) judgeKeys(a *Aspect, beside ...object.Container) {
	line := func(n *yaml.Node) int { return c.object.Doc.Line() + n.Line - 1 }
	for _, other := range slices.Concat([]object.Container{c.Container}, beside, c.pod.InitContainers()) {
		if c.asked[other.Node] {
			continue
		}
		c.asked[other.Node] = true
		for _, v := range c.release.Process(other).Given.Absent() {
			a.fail(place{id: c.object.ID, container: other.Name, path: "env[" + v.Name + "]", line: line(v.Entry)},
				NoKeyInObject, "%s", v.Why)
		}
	}
	if c.asked[c.pod.Spec] {
		return
	}
	c.asked[c.pod.Spec] = true
	for _, v := range object.Items(c.pod.Spec, "volumes") {
		name := object.Text(v, "name")
		for _, part := range c.pod.Sources(name) {
			_, state, _ := object.Look(c.release, part.Source)
			if part.Key != "" && !part.Optional && state == object.Lacking {
				a.fail(place{id: c.object.ID, path: "volumes[" + name + "]", line: line(v)}, NoKeyInObject,
					"%s is not there, and the pod does not start", part.Source)
			}
		}
	}
}
