package recognise

import (
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

const picked = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search, namespace: a}
spec:
  template:
    metadata: {labels: {app: search, role: hot}}
    spec:
      containers:
        - name: elasticsearch
          image: elasticsearch:8.19.1
          env: [{name: discovery.type, value: single-node}]
`

func of(t *testing.T, text string) *Release {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := All(stream, func(object.ID) bool { return false })
	if err != nil || len(r.Nodes) != 1 {
		t.Fatalf("%d nodes, %v", len(r.Nodes), err)
	}
	return r
}

func service(name, namespace, selector string) string {
	return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: " + namespace + "}\nspec: {selector: " + selector + "}\n"
}

func TestServices(t *testing.T) {
	text := picked + service("both", "a", "{app: search, role: hot}") + service("one", "a", "{role: hot}") + service("other", "a", "{app: search, role: master}") +
		service("more", "a", "{app: search, tier: x}") + service("none", "a", "{}") + service("far", "b", "{app: search}") + service("any", `""`, "{app: search}")
	r := of(t, text)
	got, err := r.Services(r.Nodes[0])
	if want := []string{"both", "one", "any"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestABrokenServiceCountsWhereItMayBeOne(t *testing.T) {
	for selector, broken := range map[string]bool{"{app: search": true, "{app: mail": false} {
		r := of(t, picked+service("es", "a", selector))
		if _, err := r.Services(r.Nodes[0]); (err != nil) != broken {
			t.Errorf("%s: %v", selector, err)
		}
	}
}

func TestPolicies(t *testing.T) {
	policy := func(name, selector string) string {
		return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: a}\nspec: {podSelector: " + selector + "}\n"
	}
	r := of(t, picked+policy("all", "{}")+policy("ours", "{matchLabels: {app: search}}")+policy("others", "{matchLabels: {app: mail}}")+
		policy("said", "{matchExpressions: [{key: role, operator: In, values: [hot]}]}")+policy("not", "{matchExpressions: [{key: role, operator: DoesNotExist}]}"))
	found, err := r.Policies(r.Nodes[0])
	var got []string
	for _, o := range found {
		got = append(got, o.Name)
	}
	if want := "all ours said"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v, want %s", got, err, want)
	}
}

func TestBindings(t *testing.T) {
	r := of(t, picked+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: two, namespace: a}
subjects:
  - {kind: User, name: token}
  - {kind: ServiceAccount, name: x}
  - {kind: ServiceAccount, name: token}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: user, namespace: a}
subjects: [{kind: User, name: token}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: group}
subjects: [{kind: Group, name: "system:serviceaccounts:a"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: other}
subjects: [{kind: Group, name: "system:serviceaccounts:b"}, {kind: Group, name: "system:masters"}, {kind: ServiceAccount, name: token, namespace: b}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: name}
subjects: [{kind: User, name: "system:serviceaccount:a:token"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: everybody, namespace: a}
subjects: [{kind: Group, name: "system:authenticated"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: there, namespace: b}
subjects: [{kind: Group, name: "system:authenticated"}]
`)
	found, err := r.Bindings("a", "token")
	var got []string
	for _, o := range found {
		got = append(got, o.Name)
	}
	if want := "two everybody group name"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v, want %s", got, err, want)
	}
}

// TestOldServers holds that a pod with an old Elasticsearch is one, whatever runs beside it.
func TestOldServers(t *testing.T) {
	const desk, node = "- {name: b, image: kibana-oss:7.10.2}\n", "- {name: e, image: elasticsearch-oss:7.10.2}\n"
	for containers, want := range map[string]App{desk: Kibana, node: Elasticsearch, desk + node: Elasticsearch, node + desk: Elasticsearch} {
		r := of(t, picked+"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: old}\nspec:\n  template:\n    spec:\n      containers:\n"+
			"      "+strings.ReplaceAll(strings.TrimSpace(containers), "\n", "\n      ")+"\n")
		if len(r.Passed) != 1 || r.Passed[0].App != want {
			t.Errorf("%s: %+v", containers, r.Passed)
		}
	}
}
