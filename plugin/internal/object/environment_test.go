package object

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// stock has the objects that are shown in tests of the environment.
type stock struct{}

// Filler implements Input.
func (stock) Filler(Source) string { return "" }

// Shown implements Input.
func (stock) Shown(s Source) *Object {
	text, ok := map[string]string{
		"ConfigMap/one":   "data: {A: one, B: '$(A)', 'no=name': x, C: one}\nbinaryData: {D: eA==}",
		"ConfigMap/two":   "data: {A: two}",
		"ConfigMap/empty": "metadata: {name: empty}",
		"Secret/secret":   "data: {A: c2VjcmV0, BAD: '%'}\nstringData: {C: plain}",
	}[s.Kind+"/"+s.Name]
	if !ok {
		return nil
	}
	return &Object{ID: ID{Kind: s.Kind, Name: s.Name}, Node: yaml.MustParse(text)}
}

// TestEnvironment holds the kubelet's rules, one a row: NAME=value; [] stands around what is not known, a star behind what is of a Secret.
func TestEnvironment(t *testing.T) {
	const one, two = "configMapRef: {name: one}", "configMapRef: {name: two}"
	for _, test := range []struct{ name, fields, want string }{
		{"a value", "env: [{name: A, value: a}]", "A=a"},
		{"no value", "env: [{name: A}]", "A="},
		{"the later of two of one name", "env: [{name: A, value: a}, {name: A, value: b}]", "A=b"},
		{"a whole ConfigMap, without what is no name and what is for files only", "envFrom: [{" + one + "}]", "A=one B=$(A) C=one"},
		{"a later ConfigMap wins", "envFrom: [{" + one + "}, {" + two + "}]", "A=two B=$(A) C=one"},
		{"an own variable wins", "env: [{name: A, value: a}], envFrom: [{" + one + "}]", "A=a B=$(A) C=one"},
		{"a prefix", "envFrom: [{prefix: P_, " + two + "}]", "P_A=two"},
		{"a whole Secret", "envFrom: [{secretRef: {name: secret}}]", "A=secret* BAD=[]* C=plain*"},
		{"a ConfigMap that is not shown", "envFrom: [{configMapRef: {name: none}}]", "open ConfigMap/none"},
		{"one that waits for data", "envFrom: [{configMapRef: {name: empty}}]", "open ConfigMap/empty"},
		{"a key of a ConfigMap", "env: [{name: X, valueFrom: {configMapKeyRef: {name: one, key: A}}}]", "X=one"},
		{"a key of a Secret", "env: [{name: X, valueFrom: {secretKeyRef: {name: secret, key: A}}}]", "X=secret*"},
		{"a key that is not there", "env: [{name: X, valueFrom: {secretKeyRef: {name: secret, key: no}}}]", "X=[]*"},
		{"an optional one", "env: [{name: X, value: a}, {name: X, valueFrom: {secretKeyRef: {name: secret, key: no, optional: true}}}]", "X=a"},
		{"a key of an object that is not shown", "env: [{name: X, valueFrom: {secretKeyRef: {name: none, key: A}}}]", "X=[]*"},
		{"a key of one that waits for data", "env: [{name: X, valueFrom: {configMapKeyRef: {name: empty, key: A}}}]", "X=[]"},
		{"a field of the pod", "env: [{name: X, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]", "X=[]"},
		{"a variable that stands before", "env: [{name: A, value: a}, {name: B, value: x$(A)}]", "A=a B=xa"},
		{"s15: a variable that stands behind", "env: [{name: B, value: $(A)}, {name: A, value: a}]", "B=$(A) A=a"},
		{"a variable of a whole ConfigMap", "env: [{name: X, value: $(A)}], envFrom: [{" + two + "}]", "A=two X=two"},
		{"the earlier one of two", "env: [{name: A, value: a}, {name: B, value: $(A)}, {name: A, value: b}]", "A=b B=a"},
		{"itself, as it was before", "env: [{name: A, value: a}, {name: A, value: $(A)b}]", "A=ab"},
		{"a dollar", "env: [{name: A, value: a}, {name: B, value: $$(A)}]", "A=a B=$(A)"},
		{"what comes out is not read again", "env: [{name: A, value: $$(B)}, {name: B, value: $(A)}, {name: C, value: $(B)}]", "A=$(B) B=$(B) C=$(B)"},
		{"one that is not known", "env: [{name: A, valueFrom: {fieldRef: {}}}, {name: B, value: x$(A)}]", "A=[] B=[x${A}]"},
		{"one of a Secret", "env: [{name: X, value: u:$(A)@h}], envFrom: [{secretRef: {name: secret}}]", "A=secret* BAD=[]* C=plain* X=u:secret@h*"},
		{"one that nothing shows", "env: [{name: X, value: $(A)}], envFrom: [{configMapRef: {name: none}}]", "X=[${A}] open ConfigMap/none"},
		{"the address of a Service", "env: [{name: X, value: 'https://$(ES_SERVICE_HOST)'}]", "X=[https://${ES_SERVICE_HOST}]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := printed(environment(t, test.fields, "")); got != test.want {
				t.Errorf("got      %s\nexpected %s", got, test.want)
			}
		})
	}
	t.Run("without links to Services", func(t *testing.T) {
		e := environment(t, "env: [{name: X, value: $(ES_SERVICE_HOST)}]", "enableServiceLinks: false")
		if got := printed(e); got != "X=$(ES_SERVICE_HOST)" {
			t.Errorf("got %s", got)
		}
	})
}

func environment(t *testing.T, fields, pod string) Environment {
	t.Helper()
	node, err := yaml.Parse("containers: [{name: a, " + fields + "}]\n" + pod)
	if err != nil {
		t.Fatal(err)
	}
	return Pod{Spec: node}.Containers()[0].Environment(stock{})
}

func printed(e Environment) string {
	var all []string
	for _, v := range e.All() {
		text := v.Text
		if !v.Known {
			text = "[" + text + "]"
		}
		if (v.Why == "") != v.Known {
			text += " (why: " + v.Why + ")"
		}
		if v.Secret {
			text += "*"
		}
		all = append(all, v.Name+"="+text)
	}
	if open := e.Open(); open != nil {
		all = append(all, "open "+strings.Join(open, ", "))
	}
	return strings.Join(all, " ")
}

// TestEnvironmentEnds holds that variables that double at each step are read in bounds.
func TestEnvironmentEnds(t *testing.T) {
	fields := "env: [{name: E0, value: x}"
	for i := range 60 {
		fields += fmt.Sprintf(", {name: E%d, value: $(E%d)$(E%d)}", i+1, i, i)
	}
	start := time.Now()
	environment(t, fields+"]", "")
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("took %s", took)
	}
}
