//go:build integration

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	stockKibana = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: kibana}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
		spec: {containers: [{name: kibana, image: "registry.example/kibana/kibana:8.5.1"}]}}}}`
	otherApplication = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: other}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
		spec: {containers: [{name: exporter, image: "registry.example/kibana-exporter:1"}]}}}}`
)

// TestAdmissionPolicy holds the policy of charts-overlay in a real API server: what lost our annotation is refused, and what never had it;
// other applications and other namespaces do not notice it.
func TestAdmissionPolicy(t *testing.T) {
	c := connect(t)
	guarded, free := labelledNamespace(t, map[string]string{"elk-mtls.dev/guard": "required"}), namespace(t)
	for _, o := range objects(t, readFile(t, "../../charts-overlay/admission-policy.yaml")) {
		place, err := c.at(o, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.Create(t.Context(), o, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}); err != nil {
			t.Fatalf("%s: %v", o.GetKind(), err)
		}
		t.Cleanup(func() {
			if err := place.Delete(context.WithoutCancel(t.Context()), o.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	stock := objectsIn(t, []byte(stockKibana))[0]
	patched := stock.DeepCopy()
	patched.SetAnnotations(map[string]string{"elk-mtls.dev/mode": "cert-token"})

	deadline := time.Now().Add(time.Minute) // until the API server has taken the policy up
	for c.dryRun(t, stock, guarded, metav1.FieldValidationStrict) == nil {
		if time.Now().After(deadline) {
			t.Fatal("a stock Kibana is taken all the time")
		}
		time.Sleep(200 * time.Millisecond)
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want a refusal with %q, got %v", what, want, err)
		}
	}
	refused("stock", c.dryRun(t, stock, guarded, metav1.FieldValidationStrict), "Deployment/kibana runs Elasticsearch or Kibana and was not patched: install it with --post-renderer elk-mtls")
	for what, try := range map[string]error{
		"another application":             c.dryRun(t, objectsIn(t, []byte(otherApplication))[0], guarded, metav1.FieldValidationStrict),
		"stock where nobody asked for it": c.dryRun(t, stock, free, metav1.FieldValidationStrict),
	} {
		if try != nil {
			t.Errorf("%s: %v", what, try)
		}
	}
	place, err := c.at(patched, guarded)
	if err != nil {
		t.Fatal(err)
	}
	made, err := place.Create(t.Context(), patched, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("patched: %v", err)
	}
	update := func(change func(*unstructured.Unstructured)) error {
		o := made.DeepCopy()
		change(o)
		_, err := place.Update(t.Context(), o, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	refused("without the annotation", update(func(o *unstructured.Unstructured) { o.SetAnnotations(nil) }), "Deployment/kibana was patched by elk-mtls, and is not any more: this upgrade ran without the post-renderer")
	if err := update(func(o *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(o.Object, int64(3), "spec", "replicas"); err != nil {
			t.Fatal(err)
		}
	}); err != nil {
		t.Errorf("scaling what is patched: %v", err)
	}
}
