package verify

import (
	"time"

	"github.com/elk-mtls/elk-mtls/internal/rollover"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// Server is a workload of Elasticsearch nodes.
type Server struct {
	Object               string   `json:"object"`
	Namespace            string   `json:"namespace,omitempty"`
	Services             []string `json:"services"`
	ClientAuthentication string   `json:"clientAuthentication"`
	Verdict              Verdict  `json:"verdict"`
	Reason               string   `json:"reason,omitempty"` // of UNMANAGED
	TLS                  Aspect   `json:"https"`
	Stage                Aspect   `json:"stage"`
	Certificate          Aspect   `json:"certificate"`
	Trust                Aspect   `json:"trust"`
	Probes               Aspect   `json:"probes"`
}

func (s *Server) aspects() []*Aspect {
	return []*Aspect{&s.TLS, &s.Stage, &s.Certificate, &s.Trust, &s.Probes}
}

// Edge is one connection from a client to Elasticsearch.
type Edge struct {
	Client      string   `json:"client"`
	Namespace   string   `json:"namespace,omitempty"`
	Container   string   `json:"container"`
	Program     string   `json:"program"`
	Setting     string   `json:"setting"`
	Servers     []string `json:"servers"` // none: Elasticsearch is not in these manifests
	Addresses   []string `json:"addresses"`
	Verdict     Verdict  `json:"verdict"`
	Reason      string   `json:"reason,omitempty"` // of UNMANAGED
	TLS         Aspect   `json:"https"`
	CA          Aspect   `json:"ca"`
	Certificate Aspect   `json:"certificate"`
	Identity    Aspect   `json:"identity"`
}

func (e *Edge) aspects() []*Aspect { return []*Aspect{&e.TLS, &e.CA, &e.Certificate, &e.Identity} }

// Graph is who talks to Elasticsearch, and what is proven of it. It speaks of the given manifests only.
type Graph struct {
	Verdict              Verdict   `json:"verdict"`
	ClientAuthentication string    `json:"clientAuthentication"`
	Now                  time.Time `json:"now"`
	Servers              []*Server `json:"servers"`
	Edges                []*Edge   `json:"edges"`
	Findings             []Finding `json:"findings"`    // all of them, those of servers and edges too
	Assumptions          []string  `json:"assumptions"` // likewise

	Replacement *rollover.State `json:"caReplacement,omitempty"` // how far it is; nil: none is seen

	// what the configuration lists and these manifests hold, known or not
	Unmanaged []UnmanagedObject   `json:"unmanaged"`
	Patched   bool                `json:"patched"` // the post-renderer has seen the release
	Tool      string              `json:"tool"`    // the version of elk-mtls
	Inputs    []Input             `json:"inputs"`
	LookedAt  []recognise.Counted `json:"lookedAt"` // objects of the manifests, by kind
}

// UnmanagedObject is an object, or a container of one, that the user takes care of.
type UnmanagedObject struct {
	Object string `json:"object"` // Kind/name, or Kind/name/container
	Reason string `json:"reason"`
}

// Input is a file that was read.
type Input struct {
	Name   string `json:"name"`   // as given; "-" is standard input
	SHA256 string `json:"sha256"` // of its bytes, in hexadecimal
}

// finish gathers findings and assumptions, those of no server and no edge too, and gives the verdict.
func (g *Graph) finish(loose *Aspect, sides []rollover.Side) {
	g.Findings, g.Assumptions = []Finding{}, []string{}
	found, assumed := map[Finding]bool{}, map[string]bool{}
	take := func(aspects ...*Aspect) {
		for _, a := range aspects {
			g.Findings = appendNew(g.Findings, found, a.Findings)
			g.Assumptions = appendNew(g.Assumptions, assumed, a.Assumptions)
		}
	}
	for _, s := range g.Servers {
		take(s.aspects()...)
	}
	for _, e := range g.Edges {
		if e.Verdict != Unmanaged {
			take(e.aspects()...)
		}
	}
	take(loose)
	if state, ok := rollover.Of(sides); ok {
		g.Replacement = &state
	}
	switch {
	case len(g.Findings) > 0:
		g.Verdict = NotProven
	case len(g.Assumptions) > 0:
		g.Verdict = ProvenIf
	default:
		g.Verdict = Proven
	}
}

// appendNew appends what is not in a list yet; seen has what is.
func appendNew[T comparable](list []T, seen map[T]bool, more []T) []T {
	for _, one := range more {
		if !seen[one] {
			seen[one] = true
			list = append(list, one)
		}
	}
	return list
}
