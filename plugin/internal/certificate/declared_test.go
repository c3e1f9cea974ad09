package certificate

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

func TestDeclared(t *testing.T) {
	const certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: logs}\nspec: {secretName: it, "
	for _, test := range []struct{ name, manifest, authority, serversOnly string }{
		{"a Certificate for both", certificate + "usages: [server auth, client auth]}", "", ""},
		{"a Certificate without usages", certificate + "dnsNames: [a]}", "", ""},
		{"a Certificate whose usages limit the key only", certificate + "usages: [digital signature, key encipherment]}", "", ""},
		{"a Certificate for anything", certificate + "usages: [any, server auth]}", "", ""},
		{"a Certificate for servers", certificate + "usages: [digital signature, server auth]}", "",
			"Certificate/c sets usages (digital signature, server auth) without client auth"},
		{"a Certificate for signing code", certificate + "usages: [code signing]}", "", "Certificate/c sets usages (code signing) without client auth"},
		{"a Certificate of a CA", certificate + "isCA: true}", "Certificate/c sets isCA", ""},
		{"a Certificate in another namespace", strings.Replace(certificate, "logs", "dev", 1) + "isCA: true}", "", ""},
		{"a Certificate of another kind", "apiVersion: networking.internal.knative.dev/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: it, isCA: true}", "", ""},
		{"an Issuer", "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {ca: {secretName: it}}",
			"Issuer/i names it as spec.ca.secretName", ""},
		{"the account of an ACME issuer", "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: i}\nspec: {acme: {privateKeySecretRef: {name: it}}}",
			"ClusterIssuer/i names it as spec.acme.privateKeySecretRef.name", ""},
		{"the issuer of a plug-in", "apiVersion: certmanager.step.sm/v1beta1\nkind: StepIssuer\nmetadata: {name: i}\nspec: {provisioner: {passwordRef: {name: it}}}",
			"StepIssuer/i names it as spec.provisioner.passwordRef.name", ""},
		{"an issuer's account in Kubernetes, and its trust", "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {vault: {caBundleSecretRef: {name: it}, auth: {kubernetes: {serviceAccountRef: {name: it}}}}}", "", ""},
		{"an Issuer that has the name elsewhere", "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: it}\nspec: {selfSigned: {}, vault: {path: it}}", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			stream, err := manifest.Split([]byte(test.manifest))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := object.In(stream.Documents()[0])
			if err != nil {
				t.Fatal(err)
			}
			d := Declare(objects)
			if got := d.Authority("logs", "it"); got != test.authority {
				t.Errorf("a CA's: %q, expected %q", got, test.authority)
			}
			if got := d.ServersOnly("logs", "it"); got != test.serversOnly {
				t.Errorf("for servers only: %q, expected %q", got, test.serversOnly)
			}
		})
	}
}
