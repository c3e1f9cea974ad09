//go:build integration

package wiring

import "testing"

// TestRealCurator is TestRealClients with Curator, which needs Python and root.
func TestRealCurator(t *testing.T) {
	const old = "/curated-2020.01.01"
	realClients(t, "Deployment/elk-kibana", []clientProgram{{
		name: "curator", workload: "CronJob/curator", container: "curator", python: true,
		before: func(l *lab) error { return l.makeIndex(old) },
		works:  func(l *lab, _ *running) error { return l.gone(old) },
	}}, "../../examples/release/rendered.yaml", "testdata/curator.yaml")
}
