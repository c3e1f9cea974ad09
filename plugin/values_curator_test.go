package plugin

import "strings"

const curatorJob = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: curator}
data:
  config.yml: |
    FILE
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: curator}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          volumes:
          - {name: config, configMap: {name: curator}}
          - {name: certs, secret: {secretName: elasticsearch-master-certs}}
          containers:
          - name: curator
            image: untergeek/curator:8.0.21
            args: [--config, /etc/es-curator/config.yml, /etc/es-curator/actions.yml]
            volumeMounts:
            - {name: config, mountPath: /etc/es-curator}
            - {name: certs, mountPath: /certs}
`

// curatorValues are what people write for Curator. Real Curator with verify_certs: false was refused although it had a pair: its Python
// client does not load one then.
func curatorValues() []variant {
	config := func(lines ...string) string {
		return strings.Replace(curatorJob, "FILE", strings.Join(lines, "\n    "), 1)
	}
	return []variant{
		{
			name:   "Curator 8 presents the pair",
			extra:  config("elasticsearch:", "  client:", "    hosts: https://elasticsearch-master:9200", "    ca_certs: /certs/ca.crt", "    verify_certs: true"),
			output: "        client_cert: /etc/elk-mtls/tls.crt",
		},
		{
			name:    "Curator 8 that verifies nothing would present nothing",
			extra:   config("elasticsearch:", "  client:", "    hosts: https://elasticsearch-master:9200", "    ca_certs: /certs/ca.crt", "    verify_certs: False"),
			refused: `CronJob/curator: container "curator": elasticsearch.client.verify_certs is "False" in config.yml of ConfigMap/curator, and then Curator presents no certificate either`,
		},
		{
			name:    "Curator 5 that verifies nothing would present nothing",
			extra:   config("client:", "  hosts: [elasticsearch-master]", "  use_ssl: True", "  certificate: /certs/ca.crt", "  ssl_no_validate: True"),
			refused: `client.ssl_no_validate is "True"`,
		},
	}
}
