package plugin

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// mutations lists every kind of breakage.
func mutations() []mutation {
	return slices.Concat(serverMutations(), probeMutations(), kibanaMutations(), mountMutations(), pairMutations(), clientMutations(), shipperMutations(), ruleMutations(), strangerMutations())
}

const httpSSL = "xpack.security.http.ssl."

func one(codes ...verify.Code) []verify.Code { return codes }

func on(is func(dict) bool, change func(pod, c dict) bool) func(*broken) bool {
	return func(b *broken) bool { return b.each(is, change) }
}

func serverMutations() []mutation {
	return []mutation{
		{"client_authentication is none, in the environment", one(verify.ServerStage), on(isServerContainer, set(httpSSL+"client_authentication", "none"))},
		{"client_authentication is unset, in the environment", one(verify.ServerStage), on(isServerContainer, unset(httpSSL+"client_authentication"))},
		{"client_authentication is optional, in elasticsearch.yml", one(verify.ServerStage), func(b *broken) bool {
			return b.files("elasticsearch.yml", "client_authentication: required", "client_authentication: optional")
		}},
		{"client_authentication is unset, in my_elasticsearch.yml", one(verify.ServerStage), func(b *broken) bool {
			return b.files("my_elasticsearch.yml", "client_authentication: required", "supported_protocols: [TLSv1.3]")
		}},
		{"the environment overrides the file", one(verify.ServerStage), func(b *broken) bool {
			return b.files("elasticsearch.yml", "client_authentication: required", "client_authentication: required ") &&
				b.each(isServerContainer, add("ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION", "none"))
		}},
		{"a script sets it to none, and the environment does not set it", one(verify.ServerStage), on(isServerContainer, func(pod, c dict) bool {
			c["args"] = []any{"bash", "-c", "exec docker-entrypoint.sh -E" + httpSSL + "client_authentication=\"none\" eswrapper"}
			return unset(httpSSL+"client_authentication")(pod, c)
		})},
		{"certificate_authorities is unset", one(verify.ServerTrust), on(isServerContainer, unset(httpSSL+"certificate_authorities"))},
		{"certificate_authorities names a file that does not exist", one(verify.NoFile), on(isServerContainer, set(httpSSL+"certificate_authorities", "/nowhere/ca.crt"))},
		{"HTTPS is off", one(verify.ServerPlain), on(isServerContainer, set(httpSSL+"enabled", "false"))},
		{"security is off", one(verify.ServerPlain), on(isServerContainer, set("xpack.security.enabled", "false"))},
		{"security is off, on Bitnami's image", one(verify.ServerPlain), on(isServerContainer, set("ELASTICSEARCH_ENABLE_SECURITY", "false"))},
		{"the server has no key", one(verify.ServerPair), on(isServerContainer, unset(httpSSL+"key"))},
		{"a keystore next to PEM files", one(verify.ServerPair), on(func(c dict) bool { return isServerContainer(c) && env(c, httpSSL+"key") != nil }, add(httpSSL+"keystore.path", "certs/node.p12"))},
		{"the server's certificate is mounted elsewhere", one(verify.NoFile), on(isServerContainer, func(_, c dict) bool {
			changed := false
			for _, m := range list(c["volumeMounts"]) {
				if name := text(m["name"]); strings.Contains(name, "cert") || strings.Contains(name, "elk-mtls") {
					m["mountPath"], changed = "/elsewhere/"+name, true
				}
			}
			return changed
		})},
	}
}

func probeMutations() []mutation {
	probed := func(c dict) bool { return isServerContainer(c) && hasCurlHome(c) }
	curls := func(c dict) bool {
		return probed(c) && slices.ContainsFunc(scriptsOf(c), func(w string) bool { return strings.Contains(w, "curl") })
	}
	inProbe := func(old, fresh string) func(pod, c dict) bool {
		return func(_, c dict) bool {
			changed := false
			for _, name := range []string{"readinessProbe", "livenessProbe"} {
				exec := table(dig(c, name, "exec"))
				items, _ := exec["command"].([]any)
				for i, item := range items {
					if w := text(item); strings.Contains(w, old) {
						items[i], changed = strings.ReplaceAll(w, old, fresh), true
					}
				}
			}
			return changed
		}
	}
	return []mutation{
		{"a probe without CURL_HOME", one(verify.ProbeRefused), on(probed, unset("CURL_HOME"))},
		{"the probe's folder is not mounted", one(verify.NoFile), on(probed, unmount())},
		{"a probe with curl -q", one(verify.ProbeRefused), on(curls, inProbe("curl ", "curl -q "))},
		{"a probe over plain HTTP", one(verify.ClientPlain), on(curls, inProbe("https://127", "http://127"))},
		{"a probe with wget", one(verify.ProbeRefused), on(curls, inProbe("curl", "wget"))},
		{"a probe with httpGet", one(verify.ProbeRefused), on(probed, func(_, c dict) bool {
			c["readinessProbe"] = dict{"httpGet": dict{"port": 9200, "scheme": "HTTPS"}}
			return true
		})},
		{"a .curlrc without a key", one(verify.ProbeRefused, verify.NoCertificate), func(b *broken) bool { return b.files(".curlrc", "key = ", "# ") }},
	}
}

func scriptsOf(c dict) []string {
	var all []string
	for _, name := range []string{"readinessProbe", "livenessProbe"} {
		items, _ := dig(c, name, "exec", "command").([]any)
		for _, item := range items {
			all = append(all, text(item))
		}
	}
	return all
}

func kibanaMutations() []mutation {
	const kibanaYML = "kibana.yml"
	return []mutation{
		{"Kibana's certificate is unset", one(verify.NoCertificate), on(isKibana, unset("ELASTICSEARCH_SSL_CERTIFICATE"))},
		{"Kibana's key is unset", one(verify.NoCertificate), on(isKibana, unset("ELASTICSEARCH_SSL_KEY"))},
		{"Kibana's key is unset, in kibana.yml", one(verify.NoCertificate), func(b *broken) bool { return b.files(kibanaYML, "elasticsearch.ssl.key:", "x.y:") }},
		{"alwaysPresentCertificate is unset", one(verify.NotAlwaysPresent), on(isKibana, unset("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"))},
		{"alwaysPresentCertificate is false, in kibana.yml", one(verify.NotAlwaysPresent), func(b *broken) bool {
			return b.files(kibanaYML, "alwaysPresentCertificate: true", "alwaysPresentCertificate: false")
		}},
		{"Kibana's CA is unset", one(verify.ClientTrust), on(isKibana, unset("ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES"))},
		{"Kibana calls over http", one(verify.ClientPlain), on(isKibana, func(_, c dict) bool {
			e := env(c, "ELASTICSEARCH_HOSTS")
			if e == nil || !strings.Contains(text(e["value"]), "https://") {
				return false
			}
			e["value"] = strings.ReplaceAll(text(e["value"]), "https://", "http://")
			return true
		})},
		{"Kibana calls over http, in kibana.yml", one(verify.ClientPlain), func(b *broken) bool { return b.files(kibanaYML, "hosts: [https://", "hosts: [http://") }},
		{"a user name next to the token", one(verify.TwoIdentities), on(func(c dict) bool {
			return isKibana(c) && env(c, "ELASTICSEARCH_SERVICEACCOUNTTOKEN") != nil && env(c, "KIBANA_ELASTICSEARCH_URL") == nil
		},
			add("ELASTICSEARCH_USERNAME", "kibana_system"))},
		{"a password next to the token, on Bitnami's image", one(verify.TwoIdentities), on(func(c dict) bool {
			return isKibana(c) && env(c, "KIBANA_ELASTICSEARCH_URL") != nil && env(c, "ELASTICSEARCH_SERVICEACCOUNTTOKEN") != nil
		},
			add("KIBANA_PASSWORD", "change-me"))},
		{"Kibana is started without the script that reads its variables", one(verify.NotJudged), on(func(c dict) bool { return isKibana(c) && env(c, "ELASTICSEARCH_HOSTS") != nil }, func(_, c dict) bool {
			c["args"] = []any{"bin/kibana"}
			return true
		})},
		{"the token is unset", one(verify.NoIdentity), on(func(c dict) bool { return isKibana(c) && env(c, "KIBANA_ELASTICSEARCH_URL") == nil }, unset("ELASTICSEARCH_SERVICEACCOUNTTOKEN"))},
		{"the init container is missing", one(verify.NobodyWrites), on(func(c dict) bool { return isKibana(c) && env(c, "ELASTICSEARCH_SERVICEACCOUNTTOKEN") != nil }, func(pod, _ dict) bool {
			rest, ok := without(pod["initContainers"], isInit)
			pod["initContainers"] = rest
			return ok
		})},
		{"the init container writes another Secret", one(verify.NobodyWrites), on(isInit, replaceIn("--secret=", "--secret=", "--secret=not-"))},
		{"the init container presents no certificate", one(verify.NoCertificate), on(isInit, dropWord("--cert="))},
		{"the init container trusts no CA", one(verify.ClientTrust), on(isInit, dropWord("--ca="))},
		{"the init container calls over http", one(verify.ClientPlain), on(isInit, replaceIn("--elasticsearch-url=", "https", "http"))},
	}
}

func mountMutations() []mutation {
	volume := func(change func(pod, v dict) bool) func(*broken) bool {
		return on(isKibana, func(pod, _ dict) bool {
			v := clientVolume(pod)
			return v != nil && change(pod, v)
		})
	}
	return []mutation{
		{"the mount with the key pair is missing", one(verify.NoFile), on(isKibana, unmount())},
		{"the volume with the key pair is missing", one(verify.NoFile), volume(func(pod, _ dict) bool {
			rest, ok := without(pod["volumes"], func(v dict) bool { return text(v["name"]) == "elk-mtls-client" })
			pod["volumes"] = rest
			return ok
		})},
		{"the volume is an empty folder", one(verify.NoFile), volume(func(pod, v dict) bool {
			delete(v, "projected")
			v["emptyDir"] = dict{}
			pod["initContainers"] = nil
			return true
		})},
		{"the volume does not list the key", one(verify.NoFile), volume(func(_, v dict) bool {
			changed := false
			for _, s := range list(dig(v, "projected", "sources")) {
				at := table(s["secret"])
				rest, ok := without(at["items"], func(item dict) bool { return text(item["path"]) == "tls.key" })
				if ok {
					at["items"], changed = rest, true
				}
			}
			return changed
		})},
		{"the key pair is mounted elsewhere", one(verify.NoFile), on(isKibana, func(_, c dict) bool {
			for _, m := range list(c["volumeMounts"]) {
				if text(m["name"]) == "elk-mtls-client" {
					m["mountPath"] = "/etc/other"
					return true
				}
			}
			return false
		})},
		{"only root can read the files", one(verify.Unreadable), volume(func(pod, v dict) bool {
			table(v["projected"])["defaultMode"] = 256
			pod["securityContext"] = dict{"runAsUser": 1000, "runAsGroup": 1000}
			return true
		})},
		{"the Secret does not have the key", one(verify.NoKeyInObject), func(b *broken) bool {
			changed := false
			b.mounted(func(secret, key string, listed bool) {
				if listed && key == "tls.key" {
					delete(b.secrets[secret], key)
					changed = true
				}
			})
			return changed
		}},
	}
}

func pairMutations() []mutation {
	trusted := func(make func(b *broken) ([]byte, pki.Pair)) func(*broken) bool { // what the server trusts is in the stream
		return func(b *broken) bool { return b.hasServer() && otherPair(make)(b) }
	}
	ofPair := func(o pki.Options) func(b *broken) ([]byte, pki.Pair) {
		return func(b *broken) ([]byte, pki.Pair) { return b.ca.Cert, b.leaf(o) }
	}
	return []mutation{
		{"Kibana's certificate has expired", one(verify.NotValid), otherPair(func(b *broken) ([]byte, pki.Pair) { return b.ca.Cert, past(b) })},
		{"Kibana's certificate is not valid yet", one(verify.NotValid), otherPair(ofPair(pki.Options{ClientAuth: true, NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}))},
		{"Kibana's certificate is for servers only", one(verify.WrongUsage), otherPair(ofPair(pki.Options{ServerAuth: true}))},
		{"Kibana's certificate is from another CA", one(verify.ChainRefused), trusted(func(b *broken) ([]byte, pki.Pair) {
			return b.ca.Cert, pki.NewCA("other").Leaf(pki.Options{CN: "kibana", ClientAuth: true})
		})},
		{"Kibana's certificate is from an intermediate CA that is not in its file", one(verify.ChainRefused), trusted(func(b *broken) ([]byte, pki.Pair) {
			return b.ca.Cert, b.ca.Intermediate("between").Leaf(pki.Options{CN: "kibana", ClientAuth: true})
		})},
		{"Kibana's key belongs to another certificate", one(verify.OtherKey), otherPair(func(b *broken) ([]byte, pki.Pair) {
			pair := b.leaf(pki.Options{ClientAuth: true})
			pair.Key = b.leaf(pki.Options{ClientAuth: true}).Key
			return b.ca.Cert, pair
		})},
		{"certificate and key are swapped", one(verify.NoMaterial), func(b *broken) bool {
			done := otherPair(func(b *broken) ([]byte, pki.Pair) {
				pair := b.leaf(pki.Options{ClientAuth: true})
				pair.Cert, pair.Key = pair.Key, pair.Cert
				return b.ca.Cert, pair
			})(b)
			return done && b.secrets["other-pair"]["tls.key"] != nil // not where one file holds both
		}},
		{"another Secret, with another CA", one(verify.ChainRefused), trusted(func(*broken) ([]byte, pki.Pair) {
			ca := pki.NewCA("other")
			return ca.Cert, ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
		})},
		{"every certificate has expired", one(verify.NotValid), everyPair(pki.Options{ClientAuth: true, ServerAuth: true, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})},
		{"the server's certificate is for clients only", one(verify.WrongUsage), func(b *broken) bool {
			readsPEM := b.each(isServerContainer, func(_, c dict) bool { return env(c, httpSSL+"keystore.path") == nil })
			return readsPEM && everyPair(pki.Options{ClientAuth: true})(b)
		}},
		{"the server's certificate has other names", one(verify.OtherName), func(b *broken) bool {
			return b.called() != "" && b.each(isInit, func(dict, dict) bool { return true }) && everyPair(pki.Options{ClientAuth: true, ServerAuth: true}, "elsewhere")(b)
		}},
	}
}

func clientMutations() []mutation {
	const filebeat = "filebeat.yml"
	exports := func(c dict) bool { return strings.Contains(strings.Join(commandOf(c), " "), "--es.uri") }
	return []mutation{
		{"Filebeat's certificate is unset", one(verify.NoCertificate), func(b *broken) bool { return b.files(filebeat, "ssl.certificate: ", "x: ") }},
		{"Filebeat's key is unset", one(verify.NoCertificate), func(b *broken) bool { return b.files(filebeat, "ssl.key: ", "x: ") }},
		{"Filebeat's CA is unset", one(verify.ClientTrust), func(b *broken) bool { return b.files(filebeat, "ssl.certificate_authorities: ", "x: ") }},
		{"Filebeat calls over http", one(verify.ClientPlain), func(b *broken) bool { return b.files(filebeat, "https://", "http://") }},
		{"Filebeat's TLS is switched off", one(verify.ClientPlain), func(b *broken) bool {
			return b.files(filebeat, "      ssl.key: ", "      ssl.enabled: false\n      ssl.key: ") || b.files(filebeat, "  ssl.key: ", "  ssl.enabled: false\n  ssl.key: ")
		}},
		{"the exporter's certificate is unset", one(verify.NoCertificate), on(exports, dropWord("--es.client-cert"))},
		{"the exporter's key is unset", one(verify.NoCertificate), on(exports, dropWord("--es.client-private-key"))},
		{"the exporter calls over http", one(verify.ClientPlain), on(exports, replaceIn("--es.uri", "https://", "http://"))},
		{"the exporter's key pair is not mounted", one(verify.NoFile), on(exports, unmount())},
	}
}

func commandOf(c dict) []string {
	var all []string
	for _, field := range []string{"command", "args"} {
		items, _ := c[field].([]any)
		for _, item := range items {
			all = append(all, text(item))
		}
	}
	return all
}

func strangerMutations() []mutation {
	return []mutation{
		{"an additional application, found by its environment", one(verify.UnknownClient), newcomer(func(host string) dict {
			return deployment("shop", dict{"image": "shop", "env": []any{dict{"name": "URL", "value": "https://" + host + ":9200"}}})
		})},
		{"an additional application, found by a host alone", one(verify.UnknownClient), newcomer(func(host string) dict {
			return deployment("shop", dict{"image": "shop", "args": []any{"--host", host}})
		})},
		{"an additional application, found by a ConfigMap", one(verify.UnknownClient), readBy("configMap", func(host string) dict {
			return objectOf("ConfigMap", "shop", dict{"data": dict{"app.ini": "[search]\nurl = https://" + host + ":9200\n"}})
		})},
		{"an additional application, found by a Secret", one(verify.UnknownClient), readBy("secret", func(host string) dict {
			return objectOf("Secret", "shop", dict{"data": dict{"url": base64.StdEncoding.EncodeToString([]byte("https://u:p@" + host + ":9200"))}})
		})},
		{"an additional Ingress", one(verify.UnknownClient), newcomer(func(host string) dict {
			service, _, _ := strings.Cut(host, ".")
			return objectOf("Ingress", "es", dict{"spec": dict{"defaultBackend": dict{"service": dict{"name": service}}}})
		})},
		{"an additional container next to Elasticsearch, found by its environment", one(verify.UnknownClient), beside(dict{"env": []any{dict{"name": "UPSTREAM", "value": "https://localhost:9200"}}})},
		{"an additional container next to Elasticsearch, found by a file", one(verify.UnknownClient), func(b *broken) bool {
			b.objects = append(b.objects, objectOf("ConfigMap", "proxy", dict{"data": dict{"nginx.conf": "proxy_pass https://127.0.0.1:9200;"}}))
			return beside(dict{"volumeMounts": []any{dict{"name": "proxy", "mountPath": "/etc/nginx"}}})(b)
		}},
		{"an additional Job that calls with curl", one(verify.NoCertificate), newcomer(func(host string) dict {
			o := deployment("load", dict{"image": "curl", "command": []any{"sh", "-c", "curl --cacert /ca https://" + host + ":9200/"}})
			o["kind"] = "Job"
			return o
		})},
		{"an additional Filebeat, as its chart renders it", one(verify.NoCertificate), newcomer(func(host string) dict {
			return deployment("filebeat", dict{"image": "docker.elastic.co/beats/filebeat:8.5.1", "args": []any{"-E", "output.elasticsearch.hosts=https://" + host + ":9200"}})
		})},
		{"a Guard was not removed", one(verify.GuardLeft), func(b *broken) bool {
			b.objects = append(b.objects, dict{"apiVersion": "elk-mtls.dev/v1alpha1", "kind": "Guard", "metadata": dict{"name": "guard"}})
			return true
		}},
		{"only the annotations of elk-mtls", one(verify.ServerStage, verify.NoCertificate, verify.ProbeRefused, verify.NoFile), onlyAnnotated},
	}
}

// readBy adds an object that names Elasticsearch, and an application that reads it.
func readBy(kind string, make func(host string) dict) func(b *broken) bool {
	return func(b *broken) bool {
		b.objects = append(b.objects, deployment("shop", dict{"image": "shop", "envFrom": []any{dict{kind + "Ref": dict{"name": "shop"}}}}))
		return newcomer(make)(b)
	}
}

// beside adds a container to the pods of Elasticsearch.
func beside(container dict) func(b *broken) bool {
	return on(isServerContainer, func(pod, _ dict) bool {
		c := maps.Clone(container)
		c["name"], c["image"] = "proxy", "nginx"
		pod["containers"] = append(pod["containers"].([]any), c)
		volumes, _ := pod["volumes"].([]any)
		pod["volumes"] = append(volumes, dict{"name": "proxy", "configMap": dict{"name": "proxy"}})
		return true
	})
}

// onlyAnnotated is what the chart renders, with the annotations of what was patched.
func onlyAnnotated(b *broken) bool {
	annotations := map[string]any{}
	for _, o := range b.objects {
		annotations[text(o["kind"])+text(dig(o, "metadata", "name"))] = dig(o, "spec", "template", "metadata", "annotations")
	}
	stock, err := plainObjects(b.patched.input)
	if err != nil {
		return false
	}
	b.objects = stock
	for _, o := range b.objects {
		if a := annotations[text(o["kind"])+text(dig(o, "metadata", "name"))]; a != nil {
			table(dig(o, "spec", "template", "metadata"))["annotations"] = a
		}
	}
	return true
}
