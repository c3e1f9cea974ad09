//go:build chaos || integration

package chaos

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/faultproxy"
	"github.com/elk-mtls/elk-mtls/test/minting"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

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
	s := &stage{}
	dir := t.TempDir()
	s.program = filepath.Join(dir, "elk-mtls-init")
	if out, err := exec.Command("go", "build", "-o", s.program, "../../initcontainer/elk-mtls-init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	node, ca, err := minting.Elasticsearch(t.Context(), minting.Options{})
	parts.SkipOrFail(t, err)
	s.node = node
	t.Cleanup(func() { must(t, node.Stop()) })
	s.files, err = minting.Files(dir, ca)
	must(t, err)
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: ca.Client(ca.Leaf(pki.Options{CN: "watcher", ClientAuth: true}))}}
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
	namespace, token, err := minting.Namespace(t.Context(), s.admin, secretName, more...)
	must(t, err)
	s.tokens = append(s.tokens, token)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	must(t, minting.Kubeconfig(kubeconfig, "https://"+s.api.Address, token, s.config))
	must(t, minting.Kubeconfig(kubeconfig+"-calm", s.config.Host, token, s.config))
	return namespace, kubeconfig
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
