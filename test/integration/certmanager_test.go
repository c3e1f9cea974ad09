//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// TestCertManager holds the Certificates that we add against the definition of cert-manager itself, in a real API server: every field
// is known, and every value of a kind that is allowed.
func TestCertManager(t *testing.T) {
	c, ns := connect(t), namespace(t)
	module, err := parts.Module(t.Context(), "github.com/cert-manager/cert-manager", parts.CertManager)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module, "deploy/crds/cert-manager.io_certificates.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.serve(t, text)
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
		eventually(t, "the new kind is served", func() bool {
			_, err = certificates.Create(t.Context(), o, strict)
			return err == nil || !strings.Contains(err.Error(), "could not find the requested resource")
		})
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
