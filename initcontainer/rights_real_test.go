//go:build integration

package initcontainer

import (
	"context"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// eachVerbTaken is TestEachVerbTakenFromARole with a real authorizer, whose words are passed on.
func eachVerbTaken(t *testing.T, fresh func(*testing.T) *world, admin kubernetes.Interface) {
	for _, m := range missingRights("", "") {
		t.Run(m.command+" without "+m.verb+" on "+m.resource, func(t *testing.T) {
			w := fresh(t)
			w.start(t, "pod-a").ends(0)
			if m.command == "rotate" {
				w.deploy(t, admin)
			} else {
				w.put("garbage") // so that ensure has to write
			}
			w.takeAway(t, admin, m.verb, m.resource)
			before, names := w.state(t), w.names(t)
			all := missingRights(w.namespace, w.secret)
			all[slices.IndexFunc(all, func(o missingRight) bool {
				return o.command == m.command && o.verb == m.verb && o.resource == m.resource
			})].check(t, w)
			if after := w.state(t); after.Version != before.Version || !slices.Equal(names, w.names(t)) {
				t.Errorf("it changed something: resourceVersion %s, was %s", after.Version, before.Version)
			}
		})
	}
}

// names lists the tokens that there are.
func (w *world) names(t *testing.T) (all []string) {
	t.Helper()
	names, err := w.elasticsearch(t).Names(context.Background(), kibana)
	must(t, err)
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// takeAway takes one verb out of all Roles of the namespace, and waits until the authorizer has seen that.
func (w *world) takeAway(t *testing.T, admin kubernetes.Interface, verb, resource string) {
	t.Helper()
	roles := admin.RbacV1().Roles(w.namespace)
	list, err := roles.List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, role := range list.Items {
		for i, rule := range role.Rules {
			if slices.Contains(rule.Resources, resource) {
				role.Rules[i].Verbs = slices.DeleteFunc(rule.Verbs, func(v string) bool { return v == verb })
			}
		}
		role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return len(r.Verbs) == 0 })
		_, err := roles.Update(t.Context(), &role, metav1.UpdateOptions{})
		must(t, err)
	}
	client, err := rollout.New(w.kubernetes, w.namespace, w.secret)
	must(t, err)
	group, name := "", w.secret
	if resource == "deployments" {
		group, name = "apps", "kibana"
	}
	for allowed := true; allowed; {
		allowed, err = client.Allowed(t.Context(), verb, group, resource, name)
		must(t, err)
		time.Sleep(10 * time.Millisecond)
	}
}
