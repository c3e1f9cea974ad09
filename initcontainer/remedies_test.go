package initcontainer

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// broken is a house in which one thing is wrong, and what doctor must name.
type broken struct {
	name string
	mode string // cert-token if empty
	code diagnosis.Code
	warn bool // ‼, no ✗
	says string
	by   func(*house)
}

// Each cause is named, and each remedy, done as it is printed and nothing else, mends the house. A remedy is one or several
// of the phrases that this test knows: "a, then b" is both, "a; or b" is a choice, and every choice is tried.
func TestEveryRemedyMends(t *testing.T) {
	var tried atomic.Int32
	t.Cleanup(func() { t.Logf("%d broken set-ups, %d ways to mend them", len(brokenHouses()), tried.Load()) })
	for _, b := range brokenHouses() {
		if b.mode == "" {
			b.mode = "cert-token"
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for choice, choices := 0, 1; choice < choices; choice++ {
				h := newHouse(t, b.mode)
				b.by(h)
				remedy, text := b.named(t, h.doctor())
				ways := strings.Split(remedy, "; or ")
				choices = len(ways)
				tried.Add(1)
				b.mend(t, h, ways[choice], text)
			}
		})
	}
	if len(brokenHouses()) < 30 {
		t.Error("fewer than 30 set-ups")
	}
}

// named holds that the finding is there, and returns its remedy.
func (b broken) named(t *testing.T, f found) (remedy, text string) {
	t.Helper()
	if b.code == "" {
		if f.code == 0 || f.hint == "" || !strings.Contains(f.text, b.says) {
			t.Fatalf("exit %d, want %q:\n%s", f.code, b.says, f.text)
		}
		return f.hint, f.text
	}
	level, code := diagnosis.Problem, 1
	if b.warn {
		level, code = diagnosis.Warning, 0
	}
	one := f.of(b.code)
	if one.Level != level || f.code != code || !strings.Contains(one.Text, b.says) || one.Remedy == "" {
		t.Fatalf("exit %d, %s is %q %q with the remedy %q, want %q: %q\n%s", f.code, b.code, one.Level, one.Text, one.Remedy, b.says, f.ill(), f.hint)
	}
	return one.Remedy, one.Text
}

// mend does what a remedy says, and looks whether that helped. What was behind it comes to light by that, and has a remedy of
// its own: tokens that nobody had recorded are tokens from before, once they are.
func (b broken) mend(t *testing.T, h *house, way, text string) {
	t.Helper()
	if !b.follow(t, h, way, text) {
		return
	}
	after := h.doctor()
	if next := after.of(b.code); b.warn && next.Level == diagnosis.Warning && next.Text != text {
		b.follow(t, h, next.Remedy, next.Text)
		after = h.doctor()
	}
	if after.code != 0 || len(after.ill()) > 0 || b.warn && after.of(b.code).Level == diagnosis.Warning {
		t.Errorf("after %q: exit %d, %q\n%s", way, after.code, after.ill(), after.hint)
	}
}

// follow does what a remedy says; false: there is nothing to do here.
func (b broken) follow(t *testing.T, h *house, way, text string) bool {
	t.Helper()
	for step := range strings.SplitSeq(way, ", then ") {
		step = strings.TrimPrefix(step, ", ")
		done := false
		for _, p := range phrases {
			if m := regexp.MustCompile(`^` + p.text).FindStringSubmatch(step); m != nil {
				if p.do == nil {
					return false
				}
				p.do(h, append(m, text))
				done = true
				break
			}
		}
		if !done {
			t.Fatalf("nobody knows how to do %q", step)
		}
	}
	return true
}

// phrases are what a person does at the words of a remedy. The last element of m is the text of the finding.
var phrases = []struct {
	text string
	do   func(h *house, m []string)
}{
	// Kubernetes.
	{`kubectl rollout restart -n elk deployment/kibana(:|,|$)`, func(h *house, _ []string) { h.restart() }},
	{`restart Kibana`, func(h *house, _ []string) { h.restart() }},
	{`run the same helm upgrade with --post-renderer again`, func(h *house, _ []string) { h.upgrade() }},
	{`delete this one, kubectl delete -n elk secret/` + houseSecret + `$`, func(h *house, _ []string) { h.api.Delete() }},
	{`kubectl delete -n elk (\w+)/(\S+)$`, func(h *house, m []string) { h.api.Workloads.Remove("/" + m[1] + "s/" + m[2]) }},
	{`if nobody needs the value, take it out: kubectl patch secret -n elk (\S+) --type=json -p '\[\{"op": "remove", "path": "/data/(\S+)"\}\]'$`, func(h *house, m []string) {
		h.api.Change(func(s *corev1.Secret) { delete(s.Data, m[2]) })
	}},
	{`name the right Secret, and the right --secret-key`, func(h *house, _ []string) { h.flags["secret-key"] = "of-kibana"; h.upgrade() }},
	{`log in to the cluster again`, func(h *house, _ []string) { h.api.Allow() }},
	{`in a pod, make its ServiceAccount again`, func(h *house, _ []string) { h.api.Allow() }},
	{`let this pod reach the API server`, func(h *house, _ []string) {
		h.write("kubeconfig", []byte(strings.Replace(kubeconfigText, "%q", h.api.URL, 1)))
	}},
	{`get the right to get (these Secrets|deployments)`, func(h *house, _ []string) { h.api.Allow(); h.mount() }},
	{`give the files by their flags`, func(h *house, _ []string) {
		h.extra = h.arguments()
	}},
	{`give the flags of ensure, without a workload`, func(h *house, _ []string) {
		h.name = ""
		h.extra = append(h.arguments(), "--elasticsearch-url="+h.elasticsearch())
	}},
	{`(add the key|name another one in the configuration|make it, the pod cannot start without it|correct its name in the configuration)$`, func(h *house, _ []string) {
		if h.files["tls.key"] == nil {
			pair := h.client()
			h.files["tls.crt"], h.files["tls.key"], h.flags["key"] = pair.Cert, pair.Key, "tls.key"
		}
		h.upgrade()
	}},
	{`give kind and name as kubectl get prints them`, func(h *house, _ []string) { h.name = "deployment/kibana" }},
	{`use the elk-mtls-init of the image of that pod`, func(h *house, _ []string) { delete(h.flags, "of-tomorrow"); h.mount() }},

	// Our own commands.
	{`(elk-mtls-init (?:rotate|revoke) [^,]+), which deletes them`, func(h *house, m []string) { h.command(m[1]) }},
	{`wait, if it is new`, func(h *house, _ []string) { h.ensure("--pod-uid=of-the-claim") }},

	// The way to Elasticsearch.
	{`start Elasticsearch|let this pod reach it, by network policies`, func(h *house, _ []string) { delete(h.flags, "elasticsearch-url"); h.mount(); h.start() }},
	{`correct --elasticsearch-url|set --elasticsearch-url to Elasticsearch itself`, func(h *house, _ []string) {
		h.renode(func() { h.node.Impostor = false })
		delete(h.flags, "elasticsearch-url")
		h.upgrade()
	}},
	{`fix the proxy in between`, func(h *house, _ []string) { h.es.Heal() }},
	{`fix Elasticsearch|wait|give it more$`, func(h *house, _ []string) { h.es.Heal(); h.es.SetHealth("green") }},
	{`set xpack.security.http.ssl.enabled: true in Elasticsearch`, func(h *house, _ []string) { h.renode(func() { h.node.PlainHTTP = false }) }},
	{`use a name that is in the server's certificate`, func(h *house, m []string) {
		name := regexp.MustCompile(`is for \[([^],]+)`).FindStringSubmatch(m[len(m)-1])
		h.flags["elasticsearch-url"] = h.address(name[1])
		h.upgrade()
	}},
	{`--verification-mode certificate`, func(h *house, _ []string) { h.flags["verification-mode"] = "certificate"; h.upgrade() }},
	{`give the certificate the name that is called, and use --verification-mode full`, func(h *house, _ []string) {
		h.renode(func() { h.server.SANs = []string{"127.0.0.1"}; h.renew() })
		h.flags["verification-mode"] = "full"
		h.upgrade()
	}},
	{`once every client has a certificate, set clientAuthentication to required`, func(h *house, _ []string) { h.renode(func() { h.node.ClientAuthentication = "required" }) }},

	// Certificates.
	{`put the CA (that signed it|of Elasticsearch's HTTP certificate) into the file of --ca`, func(h *house, _ []string) {
		h.files["ca.crt"] = append(h.not.Cert, h.ca.Cert...)
		h.mount()
	}},
	{`set --cert and --key to a key pair|issue (?:a new certificate|one with the extended key usage client auth)|renew it`, func(h *house, _ []string) {
		pair := h.client()
		h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
		h.flags["cert"], h.flags["key"] = "tls.crt", "tls.key"
		if h.flags["mode"] == "token" {
			h.flags["mode"] = "cert-token"
		}
		h.upgrade()
	}},
	{`add its CA there`, func(h *house, _ []string) {
		h.renode(func() { h.node.ClientCAPEM = append(h.node.ClientCAPEM, h.not.Cert...) })
	}},
	{`renew the (?:server's certificate|certificate of Elasticsearch)`, func(h *house, _ []string) {
		h.renode(func() { h.server.NotBefore, h.server.NotAfter = time.Time{}, time.Time{}; h.renew() })
	}},
	{`correct the clock of this (?:node|machine)`, nil}, // it is right
	{`make a new CA in time, and list the old and the new one everywhere until all certificates are issued by the new one`, func(h *house, _ []string) {
		old := h.ca
		h.ca = pki.NewCA("the next CA")
		h.files["ca.crt"] = append(old.Cert, h.ca.Cert...)
		pair := h.client()
		h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
		h.renode(func() { h.node.ClientCAPEM = h.files["ca.crt"]; h.renew() })
		h.upgrade()
	}},
	{`give Kibana (?:its own key pair|a certificate with (?:a CN|another subject))`, func(h *house, _ []string) {
		pair := h.client()
		h.files["tls.crt"], h.files["tls.key"] = pair.Cert, pair.Key
		h.upgrade()
	}},

	// Users, roles, licence.
	{`put the right password into the Secret behind --password-file`, func(h *house, _ []string) { h.files["password"] = []byte(testPassword); h.mount() }},
	{`give (?:it|the minting user|the user of --username-file) the cluster privileges? ([a-z_ ]+)`, func(h *house, m []string) {
		h.user(func(u *standin.User) {
			u.Mint = u.Mint || strings.Contains(m[1], "manage_service_account")
			u.Monitor = u.Monitor || strings.Contains(m[1], "monitor")
			u.ManageSecurity = u.ManageSecurity || strings.Contains(m[1], "manage_security")
		})
	}},
	{`make a user for this: https://\S+SECURITY.md#least-privilege`, func(h *house, _ []string) {
		least := standin.User{Password: testPassword, Monitor: true, Mint: h.flags["secret"] != "", ManageSecurity: h.flags["secret"] == ""}
		h.renode(func() { h.node.Users["least"] = least })
		h.files["username"] = []byte("least")
		h.mount()
	}},
	{`set it in Elasticsearch, POST /_security/user/(\w+)/_password`, func(h *house, m []string) {
		h.renode(func() { h.node.Users[m[1]] = standin.User{Password: string(h.files["kibana-password"])} })
	}},
	{`give --set-password and a user with manage_security`, func(h *house, _ []string) {
		h.renode(func() {
			h.node.Users["minter"] = standin.User{Password: testPassword, Monitor: true, ManageSecurity: true}
		})
		h.flags["set-password"] = "true"
		h.upgrade()
	}},
	{`set --role to one that Elasticsearch has: Kibana's own is (\w+)`, func(h *house, m []string) { h.flags["role"] = m[1]; h.upgrade() }},
	{`choose another name with --role-mapping`, func(h *house, _ []string) { h.flags["role-mapping"] = "another"; h.upgrade() }},
	{`if nobody needs it, DELETE /_security/role_mapping/(\S+)`, func(h *house, m []string) { h.es.Unmap(m[1]) }},
	{`set xpack.security.authc.realms.pki.<name>.order on every node`, func(h *house, _ []string) { h.renode(func() { h.node.PKIRealm = "pki1" }) }},
	{`set username_pattern in the realm`, func(h *house, _ []string) { h.renode(func() { h.node.PKIWithoutCN = true }) }},
	{`put it back by elk-mtls-init survey --restore|look at it, and at \S+, and take away what nobody needs`, func(h *house, _ []string) {
		h.renode(func() { h.node.Persistent = nil })
	}},
	{`renew the licence|get a licence`, func(h *house, _ []string) {
		h.renode(func() {
			h.node.LicenceEnds = time.Now().Add(300 * 24 * time.Hour)
			if h.node.Licence == "" {
				h.node.Licence = "platinum"
			}
		})
	}},
	{`use --mode cert-token`, func(h *house, _ []string) {
		h.flags["mode"], h.flags["secret"], h.flags["secret-key"] = "cert-token", houseSecret, "token"
		h.renode(func() { h.node.Users["minter"] = standin.User{Password: testPassword, Monitor: true, Mint: true} })
		h.upgrade()
	}},
	{`set elasticsearch.ssl.alwaysPresentCertificate to false in Kibana`, func(h *house, _ []string) {
		h.api.Workloads.Setenv("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", "false")
		h.restart()
	}},
	{`switch the realm off, xpack.security.authc.realms.pki.<name>.enabled: false`, func(h *house, _ []string) { h.renode(func() { h.node.PKIRealm = "" }) }},
	{`take xpack.security.authc.anonymous out of elasticsearch.yml`, func(h *house, _ []string) { h.renode(func() { h.node.Anonymous = false }) }},
	{`open it, as a user of a file realm: POST /.security-7/_open`, func(h *house, _ []string) { h.es.Heal() }},
}
