//go:build elasticsearch || integration

package initcontainer

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// get is a client as Logstash is one: Java, with the pair from a PKCS#12 file.
const get = `
public class Get {
	public static void main(String[] args) throws Exception {
		var c = (javax.net.ssl.HttpsURLConnection) new java.net.URL(args[0]).openConnection();
		System.out.println("answered " + c.getResponseCode());
	}
}`

// TestJavaReadsTheKeystore lets Java call a real Elasticsearch that requires a certificate, with the file and without.
func TestJavaReadsTheKeystore(t *testing.T) {
	node, ca := realElasticsearch(t, nil, nil)
	dir := t.TempDir()
	java := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			out = append(out, err.Error()...)
		}
		return string(out)
	}
	trust := filepath.Join(dir, "trust.p12")
	java("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", file(t, dir, "ca.crt", ca.Cert), "-keystore", trust, "-storepass", contract.KeystorePassword)
	call := []string{"-Djavax.net.ssl.trustStore=" + trust, "-Djavax.net.ssl.trustStorePassword=" + contract.KeystorePassword, file(t, dir, "Get.java", []byte(get)), node.URL}
	// A client may be writing still when the node ends the connection, and sees that before it reads why.
	refusals := []string{"certificate_required", "bad_certificate", "Broken pipe", "Connection reset", "Error writing to server"}
	if out := java("java", call...); strings.Contains(out, "answered") || !slices.ContainsFunc(refusals, func(text string) bool { return strings.Contains(out, text) }) {
		t.Fatalf("without a certificate it should be refused in TLS: %s", out)
	}
	for name, options := range map[string]pki.Options{"rsa": {CN: "logstash", ClientAuth: true, RSA: true}, "ec": {CN: "logstash", ClientAuth: true}} {
		pair := ca.Leaf(options)
		out := filepath.Join(dir, name+".p12")
		run := run([]string{"keystore", "--cert", file(t, dir, name+".crt", pair.Cert), "--key", file(t, dir, name+".key", pair.Key), "--out", out}, nil, io.Discard, os.Stderr)
		if run != 0 {
			t.Fatalf("%s: exit %d", name, run)
		}
		with := append([]string{"-Djavax.net.ssl.keyStore=" + out, "-Djavax.net.ssl.keyStorePassword=" + contract.KeystorePassword}, call...)
		if text := java("java", with...); strings.TrimSpace(text) != "answered 401" { // TLS is over; there is no password
			t.Errorf("%s: %s", name, text)
		}
	}
}
