package plugin

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// inFiles changes the texts of all ConfigMaps in which a word of a program stands.
func inFiles(word, old, fresh string) func(*broken) bool {
	return func(b *broken) bool {
		changed := false
		for _, o := range b.objects {
			data := table(o["data"])
			for key, value := range data {
				if s := text(value); text(o["kind"]) == "ConfigMap" && strings.Contains(s, word) && strings.Contains(s, old) {
					data[key] = strings.ReplaceAll(s, old, fresh)
					changed = true
				}
			}
		}
		return changed
	}
}

// shipperMutations are those of Logstash, Fluent Bit and Fluentd.
func shipperMutations() []mutation {
	makesStore := func(c dict) bool { return isInit(c) && slices.Contains(commandOf(c), "keystore") }
	return []mutation{
		{"an output of Logstash before 8.8 has no store", one(verify.NoCertificate), inFiles("cacert =>", "keystore =>", "index =>")},
		{"an output of Logstash has no store", one(verify.NoCertificate), inFiles("elasticsearch {", "ssl_keystore_path =>", "index =>")},
		{"an output of Logstash uses a later version's name for its store", one(verify.NoCertificate), inFiles("cacert =>", " keystore =>", " ssl_keystore_path =>")},
		{"an output of Logstash names no CA", one(verify.ClientTrust), inFiles("elasticsearch {", "cacert =>", "index =>")},
		{"an output of Logstash calls over http", one(verify.ClientPlain), inFiles("elasticsearch {", "https://", "http://")},
		{"an output of Logstash has TLS switched off", one(verify.ClientPlain), inFiles("elasticsearch {", "ssl_enabled => true", "ssl_enabled => false")},
		{"an additional output of Logstash", one(verify.NoCertificate), func(b *broken) bool {
			host := b.called()
			return host != "" && inFiles("output {", "output {", "output { elasticsearch { hosts => [\"https://"+host+":9200\"] cacert => \"/etc/elk-mtls/ca.crt\" } ")(b)
		}},
		{"another plugin of Logstash that calls Elasticsearch", one(verify.UnknownClient), func(b *broken) bool {
			host := b.called()
			return host != "" && inFiles("output {", "output {", "output { http { url => \"https://"+host+":9200/_bulk\" } ")(b)
		}},
		{"the store is created without a key", one(verify.NoCertificate), on(makesStore, dropWord("--key="))},
		{"the store is created elsewhere", one(verify.NoFile), func(b *broken) bool {
			return b.each(makesStore, func(pod, c dict) bool {
				rest, _ := without(pod["initContainers"], makesStore)
				pod["initContainers"] = rest
				return true
			})
		}},
		{"Logstash's monitoring has no store", one(verify.NoCertificate), inFiles("xpack.monitoring.enabled", "ssl.keystore.path", "x.y")},
		{"an output of Fluent Bit has no certificate", one(verify.NoCertificate), inFiles("[OUTPUT]", "tls.crt_file", "index")},
		{"an output of Fluent Bit has no key", one(verify.NoCertificate), inFiles("[OUTPUT]", "tls.key_file", "index")},
		{"an output of Fluent Bit has no TLS", one(verify.ClientPlain), inFiles("[OUTPUT]", "tls.ca_file", "tls off\n    tls.ca_file")},
		{"an output of Fluent Bit in YAML has no key", one(verify.NoCertificate), inFiles("outputs:", "tls.key_file:", "index:")},
		{"another output of Fluent Bit that calls Elasticsearch", one(verify.UnknownClient), func(b *broken) bool {
			host := b.called()
			return host != "" && inFiles("[OUTPUT]", "[OUTPUT]", "[OUTPUT]\n    Name http\n    Host "+host+"\n[OUTPUT]")(b)
		}},
		{"an output of Fluentd has no certificate", one(verify.NoCertificate), inFiles("@type elasticsearch", "client_cert ", "index_name ")},
		{"an output of Fluentd has no key", one(verify.NoCertificate), inFiles("@type elasticsearch", "client_key ", "index_name ")},
		{"an output of Fluentd names no CA", one(verify.ClientTrust), inFiles("@type elasticsearch", "ca_file ", "index_name ")},
		{"an output of Fluentd calls over http", one(verify.ClientPlain), inFiles("@type elasticsearch", "scheme \"https\"", "scheme http")},
	}
}

// ruleMutations are those of programs that a rule describes.
func ruleMutations() []mutation {
	return []mutation{
		{"a sink of Vector has no key", one(verify.NoCertificate), inFiles("sinks:", "key_file:", "x:")},
		{"a sink of Vector trusts no CA", one(verify.ClientTrust), inFiles("sinks:", "ca_file:", "x:")},
		{"an exporter of the collector has no certificate", one(verify.NoCertificate), inFiles("exporters:", "cert_file:", "x:")},
		{"an exporter of the collector calls over http", one(verify.ClientPlain), inFiles("exporters:", "https://", "http://")},
		{"Grafana has a certificate and does not present it", one(verify.NoCertificate), inFiles("datasources:", "tlsAuth: true", "tlsAuth: false")},
		{"a rule's variable for the key is unset", one(verify.NoCertificate), on(func(dict) bool { return true }, unset("SEARCH_KEY"))},
		{"a rule's variable names a file that does not exist", one(verify.NoFile), on(func(dict) bool { return true }, set("SEARCH_CERT", "/nowhere/tls.crt"))},
		{"a rule's switch is off", one(verify.NoCertificate), on(func(dict) bool { return true }, set("SEARCH_TLS", "false"))},
		{"a rule's file has no key", one(verify.NoCertificate), inFiles("backends", "\"key\"", "\"x\"")},
		{"a rule's container does not mount the key pair", one(verify.NoFile), on(func(c dict) bool { return env(c, "SEARCH_CA") != nil }, unmount())},
	}
}
