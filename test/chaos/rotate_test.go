//go:build chaos || integration

package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/elk-mtls/elk-mtls/test/replicas"
)

// TestRotations rotates again and again, killed in between, while pods that behave as Kibana's use the token that they
// started with: none of them ever gets a 401.
func TestRotations(t *testing.T) {
	seed, count := number(t, "CHAOS_SEED", uint64(time.Now().UnixNano())%1e9), number(t, "CHAOS_ROTATIONS", rotations)
	t.Logf("CHAOS_SEED=%d CHAOS_ROTATIONS=%d", seed, count)
	random := rand.New(rand.NewPCG(seed, 5))
	s := newStage(t, seed)
	r := &rotation{stage: s}
	r.namespace, r.kubeconfig = s.stage(t)
	r.leaks = newLeaks(s)
	set, err := replicas.Start(context.WithoutCancel(t.Context()), replicas.Options{
		Client: s.admin, Namespace: r.namespace, Name: "kibana", Secret: secretName, SecretKey: "token", Count: 2, Init: r.ensure,
	})
	must(t, err)
	watch, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { r.use(watch, t, set) })
	s.faults(0.02)
	kills := 0
	for n := range int(count) {
		begin := time.Now()
		for r.once(t, random, n) {
			kills++
		}
		t.Logf("rotation %d took %s", n, time.Since(begin).Round(time.Millisecond))
	}
	stop()
	group.Wait()
	s.faults(0)
	must(t, set.Stop())
	t.Logf("%d rotations, %d runs killed or failed in between; %d requests with the pods' tokens, %d answered 401", count, kills, r.asked.Load(), r.refused.Load())
	if r.asked.Load() == 0 || r.refused.Load() > 0 {
		t.Error("a pod's token was refused, or none was ever used")
	}
	l := &lane{stage: s, namespace: r.namespace, leaks: r.leaks, relied: map[string]bool{}}
	if live, err := l.tokens(t.Context()); err != nil || len(live) != 1 {
		t.Errorf("tokens at the end: %v, %v; want one", live, err)
	}
	r.leaks.report(t, s, "log", "/proc")
}

type rotation struct {
	*stage
	namespace, kubeconfig string
	leaks                 *leaks
	asked, refused        atomic.Int64
}

func (s *stage) stage(t *testing.T) (namespace, kubeconfig string) {
	return s.namespace(t,
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}},
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, ResourceNames: []string{"kibana"}, Verbs: []string{"get", "patch"}})
}

// ensure is a pod's init container.
func (r *rotation) ensure(ctx context.Context, pod string) error {
	args := r.arguments("ensure", r.namespace, r.kubeconfig, pod, map[string]string{"settle": "20ms", "timeout": "20s"})
	result, err := run(ctx, r.program, args, death{})
	err = errors.Join(err, r.leaks.look(result))
	if err == nil && result.code != 0 {
		err = fmt.Errorf("exit %d", result.code)
	}
	return err
}

var rotationSteps = append([]string{"waiting until every kubelet", "asked for the restart", "every pod has the new token", "msg=rotated"}, boundaries...)

// once runs rotate, and reports whether it has to run again. Every other run is killed somewhere.
func (r *rotation) once(t *testing.T, random *rand.Rand, n int) (again bool) {
	var d death
	switch random.IntN(4) {
	case 0:
		d.line = rotationSteps[random.IntN(len(rotationSteps))]
	case 1:
		d.after = time.Duration(200+random.IntN(2500)) * time.Millisecond
	}
	args := r.arguments("rotate", r.namespace, r.kubeconfig, fmt.Sprintf("rotate-%d", n), map[string]string{
		"workload": "Deployment/kibana", "kubelet-pause": "300ms", "timeout": "60s",
	})
	result, err := run(t.Context(), r.program, args, d)
	must(t, err)
	if result.code > 0 {
		t.Logf("exit %d: %s", result.code, result.log[max(0, len(result.log)-300):])
	}
	if err := r.leaks.look(result); err != nil {
		t.Error(err)
	}
	return result.code != 0
}

// use asks Elasticsearch with every running pod's token, as Kibana does all the time.
func (r *rotation) use(ctx context.Context, t *testing.T, set *replicas.Set) {
	for ctx.Err() == nil {
		for pod, token := range set.Tokens() {
			r.leaks.add(token)
			status, err := r.bearer(ctx, token)
			if err != nil {
				continue
			}
			r.asked.Add(1)
			if _, runs := set.Tokens()[pod]; status == http.StatusUnauthorized && runs {
				r.refused.Add(1)
				t.Errorf("pod %s gets a 401", pod)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
