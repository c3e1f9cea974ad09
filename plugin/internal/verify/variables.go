package verify

import "github.com/elk-mtls/elk-mtls/plugin/internal/object"

// judgeVariables looks for variables of a container, and of the init containers of its pod, for which a Secret or ConfigMap has no key: the
// kubelet does not start it.
// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
func (c caller) judgeVariables(a *Aspect) {
	if c.absent[c.Node] {
		return
	}
	c.absent[c.Node] = true
	for _, other := range append([]object.Container{c.Container}, c.pod.InitContainers()...) {
		for _, v := range c.release.Process(other).Given.Absent() {
			if c.release.Filler(v.From) == "" {
				at := place{id: c.object.ID, container: other.Name, path: "env[" + v.Name + "]", line: c.object.Doc.Line() + v.Entry.Line - 1}
				a.fail(at, NoKeyInObject, "%s", v.Why)
			}
		}
	}
}
