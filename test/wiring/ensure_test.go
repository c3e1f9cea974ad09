//go:build integration

package wiring

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

const namespace = "elastic"

// TestEnsureInTheCluster runs the init container of the patched manifests as the real ServiceAccount with exactly the Role that they
// bring, against a real API server and a real Elasticsearch that requires certificates.
func TestEnsureInTheCluster(t *testing.T) {
	for _, s := range stocks(t) {
		t.Run(s.name, func(t *testing.T) {
			l := newLab(t, s)
			c := newCluster(t, l)
			c.ten(t, l)
			c.first(t, l)
			c.leastPrivilege(t)
		})
	}
}

// cluster is a real API server that holds what the patched manifests add for the init container.
type cluster struct {
	admin      *kubernetes.Clientset
	pod        *rest.Config // as the pod's ServiceAccount
	kubeconfig string       // of an administrator
	account    string
	secret     string
	env        []string
}

func newCluster(t *testing.T, l *lab) *cluster {
	t.Helper()
	server, err := parts.KubeAPIServer(t.Context())
	if err != nil {
		parts.SkipOrFail(t, err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	config, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{admin: kubernetes.NewForConfigOrDie(config), kubeconfig: server.Kubeconfig}
	if _, err := c.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.apply(t, l.patched)
	c.identify(t, l, config)
	return c
}

// apply creates what the patched manifests add, as they say it.
func (c *cluster) apply(t *testing.T, stream []byte) {
	t.Helper()
	for _, text := range bytes.Split(stream, []byte("\n---\n")) {
		var head metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(text, &head); err != nil || head.Labels["app.kubernetes.io/part-of"] != "elk-mtls" {
			continue
		}
		var err error
		switch head.Kind {
		case "ServiceAccount":
			c.account = head.Name
			_, err = create(t, text, c.admin.CoreV1().ServiceAccounts(namespace).Create, &corev1.ServiceAccount{})
		case "Secret":
			c.secret = head.Name
			_, err = create(t, text, c.admin.CoreV1().Secrets(namespace).Create, &corev1.Secret{})
		case "Role":
			_, err = create(t, text, c.admin.RbacV1().Roles(namespace).Create, &rbacv1.Role{})
		case "RoleBinding":
			_, err = create(t, text, c.admin.RbacV1().RoleBindings(namespace).Create, &rbacv1.RoleBinding{})
		}
		if err != nil {
			t.Fatalf("%s/%s: %v", head.Kind, head.Name, err)
		}
	}
	if c.account == "" || c.secret == "" {
		t.Fatalf("the manifests add ServiceAccount %q and Secret %q", c.account, c.secret)
	}
}

func create[T any](t *testing.T, text []byte, do func(context.Context, *T, metav1.CreateOptions) (*T, error), object *T) (*T, error) {
	t.Helper()
	if err := utilyaml.UnmarshalStrict(text, object); err != nil {
		t.Fatal(err)
	}
	return do(t.Context(), object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
}

// identify gives the pod the token of its ServiceAccount.
func (c *cluster) identify(t *testing.T, l *lab, config *rest.Config) {
	t.Helper()
	request, err := c.admin.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), c.account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l.after.API = pod.API{Token: request.Status.Token, CA: config.CAData, Namespace: namespace}
	host, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	c.env = []string{"KUBERNETES_SERVICE_HOST=" + host.Hostname(), "KUBERNETES_SERVICE_PORT=" + host.Port()}
	c.pod = rest.AnonymousClientConfig(config)
	c.pod.BearerToken = request.Status.Token
}

// ensure runs the init container with the very arguments of the manifests.
func (c *cluster) ensure(t *testing.T, l *lab) (log string, err error) {
	container, err := l.after.Container(l.kibana, "elk-mtls-init", t.TempDir())
	if err != nil {
		return "", err
	}
	if err := container.Host(l.service); err != nil {
		return "", err
	}
	if err := container.Program(filepath.Join(programs, "elk-mtls-init"), "elk-mtls-init"); err != nil {
		return "", err
	}
	command, err := container.Command(t.Context(), filepath.Join(t.TempDir(), "work"), append([]string{"/elk-mtls-init"}, container.Spec.Args...)...)
	if err != nil {
		return "", err
	}
	command.Env = append(command.Env, c.env...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// ten starts ten at once: one token, and every one of them ends well.
func (c *cluster) ten(t *testing.T, l *lab) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if log, err := c.ensure(t, l); err != nil {
				t.Errorf("run %d of ten: %v\n%s", i, err, log)
			}
		}()
	}
	wg.Wait()
	if names := tokens(t, l); len(names) != 1 {
		t.Errorf("ten runs at once left the tokens %v, want one", names)
	}
}

// first holds the token that is there, and that another run writes nothing.
func (c *cluster) first(t *testing.T, l *lab) {
	t.Helper()
	before := c.read(t)
	token := string(before.Data["token"])
	if token == "" {
		t.Fatalf("the Secret holds no token: %v", before.Annotations)
	}
	if who := l.bearer(t, token); who != "elastic/kibana" {
		t.Errorf("the token logs in as %q", who)
	}
	names := tokens(t, l)
	log, err := c.ensure(t, l)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	after := c.read(t)
	if after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the second run wrote the Secret: %v, then %v", before.Annotations, after.Annotations)
	}
	if again := tokens(t, l); strings.Join(again, " ") != strings.Join(names, " ") {
		t.Errorf("the second run changed the tokens from %v to %v", names, again)
	}
	for _, secret := range []string{token, base64.StdEncoding.EncodeToString([]byte(token)), l.node.Password} {
		if strings.Contains(log, secret) || strings.Contains(fmt.Sprint(after.Annotations), secret) {
			t.Error("a secret value is in the log or in an annotation")
		}
	}
}

// leastPrivilege holds that the ServiceAccount may do nothing else.
func (c *cluster) leastPrivilege(t *testing.T) {
	t.Helper()
	as := kubernetes.NewForConfigOrDie(c.pod).CoreV1().Secrets(namespace)
	if _, err := as.Get(t.Context(), c.secret, metav1.GetOptions{}); err != nil {
		t.Errorf("reading its own Secret: %v", err)
	}
	for what, do := range map[string]func() error{
		"list secrets": func() error { _, err := as.List(t.Context(), metav1.ListOptions{}); return err },
		"read another": func() error { _, err := as.Get(t.Context(), "other", metav1.GetOptions{}); return err },
		"delete it":    func() error { return as.Delete(t.Context(), c.secret, metav1.DeleteOptions{}) },
		"create one": func() error {
			_, err := as.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "new"}}, metav1.CreateOptions{})
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("the ServiceAccount may %s: %v", what, err)
		}
	}
}

func (c *cluster) read(t *testing.T) *corev1.Secret {
	t.Helper()
	s, err := c.admin.CoreV1().Secrets(namespace).Get(t.Context(), c.secret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tokens lists the service tokens of Kibana in Elasticsearch.
func tokens(t *testing.T, l *lab) []string {
	t.Helper()
	status, body, err := l.node.Call(t.Context(), http.MethodGet, "/_security/service/elastic/kibana/credential", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("listing tokens: %d %v", status, err)
	}
	var answer struct {
		Tokens map[string]any `json:"tokens"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range answer.Tokens {
		names = append(names, name)
	}
	return names
}

// bearer tells as whom a token logs in over mutual TLS.
func (l *lab) bearer(t *testing.T, token string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: l.ca.Client(l.pair)}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.node.URL+"/_security/_authenticate", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Username string `json:"username"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Username
}
