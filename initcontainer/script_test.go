package initcontainer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

func TestMain(m *testing.M) {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	testscript.Main(m, map[string]func(){"elk-mtls-init": func() { os.Exit(Main()) }})
}

// stage is what one script plays on.
type stage struct {
	es   *standin.Server
	api  *kubefake.Server
	ca   *pki.CA
	seen map[string]bool // every token value that there was
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"elasticsearch": startElasticsearch,
			"fault":         fault,
			"heal":          heal,
			"called":        called,
			"tokens-become": tokensBecome,
			"tokens":        countTokens,
			"kubernetes":    kubernetesFake,
			"exits":         exits,
			"nosecrets":     noSecrets,
			"map":           mapRole,
		},
	})
}

// setup gives each script its own certificates and settings.
func setup(env *testscript.Env) error {
	st := &stage{ca: pki.NewCA("test CA"), seen: map[string]bool{}}
	env.Values["stage"] = st
	day := 24 * time.Hour
	past, future := pki.Options{CN: "kibana-old", ClientAuth: true}, pki.Options{CN: "kibana-next", ClientAuth: true}
	ending := pki.Options{CN: "kibana-ending", ClientAuth: true, NotAfter: time.Now().Add(30*day + time.Hour)}
	ending.NotBefore = time.Now().Add(-335 * day)
	past.NotBefore, past.NotAfter = time.Now().Add(-9*day), time.Now().Add(-day)
	future.NotBefore, future.NotAfter = time.Now().Add(day), time.Now().Add(9*day)
	stranger := pki.NewCA("another CA")
	pairs := map[string]pki.Pair{
		"tls": st.ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true, NotAfter: time.Now().Add(365 * day)}), "old": st.ca.Leaf(past), "next": st.ca.Leaf(future),
		"star":   st.ca.Leaf(pki.Options{CN: "kib*", ClientAuth: true}),
		"quoted": st.ca.Leaf(pki.Options{CN: `"kibana"`, ClientAuth: true}),
		"ending": st.ca.Leaf(ending), "server": st.ca.Leaf(pki.Options{CN: "server", ServerAuth: true}),
		"stranger": stranger.Leaf(pki.Options{CN: "stranger", ClientAuth: true}),
	}
	files := map[string][]byte{
		"ca.crt": st.ca.Cert, "another-ca.crt": stranger.Cert, "bundle.crt": append(stranger.Cert, st.ca.Cert...),
		"username": []byte("minter\n"), "password": []byte(testPassword + "\n"), "wrong-password": []byte("open sesame\n"),
		"nobody": []byte("nobody"), "kibana-user": []byte("kibana_system\n"), "kibana-password": []byte(kibanaPassword),
		"short": []byte("12345"), "elastic": []byte("elastic"), "admin": []byte("admin"),
	}
	for name, pair := range pairs {
		files[name+".crt"], files[name+".key"] = pair.Cert, pair.Key
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), text, 0o600); err != nil {
			return err
		}
	}
	env.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // must not be used
	for flag, value := range map[string]string{
		"CA": "ca.crt", "CERT": "tls.crt", "KEY": "tls.key", "USERNAME_FILE": "username", "PASSWORD_FILE": "password",
		"TIMEOUT": "2s", "TERMINATION_LOG": "termination-log",
	} {
		env.Setenv("ELK_MTLS_INIT_"+flag, value)
	}
	env.Defer(func() {
		if st.api != nil {
			st.api.Close()
		}
		if st.es != nil {
			_ = st.es.Close()
		}
	})
	return nil
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value("stage").(*stage) }

// startElasticsearch starts the stand-in: elasticsearch [required|optional|none] [plain] [tls1.2] [old] [name=HOST] [red]
// [without=mint|monitor] [licence=TYPE] [ends=DURATION] [realm=NAME] [shared]
func startElasticsearch(ts *testscript.TestScript, _ bool, args []string) {
	st := stageOf(ts)
	server := pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true, ClientAuth: true}
	minter := standin.User{Password: testPassword, Mint: true, Monitor: true}
	o := standin.Options{ClientCAPEM: st.ca.Cert, ClientAuthentication: "required"}
	health, shared := "green", false
	for _, arg := range args {
		word, value, _ := strings.Cut(arg, "=")
		switch word {
		case "required", "optional", "none":
			o.ClientAuthentication = word
		case "plain":
			o.PlainHTTP = true
		case "tls1.2":
			o.MaxTLS = 0x0303
		case "old":
			server.NotBefore, server.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		case "name":
			server.SANs = []string{value}
		case "red":
			health = "red"
		case "licence":
			o.Licence = value
		case "ends":
			in, err := time.ParseDuration(value)
			ts.Check(err)
			o.LicenceEnds = time.Now().Add(in)
		case "realm":
			o.PKIRealm = value
		case "shared":
			shared = true
		case "without":
			minter.Mint, minter.Monitor = value != "mint", value != "monitor"
		default:
			ts.Fatalf("elasticsearch: %q?", arg)
		}
	}
	pair := st.ca.Leaf(server)
	if shared {
		for _, name := range []string{"tls.crt", "tls.key"} {
			ts.Check(os.WriteFile(ts.MkAbs(name), map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key}[name], 0o600))
		}
	}
	o.CertPEM, o.KeyPEM, o.Users = pair.Cert, pair.Key, map[string]standin.User{
		"minter": minter, "kibana_system": {Password: "as the cluster made it", Roles: []string{"kibana_system"}},
		"admin": {Password: testPassword, Monitor: true, ManageSecurity: true},
	}
	if st.es != nil {
		ts.Check(st.es.Close())
	}
	es, err := standin.Start(o)
	ts.Check(err)
	es.SetHealth(health)
	st.es = es
	ts.Setenv("ELK_MTLS_INIT_ELASTICSEARCH_URL", strings.Replace(es.URL, "http://", "https://", 1))
}

// fault makes calls fail: fault 'POST /_security' status=503|cut=before|cut=after|cut=never [times=N] [reason=TEXT]
func fault(ts *testscript.TestScript, _ bool, args []string) {
	f := standin.Fault{On: args[0]}
	for _, arg := range args[1:] {
		word, value, _ := strings.Cut(arg, "=")
		var err error
		switch word {
		case "status":
			f.Status, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "reason":
			f.Reason = value
		case "cut":
			f.CutBefore, f.CutAfter, f.Hang = value == "before", value == "after", value == "never"
		default:
			err = fmt.Errorf("fault: %q?", arg)
		}
		ts.Check(err)
	}
	stageOf(ts).es.Fail(f)
}

func heal(ts *testscript.TestScript, _ bool, _ []string) { stageOf(ts).es.Heal() }

// called waits until a call was answered: called 'METHOD /path'; negated, it checks that none was.
func called(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		for _, c := range stageOf(ts).es.Calls() {
			if strings.HasPrefix(c.String(), args[0]) {
				ts.Fatalf("it sent %s", c)
			}
		}
		return
	}
	until(ts, "call "+args[0], func() bool {
		return slices.ContainsFunc(stageOf(ts).es.Calls(), func(c standin.Call) bool { return strings.HasPrefix(c.String(), args[0]) })
	})
}

// mapRole makes a role mapping by hand, or deletes it: map NAME [BODY]
func mapRole(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 1 {
		stageOf(ts).es.Unmap(args[0])
		return
	}
	ts.Check(stageOf(ts).es.Map(args[0], args[1]))
}

// tokensBecome waits until there are so many tokens: tokens-become N
func tokensBecome(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, args[0]+" tokens", func() bool { return strconv.Itoa(len(stageOf(ts).es.Tokens())) == args[0] })
}

// until waits for another process, which can only be watched.
func until(ts *testscript.TestScript, what string, done func() bool) {
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s: never came", what)
}

// countTokens checks how many tokens there are: tokens N
func countTokens(ts *testscript.TestScript, _ bool, args []string) {
	if got := stageOf(ts).es.Tokens(); strconv.Itoa(len(got)) != args[0] {
		ts.Fatalf("there are %d tokens, not %s", len(got), args[0])
	}
}

const kibanaPassword = "swordfish and chips"

const kubeconfigText = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q}}]\n" +
	"contexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n"

// kubernetesFake starts the API server and says what happens to its Secret:
// kubernetes start | deny STATUS | tear | delete | render NAME | blank | immutable | wrote N | deploy NAME [FIELDS] | patched | aged |
// mount | unmount SECRET [KEY] | forbid VERB RESOURCE | environment NAME=VALUE | leave PATH | freeze yes|no | restarted N
func kubernetesFake(ts *testscript.TestScript, _ bool, args []string) {
	st := stageOf(ts)
	switch args[0] {
	case "start":
		st.api = kubefake.Start("elk", "kibana-elk-mtls-token")
		kubeconfig := fmt.Sprintf(kubeconfigText, st.api.URL)
		ts.Check(os.WriteFile(ts.MkAbs("kubeconfig"), []byte(kubeconfig), 0o600))
		ts.Setenv("NO_PROXY", "127.0.0.1") // for Kubernetes; Elasticsearch must not need it
		ts.Setenv("ELK_MTLS_INIT_KUBECONFIG", "kubeconfig")
		ts.Setenv("ELK_MTLS_INIT_NAMESPACE", "elk")
		ts.Setenv("ELK_MTLS_INIT_SECRET", "kibana-elk-mtls-token")
	case "deny":
		status, err := strconv.Atoi(args[1])
		ts.Check(err)
		st.api.Deny(status)
	case "delete":
		st.api.Delete()
	case "render":
		st.api.Render("elk", args[1])
	case "tear":
		st.api.Tear(true)
	case "immutable":
		yes := true
		st.api.Change(func(s *corev1.Secret) { s.Immutable = &yes })
	case "blank":
		st.api.Change(func(s *corev1.Secret) { s.Data, s.Annotations = nil, nil })
	case "aged":
		st.api.Workloads.Age()
	case "patched":
		st.api.Workloads.Patch()
	case "mount":
		st.mount(ts, args[1:])
	case "unmount":
		st.api.Workloads.Unmount(args[1], strings.Join(args[2:], ""))
	case "forbid":
		st.api.Forbid(args[1], args[2])
	case "environment":
		name, value, _ := strings.Cut(args[1], "=")
		st.api.Workloads.Setenv(name, value)
	case "leave":
		st.api.Workloads.Leave(args[1])
	case "deploy":
		st.api.Workloads.Deploy(args[1], 2, strings.Join(args[2:], ","))
	case "freeze":
		st.api.Workloads.Freeze(args[1] == "yes")
	case "restarted":
		if got := strconv.Itoa(st.api.Workloads.Restarts()); got != args[1] {
			ts.Fatalf("there were %s restarts, not %s", got, args[1])
		}
	case "wrote":
		if got := strconv.Itoa(st.api.Writes()); got != args[1] {
			ts.Fatalf("the Secret was written %s times, not %s", got, args[1])
		}
	default:
		ts.Fatalf("kubernetes: %q?", args[0])
	}
}

// mount gives the pods the init container that the post-renderer would, with files of this script, and takes their flags out of
// the environment.
func (st *stage) mount(ts *testscript.TestScript, more []string) {
	read := func(name string) []byte { return []byte(ts.ReadFile(name)) }
	args := append([]string{
		"ensure", "--elasticsearch-url=" + st.es.URL, "--ca=/etc/certs/ca.crt", "--cert=/etc/certs/tls.crt",
		"--key=/etc/certs/tls.key", "--username-file=/etc/minter/username", "--password-file=/etc/minter/password", "--timeout=5m",
	}, more...)
	if !slices.ContainsFunc(more, func(a string) bool { return strings.HasPrefix(a, "--mode") }) {
		args = append(args, "--account=elastic/kibana", "--secret=kibana-elk-mtls-token", "--secret-key=token")
	}
	st.api.Workloads.Mount(args, map[string]map[string][]byte{
		"certs":  {"ca.crt": read("ca.crt"), "tls.crt": read("tls.crt"), "tls.key": read("tls.key")},
		"minter": {"username": read("username"), "password": read("password")},
		"login":  {"password": read("kibana-password")},
	})
	for _, flag := range []string{"CA", "CERT", "KEY", "USERNAME_FILE", "PASSWORD_FILE", "ELASTICSEARCH_URL", "KUBECONFIG", "NAMESPACE", "SECRET"} {
		ts.Setenv("ELK_MTLS_INIT_"+flag, "")
	}
	ts.Setenv("KUBECONFIG", ts.MkAbs("kubeconfig"))
}

// exits runs a program and checks its exit code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
	for _, value := range stageOf(ts).values() {
		stageOf(ts).seen[value] = true
	}
}

func (st *stage) values() (all []string) {
	if st.es == nil {
		return nil
	}
	for _, value := range st.es.Tokens() {
		all = append(all, value)
	}
	return all
}

// noSecrets checks that no output of the last command, and none of the files, holds a token or a password.
func noSecrets(ts *testscript.TestScript, _ bool, args []string) {
	st := stageOf(ts)
	secrets := []string{testPassword, kibanaPassword, "open sesame"}
	for value := range st.seen {
		secrets = append(secrets, value, value[len(value)-20:])
	}
	for _, name := range append([]string{"stdout", "stderr"}, args...) {
		for _, secret := range secrets {
			if strings.Contains(ts.ReadFile(name), secret) {
				ts.Fatalf("%s holds a secret", name)
			}
		}
	}
	for _, call := range st.calls() {
		if call.Status == http.StatusInternalServerError {
			ts.Fatalf("a call that the stand-in does not know: %s", call)
		}
	}
}

func (st *stage) calls() []standin.Call {
	if st.es == nil {
		return nil
	}
	return st.es.Calls()
}
