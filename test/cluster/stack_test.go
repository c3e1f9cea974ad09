//go:build cluster

package cluster

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// A stack is a namespace with Elasticsearch and Kibana in it, and the Helm that looks after them.
type stack struct {
	t     *testing.T
	ns    string
	major int // of Helm
	env   []string
	stock stock
	ca    *pki.CA
	pair  pki.Pair // of everybody, as the chart has it
	start time.Time
}

// newStack makes a namespace with these labels, for a Helm of that major version.
func newStack(t *testing.T, major int, labels map[string]string) *stack {
	t.Helper()
	parts.SkipOrFail(t, lab.missing)
	ca := pki.NewCA("chart")
	s := &stack{t: t, major: major, stock: renderings(t), ca: ca, pair: ca.Leaf(serverAndClient()), start: time.Now()}
	ns, err := lab.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "elk-", Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.ns = ns.Name
	t.Cleanup(s.clearAway)
	s.env = append(helmIn(t.TempDir()), "ELK_MTLS_INIT_CONTAINER_IMAGE="+lab.images["elk-mtls-init"])
	if major == 4 {
		s.must("plugin", "install", lab.plugin)
	}
	s.eventually("the ServiceAccount default", func() error {
		_, err := lab.Client.CoreV1().ServiceAccounts(s.ns).Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
	if !strings.Contains(s.stock.elasticsearch, "name: "+certificate+"\n  labels") { // the chart makes no certificates
		s.putCertificates(s.ca.Cert, s.pair)
	}
	return s
}

// helmIn is the environment of a Helm that keeps all it has below one folder.
func helmIn(home string) []string {
	return []string{"HELM_CONFIG_HOME=" + home + "/config", "HELM_CACHE_HOME=" + home + "/cache", "HELM_DATA_HOME=" + home + "/data"}
}

func serverAndClient() pki.Options {
	return pki.Options{CN: service, SANs: []string{service, "localhost", "127.0.0.1"}, ServerAuth: true, ClientAuth: true}
}

// putCertificates makes or changes the Secret with everybody's certificates.
func (s *stack) putCertificates(ca []byte, pair pki.Pair) {
	s.t.Helper()
	secrets := lab.Client.CoreV1().Secrets(s.ns)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: certificate},
		Data:       map[string][]byte{"ca.crt": ca, "tls.crt": pair.Cert, "tls.key": pair.Key},
	}
	_, err := secrets.Create(s.t.Context(), secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(s.t.Context(), secret, metav1.UpdateOptions{})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// clearAway tells what there was, if the test failed, and makes room for the next.
func (s *stack) clearAway() {
	if s.t.Failed() {
		s.t.Log(s.state())
	}
	s.t.Logf("the namespace was needed for %.0f s", time.Since(s.start).Seconds())
	ctx := context.Background()
	now := int64(0)
	pods := lab.Client.CoreV1().Pods(s.ns)
	if err := lab.Client.CoreV1().Namespaces().Delete(ctx, s.ns, metav1.DeleteOptions{}); err != nil {
		s.t.Error(err)
	}
	for begin := time.Now(); time.Since(begin) < patience; {
		left, err := pods.List(ctx, metav1.ListOptions{})
		if err == nil && len(left.Items) == 0 {
			return
		}
		_ = pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
		time.Sleep(200 * time.Millisecond)
	}
	s.t.Error("pods are left in the namespace after", patience)
}

// step runs a part of a test that goes on in the same namespace.
func (s *stack) step(name string, do func(*stack)) {
	s.t.Helper()
	s.t.Run(name, func(t *testing.T) {
		own := *s
		own.t = t
		defer func() {
			if t.Failed() {
				t.Log(own.state())
			}
		}()
		do(&own)
	})
}

// helm runs Helm and gives all that it says.
func (s *stack) helm(args ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*patience)
	defer cancel()
	cmd := lab.Command(ctx, lab.helm[s.major], append([]string{"--namespace", s.ns}, args...)...)
	var env []string
	for _, entry := range cmd.Env {
		if !strings.HasPrefix(entry, "ELK_MTLS_") && !strings.HasPrefix(entry, "HELM_") {
			env = append(env, entry)
		}
	}
	cmd.Env = append(env, s.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *stack) must(args ...string) string {
	s.t.Helper()
	start := time.Now()
	out, err := s.helm(args...)
	if err != nil {
		s.t.Fatalf("helm %d %s: %v\n%s", s.major, strings.Join(args, " "), err, out)
	}
	s.t.Logf("%5.1f s  helm %d %s", time.Since(start).Seconds(), s.major, strings.Join(args[:min(2, len(args))], " "))
	return out
}

// patched are the flags that put elk-mtls between Helm and the cluster.
func (s *stack) patched(options ...string) []string {
	if s.major == 4 {
		flags := []string{"--post-renderer", "elk-mtls"}
		for _, o := range options {
			flags = append(flags, "--post-renderer-args", o)
		}
		return flags
	}
	flags := []string{"--no-hooks", "--post-renderer", filepath.Join(lab.plugin, "bin", "elk-mtls-"+runtime.GOOS+"-"+runtime.GOARCH), "--post-renderer-args", "--hooks=off"}
	for _, o := range options {
		flags = append(flags, "--post-renderer-args", o)
	}
	return flags
}

// apply installs or upgrades a release of a rendering, and waits until all of it is ready.
func (s *stack) apply(release, rendering string, flags ...string) {
	s.t.Helper()
	args := []string{"upgrade", "--install", release, chart(s.t, release, rendering), "--wait", "--timeout", "5m"}
	s.must(append(args, flags...)...)
}

// The two renderings, as this stack has them.
func (s *stack) elasticsearch(edits ...edit) string {
	return edited(s.stock.elasticsearch, append([]edit{small(s.ns), s.stock.nodes(1), certified(s.ca.Cert, s.pair.Cert, s.pair.Key)}, edits...)...)
}

func (s *stack) kibana(edits ...edit) string {
	return edited(s.stock.kibana, append([]edit{small(s.ns)}, edits...)...)
}

// both are the two in one release.
func (s *stack) both(edits ...edit) string {
	return s.elasticsearch(edits...) + "\n" + s.kibana(edits...)
}

// patience is how long a test waits for what must come. A machine shared with others may stand still for a minute, so a
// short limit fails a run that has nothing wrong.
const patience = 5 * time.Minute

// eventually repeats try until it succeeds. If that takes long, the log says what it waited for.
func (s *stack) eventually(what string, try func() error) {
	s.t.Helper()
	start := time.Now()
	var last error
	for time.Since(start) < patience {
		err := try()
		if took := time.Since(start); err == nil {
			if took > time.Minute {
				s.t.Logf("%s: took %s, the last reason was: %v", what, took.Round(time.Second), last)
			}
			return
		}
		last = err
		time.Sleep(200 * time.Millisecond)
	}
	s.t.Fatalf("%s: not within %s: %v", what, patience, last)
}
