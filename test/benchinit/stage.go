package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/faultproxy"
	"github.com/elk-mtls/elk-mtls/test/measure"
	"github.com/elk-mtls/elk-mtls/test/minting"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

const secretName = "kibana-elk-mtls-token"

// stage is a real Elasticsearch, a real API server, and what a release brings.
type stage struct {
	dir       string
	launcher  measure.Launcher
	node      *parts.Node
	proxy     *faultproxy.Proxy // before the node
	client    *http.Client      // of the node
	api       *parts.APIServer
	config    *rest.Config
	admin     *kubernetes.Clientset
	namespace string
	files     map[string]string // by flag
}

// newStage starts everything; what it returns beside an error is to be closed, too.
func newStage(ctx context.Context) (*stage, error) {
	s := &stage{}
	for _, step := range []func(context.Context) error{s.programs, s.elasticsearch, s.cluster} {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *stage) close() error {
	var errs []error
	if s.proxy != nil {
		errs = append(errs, s.proxy.Close())
	}
	if s.node != nil {
		errs = append(errs, s.node.Stop())
	}
	if s.api != nil {
		errs = append(errs, s.api.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// path is that of a file which only this run has.
func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) programs(ctx context.Context) (err error) {
	if s.dir, err = os.MkdirTemp("", "elk-mtls-benchinit-"); err != nil {
		return err
	}
	if s.launcher, err = measure.NewLauncher(ctx, s.dir); err != nil {
		return err
	}
	return errors.Join(measure.Build(ctx, s.path(ours), "./initcontainer/elk-mtls-init"), measure.Build(ctx, s.path(bare), "./test/benchinit/bare"))
}

func (s *stage) elasticsearch(ctx context.Context) error {
	compiled := []string{"_JAVA_OPTIONS=-XX:TieredStopAtLevel=4"} // as in production: nodes of tests are made to start soon, not to be fast
	node, ca, err := minting.Elasticsearch(ctx, minting.Options{Env: compiled})
	if err != nil {
		return err
	}
	s.node = node
	if s.files, err = minting.Files(s.dir, ca); err != nil {
		return err
	}
	s.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: ca.Client(ca.Leaf(pki.Options{CN: "watcher", ClientAuth: true})), DisableKeepAlives: true,
	}}
	u, err := url.Parse(node.URL)
	if err != nil {
		return err
	}
	s.proxy, err = faultproxy.Start(u.Host, 1)
	return err
}

func (s *stage) cluster(ctx context.Context) (err error) {
	if s.api, err = parts.KubeAPIServer(ctx); err != nil {
		return err
	}
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.api.Kubeconfig); err != nil {
		return err
	}
	if s.admin, err = kubernetes.NewForConfig(s.config); err != nil {
		return err
	}
	namespace, token, err := minting.Namespace(ctx, s.admin, secretName)
	s.namespace = namespace
	return errors.Join(err,
		os.WriteFile(s.path("kube-ca"), s.config.CAData, 0o600), os.WriteFile(s.path("kube-token"), []byte(token), 0o600),
		minting.Kubeconfig(s.path("kubeconfig"), s.config.Host, token, s.config))
}

// blank takes token and records out of the Secret.
func (s *stage) blank(ctx context.Context) error {
	secrets := s.admin.CoreV1().Secrets(s.namespace)
	secret, err := secrets.Get(ctx, secretName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	secret.Data, secret.Annotations = nil, nil
	_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
	return err
}

// written checks that there is a token, and that it works.
func (s *stage) written(ctx context.Context) error {
	secret, err := s.admin.CoreV1().Secrets(s.namespace).Get(ctx, secretName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	token := string(secret.Data["token"])
	status, err := s.logIn(ctx, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the token in the Secret does not work: %d", status)
	}
	return err
}

func (s *stage) logIn(ctx context.Context, login func(*http.Request)) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.node.URL+"/_security/_authenticate", nil)
	if err != nil {
		return 0, err
	}
	login(request)
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// versions are those of the real parts.
func (s *stage) versions(ctx context.Context) (string, error) {
	_, text, err := s.node.Call(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return "", err
	}
	var es struct{ Version struct{ Number string } }
	if err := json.Unmarshal(text, &es); err != nil {
		return "", err
	}
	kube, err := s.admin.Discovery().ServerVersion()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Elasticsearch %s, kube-apiserver %s", es.Version.Number, kube.GitVersion), nil
}
