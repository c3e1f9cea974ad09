package issue

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Secret is a Secret that was made.
type Secret struct {
	Namespace, Name string
	What            string // for the report: "server StatefulSet/es, …"
	Manifest        Hidden
}

// Order is what shall be made.
type Order struct {
	Leaves []Leaf
	Days   int
	Keys   config.Keys
	CA     string // name of a Secret for the authority itself, with its key; "" for none
}

// Secrets makes the certificates of an order. In a namespace with clients only, a Secret called as the servers' holds
// the CA, which clients look for there.
func (m Maker) Secrets(ca *Authority, o Order) ([]Secret, error) {
	var all []Secret
	keys := filled(o.Keys)
	add := func(namespace, name, what string, data ...patch.Entry) error {
		text, err := manifest.Print(secret(namespace, name, data, keys))
		all = append(all, Secret{namespace, name, what, hide([]byte(text))})
		return err
	}
	if o.CA != "" {
		err := add(o.Leaves[0].Namespace, o.CA, "the CA itself, with its key", patch.F(keys.Cert, encoded(ca.Cert())),
			patch.F(keys.Key, encoded(ca.Key().Reveal())))
		if err != nil {
			return nil, err
		}
	}
	for _, leaf := range o.Leaves {
		pair, err := m.Pair(ca, leaf, o.Days)
		if err != nil {
			return nil, err
		}
		err = add(leaf.Namespace, leaf.Secret, leaf.what(pair),
			patch.F(keys.CA, encoded(ca.Cert())), patch.F(keys.Cert, encoded(pair.Cert)),
			patch.F(keys.Key, encoded(pair.Key.Reveal())))
		if err != nil {
			return nil, err
		}
	}
	for _, at := range withoutServer(o.Leaves) {
		if err := add(at.Namespace, at.Secret, "the CA that clients trust",
			patch.F(keys.CA, encoded(ca.Cert()))); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// withoutServer gives the namespaces that have clients and no server, with the name of the servers' Secret.
func withoutServer(leaves []Leaf) []Leaf {
	server := slices.IndexFunc(leaves, func(l Leaf) bool { return l.Server })
	if server < 0 {
		return nil
	}
	served := map[string]bool{}
	for _, leaf := range leaves {
		served[leaf.Namespace] = served[leaf.Namespace] || leaf.Server
	}
	var all []Leaf
	for _, leaf := range leaves {
		if !served[leaf.Namespace] {
			served[leaf.Namespace] = true
			all = append(all, Leaf{Namespace: leaf.Namespace, Secret: leaves[server].Secret})
		}
	}
	return all
}

func (l Leaf) what(pair Pair) string {
	kind := "client"
	if l.Server {
		kind = "server"
	}
	return fmt.Sprintf("%s %s (%s), until %s", kind, strings.Join(l.Refs, ", "), pair.Subject, date(pair.Ends))
}

// secret writes the manifest. Kubernetes demands tls.crt and tls.key of a Secret of its TLS type.
func secret(namespace, name string, data []patch.Entry, keys config.Keys) *yaml.Node {
	kind := "Opaque"
	if len(data) > 1 && keys.Cert == "tls.crt" && keys.Key == "tls.key" {
		kind = "kubernetes.io/tls"
	}
	return patch.Map(
		patch.F("apiVersion", patch.Str("v1")),
		patch.F("kind", patch.Str("Secret")),
		patch.F("metadata", patch.Map(
			patch.F("name", patch.Str(name)),
			patch.F("namespace", patch.Str(namespace)),
			patch.F("labels", patch.Map(patch.F("app.kubernetes.io/part-of", patch.Str("elk-mtls")))),
		)),
		patch.F("type", patch.Str(kind)),
		patch.F("data", patch.Map(data...)),
	)
}

func encoded(text []byte) *yaml.Node { return patch.Str(base64.StdEncoding.EncodeToString(text)) }

// filled gives the keys of a Secret the names that they have by default.
func filled(k config.Keys) config.Keys {
	return config.Keys{CA: or(k.CA, "ca.crt"), Cert: or(k.Cert, "tls.crt"), Key: or(k.Key, "tls.key")}
}
