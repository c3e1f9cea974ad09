package initcontainer

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

const day = 24 * time.Hour

func brokenHouses() []broken {
	all := brokenConnections()
	all = append(all, brokenCertificates()...)
	all = append(all, brokenTokens()...)
	all = append(all, brokenUsers()...)
	all = append(all, brokenModes()...)
	return append(all, brokenClusters()...)
}

func brokenConnections() []broken {
	node := func(change func(h *house)) func(*house) {
		return func(h *house) { h.renode(func() { change(h) }) }
	}
	fault := func(f ...standin.Fault) func(*house) { return func(h *house) { h.es.Fail(f...) } }
	return []broken{
		{name: "Elasticsearch is down", code: d.Reachable, says: "connection refused", by: func(h *house) { must(h.t, h.es.Close()) }},
		{name: "another address", code: d.Reachable, says: "connection refused", by: func(h *house) { h.flags["elasticsearch-url"] = "https://127.0.0.1:1"; h.mount() }},
		{name: "plain HTTP", code: d.Reachable, says: "does not speak TLS", by: node(func(h *house) { h.node.PlainHTTP = true })},
		{name: "something else answers", code: d.Reachable, says: "is not Elasticsearch", by: node(func(h *house) { h.node.Impostor = true })},
		{name: "a proxy that reaches nobody", code: d.Reachable, says: "answers 502", by: fault(standin.Fault{On: "GET /", Status: 502})},
		{name: "a proxy that gets no answer", code: d.Reachable, says: "answers 504", by: fault(standin.Fault{On: "GET /", Status: 504})},
		{name: "no master", code: d.Reachable, says: "answers 503", by: fault(standin.Fault{On: "GET /", Status: 503})},
		{name: "Elasticsearch fails", code: d.Reachable, says: "answers 500", by: fault(standin.Fault{On: "GET /", Status: 500})},
		{name: "overloaded", code: d.Reachable, says: "answers 429", by: fault(standin.Fault{On: "GET /", Status: 429, Type: "es_rejected_execution_exception"})},
		{name: "the index .security is closed", code: d.Elasticsearch, says: "index_closed_exception", by: fault(standin.Fault{On: "POST /_security/user", Status: 400, Type: "index_closed_exception"})},
		{name: "the health is red", code: d.Health, says: "red", by: func(h *house) { h.es.SetHealth("red") }},
		{name: "another CA", code: d.Chain, says: "unknown authority", by: func(h *house) { h.files["ca.crt"] = h.not.Cert; h.mount() }},
		{name: "the file of the CA holds none", code: d.Chain, says: "no PEM certificate", by: func(h *house) { h.files["ca.crt"] = []byte("-----"); h.mount() }},
		{name: "another host name", code: d.HostName, says: "is for [localhost]", by: node(func(h *house) { h.server.SANs = []string{"localhost"}; h.renew() })},
		{name: "the host name is not checked", code: d.HostName, warn: true, says: "not checked", by: func(h *house) { h.flags["verification-mode"] = "certificate"; h.mount() }},
		{name: "no certificate is asked for", code: d.Required, warn: true, says: "is let in", by: node(func(h *house) { h.node.ClientAuthentication = "optional" })},
		{name: "anonymous access", code: d.PKIRealm, warn: true, says: "anonymous access is on", by: node(func(h *house) { h.node.Anonymous = true })},
		{name: "Kibana presents its certificate for everybody", code: d.PKIRealm, says: "executed as Kibana", by: func(h *house) {
			h.renode(func() { h.node.Licence, h.node.PKIRealm = "trial", "pki1" })
			h.api.Workloads.Setenv("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", "true")
			h.restart()
		}},
		{name: "nobody knows for whom Kibana presents it", code: d.PKIRealm, warn: true, says: "must be false in Kibana", by: func(h *house) {
			h.renode(func() { h.node.Licence, h.node.PKIRealm = "trial", "pki1" })
			h.api.Workloads.Setenv("NOTHING", "")
			h.restart()
		}},
	}
}

func brokenCertificates() []broken {
	own := func(issue func(h *house) pki.Pair) func(*house) {
		return func(h *house) {
			pair := issue(h)
			h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
			h.mount()
		}
	}
	leaf := func(change func(*pki.Options)) func(*house) {
		return own(func(h *house) pki.Pair {
			o := pki.Options{CN: "kibana", ClientAuth: true}
			change(&o)
			return h.ca.Leaf(o)
		})
	}
	server := func(change func(*pki.Options)) func(*house) {
		return func(h *house) { h.renode(func() { change(&h.server); h.renew() }) }
	}
	now := time.Now()
	return []broken{
		{name: "the certificate is expired", code: d.CertificateDates, says: "is expired", by: leaf(func(o *pki.Options) { o.NotBefore, o.NotAfter = now.Add(-9*day), now.Add(-day) })},
		{name: "the certificate is of tomorrow", code: d.CertificateDates, says: "not yet valid", by: leaf(func(o *pki.Options) { o.NotBefore, o.NotAfter = now.Add(day), now.Add(9*day) })},
		{name: "the certificate ends soon", code: d.CertificateDates, warn: true, says: "ends in 9 days", by: leaf(func(o *pki.Options) { o.NotBefore, o.NotAfter = now.Add(-99*day), now.Add(9*day+time.Hour) })},
		{name: "the certificate ends too soon for us", code: d.CertificateDates, says: "ends in 1 hours", by: func(h *house) {
			leaf(func(o *pki.Options) { o.NotAfter = now.Add(110 * time.Minute) })(h)
			h.extra = []string{"--fail-before=2h"}
		}},
		{name: "a key of another certificate", code: d.CertificateFiles, says: "private key does not match", by: own(func(h *house) pki.Pair {
			return pki.Pair{Cert: h.client().Cert, Key: h.client().Key}
		})},
		{name: "the pair of a CA", code: d.CertificateFiles, says: "is a CA", by: leaf(func(o *pki.Options) { o.CA = true })},
		{name: "a certificate of another CA", code: d.CertificateFiles, says: "refuses the client certificate", by: own(func(h *house) pki.Pair {
			return h.not.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
		})},
		{name: "no certificate", code: d.CertificateFiles, says: "or the lack of one", by: func(h *house) { h.flags["mode"], h.flags["cert"], h.flags["key"] = "token", "", ""; h.mount() }},
		{name: "a certificate for servers only", code: d.CertificateUsage, says: "does not allow client authentication", by: leaf(func(o *pki.Options) { o.ClientAuth, o.ServerAuth = false, true })},
		{name: "the server's certificate is expired", code: d.ServerDates, says: "is valid from", by: server(func(o *pki.Options) { o.NotBefore, o.NotAfter = now.Add(-9*day), now.Add(-day) })},
		{name: "the server's certificate ends soon", code: d.ServerDates, warn: true, says: "ends in 5 days", by: server(func(o *pki.Options) { o.NotBefore, o.NotAfter = now.Add(-99*day), now.Add(5*day+time.Hour) })},
		{name: "the CA ends soon", code: d.CADates, warn: true, says: `"CN=old CA" ends in 5 days`, by: func(h *house) {
			h.ca = pki.NewCAWith(pki.Options{CN: "old CA", NotBefore: now.Add(-99 * day), NotAfter: now.Add(5*day + time.Hour)})
			h.files["ca.crt"] = h.ca.Cert
			h.renode(func() { h.node.ClientCAPEM = h.ca.Cert; h.renew() })
			own(func(h *house) pki.Pair { return h.client() })(h)
		}},
	}
}

func brokenTokens() []broken {
	records := func(change func(h *house, name string, a map[string]string)) func(*house) {
		return func(h *house) { h.records(func(name string, a map[string]string) { change(h, name, a) }) }
	}
	return []broken{
		{name: "the Secret is gone", code: d.TokenWorks, says: "is not there", by: func(h *house) { h.api.Delete() }},
		{name: "the Secret was emptied", code: d.TokenWorks, says: "holds no token", by: func(h *house) { h.api.Change(func(s *corev1.Secret) { s.Data, s.Annotations = nil, nil }) }},
		{name: "the Secret is empty and immutable", code: d.TokenWorks, says: "is immutable", by: func(h *house) {
			h.api.Change(func(s *corev1.Secret) { s.Data, s.Annotations, s.Immutable = nil, nil, new(true) })
		}},
		{name: "the token was deleted", code: d.TokenWorks, says: "refuses the token", by: func(h *house) { h.es.Revoke() }},
		{name: "half a token", code: d.TokenWorks, says: "no usable token", by: func(h *house) { h.put(string(h.api.Secret().Data["token"][:20])) }},
		{name: "something else is in the Secret", code: d.TokenWorks, says: "contains something other than a service token", by: func(h *house) {
			h.api.Change(func(s *corev1.Secret) { s.Annotations = nil })
			h.put("-----BEGIN RSA PRIVATE KEY-----")
		}},
		{name: "a token of another account", code: d.TokenWorks, says: "no usable token of elastic/kibana", by: func(h *house) {
			_, value := h.mint("elastic/fleet-server", "other")
			h.put(value)
		}},
		{name: "a token that nobody recorded", code: d.TokenRecorded, warn: true, says: "its records say", by: func(h *house) {
			_, value := h.mint("elastic/kibana", "hand")
			h.put(value)
			h.api.Workloads.Restart()
		}},
		{name: "an old claim", code: d.TokenRecorded, warn: true, says: "is making a token", by: func(h *house) {
			name, _ := h.mint("elastic/kibana", "claimed")
			records(func(_ *house, _ string, a map[string]string) {
				a["elk-mtls.dev/claim"] = name + " of-the-claim " + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
			})(h)
		}},
		{name: "tokens from before", code: d.TokenRecorded, warn: true, says: "that are still valid", by: func(h *house) {
			name, _ := h.mint("elastic/kibana", "before")
			records(func(_ *house, _ string, a map[string]string) { a["elk-mtls.dev/previous"] = name })(h)
		}},
		{name: "a token that nothing records", code: d.Orphans, warn: true, says: "that nothing records: 1", by: func(h *house) { h.mint("elastic/kibana", "lost") }},
	}
}

func brokenUsers() []broken {
	user := func(change func(*standin.User)) func(*house) { return func(h *house) { h.user(change) } }
	return []broken{
		{name: "a wrong password", code: d.Elasticsearch, says: "answers 401", by: func(h *house) { h.files["password"] = []byte("open sesame"); h.mount() }},
		{name: "a minter that may not mint", code: d.Elasticsearch, says: "lacks manage_service_account", by: user(func(u *standin.User) { u.Mint = false })},
		{name: "a minter that does not see the health", code: d.Elasticsearch, warn: true, says: "lacks monitor", by: user(func(u *standin.User) { u.Monitor = false })},
		{name: "a minter that may everything", code: d.Elasticsearch, warn: true, says: "may do nearly everything", by: user(func(u *standin.User) { u.ManageSecurity = true })},
		{name: "a survey that was killed", code: d.Survey, warn: true, says: "has left a logger of Elasticsearch on", by: func(h *house) {
			h.renode(func() {
				h.node.Persistent = map[string]any{surveyRecord: `{"run":"r","old":null,"until":"2026-01-02T03:04:05Z"}`}
			})
		}},
		{name: "a setting of somebody else in the survey's place", code: d.Survey, warn: true, says: "is not what a survey writes", by: func(h *house) {
			h.renode(func() { h.node.Persistent = map[string]any{surveyRecord: "x"} })
		}},
		{name: "the licence is expired", code: d.Licence, warn: true, says: "gold is expired", by: func(h *house) {
			h.renode(func() { h.node.Licence, h.node.LicenceEnds = "gold", time.Now().Add(-day) })
		}},
		{name: "the licence ends soon", code: d.Licence, warn: true, says: "gold ends on", by: func(h *house) {
			h.renode(func() { h.node.Licence, h.node.LicenceEnds = "gold", time.Now().Add(9*day) })
		}},
	}
}

func brokenModes() []broken {
	own := func(o pki.Options) func(*house) {
		return func(h *house) {
			o.ClientAuth = true
			pair := h.ca.Leaf(o)
			h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
			h.mount()
		}
	}
	return []broken{
		{name: "another password", mode: "cert-password", code: d.Login, says: "answers 401", by: func(h *house) { h.files["kibana-password"] = []byte("open sesame"); h.mount() }},
		{name: "nobody may set the password", mode: "cert-password", code: d.Elasticsearch, says: "lacks manage_security", by: func(h *house) { h.flags["set-password"] = "true"; h.mount() }},
		{name: "PKI on Basic", mode: "pki", code: d.Licence, says: "which has no PKI realms", by: func(h *house) { h.renode(func() { h.node.Licence = "" }) }},
		{name: "a trial that is over", mode: "pki", code: d.Licence, says: "is expired", by: func(h *house) { h.renode(func() { h.node.LicenceEnds = time.Now().Add(-day) }) }},
		{name: "a trial that ends too soon for us", mode: "pki", code: d.Licence, says: "trial ends on", by: func(h *house) {
			h.renode(func() { h.node.LicenceEnds = time.Now().Add(110 * time.Minute) })
			h.extra = []string{"--fail-before=2h"}
		}},
		{name: "no realm", mode: "pki", code: d.Role, says: "logging in by the certificate alone", by: func(h *house) { h.renode(func() { h.node.PKIRealm = "" }) }},
		{name: "no CN", mode: "pki", code: d.Role, says: "has no CN", by: own(pki.Options{O: "lab"})},
		{name: "the mapping was deleted", mode: "pki", code: d.Role, says: "has the roles []", by: func(h *house) {
			for name := range h.es.Mappings() {
				h.es.Unmap(name)
			}
		}},
		{name: "a role that there is not", mode: "pki", code: d.Role, says: `no role "kibana_sys"`, by: func(h *house) { h.flags["role"] = "kibana_sys"; h.mount() }},
		{name: "the mapping is somebody else's", mode: "pki", code: d.Role, says: "is not ours", by: func(h *house) {
			for name := range h.es.Mappings() {
				must(h.t, h.es.Map(name, `{"roles": ["viewer"], "enabled": true, "rules": {"field": {"dn": "CN=nobody"}}}`))
			}
		}},
		{name: "the server has our pair", mode: "pki", code: d.CertificateFiles, says: "the server has the same key", by: func(h *house) {
			pair := h.ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true, ServerAuth: true, SANs: []string{"127.0.0.1"}})
			h.renode(func() { h.node.CertPEM, h.node.KeyPEM = pair.Cert, pair.Key })
			h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
			h.mount()
		}},
	}
}

func brokenClusters() []broken {
	return []broken{
		{name: "pods from before", code: d.PodsCurrent, warn: true, says: "may have an older token", by: func(h *house) { h.api.Workloads.Age() }},
		{name: "an upgrade without the post-renderer", code: d.PostRenderer, says: "without the post-renderer", by: func(h *house) { h.api.Workloads.Unpatch() }},
		{name: "a hook left something", code: d.HookLeftovers, warn: true, says: "role/pre-install-kibana", by: func(h *house) { h.api.Workloads.Leave("/roles/pre-install-kibana") }},
		{name: "a release left something", code: d.ReleaseLeftovers, warn: true, says: "gone (old): configmap/old-elk-mtls-curl", by: func(h *house) { h.api.Workloads.Stray("configmaps", "old-elk-mtls-curl") }},
		{name: "the Role lacks patch", code: d.Kubernetes, says: "may not patch Secret", by: func(h *house) { h.api.Forbid("patch", "secrets") }},
		{name: "the init container is gone", says: "has no init container", by: func(h *house) { h.api.Workloads.Bare() }},
		{name: "arguments of another version", says: "unknown flag: --of-tomorrow", by: func(h *house) { h.flags["of-tomorrow"] = "x"; h.mount() }},
		{name: "no such workload", says: "is not there", by: func(h *house) { h.name = "deployment/kibbana" }},
		{name: "workloads may not be read", says: "cannot get resource", by: func(h *house) { h.api.Forbid("get", "deployments") }},
		{name: "a Secret that the pod mounts is gone", says: "secrets \"files\"", by: func(h *house) { h.api.Workloads.Unmount("files", "") }},
		{name: "a Secret that the pod mounts lacks a key", says: `has no key "tls.key"`, by: func(h *house) {
			h.api.Workloads.Unmount("files", "tls.key")
			delete(h.files, "tls.key")
		}},
		{name: "the API server does not know us", says: "(401)", by: func(h *house) { h.api.Deny(401) }},
		{name: "the API server cannot be reached", says: "cannot be reached", by: func(h *house) {
			h.write("kubeconfig", []byte(strings.Replace(kubeconfigText, "%q", "http://127.0.0.1:1", 1)))
		}},
	}
}
