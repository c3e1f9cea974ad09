//go:build integration

package initcontainer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/renewal"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestRenewOnARealAPIServer kills renew in 100 rounds, takes each of its rights, and lets others apply the same manifest again.
func TestRenewOnARealAPIServer(t *testing.T) {
	api, err := parts.KubeAPIServer(t.Context())
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, api.Stop()) })
	kube, err := clientcmd.BuildConfigFromFlags("", api.Kubeconfig)
	must(t, err)
	kube.QPS = -1
	admin, err := kubernetes.NewForConfig(kube)
	must(t, err)
	names := []string{"kibana", "filebeat", "logstash"}
	t.Run("Killed", func(t *testing.T) { renewKilled(t, realRenewals(t, admin, kube, names...), 100) })
	t.Run("Rights", func(t *testing.T) {
		for _, right := range []string{"get secrets", "get deployments", "patch deployments"} {
			renewWithout(t, admin, kube, right)
		}
	})
	t.Run("OtherManagers", func(t *testing.T) { renewedAmongOthers(t, realRenewals(t, admin, kube, "kibana"), admin) })
}

// renewWithout takes one right out of the Role that renew prints.
func renewWithout(t *testing.T, admin kubernetes.Interface, kube *rest.Config, right string) {
	t.Helper()
	w := realRenewals(t, admin, kube, "kibana")
	w.put("kibana", renewedPair(pki.NewCA("ca")))
	w.workload("kibana", "kibana/tls.crt")
	verb, resource, _ := strings.Cut(right, " ")
	roles := admin.RbacV1().Roles(w.namespace)
	role, err := roles.Get(t.Context(), "elk-mtls-renew", metav1.GetOptions{})
	must(t, err)
	for i, rule := range role.Rules {
		if slices.Contains(rule.Resources, resource) {
			role.Rules[i].Verbs = slices.DeleteFunc(rule.Verbs, func(v string) bool { return v == verb })
		}
	}
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return len(r.Verbs) == 0 })
	_, err = roles.Update(t.Context(), role, metav1.UpdateOptions{})
	must(t, err)
	awaitAuthorizer(t, w, verb, resource, false)
	_, err = w.pass(t.Context(), t, nil, "kibana")
	if failure.Of(err) != failure.KubeForbidden || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("cannot %s resource %q", verb, resource)) ||
		!strings.Contains(failure.Hint(err), "renew --print-role") || w.generation("kibana") != 1 {
		t.Errorf("without %s: %v (%s), generation %d", right, err, failure.Hint(err), w.generation("kibana"))
	}
}

// awaitAuthorizer waits until the API server knows a Role as it is now.
func awaitAuthorizer(t *testing.T, w *renewals, verb, resource string, want bool) {
	t.Helper()
	client, err := rollout.New(w.kubernetes, w.namespace, "")
	must(t, err)
	group := ""
	if resource == "deployments" {
		group = "apps"
	}
	for allowed := !want; allowed != want; time.Sleep(10 * time.Millisecond) {
		allowed, err = client.Allowed(t.Context(), verb, group, resource, "kibana")
		must(t, err)
	}
}

// renewedAmongOthers holds that nobody who applies the same manifest again takes the restart back: neither server-side, as Helm 4, Flux
// and Argo CD may, nor by a merge of what they applied before, as Helm 3 and kubectl do.
func renewedAmongOthers(t *testing.T, w *renewals, admin kubernetes.Interface) {
	w.put("kibana", renewedPair(pki.NewCA("ca")))
	const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: kibana, annotations: {elk-mtls.dev/mode: cert-token, elk-mtls.dev/reads-once: kibana/tls.crt}}
spec:
  selector: {matchLabels: {app: kibana}}
  template:
    metadata: {labels: {app: kibana}, annotations: {elk-mtls.dev/checksum: x}}
    spec: {containers: [{name: kibana, image: none}]}
`
	deployments := admin.AppsV1().Deployments(w.namespace)
	apply := func() {
		t.Helper()
		body, err := yaml.YAMLToJSON([]byte(manifest))
		must(t, err)
		force := true
		_, err = deployments.Patch(t.Context(), "kibana", types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: "helm", Force: &force})
		must(t, err)
	}
	apply()
	if log, err := w.pass(t.Context(), t, nil, "kibana"); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	before := w.generation("kibana")
	apply()
	_, err := deployments.Patch(t.Context(), "kibana", types.StrategicMergePatchType,
		[]byte(`{"metadata":{"annotations":{"elk-mtls.dev/mode":"cert-token"}},"spec":{"template":{"metadata":{"annotations":{"elk-mtls.dev/checksum":"x"}}}}}`),
		metav1.PatchOptions{FieldManager: "kubectl-client-side-apply"})
	must(t, err)
	if after := w.generation("kibana"); after != before {
		t.Errorf("generation %d, was %d: the restart is taken back", after, before)
	}
	d, err := deployments.Get(t.Context(), "kibana", metav1.GetOptions{})
	must(t, err)
	if d.Annotations[contract.AnnotationRenewed] == "" || d.Spec.Template.Annotations[contract.AnnotationRenewed] == "" {
		t.Errorf("annotations %v, %v", d.Annotations, d.Spec.Template.Annotations)
	}
	if log, err := w.pass(t.Context(), t, nil, "kibana"); err != nil || w.generation("kibana") != before {
		t.Errorf("another pass: %v, generation %d\n%s", err, w.generation("kibana"), log)
	}
}

// realRenewals makes a namespace and a ServiceAccount that has the Role which renew prints, and nothing more.
func realRenewals(t *testing.T, admin kubernetes.Interface, kube *rest.Config, names ...string) *renewals {
	t.Helper()
	base := &world{}
	base.inCluster(t, admin, kube)
	namespace, ctx := base.namespace, context.Background()
	var workloads []rollout.Workload
	var keys []renewal.Key
	for _, name := range names {
		workloads = append(workloads, rollout.Workload{Kind: "Deployment", Name: name})
		keys = append(keys, renewal.Key{Kind: renewal.Secret, Object: name, Name: "tls.crt"})
	}
	text, err := rollout.RenewRole(namespace, keys, workloads)
	must(t, err)
	var role rbacv1.Role
	must(t, yaml.UnmarshalStrict(text, &role))
	_, err = admin.RbacV1().Roles(namespace).Create(ctx, &role, metav1.CreateOptions{})
	must(t, err)
	_, err = admin.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: base.secret, Namespace: namespace}},
	}, metav1.CreateOptions{})
	must(t, err)
	secrets, deployments := admin.CoreV1().Secrets(namespace), admin.AppsV1().Deployments(namespace)
	w := &renewals{kubernetes: base.kubernetes, namespace: namespace, real: true}
	w.put = func(name string, data map[string][]byte) {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
		_, err := secrets.Create(ctx, s, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			_, err = secrets.Update(ctx, s, metav1.UpdateOptions{})
		}
		must(t, err)
	}
	w.workload = func(name, mark string) {
		labels, one := map[string]string{"app": name}, int32(1)
		_, err := deployments.Create(ctx, &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{contract.AnnotationMode: "cert-token", contract.AnnotationReadsOnce: mark}},
			Spec: appsv1.DeploymentSpec{Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "x", Image: "none"}}},
			}},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	w.generation = func(name string) int64 {
		d, err := deployments.Get(ctx, name, metav1.GetOptions{})
		must(t, err)
		return d.Generation
	}
	awaitAuthorizer(t, w, "get", "deployments", true)
	readiness(t, admin, namespace)
	return w
}

// readiness plays the controller: every Deployment of a namespace gets ready, a little later.
func readiness(t *testing.T, admin kubernetes.Interface, namespace string) {
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	t.Cleanup(func() { stop(); done.Wait() })
	deployments := admin.AppsV1().Deployments(namespace)
	done.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
			list, err := deployments.List(ctx, metav1.ListOptions{})
			if err != nil {
				continue
			}
			for _, d := range list.Items {
				if d.Status.ObservedGeneration != d.Generation {
					d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
					_, _ = deployments.UpdateStatus(ctx, &d, metav1.UpdateOptions{}) // a conflict is met in the next round
				}
			}
		}
	})
}
