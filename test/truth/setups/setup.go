// Package setups describes releases of Elasticsearch and its clients, as somebody would write them who has never seen elk-mtls: what is set,
// where it stands, and which certificates there are. Out come manifests, and what has to be run to learn whether they work. The package
// knows nothing of elk-mtls, and of no program whether it is let in: who runs a set-up finds out.
package setups

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// SetUp is a release, and the question that is put to the real programs.
type SetUp struct {
	Name string
	Kind Kind
	// Breaks is what the description means to do. Random set-ups mean nothing: Meant is false.
	Breaks, Meant bool
	Manifests     string // without the Secrets that hold certificates
	Secrets       string
	Config        string // of elk-mtls
	Ask           Ask
	// Lacks holds, of a set-up whose certificates are wrong, words of an assumption that is false then: without the Secrets verify has to
	// name it.
	Lacks []string
	// Excuses are words of assumptions that are false in this set-up: with them PROVEN IF is right though it breaks.
	Excuses []string
}

// Kind says what may go wrong, as the reports of false proofs are sorted.
type Kind string

// The kinds.
const (
	Open     Kind = "A: the node lets in who has no certificate"
	Refusing Kind = "B: the node does not start"
	Probed   Kind = "C: probes and hooks"
	Unseen   Kind = "D: a client that is easily overlooked"
	Followed Kind = "E: what a client is told"
	Assumed  Kind = "F: what only the Secrets show"
)

// Kinds lists them.
var Kinds = []Kind{Open, Refusing, Probed, Unseen, Followed, Assumed}

// Ask is what decides whether a set-up works.
type Ask struct {
	Program  string // a key of Programs; "curl" too for whatever a shell can run; Elasticsearch for a node
	Workload string // Kind/name
	// Container is the one that is run.
	Container string
	// Command is run in place of the container's own, for probes and hooks.
	Command []string
	// HTTP is asked of the node in place of a command, as the kubelet does.
	HTTP string
}

// Elasticsearch is the Program of a set-up whose node is in question.
const Elasticsearch = "elasticsearch"

// Options say how much is made.
type Options struct {
	Seed   uint64
	Random int // of each program, besides the tables
	// Every n-th of the tables only; 0 and 1 stand for all.
	Every int
	// Least is how many of each kind are taken all the same, as far as there are that many.
	Least int
}

// Generate makes the set-ups of a seed.
func Generate(o Options) []SetUp {
	r := rand.New(rand.NewPCG(o.Seed, 17))
	w := newWorld()
	var all []SetUp
	for _, p := range Programs() {
		all = append(all, w.cells(p)...)
		for i := range o.Random {
			all = append(all, w.chance(p, r, i))
		}
	}
	all = slices.Concat(all, w.nodes(), w.probed(), w.unseen(), w.assumed(), w.referring())
	for i := range o.Random {
		all = append(all, w.nodeChance(r, i))
	}
	seen := map[string]int{}
	for i := range all {
		if seen[all[i].Name]++; seen[all[i].Name] > 1 {
			all[i].Name = fmt.Sprintf("%s (%d)", all[i].Name, seen[all[i].Name])
		}
	}
	if o.Every < 2 {
		return all
	}
	return sample(all, o, r)
}

// core are set-ups that every sample holds: they find the faults of test/truth/testdata/faults.txt.
var core = []string{
	`elasticsearch/variable over -E/xpack.security.http.ssl.client_authentication "none"`,
	`elasticsearch/variable over -E/xpack.security.http.ssl.client_authentication "required"`,
	`elasticsearch/file/xpack.security.http.ssl.verification_mode "none"`,
	"exporter/in the Secret/CA root, pair server only", "curl/in the Secret/CA root, pair ended",
	"kibana/in the Secret/CA issuing, pair good", "curator/in the Secret/CA leaf, pair good",
}

// sample takes the core, and of each kind every n-th set-up, from a place that chance decides.
func sample(all []SetUp, o Options, r *rand.Rand) []SetUp {
	kinds := map[Kind][]SetUp{}
	var some []SetUp
	for _, s := range all {
		if slices.Contains(core, s.Name) {
			some = append(some, s)
		} else {
			kinds[s.Kind] = append(kinds[s.Kind], s)
		}
	}
	for _, k := range Kinds {
		of := kinds[k]
		n := min(max(len(of)/o.Every, o.Least), len(of))
		from := r.Float64()
		for i := range n {
			some = append(some, of[int((float64(i)+from)*float64(len(of))/float64(n))])
		}
	}
	return some
}
