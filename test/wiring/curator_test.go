//go:build integration

package wiring

import (
	"fmt"
	"net/http"
	"testing"
)

// TestRealCurator is TestRealClients with Curator, which needs Python and root.
func TestRealCurator(t *testing.T) {
	const old = "/curated-2020.01.01"
	realClients(t, "Deployment/elk-kibana", []clientProgram{{
		name: "curator", workload: "CronJob/curator", container: "curator", python: true,
		before: func(l *lab) error {
			_, _, err := l.node.Call(l.t.Context(), http.MethodPut, old, nil)
			return err
		},
		works: func(l *lab, _ *running) error {
			status, _, err := l.node.Call(l.t.Context(), http.MethodGet, old, nil)
			if err == nil && status != http.StatusNotFound {
				return fmt.Errorf("the index that it deletes is still there: status %d", status)
			}
			return err
		},
	}}, "../../examples/release/rendered.yaml", "testdata/curator.yaml")
}
