//go:build cluster

package cluster

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stock is a rendering of Elasticsearch and one of Kibana.
type stock struct {
	elasticsearch, kibana string
	deployment            string // of Kibana
	official              bool   // the hook makes a token, and there is a headless Service
}

// The names that the charts use. Both shapes have them.
const (
	service     = "elasticsearch-master"
	certificate = "elasticsearch-master-certs"
	credentials = "elasticsearch-master-credentials"
)

// renderings gives those of the official charts, or where they are not, our own in their shape.
func renderings(t *testing.T) stock {
	t.Helper()
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../../shared/renders"
	}
	if _, err := os.Stat(dir); err == nil {
		return stock{
			elasticsearch: read(t, dir+"/elasticsearch-8.5.1-default.yaml"), kibana: read(t, dir+"/kibana-8.5.1-default.yaml"),
			deployment: "kibana-kibana", official: true,
		}
	}
	t.Logf("LEFT OUT: no renderings of real charts in %s, so our example stands for them; name their folder in ELK_MTLS_RENDERS", dir)
	s := stock{deployment: "elk-kibana"}
	for _, document := range strings.SplitAfter("\n"+read(t, "../../examples/release/rendered.yaml"), "\n---\n") {
		if strings.Contains(document, "charts/kibana/") {
			s.kibana += document
		} else {
			s.elasticsearch += document
		}
	}
	return s
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An edit is what a user does by the chart's values.
type edit func(string) string

// replace replaces one text by another, wherever it is.
func replace(from, to string) edit {
	return func(text string) string { return strings.ReplaceAll(text, from, to) }
}

func substitute(pattern, with string) edit {
	return func(text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, with) }
}

func edited(text string, edits ...edit) string {
	for _, e := range edits {
		text = e(text)
	}
	return text
}

// small makes all fit on two cores, and probes quick. How long a pod may fail its probe stays what it is in the charts, 3
// times 10 s: while nodes choose a master, none of them need be healthy.
func small(namespace string) edit {
	return func(text string) string {
		return edited(text,
			substitute(`(initialDelaySeconds:) 10\b`, "$1 1"), substitute(`(?m)^ +failureThreshold: 3\n`, ""),
			substitute(`(?m)^( +)periodSeconds: 10$`, "${1}periodSeconds: 1\n${1}failureThreshold: 30"), substitute(`(successThreshold:) 3\b`, "$1 1"),
			substitute(`(?m)(limits:\n +cpu:) \S+`, "$1 2000m"), substitute(`(?m)(requests:\n +cpu:) \S+(\n +memory:) \S+`, "$1 50m$2 128Mi"),
			replace("namespaces/elastic/", "namespaces/"+namespace+"/"), replace(`"namespace": "elastic"`, `"namespace": "`+namespace+`"`),
			replace(`namespace: "elastic"`, `namespace: "`+namespace+`"`),
		)
	}
}

// nodes says how many nodes Elasticsearch has. The chart's hard anti-affinity would put them on as many machines.
func (s stock) nodes(count int) edit {
	var names strings.Builder
	for i := range count {
		fmt.Fprintf(&names, "%s-%d,", service, i)
	}
	return func(text string) string {
		text = edited(text, substitute(`(?m)^(  replicas:) \d+`, fmt.Sprintf("$1 %d", count)),
			substitute(`"elasticsearch-master-0,[^"]*"`, `"`+names.String()+`"`), substitute(`(?m)^      affinity:\n(        .*\n)+`, ""),
			setting("cluster.routing.allocation.disk.threshold_enabled", "false")) // how full this machine's disk is says nothing
		if s.official {
			return text
		}
		return strings.Replace(text, "          - name: cluster.name\n", fmt.Sprintf(joining, names.String()), 1) + headless
	}
}

// What our example lacks for several nodes, and for a machine whose vm.max_map_count nobody has raised: the official chart's own init
// container raises it.
const (
	joining = `          - name: node.store.allow_mmap
            value: "false"
          - name: cluster.initial_master_nodes
            value: %q
          - name: discovery.seed_hosts
            value: elasticsearch-master-headless
          - name: xpack.security.transport.ssl.verification_mode
            value: certificate
          - name: cluster.name
`
	headless = `
---
apiVersion: v1
kind: Service
metadata:
  name: elasticsearch-master-headless
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    app: "elasticsearch-master"
  ports:
  - name: transport
    port: 9300
`
)

// withoutSysctl is the chart's sysctlInitContainer.enabled=false: the init container is privileged.
func withoutSysctl(text string) string {
	return substitute(`(?m)^      initContainers:\n      - name: configure-sysctl\n(?:        .*\n|          .*\n|\n)*`, "")(text)
}

// setting adds a variable to Elasticsearch's container: the chart's extraEnvs.
func setting(name, value string) edit {
	return replace("          - name: node.name\n", fmt.Sprintf("          - name: %s\n            value: %q\n          - name: node.name\n", name, value))
}

// certified puts certificates of ours into the Secret that the chart makes: those of a rendering end with time.
func certified(ca, cert, key []byte) edit {
	in64 := base64.StdEncoding.EncodeToString
	return func(text string) string {
		return edited(text, substitute(`(?m)^(  ca\.crt:).*`, "$1 "+in64(ca)), substitute(`(?m)^(  tls\.crt:).*`, "$1 "+in64(cert)),
			substitute(`(?m)^(  tls\.key:).*`, "$1 "+in64(key)))
	}
}

// chart writes a chart whose one template hands out a rendering, so that Helm sees its hooks and tests as the real chart's.
func chart(t *testing.T, name, rendering string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	for file, text := range map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: " + name + "\nversion: 8.5.1\n",
		"templates/all.yaml": "{{ .Files.Get \"rendered.yaml\" }}\n",
		"rendered.yaml":      rendering,
	} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
