//go:build integration

package initcontainer

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/test/minting"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/replicas"
)

// The same scripts as in go test, against a real Elasticsearch that requires client certificates and a real API server,
// as a ServiceAccount that has the rendered Role and nothing else.
func TestRealParts(t *testing.T) {
	node, ca := realElasticsearch(t, nil, nil)
	api, err := parts.KubeAPIServer(t.Context())
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, api.Stop()) })
	config, err := clientcmd.BuildConfigFromFlags("", api.Kubeconfig)
	must(t, err)
	config.QPS = -1
	admin, err := kubernetes.NewForConfig(config)
	must(t, err)

	dir := t.TempDir()
	client := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	fresh := func(t *testing.T) *world {
		w := &world{
			urls: []string{node.URL},
			files: tlsfiles.Files{
				CA: file(t, dir, "ca.crt", ca.Cert), Cert: file(t, dir, "tls.crt", client.Cert), Key: file(t, dir, "tls.key", client.Key),
				VerificationMode: "full",
			},
			usernameFile: file(t, dir, "username", []byte("minter")), passwordFile: file(t, dir, "password", []byte(testPassword)),
		}
		w.inCluster(t, admin, config)
		return w
	}
	for _, script := range interleavings() {
		t.Run(script.name, func(t *testing.T) { script.play(t, fresh(t)) })
	}
	for _, script := range rotations() {
		t.Run(script.name, func(t *testing.T) {
			w := fresh(t)
			w.deploy(t, admin)
			script.play(t, w)
		})
	}
	t.Run("Doctor", func(t *testing.T) {
		w := fresh(t)
		w.start(t, "pod-a").ends(0)
		w.deploy(t, admin)
		doctorInCluster(t, w)
	})
	t.Run("Strays", func(t *testing.T) { strays(t, admin, config) })
	t.Run("DoctorByWorkload", func(t *testing.T) { doctorByWorkload(t, fresh(t), admin, config) })
	t.Run("TheSecretIsGone", func(t *testing.T) { theSecretIsGone(t, fresh(t), admin, config) })
	t.Run("EachVerbTakenFromARole", func(t *testing.T) { eachVerbTaken(t, fresh, admin) })
	t.Run("ManyOnOneElasticsearch", func(t *testing.T) { neighbours(t, []*world{fresh(t), fresh(t), fresh(t)}) })
	t.Run("TenAtOnceGiveOneToken", func(t *testing.T) { tenAtOnce(t, fresh(t)) })
	t.Run("ASecondRunWritesNothing", func(t *testing.T) {
		w := fresh(t)
		w.start(t, "pod-a").ends(0)
		before := w.works(t)
		w.start(t, "pod-b").ends(0)
		if after := w.works(t); after.Version != before.Version {
			t.Errorf("resourceVersion %s, was %s", after.Version, before.Version)
		}
	})
}

// inCluster makes a namespace with what the release brings.
func (w *world) inCluster(t *testing.T, admin kubernetes.Interface, config *rest.Config) {
	t.Helper()
	w.secret = "kibana-elk-mtls-token"
	var token string
	var err error
	w.namespace, token, err = minting.Namespace(t.Context(), admin, w.secret)
	must(t, err)
	secrets := admin.CoreV1().Secrets(w.namespace)
	w.kubernetes = rest.AnonymousClientConfig(config)
	w.kubernetes.BearerToken = token
	w.kubernetes.QPS = -1

	w.read = func() *corev1.Secret {
		s, err := secrets.Get(context.Background(), w.secret, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		must(t, err)
		return s
	}
	w.edit = func(change func(*corev1.Secret)) {
		must(t, retry.RetryOnConflict(retry.DefaultRetry, func() error {
			s := w.read()
			change(s)
			_, err := secrets.Update(context.Background(), s, metav1.UpdateOptions{})
			return err
		}))
	}
	w.remove = func() { must(t, secrets.Delete(context.Background(), w.secret, metav1.DeleteOptions{})) }
}

// deploy runs two pods that use the Secret, and gives the ServiceAccount the Role that rotate prints, and nothing more.
func (w *world) deploy(t *testing.T, admin kubernetes.Interface) {
	t.Helper()
	text, err := rollout.Role(w.namespace, w.secret, []rollout.Workload{{Kind: "Deployment", Name: "kibana"}})
	must(t, err)
	var role rbacv1.Role
	must(t, yaml.UnmarshalStrict(text, &role))
	_, err = admin.RbacV1().Roles(w.namespace).Create(t.Context(), &role, metav1.CreateOptions{})
	must(t, err)
	_, err = admin.RbacV1().RoleBindings(w.namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: w.secret, Namespace: w.namespace}},
	}, metav1.CreateOptions{})
	must(t, err)
	set, err := replicas.Start(context.Background(), replicas.Options{
		Client: admin, Namespace: w.namespace, Name: "kibana", Secret: w.secret, SecretKey: testKey, Count: 2,
	})
	must(t, err)
	t.Cleanup(func() { must(t, set.Stop()) })
}

// doctorInCluster holds what doctor sees with the rights of a rotation, and that it writes nothing.
func doctorInCluster(t *testing.T, w *world) {
	t.Helper()
	before := w.state(t).Version
	o := config.Doctor{Ensure: w.settings(""), Workloads: []rollout.Workload{{Kind: "Deployment", Name: "kibana"}}, Format: "text"}
	var out bytes.Buffer
	err := doctor(t.Context(), o, edge{clock: systemClock(), log: slog.New(slog.DiscardHandler), stdout: &out, kubernetes: w.kubernetes, transport: closing(t)})
	for _, want := range []string{
		"✓ token-works", "✓ token-recorded", "✓ orphans", "✓ pods-current: ", "✓ privileges-elasticsearch", "✓ privileges-kubernetes",
		"✗ post-renderer: Deployment/kibana was deployed without", "hook-leftovers (needs get on jobs, roles, rolebindings, serviceaccounts and configmaps)",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in (%v)\n%s", want, err, out.String())
		}
	}
	if w.state(t).Version != before {
		t.Error("it wrote")
	}
}
