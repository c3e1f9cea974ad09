package object

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestCalls holds what is read of a script: every command, with variables where they are known; [] stands around words that are not.
func TestCalls(t *testing.T) {
	const env = "env: [{name: HOST, value: es}, {name: URL, value: 'https://$(HOST):9200'}, {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n"
	for _, test := range []struct{ name, script, calls string }{
		{"one command", "curl -s https://es", "curl -s https://es"},
		{"lists, pipes and conditions", "a && b | c; if d; then e; else f; fi", "a; b; c; d; e; f"},
		{"a loop and its body", "until curl x; do sleep 3; done", "curl x; sleep 3"},
		{"quotes", `curl -d '{"a":"b c"}' "x y"`, `curl -d {"a":"b c"} x y`},
		{"a line that goes on", "curl \\\n  x", "curl x"},
		{"a shell in a script", `timeout 5 bash -c "curl x" && y`, "timeout 5 bash -c curl x; y; curl x"},
		{"a comment", "a # curl b", "a"},
		{"what is printed is an argument", "echo 'curl x'", "echo curl x"},
		{"a command in a word", "a $(curl b) `c d`", "a [$] [$]; curl b; c d"},
		{"a command in a word is part of it", `curl -u "elastic:$(cat /p)" u`, "curl -u [elastic:$] u; cat /p"},
		{"a variable of the script", "U=https://es; curl $U/a", "curl https://es/a"},
		{"an exported one", `export U="https://es"; curl "${U}"`, "curl https://es"},
		{"one that is set twice", "U=a; U=b; curl $U", "curl [${U}]"},
		{"one that is set in some runs only", "if x; then U=a; fi; curl $U", "x; curl [${U}]"},
		{"one that is set later", "curl $U; U=a", "curl [${U}]"},
		{"one for a single command", "U=a curl $U", "curl [${U}]"},
		{"one of a loop", "for U in a b; do curl $U; done", "for a b; curl [${U}]"},
		{"one that is read", "read -r U; curl $U", "read -r U; curl [${U}]"},
		{"one of the container", "curl $URL/a", "curl https://es:9200/a"},
		{"one of the container, by Kubernetes", "curl $(URL)/a $$(URL)", "curl https://es:9200/a [$]; URL"},
		{"one of a Secret", "curl -u $TOKEN", "curl -u [${TOKEN}]"},
		{"one with a default", "curl ${NONE:-https://es} ${HOST:-other}", "curl https://es es"},
		{"one that is cut", "curl ${URL#https://}", "curl [${URL}]"},
		{"text for standard input is no command", "curl -d @- x <<EOF\ncurl y\nEOF", "curl -d @- x"},
		{"no shell script", "if then )", "not parsed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod := Pod{Spec: yaml.MustParse("containers: [{name: a, " + strings.TrimSpace(env) + "}]")}
			calls, ok := pod.Containers()[0].Calls([]string{"sh", "-ec", test.script})
			got := "not parsed"
			if ok {
				got = printed(calls[1:])
			}
			if got != test.calls {
				t.Errorf("got      %s\nexpected %s", got, test.calls)
			}
		})
	}
}

func printed(calls [][]Word) string {
	var all []string
	for _, call := range calls {
		var words []string
		for _, w := range call {
			if !w.Known {
				w.Text = "[" + w.Text + "]"
			}
			words = append(words, w.Text)
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, "; ")
}

// TestCopied holds which commands of an init container bring a file of a Secret into an empty folder as it is.
func TestCopied(t *testing.T) {
	for _, test := range []struct{ name, script, file, from string }{
		{"a folder's files", "cp /raw/* /pki/", "tls.key", "tls.key"},
		{"a folder", "cp -rL /raw/. /pki", "tls.key", "tls.key"},
		{"one file into the folder", "install -m 0440 /raw/tls.key /pki", "tls.key", "tls.key"},
		{"one file under its name", "cp /raw/tls.key /pki/tls.key && chmod 400 /pki/tls.key", "tls.key", "tls.key"},
		{"one file under another name", "mv /raw/tls.key /pki/node.key", "node.key", "tls.key"},
		{"the old name is gone then", "mv /raw/tls.key /pki/node.key", "tls.key", ""},
		{"another file", "cp /raw/tls.crt /pki/", "tls.key", ""},
		{"joined files", "cat /raw/tls.crt /raw/ca.crt > /pki/chain.pem", "chain.pem", ""},
		{"a certificate that is made there", "openssl req -x509 -CA /raw/tls.crt -CAkey /raw/tls.key -out /pki/tls.crt", "tls.crt", ""},
		{"in a loop", `for f in /raw/*; do cat "$f" > "/pki/$(basename "$f")"; done`, "tls.key", "tls.key"},
		{"in a loop that copies nothing", "for f in /raw/*; do echo $f; done; cat x > /pki/tls.key", "tls.key", ""},
		{"copied in a circle", "cp /pki/a /pki/b; cp /pki/b /pki/a", "a", ""},
		{"from a folder that only the run knows", "cp $DIR/tls.key /pki", "tls.key", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := yaml.MustParse(`
volumes: [{name: raw, secret: {secretName: s}}, {name: pki, emptyDir: {}}]
initContainers: [{name: a, command: [sh, -c], args: [""], volumeMounts: [{name: raw, mountPath: /raw}, {name: pki, mountPath: /pki}]}]
containers: [{name: b, volumeMounts: [{name: pki, mountPath: /certs}]}]`)
			pod := Pod{Spec: spec}
			Items(pod.InitContainers()[0].Node, "args")[0].YNode().Value = test.script
			source, _ := pod.Containers()[0].File("/certs/" + test.file)
			if source.Key != test.from {
				t.Errorf("comes from the key %q, expected %q", source.Key, test.from)
			}
		})
	}
}
