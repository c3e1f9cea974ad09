package initcontainer

import (
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// Between us and Elasticsearch: addresses, certificates, dates, somebody else.
func connectionFailures() []failing {
	files := func(flags map[string]string) func(*scene) {
		return func(s *scene) {
			for flag, name := range flags {
				s.set(flag, s.path(name))
			}
		}
	}
	return []failing{
		{name: "plain http is asked for", cause: failure.Usage, says: "plain http is refused", hint: "--help", arrange: func(s *scene) { s.set("elasticsearch-url", "http://es:9200") }},
		{name: "nobody answers", cause: failure.Unreachable, says: "connection refused", hint: "start Elasticsearch", arrange: func(s *scene) { s.set("elasticsearch-url", "https://127.0.0.1:1") }},
		{name: "the server speaks no TLS", cause: failure.NotElasticsearch, says: "does not speak TLS", hint: "xpack.security.http.ssl.enabled",
			node: func(o *standin.Options, _ *pki.Options) { o.PlainHTTP = true }},
		{name: "it is not Elasticsearch", cause: failure.NotElasticsearch, says: "is not Elasticsearch (no X-Elastic-Product header)", hint: "set --elasticsearch-url to Elasticsearch itself",
			node: func(o *standin.Options, _ *pki.Options) { o.Impostor = true }},
		{name: "another CA", cause: failure.WrongCA, says: "certificate signed by unknown authority", hint: "not signed by a CA in the file of --ca", arrange: files(map[string]string{"ca": "another-ca"})},
		{name: "another host name", cause: failure.HostName, says: "is for [es-master], not for 127.0.0.1", hint: "--verification-mode certificate",
			node: func(_ *standin.Options, server *pki.Options) { server.SANs = []string{"es-master"} }},
		{name: "no client certificate", cause: failure.ClientCertificate, says: "refuses the client certificate, or the lack of one", hint: "set --cert and --key to a key pair",
			arrange: func(s *scene) { s.set("cert", ""); s.set("key", "") }},
		{name: "a client certificate of another CA", cause: failure.ClientCertificate, says: "refuses the client certificate", hint: "certificate_authorities",
			arrange: files(map[string]string{"cert": "stranger.crt", "key": "stranger.key"})},
		{name: "the same with TLS 1.2", cause: failure.ClientCertificate, says: "refuses the client certificate", hint: "certificate_authorities",
			node:    func(o *standin.Options, _ *pki.Options) { o.MaxTLS = 0x0303 },
			arrange: files(map[string]string{"cert": "stranger.crt", "key": "stranger.key"})},
		{name: "a key of another certificate", cause: failure.ClientCertificate, says: "private key does not match public key", arrange: files(map[string]string{"key": "stranger.key"})},
		{name: "the own certificate is expired", cause: failure.Dates, says: `the certificate of "CN=old" is expired: valid from `, arrange: files(map[string]string{"cert": "old.crt", "key": "old.key"})},
		{name: "the own certificate is not yet valid", cause: failure.Dates, says: `the certificate of "CN=next" is not yet valid: valid from `, arrange: files(map[string]string{"cert": "next.crt", "key": "next.key"})},
		{name: "the server's certificate is expired", cause: failure.Dates, says: `the certificate of "CN=node" is valid from `, hint: "renew the server's certificate",
			node: func(_ *standin.Options, server *pki.Options) {
				server.NotBefore, server.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
			}},
	}
}

// What Elasticsearch answers.
func elasticsearchFailures() []failing {
	fails := func(f ...standin.Fault) func(*scene) { return func(s *scene) { s.es.Fail(f...) } }
	const create = "POST /_security"
	return []failing{
		{name: "a wrong password, or .security is not there", cause: failure.Unauthorized, says: "answers 401 security_exception: unable to authenticate user [minter]",
			hint: "or the index .security is not available", arrange: func(s *scene) { s.set("password-file", s.path("wrong")) }},
		{name: "everybody gets 401 for a while", cause: failure.Unauthorized, says: "answers 401", hint: "or the index .security is not available",
			arrange: fails(standin.Fault{On: "GET /_security", Status: 401, Reason: "error attempting to authenticate request"})},
		{name: "the user may not mint", cause: failure.Forbidden, says: "creating the service token: ", hint: "manage_service_account and monitor", claims: true,
			arrange: func(s *scene) { s.set("username-file", s.path("reader")) }},
		{name: "no master", cause: failure.Unavailable, says: "answers 503", hint: "it has no master", arrange: fails(standin.Fault{On: "GET /", Status: 503})},
		{name: "the health is red", cause: failure.Unavailable, says: "the cluster's health is red", hint: ".security may not be available yet", arrange: func(s *scene) { s.es.SetHealth("red") }},
		{name: "the primary shard of .security is down", cause: failure.Unavailable, says: "answers 503 unavailable_shards_exception", hint: "the index .security is not available", claims: true,
			arrange: fails(standin.Fault{On: create, Status: 503, Type: "unavailable_shards_exception"})},
		{name: ".security is closed", cause: failure.IndexClosed, says: "answers 400 index_closed_exception", hint: "open it", claims: true,
			arrange: fails(standin.Fault{On: create, Status: 400, Type: "index_closed_exception"})},
		{name: "the disks are full", cause: failure.Blocked, says: "answers 429 cluster_block_exception", hint: "disk", claims: true,
			arrange: fails(standin.Fault{On: create, Status: 429, Type: "cluster_block_exception"})},
		{name: "an index takes no writes", cause: failure.Blocked, says: "answers 403 cluster_block_exception", hint: "index.blocks", claims: true,
			arrange: fails(standin.Fault{On: create, Status: 403, Type: "cluster_block_exception"})},
		{name: "overloaded", cause: failure.Overloaded, says: "answers 429 es_rejected_execution_exception", hint: "overloaded", claims: true,
			arrange: fails(standin.Fault{On: "GET /_security", Status: 429, Type: "es_rejected_execution_exception"}, standin.Fault{On: create, Status: 429, Type: "es_rejected_execution_exception"})},
		{name: "a proxy that sends elsewhere", cause: failure.NotElasticsearch, says: "answers 307", hint: "set --elasticsearch-url to Elasticsearch itself", arrange: fails(standin.Fault{On: "GET /", Status: 307})},
		{name: "a proxy that knows no such page", cause: failure.NotElasticsearch, says: "answers 404", hint: "set --elasticsearch-url to Elasticsearch itself", arrange: fails(standin.Fault{On: "GET /", Status: 404})},
		{name: "a proxy that reaches nobody", cause: failure.Unavailable, says: "answers 502", hint: "set --elasticsearch-url to Elasticsearch itself", arrange: fails(standin.Fault{On: "GET /", Status: 502})},
		{name: "the token and the minter are refused", cause: failure.Unauthorized, says: "answers 401", hint: "the password of the user that creates tokens is wrong", arrange: func(s *scene) {
			s.hold()
			s.es.Revoke()
			s.set("password-file", s.path("wrong"))
		}},
		{name: "the token is refused, and the minter may not list", cause: failure.Forbidden, says: "answers 403", hint: "manage_service_account and monitor", arrange: func(s *scene) {
			s.hold()
			s.es.Revoke()
			s.set("username-file", s.path("reader"))
		}},
		{name: "the Secret holds something else", cause: failure.SecretForeign, says: `its key "token" contains something other than a service token`, hint: "the right --secret-key", arrange: func(s *scene) {
			s.api.Change(func(secret *corev1.Secret) {
				secret.Data, secret.Annotations = map[string][]byte{"token": []byte("-----BEGIN RSA PRIVATE KEY-----")}, nil
			})
		}},
		{name: "the name is taken", cause: failure.Other, says: "answers 409 version_conflict_engine_exception", hint: "each try takes a new name", claims: true,
			arrange: fails(standin.Fault{On: create, Status: 409, Type: "version_conflict_engine_exception"})},
		{name: "an account that this version does not have", cause: failure.Other, says: "answers 400 illegal_argument_exception", hint: "does this version of Elasticsearch have the service account elastic/nobody",
			claims: true, args: []string{"--account=elastic/nobody", "--secret=kibana-elk-mtls-token"}},
		{name: "the answer to the create is lost", cause: failure.Unreachable, says: "creating the service token: ", hint: "start Elasticsearch", claims: true,
			arrange: fails(standin.Fault{On: create, CutBefore: true})},
		{name: "a token is there, and cannot be verified", cause: failure.Unreachable, says: "the token in Secret elk/kibana-elk-mtls-token could not be verified", hint: "it has no master",
			args: []string{"--require-verified"}, arrange: func(s *scene) {
				s.hold()
				s.es.Fail(standin.Fault{On: "GET /", Status: 503})
			}},
		{name: "a token cannot be revoked", args: []string{"revoke"}, cause: failure.Unavailable, says: "waited " + failingTime + " for Elasticsearch", hint: "no master",
			arrange: fails(standin.Fault{On: "GET /", Status: 503})},
	}
}

// What the API server answers.
func kubernetesFailures() []failing {
	const what = "Secret elk/kibana-elk-mtls-token"
	deny := func(status int) func(*scene) { return func(s *scene) { s.api.Deny(status) } }
	return []failing{
		{name: "the ServiceAccount is not known", cause: failure.KubeForbidden, says: "does not accept the ServiceAccount's token (401)", hint: "is the ServiceAccount still there", arrange: deny(http.StatusUnauthorized)},
		{name: "the API server is ill", cause: failure.Other, says: what + ": get: the Kubernetes API server answers 500", arrange: deny(http.StatusInternalServerError)},
		{name: "the API server cannot be reached", cause: failure.Other, says: what + ": the Kubernetes API server cannot be reached", hint: "network policies", arrange: func(s *scene) {
			s.set("kubeconfig", file(s.t, s.dir, "nowhere", []byte("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n")))
		}},
		{name: "the Secret is missing", cause: failure.SecretMissing, says: what + " is not there", hint: "run the same helm upgrade with --post-renderer again", arrange: func(s *scene) { s.api.Delete() }},
		{name: "the Secret is immutable", cause: failure.SecretImmutable, says: what + " is immutable", hint: "delete this one", arrange: func(s *scene) {
			s.api.Change(func(secret *corev1.Secret) { secret.Immutable = new(true) })
		}},
		{name: "there is no cluster", cause: failure.Usage, says: "not in a pod, and no --kubeconfig", hint: "--secret-out FILE", arrange: func(s *scene) { s.set("kubeconfig", "") }},
	}
}

// The modes without a token.
func modeFailures() []failing {
	licensed := func(o *standin.Options, _ *pki.Options) { o.Licence, o.PKIRealm = "trial", "pki1" }
	admin := func(o *standin.Options, server *pki.Options) {
		licensed(o, server)
		o.Users["minter"] = standin.User{Password: testPassword, Monitor: true, ManageSecurity: true}
	}
	noSecret := func(more ...string) func(*scene) {
		return func(s *scene) {
			for _, flag := range []string{"secret", "namespace", "kubeconfig"} {
				s.set(flag, "")
			}
			for i := 0; i < len(more); i += 2 {
				s.set(more[i], s.path(more[i+1]))
			}
		}
	}
	pkiMode, password := []string{"--mode=pki"}, []string{"--mode=cert-password", "--set-password"}
	return []failing{
		{name: "PKI on Basic", args: pkiMode, cause: failure.Licence, says: `the licence is "basic", which has no PKI realms`, hint: "use --mode cert-token, which works with this licence", arrange: noSecret()},
		{name: "PKI on a trial that is over", args: pkiMode, cause: failure.Licence, says: `the licence "trial" is expired`, hint: "--mode cert-token", arrange: noSecret(),
			node: func(o *standin.Options, _ *pki.Options) {
				o.Licence, o.LicenceEnds = "trial", time.Now().Add(-time.Hour)
			}},
		{name: "no PKI realm", args: pkiMode, cause: failure.Unauthorized, says: "logging in by the certificate alone", hint: "no PKI realm takes this certificate", arrange: noSecret(),
			node: func(o *standin.Options, _ *pki.Options) { o.Licence = "gold" }},
		{name: "PKI without manage_security", args: pkiMode, cause: failure.Forbidden, says: "reading the role mapping elk-mtls_", hint: "manage_security", arrange: noSecret(), node: licensed},
		{name: "PKI with the server's own key", args: pkiMode, cause: failure.ClientCertificate, says: "the server has the same key as our own certificate", hint: "give Kibana its own key pair", arrange: noSecret(),
			node: func(o *standin.Options, server *pki.Options) { licensed(o, server); server.CN = "kibana" }},
		{name: "PKI with a certificate that has no CN", args: pkiMode, cause: failure.Unauthorized, says: `the certificate of "O=lab" has no CN`, hint: "username_pattern", node: admin,
			arrange: func(s *scene) { noSecret()(s); s.set("cert", s.path("nocn.crt")); s.set("key", s.path("nocn.key")) }},
		{name: "PKI with a role that does not exist", args: []string{"--mode=pki", "--role=kibana_sys"}, cause: failure.NoRole, says: `the role "kibana_sys" does not exist`,
			hint: "set --role to one", node: admin, arrange: noSecret(), writes: true},
		{name: "PKI with the mapping of another Kibana", args: []string{"--mode=pki", "--role-mapping=shared"}, cause: failure.Usage, hint: "another name with --role-mapping",
			says: `role mapping "shared": it is that of another certificate, "CN=reports"`, node: admin, arrange: func(s *scene) {
				noSecret()(s)
				must(s.t, s.es.Map("shared", `{"roles": ["kibana_system"], "enabled": true, "metadata": {"managed_by": "elk-mtls", "elk_mtls_subject": "CN=reports", "elk_mtls_realm": "pki1"},
					"rules": {"all": [{"field": {"realm.name": "pki1"}}, {"field": {"dn": "CN=reports"}}, {"field": {"metadata.pki_dn": "CN=reports"}}]}}`))
			}},
		{name: "a password that does not work", args: password[:1], cause: failure.Unauthorized, says: "logging in as kibana_system: ", hint: "--set-password",
			arrange: noSecret("kibana-password-file", "kibana-password", "username-file", "", "password-file", "")},
		{name: "a password without the right to set it", args: password, cause: failure.Forbidden, says: "setting the password: ", hint: "manage_security",
			arrange: noSecret("kibana-password-file", "kibana-password")},
		{name: "a password that is too short", args: password, cause: failure.Usage, says: "passwords of at least 6 characters", hint: "--help", arrange: func(s *scene) {
			noSecret()(s)
			s.set("kibana-password-file", file(s.t, s.dir, "short", []byte("12345")))
		}},
	}
}
