package plugin

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestKeysThatAProgramDoesNotRead holds that a key is refused as it is stored where its program does not read that, and a certificate is required:
// one of the client's own, and one of the Secret that the configuration names. What opens with a passphrase stays.
func TestKeysThatAProgramDoesNotRead(t *testing.T) {
	archive, err := txtar.ParseFile("internal/certificate/testdata/keys.txtar")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, f := range archive.Files {
		keys[f.Name] = base64.StdEncoding.EncodeToString(f.Data)
	}
	const own = "ssl.certificate: /ca/tls.crt\n      ssl.key: /ca/tls.key"
	for _, test := range []struct{ name, key, image, settings, stage, refused string }{
		{"its own, as it is read", "plain", "8.19.4", own, "required", ""},
		{"its own, encrypted", "aes-256", "8.19.4", own, "required", "is encrypted, and no passphrase is set"},
		{"its own, encrypted, where nobody needs one", "aes-256", "8.19.4", own, "optional", ""},
		{"its own, with a passphrase", "aes-256", "8.19.4", own + "\n      ssl.key_passphrase: open", "required", ""},
		{"its own, which a version does not open", "aes-256", "7.17.9", own + "\n      ssl.key_passphrase: open", "required", "since version 8.6"},
		{"that of the configuration", "plain", "8.19.4", "", "required", ""},
		{"that of the configuration, encrypted", "aes-256", "8.19.4", "", "required", "is encrypted, and no passphrase is set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			input := pairsClients[strings.Index(pairsClients, "apiVersion: v1"):]
			input = strings.NewReplacer("VOLUME", "{secretName: own}", "8.19.4", test.image, `["/ca/ca.pem"]`, `["/ca/ca.crt"]`+"\n      "+test.settings).Replace(input) +
				fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: own}\ndata: {ca.crt: Y2E=, tls.crt: YQ==, tls.key: %s}\n", keys[test.key])
			s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {minter: {secretName: m}, clientAuthentication: " + test.stage +
				", certificates: {clients: [{ref: DaemonSet/filebeat, secretName: own}]}}"))
			if err != nil {
				t.Fatal(err)
			}
			s.InitContainer.Image = testImage
			_, _, err = transform([]byte(input), s.WithDefaults())
			switch {
			case test.refused == "" && err != nil:
				t.Error(err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), "the private key in Secret/own") || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("got %v, expected %q", err, test.refused)
			}
		})
	}
}
