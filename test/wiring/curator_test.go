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
		name: "curator", workload: "CronJob/curator", container: "curator", python: "bin/curator",
		before: func(l *lab) error { return l.makeIndex(old) },
		works:  func(l *lab, _ *running) error { return l.gone(old) },
	}}, "../../examples/release/rendered.yaml", "testdata/curator.yaml")
}

// TestRealElastAlert is the same with a rule of the configuration. ElastAlert makes its index first: that is the program which runs here.
func TestRealElastAlert(t *testing.T) {
	const config = "apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {rules: [{ref: Deployment/elastalert2, as: elastalert2}]}\n"
	ruledClients(t, "Deployment/elk-kibana", config, []clientProgram{{
		name: "elastalert2", workload: "Deployment/elastalert2", container: "elastalert", python: "bin/elastalert-create-index",
		works: func(l *lab, _ *running) error { return l.there("/elastalert_status") },
	}}, "../../examples/release/rendered.yaml", "testdata/elastalert2.yaml")
}

// there tells whether an index is.
func (l *lab) there(path string) error {
	status, _, err := l.node.Call(l.t.Context(), http.MethodGet, path, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the index that it makes is not there: status %d", status)
	}
	return err
}
