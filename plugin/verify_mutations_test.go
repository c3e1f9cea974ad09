package plugin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

type dict = map[string]any

// broken is a patched release that a mutation changes: its objects, and the Secrets of the cluster.
type broken struct {
	objects []dict
	secrets map[string]map[string][]byte
	ca      *pki.CA
	sans    []string
	patched patched
}

// mutation breaks one thing. It tells whether there was such a thing.
type mutation struct {
	name string
	want []verify.Code // one of them is found
	make func(b *broken) bool
}

// breakable reads a patched release, and makes the Secrets that its pods mount: one CA, one pair for all.
func breakable(t *testing.T, p patched) *broken {
	t.Helper()
	b := &broken{secrets: map[string]map[string][]byte{}, patched: p}
	var err error
	if b.objects, err = plainObjects(p.output); err != nil {
		t.Fatal(err)
	}
	for _, o := range b.objects {
		if name := text(dig(o, "metadata", "name")); text(o["kind"]) == "Secret" {
			b.secrets[name] = map[string][]byte{}
			for key, value := range table(o["data"]) {
				if b.secrets[name][key], err = base64.StdEncoding.DecodeString(text(value)); err != nil {
					t.Fatal(err)
				}
			}
			for key, value := range table(o["stringData"]) {
				b.secrets[name][key] = []byte(text(value))
			}
		}
	}
	b.ca = pki.NewCA("ca")
	for _, e := range verified(t, p.output, p.settings).Edges {
		for _, address := range e.Addresses {
			host := address[strings.LastIndex(address, "/")+1:]
			host, _, _ = strings.Cut(host, ":")
			b.sans = append(b.sans, host)
		}
	}
	readsRSA := bytes.Contains(p.output, []byte("ssl_key =>")) // as Logstash does, and nothing else
	pair := b.ca.Leaf(pki.Options{CN: "all", SANs: b.sans, ClientAuth: true, ServerAuth: true, RSA: readsRSA})
	b.mounted(func(secret, key string, _ bool) { b.give(secret, key, b.ca.Cert, pair) })
	return b
}

func plainObjects(manifests []byte) ([]dict, error) {
	stream, err := manifest.Split(manifests)
	if err != nil {
		return nil, err
	}
	var all []dict
	for _, doc := range stream.Documents() {
		var o dict
		if err := yaml.Unmarshal(doc.Text(), &o); err != nil {
			return nil, err
		}
		switch {
		case o == nil:
		case text(o["kind"]) == "List":
			all = append(all, list(o["items"])...)
		default:
			all = append(all, o)
		}
	}
	return all, nil
}

// give puts something fitting behind a key.
func (b *broken) give(secret, key string, ca []byte, pair pki.Pair) {
	if b.secrets[secret] == nil {
		b.secrets[secret] = map[string][]byte{}
	}
	switch name := strings.ToLower(key); {
	case strings.HasPrefix(name, "ca"):
		b.secrets[secret][key] = ca
	case strings.HasSuffix(name, "key"):
		b.secrets[secret][key] = pair.Key
	case strings.HasSuffix(name, "crt"):
		b.secrets[secret][key] = pair.Cert
	case strings.HasSuffix(name, "pem"):
		b.secrets[secret][key] = slices.Concat(pair.Cert, pair.Key)
	case strings.HasSuffix(name, "p12") || strings.HasSuffix(name, "jks"):
		b.secrets[secret][key] = storeFor(name, "", ca, pair)
	case b.secrets[secret][key] == nil:
		b.secrets[secret][key] = []byte("value")
	}
}

// storeFor gives what a file of that name holds: CAs for a trust store, else a pair.
func storeFor(name, password string, ca []byte, pair pki.Pair) []byte {
	parsed, err := certificate.Chain(ca)
	var data []byte
	switch {
	case err != nil:
	case strings.Contains(name, "trust"):
		data, err = pkcs12.Modern.EncodeTrustStore(parsed, password)
	default:
		own := pair.TLS()
		data, err = pkcs12.Modern.Encode(own.PrivateKey, own.Leaf, parsed, password)
	}
	if err != nil {
		panic(err)
	}
	return data
}

// mounted visits the keys of Secrets in volumes, those that an item lists and those of a whole Secret, which are as the charts have them.
func (b *broken) mounted(visit func(secret, key string, listed bool)) {
	for _, pod := range b.pods() {
		for _, v := range list(pod["volumes"]) {
			sources := list(dig(v, "projected", "sources"))
			for _, s := range append(sources, v) {
				at := table(s["secret"])
				name := text(at["secretName"]) + text(at["name"])
				if name == "" {
					continue
				}
				for _, item := range list(at["items"]) {
					visit(name, text(item["key"]), true)
				}
				if at["items"] == nil {
					for _, key := range []string{"ca.crt", "tls.crt", "tls.key", "node.p12", "username", "password", "elasticsearch-password"} {
						visit(name, key, false)
					}
				}
			}
		}
	}
}

// judge verifies the release with the Secrets.
func (b *broken) judge(t *testing.T) *verify.Graph {
	t.Helper()
	return verified(t, written(t, b.objects), b.patched.settings, b.known(t))
}

// known gives the Secrets of the cluster as manifests, and the ConfigMap with the CA, where there is one.
func (b *broken) known(t *testing.T) []byte {
	t.Helper()
	var all []dict
	for _, name := range slices.Sorted(maps.Keys(b.secrets)) {
		data := dict{}
		for key, value := range b.secrets[name] {
			data[key] = base64.StdEncoding.EncodeToString(value)
		}
		all = append(all, dict{"apiVersion": "v1", "kind": "Secret", "metadata": dict{"name": name}, "data": data})
	}
	if ca := b.patched.settings.Certificates.CA; ca.ConfigMapName != "" {
		all = append(all, dict{"apiVersion": "v1", "kind": "ConfigMap", "metadata": dict{"name": ca.ConfigMapName}, "data": dict{ca.Key: string(b.ca.Cert)}})
	}
	return written(t, all)
}

func written(t *testing.T, objects []dict) []byte {
	t.Helper()
	var stream bytes.Buffer
	for _, o := range objects {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&stream, "---\n%s\n", text)
	}
	return stream.Bytes()
}

// clientVolume gives the volume with the client's pair.
func clientVolume(pod dict) dict {
	for _, v := range list(pod["volumes"]) {
		if text(v["name"]) == "elk-mtls-client" {
			return v
		}
	}
	return nil
}

// otherPair gives Kibana a pair of its own, from a Secret that is made for it. The CA in it is the right one, unless the pair brings another.
func otherPair(make func(b *broken) (ca []byte, pair pki.Pair)) func(b *broken) bool {
	return func(b *broken) bool {
		return b.each(isKibana, func(pod, _ dict) bool {
			v := clientVolume(pod)
			if v == nil {
				return false
			}
			ca, pair := make(b)
			delete(b.secrets, "other-pair")
			for _, s := range list(dig(v, "projected", "sources")) {
				at := table(s["secret"])
				if at == nil {
					continue
				}
				at["name"] = "other-pair"
				for _, item := range list(at["items"]) {
					b.give("other-pair", text(item["key"]), ca, pair)
				}
			}
			return true
		})
	}
}

func (b *broken) leaf(o pki.Options) pki.Pair {
	o.CN, o.SANs = "other", b.sans
	return b.ca.Leaf(o)
}

// everyPair changes the pair in every Secret.
func everyPair(o pki.Options, sans ...string) func(b *broken) bool {
	return func(b *broken) bool {
		o.CN, o.SANs = "all", b.sans
		if sans != nil {
			o.SANs = sans
		}
		pair := b.ca.Leaf(o)
		b.mounted(func(secret, key string, _ bool) { b.give(secret, key, b.ca.Cert, pair) })
		return true
	}
}

func objectOf(kind, name string, rest dict) dict {
	o := dict{"apiVersion": "v1", "kind": kind, "metadata": dict{"name": name}}
	maps.Copy(o, rest)
	return o
}

func (b *broken) hasServer() bool {
	return b.each(isServerContainer, func(dict, dict) bool { return true })
}

// called gives a host by which Elasticsearch of the release is called; "" when it has none.
func (b *broken) called() string {
	if !b.hasServer() {
		return ""
	}
	for _, san := range b.sans {
		if !strings.HasPrefix(san, "127.") && san != "localhost" && !strings.Contains(san, "$") && b.isService(san) {
			return san
		}
	}
	return ""
}

func (b *broken) isService(host string) bool {
	return slices.ContainsFunc(b.objects, func(o dict) bool {
		return text(o["kind"]) == "Service" && text(dig(o, "metadata", "name")) == strings.Split(host, ".")[0]
	})
}

// newcomer adds an object that names Elasticsearch.
func newcomer(make func(host string) dict) func(b *broken) bool {
	return func(b *broken) bool {
		host := b.called()
		if host != "" {
			b.objects = append(b.objects, make(host))
		}
		return host != ""
	}
}

func deployment(name string, container dict) dict {
	container["name"] = name
	return objectOf("Deployment", name, dict{"spec": dict{"template": dict{"spec": dict{"containers": []any{container}}}}})
}

func past(b *broken) pki.Pair {
	return b.leaf(pki.Options{ClientAuth: true, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)})
}
