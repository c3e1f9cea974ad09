//go:build integration

package truth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// workers is how many programs run at once: as many as the smallest machine has processors, and one that waits.
const workers = 3

// TestTruth runs the set-ups of a seed, TRUTH_SEED. Every TRUTH_EVERY-th of the tables is taken, and TRUTH_RANDOM of each program are put together
// by chance: make truth takes all. The short form is bounded by their number, about 210, which takes two minutes on a machine that does nothing else:
// a core that finds the planted faults, and of each kind at least 20.
func TestTruth(t *testing.T) {
	o, all, err := asked()
	if err != nil {
		t.Fatal(err)
	}
	all = possible(t, all)
	l := newLab(t, slices.ContainsFunc(all, func(s setups.SetUp) bool { return s.Ask.Program != setups.Elasticsearch }))
	var nodes, clients []setups.SetUp
	for _, s := range all {
		if s.Ask.Program == setups.Elasticsearch {
			nodes = append(nodes, s)
		} else {
			clients = append(clients, s)
		}
	}
	results := append(l.compareNodes(t, nodes), l.compareAll(t.Context(), clients)...)
	report(t, o, results)
	t.Logf("LEFT OUT: %s", strings.Join(leftOut, "; "))
	if os.Getenv("TRUTH_ONLY") == "" {
		l.holdFaults(t, results)
	}
}

// possible leaves out what this machine has no program for. Kibana's place is taken by Node, which nothing else here needs.
func possible(t *testing.T, all []setups.SetUp) []setups.SetUp {
	t.Helper()
	for _, p := range setups.Programs() {
		if !slices.ContainsFunc(all, func(s setups.SetUp) bool { return s.Ask.Program == p.Name }) {
			continue
		}
		var err error
		switch {
		case p.Name == "kibana":
			_, err = exec.LookPath("node")
		case p.Part == "":
			if _, err = exec.LookPath(p.Path); err != nil {
				parts.SkipOrFail(t, &parts.Missing{Part: p.Path, Why: err.Error(), Remedy: "install it"})
			}
		default:
			if _, err = parts.Client(t.Context(), p.Part); err != nil && (parts.Required() || !parts.OnlyMissing(err)) {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Logf("LEFT OUT: %s: %v", p.Name, err)
			all = slices.DeleteFunc(all, func(s setups.SetUp) bool { return s.Ask.Program == p.Name })
		}
	}
	return all
}

// leftOut is what no set-up shows. docs/verification.md says the same.
var leftOut = []string{
	"files below config and the bootstrap check of transport TLS, which are rules of Judge.java and not run",
	"Jaeger's collector and Jaeger 2", "starts of nodes", "hostAliases", "Services of type ExternalName", "targetPort by the name of a port",
}

// asked gives the set-ups of this run.
func asked() (o setups.Options, all []setups.SetUp, err error) {
	seed, seedErr := number("TRUTH_SEED", 1)
	random, randomErr := number("TRUTH_RANDOM", 2)
	every, everyErr := number("TRUTH_EVERY", 8)
	if err := errors.Join(seedErr, randomErr, everyErr); err != nil {
		return o, nil, err
	}
	o = setups.Options{Seed: seed, Random: int(random), Every: int(every), Least: 20}
	return o, slices.DeleteFunc(setups.Generate(o), func(s setups.SetUp) bool { return !strings.Contains(s.Name, os.Getenv("TRUTH_ONLY")) }), nil
}

func number(name string, otherwise uint64) (uint64, error) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// result is a set-up, what came of it, and what verify said.
type result struct {
	setups.SetUp
	outcome
	verdict verdict
	without verdict // with none of the Secrets that hold certificates
	err     error
}

// compareAll runs all set-ups of clients.
func (l *lab) compareAll(ctx context.Context, all []setups.SetUp) []result {
	programs := map[string]setups.Program{}
	for _, p := range setups.Programs() {
		programs[p.Name] = p
	}
	results := make([]result, len(all))
	atOnce(len(all), func(i int) { results[i] = l.compare(ctx, all[i], programs[all[i].Ask.Program]) })
	return results
}

// atOnce does n things, several at once.
func atOnce(n int, do func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range workers {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// compare runs a set-up and asks verify about it.
func (l *lab) compare(ctx context.Context, s setups.SetUp, p setups.Program) result {
	r := result{SetUp: s}
	r.outcome, r.err = l.run(ctx, s, p)
	if r.err == nil {
		r.verdict, r.err = l.judged(ctx, l.verify, s.Manifests+s.Secrets, s.Config)
	}
	if r.err == nil && s.Kind == setups.Assumed {
		r.without, r.err = l.judged(ctx, l.verify, s.Manifests, s.Config)
	}
	return r
}

// class is what a result says of verify, or of the description.
type class string

const (
	agrees     class = "agrees"
	falseProof class = "FALSE PROOF"
	falseAlarm class = "false alarm"
	misjudged  class = "NOT AS MEANT"
	notSaid    class = "NOT ASSUMED"
	failed     class = "COULD NOT RUN"
)

func (r result) class() class {
	proven := r.verdict.Verdict != "NOT PROVEN"
	switch {
	case r.err != nil:
		return failed
	case !r.works && proven && !r.excused():
		return falseProof
	case !r.works && r.Kind == setups.Assumed && len(r.Lacks) > 0 && !mentions(r.without.Assumptions, r.Lacks):
		return notSaid
	case r.works && (!proven || r.without.Verdict == "NOT PROVEN"):
		return falseAlarm
	case r.Meant && r.works == r.Breaks:
		return misjudged
	}
	return agrees
}

// untrue are assumptions that are not so in any set-up: what is in its Secrets is what there is.
var untrue = []string{"in place of what is there now"}

// excused tells whether verify says that the set-up works if something is so which is not.
func (r result) excused() bool {
	return mentions(r.verdict.Assumptions, slices.Concat(untrue, r.Excuses))
}

func mentions(assumptions, words []string) bool {
	said := strings.Join(assumptions, "\n")
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(said, word) })
}

// report tells what came of all, and fails where verify is wrong.
func report(t *testing.T, o setups.Options, results []result) {
	t.Helper()
	counted := map[class]int{}
	for _, r := range results {
		c := r.class()
		counted[c]++
		if c == agrees {
			continue
		}
		t.Logf("%s: %s\n  runs: works %v, error %v\n%s\n  verify: %s", c, r.Name, r.works, r.err, r.said, r.verdict)
		if dir := os.Getenv("TRUTH_KEEP"); dir != "" {
			keep(t, dir, r)
		}
	}
	kinds := map[setups.Kind]map[class]int{}
	for _, r := range results {
		if kinds[r.Kind] == nil {
			kinds[r.Kind] = map[class]int{}
		}
		kinds[r.Kind][r.class()]++
	}
	for _, k := range setups.Kinds {
		t.Logf("%s: %v", k, kinds[k])
	}
	t.Logf("seed %d: %d set-ups: %v", o.Seed, len(results), counted)
	for c, most := range map[class]int{falseProof: 0, notSaid: 0, misjudged: 0, failed: 0, falseAlarm: len(results) * 3 / 100} {
		if counted[c] > most {
			t.Errorf("%s: %d set-ups, at most %d may be", c, counted[c], most)
		}
	}
}

func keep(t *testing.T, dir string, r result) {
	t.Helper()
	keptCount++
	if err := os.WriteFile(fmt.Sprintf("%s/%03d.yaml", dir, keptCount), []byte("# "+string(r.class())+": "+r.Name+"\n"+r.Manifests+r.Secrets), 0o600); err != nil {
		t.Error(err)
	}
}

var keptCount int
