package survey

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

var begin = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)

func at(after time.Duration) time.Time { return begin.Add(after) }

// seen are the lines of a survey of 24 hours, with some between.
func seen(between ...evidence.Line) evidence.Evidence {
	lines := []evidence.Line{{Kind: evidence.Start, Time: begin, Version: evidence.Version, Run: "r"}, {Kind: evidence.Node, Time: begin, Node: "es-0"}}
	restored := true
	lines = append(lines, between...)
	return evidence.Evidence{Lines: append(lines, evidence.Line{Kind: evidence.End, Time: at(24 * time.Hour), From: begin, To: at(24 * time.Hour), Reason: evidence.Complete, Restored: &restored})}
}

func client(workload string, c evidence.Certificate) evidence.Line {
	return evidence.Line{Kind: evidence.Client, Time: at(time.Hour), Node: "es-0", Address: "10.0.0.1", Agent: "curl", Certificate: c, Connections: 1, Requests: 2, First: begin,
		Last: at(time.Hour), Whose: evidence.Whose{Place: evidence.InPod, Namespace: "shop", Workload: workload, Pod: "p"}}
}

// promising are manifests with one client.
func promising(name string, v verify.Verdict) *verify.Graph {
	return &verify.Graph{Edges: []*verify.Edge{{Client: name, Namespace: "shop", Program: "curl", Verdict: v}}}
}

func TestGate(t *testing.T) {
	failed := seen()
	failed.Lines[len(failed.Lines)-1].Reason = evidence.Failed
	cut := seen()
	cut.Lines = cut.Lines[:2]
	for name, c := range map[string]struct {
		lines    evidence.Evidence
		graph    *verify.Graph
		periodic []Periodic
		shut     string // "": it is open
	}{
		"nobody without":   {lines: seen(client("Deployment/a", evidence.Present))},
		"somebody without": {lines: seen(client("Deployment/a", evidence.Absent)), shut: "shop/Deployment/a presents no certificate"},
		"unknown":          {lines: seen(client("Deployment/a", evidence.Unknown)), shut: "sent nothing while it was watched"},
		"killed":           {lines: cut, shut: "has no end"},
		"nothing watched":  {lines: evidence.Evidence{Lines: append(seen().Lines[:1], seen().Lines[2])}, shut: "no node of Elasticsearch was watched"},
		"a gap all the while": {
			lines: seen(evidence.Line{Kind: evidence.Gap, Node: "es-0", From: at(-time.Hour), To: at(48 * time.Hour), Reason: "its log could not be read"}),
			shut:  "no node was watched for any time"},
		"failed":           {lines: failed, shut: "the survey failed before its end"},
		"a daily CronJob":  {lines: seen(), periodic: []Periodic{{Object: "CronJob/d", Schedule: "@daily", Longest: 24 * time.Hour}}},
		"a weekly CronJob": {lines: seen(), periodic: []Periodic{{Object: "CronJob/w", Schedule: "@weekly", Longest: 168 * time.Hour}}, shut: "survey for longer"},
		"a weekly CronJob that calls nobody": {
			lines: seen(), graph: promising("Deployment/a", verify.Proven), periodic: []Periodic{{Object: "CronJob/w", Longest: 168 * time.Hour}}},
		"a daily CronJob and a gap": {
			lines:    seen(evidence.Line{Kind: evidence.Gap, Node: "es-0", From: at(time.Hour), To: at(2 * time.Hour), Reason: "the node was restarted"}),
			periodic: []Periodic{{Object: "CronJob/d", Schedule: "@daily", Longest: 24 * time.Hour}}, shut: "the longest time without a gap is 22h"},
		"manifests of something else": {lines: seen(), graph: &verify.Graph{}, shut: "neither Elasticsearch nor a client"},
		"never seen, and proven":      {lines: seen(), graph: promising("Deployment/a", verify.ProvenIf)},
		"never seen, and not proven":  {lines: seen(), graph: promising("Deployment/a", verify.NotProven), shut: "was never seen, and the manifests do not prove"},
		"seen, and not proven":        {lines: seen(client("Deployment/a", evidence.Present)), graph: promising("Deployment/a", verify.NotProven)},
		"a Job of a CronJob":          {lines: seen(client("Job/night-29400000", evidence.Present)), graph: promising("CronJob/night", verify.NotProven)},
		"another Job":                 {lines: seen(client("Job/night-x", evidence.Present)), graph: promising("CronJob/night", verify.NotProven), shut: "was never seen"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Join(c.lines, c.graph, c.periodic, "test")
			if why := strings.Join(r.Gate.Reasons, "\n"); r.Gate.Open != (c.shut == "") || !strings.Contains(why, c.shut) {
				t.Errorf("open %v, want %q in\n%s", r.Gate.Open, c.shut, why)
			}
			if text := r.Text(); strings.HasPrefix(text, "READY") != (c.shut == "") {
				t.Error(text)
			}
		})
	}
}

// The last line about a client counts, and those of two nodes add up.
func TestLinesAddUp(t *testing.T) {
	first, later, other := client("Deployment/a", evidence.Absent), client("Deployment/a", evidence.Absent), client("Deployment/a", evidence.Absent)
	later.Requests, later.Path, later.Last = 7, "/b", at(2*time.Hour)
	other.Node, other.Address, other.Pod = "es-1", "10.0.0.2", "q"
	r := Join(seen(first, later, other), nil, nil, "test")
	want := []Client{{Namespace: "shop", Workload: "Deployment/a", Pods: []string{"p", "q"}, Addresses: []string{"10.0.0.1", "10.0.0.2"}, Nodes: []string{"es-0", "es-1"},
		Place: evidence.InPod, Agent: "curl", Path: "/b", Connections: 2, Requests: 9, First: begin, Last: at(2 * time.Hour)}}
	if diff := cmp.Diff(want, r.Without); diff != "" {
		t.Error(diff)
	}
}

// Several programs may share an address: the report says which of its kind it is, and the gate does not ask for a certificate of nobody.
func TestAddressesOfNobody(t *testing.T) {
	line := func(place evidence.Place, address, node string) evidence.Line {
		return evidence.Line{Kind: evidence.Client, Time: begin, Node: node, Address: address, Agent: "curl", Certificate: evidence.Absent, Connections: 1, Requests: 1,
			First: begin, Last: begin, Whose: evidence.Whose{Place: place}}
	}
	for name, c := range map[string]struct {
		lines []evidence.Line
		name  string
		note  string
		shut  string
	}{
		"a tunnel, the sidecar of a mesh, or the pod itself": {
			[]evidence.Line{line(evidence.Loopback, "127.0.0.1", "es-0"), line(evidence.Loopback, "127.0.0.1", "es-1")}, "127.0.0.1 on es-0, es-1",
			"kubectl port-forward", "find out who it is"},
		"a node of Kubernetes": {[]evidence.Line{line(evidence.OnNode, "192.0.2.1", "es-0")}, "192.0.2.1", "NAT", "find out who it is"},
		"outside":              {[]evidence.Line{line(evidence.Outside, "192.0.2.9", "es-0")}, "192.0.2.9", "a load balancer, or NAT", "find out who it is"},
		"no pods were read":    {[]evidence.Line{line("", "192.0.2.9", "es-0")}, "192.0.2.9", "was not looked up", "find out who it is"},
		"a workload":           {[]evidence.Line{client("Deployment/a", evidence.Absent)}, "shop/Deployment/a", "", "): give it one"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Join(seen(c.lines...), nil, nil, "test")
			if len(r.Without) != 1 || r.Without[0].Name() != c.name || !strings.Contains(r.Without[0].Note, c.note) || (c.note == "") != (r.Without[0].Note == "") {
				t.Errorf("want one client %q, with %q: %+v", c.name, c.note, r.Without)
			}
			if why := strings.Join(r.Gate.Reasons, "\n"); !strings.Contains(why, c.shut) {
				t.Errorf("want %q in %s", c.shut, why)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	refused := func(reason string) evidence.Line {
		return evidence.Line{Kind: evidence.Refused, Time: begin, Node: "es-0", Address: "10.0.0.1", Reason: reason, Whose: evidence.Whose{Place: evidence.InPod, Namespace: "shop", Workload: "Deployment/a"}}
	}
	r := Join(seen(refused("Empty client certificate chain"), refused("Empty client certificate chain"), refused("PKIX path building failed: x")), nil, nil, "test").OnlyRefused()
	got := r.Text()
	for _, want := range []string{"shop/Deployment/a, 2 times", "it presents no certificate", "not signed by a CA in Elasticsearch's certificate_authorities"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// What others say of themselves is text on the page, never markup.
func TestThePageIsSafe(t *testing.T) {
	bad := client(`Deployment/<script>alert(1)</script>`, evidence.Absent)
	bad.Agent, bad.Path = `"><img src=x onerror=alert(2)>`, "/<b>"
	page := Join(seen(bad), promising("Deployment/<i>", verify.Proven), nil, "<v>").HTML()
	for _, markup := range []string{"<script", "<img", "<b>", "<i>", "<v>", "http:", "https:"} {
		if strings.Contains(page, markup) {
			t.Errorf("%q is in the page", markup)
		}
	}
	if !strings.Contains(page, "<svg") {
		t.Error("no picture")
	}
}

func TestSchedules(t *testing.T) {
	for schedule, want := range map[string]Periodic{
		"*/5 * * * *":     {Longest: 5 * time.Minute},
		"0 3 * * *":       {Longest: 24 * time.Hour},
		"0 3 * * 1-5":     {Longest: 72 * time.Hour},
		"0 3 1 * *":       {Longest: 31 * 24 * time.Hour},
		"@weekly":         {Longest: 7 * 24 * time.Hour},
		"0 0 30 2 *":      {Problem: "its schedule never comes"},
		"every full moon": {Problem: `its schedule "every full moon" cannot be read`},
		"* 9-17 * * 1-5":  {Longest: 63*time.Hour + time.Minute},
		"0 0 29 2 *":      {Longest: 400 * 24 * time.Hour},
	} {
		text := "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: \"" + schedule + "\"}\n"
		stream, err := manifest.Split([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Schedules(stream, begin)
		want.Object, want.Schedule = "CronJob/x", schedule
		if diff := cmp.Diff([]Periodic{want}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}
