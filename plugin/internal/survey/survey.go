// Package survey says who still connects to Elasticsearch without a certificate: evidence and what the manifests
// promise go in, a report and a gate come out. What was not watched it reports; it never takes it for nobody.
package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// Schema names the form of the report's JSON.
const Schema = "elk-mtls.dev/survey/v1"

// Report is what a survey found.
type Report struct {
	Schema    string    `json:"schema"`
	Tool      string    `json:"tool"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Watched   string    `json:"watched"` // the longest time without a gap
	Without   []Client  `json:"without"`
	Unknown   []Client  `json:"unknown"`
	With      []Client  `json:"with"`
	Never     []Promise `json:"neverSeen"`
	Refused   []Refusal `json:"refused"`
	Gaps      []Gap     `json:"gaps"`
	NotLooked []string  `json:"notCovered"`
	Gate      Gate      `json:"gate"`
	watched   time.Duration

	refusedOnly bool
}

// Client is who was seen: a workload, or an address where nobody knows whose it is, and the name that it gives itself.
type Client struct {
	Namespace   string         `json:"namespace,omitempty"`
	Workload    string         `json:"workload,omitempty"`
	Pods        []string       `json:"pods"`
	Addresses   []string       `json:"addresses"`
	Nodes       []string       `json:"nodes"` // of Elasticsearch
	Place       evidence.Place `json:"place,omitempty"`
	Agent       string         `json:"agent,omitempty"`
	Path        string         `json:"path,omitempty"`
	Connections int            `json:"connections"`
	Requests    int            `json:"requests"`
	First       time.Time      `json:"first"`
	Last        time.Time      `json:"last"`
	Forwarded   bool           `json:"forwarded"`
	Verdict     verify.Verdict `json:"verdict,omitempty"` // of the manifests, where they have the workload
	Note        string         `json:"note,omitempty"`
}

// Name is by what people know it.
func (c Client) Name() string {
	switch {
	case c.Place == evidence.InPod && c.Namespace != "":
		return c.Namespace + "/" + c.Workload
	case c.Place == evidence.InPod:
		return c.Workload
	case c.Place == evidence.Loopback: // each node has one of its own
		return strings.Join(c.Addresses, ", ") + " on " + strings.Join(c.Nodes, ", ")
	}
	return strings.Join(c.Addresses, ", ")
}

// known reports whether it is known who it is. An address that several programs share, or that nobody here has, says
// nothing of them.
func (c Client) known() bool { return c.Place == evidence.InPod && !c.Forwarded }

// Promise is a client of the manifests that nobody saw.
type Promise struct {
	Namespace string         `json:"namespace,omitempty"`
	Workload  string         `json:"workload"`
	Program   string         `json:"program"`
	Verdict   verify.Verdict `json:"verdict"`
}

// Refusal is whom Elasticsearch refused.
type Refusal struct {
	Namespace string         `json:"namespace,omitempty"`
	Workload  string         `json:"workload,omitempty"`
	Place     evidence.Place `json:"place,omitempty"`
	Address   string         `json:"address"`
	Reason    string         `json:"reason"`
	Remedy    string         `json:"remedy"`
	Times     int            `json:"times"`
	Last      time.Time      `json:"last"`
}

// Gap is what was not watched.
type Gap struct {
	Node   string    `json:"node,omitempty"` // none: all
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// Gate is whether required may be switched on.
type Gate struct {
	Open    bool     `json:"open"`
	Reasons []string `json:"reasons"` // why it is not
}

// Periodic is a client of the manifests that comes now and then.
type Periodic struct {
	Object   string
	Schedule string
	Longest  time.Duration // between two times
	Problem  string        // its schedule cannot be read
}

// Join joins the evidence with what the manifests promise. The graph may be nil: then nothing is promised.
func Join(e evidence.Evidence, g *verify.Graph, periodic []Periodic, tool string) *Report {
	r := &Report{Schema: Schema, Tool: tool, Without: []Client{}, Unknown: []Client{}, With: []Client{},
		Never: []Promise{}, Refused: []Refusal{}, Gaps: []Gap{},
		NotLooked: []string{}, Gate: Gate{Reasons: []string{}}}
	r.clients(e, g)
	r.refusals(e)
	r.window(e)
	r.promised(g)
	r.gate(e, g, periodic)
	return r
}

// clients adds up what was seen, by workload and agent. Of several lines about the same, the last counts.
func (r *Report) clients(e evidence.Evidence, g *verify.Graph) {
	type key struct {
		run, node, address, agent string
		certificate               evidence.Certificate
	}
	latest, run := map[key]evidence.Line{}, ""
	var order []key
	for _, l := range e.Lines {
		switch l.Kind {
		case evidence.Start:
			run = l.Run
		case evidence.Client:
			k := key{run, l.Node, l.Address, l.Agent, l.Certificate}
			if _, known := latest[k]; !known {
				order = append(order, k)
			}
			latest[k] = l
		default:
		}
	}
	lists := map[evidence.Certificate]*[]Client{evidence.Absent: &r.Without, evidence.Present: &r.With,
		evidence.Unknown: &r.Unknown}
	for _, k := range order {
		l := latest[k]
		list := lists[l.Certificate]
		i := slices.IndexFunc(*list, func(c Client) bool { return c.is(l) })
		if i < 0 {
			i = len(*list)
			*list = append(*list, Client{Namespace: l.Namespace, Workload: l.Workload, Place: l.Place, Agent: l.Agent,
				First: l.First, Pods: []string{}, Addresses: []string{}, Nodes: []string{}})
		}
		(*list)[i].add(l)
	}
	for _, certificate := range []evidence.Certificate{evidence.Absent, evidence.Present, evidence.Unknown} {
		list := *lists[certificate]
		for i := range list {
			list[i].finish(g)
		}
		slices.SortStableFunc(list, func(a, b Client) int {
			return cmp.Or(strings.Compare(a.Name(), b.Name()), strings.Compare(a.Agent, b.Agent))
		})
	}
}

// is reports whether a line is about the client: the same workload, or without one the same address.
func (c Client) is(l evidence.Line) bool {
	if c.Agent != l.Agent || c.Place != l.Place {
		return false
	}
	if l.Place == evidence.InPod {
		return c.Namespace == l.Namespace && c.Workload == l.Workload
	}
	return slices.Contains(c.Addresses, l.Address)
}

func (c *Client) add(l evidence.Line) {
	c.Pods, c.Addresses, c.Nodes = with(c.Pods, l.Pod), with(c.Addresses, l.Address), with(c.Nodes, l.Node)
	c.Connections += l.Connections
	c.Requests += l.Requests
	c.Forwarded = c.Forwarded || l.Forwarded
	if l.First.Before(c.First) {
		c.First = l.First
	}
	if !l.Last.Before(c.Last) {
		c.Last, c.Path = l.Last, l.Path
	}
}

func with(list []string, one string) []string {
	if one != "" && !slices.Contains(list, one) {
		list = append(list, one)
		slices.Sort(list)
	}
	return list
}

// finish says what is known of the place, and what the manifests say.
func (c *Client) finish(g *verify.Graph) {
	switch {
	case c.Place == evidence.OnNode:
		c.Note = "the address of a Kubernetes node: pods on the host's network, or others' connections that it " +
			"forwards (NAT)"
	case c.Forwarded:
		c.Note = "forwards requests of others (an Ingress, or another proxy): who they are, only its own log knows"
	case c.Place == evidence.Loopback:
		c.Note = "the node's own address: a program in its pod or on its machine, such as its probe or a mesh's " +
			"sidecar, or anybody behind kubectl port-forward or another " +
			"tunnel. The survey cannot tell them apart"
	case c.Place == evidence.Outside:
		c.Note = "no pod has this address: a program outside the cluster, a load balancer, or NAT"
	case c.Place == "":
		c.Note = "whose address it is was not looked up: the survey read no pods"
	}
	if g == nil {
		return
	}
	for _, edge := range g.Edges {
		if matches(edge, c.Namespace, c.Workload) && (c.Verdict == "" || edge.Verdict == verify.NotProven) {
			c.Verdict = edge.Verdict
		}
	}
}

// matches reports whether the workload is the edge's client. A Job of a CronJob is named after it, and the minute
// behind that.
func matches(edge *verify.Edge, namespace, workload string) bool {
	if edge.Namespace != "" && namespace != "" && edge.Namespace != namespace {
		return false
	}
	if edge.Client == workload {
		return true
	}
	cron, isCron := strings.CutPrefix(edge.Client, "CronJob/")
	job, isJob := strings.CutPrefix(workload, "Job/")
	rest, named := strings.CutPrefix(job, cron+"-")
	return isCron && isJob && named && len(rest) >= 8 && strings.Trim(rest, "0123456789") == ""
}

// refusals adds up whom Elasticsearch refused.
func (r *Report) refusals(e evidence.Evidence) {
	for _, l := range e.Lines {
		if l.Kind != evidence.Refused {
			continue
		}
		i := slices.IndexFunc(r.Refused, func(o Refusal) bool {
			return o.Reason == l.Reason && o.Namespace == l.Namespace && o.Workload == l.Workload &&
				(o.Address == l.Address || l.Place == evidence.InPod)
		})
		if i < 0 {
			i = len(r.Refused)
			r.Refused = append(r.Refused, Refusal{Namespace: l.Namespace, Workload: l.Workload, Place: l.Place,
				Address: l.Address, Reason: l.Reason, Remedy: remedy(l.Reason)})
		}
		r.Refused[i].Times++
		if l.Time.After(r.Refused[i].Last) {
			r.Refused[i].Last = l.Time
		}
	}
	slices.SortStableFunc(r.Refused, func(a, b Refusal) int {
		return cmp.Or(strings.Compare(a.Namespace+"/"+a.Workload, b.Namespace+"/"+b.Workload),
			strings.Compare(a.Address, b.Address), strings.Compare(a.Reason, b.Reason))
	})
}

// remedy says what to do about a refusal, by the words of Java's TLS.
func remedy(reason string) string {
	switch has := func(words string) bool { return strings.Contains(strings.ToLower(reason), words) }; {
	case has("empty client certificate chain"), has("null cert chain"), has("certificate_required"):
		return "it presents no certificate: give it one, by a rule of elk-mtls or its own settings"
	case has("path building failed"), has("path validation failed"), has("unknown_ca"), has("unable to find valid " +
		"certification path"):
		return "its certificate is not signed by a CA in Elasticsearch's certificate_authorities: issue another one, " +
			"or add its CA"
	case has("expired"), has("notafter"):
		return "its certificate is expired: renew it, and restart the program if it reads its files only once"
	case has("extended key usage"), has("keyusage"):
		return "its certificate may not be used by a client: issue one with the extended key usage clientAuth"
	case has("plain http"), has("not an ssl"):
		return "it speaks plain http: change its address to https"
	case has("certificate_unknown"), has("bad_certificate"), has("unknown_certificate"):
		return "it does not trust the certificate of Elasticsearch: give it the CA"
	}
	return "look at its TLS settings"
}

// Where is by what people know it.
func (r Refusal) Where() string {
	if r.Place == evidence.InPod {
		return Client{Namespace: r.Namespace, Workload: r.Workload, Place: r.Place}.Name()
	}
	if r.Place == evidence.Loopback {
		return r.Address + " (the node's own address)"
	}
	return r.Address
}

// promised lists the clients of the manifests that nobody saw.
func (r *Report) promised(g *verify.Graph) {
	if g == nil {
		r.NotLooked = append(r.NotLooked, "what the manifests promise: no MANIFESTS were given")
		return
	}
	server := map[string]bool{}
	for _, s := range g.Servers {
		server[s.Namespace+" "+s.Object] = true
	}
	seen := slices.Concat(r.With, r.Without, r.Unknown)
	for _, edge := range g.Edges {
		p := Promise{edge.Namespace, edge.Client, edge.Program, edge.Verdict}
		probe := server[edge.Namespace+" "+edge.Client] // Elasticsearch's own
		if !probe && !slices.Contains(r.Never, p) &&
			!slices.ContainsFunc(seen, func(c Client) bool { return matches(edge, c.Namespace, c.Workload) }) {
			r.Never = append(r.Never, p)
		}
	}
	if len(seen) > 0 && !slices.ContainsFunc(seen, func(c Client) bool { return c.Place != "" }) {
		r.NotLooked = append(r.NotLooked, "whose the addresses are: the survey read no pods, so every client of the "+
			"manifests counts as never seen")
	}
}

// String prints a promise.
func (p Promise) String() string {
	name := p.Workload
	if p.Namespace != "" {
		name = p.Namespace + "/" + name
	}
	return fmt.Sprintf("%s (%s)", name, p.Program)
}

// OnlyRefused leaves out all but whom Elasticsearch refused.
func (r *Report) OnlyRefused() *Report {
	only := *r
	only.Without, only.Unknown, only.With, only.Never = []Client{}, []Client{}, []Client{}, []Promise{}
	only.Gate = Gate{Reasons: []string{}}
	only.refusedOnly = true
	only.NotLooked = []string{}
	return &only
}
