package mention

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestKeysThatAreNoWords holds that a mapping with a key of another kind is read like any other.
func TestKeysThatAreNoWords(t *testing.T) {
	for _, stream := range []string{
		conf("prometheus.yml", "{{ x }}: y\nscrape_configs:\n- static_configs: [{targets: ['search:9200']}]\n  kubernetes_sd_configs: [{role: pod}]\n"),
		custom("{? [a, b] : c, u: 'https://search:9200'}"),
		custom("{? {a: b} : {c: d}, u: 'https://search:9200'}"),
	} {
		if got := strongest(find(t, server("")+stream)); got != Address {
			t.Errorf("%s is %v", stream, got)
		}
	}
}

// TestBase64InEachKind holds that base64 behind a = is found whatever the document is.
func TestBase64InEachKind(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte("http://search:9200/"))
	for name, stream := range map[string]string{
		"a pod in a List":            "apiVersion: v1\nkind: List\nitems:\n- " + strings.TrimSpace(indent(pod("args: [--config="+text+"]\n"), 2)) + "\n",
		"a ConfigMap that says Data": unread("run.sh", "# Data\nCONFIG="+text),
		"a Secret":                   fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {args: --config=%s}\n", text),
	} {
		if got := strongest(find(t, server("")+stream)); got == Nothing {
			t.Errorf("%s: nothing is found", name)
		}
	}
}

// TestAVariableIsLookedForOnce holds that a text with many hosts that are put together is read in time.
func TestAVariableIsLookedForOnce(t *testing.T) {
	begin := time.Now()
	find(t, server("")+conf("a", strings.Repeat("$b:$a ", 100_000)))
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestTheMachineOfAServer holds that the variable of a machine is no other host where a server is on the machine itself.
func TestTheMachineOfAServer(t *testing.T) {
	const client = "env:\n- {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}\n- {name: URL, value: 'https://$(HOST_IP):9200'}\n"
	if got := strongest(find(t, server("      hostNetwork: true\n")+pod(client))); got != May {
		t.Errorf("it is %v where the server is on the machine", got)
	}
	if got := strongest(find(t, server("")+pod(client))); got != Nothing {
		t.Errorf("it is %v where it is not", got)
	}
}
