package object

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// FuzzResolve holds that whatever a pod says, every path has one answer: a key with its source, or a reason.
func FuzzResolve(f *testing.F) {
	f.Add(podText, "/certs/tls.crt")
	f.Add(podText, "/copy/tls.key")
	f.Add("kind: Pod\nspec: {volumes: [{name: v, projected: {sources: [null, {secret: 1}, {podCertificate: {keyPath: a}}]}}, {name: e}],\n"+
		" initContainers: [{name: i, command: [sh, -c, 'for f in $X; do cp $f /e/; done; cat >/e/$f'], volumeMounts: [{name: e, mountPath: /e}]}],\n"+
		" containers: [{volumeMounts: [{name: e, mountPath: /t, subPathExpr: $(A)}, {name: v, mountPath: /t/..}]}]}", "/t/a")
	f.Fuzz(func(t *testing.T, text, file string) {
		doc, err := manifest.Parse([]byte(text))
		if err != nil {
			return
		}
		objects, err := In(doc)
		if err != nil {
			return
		}
		in := input{objects: objects}
		for _, o := range objects {
			pod, _ := o.Pod()
			for _, c := range pod.All() {
				for _, path := range append(c.Files(in), file) {
					got := c.Resolve(path, in)
					if got.Key() != (got.Source.Name != "") || got.Key() == (got.Why != "") {
						t.Fatalf("%s is %s from %q because of %q", path, got.Found.text(), got.Source, got.Why)
					}
				}
			}
		}
	})
}
