//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// TestCertManager holds the Certificates that we add against the definition of cert-manager itself, in a real API server: every field
// is known, and every value of a kind that is allowed.
func TestCertManager(t *testing.T) {
	c, ns := connect(t), namespace(t)
	module, err := parts.Module(t.Context(), "github.com/cert-manager/cert-manager", "v1.21.2")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module, "deploy/crds/cert-manager.io_certificates.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	definitions := c.dynamic.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition := objectsIn(t, text)[0]
	if _, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := definitions.Delete(t.Context(), definition.GetName(), metav1.DeleteOptions{}); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	dir := "../../plugin/testdata/charts/release-cert-manager/"
	input, err := os.ReadFile(dir + "input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	output, stderr, err := patched(t, input, "ELK_MTLS_CONFIG="+dir+"config.yaml", "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	certificates := c.dynamic.Resource(schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}).Namespace(ns)
	strict := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
	found := 0
	for _, o := range objects(t, output) {
		if o.GetKind() != "Certificate" {
			continue
		}
		found++
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			_, err = certificates.Create(t.Context(), o, strict)
			if err == nil || !strings.Contains(err.Error(), "could not find the requested resource") || time.Now().After(deadline) {
				break // else the API server does not serve the new kind yet
			}
		}
		if err != nil {
			t.Errorf("%s: %v", o.GetName(), err)
		}
		o.Object["spec"].(map[string]any)["privateKey"].(map[string]any)["encoding"] = "PKCS12"
		if _, err := certificates.Create(t.Context(), o, strict); err == nil || !strings.Contains(err.Error(), "spec.privateKey.encoding") {
			t.Errorf("an encoding that there is not: %v", err)
		}
	}
	if found != 2 {
		t.Errorf("%d Certificates, want one for the nodes and one for Kibana", found)
	}
}
