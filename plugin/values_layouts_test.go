package plugin

import "strings"

// layoutValues holds what differs by image: where settings are read, and where new ones go.
func layoutValues() []variant {
	const (
		clientCA   = "{certificates: {clientCA: {secretName: c}}}"
		flag       = "- -Expack.security.http.ssl.certificate_authorities=/opt/bitnami/elasticsearch/config/certs/ca.crt,/opt/bitnami/elasticsearch/config/elk-mtls/client-ca.crt"
		nodeEnv    = "            - name: ELASTICSEARCH_ENABLE_SECURITY\n              value: \"true\"\n"
		kibanaFile = "            - name: kibana-config\n              mountPath: /bitnami/kibana/conf\n"
		monitoring = "    elasticsearch.hosts: [https://logs-elasticsearch:9200]\n"
	)
	job := func(kind, hook, container string) string {
		return "---\napiVersion: batch/v1\nkind: " + kind + "\nmetadata:\n  name: tool\n" + hook + "spec:\n  template:\n    spec:\n      containers:\n      - " + container + "\n"
	}
	server := `{name: es, image: "registry.example/mirror/elasticsearch@sha256:0000", env: [{name: discovery.type, value: single-node}]}`
	const setup = "volumeMounts: [{name: c, mountPath: /usr/share/elasticsearch/config/certs}]"
	return []variant{
		{name: "Bitnami: a second CA goes on the command line", base: "bitnami-release", spec: clientCA, output: flag},
		{name: "Bitnami: arguments of the user's own stay", base: "bitnami-release", spec: clientCA, output: flag,
			replace: []string{"          ports:\n            - name: rest-api\n", "          args:\n            - /opt/bitnami/scripts/elasticsearch/run.sh\n            - -Enode.attr.rack=r1\n          ports:\n            - name: rest-api\n"}},
		{name: "Bitnami: a command of the user's own takes no arguments", base: "bitnami-release", spec: clientCA, refused: "has a command of its own",
			replace: []string{"          ports:\n            - name: rest-api\n", "          command: [/bin/sh, -c, /start]\n          ports:\n            - name: rest-api\n"}},
		{name: "Bitnami: a flag of the user's own wins", base: "bitnami-release", refused: `client_authentication is "none" in an argument of container "elasticsearch"`,
			replace: []string{"          ports:\n            - name: rest-api\n", "          args: [/opt/bitnami/scripts/elasticsearch/run.sh, -Expack.security.http.ssl.client_authentication=none]\n          ports:\n            - name: rest-api\n"}},
		{name: "Bitnami: a whole elasticsearch.yml ends the script's work", base: "bitnami-extra-config", spec: clientCA, refused: "http.ssl.enabled must be true and is set nowhere",
			replace: []string{"my_elasticsearch.yml", "elasticsearch.yml"}},
		{name: "Bitnami: nothing is switched on behind a whole elasticsearch.yml", base: "bitnami-extra-config", spec: "{certificates: {secretName: c}, minter: {secretName: m}}",
			refused: "the image does nothing for security", replace: []string{"my_elasticsearch.yml", "elasticsearch.yml"}},
		{name: "Bitnami: a whole elasticsearch.yml that has security", base: "bitnami-extra-config", spec: clientCA, output: "certificate_authorities: [certs/ca.crt, /opt/bitnami/elasticsearch/config/elk-mtls/client-ca.crt]",
			replace: []string{"my_elasticsearch.yml", "elasticsearch.yml", "    # ours\n", "    xpack.security.enabled: true\n    xpack.security.http.ssl:\n      enabled: true\n" +
				"      certificate: certs/tls.crt\n      key: certs/tls.key\n      certificate_authorities: [certs/ca.crt]\n"}},
		{name: "Bitnami: a password in the environment of a Secret", base: "bitnami-release", refused: "elasticsearch.username is set in Secret/login",
			replace: []string{"          envFrom:\n          ports:\n            - name: http\n", "          envFrom:\n            - secretRef: {name: login}\n          ports:\n            - name: http\n"},
			extra:   "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: login\n  namespace: observability\nstringData:\n  KIBANA_PASSWORD: s3cret\n", not: "s3cret"},
		{name: "Bitnami: a kibana.yml of another release", base: "bitnami-release", refused: `belongs into ConfigMap/elsewhere key "kibana.yml", which is not in the input`,
			spec: "{elasticsearch: {url: \"https://logs-elasticsearch:9200\"}}", replace: []string{"            name: logs-kibana-conf", "            name: elsewhere"}},
		{name: "Bitnami: no kibana.yml at all", base: "bitnami-release", refused: "belongs into the configuration file of container \"kibana\", and none is mounted",
			spec: "{elasticsearch: {url: \"https://logs-elasticsearch:9200\"}}", replace: []string{kibanaFile, ""}},
		{name: "Bitnami: the script's other word for true", base: "bitnami-release", replace: []string{nodeEnv, strings.ReplaceAll(nodeEnv, "true", "yes")}, output: "client_authentication: required"},
		{name: "Bitnami: a file beside a variable wins", base: "bitnami-release", replace: []string{nodeEnv, "            - {name: ELASTICSEARCH_ENABLE_REST_TLS_FILE, value: /x}\n" + nodeEnv},
			refused: "http.ssl.enabled comes from elsewhere"},
		{name: "Bitnami: certificates in another folder", base: "bitnami-release", replace: []string{nodeEnv, "            - {name: ELASTICSEARCH_CERTS_DIR, value: /other}\n" + nodeEnv},
			refused: `certificate is "/other/tls.crt"`},
		{name: "Bitnami: an encrypted key cannot serve the probe", base: "bitnami-release", refused: "the node's key is encrypted",
			replace: []string{nodeEnv, nodeEnv + "            - name: ELASTICSEARCH_KEY_PASSWORD\n              value: s3cret\n"}, not: "s3cret"},
		{name: "Kibana's own connection for monitoring data", base: "bitnami-release", replace: []string{monitoring, monitoring + "    monitoring.ui.elasticsearch.hosts: https://logs-elasticsearch:9200\n"},
			output: "monitoring.ui.elasticsearch.ssl.certificate: /etc/elk-mtls/tls.crt"},
		{name: "monitoring data of another cluster", base: "bitnami-release", replace: []string{monitoring, monitoring + "    monitoring.ui.elasticsearch.hosts: https://other.example:9200\n"},
			not: "monitoring.ui.elasticsearch.ssl"},
		{name: "monitoring.ui in a variable, which has none for the pair", replace: []string{serverHost, serverHost + "          - name: MONITORING_UI_ELASTICSEARCH_HOSTS\n            value: https://elasticsearch-master:9200\n"},
			refused: "takes the certificate of that connection from kibana.yml only"},
		{name: "a node that monitors itself by HTTP", replace: []string{esEnv, esEnv + "          - name: xpack.monitoring.exporters.me.host\n            value: https://elasticsearch-master:9200\n"},
			output: "            value: /usr/share/elasticsearch/config/elk-mtls-client/tls.key\n"},
		{name: "a folder of the configuration that a variable moves", replace: []string{esEnv, esEnv + "          - name: ES_PATH_CONF\n            value: /etc/es\n", "/usr/share/elasticsearch/config", "/etc/es"},
			spec: clientCA, output: "mountPath: /etc/es/elk-mtls\n"},
		{name: "a PEM certificate beside a truststore serves the probe", replace: []string{"          - name: xpack.security.http.ssl.certificate_authorities\n            value:", "          - name: xpack.security.http.ssl.truststore.path\n            value:"},
			todo: "xpack.security.http.ssl.truststore.path stays: it must trust the CA of every client"},
		{name: "a list of CAs beside a truststore", replace: []string{"          - name: xpack.security.http.ssl.certificate_authorities\n            value:", "          - name: xpack.security.http.ssl.truststore.path\n            value:"},
			spec: clientCA, refused: "Elasticsearch refuses xpack.security.http.ssl.certificate_authorities beside it"},
		{name: "a ReplicaSet is a server like another", base: "bitnami-release", replace: []string{"kind: StatefulSet", "kind: ReplicaSet"}, output: "client_authentication: required"},
		{name: "a Pod that runs a server", extra: "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: lone\nspec:\n  containers:\n  - " + server + "\n", refused: "Pod/lone: xpack.security.http.ssl.enabled must be true"},
		{name: "a Job that runs a server", extra: job("Job", "", server), refused: "Job/tool: container \"es\" starts Elasticsearch"},
		{name: "a hook that runs a server", extra: job("Job", "  annotations: {helm.sh/hook: post-install}\n", server), refused: "Job/tool: container \"es\" starts Elasticsearch"},
		{name: "a Job with the image and a command of its own is a tool", extra: job("Job", "", `{name: es, image: elasticsearch:8.5.1, command: [bin/elasticsearch-certutil], env: [{name: node.name, value: x}]}`), not: "Job/tool"},
		{name: "a Job whose script the entry script runs is a tool", extra: job("Job", "", `{name: es, image: elasticsearch:8.5.1, command: [/bin/tini, --, /usr/local/bin/docker-entrypoint.sh, /setup/certs.sh], `+setup+`}`), not: "Job/tool"},
		{name: "a Job whose command the entry script runs is a tool", extra: job("Job", "", `{name: es, image: elasticsearch:8.5.1, args: [docker-entrypoint.sh, bash, -c, "elasticsearch-certutil ca"], `+setup+`}`), not: "Job/tool"},
		{name: "a Job that runs a server with options", extra: job("Job", "", `{name: es, image: elasticsearch:8.5.1, args: [-Ediscovery.type=single-node], `+setup+`}`), refused: "Job/tool: container \"es\" starts Elasticsearch"},
		{name: "OpenSearch of Bitnami is none", extra: job("Deployment", "", `{name: os, image: bitnami/opensearch:2, env: [{name: OPENSEARCH_CLUSTER_NAME, value: x}], volumeMounts: [{name: d, mountPath: /bitnami/opensearch/data}]}`), not: "Deployment/tool"},
		{name: "a custom resource of ECK", extra: "---\napiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: es}\nspec: {version: 9.1.0}\n", refused: "would lock the operator out on the Basic licence"},
		{name: "a custom resource of ECK that somebody takes care of", extra: "---\napiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: es}\nspec: {version: 9.1.0}\n",
			spec: "{unmanaged: [{ref: Elasticsearch/es, reason: Enterprise}]}", todo: "unmanaged: Enterprise"},
		{name: "a custom resource of ECK in an earlier stage", base: "elasticsearch-default", extra: "---\napiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: es}\nspec: {version: 9.1.0}\n",
			spec: "{clientAuthentication: optional}", todo: "Elasticsearch/es: ECK cannot require certificates on the Basic licence"},
	}
}
