package initcontainer

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// missingRight is a verb that a Role lacks: what the command says then, which names verb, resource and object.
type missingRight struct{ command, verb, resource, says string }

// missingRights lists every verb of both Roles. Only the restart is asked for beforehand: else a new token would have been made
// by the time that it fails.
func missingRights(namespace, secret string) []missingRight {
	answer := func(verb, resource, group string) string {
		return fmt.Sprintf(`cannot %s resource %q in API group %q in the namespace %q`, verb, resource, group, namespace)
	}
	return []missingRight{
		{"ensure", "get", "secrets", answer("get", "secrets", "")},
		{"ensure", "patch", "secrets", answer("patch", "secrets", "")},
		{"revoke", "get", "secrets", answer("get", "secrets", "")},
		{"revoke", "patch", "secrets", answer("patch", "secrets", "")},
		{"rotate", "get", "secrets", answer("get", "secrets", "")},
		{"rotate", "patch", "secrets", fmt.Sprintf(`may not patch secrets %q in the namespace %q`, secret, namespace)},
		{"rotate", "list", "pods", answer("list", "pods", "")},
		{"rotate", "get", "deployments", answer("get", "deployments", "apps")},
		{"rotate", "patch", "deployments", fmt.Sprintf(`may not patch deployments "kibana" in the namespace %q`, namespace)},
	}
}

func TestEachVerbTakenFromARole(t *testing.T) {
	for _, m := range missingRights("elk", "kibana-elk-mtls-token") {
		t.Run(m.command+" without "+m.verb+" on "+m.resource, func(t *testing.T) {
			w, es, api := localWorld(t)
			api.Workloads.Deploy("kibana", 2, "")
			if m.command != "ensure" {
				w.start(t, "pod-a").ends(0)
			}
			api.Forbid(m.verb, m.resource)
			tokens, writes := es.Tokens(), api.Writes()
			m.check(t, w)
			if !maps.Equal(tokens, es.Tokens()) || api.Writes() != writes || api.Workloads.Restarts() > 0 {
				t.Errorf("it changed something: %d tokens, %d writes, %d restarts", len(es.Tokens()), api.Writes()-writes, api.Workloads.Restarts())
			}
		})
	}
}

// check runs the command and compares what it says.
func (m missingRight) check(t *testing.T, w *world) {
	t.Helper()
	var log bytes.Buffer
	o := w.settings("pod-b")
	o.Timeout = 5 * time.Second
	e := edge{clock: newTestClock().clock(), log: slog.New(slog.NewTextHandler(&log, nil)), stdout: &log, kubernetes: w.kubernetes, transport: closing(t)}
	var err error
	switch m.command {
	case "ensure":
		err = ensure(context.Background(), o, e)
	case "revoke":
		err = revoke(context.Background(), config.Revoke{Ensure: o}, e)
	case "rotate":
		err = rotate(context.Background(), config.Rotate{Ensure: o, Workloads: []rollout.Workload{{Kind: "Deployment", Name: "kibana"}}}, e)
	}
	named := m.verb == "list" || strings.Contains(fmt.Sprint(err), w.secret) || strings.Contains(fmt.Sprint(err), `"kibana"`)
	if failure.Of(err) != failure.KubeForbidden || !strings.Contains(fmt.Sprint(err), m.says) || !named || !strings.Contains(failure.Hint(err), "Role") {
		t.Errorf("exit %d: %v (%s)\nwant %q\n%s", failure.Of(err), err, failure.Hint(err), m.says, log.String())
	}
}
