package recognise

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// TestFiller holds which objects have a controller fill a Secret or ConfigMap.
func TestFiller(t *testing.T) {
	for _, test := range []struct{ manifest, want string }{
		{"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: pair}\nspec: {}", "ExternalSecret/pair"},
		{"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {target: {name: pair}}", "ExternalSecret/e"},
		{"apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: e, namespace: x}\nspec: {externalSecretName: pair}", "ClusterExternalSecret/e"},
		{"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {template: {metadata: {name: pair}}}", "SealedSecret/s"},
		{"apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultPKISecret\nmetadata: {name: v}\nspec: {destination: {name: pair}}", "VaultPKISecret/v"},
		{"apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: c}\nspec: {secretObjects: [{secretName: pair}]}", "SecretProviderClass/c"},
		{"apiVersion: trust.cert-manager.io/v1alpha1\nkind: Bundle\nmetadata: {name: pair}", "Bundle/pair"},
		{"apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: pair}", "Certificate/c"},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: {service.beta.openshift.io/serving-cert-secret-name: pair}}", "Service/s"},
		{`{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "pair"}}`, "SealedSecret/pair"},
		{"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: pair}}", "SealedSecret/pair"},

		{"apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: pair}\nspec: {secretName: other}", ""},
		{"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: pair, namespace: far}", ""},
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: pair}", ""},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: pair}", ""},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pair}\nspec: {secretName: pair}", ""},
	} {
		stream, err := manifest.Split([]byte(test.manifest))
		if err != nil {
			t.Fatal(err)
		}
		r, err := All(stream, func(object.ID) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Filler(object.Source{Namespace: "near", Kind: "Secret", Name: "pair"}); got != test.want {
			t.Errorf("%s\nfilled by %q, want %q", test.manifest, got, test.want)
		}
	}
}
