package recognise

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

func deployment(t *testing.T, container string) *object.Object {
	t.Helper()
	doc, err := manifest.Parse([]byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n      - " + container + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := object.In(doc)
	if err != nil {
		t.Fatal(err)
	}
	return objects[0]
}

func TestLayoutIsTheOneWithMostEvidence(t *testing.T) {
	for name, c := range map[string]struct{ container, want string }{
		"the official image": {`{name: x, image: a/elasticsearch:8.5.1, env: [{name: node.name, value: a}]}`, "elasticsearch"},
		"from a mirror, by digest, in the hardened variant": {`{name: x, image: "r:5000/m/elasticsearch-wolfi@sha256:00", env: [{name: cluster.name, value: a}]}`, "elasticsearch"},
		"Bitnami's, moved to another repository":            {`{name: x, image: r/bitnamilegacy/elasticsearch:8, env: [{name: ELASTICSEARCH_CLUSTER_NAME, value: a}]}`, "bitnami-elasticsearch"},
		"Bitnami's under a name of one's own":               {`{name: x, image: r/es-hardened:8, env: [{name: ELASTICSEARCH_CLUSTER_NAME, value: a}], volumeMounts: [{name: d, mountPath: /bitnami/elasticsearch/data}]}`, "bitnami-elasticsearch"},
		"the official image with a variable of Bitnami's": {`{name: x, image: elasticsearch, env: [{name: ELASTICSEARCH_CLUSTER_NAME, value: a}, {name: node.name, value: a}], ` +
			`volumeMounts: [{name: d, mountPath: /usr/share/elasticsearch/data}]}`, "elasticsearch"},
		"a folder that a variable moves": {`{name: x, image: my-es, env: [{name: ES_PATH_CONF, value: /etc/es}, {name: node.name, value: a}], volumeMounts: [{name: d, mountPath: /etc/es/elasticsearch.yml}]}`, "elasticsearch"},
		"Bitnami's Kibana":               {`{name: x, image: bitnami/kibana, env: [{name: KIBANA_ELASTICSEARCH_URL, value: a}]}`, "bitnami-kibana"},
		"the official Kibana":            {`{name: x, image: kibana/kibana, env: [{name: ELASTICSEARCH_HOSTS, value: a}]}`, "kibana"},
		"an exporter":                    {`{name: x, image: bitnami/elasticsearch-exporter, args: ["--es.uri=http://a"]}`, ""},
		"OpenSearch":                     {`{name: x, image: bitnami/opensearch, env: [{name: OPENSEARCH_CLUSTER_NAME, value: a}], volumeMounts: [{name: d, mountPath: /bitnami/opensearch/data}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := deployment(t, c.container)
			pod, _ := o.Pod()
			w, _, err := recogniseWorkload(catalog.Layouts(), o, pod)
			switch {
			case err != nil:
				t.Error(err)
			case w == nil && c.want != "":
				t.Error("nothing was recognised")
			case w != nil && w.Layout.Name != c.want:
				t.Errorf("got %q by %v, want %q", w.Layout.Name, w.Signs, c.want)
			}
		})
	}
}

func TestLayoutByName(t *testing.T) {
	o := deployment(t, `{name: main, image: r/something}`)
	w, err := As(o, "main", "bitnami-elasticsearch")
	if err != nil || w.App != Elasticsearch || w.Layout.Abs("my_elasticsearch.yml") != "/opt/bitnami/elasticsearch/config/my_elasticsearch.yml" || w.Layout.Home == "" {
		t.Errorf("got %+v, %v", w, err)
	}
	for _, c := range []struct{ container, layout, want string }{
		{"main", "opensearch", "there are bitnami-elasticsearch, bitnami-kibana, elasticsearch, kibana"},
		{"other", "kibana", `no container "other"`},
	} {
		if _, err := As(o, c.container, c.layout); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want an error with %q, got %v", c.want, err)
		}
	}
}
