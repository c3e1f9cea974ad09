package object

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

const podText = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes:
  - {name: certs, secret: {secretName: s}}
  - {name: some, secret: {secretName: s2, items: [{key: k, path: sub/file.pem}]}}
  - {name: config, configMap: {name: c}}
  - name: all
    projected:
      sources:
      - secret: {name: s3, items: [{key: tls.crt, path: client.crt}]}
      - configMap: {name: c3}
  - {name: empty, emptyDir: {}}
  initContainers:
  - name: copy
    command: [sh, -c, "cp /from/* /to"]
    volumeMounts:
    - {name: certs, mountPath: /from}
    - {name: empty, mountPath: /to, subPath: copied}
  - name: other
    command: [sh, -c, "true"]
    volumeMounts:
    - {name: certs, mountPath: /unused}
    - {name: empty, mountPath: /to, subPath: nothing}
  containers:
  - name: a
    image: registry:5000/x/elasticsearch:8.5.1@sha256:00
    volumeMounts:
    - {name: certs, mountPath: /certs/}
    - {name: empty, mountPath: /certs/inner}
    - {name: empty, mountPath: /copy, subPath: copied}
    - {name: empty, mountPath: /no-copy, subPath: nothing}
    - {name: some, mountPath: /some}
    - {name: config, mountPath: /etc/app/app.yml, subPath: app.yml}
    - {name: all, mountPath: /all}
`

func TestResolveFindsWhatIsMountedThere(t *testing.T) {
	doc, err := manifest.Parse([]byte(podText))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := In(doc)
	if err != nil {
		t.Fatal(err)
	}
	pod, _ := objects[0].Pod()
	c := pod.Containers()[0]
	for path, want := range map[string]string{
		"/certs/tls.crt":       `Secret/s key "tls.crt"`,
		"/certs/../certs/ca":   `Secret/s key "ca"`,
		"/certs/inner/tls.crt": "",                       // another mount hides it
		"/copy/tls.crt":        `Secret/s key "tls.crt"`, // an init container copies it there
		"/no-copy/tls.crt":     "",                       // and this one copies nothing
		"/etc/app/app.yml":     `ConfigMap/c key "app.yml"`,
		"/all/client.crt":      "",                         // the ConfigMap behind the Secret may have it too, and counts then
		"/all/other":           `ConfigMap/c3 key "other"`, // the Secret beside it lists its items
		"/elsewhere":           "",
	} {
		got := ""
		if f := c.Resolve(path, input{}); f.Key() {
			got = f.What()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if repository, tag := c.Image(); repository != "elasticsearch" || tag != "8.5.1" {
		t.Errorf("image: %q, %q", repository, tag)
	}
}

func TestReads(t *testing.T) {
	doc, err := manifest.Parse([]byte(podText))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := In(doc)
	if err != nil {
		t.Fatal(err)
	}
	pod, _ := objects[0].Pod()
	c := pod.Containers()[0]
	for _, r := range []struct {
		kind, name, key string
		want            bool
	}{
		{"Secret", "s", "any", true},
		{"Secret", "s2", "k", true},
		{"Secret", "s2", "other", false},    // items leave it out
		{"ConfigMap", "c", "app.yml", true}, // subPath
		{"ConfigMap", "c", "other", false},  // and another key
		{"ConfigMap", "c3", "other", true},  // projected
		{"ConfigMap", "s", "any", false},    // another kind
		{"Secret", "unknown", "any", false},
	} {
		if got := c.Reads(r.kind, r.name, r.key); got != r.want {
			t.Errorf("%s/%s key %s: %v", r.kind, r.name, r.key, got)
		}
	}
}
