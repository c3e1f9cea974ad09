package object

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

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
		{"a pattern", "cp /raw/*.crt /raw/*.key /pki/", "tls.key", "tls.key"},
		{"another pattern", "cp /raw/*.crt /pki/", "tls.key", ""},
		{"braces", "cp /raw/tls.{crt,key} /pki/", "tls.key", "tls.key"},
		{"a loop over names", "for f in tls.crt tls.key; do cp /raw/$f /pki/$f; done", "tls.key", "tls.key"},
		{"a loop over names, into the folder", "for f in tls.crt tls.key; do cp /raw/$f /pki/; done", "tls.key", "tls.key"},
		{"the folder first", "cp -t /pki /raw/tls.crt /raw/tls.key", "tls.key", "tls.key"},
		{"one file by cat", "cat /raw/tls.key > /pki/node.key", "node.key", "tls.key"},
		{"copied, then joined into it", "cp /raw/* /pki/; cat /raw/tls.crt /raw/ca.crt > /pki/chain.pem", "chain.pem", ""},
		{"copied, then made anew", "cp /raw/* /pki/; openssl req -x509 -keyout /pki/tls.key -out /pki/tls.crt", "tls.key", ""},
		{"joined in a loop", "for f in /raw/*; do cat \"$f\" >> /pki/chain.pem; done", "chain.pem", ""},
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
