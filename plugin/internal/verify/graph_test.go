package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

func TestVerdictOfAspects(t *testing.T) {
	sure := func() *Aspect { return &Aspect{} }
	assumed := func() *Aspect { return &Aspect{Assumptions: []string{"Secret/x holds the key"}} }
	broken := func() *Aspect {
		return &Aspect{Findings: []Finding{{Code: NoFile}}, Assumptions: []string{"and this too"}}
	}
	idle := func() *Aspect { return &Aspect{idle: stateNone} }
	for name, c := range map[string]struct {
		aspects []*Aspect
		want    Verdict
		states  string
	}{
		"nothing is open":                    {[]*Aspect{sure(), idle()}, Proven, "ok -"},
		"one assumption":                     {[]*Aspect{sure(), assumed()}, ProvenIf, "ok if"},
		"a finding outweighs, and all close": {[]*Aspect{broken(), assumed(), sure()}, NotProven, "no if ok"},
	} {
		t.Run(name, func(t *testing.T) {
			got := verdict(c.aspects...)
			var states []string
			for _, a := range c.aspects {
				states = append(states, a.State)
			}
			if text := strings.Join(states, " "); got != c.want || text != c.states {
				t.Errorf("%s (%s), want %s (%s)", got, text, c.want, c.states)
			}
		})
	}
}

// What somebody else takes care of is shown with its reason, and is no reason for a verdict.
func TestGraph(t *testing.T) {
	r := &reader{graph: &Graph{ClientAuthentication: "required", Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}
	finding := Finding{Code: NoCertificate, Object: "Deployment/shop", Container: "api", Path: "env", Line: 7, Reason: `no "cert"`, Remedy: "set it"}
	r.graph.Servers = []*Server{{Object: "StatefulSet/es", Verdict: Proven, ClientAuthentication: "required", TLS: Aspect{State: stateOK}}}
	r.graph.Edges = []*Edge{
		{Client: "Deployment/shop", Container: "api", Program: "curl", Setting: "command", Servers: []string{"StatefulSet/es"}, Verdict: NotProven, Certificate: Aspect{Findings: []Finding{finding}}},
		{Client: "Deployment/old", Program: "Kibana", Setting: "elasticsearch.hosts", Addresses: []string{"https://es"}, Verdict: Unmanaged, Reason: "goes soon", TLS: Aspect{Findings: []Finding{{Code: ClientPlain}}}},
	}
	r.loose.assume("somebody makes Secret/x")
	r.graph.Tool, r.graph.Inputs = "1.0", []Input{{Name: "-", SHA256: "abc"}, {Name: "s.yaml", SHA256: "def"}}
	r.graph.LookedAt = []recognise.Counted{{Kind: "Deployment", Count: 2}, {Kind: "other", Count: 1}}
	r.graph.Unmanaged = []UnmanagedObject{{Object: "CronJob/dump", Reason: "its own certificate"}}
	r.graph.finish(&r.loose, nil)
	if r.graph.Verdict != NotProven || len(r.graph.Findings) != 1 || len(r.graph.Assumptions) != 1 {
		t.Errorf("%s, findings %v, assumptions %v", r.graph.Verdict, r.graph.Findings, r.graph.Assumptions)
	}
	text := r.graph.Text()
	for _, want := range []string{
		"NOT PROVEN: client authentication required, on 2026-03-01\n" + Remedy + "\n",
		"  UNMANAGED   Deployment/old\n              goes soon\n", "Listed as unmanaged\n  CronJob/dump: its own certificate\n",
		"Findings\n  EMT008 Deployment/shop, container \"api\", env, line 7: no \"cert\"\n         set it\n",
		"elk-mtls 1.0 read\n  - sha256:abc\n  s.yaml sha256:def\n  with 2 Deployment, 1 other\n",
		"Assumptions\n  somebody makes Secret/x\n", Scope + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	r.graph.Patched = true
	if strings.Contains(r.graph.Text(), Remedy) {
		t.Error("a release that was patched is told to be patched")
	}
	picture := r.graph.Mermaid()
	for _, want := range []string{
		`n0["StatefulSet/es"]:::proven`, `-->|"curl command: NOT PROVEN"| n0`, `["https://es"]:::outside`, "linkStyle 0 stroke:#dc3545,", "linkStyle 1 stroke:#6c757d,",
	} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in\n%s", want, picture)
		}
	}
}

func TestSettings(t *testing.T) {
	of := func(texts ...string) value { return value{texts: texts} }
	file := settings{"hosts": of("a"), "ssl.key": of("k"), "ssl.cert": of("c"), "outputs.one.hosts": of("b"), "outputs.two.hosts": of("c")}
	var names []string
	for name := range file.over(settings{"ssl": of("none"), "hosts": of("env")}) {
		names = append(names, name)
	}
	if len(names) != 4 || file.over(settings{"hosts": of("env")})["hosts"].text() != "env" {
		t.Errorf("what is set as a whole replaces what was below it: %v", names)
	}
	if diff := cmp.Diff([]string{"outputs.one.", "outputs.two."}, file.prefixes("outputs.*")); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string][]string{
		"a, b":           {"a", "b"},
		`["a", 'b',]`:    {"a", "b"},
		"-----BEGIN a,b": {"-----BEGIN a,b"},
		"https://a:9200": {"https://a:9200"},
		" ":              nil,
	} {
		if diff := cmp.Diff(want, of(text).list()); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
