//go:build integration

package integration

import (
	"path/filepath"
	"strings"
	"testing"
)

// undone is a server whose settings may come from everywhere, a client, and what the two read. Two values are nobody
// else's.
const undone = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: es}
spec:
  replicas: 1
  template:
    metadata:
      annotations: {checksum/config: a1}
    spec:
      volumes:
      - name: certs
        secret: {secretName: es-certs}
      - name: config
        configMap: {name: es-config}
      containers:
      - name: node
        image: docker.elastic.co/elasticsearch/elasticsearch:8.5.1
        ports: [{containerPort: 9200}]
        envFrom:
        - configMapRef: {name: es-env}
        - secretRef: {name: es-secret}
        readinessProbe: {tcpSocket: {port: 9200}}
        env:
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.key, value: /usr/share/elasticsearch/config/certs/tls.key}
        - {name: xpack.security.http.ssl.certificate, value: /usr/share/elasticsearch/config/certs/tls.crt}
        - {name: xpack.security.http.ssl.certificate_authorities, value: /usr/share/elasticsearch/config/certs/ca.crt}
        - {name: BACKUP_PASSWORD, value: keep-me-out}
        - name: ELASTIC_PASSWORD
          valueFrom: {secretKeyRef: {name: es-secret, key: password}}
        volumeMounts:
        - {name: certs, mountPath: /usr/share/elasticsearch/config/certs}
        - {name: config, mountPath: /usr/share/elasticsearch/config/elasticsearch.yml, subPath: elasticsearch.yml}
---
apiVersion: v1
kind: Service
metadata: {name: es}
spec:
  ports: [{port: 9200}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kibana}
spec:
  template:
    spec:
      securityContext: {fsGroup: 1000}
      volumes:
      - name: certs
        secret: {secretName: es-certs}
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.5.1
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://es:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /certs/ca.crt}
        volumeMounts:
        - {name: certs, mountPath: /certs}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: es-env}
data:
  cluster.name: one
  OTHER_PASSWORD: keep-me-out
---
apiVersion: v1
kind: ConfigMap
metadata: {name: es-config}
data:
  elasticsearch.yml: |
    node.attr.rack: r1
---
apiVersion: v1
kind: Secret
metadata: {name: es-secret}
data:
  password: a2VlcC1tZS1vdXQ=
`

// Places in this stream, behind each of which a chart may put something.
const (
	server     = "        readinessProbe: {tcpSocket: {port: 9200}}\n"
	serverEnv  = server + "        env:\n"
	serverLast = "subPath: elasticsearch.yml}\n"
	serverPod  = "      annotations: {checksum/config: a1}\n    spec:\n"
	kibana     = "        image: docker.elastic.co/kibana/kibana:8.5.1\n"
	kibanaEnv  = kibana + "        env:\n"
	kibanaLast = "        - {name: certs, mountPath: /certs}\n"

	httpSSL = "xpack.security.http.ssl."
	httpEnv = "ES_SETTING_XPACK_SECURITY_HTTP_SSL_"
)

// Places at which kustomize fails.
const (
	atPod       = "/spec/template/spec/"
	atContainer = atPod + "containers/0/elk-mtls failed"
)

// later is a change of what a chart renders after the export. fails is what kustomize must say, "" where it must go on.
type later struct{ name, from, to, fails string }

// more is a change that puts something behind a place.
func more(name, place, added, fails string) later { return later{name, place, place + added, fails} }

// variable is a change that adds a variable to a container.
func variable(place, name, value string) later {
	return more(name+"="+value, place, "        - {name: "+name+", value: \""+value+"\"}\n", atContainer)
}

var laterChanges = []later{
	variable(serverEnv, httpSSL+"client_authentication", "none"),
	variable(serverEnv, httpEnv+"CLIENT__AUTHENTICATION", "none"),
	variable(serverEnv, httpSSL+"verification_mode", "none"),
	variable(serverEnv, httpSSL+"enabled", "false"),
	variable(serverEnv, httpEnv+"ENABLED", "false"),
	variable(serverEnv, "ES_PATH_CONF", "/elsewhere"),
	variable(serverEnv, "CURL_HOME", "/elsewhere"),
	{"another value", httpSSL + `enabled, value: "true"`, httpSSL + `enabled, value: "false"`, atContainer},
	more("flags of the server", server, "        args: [-E"+httpSSL+"client_authentication=none]\n", atContainer),
	more("a command of the server", server, "        command: [bash, -c, exec elasticsearch]\n", atContainer),
	{"variables from one more place",
		"        envFrom:\n", "        envFrom:\n        - configMapRef: {name: x}\n", atContainer},
	{"another probe", server, "        readinessProbe: {httpGet: {port: 9200}}\n", atContainer},
	more("one more probe", server, "        livenessProbe: {httpGet: {port: 9200, scheme: HTTPS}}\n", atContainer),
	more("a probe of the start", server, "        startupProbe: {httpGet: {port: 9200, scheme: HTTPS}}\n", atContainer),
	more("a hook of the container", server, "        lifecycle: {postStart: {httpGet: {port: 9200}}}\n", atContainer),
	more("a container at the end", serverLast, "      - {name: last, image: x}\n", atPod+"elk-mtls failed"),
	{"a container first",
		"      - name: kibana\n", "      - {name: first, image: x}\n      - name: kibana\n", atPod + "elk-mtls failed"},
	{"a container with another name",
		"      - name: kibana\n", "      - name: ui\n", atPod + "containers/0/name failed"},
	more("an init container",
		serverPod, "      initContainers: [{name: first, image: x}]\n", atPod+"initContainers failed"),
	more("another identity", serverPod, "      serviceAccountName: other\n", atPod+"serviceAccountName failed"),
	{"another group", "{fsGroup: 1000}", "{fsGroup: 1001}", atPod + "securityContext failed"},
	{"another Secret of certificates", "secretName: es-certs", "secretName: other", atPod + "volumes failed"},
	{"our volume",
		"      volumes:\n", "      volumes:\n      - {name: elk-mtls-client, emptyDir: {}}\n", atPod + "volumes failed"},
	more("one more mount", kibanaLast, "        - {name: certs, mountPath: /etc/elk-mtls}\n", atContainer),
	{"http:// hosts", "https://es:9200", "http://es:9200", atContainer},
	{"another CA", "/certs/ca.crt}\n        volumeMounts", "/certs/other.crt}\n        volumeMounts", atContainer},
	variable(kibanaEnv, "ELASTICSEARCH_USERNAME", "kibana_system"),
	variable(kibanaEnv, "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", "false"),
	variable(kibanaEnv, "ELASTICSEARCH_SSL_CERTIFICATE", "/x"),
	more("flags of Kibana", kibana, "        args: [--elasticsearch.ssl.alwaysPresentCertificate=false]\n", atContainer),
	more("a variable in a ConfigMap",
		"  cluster.name: one\n", "  "+httpEnv+"CLIENT__AUTHENTICATION: none\n", "/elk-mtls failed"),
	more("a variable in a Secret",
		"  password: a2VlcC1tZS1vdXQ=\n", "  "+httpSSL+"client_authentication: bm9uZQ==\n", "/elk-mtls failed"),
	more("in clear",
		"  password: a2VlcC1tZS1vdXQ=\n", "stringData: {"+httpSSL+"verification_mode: none}\n", "/stringData failed"),
	more("a setting in a file",
		"    node.attr.rack: r1\n", "    "+httpSSL+"verification_mode: none\n", "/data/elasticsearch.yml failed"),
	{"a ConfigMap with another name",
		"\nmetadata: {name: es-env}", "\nmetadata: {name: es-env-2}", "ConfigMap.v1.[noGrp]/es-env"},

	{"a newer image", "kibana:8.5.1", "kibana:8.5.2", ""},
	more("more memory", server, "        resources: {limits: {memory: 2Gi}}\n", ""),
	{"one more port", "[{containerPort: 9200}]", "[{containerPort: 9200}, {containerPort: 9300}]", ""},
	{"more nodes", "replicas: 1", "replicas: 3", ""},
	more("another place", serverPod, "      nodeSelector: {disk: fast}\n", ""),
	{"another checksum", "checksum/config: a1", "checksum/config: a2", ""},
	{"another password in a Secret", "a2VlcC1tZS1vdXQ=", "YW5vdGhlcg==", ""},
	{"another password in a variable", "BACKUP_PASSWORD, value: keep-me-out", "BACKUP_PASSWORD, value: another", ""},
	{"another password in a ConfigMap", "OTHER_PASSWORD: keep-me-out", "OTHER_PASSWORD: another", ""},
}

// TestExportUndone holds that whatever a chart renders later, kustomize fails or gives what the post-renderer gives.
// Most of these changes once went through: they undid a part of the export, or contradicted it.
func TestExportUndone(t *testing.T) {
	exported := rendering{stream: []byte(undone)}.exported(t, "flux") // the patches are those of a component
	for _, c := range laterChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(undone, c.from) {
				t.Fatalf("the stream does not hold %q", c.from)
			}
			r := rendering{stream: []byte(strings.Replace(undone, c.from, c.to, 1))}
			k := &kustomization{t, t.TempDir(), exported.env}
			for _, name := range []string{"elk-mtls/objects.yaml", "kustomization.yaml"} {
				put(t, filepath.Join(k.dir, name), string(readFile(t, filepath.Join(exported.dir, name))))
			}
			put(t, filepath.Join(k.dir, "stream.yaml"), string(r.stream))
			if c.fails == "" {
				sameObjects(t, r.byPostRenderer(t), k.must())
				return
			}
			out, message, err := k.build()
			if err == nil || len(out) > 0 || !strings.Contains(message, c.fails) {
				t.Errorf("want a failure that names %q, got %v, %d bytes and\n%s", c.fails, err, len(out), message)
			}
		})
	}
	patches := string(readFile(t, filepath.Join(exported.dir, "elk-mtls", "helmrelease.yaml")))
	if strings.Contains(patches, "keep-me-out") || strings.Contains(patches, "a2VlcC1tZS1vdXQ") {
		t.Error("a password got into the patches")
	}
}

// TestExportOddShapes holds that an export fits its own rendering where kustomize writes an object differently before
// it patches it: null is dropped, of two variables with one name it keeps one.
func TestExportOddShapes(t *testing.T) {
	for _, c := range []later{
		more("a variable twice",
			serverEnv, "        - {name: A, value: a1}\n        - {name: B, value: $(A)}\n        - {name: A, value: a2}\n", ""),
		more("null said", server, "        args: null\n        command: ~\n        livenessProbe: {exec: null}\n", ""),
		more("null in a list", server, "        livenessProbe: {httpGet: {httpHeaders: [{name: A, value: null}]}}\n", ""),
		{"null in a volume", "{secretName: es-certs}", "{secretName: es-certs, items: null, optional: }", ""},
		more("a variable that is null",
			serverEnv, "        - {name: A, value: null}\n        - {name: B, valueFrom: ~}\n", ""),
		more("a variable without a value",
			serverEnv, "        - {name: A, value: }\n        - name: B\n          value:\n", ""),
		more("characters that JSON escapes",
			serverEnv, "        - {name: A, value: \"a <b> & \\u2028 ü \\\\ \\\" \\x01\"}\n", ""),
		more("fields of the container",
			server, "        args: []\n        command:\n        lifecycle: {}\n        livenessProbe:\n          exec:\n", ""),
		more("a container of empty lists",
			serverLast, "      - {name: side, image: x, env: [], envFrom: [], volumeMounts: []}\n", ""),
		more("fields of the pod",
			serverPod, "      initContainers: []\n      securityContext:\n        fsGroup:\n      imagePullSecrets: []\n", ""),
		{"a volume", "      volumes:\n", "      volumes:\n      - name: x\n        emptyDir:\n          sizeLimit:\n", ""},
		{"an empty ConfigMap", "  cluster.name: one\n  OTHER_PASSWORD: keep-me-out\n", "", ""},
		{"an empty file", "  elasticsearch.yml: |\n    node.attr.rack: r1\n", "  elasticsearch.yml: \"\"\n  other:\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rendering{stream: []byte(strings.Replace(undone, c.from, c.to, 1))}
			if string(r.stream) == undone {
				t.Fatalf("the stream does not hold %q", c.from)
			}
			sameObjects(t, r.byPostRenderer(t), r.exported(t, "kustomize").must())
		})
	}
}
