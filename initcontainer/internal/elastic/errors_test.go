package elastic

import (
	"net/http"
	"testing"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// What each answer means, row by row.
func TestMeaning(t *testing.T) {
	for _, test := range []struct {
		status int
		kind   string
		want   failure.Cause
	}{
		{400, "illegal_argument_exception", failure.Other},
		{400, "index_closed_exception", failure.IndexClosed},
		{401, "security_exception", failure.Unauthorized},
		{403, "security_exception", failure.Forbidden},
		{403, "cluster_block_exception", failure.Blocked},
		{404, "", failure.NotElasticsearch},
		{307, "", failure.NotElasticsearch},
		{409, "version_conflict_engine_exception", failure.Other},
		{429, "cluster_block_exception", failure.Blocked},
		{429, "es_rejected_execution_exception", failure.Overloaded},
		{500, "illegal_state_exception", failure.Unavailable},
		{502, "", failure.Unavailable},
		{503, "unavailable_shards_exception", failure.Unavailable},
		{503, "cluster_block_exception", failure.Unavailable}, // no master yet
		{504, "", failure.Unavailable},
	} {
		cause, hint := meaning(test.status, test.kind)
		if cause != test.want || hint == "" && cause != failure.Other {
			t.Errorf("%d %s: cause %d, want %d; hint %q", test.status, test.kind, cause, test.want, hint)
		}
	}
	if cause, _ := meaning(http.StatusTeapot, ""); cause != failure.Other {
		t.Errorf("cause %d", cause)
	}
}
