package object

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// input is an Input of tests.
type input struct {
	objects []*Object
	fillers map[string]string
}

func (i input) Shown(s Source) *Object {
	for _, o := range i.objects {
		if o.Kind == s.Kind && o.Name == s.Name && (o.Namespace == s.Namespace || o.Namespace == "") {
			return o
		}
	}
	return nil
}

func (i input) Filler(s Source) string { return i.fillers[s.Kind+"/"+s.Name] }

// objectsIn gives the objects of a stream.
func objectsIn(t *testing.T, text string) []*Object {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []*Object
	for _, doc := range stream.Documents() {
		objects, err := In(doc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, objects...)
	}
	return all
}

// shownText is what the input of the tests shows.
const shownText = `
apiVersion: v1
kind: Secret
metadata: {name: pair, namespace: shop}
data: {tls.crt: Y2VydA==, tls.key: a2V5}
stringData: {tls.key: other}
---
apiVersion: v1
kind: Secret
metadata: {name: stranger}
data: {tls.crt: c3RyYW5nZXI=}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {app.yml: "a: b"}
binaryData: {blob: YmxvYg==}
---
apiVersion: v1
kind: Secret
metadata: {name: empty}
---
apiVersion: v1
kind: Secret
metadata: {name: reflected, annotations: {reflector.v1.k8s.emberstack.com/reflects: "vault/it"}}
data: {tls.crt: ""}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bundle, labels: {config.openshift.io/inject-trusted-cabundle: "true"}}
data: {other: ""}
---
apiVersion: v1
kind: Secret
metadata: {name: external}
data: {placeholder: ""}
`

const (
	isMounted  = "mounted"
	isCopied   = "copied"
	isMade     = "made"
	isOutside  = "outside"
	isNotThere = "not there"
)

func (f Found) text() string {
	return [...]string{Outside: isOutside, Mounted: isMounted, Copied: isCopied, Made: isMade, Perhaps: "perhaps", NotThere: isNotThere}[f]
}

// TestResolve holds what a container sees at a path, by what the kubelet does; each row is a rule.
func TestResolve(t *testing.T) {
	in := input{objects: objectsIn(t, shownText), fillers: map[string]string{"Secret/external": "ExternalSecret/external"}}
	for _, test := range []struct {
		name, mounts, volumes string // of the container; its variables and init containers stand with the mounts and volumes
		file                  string
		found, want           string // the source, or what the reason holds
	}{
		{"a key of a Secret", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/tls.crt", isMounted, `Secret/pair key "tls.crt"`},
		{"the folder of the kubelet", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/..data/tls.crt", isMounted, `Secret/pair key "tls.crt"`},
		{"binaryData", `{name: v, mountPath: /c}`, `{name: v, configMap: {name: settings}}`, "/c/blob", isMounted, `ConfigMap/settings key "blob"`},
		{"a key that is not there", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/ca.crt", isMounted, `Secret/pair key "ca.crt": lacking`},
		{"a Secret that is elsewhere", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: far}}`, "/tls/ca.crt", isMounted, `Secret/far key "ca.crt": not shown`},
		{"a key below a folder", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/a/b", isNotThere, "has no a/b"},
		{"nothing", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/etc/x", isNotThere, "nothing is mounted at /etc/x"},
		{"no such volume", `{name: w, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/x", isNotThere, `a volume "w" that the pod does not have`},
		{"a relative path", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "tls/tls.crt", isOutside, "no absolute path"},
		{"the whole volume", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls", isNotThere, `the whole volume "v"`},

		{"the longest mount", `{name: v, mountPath: /tls}, {name: e, mountPath: /tls/tls.crt, subPath: tls.crt}`,
			`{name: v, secret: {secretName: pair}}, {name: e, secret: {secretName: stranger}}`, "/tls/tls.crt", isMounted, `Secret/stranger key "tls.crt"`},
		// the kubelet makes the folders of mounts that lie in such a volume, before it is read-only (MakeNestedMountpoints)
		{"a mount below that of a Secret", `{name: v, mountPath: /tls}, {name: e, mountPath: /tls/cache}`,
			`{name: v, secret: {secretName: pair}}, {name: e, emptyDir: {}}`, "/tls/tls.crt", isMounted, `Secret/pair key "tls.crt"`},
		{"the same below an empty folder", `{name: e, mountPath: /tls}, {name: v, mountPath: /tls/pair}`,
			`{name: v, secret: {secretName: pair}}, {name: e, emptyDir: {}}`, "/tls/pair/tls.crt", isMounted, `Secret/pair key "tls.crt"`},

		{"subPath", `{name: v, mountPath: /c.pem, subPath: tls.crt}`, `{name: v, secret: {secretName: pair}}`, "/c.pem", isMounted, `Secret/pair key "tls.crt"`},
		{"s33: subPathExpr", `{name: v, mountPath: /c.pem, subPathExpr: $(NAME).crt}`, `{name: v, secret: {secretName: pair}}`, "/c.pem", isMounted, `Secret/pair key "tls.crt"`},
		{"subPathExpr with a variable from a Secret", `{name: v, mountPath: /c.pem, subPathExpr: $(HIDDEN)}`, `{name: v, secret: {secretName: pair}}`, "/c.pem",
			isOutside, "the variable HIDDEN"},
		{"subPathExpr with a variable that is not set", `{name: v, mountPath: /c.pem, subPathExpr: $(NONE)}`, `{name: v, secret: {secretName: pair}}`, "/c.pem",
			isNotThere, "the variable NONE"},

		{"items", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair, items: [{key: tls.crt, path: sub/c.pem}]}}`, "/tls/sub/c.pem",
			isMounted, `Secret/pair key "tls.crt"`},
		{"items rename", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair, items: [{key: tls.crt, path: sub/c.pem}]}}`, "/tls/tls.crt",
			isNotThere, "has no tls.crt"},
		{"s29: the last source wins", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{secret: {name: pair}}, {secret: {name: stranger}}]}}`,
			"/tls/tls.crt", isMounted, `Secret/stranger key "tls.crt"`},
		{"s29b: also over one that lists its keys", `{name: v, mountPath: /tls}`,
			`{name: v, projected: {sources: [{secret: {name: pair, items: [{key: tls.crt, path: tls.crt}]}}, {secret: {name: stranger}}]}}`,
			"/tls/tls.crt", isMounted, `Secret/stranger key "tls.crt"`},
		{"an earlier source where the last lacks the key", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{secret: {name: pair}}, {secret: {name: stranger}}]}}`,
			"/tls/tls.key", isMounted, `Secret/pair key "tls.key"`},
		{"sources of which the last is elsewhere", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{secret: {name: pair}}, {secret: {name: far}}]}}`,
			"/tls/tls.key", isOutside, `Secret/far key "tls.key", Secret/pair key "tls.key"`},
		{"an optional source that is elsewhere", `{name: v, mountPath: /tls}`,
			`{name: v, projected: {sources: [{secret: {name: pair}}, {secret: {name: far, optional: true, items: [{key: k, path: tls.key}]}}]}}`,
			"/tls/tls.key", isOutside, `Secret/far key "k", Secret/pair key "tls.key"`},
		{"a source that lists the key counts as having it", `{name: v, mountPath: /tls}`,
			`{name: v, projected: {sources: [{secret: {name: pair}}, {secret: {name: far, items: [{key: k, path: tls.key}]}}]}}`,
			"/tls/tls.key", isMounted, `Secret/far key "k": not shown`},
		{"podCertificate", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{podCertificate: {signerName: example.com/x, keyPath: tls.key}}]}}`, "/tls/tls.key",
			isOutside, `the signer "example.com/x"`},
		{"clusterTrustBundle", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{clusterTrustBundle: {name: roots, path: ca.crt}}]}}`, "/tls/ca.crt",
			isOutside, `ClusterTrustBundle of "roots"`},
		{"a token", `{name: v, mountPath: /tls}`, `{name: v, projected: {sources: [{serviceAccountToken: {path: token}}]}}`, "/tls/token", isOutside, "ServiceAccount"},
		{"downwardAPI", `{name: v, mountPath: /tls}`, `{name: v, downwardAPI: {items: [{path: labels}]}}`, "/tls/labels", isOutside, "downwardAPI"},

		{"Secrets Store CSI", `{name: v, mountPath: /tls}`, `{name: v, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: es}}}`, "/tls/x",
			isOutside, "SecretProviderClass/es"},
		{"cert-manager's CSI driver", `{name: v, mountPath: /tls}`, `{name: v, csi: {driver: csi.cert-manager.io}}`, "/tls/x", isOutside, "cert-manager issues it"},
		{"another CSI driver", `{name: v, mountPath: /tls}`, `{name: v, csi: {driver: x.example}}`, "/tls/x", isOutside, `the CSI driver "x.example"`},
		{"an image", `{name: v, mountPath: /tls}`, `{name: v, image: {reference: certs:1}}`, "/tls/x", isOutside, `the image "certs:1"`},
		{"hostPath", `{name: v, mountPath: /tls}`, `{name: v, hostPath: {path: /etc/pki}}`, "/tls/x", isOutside, `"/etc/pki"`},
		{"a claim", `{name: v, mountPath: /tls}`, `{name: v, persistentVolumeClaim: {claimName: certs}}`, "/tls/x", isOutside, "PersistentVolumeClaim/certs"},
		{"a claim of the pod", `{name: v, mountPath: /tls}`, `{name: v, ephemeral: {}}`, "/tls/x", isOutside, "a claim of the pod's own"},
		{"volumeClaimTemplates", `{name: data, mountPath: /tls}`, `{name: v, ephemeral: {}}`, "/tls/x", isOutside, "volumeClaimTemplates"},
		{"a kind that nobody knows", `{name: v, mountPath: /tls}`, `{name: v, quobyte: {}}`, "/tls/x", isOutside, "of the kind quobyte"},
		{"an empty folder", `{name: v, mountPath: /tls}`, `{name: v, emptyDir: {}}`, "/tls/x", isNotThere, "no other container of the pod fills it"},
		{"a volume without a kind is an empty folder", `{name: v, mountPath: /tls}`, `{name: v}`, "/tls/x", isNotThere, "no other container of the pod fills it"},
		{"a45: Vault's injector", `{name: v, mountPath: /tls}`, `{name: v, emptyDir: {}}`, "/vault/secrets/tls.crt", isOutside, "Vault's injector"},
		{"a45b: Vault's injector, into a folder that is mounted", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: pair}}`, "/tls/vault/tls.crt",
			isOutside, "Vault's injector"},
		{"the ServiceAccount", `{name: v, mountPath: /tls}`, `{name: v}`, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", isOutside, "ServiceAccount"},

		{"Q5: an object without data", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: empty}}`, "/tls/tls.crt", isMounted,
			`Secret/empty key "tls.crt": not shown (it has no data yet)`},
		{"Q5: a reflected Secret", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: reflected}}`, "/tls/tls.crt", isMounted,
			`Secret/reflected key "tls.crt": not shown (it has reflector.v1.k8s.emberstack.com/reflects)`},
		{"Q5: an injected bundle", `{name: v, mountPath: /tls}`, `{name: v, configMap: {name: bundle}}`, "/tls/ca-bundle.crt", isMounted,
			`ConfigMap/bundle key "ca-bundle.crt": not shown (it has config.openshift.io/inject-trusted-cabundle)`},
		{"Q5: an external Secret", `{name: v, mountPath: /tls}`, `{name: v, secret: {secretName: external}}`, "/tls/tls.crt", isMounted,
			`Secret/external key "tls.crt": not shown (ExternalSecret/external has it filled)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := objectsIn(t, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s, namespace: shop}
spec:
  volumeClaimTemplates: [{metadata: {name: data}}]
  template:
    metadata: {annotations: {vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/secret-volume-path-a: /tls/vault}}
    spec:
      containers:
      - {name: c, env: [{name: NAME, value: tls}, {name: HIDDEN, valueFrom: {secretKeyRef: {name: x, key: y}}}], volumeMounts: [`+test.mounts+`]}
      volumes: [`+test.volumes+`]
`)[0]
			pod, _ := o.Pod()
			f := pod.Containers()[0].Resolve(test.file, in)
			got := f.Why
			if f.Key() {
				if got = f.What(); f.State != Held {
					got += map[State]string{NotShown: ": not shown", Lacking: ": lacking"}[f.State]
				}
				if f.Filled != "" {
					got += " (" + f.Filled + ")"
				}
			}
			if f.Found.text() != test.found || f.Key() && got != test.want || !strings.Contains(got, test.want) {
				t.Errorf("%s: %s, want %s: %s", f.Found.text(), got, test.found, test.want)
			}
			if f.Key() && f.Source.Namespace != "shop" {
				t.Errorf("the namespace of the source is %q", f.Source.Namespace)
			}
		})
	}
}

// TestContent holds which field of a Secret counts, and how a value stands there.
func TestContent(t *testing.T) {
	in := input{objects: objectsIn(t, shownText)}
	for _, test := range []struct{ kind, name, key, text, field string }{
		{"Secret", "pair", "tls.crt", "cert", "data"},
		{"Secret", "pair", "tls.key", "other", "stringData"},
		{"ConfigMap", "settings", "app.yml", "a: b", "data"},
		{"ConfigMap", "settings", "blob", "blob", "binaryData"},
	} {
		c, state, _ := Look(in, Source{Namespace: "shop", Kind: test.kind, Name: test.name, Key: test.key})
		if state != Held || string(c.Text) != test.text || c.Field != test.field || c.Encoded != (test.field != "stringData" && test.text != "a: b") {
			t.Errorf("%s/%s %s: %q in %s (encoded: %v)", test.kind, test.name, test.key, c.Text, c.Field, c.Encoded)
		}
	}
}

// What a controller fills is not known from the manifests, and is where the object was read out of a cluster.
func TestLive(t *testing.T) {
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}\nstringData: {tls.crt: x}\n"
	doc, err := manifest.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := In(doc)
	if err != nil {
		t.Fatal(err)
	}
	for live, want := range map[bool]State{false: NotShown, true: Held} {
		objects[0].Live = live
		if _, state, why := Look(oneObject{objects[0]}, Source{Kind: "Secret", Name: "s", Key: "tls.crt"}); state != want {
			t.Errorf("live %v: state %d (%s), want %d", live, state, why, want)
		}
	}
}

// oneObject is an input of one object, which another has filled.
type oneObject struct{ o *Object }

func (i oneObject) Shown(Source) *Object { return i.o }

func (oneObject) Filler(Source) string { return "Certificate/c" }
