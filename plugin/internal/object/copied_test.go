package object

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestCopied holds which commands of an init container bring a file of a Secret into an empty folder as it is.
func TestCopied(t *testing.T) {
	for _, test := range []struct{ name, script, file, from string }{
		{"a folder's files", "cp /raw/* /pki/", "tls.key", "tls.key"},
		{"a folder", "cp -rL /raw/. /pki", "tls.key", "tls.key"},
		{"a folder into the volume, under its name", "cp -r /raw /pki", "raw/tls.key", "tls.key"},
		{"and not its files", "cp -r /raw /pki/", "tls.key", ""},
		{"a folder under another name", "cp -r /raw /pki/a", "a/tls.key", "tls.key"},
		{"a second folder into it", "cp -r /raw /pki/a; cp -r /image /pki/a", "a/tls.key", "tls.key"},
		{"a folder into one that is made first", "mkdir -p /pki/a && cp -r /raw /pki/a", "a/raw/tls.key", "tls.key"},
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
		{"g02: made beside a copy", "cp /raw/ca.crt /pki/; openssl req -x509 -nodes -keyout /pki/tls.key -out /pki/tls.crt", "tls.crt", ""},
		{"g02: the copy beside it", "cp /raw/ca.crt /pki/; openssl req -x509 -nodes -keyout /pki/tls.key -out /pki/tls.crt", "ca.crt", "ca.crt"},
		{"g01: edited on the way", "cp -r /image/. /pki/ && sed s/a/b/ /raw/tls.crt > /pki/tls.crt", "tls.crt", ""},
		{"edited in its place", "cp /raw/* /pki/; sed -i s/a/b/ /pki/*.crt", "tls.crt", ""},
		{"edited in its place, another file", "cp /raw/* /pki/; sed -i s/a/b/ /pki/*.crt", "tls.key", "tls.key"},
		{"F6: made in the folder that it goes to", "cd /pki && elasticsearch-certutil cert --out c.zip; unzip c.zip; cp /raw/ca.crt ca.crt", "node.crt", ""},
		{"copied in the folder that it goes to", "cd /pki && cp /raw/ca.crt ca.crt", "ca.crt", "ca.crt"},
		{"written by a program that is told its folder", "cp /raw/* /pki/; keytool -keystore /pki/tls.key", "tls.key", ""},
		{"a script does more", "cp /raw/* /pki/; /scripts/prepare.sh", "tls.key", ""},
		{"a script of a shell does more", "cp /raw/* /pki/; bash /scripts/prepare", "tls.key", ""},
		{"rights and owners change nothing", "cp /raw/* /pki/; chown -R 1000 /pki; chmod 400 /pki/tls.key; ls -l /pki", "tls.key", "tls.key"},
		{"to a folder that only the run knows", "cp /raw/tls.key $DIR", "tls.key", ""},
		{"from a folder that only the run knows", "cp $DIR/tls.key /pki", "tls.key", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := yaml.MustParse(`
volumes: [{name: raw, secret: {secretName: s}}, {name: pki, emptyDir: {}}]
initContainers: [{name: a, command: [sh, -c], args: [""], volumeMounts: [{name: raw, mountPath: /raw}, {name: pki, mountPath: /pki}]}]
containers: [{name: b, volumeMounts: [{name: pki, mountPath: /certs}]}]`)
			pod := Pod{Spec: spec}
			Items(pod.InitContainers()[0].Node, "args")[0].Value = test.script
			f := pod.Containers()[0].Resolve("/certs/"+test.file, input{})
			if f.Source.Key != test.from {
				t.Errorf("comes from the key %q (%s), expected %q", f.Source.Key, f.Why, test.from)
			}
		})
	}
}
