//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stated is a state of a release, as a row of docs/states.md: what was done, what is in the cluster then, what ran, and what verify says of
// what Helm has recorded.
type stated struct{ done, ended, runs, left, ours, says, before string }

// row is how the page shows it.
func (s stated) row() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", s.done, s.ended, s.runs, s.left, s.ours, s.says, s.before)
}

const statesHead = "| what you did | Helm | ran | Elasticsearch and Kibana | objects of elk-mtls | `verify` of `helm get manifest` | with `--revision 1` |\n" +
	"| --- | --- | --- | --- | --- | --- | --- |\n"

// TestStatesOfARelease takes one release, and two, of both Helms through what happens to releases. It holds what is left, what ran and what
// verify says after each step to docs/states.md. Both Helms come to the same.
func TestStatesOfARelease(t *testing.T) {
	own := wrappedCharts(t)[0]
	elasticsearch, kibana := apart(t, own)
	for _, w := range ways[:2] {
		for name, charts := range map[string][]wrapped{"one release": {own}, "two releases": {elasticsearch, kibana}} {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				want := onPage(t, name)
				s := newStates(t, w, charts)
				got := statesHead
				for _, step := range s.steps() {
					got += s.after(step).row()
				}
				if got != want {
					t.Errorf("docs/states.md says\n%s\nand this is what ran:\n%s", want, got)
				}
			})
		}
	}
}

// onPage gives the table of the page for one release, or for two.
func onPage(t *testing.T, name string) string {
	t.Helper()
	_, rest, begins := strings.Cut(string(readFile(t, "../../docs/states.md")), "<!-- "+name+" -->\n")
	table, _, ends := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !begins || !ends {
		t.Fatalf("docs/states.md has no table of %s", name)
	}
	return table
}

// apart makes two charts of one: Kibana's, and the rest.
func apart(t *testing.T, whole wrapped) (elasticsearch, kibana wrapped) {
	t.Helper()
	var parts [2][]byte
	for _, text := range documents(t, whole.stream) {
		i := 0
		if strings.Contains(objectsIn(t, []byte(text))[0].GetName(), "kibana") {
			i = 1
		}
		parts[i] = append(append(parts[i], "\n---\n"...), text...)
	}
	return wrapped{"elasticsearch", parts[0], ""}, wrapped{"kibana", parts[1], whole.kibana}
}

// states is a namespace with releases, and a stand-in for the controller that ends Jobs.
type states struct {
	*release
	releases []string
	dirs     []string
	stock    []string // objects of the charts, without hooks
	fails    atomic.Bool
	ran      atomic.Pointer[[]string]
}

func newStates(t *testing.T, w way, charts []wrapped) *states {
	t.Helper()
	s := &states{release: newRelease(t, w, charts[0])}
	for _, c := range charts {
		s.releases, s.dirs = append(s.releases, "elk-"+strings.ReplaceAll(c.name, " ", "-")), append(s.dirs, c.write(t))
		s.stock = append(s.stock, ids(c.stock(t, nil))...)
	}
	s.ran.Store(&[]string{})
	go s.endJobs()
	return s
}

// endJobs ends each Job as a controller does, well or not.
func (s *states) endJobs() {
	jobs := s.cluster.dynamic.Resource(schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}).Namespace(s.ns)
	ended := map[string]bool{}
	for s.t.Context().Err() == nil {
		time.Sleep(100 * time.Millisecond)
		list, err := jobs.List(s.t.Context(), metav1.ListOptions{})
		if err != nil {
			continue
		}
		for i := range list.Items {
			job := &list.Items[i]
			if ended[string(job.GetUID())] {
				continue
			}
			now := time.Now().UTC().Format(time.RFC3339)
			status := map[string]any{"startTime": now, "completionTime": now, "succeeded": int64(1)}
			kinds := []string{"SuccessCriteriaMet", "Complete"}
			if s.fails.Load() {
				status, kinds = map[string]any{"startTime": now, "failed": int64(1)}, []string{"FailureTarget", "Failed"}
			}
			var conditions []any
			for _, kind := range kinds {
				conditions = append(conditions, map[string]any{"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now})
			}
			status["conditions"] = conditions
			job.Object["status"] = status
			if _, err := jobs.UpdateStatus(s.t.Context(), job, metav1.UpdateOptions{}); err == nil {
				ended[string(job.GetUID())] = true
				all := append(slices.Clone(*s.ran.Load()), job.GetName())
				s.ran.Store(&all)
			}
		}
	}
}

// step is what somebody does to each release.
type step struct {
	done  string
	fails bool // the chart's hook, as Elasticsearch refuses it
	args  func(name, dir string) []string
}

func (s *states) steps() []step {
	apply := func(verb string, flags ...string) func(name, dir string) []string {
		return func(name, dir string) []string {
			return slices.Concat([]string{verb, name, dir, "--timeout=60s"}, flags)
		}
	}
	back := func(name, _ string) []string { return []string{"rollback", name, "1", "--timeout=60s"} }
	away := func(name, _ string) []string { return []string{"uninstall", name, "--no-hooks", "--timeout=60s"} }
	return []step{
		{"install with the flag", false, apply("install", s.withUs()...)},
		{"upgrade without the flag; the chart's hook fails", true, apply("upgrade")},
		{"rollback to revision 1", false, back},
		{"upgrade without the flag; the chart's hook succeeds", false, apply("upgrade")},
		{"rollback to revision 1, again", false, back},
		{"upgrade without the flag, with `--no-hooks`", false, apply("upgrade", "--no-hooks")},
		{"upgrade with the flag", false, apply("upgrade", s.withUs()...)},
		{"uninstall", false, away},
		{"install with the flag, again", false, apply("install", s.withUs()...)},
		{"upgrade without the flag; the chart's hook fails again", true, apply("upgrade")},
		{"uninstall after that", false, away},
	}
}

// after does a step and looks.
func (s *states) after(do step) stated {
	s.t.Helper()
	s.fails.Store(do.fails)
	s.ran.Store(&[]string{})
	got := stated{done: do.done, ended: "succeeds", runs: "nothing"}
	for i, name := range s.releases {
		out, err := s.run(do.args(name, s.dirs[i])...)
		if err != nil {
			if got.ended = "fails"; !strings.Contains(out, "pre-upgrade hooks failed") {
				s.t.Errorf("%s: %v\n%s", do.done, err, out)
			}
		}
	}
	if ran := *s.ran.Load(); len(ran) > 0 {
		got.runs = "the hook"
	}
	got.left, got.ours = s.left()
	got.says, got.before = s.verdict(), s.verdict("--revision", "1")
	return got
}

// left says what is in the cluster, and how it is secured.
func (s *states) left() (servers, ours string) {
	s.t.Helper()
	var added []string
	there := s.cluster.released(s.t, s.ns)
	secured, bare := 0, 0
	for _, resource := range []string{"deployments", "statefulsets"} {
		list, err := s.cluster.dynamic.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}).Namespace(s.ns).List(s.t.Context(), metav1.ListOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, o := range list.Items {
			if o.GetAnnotations()["elk-mtls.dev/client-authentication"] == "required" {
				secured++
			} else {
				bare++
			}
		}
	}
	for _, resource := range s.cluster.listed {
		list, err := s.cluster.dynamic.Resource(resource).Namespace(s.ns).List(s.t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/part-of=elk-mtls"})
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range list.Items {
			added = append(added, idOf(&list.Items[i]))
		}
	}
	for _, id := range s.stock {
		if secured+bare > 0 && !slices.Contains(there, id) {
			s.t.Errorf("%s is missing", id)
		}
	}
	switch {
	case secured > 0 && bare == 0:
		servers = "secured"
	case bare > 0 && secured == 0:
		servers = "bare"
	case bare+secured == 0:
		servers = "gone"
	case len(s.releases) == 2: // the one with the hook is as it was
		servers = "Elasticsearch bare, Kibana secured"
	default:
		servers = "mixed"
	}
	if ours = "none"; len(added) > 0 {
		ours = fmt.Sprint(len(added))
	}
	return servers, ours
}

// verdict is what verify makes of what Helm has recorded of all releases.
func (s *states) verdict(flags ...string) string {
	s.t.Helper()
	var all [][]byte
	for _, name := range s.releases {
		out, err := s.run(append([]string{"get", "manifest", name}, flags...)...)
		if err != nil {
			return "-" // nothing is recorded
		}
		all = append(all, []byte(out))
	}
	cmd := exec.CommandContext(s.t.Context(), elkmtls(s.t), "verify")
	cmd.Env = s.env
	cmd.Stdin = bytes.NewReader(bytes.Join(all, []byte("\n---\n")))
	out, err := cmd.Output()
	for _, verdict := range []string{"NOT PROVEN", "PROVEN IF", "PROVEN"} {
		if bytes.HasPrefix(out, []byte(verdict)) {
			if (err != nil) != (verdict == "NOT PROVEN") {
				s.t.Errorf("%s, and verify ends with %v", verdict, err)
			}
			return verdict
		}
	}
	s.t.Errorf("verify: %v\n%s", err, out)
	return ""
}
