package issue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

func node(kind, name string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: %s
metadata: {name: %s}
spec:
  serviceName: %s-headless
  template:
    metadata: {labels: {app: %s}}
    spec:
      containers:
      - name: elasticsearch
        image: docker.elastic.co/elasticsearch/elasticsearch:8.5.1
        env:
        - {name: node.name, value: x}
        - {name: ELASTIC_PASSWORD, valueFrom: {secretKeyRef: {name: %s-credentials, key: password}}}
`, kind, name, name, name, name)
}

func kibana(kind, more string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: %s
metadata: {name: kibana%s}
spec:
  template:
    spec:
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.5.1
        env: [{name: ELASTICSEARCH_HOSTS, value: "https://es:9200"}]
`, kind, more)
}

// pod is a workload with a container of each image.
func pod(kind, name string, images ...string) string {
	containers := ""
	for i, image := range images {
		containers += fmt.Sprintf("      - {name: c%d, image: %q}\n", i, "registry.example/"+image)
	}
	return fmt.Sprintf("---\napiVersion: apps/v1\nkind: %s\nmetadata: {name: %s}\nspec:\n  template:\n    spec:\n      containers:\n%s", kind, name, containers)
}

func service(name, app string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {selector: {app: %s}}\n", name, app)
}

func read(t *testing.T, text string) *recognise.Release {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	release, err := recognise.All(stream, func(object.ID) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func all(service string) []string { return spellings(service, "elastic") }

func names(groups ...[]string) []string {
	var all []string
	for _, g := range append([][]string{{"localhost", "127.0.0.1"}}, groups...) {
		all = append(all, g...)
	}
	return all
}

func TestLeaves(t *testing.T) {
	inOther := ", namespace: other"
	for name, c := range map[string]struct {
		stream   string
		settings config.Settings
		more     []string
		want     []Leaf
	}{
		"Elasticsearch and Kibana": {
			stream: service("es", "es") + node("StatefulSet", "es") + kibana("Deployment", ""),
			want: []Leaf{
				{Namespace: "elastic", Secret: "es-elk-mtls-tls", Refs: []string{"StatefulSet/es"}, Server: true, Subject: "es", Names: names(all("es"), all("es-headless"), all("*.es-headless"))},
				{Namespace: "elastic", Secret: "kibana-elk-mtls-tls", Refs: []string{"Deployment/kibana"}, Subject: "kibana"},
			},
		},
		"node groups share one certificate, and it answers to all their names": {
			stream: service("es", "a") + service("data", "b") + node("StatefulSet", "a") + node("StatefulSet", "b"),
			more:   []string{"es.example.com", "10.1.2.3"},
			want: []Leaf{
				{Namespace: "elastic", Secret: "a-elk-mtls-tls", Refs: []string{"StatefulSet/a", "StatefulSet/b"}, Server: true, Subject: "a",
					Names: names(all("es"), all("a-headless"), all("*.a-headless"), []string{"es.example.com", "10.1.2.3"}, all("data"), all("b-headless"), all("*.b-headless"))},
			},
		},
		"two of one name are told apart by kind, and in another namespace they need not be": {
			stream: kibana("Deployment", "") + kibana("StatefulSet", "") + kibana("Deployment", inOther),
			want: []Leaf{
				{Namespace: "elastic", Secret: "kibana-elk-mtls-tls", Refs: []string{"Deployment/kibana"}, Subject: "kibana"},
				{Namespace: "elastic", Secret: "kibana-statefulset-elk-mtls-tls", Refs: []string{"StatefulSet/kibana"}, Subject: "kibana-statefulset"},
				{Namespace: "other", Secret: "kibana-elk-mtls-tls", Refs: []string{"Deployment/kibana"}, Subject: "kibana"},
			},
		},
		"each pod with a client has one, whatever runs in it besides": {
			stream: pod("DaemonSet", "beats", "filebeat:8.5.1", "metricbeat:8.5.1") + pod("Deployment", "heartbeat", "heartbeat:8.5.1"),
			want: []Leaf{
				{Namespace: "elastic", Secret: "beats-elk-mtls-tls", Refs: []string{"DaemonSet/beats"}, Subject: "beats"},
				{Namespace: "elastic", Secret: "heartbeat-elk-mtls-tls", Refs: []string{"Deployment/heartbeat"}, Subject: "heartbeat"},
			},
		},
		"so has what has a rule, and a program with a rule has one and no second": {
			stream:   pod("Deployment", "shop", "shop:1") + pod("DaemonSet", "beats", "filebeat:8.5.1"),
			settings: config.Settings{Rules: []config.Rule{{Ref: "Deployment/shop/c0"}, {Ref: "DaemonSet/beats"}}},
			want: []Leaf{
				{Namespace: "elastic", Secret: "beats-elk-mtls-tls", Refs: []string{"DaemonSet/beats"}, Subject: "beats"},
				{Namespace: "elastic", Secret: "shop-elk-mtls-tls", Refs: []string{"Deployment/shop"}, Subject: "shop"},
			},
		},
		"Secrets that the settings name keep their names": {
			stream: service("es", "es") + node("Deployment", "es") + kibana("Deployment", ""),
			settings: config.Settings{Certificates: config.Certificates{
				SecretName: "mine", Clients: []config.Client{{Ref: "Deployment/kibana", SecretName: "its"}, {Ref: "Deployment/other", SecretName: "no"}},
			}},
			want: []Leaf{
				{Namespace: "elastic", Secret: "mine", Refs: []string{"Deployment/es"}, Server: true, Subject: "es", Names: names(all("es"), all("es-headless"), all("*.es-headless"))},
				{Namespace: "elastic", Secret: "its", Refs: []string{"Deployment/kibana"}, Subject: "kibana"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Leaves(read(t, c.stream), c.settings, "elastic", c.more)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLeavesWithoutNamespace holds that names with a namespace are left out where nobody knows it.
func TestLeavesWithoutNamespace(t *testing.T) {
	got, err := Leaves(read(t, service("es", "es")+node("StatefulSet", "es")+kibana("Deployment", "")), config.Settings{}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Leaf{
		{Secret: "es-elk-mtls-tls", Refs: []string{"StatefulSet/es"}, Server: true, Subject: "es", Names: []string{"localhost", "127.0.0.1", "es", "es-headless", "*.es-headless"}},
		{Secret: "kibana-elk-mtls-tls", Refs: []string{"Deployment/kibana"}, Subject: "kibana"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLeavesThatCannotBe(t *testing.T) {
	unnamed := strings.ReplaceAll(node("StatefulSet", "es"), "  serviceName: es-headless\n", "")
	for name, c := range map[string]struct{ stream, namespace, want string }{
		"a node that nobody can call":    {unnamed, "elastic", "StatefulSet/es: no Service selects its pods"},
		"nobody who needs a certificate": {service("x", "x"), "elastic", "nobody needs a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Leaves(read(t, c.stream), config.Settings{}, c.namespace, nil); err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
	if got, err := Leaves(read(t, unnamed), config.Settings{}, "elastic", []string{"es.example.com"}); err != nil || len(got) != 1 {
		t.Errorf("--san is a name enough: %v", err)
	}
}

// TestSecrets holds which Secrets there are, and what each of them holds.
func TestSecrets(t *testing.T) {
	m := newMaker(P256)
	ca := must(m.CA("elastic", 10))
	elsewhere := client
	elsewhere.Namespace = "apps"
	again := elsewhere
	again.Secret = "again-tls"
	for name, c := range map[string]struct {
		order Order
		want  []string
	}{
		"a server and its client": {
			Order{Leaves: []Leaf{server, client}},
			[]string{"elastic es-tls kubernetes.io/tls ca.crt tls.crt tls.key", "elastic kibana-tls kubernetes.io/tls ca.crt tls.crt tls.key"},
		},
		"clients in another namespace find the CA there": {
			Order{Leaves: []Leaf{server, elsewhere, again}},
			[]string{"elastic es-tls kubernetes.io/tls ca.crt tls.crt tls.key", "apps kibana-tls kubernetes.io/tls ca.crt tls.crt tls.key",
				"apps again-tls kubernetes.io/tls ca.crt tls.crt tls.key", "apps es-tls Opaque ca.crt"},
		},
		"keys as the settings name them": {
			Order{Leaves: []Leaf{client}, Keys: config.Keys{CA: "ca.pem", Key: "key.pem"}},
			[]string{"elastic kibana-tls Opaque ca.pem tls.crt key.pem"},
		},
		"the CA itself, where somebody asks for it": {
			Order{Leaves: []Leaf{client}, CA: "issuer"},
			[]string{"elastic issuer kubernetes.io/tls tls.crt tls.key", "elastic kibana-tls kubernetes.io/tls ca.crt tls.crt tls.key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.order.Days = 1
			var got []string
			var text strings.Builder
			for _, s := range must(m.Secrets(ca, c.order)) {
				text.WriteString("---\n")
				text.Write(s.Manifest.Reveal())
			}
			stream := must(manifest.Split([]byte(text.String())))
			for _, doc := range stream.Documents() {
				for _, o := range must(object.In(doc)) {
					line := []string{o.Namespace, o.Name, object.Text(o.Node, "type")}
					data := object.Get(o.Node, "data").Content
					for i := 0; i < len(data); i += 2 {
						line = append(line, data[i].Value)
					}
					got = append(got, strings.Join(line, " "))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(text.String(), encoded(ca.Key().Reveal()).Value) != (c.order.CA != "") {
				t.Error("the CA's key is where nobody asked for it, or not where somebody did")
			}
		})
	}
}

func TestConfigure(t *testing.T) {
	release := read(t, service("es", "es")+node("StatefulSet", "es")+kibana("Deployment", ""))
	before := config.Settings{Mode: config.ModeCertToken, Certificates: config.Certificates{Clients: []config.Client{{Ref: "Deployment/other", SecretName: "its"}}}}
	leaves := must(Leaves(release, before, "elastic", nil))
	want := before
	want.Certificates.SecretName = "es-elk-mtls-tls"
	want.Certificates.Clients = []config.Client{{Ref: "Deployment/other", SecretName: "its"}, {Ref: "Deployment/kibana", SecretName: "kibana-elk-mtls-tls"}}
	want.Minter.SecretName = "es-credentials"
	got := Configure(before, release, leaves)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got, Configure(got, release, must(Leaves(release, got, "elastic", nil)))); diff != "" {
		t.Errorf("a second run changes it: %s", diff)
	}
	if diff := cmp.Diff(got, must(config.Parse(must(config.Print(got))))); diff != "" {
		t.Errorf("what is written is not what is read: %s", diff)
	}
	if got := fmt.Sprint(Unknown([]string{"Deployment/kibana", "Deployment/x"}, leaves), len(Only([]string{"Deployment/kibana"}, leaves)), len(Only(nil, leaves)), Refs(leaves)); got != "[Deployment/x] 1 2 [StatefulSet/es Deployment/kibana]" {
		t.Error(got)
	}
}
