//go:build chaos || integration

package chaos

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/elk-mtls/elk-mtls/test/faultproxy"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

const password = "correct horse battery staple"

// stage is what all lanes share.
type stage struct {
	node     *parts.Node
	server   *parts.APIServer
	admin    *kubernetes.Clientset
	config   *rest.Config
	client   *http.Client // presents a certificate, straight to the node
	es, api  *faultproxy.Proxy
	program  string
	files    map[string]string // by flag
	calm     sync.RWMutex      // held for reading while a lane looks, for writing while a server restarts
	tokens   []string          // of the ServiceAccounts
	restarts int               // of either
	hands    sync.RWMutex      // held for reading while a hand uses the API server, for writing while that restarts
}

func newStage(t *testing.T, seed uint64) *stage {
	t.Helper()
	s := &stage{files: map[string]string{}}
	dir := t.TempDir()
	s.program = filepath.Join(dir, "elk-mtls-init")
	if out, err := exec.Command("go", "build", "-o", s.program, "../../initcontainer").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ca := pki.NewCA("ca")
	server := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	pair := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: ca.Client(pair)}}
	var err error
	s.node, err = parts.Elasticsearch(t.Context(), parts.Options{
		Settings: map[string]string{
			"xpack.security.http.ssl.enabled":                 "true",
			"xpack.security.http.ssl.client_authentication":   "required",
			"xpack.security.http.ssl.certificate":             "certs/tls.crt",
			"xpack.security.http.ssl.key":                     "certs/tls.key",
			"xpack.security.http.ssl.certificate_authorities": "certs/ca.crt",
		},
		Files: map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": ca.Cert},
		TLS:   ca.Client(pair),
	})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, s.node.Stop()) })
	s.put(t, "/_security/role/minter", map[string]any{"cluster": []string{"manage_service_account", "monitor"}})
	s.put(t, "/_security/user/minter", map[string]any{"password": password, "roles": []string{"minter"}})
	for flag, text := range map[string][]byte{
		"ca": ca.Cert, "cert": pair.Cert, "key": pair.Key, "username-file": []byte("minter"), "password-file": []byte(password),
	} {
		s.files[flag] = filepath.Join(dir, flag)
		must(t, os.WriteFile(s.files[flag], text, 0o600))
	}
	s.cluster(t)
	s.es, s.api = proxy(t, s.node.URL, seed), proxy(t, s.config.Host, seed+1)
	return s
}

func (s *stage) cluster(t *testing.T) {
	t.Helper()
	api, err := parts.KubeAPIServer(t.Context())
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, api.Stop()) })
	s.server = api
	s.config, err = clientcmd.BuildConfigFromFlags("", api.Kubeconfig)
	must(t, err)
	s.config.QPS = -1
	s.admin, err = kubernetes.NewForConfig(s.config)
	must(t, err)
}

func (s *stage) put(t *testing.T, path string, body any) {
	t.Helper()
	if status, text, err := s.node.Call(t.Context(), http.MethodPut, path, body); err != nil || status != http.StatusOK {
		t.Fatalf("PUT %s: %d, %v: %s", path, status, err, text)
	}
}

func proxy(t *testing.T, target string, seed uint64) *faultproxy.Proxy {
	t.Helper()
	u, err := url.Parse(target)
	must(t, err)
	p, err := faultproxy.Start(u.Host, seed)
	must(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// faults makes the network bad, or well again.
func (s *stage) faults(chance float64) {
	s.es.SetFaults(chance)
	s.api.SetFaults(chance)
}

// namespace makes what a release brings: the blank Secret, a Role for it, and a ServiceAccount. Rules may be added. The
// kubeconfig that it returns is that ServiceAccount's, through the bad network; beside it is one ending in -calm.
func (s *stage) namespace(t *testing.T, more ...rbacv1.PolicyRule) (namespace, kubeconfig string) {
	t.Helper()
	ctx := t.Context()
	space, err := s.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "elk-"}}, metav1.CreateOptions{})
	must(t, err)
	meta := metav1.ObjectMeta{Name: secretName}
	_, err = s.admin.CoreV1().Secrets(space.Name).Create(ctx, &corev1.Secret{ObjectMeta: meta}, metav1.CreateOptions{})
	must(t, err)
	_, err = s.admin.CoreV1().ServiceAccounts(space.Name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	must(t, err)
	rule := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{secretName}, Verbs: []string{"get", "patch"}}
	_, err = s.admin.RbacV1().Roles(space.Name).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: append(more, rule)}, metav1.CreateOptions{})
	must(t, err)
	_, err = s.admin.RbacV1().RoleBindings(space.Name).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: secretName},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: secretName, Namespace: space.Name}},
	}, metav1.CreateOptions{})
	must(t, err)
	token, err := s.admin.CoreV1().ServiceAccounts(space.Name).CreateToken(ctx, secretName, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(t, err)
	s.tokens = append(s.tokens, token.Status.Token)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	for path, server := range map[string]string{kubeconfig: "https://" + s.api.Address, kubeconfig + "-calm": s.config.Host} {
		must(t, clientcmd.WriteToFile(clientcmdapi.Config{
			Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server, CertificateAuthorityData: s.config.CAData}},
			AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token.Status.Token}},
			Contexts:       map[string]*clientcmdapi.Context{"c": {Cluster: "c", AuthInfo: "u"}},
			CurrentContext: "c",
		}, path))
	}
	return space.Name, kubeconfig
}

// arguments are those of one run.
func (s *stage) arguments(command, namespace, kubeconfig, pod string, more map[string]string) []string {
	flags := map[string]string{
		"elasticsearch-url": "https://" + s.es.Address, "namespace": namespace, "kubeconfig": kubeconfig, "secret": secretName, "pod-uid": pod,
	}
	maps.Copy(flags, s.files)
	maps.Copy(flags, more)
	args := []string{command}
	for flag, value := range flags {
		args = append(args, "--"+flag+"="+value)
	}
	return args
}

// bearer asks Elasticsearch whose token it is: the status is its verdict.
func (s *stage) bearer(ctx context.Context, token string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.node.URL+"/_security/_authenticate", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
