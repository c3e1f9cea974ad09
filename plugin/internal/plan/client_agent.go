package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

// fleet tells where the output of an agent is set that is managed by Fleet: nothing in the manifests shows it.
// https://www.elastic.co/guide/en/fleet/8.19/fleet-settings.html
func fleet(p step, w *recognise.Workload) {
	for _, name := range []string{"FLEET_ENROLL", "FLEET_URL", "FLEET_ENROLLMENT_TOKEN", "FLEET_SERVER_ENABLE"} {
		if _, ok := p.seen(w.Main).Env.Own(name); ok {
			p.action(w.ID, "container %q is managed by Fleet, which keeps its output: set "+
				"ssl.certificate_authorities, ssl.certificate and ssl.key of the output in Fleet's settings "+
				"(xpack.fleet.outputs in kibana.yml), with files that the agent's pod mounts", w.Main.Name)
			return
		}
	}
}
