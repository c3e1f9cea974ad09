package plugin

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// variant is the example release with what somebody's values make of it.
type variant struct {
	name    string
	base    string // fixture, or "fixture/file"; "release" if empty
	replace []string
	extra   string // further documents
	spec    string // configuration
	refused string // part of the refusal; "" when it is patched
	output  string // a line that the output holds
	todo    string // a part of the report
	not     string // what neither output nor report nor message may hold
}

// TestValues holds what users' own values lead to: they win, or the run fails and says why.
func TestValues(t *testing.T) {
	cluster := string(read(t, "testdata/charts/elasticsearch-default/input.yaml"))
	for _, v := range slices.Concat(serverValues(), kibanaValues(), otherValues(), layoutValues(), curatorValues(),
		ruleValues(), sweepValues(cluster), coverValues(), undoneValues(), unverifiedValues(), overriddenValues()) {
		t.Run(v.name, func(t *testing.T) { v.run(t) })
	}
}

func (v variant) run(t *testing.T) {
	base := v.base
	if base == "" {
		base = "release"
	}
	fixture, file, ok := strings.Cut(base, "/")
	if !ok {
		file = "input"
	}
	text := string(read(t, filepath.Join("testdata/charts", fixture, file+".yaml")))
	for i := 0; i+1 < len(v.replace); i += 2 {
		if !strings.Contains(text, v.replace[i]) {
			t.Fatalf("the fixture does not hold %q", v.replace[i])
		}
		text = strings.ReplaceAll(text, v.replace[i], v.replace[i+1])
	}
	s := config.Settings{Hooks: "off"}
	if v.spec != "" {
		var err error
		if s, err = config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: " + v.spec)); err != nil {
			t.Fatal(err)
		}
		s.Hooks = "off"
	}
	s.InitContainer.Image = testImage
	s = s.WithDefaults()
	output, outcome, err := transform([]byte(text+v.extra), s)
	if v.refused != "" {
		if err == nil || !strings.Contains(err.Error(), v.refused) || output != nil {
			t.Errorf("want a refusal with %q, got %v", v.refused, err)
		}
		if err != nil && v.not != "" && strings.Contains(err.Error(), v.not) {
			t.Errorf("the message holds %q", v.not)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	onlyReported(t, []byte(text+v.extra), output, outcome)
	twiceIsOnce(t, output, s)
	for what, where := range map[string]string{v.output: string(output), v.todo: outcome.Text()} {
		if !strings.Contains(where, what) {
			t.Errorf("no %q in\n%s", what, where)
		}
	}
	if v.not != "" && strings.Contains(outcome.Text(), v.not) {
		t.Errorf("the report holds %q:\n%s", v.not, outcome.Text())
	}
}

// early is a hook that runs before the release is there, and calls by curl with these words.
func early(words string) string {
	return `---
apiVersion: batch/v1
kind: Job
metadata:
  name: bye
  annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-weight: "3"}
spec:
  template:
    spec:
      containers:
      - {name: bye, image: curl, command: [curl, ` + words + `], volumeMounts: [{name: own, mountPath: /own}]}
      volumes: [{name: own, secret: {secretName: own}}]
`
}

const (
	certsMount  = "          - name: elasticsearch-certs\n            mountPath: /usr/share/elasticsearch/config/certs\n"
	esCAs       = `value: "/usr/share/elasticsearch/config/certs/ca.crt"`
	esEnv       = "          - name: xpack.security.enabled\n            value: \"true\"\n"
	esMain      = "      containers:\n      - name: \"elasticsearch\"\n"
	kibanaHost  = `value: "https://elasticsearch-master:9200"`
	esImage     = "        image: \"docker.elastic.co/elasticsearch/elasticsearch:8.5.1\"\n"
	kibanaImage = "        image: \"docker.elastic.co/kibana/kibana:8.5.1\"\n        env:\n"
	serverHost  = "          - name: SERVER_HOST\n            value: \"0.0.0.0\"\n"
)

func serverValues() []variant {
	return []variant{
		{name: "a list of CAs keeps its order and gains the server's own", replace: []string{esCAs, `value: "/usr/share/elasticsearch/config/certs/partners.crt,/usr/share/elasticsearch/config/certs/clients.crt"`},
			output: `value: "/usr/share/elasticsearch/config/certs/partners.crt,/usr/share/elasticsearch/config/certs/clients.crt,/usr/share/elasticsearch/config/certs/ca.crt"`},
		{name: "other CAs of the user stay beside a Secret that the configuration names", replace: []string{esCAs, `value: "certs/ca.crt,certs/partners.crt"`}, spec: "{certificates: {secretName: corp}, minter: {secretName: m}}",
			output: `value: "/usr/share/elasticsearch/config/elk-mtls/ca.crt,certs/partners.crt"`},
		{name: "a CA outside the pod is named", replace: []string{esCAs, `value: "certs/ca.crt,/image/extra.crt"`}, todo: `lists "/image/extra.crt"`},
		{name: "an encrypted key cannot serve the probe", replace: []string{esEnv, esEnv + "          - name: xpack.security.http.ssl.key_passphrase\n            value: \"s3cret\"\n"}, refused: "its own probe gets no passphrase", not: "s3cret"},
		{name: "a setting that cannot be read", replace: []string{"          - name: xpack.security.http.ssl.enabled\n            value: \"true\"\n",
			"          - name: xpack.security.http.ssl.enabled\n            valueFrom: {configMapKeyRef: {name: c, key: k}}\n"}, refused: "xpack.security.http.ssl.enabled comes from elsewhere"},
		{name: "the stage in the image's other spelling", replace: []string{esEnv, esEnv + "          - name: ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION\n            value: \"none\"\n"},
			refused: `client_authentication is "none" in env "ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION"`},
		{name: "a volume of our name", replace: []string{"        - name: esconfig\n          configMap:", "        - name: elk-mtls-client\n          emptyDir: {}\n        - name: esconfig\n          configMap:"}, refused: `has a volume "elk-mtls-client" of its own`},
		{name: "curl with -q as words", replace: []string{esMain, "      initContainers:\n      - name: wait\n        image: curl\n        command: [curl, -qk, \"https://localhost:9200\"]\n" + esMain}, refused: "runs curl with -q"},
		{name: "curl by its path", replace: []string{esMain, "      initContainers:\n      - name: wait\n        image: curl\n        command: [/usr/bin/curl, -k, \"https://localhost:9200\"]\n" + esMain}, output: "CURL_HOME"},
		{name: "wget in a lifecycle hook", replace: []string{"        ports:\n        - name: http\n", "        lifecycle: {postStart: {exec: {command: [sh, -c, \"wget https://localhost:9200\"]}}}\n        ports:\n        - name: http\n"}, refused: "lifecycle.postStart runs wget"},
		{name: "a sidecar that calls by its ConfigMap", replace: []string{esMain, "      containers:\n      - name: proxy\n        image: nginx\n        volumeMounts:\n        - {name: proxy, mountPath: /etc/nginx}\n      - name: \"elasticsearch\"\n",
			"        - name: esconfig\n          configMap:", "        - name: proxy\n          configMap: {name: proxy}\n        - name: esconfig\n          configMap:"},
			extra: "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: proxy\ndata:\n  nginx.conf: \"proxy_pass https://127.0.0.1:9200;\"\n", refused: `data[nginx.conf] line 1, which StatefulSet/elasticsearch-master/proxy reads, names Elasticsearch ("127.0.0.1")`},
		{name: "a sidecar that is told no address",
			replace: []string{esMain, "      containers:\n      - {name: stats, image: elasticsearch-exporter:v1.8.0, args: [--es.all]}\n      - name: \"elasticsearch\"\n"},
			refused: `container "stats" runs elasticsearch_exporter, which calls http://localhost:9200 where no address is set` + "\nhint: " + `set --es.uri`},
		{name: "a sidecar whose probe goes to Elasticsearch's port", replace: []string{esMain, "      containers:\n      - name: side\n        image: side\n        livenessProbe: {httpGet: {port: 9200}}\n      - name: \"elasticsearch\"\n"}, refused: `container "side": livenessProbe is an httpGet on port 9200`},
		{name: "the whole configuration folder from a ConfigMap", replace: []string{"            mountPath: /usr/share/elasticsearch/config/elasticsearch.yml\n            subPath: elasticsearch.yml\n", "            mountPath: /usr/share/elasticsearch/config\n"},
			spec: "{certificates: {secretName: corp}, minter: {secretName: m}}", output: "mountPath: /usr/share/elasticsearch/config/elk-mtls\n"},
		{name: "transport TLS switched off by hand", base: "elasticsearch-http", replace: []string{"          - name: cluster.name\n", "          - name: xpack.security.transport.ssl.enabled\n            value: \"false\"\n          - name: cluster.name\n"},
			spec: "{certificates: {secretName: corp}, minter: {secretName: m}}", refused: "xpack.security.transport.ssl.enabled is false"},
		{name: "the user's own transport verification", base: "elasticsearch-http", replace: []string{"          - name: cluster.name\n", "          - name: xpack.security.transport.ssl.verification_mode\n            value: full\n          - name: cluster.name\n"},
			spec: "{certificates: {secretName: corp}, minter: {secretName: m}}", output: "verification_mode\n            value: full\n", not: "verification_mode]"},
		{name: "a stage in a script that starts Elasticsearch", replace: []string{esImage, esImage + "        command: [bash, -c, \"exec docker-entrypoint.sh eswrapper -E xpack.security.http.ssl.client_authentication=none\"]\n"},
			refused: `client_authentication is "none" in an argument of container "elasticsearch"`},
		{name: "a lower stage in a script is raised there", replace: []string{esImage, esImage + "        command: [bash, -c, \"exec docker-entrypoint.sh -Expack.security.http.ssl.client_authentication='optional' -q\"]\n"},
			output: `"exec docker-entrypoint.sh -Expack.security.http.ssl.client_authentication='required' -q"`},
		{name: "another port", base: "elasticsearch-http", replace: []string{"9200", "9201"}, spec: "{certificates: {secretName: corp}, minter: {secretName: m}}", output: "https://127.0.0.1:9201/"},
	}
}

func kibanaValues() []variant {
	return []variant{
		{name: "credentials in the address", replace: []string{kibanaHost, `value: "https://elastic:s3cret@elasticsearch-master:9200"`}, refused: "holds a user name or password", not: "s3cret"},
		{name: "addresses in one text", replace: []string{kibanaHost, `value: "https://elasticsearch-master:9200,https://other:9200"`}, refused: "one text with a comma"},
		{name: "a switch that a merge key brings", base: "filebeat-daemonset", refused: "ssl.enabled comes from elsewhere", spec: "{certificates: {secretName: corp}}", replace: []string{
			"    output.elasticsearch:\n", "    off: &off {ssl.enabled: false}\n    output.elasticsearch:\n      <<: *off\n"}},
		{name: "a variable in the address", replace: []string{kibanaHost, `value: "https://$(ES_HOST):9200"`}, refused: "name it in elasticsearch.url"},
		{name: "relative paths start in Kibana's home", replace: []string{`value: "/usr/share/kibana/config/certs/ca.crt"`, `value: config/certs/ca.crt`}, output: "elk-mtls-init"},
		{name: "a pair of its own beside one that is named", replace: []string{serverHost, serverHost + "          - name: ELASTICSEARCH_SSL_CERTIFICATE\n            value: config/certs/tls.crt\n          - name: ELASTICSEARCH_SSL_KEY\n            value: config/certs/tls.key\n"},
			spec: "{certificates: {clients: [{ref: Deployment/elk-kibana, secretName: x}]}}", refused: "names Secret/x for the same client"},
		{name: "a pair of its own", replace: []string{serverHost, serverHost + "          - name: ELASTICSEARCH_SSL_CERTIFICATE\n            value: config/certs/tls.crt\n          - name: ELASTICSEARCH_SSL_KEY\n            value: config/certs/tls.key\n"},
			output: "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", not: "env[ELASTICSEARCH_SSL_KEY]"},
		{name: "the token from a ConfigMap", replace: []string{"              secretKeyRef:\n                name: elk-kibana-es-token\n                key: token\n                optional: false\n", "              configMapKeyRef: {name: c, key: token}\n"}, refused: "serviceAccountToken is set by hand"},
		{name: "a user name in a Secret of envFrom", replace: []string{"        readinessProbe:\n          periodSeconds: 10\n          exec:\n            command:\n              - bash\n              - -c\n              - |\n                # Kibana", "        envFrom:\n        - secretRef: {name: login}\n        readinessProbe:\n          periodSeconds: 10\n          exec:\n            command:\n              - bash\n              - -c\n              - |\n                # Kibana"},
			extra: "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  ELASTICSEARCH_USERNAME: kibana\n", refused: "elasticsearch.username is set in Secret/login"},
		{name: "the token in the Secret of the certificates", spec: "{token: {secretName: elasticsearch-master-certs}}", refused: "holds credentials or certificates already"},
		{name: "a wait for Elasticsearch", replace: []string{"      initContainers:\n      containers:\n      - name: kibana\n", "      initContainers:\n      - name: wait\n        image: curl\n        command: [sh, -c, \"until curl -k $ELASTICSEARCH_HOSTS; do sleep 1; done\"]\n        env: [{name: ELASTICSEARCH_HOSTS, value: \"https://elasticsearch-master:9200\"}]\n      containers:\n      - name: kibana\n"},
			output: "elk-kibana-elk-mtls-curl"},
		{name: "a flag takes the certificate back", replace: []string{kibanaImage, "        args: [kibana-docker, --elasticsearch.ssl.alwaysPresentCertificate=false]\n" + kibanaImage},
			refused: `alwaysPresentCertificate is false in an argument of container "kibana"`},
		{name: "a user name in a flag of two words", replace: []string{kibanaImage, "        args: [kibana-docker, --elasticsearch.username, kibana]\n" + kibanaImage},
			refused: `elasticsearch.username is set in an argument of container "kibana"`},
		{name: "Kibana started without what reads its variables", replace: []string{kibanaImage, "        command: [bash, -c, \"kibana-plugin install x && exec /usr/share/kibana/bin/kibana\"]\n" + kibanaImage},
			refused: `starts Kibana by "/usr/share/kibana/bin/kibana" and not by the kibana-docker of the image`},
		{name: "Kibana started by a script that comes to it", replace: []string{kibanaImage, "        command: [bash, -c, \"bin/kibana-plugin install x && exec /usr/local/bin/kibana-docker\"]\n" + kibanaImage},
			output: "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"},
		{name: "a patched release in another mode", base: "kibana-helm4/output", spec: "{mode: token}", refused: `was patched in mode "cert-token" already`},
	}
}

func otherValues() []variant {
	deployment := func(container string) string {
		return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n      - " + container + "\n"
	}
	errand := func(kind, at, script string) string {
		o := map[string]any{"template": map[string]any{"spec": map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "errand", "image": "curl", "command": []string{"sh", "-c"}, "args": []string{script}}}}}}
		for _, field := range slices.Backward(strings.Split(at, ".")) {
			o = map[string]any{field: o}
		}
		o["apiVersion"], o["kind"], o["metadata"] = "batch/v1", kind, map[string]any{"name": "errand"}
		text, err := yaml.Marshal(o)
		if err != nil {
			panic(err)
		}
		return "---\n" + string(text)
	}
	return []variant{
		{name: "an application that calls by a name without elasticsearch in it", replace: []string{"elasticsearch-master", "logs-master"}, extra: deployment(`{name: app, image: app, env: [{name: URL, value: "https://logs-master:9200"}]}`), refused: `Deployment/app: container "app": env "URL" names Elasticsearch ("logs-master")`},
		{name: "a host by itself", extra: deployment(`{name: app, image: app, args: ["--host", "elasticsearch-master.default.svc"]}`), refused: `Deployment/app: container "app": args 2 names Elasticsearch ("elasticsearch-master")`},
		{name: "a client that is named and not there", spec: "{certificates: {clients: [{ref: Deployment/typo, secretName: x}]}}", todo: "Deployment/typo is none of the clients"},
		{name: "a hook that runs when nothing is there", extra: early(`"https://elasticsearch-master:9200"`), refused: "Job/bye: calls Elasticsearch in a hook (pre-upgrade)"},
		{name: "that hook before anybody is refused", extra: early(`"https://elasticsearch-master:9200"`), spec: "{clientAuthentication: optional, minter: {secretName: m}}",
			todo: "Job/bye calls Elasticsearch (elasticsearch-master) in a hook (pre-upgrade)"},
		{name: "Q6: that hook with a Secret of the user's: its .curlrc is such a hook too", extra: early(`"https://elasticsearch-master:9200"`),
			spec: "{minter: {secretName: m}, certificates: {clients: [{ref: Job/bye, secretName: own}]}}", output: "helm.sh/hook: pre-upgrade\n    helm.sh/hook-weight: \"2\"", not: "Job/bye calls"},
		{name: "Q7: that hook with a pair of its own", extra: early(`--cert, /own/a.pem, --key, /own/a.key, "https://elasticsearch-master:9200"`),
			todo: `Job/bye: container "bye" presents a certificate of its own by curl`, not: "bye-elk-mtls-curl"},
		{name: "Q7: that hook with one call that presents none", extra: early(`--cert, /own/a.pem, "https://elasticsearch-master:9200", --next, "https://elasticsearch-master:9200/a"`),
			refused: "Job/bye: calls Elasticsearch in a hook (pre-upgrade)"},
		{name: "a Job that calls by curl and has a Secret in certificates.clients", extra: errand("Job", "spec", "curl -sk https://elasticsearch-master:9200/_ilm/policy/p"),
			spec: "{minter: {secretName: m}, certificates: {clients: [{ref: Job/errand, secretName: own}]}}", output: "name: own", not: "none of the clients"},
		{name: "Q6: a script with another home of curl", refused: "a script changes the environment of curl (CURL_HOME, or env -i)",
			extra: errand("Job", "spec", "CURL_HOME=/tmp curl -sk https://elasticsearch-master:9200/_ilm/policy/p")},
		{name: "Q6: a script without an environment", refused: "a script changes the environment of curl (CURL_HOME, or env -i)",
			extra: errand("Job", "spec", "env -i curl -sk https://elasticsearch-master:9200/_ilm/policy/p")},
		{name: "a Job that calls by curl", extra: errand("Job", "spec", "curl -sk https://elasticsearch-master:9200/_ilm/policy/p"), output: "name: CURL_HOME", todo: "Job/errand: the template of a Job cannot be changed"},
		{name: "a CronJob that calls by curl", extra: errand("CronJob", "spec.jobTemplate.spec", "curl -sk https://elasticsearch-master:9200/_ilm/policy/p"), output: "name: CURL_HOME", not: "cannot be changed"},
		{name: "a Job that calls by curl and plain HTTP", extra: errand("Job", "spec", "curl http://elasticsearch-master:9200"), refused: "Job/errand: container \"errand\": args 1 names Elasticsearch"},
		{name: "a Job that calls by curl and is listed", extra: errand("Job", "spec", "curl -k https://elasticsearch-master:9200"), spec: "{unmanaged: [{ref: Job/errand/errand, reason: it has its own}]}", not: "Job/errand: the template"},
		{name: "plain HTTP becomes HTTPS for others too", base: "elasticsearch-http", extra: deployment(`{name: app, image: app, env: [{name: URL, value: "http://search-master:9200"}]}`), spec: "{mode: token, certificates: {secretName: corp}, minter: {secretName: m}}",
			todo: "names Elasticsearch (search-master) and was left alone, as elk-mtls does not know how to give it a certificate; it fails from now on unless it calls by https://"},
		{name: "the transport port is nobody's HTTP", replace: []string{"cluster.routing.allocation.disk.watermark.low: 90%", "discovery.seed_hosts: [\"elasticsearch-master:9300\"]"}, not: "ConfigMap/elasticsearch-master-config names Elasticsearch"},
		{name: "the same names in another namespace are others", replace: []string{"metadata:\n  name: elk-kibana\n", "metadata:\n  name: elk-kibana\n  namespace: front\n", "kind: Secret\nmetadata:\n  name: elasticsearch-master-credentials\n", "kind: Secret\nmetadata:\n  name: elasticsearch-master-credentials\n  namespace: back\n"},
			todo: `Secret/elasticsearch-master-credentials (namespace front) is not in the input: it must hold "username", "password"`},
	}
}
