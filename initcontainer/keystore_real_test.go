//go:build elasticsearch || integration

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// get is a client as Logstash is one: Java, with the pair from a PKCS#12 file.
const get = `
public class Get {
	public static void main(String[] args) throws Exception {
		var c = (javax.net.ssl.HttpsURLConnection) new java.net.URL(args[0]).openConnection();
		System.out.println("status " + c.getResponseCode());
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
	java("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", file(t, dir, "ca.crt", ca.Cert), "-keystore", trust, "-storepass", keystorePassword)
	// In TLS 1.2 the refusal is part of the handshake; in 1.3 a client may be writing already when it comes.
	call := []string{"-Djdk.tls.client.protocols=TLSv1.2", "-Djavax.net.ssl.trustStore=" + trust, "-Djavax.net.ssl.trustStorePassword=" + keystorePassword, file(t, dir, "Get.java", []byte(get)), node.URL}
	if out := java("java", call...); !strings.Contains(out, "certificate_required") && !strings.Contains(out, "bad_certificate") {
		t.Fatalf("without a certificate it should be refused in TLS: %s", out)
	}
	for name, options := range map[string]pki.Options{"rsa": {CN: "logstash", ClientAuth: true, RSA: true}, "ec": {CN: "logstash", ClientAuth: true}} {
		pair := ca.Leaf(options)
		out := filepath.Join(dir, name+".p12")
		run := run([]string{"keystore", "--cert", file(t, dir, name+".crt", pair.Cert), "--key", file(t, dir, name+".key", pair.Key), "--out", out}, nil, io.Discard, os.Stderr)
		if run != 0 {
			t.Fatalf("%s: exit %d", name, run)
		}
		with := append([]string{"-Djavax.net.ssl.keyStore=" + out, "-Djavax.net.ssl.keyStorePassword=" + keystorePassword}, call...)
		if text := java("java", with...); strings.TrimSpace(text) != "status 401" { // TLS is over; there is no password
			t.Errorf("%s: %s", name, text)
		}
	}
}
