//go:build chaos || integration

package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const lanes = 4

// TestChaos runs several Secrets at the same time on one Elasticsearch and one API server: releases of the same name in
// several namespaces.
func TestChaos(t *testing.T) {
	seed, count := number(t, "CHAOS_SEED", uint64(time.Now().UnixNano())%1e9), number(t, "CHAOS_ROUNDS", rounds)
	t.Logf("CHAOS_SEED=%d CHAOS_ROUNDS=%d", seed, count)
	s := newStage(t, seed)
	s.faults(0.07)
	begin := time.Now()
	var next atomic.Int64
	all := make([]*lane, lanes)
	for i := range all {
		l := &lane{
			stage: s, name: strconv.Itoa(i), random: rand.New(rand.NewPCG(seed, uint64(i)+10)),
			relied: map[string]bool{}, gone: map[string]bool{}, excused: map[string]bool{},
		}
		l.namespace, l.kubeconfig = s.namespace(t)
		all[i] = l
	}
	seen := newLeaks(s)
	var group sync.WaitGroup
	for _, l := range all {
		l.leaks = seen
		group.Go(func() {
			for {
				n := int(next.Add(1))
				if n > int(count) || t.Failed() {
					return
				}
				switch n % 50 {
				case 10:
					s.restartCluster(t)
				case 20:
					s.restart(t)
				}
				if err := l.round(t.Context(), n); err != nil {
					t.Errorf("CHAOS_SEED=%d lane %s, round %d: %v\n%v", seed, l.name, n, err, l.story)
				}
			}
		})
	}
	group.Wait()
	must(t, all[0].refused(t.Context()))
	report(t, s, all, int(count), time.Since(begin))
	seen.report(t, s, "log", "termination message", "/proc", "metadata of the Secrets")
}

// restart restarts Elasticsearch in the middle of everybody's storm.
func (s *stage) restart(t *testing.T) {
	s.calm.Lock()
	defer s.calm.Unlock()
	if err := s.node.Restart(context.WithoutCancel(t.Context()), nil); err != nil {
		t.Error(err)
	}
	s.restarts++
}

// restartCluster restarts the API server in the same way.
func (s *stage) restartCluster(t *testing.T) {
	s.calm.Lock()
	defer s.calm.Unlock()
	s.hands.Lock()
	defer s.hands.Unlock()
	if err := s.server.Restart(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	s.restarts++
}

func report(t *testing.T, s *stage, all []*lane, count int, took time.Duration) {
	var sum lane
	relied := 0
	for _, l := range all {
		sum.processes += l.processes
		sum.kills += l.kills
		sum.exits += l.exits
		sum.edits += l.edits
		sum.longest = max(sum.longest, l.longest)
		relied += len(l.relied)
	}
	var requests, answers, held int64
	for _, add := range []func() (int64, int64, int64){s.es.Counts, s.api.Counts} {
		r, a, h := add()
		requests, answers, held = requests+r, answers+a, held+h
	}
	t.Logf("%d rounds in %s: %d processes, %d killed, %d exits 0 on %d tokens; %d edits by hand; %d requests lost, %d answers lost, %d held up; %d restarts of Elasticsearch and of the API server; slowest two undisturbed runs %s",
		count, took.Round(time.Second), sum.processes, sum.kills, sum.exits, relied, sum.edits, requests, answers, held, s.restarts, sum.longest.Round(time.Millisecond))
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	must(t, err)
	return n
}
