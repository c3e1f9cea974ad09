//go:build integration

package initcontainer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// strays holds that of what has our label only that of releases without a record is found, on a real API server.
func strays(t *testing.T, admin kubernetes.Interface, config *rest.Config) {
	t.Helper()
	const ns = "strays"
	if _, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	meta := func(name, release string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Name: name, Namespace: ns, Labels: map[string]string{"app.kubernetes.io/part-of": "elk-mtls"}}
		if release != "" {
			m.Annotations = map[string]string{"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": ns}
		}
		return m
	}
	record := metav1.ObjectMeta{Namespace: ns, Name: "sh.helm.release.v1.here.v1", Labels: map[string]string{"owner": "helm", "name": "here"}}
	mapped := metav1.ObjectMeta{Namespace: ns, Name: "mapped.v1", Labels: map[string]string{"owner": "helm", "name": "mapped"}}
	other := meta("other", "gone")
	other.Labels["app.kubernetes.io/part-of"] = "another"
	for _, m := range []metav1.ObjectMeta{meta("gone-token", "gone"), meta("here-token", "here"), meta("made-by-certs", ""), record, other} {
		if _, err := admin.CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{ObjectMeta: m}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []metav1.ObjectMeta{meta("gone-curl", "gone"), meta("mapped-curl", "mapped"), mapped} {
		if _, err := admin.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: m}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admin.RbacV1().Roles(ns).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta("older", "before")}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := rollout.New(config, ns, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Strays(t.Context())
	want := []rollout.Stray{{Kind: "role", Name: "older", Release: "before"}, {Kind: "secret", Name: "gone-token", Release: "gone"}, {Kind: "configmap", Name: "gone-curl", Release: "gone"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
