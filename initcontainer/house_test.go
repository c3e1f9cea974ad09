package initcontainer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// house is a whole installation, as a release leaves it: Elasticsearch, a Deployment whose init container has arguments and
// files out of Secrets, its token. A test breaks something, and mends it by what doctor prints.
type house struct {
	t       *testing.T
	dir     string
	ca, not *pki.CA // the one that everybody trusts, and another one
	node    standin.Options
	server  pki.Options // its certificate
	es      *standin.Server
	api     *kubefake.Server
	flags   map[string]string // of the init container
	files   map[string][]byte // of the Secret that it mounts
	extra   []string          // that are given to doctor besides
	name    string            // of the workload, as it is given to doctor
}

const houseSecret = "kibana-elk-mtls-token"

// newHouse is one where all is well.
func newHouse(t *testing.T, mode string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), ca: pki.NewCA("test CA"), not: pki.NewCA("another CA"), name: "deployment/kibana"}
	h.server = pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true}
	h.node = standin.Options{ClientCAPEM: h.ca.Cert, ClientAuthentication: "required", Users: map[string]standin.User{
		"minter":        {Password: testPassword, Mint: true, Monitor: true},
		"kibana_system": {Password: kibanaPassword, Roles: []string{"kibana_system"}},
	}}
	client := h.client()
	h.files = map[string][]byte{
		"ca.crt": h.ca.Cert, "tls.crt": client.Cert, "tls.key": client.Key, "username": []byte("minter"), "password": []byte(testPassword),
		"kibana-password": []byte(kibanaPassword),
	}
	h.flags = map[string]string{"mode": mode, "ca": "ca.crt", "cert": "tls.crt", "key": "tls.key", "username-file": "username", "password-file": "password"}
	switch mode {
	case "cert-token":
		h.flags["secret"], h.flags["secret-key"] = houseSecret, "token"
	case "cert-password":
		h.flags["kibana-password-file"] = "kibana-password"
	case "pki":
		h.node.Licence, h.node.PKIRealm = "trial", "pki1"
		h.node.Users["minter"] = standin.User{Password: testPassword, Monitor: true, ManageSecurity: true}
	}
	h.api = kubefake.Start("elk", houseSecret)
	t.Cleanup(h.api.Close)
	h.api.Workloads.Deploy("kibana", 2, "")
	h.api.Workloads.Patch()
	h.api.Workloads.Setenv("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", "false")
	file(t, h.dir, "kubeconfig", []byte(strings.Replace(kubeconfigText, "%q", h.api.URL, 1)))
	h.start()
	t.Cleanup(func() { _ = h.es.Close() })
	h.upgrade()
	return h
}

func (h *house) client() pki.Pair { return h.ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true}) }

// start starts the node, again at the same address and with what it had.
func (h *house) start() {
	h.t.Helper()
	if h.es != nil {
		_ = h.es.Close()
		address, err := url.Parse(h.es.URL)
		must(h.t, err)
		h.node.Address, h.node.Was = address.Host, h.es
	}
	if h.node.CertPEM == nil {
		h.renew()
	}
	es, err := standin.Start(h.node)
	must(h.t, err)
	h.es = es
}

// renew gives the node a certificate.
func (h *house) renew() {
	pair := h.ca.Leaf(h.server)
	h.node.CertPEM, h.node.KeyPEM = pair.Cert, pair.Key
}

// renode changes the node.
func (h *house) renode(change func()) {
	h.t.Helper()
	change()
	h.start()
}

// address is where the node is called, by a name that its certificate has.
func (h *house) address(host string) string {
	at, err := url.Parse(h.es.URL)
	must(h.t, err)
	return "https://" + net.JoinHostPort(host, at.Port())
}

// user changes the user of --username-file.
func (h *house) user(change func(*standin.User)) {
	h.t.Helper()
	h.renode(func() {
		u := h.node.Users[string(h.files["username"])]
		change(&u)
		h.node.Users[string(h.files["username"])] = u
	})
}

// mount lets the pod have the files and arguments as they are now.
func (h *house) mount() {
	args := []string{"ensure", "--timeout=5m", "--elasticsearch-url=" + h.elasticsearch()}
	for _, flag := range slices.Sorted(maps.Keys(h.flags)) {
		switch value := h.flags[flag]; {
		case flag == "elasticsearch-url" || value == "":
		case value == "true":
			args = append(args, "--"+flag)
		case h.files[value] != nil:
			args = append(args, "--"+flag+"=/etc/files/"+value)
		default:
			args = append(args, "--"+flag+"="+value)
		}
	}
	h.api.Workloads.Mount(args, map[string]map[string][]byte{"files": h.files})
}

func (h *house) elasticsearch() string {
	if given := h.flags["elasticsearch-url"]; given != "" {
		return given
	}
	return h.address("127.0.0.1")
}

// upgrade is a helm upgrade with the post-renderer: everything that the release brings is there, and pods whose arguments
// changed are made anew.
func (h *house) upgrade() {
	h.t.Helper()
	if h.api.Secret() == nil {
		h.api.Render("elk", houseSecret)
	}
	h.api.Workloads.Patch()
	h.api.Allow()
	h.mount()
	h.restart()
}

// restart makes all pods anew: the init container runs, and Kibana starts only where it ends well.
func (h *house) restart() {
	h.t.Helper()
	h.ensure("--pod-uid=new")
	h.api.Workloads.Restart()
}

func (h *house) ensure(more ...string) {
	h.t.Helper()
	line := []string{"ensure", "--timeout=1m", "--settle=0s", "--elasticsearch-url=" + h.elasticsearch()}
	if h.flags["secret"] != "" {
		line = append(line, "--namespace=elk", "--kubeconfig="+filepath.Join(h.dir, "kubeconfig"))
	}
	var log bytes.Buffer
	if code := run(slices.Concat(line, h.arguments(), more), nil, &log, &log); code != 0 {
		h.t.Fatalf("the init container exits %d:\n%s", code, log.String())
	}
}

// arguments are the flags, with files of this machine.
func (h *house) arguments() (all []string) {
	for _, flag := range slices.Sorted(maps.Keys(h.flags)) {
		value := h.flags[flag]
		if text := h.files[value]; text != nil {
			value = file(h.t, h.dir, value, text)
		}
		if flag != "elasticsearch-url" && value != "" {
			all = append(all, "--"+flag+"="+value)
		}
	}
	return all
}

// command runs one of our commands as doctor printed it.
func (h *house) command(line string) {
	h.t.Helper()
	args := append(strings.Fields(line)[1:], "--kubeconfig="+filepath.Join(h.dir, "kubeconfig"))
	if args[0] == "rotate" {
		args = append(args, "--kubelet-pause=0s")
	}
	var log bytes.Buffer
	if code := run(args, nil, &log, &log); code != 0 {
		h.t.Fatalf("%s exits %d:\n%s", line, code, log.String())
	}
}

// found is what doctor says.
type found struct {
	code     int
	text     string // all of it
	findings []diagnosis.Finding
	hint     string // of an error before it could look
}

func (h *house) doctor() found {
	h.t.Helper()
	var out, log bytes.Buffer
	args := append([]string{"doctor", "-n", "elk", "-o", "json", "--kubeconfig=" + filepath.Join(h.dir, "kubeconfig")}, h.extra...)
	if h.name != "" {
		args = append(args, h.name)
	}
	f := found{code: run(args, nil, &out, &log), text: out.String() + log.String()}
	if out.Len() == 0 {
		_, f.hint, _ = strings.Cut(strings.TrimSpace(log.String()), "elk-mtls-init: hint: ")
		return f
	}
	var report struct{ Findings []diagnosis.Finding }
	must(h.t, json.Unmarshal(out.Bytes(), &report))
	f.findings = report.Findings
	return f
}

func (f found) of(code diagnosis.Code) diagnosis.Finding {
	i := slices.IndexFunc(f.findings, func(one diagnosis.Finding) bool { return one.Code == code })
	if i < 0 {
		return diagnosis.Finding{}
	}
	return f.findings[i]
}

// ill lists what is not well.
func (f found) ill() (all []string) {
	for _, one := range f.findings {
		if one.Level == diagnosis.Problem {
			all = append(all, fmt.Sprintf("%s: %s", one.Code, one.Text))
		}
	}
	return all
}

// Where all is well there is no ✗, the exit code is 0, and one line says what was not looked at, and the right that it needs.
func TestAHealthyHouse(t *testing.T) {
	for _, mode := range []string{"cert-token", "cert-password", "pki"} {
		t.Run(mode, func(t *testing.T) {
			h := newHouse(t, mode)
			h.api.Forbid("list", "pods")
			h.api.Forbid("get", "configmaps")
			var out, log bytes.Buffer
			code := run([]string{"doctor", "-n", "elk", h.name, "--kubeconfig=" + filepath.Join(h.dir, "kubeconfig")}, nil, &out, &log)
			if code != 0 || strings.ContainsAny(out.String(), "✗‼→") || log.Len() > 0 {
				t.Errorf("exit %d\n%s%s", code, out.String(), log.String())
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			last, want := lines[len(lines)-1], "hook-leftovers (needs get on jobs, roles, rolebindings, serviceaccounts and configmaps)"
			if mode == "cert-token" {
				want = "pods-current (needs list on pods); " + want
			}
			if !strings.HasPrefix(last, "not looked at: ") || !strings.Contains(last, want) || strings.Count(out.String(), "not looked at") != 1 {
				t.Errorf("want %q in\n%s", want, last)
			}
		})
	}
}

// records writes annotations of ours.
func (h *house) records(change func(name string, annotations map[string]string)) {
	h.api.Change(func(s *corev1.Secret) { change(s.Annotations["elk-mtls.dev/token-name"], s.Annotations) })
}

// mint makes a token for the Secret behind its back.
func (h *house) mint(account, ending string) (name, value string) {
	name = "elk-mtls_elk_" + houseSecret + "_" + strings.ReplaceAll(string(h.api.Secret().UID), "-", "")[:8] + "_" + ending
	return name, h.es.Mint(account, name)
}

func (h *house) put(value string) {
	h.api.Change(func(s *corev1.Secret) { s.Data = map[string][]byte{"token": []byte(value)} })
}

func (h *house) write(name string, text []byte) {
	must(h.t, os.WriteFile(filepath.Join(h.dir, name), text, 0o600))
}
