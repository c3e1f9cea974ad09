package verify

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// untried says why make truth tries no value of a setting that is judged.
var untried = map[string]string{
	"trust_restrictions.": "one that is set is never proven", ".handshake_timeout": "no client is as slow",
	".type": "a store of one type is read as the other", ".algorithm": "the image has one alone",
	"keystore.key_password": "goes with a password that nothing shows",
}

// TestEveryJudgedSettingIsTried holds the generator of make truth against what verify judges: of each setting a value that holds and one that
// breaks is tried on the real Elasticsearch. The layers for nodes and for other clusters are asked for their pair and CAs as that for HTTP is.
func TestEveryJudgedSettingIsTried(t *testing.T) {
	text, err := os.ReadFile("../catalog/elasticsearch-settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	tried := setups.NodeSettings()
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		name := words[0]
		isOfOthers := strings.HasPrefix(name, transportSSL) && name != transportSSL+"enabled" ||
			strings.HasPrefix(name, remoteSSL) && !strings.HasSuffix(name, "enabled") && !strings.HasSuffix(name, "_mode") && !strings.HasSuffix(name, "client_authentication")
		if !beginsAny(name, watched[:]) || !beginsAny(name, judgedSettings[:]) || slices.Contains(words, "secure") || isOfOthers || slices.Contains(tried, name) {
			continue
		}
		isNamed := false
		for part := range untried {
			isNamed = isNamed || strings.Contains(name, part)
		}
		if !isNamed {
			t.Errorf("%s: no set-up tries it, and nothing says why", name)
		}
	}
}
