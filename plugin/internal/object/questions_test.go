package object

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// TestIn holds which objects a document holds, and on which line each begins.
func TestIn(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an object", "kind: Pod\nmetadata: {name: p}\n", "Pod/p on 1"},
		{"nothing", "# a comment\n", ""},
		{"null", "null\n", ""},
		{"a list", "kind: List\nitems:\n- kind: Pod\n  metadata: {name: p}\n- {kind: Job, metadata: {name: j}}\n", "Pod/p on 3, Job/j on 5"},
		{"a list of one kind", "kind: PodList\nitems:\n- metadata: {name: p}\n", "Pod/p on 3"},
		{"an empty list", "kind: ResourceList\n", ""},
		{"a kind that only ends as lists do", "kind: AllowList\nmetadata: {name: a}\n", "AllowList/a on 1"},
		{"behind an alias", "kind: List\nx: &p {kind: Pod, metadata: {name: p}}\nitems: [*p]\n", "Pod/p on 3"},
		{"a word", "word\n", "error: line 1: the document is no Kubernetes object: it holds no mapping"},
		{"a list of nothing", "kind: List\nitems: word\n", "error: line 1: items of the List is no list"},
		{"broken", "kind: \"Pod\"\nmetadata:\n  name: p\nx: [\n", "error: Pod/p: the document that starts on line 1 of the input is broken"},
		{"broken, and no object", "x: [\n", "error: ?/?: the document that starts on line 1 of the input is broken"},
	} {
		stream, err := manifest.Split([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := In(stream.Documents()[0])
		var all []string
		for _, o := range objects {
			all = append(all, fmt.Sprintf("%s on %d", o, o.Line()))
		}
		got := strings.Join(all, ", ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want && (err == nil || !strings.HasPrefix(got, test.want+" (")) {
			t.Errorf("%s: got %s\nexpected %s", test.name, got, test.want)
		}
	}
}

// TestPaths holds how a place is written, and what is there.
func TestPaths(t *testing.T) {
	const text = "kind: Pod\nspec:\n  a.b: dots\n  containers:\n  - {name: x, args: [-a, -b], env: [{name: A, value: old}, {name: A, value: new}]}\n"
	node := objectsIn(t, text)[0].Node
	x := Fields("spec", "containers").Item("name", "x")
	for _, test := range []struct {
		path             Path
		text, last, held string
	}{
		{Fields("spec", "a.b"), "spec[a.b]", "a.b", "dots"},
		{x.Field("name"), "spec.containers[x].name", "name", "x"},
		{x.Field("env").Item("name", "A").Field("value"), "spec.containers[x].env[A].value", "value", "new"}, // the last counts
		{x.Field("env").Index("0").Field("value"), "spec.containers[x].env[0].value", "value", "old"},
		{x.Field("args").Item("", "-b"), "spec.containers[x].args[-b]", "args", "-b"},
		{x.Field("args").Index("2"), "spec.containers[x].args[2]", "args", ""},
		{x.Field("args", "none", "deeper"), "spec.containers[x].args.none.deeper", "deeper", ""},
		{Fields("spec", "containers").Item("name", "y").Field("name"), "spec.containers[y].name", "name", ""},
		{Path(nil).Index("0"), "[0]", "", ""},
	} {
		held := ""
		if at := At(node, test.path); at != nil {
			held = at.Value
		}
		if test.path.String() != test.text || test.path.Last() != test.last || held != test.held {
			t.Errorf("got %s, last %q, held %q; expected %s", test.path, test.path.Last(), held, test.text)
		}
	}
}

// TestSame holds that it is what the keys are given that counts, in whichever form.
func TestSame(t *testing.T) {
	const one = "kind: Secret\nmetadata: {name: one}\ndata: {a: eA==, b: ''}\n"
	for text, want := range map[string]bool{
		"kind: Secret\nstringData: {b: '', a: x}\n":       true,
		"kind: Secret\nstringData: {b: '', a: y}\n":       false,
		"kind: Secret\ndata: {a: eA==}\n":                 false,
		"kind: Secret\ndata: {a: eA==, c: ''}\n":          false,
		"kind: ConfigMap\ndata: {a: x, b: ''}\n":          true,
		"kind: ConfigMap\nbinaryData: {a: eA==, b: ''}\n": true,
	} {
		if got := objectsIn(t, one)[0].Same(objectsIn(t, text)[0]); got != want {
			t.Errorf("%s: got %t", text, got)
		}
	}
}

// TestWorkloads holds what workloads of several kinds say about their pods.
func TestWorkloads(t *testing.T) {
	const cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j, namespace: here}\nspec: {jobTemplate: {spec: {template: {spec: {" +
		"serviceAccount: older, containers: [{name: a, env: [{name: A}, {}, {name: B}]}]}}}}}\n"
	const test = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {helm.sh/hook: test-success}}\nspec: {serviceAccountName: own, containers: [{name: a}]}\n"
	const rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a}]}}}\n"
	for text, want := range map[string]string{
		cron:    `job=true test=false account=older path=[spec jobTemplate spec template spec containers] variables=[A B]`,
		test:    `job=false test=true account=own path=[spec containers] variables=[]`,
		rollout: `job=false test=false account=default path=[spec template spec containers] variables=[]`,
	} {
		o := objectsIn(t, text)[0]
		pod, ok := o.Pod()
		if !ok {
			t.Fatalf("%s makes no pod", o)
		}
		c := pod.Containers()[0]
		got := fmt.Sprintf("job=%t test=%t account=%s path=%s variables=%s", o.IsJob(), o.IsTest(), pod.ServiceAccount(), c.Path(), c.Variables())
		if got != want {
			t.Errorf("%s: got %s\nexpected %s", o, got, want)
		}
	}
	for _, text := range []string{"kind: ConfigMap\nspec: {template: {spec: {containers: []}}}\n", "kind: Service\nspec: {ports: []}\n"} {
		if _, ok := objectsIn(t, text)[0].Pod(); ok {
			t.Errorf("this makes no pod: %s", text)
		}
	}
}

// TestNeeds holds which keys a pod shows, which it cannot start without, and which ConfigMaps a container reads.
func TestNeeds(t *testing.T) {
	const text = `kind: Pod
metadata: {name: p, namespace: here}
spec:
  volumes:
  - {name: all, secret: {secretName: all}}
  - {name: some, secret: {secretName: some, items: [{key: a, path: a}]}}
  - {name: may, secret: {secretName: may, optional: true, items: [{key: a, path: a}]}}
  - {name: mounted, projected: {sources: [{configMap: {name: mounted}}]}}
  - {name: unused, configMap: {name: unused}}
  containers:
  - name: a
    envFrom: [{configMapRef: {name: variables}}, {secretRef: {name: all}}]
    env: [{name: A, valueFrom: {secretKeyRef: {name: one, key: a}}}]
    volumeMounts: [{name: mounted, mountPath: /m}, {name: some, mountPath: /s}]
`
	pod, _ := objectsIn(t, text)[0].Pod()
	c := pod.Containers()[0]
	for _, test := range []struct {
		kind, name, key     string
		shows, needs, reads bool
	}{
		{"Secret", "all", "a", true, false, true}, // a variable
		{"Secret", "some", "a", true, true, true},
		{"Secret", "some", "b", false, false, false},
		{"Secret", "may", "a", true, false, false},
		{"ConfigMap", "some", "a", false, false, false},
		{"Secret", "one", "a", false, false, true},
		{"Secret", "one", "b", false, false, false},
	} {
		s := Source{Kind: test.kind, Name: test.name, Key: test.key}.In("here")
		if s.Namespace != "here" || pod.Shows(s) != test.shows || pod.Needs(s) != test.needs || c.Reads(s.Kind, s.Name, s.Key) != test.reads {
			t.Errorf("%s: shows: %t, needs: %t, reads: %t", s, pod.Shows(s), pod.Needs(s), c.Reads(s.Kind, s.Name, s.Key))
		}
	}
	if got := c.ConfigMaps(); !slices.Equal(got, []string{"variables", "mounted"}) {
		t.Errorf("ConfigMaps: %v", got)
	}
}

// TestUnreadable holds what a message says about a file that a process may not read.
func TestUnreadable(t *testing.T) {
	const known = "image: docker.elastic.co/kibana/kibana:8.19.2"
	for _, test := range []struct{ fields, mode, want string }{
		{known, "0400", "/f has the mode 0400 and belongs to root, and its process is user 1000 of its image, no fsGroup"},
		{known + ", securityContext: {runAsUser: 5}", "256", "/f has the mode 256 and belongs to root, and its process is user 5, no fsGroup"},
		{"image: shop, securityContext: {runAsNonRoot: true}", "0400", "/f has the mode 0400 and belongs to root, and its process is not root, no fsGroup"},
		{"image: shop", "0400", ""},
		{known, "", ""},
		{known, "a word", ""}, // nothing tells
	} {
		pod, _ := objectsIn(t, "kind: Pod\nspec: {containers: [{name: a, "+test.fields+"}]}\n")[0].Pod()
		if got := pod.Containers()[0].Unreadable(File{Path: "/f", Found: Mounted, Mode: test.mode}); got != test.want {
			t.Errorf("%s, mode %q: got %q", test.fields, test.mode, got)
		}
		if got := pod.Containers()[0].Unreadable(File{Path: "/f", Found: Made, Mode: test.mode}); got != "" {
			t.Errorf("of a file that the pod makes nothing is known: %q", got)
		}
	}
}

// TestChanges holds which commands write a file of their image.
func TestChanges(t *testing.T) {
	for script, want := range map[string]string{
		"cp /from/app.yml /etc/app.yml": "a copy of /from/app.yml",
		"cd /etc; echo a > app.yml":     "echo",
		"cat /etc/app.yml; echo a":      "",
		"echo a > /etc/other.yml":       "",
	} {
		commands, _ := shell.Commands([]string{"sh", "-c", script}, func(string) (shell.Word, bool) { return shell.Word{}, false })
		if got := Changes(commands, "/etc/app.yml", "/"); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

// TestUnder holds what commands have of the environment of their container; printed as in TestEnvironment.
func TestUnder(t *testing.T) {
	const given = "env: [{name: A, value: a}, {name: B, value: b}]"
	for _, test := range []struct{ script, want string }{
		{"x", "A=a B=b"},
		{"export A=c; x", "A=c B=b"},
		{"export N=$A; x", "A=a B=b N=a"},
		{"unset A; x", "B=b"},
		{"env -i C=c x", "C=c"},
		{"A=c x; y", "A=[] B=b"},
		{"export A=$(date); x", "A=[] B=b"},
		{". /unknown; x", "A=[] B=[] open its command"},
	} {
		e := environment(t, given, "")
		all, _ := shell.Commands([]string{"sh", "-c", test.script}, e.Word)
		var programs []shell.Command
		for _, c := range all {
			if name := c.Main(); len(name) > 0 && slices.Contains([]string{"x", "y"}, name[0].Text) {
				programs = append(programs, c)
			}
		}
		if got := printed(e.Under(programs, nil)); got != test.want {
			t.Errorf("%s:\n got      %s\n expected %s", test.script, got, test.want)
		}
	}
	e := environment(t, given+", envFrom: [{secretRef: {name: none}}]", "")
	if v, ok := e.Own("A"); !ok || v.Text != "a" {
		t.Errorf("A: %+v, %t", v, ok)
	}
	if _, ok := e.Own("X"); ok {
		t.Error("what a Secret that is not shown may set is not shown to be set")
	}
	if v, ok := e.Get("X"); !ok || v.Known {
		t.Errorf("yet it may be set: %+v, %t", v, ok)
	}
}

// TestAbsent holds which variables keep a container from its start.
func TestAbsent(t *testing.T) {
	const key = "valueFrom: {secretKeyRef: {name: secret, key: %s}}"
	e := environment(t, "env: [{name: A, "+fmt.Sprintf(key, "A")+"}, {name: B, "+fmt.Sprintf(key, "no")+"}, {name: B, value: b}]", "")
	if absent := e.Absent(); len(absent) != 1 || absent[0].Name != "B" {
		t.Errorf("got %+v", absent)
	}
}
