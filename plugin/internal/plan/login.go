package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// withoutLogin takes the variables away by which an image logs in with a password, or makes the user for it: the chart sets them, and
// Kibana does not start with a user name beside a token. What only they read leaves the container too: the password of the user elastic
// is among it.
func (p *planner) withoutLogin(w *recognise.Workload) {
	var gone, kept []string
	for _, e := range w.Main.Envs() {
		if slices.Contains(w.Layout.Login, strings.TrimSuffix(e.Name, "_FILE")) {
			gone = append(gone, e.Value)
			p.set(w.Object, containerPath(w.Main).Field("env").Item("name", e.Name), nil, "Kibana logs in with the token, and does not start with a user name beside it", linkKibanaToken)
		} else {
			kept = append(kept, e.Value)
		}
	}
	for _, m := range w.Main.Mounts() {
		inside := func(file string) bool { return strings.HasPrefix(file, m.Path+"/") }
		if w.Pod.ReadOnly(m.Volume) && slices.ContainsFunc(gone, inside) && !slices.ContainsFunc(kept, inside) && !mountedTwice(w.Main, m) {
			p.set(w.Object, containerPath(w.Main).Field("volumeMounts").Item("name", m.Volume), nil, "nothing in the container reads these passwords any more", "")
		}
	}
}

func mountedTwice(c object.Container, m object.Mount) bool {
	return slices.ContainsFunc(c.Mounts(), func(other object.Mount) bool { return other != m && other.Volume == m.Volume })
}
