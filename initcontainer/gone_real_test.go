//go:build integration

package initcontainer

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
)

// theSecretIsGone makes a token for a Secret that is deleted then, and finds it again: with the right to get that one Secret,
// and with the right to list them.
func theSecretIsGone(t *testing.T, w *world, admin kubernetes.Interface, all *rest.Config) {
	t.Helper()
	w.start(t, "pod-a").ends(0)
	lost := w.works(t).Has
	secrets := admin.CoreV1().Secrets(w.namespace)
	w.remove()
	_, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: w.secret}}, metav1.CreateOptions{})
	must(t, err)
	w.start(t, "pod-b").ends(0)
	kept := w.works(t).Has
	find := func(secret string, kube *rest.Config, yes bool) string {
		o := config.Revoke{Ensure: w.settings("revoke"), Gone: true, Yes: yes}
		o.Secret = secret
		var out bytes.Buffer
		must(t, revoke(context.Background(), o, edge{
			clock: systemClock(), log: slog.New(slog.DiscardHandler), stdout: &out, kubernetes: kube, transport: closing(t),
		}))
		return out.String()
	}
	for _, got := range []string{find(w.secret, w.kubernetes, false), find("", all, false), find(w.secret, w.kubernetes, true)} {
		if got != lost+"\n" {
			t.Errorf("found %q, want %q", got, lost)
		}
	}
	if w.alive(t, lost) || !w.alive(t, kept) {
		t.Errorf("%s lives: %v, %s: %v", lost, w.alive(t, lost), kept, w.alive(t, kept))
	}
	w.works(t)
}

// doctorByWorkload finds all settings in a Deployment and the Secrets that it mounts.
func doctorByWorkload(t *testing.T, w *world, admin kubernetes.Interface, all *rest.Config) {
	t.Helper()
	w.start(t, "pod-a").ends(0)
	volume := func(name string, data map[string][]byte) corev1.Volume {
		_, err := admin.CoreV1().Secrets(w.namespace).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}, metav1.CreateOptions{})
		must(t, err)
		return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}}
	}
	read := func(path string) []byte {
		text, err := os.ReadFile(path)
		must(t, err)
		return text
	}
	labels := map[string]string{"app": "kibana"}
	spec := corev1.PodSpec{
		ServiceAccountName: w.secret,
		InitContainers: []corev1.Container{{
			Name: "elk-mtls-init", Image: "x",
			Args: []string{
				"ensure", "--elasticsearch-url=" + w.urls[0], "--ca=/certs/ca.crt", "--cert=/certs/tls.crt", "--key=/certs/tls.key", "--secret=" + w.secret,
				"--username-file=/minter/username", "--password-file=/minter/password", "--timeout=5m",
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "certs", MountPath: "/certs"}, {Name: "minter", MountPath: "/minter"}},
		}},
		Containers: []corev1.Container{{Name: "kibana", Image: "x"}},
		Volumes: []corev1.Volume{
			volume("certs", map[string][]byte{"ca.crt": read(w.files.CA), "tls.crt": read(w.files.Cert), "tls.key": read(w.files.Key)}),
			volume("minter", map[string][]byte{"username": read(w.usernameFile), "password": read(w.passwordFile)}),
		},
	}
	_, err := admin.AppsV1().Deployments(w.namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "kibana", Annotations: map[string]string{"elk-mtls.dev/mode": "cert-token"}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}, metav1.CreateOptions{})
	must(t, err)

	var o config.Doctor
	flags := pflag.NewFlagSet("doctor", pflag.ContinueOnError)
	o.Flags(flags)
	must(t, flags.Set("namespace", w.namespace))
	done, err := fromWorkload(t.Context(), flags, &o, "deploy/kibana", all)
	must(t, err)
	defer done()
	must(t, o.Validate())
	var out bytes.Buffer
	err = doctor(t.Context(), o, edge{clock: systemClock(), log: slog.New(slog.DiscardHandler), stdout: &out, kubernetes: all, transport: closing(t)})
	if err != nil || strings.ContainsAny(out.String(), "✗") || strings.Contains(out.String(), "not looked at") ||
		!strings.Contains(out.String(), "✓ privileges-kubernetes: the ServiceAccount "+w.secret+" may get and patch the Secret") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
