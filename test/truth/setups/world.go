package setups

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// Names and paths that all set-ups share.
const (
	namespace = "obs"
	service   = "search-http"
	alias     = "search-alias" // a Service of the same node, whose name no certificate has
	nodes     = "search-nodes"
	// Password is that of the user elastic.
	Password   = "changeme-elastic"
	passphrase = "open-sesame"
)

// world holds the certificates of all set-ups.
type world struct {
	root, inter, other, clients *pki.CA
	server                      pki.Pair // signed by inter, its chain in the file
	serverKeys                  map[string][]byte
	pairs                       map[string]material
	cas                         map[string]material
	stores                      map[string][]byte // of a node, and a key with a passphrase
	now                         time.Time
}

// material is what a Secret holds in place of the right thing.
type material struct {
	files map[string][]byte // by the keys of the Secret
	lacks []string          // as SetUp.Lacks; nil where nothing is wrong with it for every program
}

var made *world

func newWorld() *world {
	if made != nil {
		return made
	}
	w := &world{root: pki.NewCA("lab root"), other: pki.NewCA("another"), clients: pki.NewCA("lab clients"), now: time.Now()}
	w.inter = w.root.Intermediate("lab issuing")
	w.server = w.inter.Leaf(pki.Options{CN: "search", ServerAuth: true, ClientAuth: true, RSA: true, SANs: []string{
		service, service + "." + namespace, service + "." + namespace + ".svc", service + "." + namespace + ".svc.cluster.local",
		nodes, "*." + nodes, "localhost", "127.0.0.1", "elasticsearch",
	}})
	leaf := w.server.Cert
	w.server.Cert = append(bytes.Clone(leaf), w.inter.Cert...)
	w.fillPairs()
	w.fillStores(leaf)
	w.cas = map[string]material{
		"root": {files: map[string][]byte{"ca.crt": w.root.Cert}}, "root and issuing": {files: map[string][]byte{"ca.crt": append(bytes.Clone(w.inter.Cert), w.root.Cert...)}},
		"issuing": {files: map[string][]byte{"ca.crt": w.inter.Cert}}, "leaf": {files: map[string][]byte{"ca.crt": leaf}},
		"two roots": {files: map[string][]byte{"ca.crt": append(bytes.Clone(w.other.Cert), w.root.Cert...)}},
		"another":   {files: map[string][]byte{"ca.crt": w.other.Cert}, lacks: []string{"signed"}},
		"no PEM":    {files: map[string][]byte{"ca.crt": []byte("to be filled in\n")}, lacks: []string{"holds"}},
	}
	made = w
	return w
}

func (w *world) fillPairs() {
	day := 24 * time.Hour
	pair := func(p pki.Pair) map[string][]byte { return map[string][]byte{"tls.crt": p.Cert, "tls.key": p.Key} }
	client := pki.Options{CN: "client", ClientAuth: true}
	withRSA := client
	withRSA.RSA = true
	good, rsaPair := w.clients.Leaf(client), w.clients.Leaf(withRSA)
	of := func(o pki.Options) map[string][]byte { return pair(w.clients.Leaf(o)) }
	keyed := func(p pki.Pair, key []byte) map[string][]byte {
		return map[string][]byte{"tls.crt": p.Cert, "tls.key": key}
	}
	w.pairs = map[string]material{
		"good": {files: pair(rsaPair)}, "EC": {files: pair(good)},
		"PKCS#1": {files: keyed(rsaPair, rewritten(rsaPair.Key))}, "SEC 1": {files: keyed(good, rewritten(good.Key))},
		"no usages": {files: of(pki.Options{CN: "client"})}, "both usages": {files: of(pki.Options{CN: "client", ClientAuth: true, ServerAuth: true})},
		"server only":      {files: of(pki.Options{CN: "client", ServerAuth: true}), lacks: []string{"used by a client", "client"}},
		"ended":            {files: of(pki.Options{CN: "client", ClientAuth: true, NotBefore: w.now.Add(-2 * day), NotAfter: w.now.Add(-day)}), lacks: []string{"valid"}},
		"not yet":          {files: of(pki.Options{CN: "client", ClientAuth: true, NotBefore: w.now.Add(day), NotAfter: w.now.Add(2 * day)}), lacks: []string{"valid"}},
		"of nobody":        {files: pair(w.other.Leaf(client)), lacks: []string{"signed"}},
		"another key":      {files: keyed(good, rsaPair.Key), lacks: []string{"holds the key of the certificate"}},
		"no key":           {files: map[string][]byte{"tls.crt": good.Cert}, lacks: []string{"key"}},
		"no PEM":           {files: map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("x")}, lacks: []string{"holds", "PEM"}},
		"encrypted of old": {files: keyed(rsaPair, encryptedOfOld(rsaPair.Key))},
		"encrypted":        {files: keyed(rsaPair, pki.Encrypt(rsaPair.Key, passphrase))},
	}
	w.serverKeys = map[string][]byte{"ca.crt": append(bytes.Clone(w.clients.Cert), w.root.Cert...), "tls.crt": w.server.Cert, "tls.key": w.server.Key}
}

// rewritten gives a key in the form that is older than PKCS#8.
func rewritten(key []byte) []byte {
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	if own, ok := parsed.(*rsa.PrivateKey); ok {
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(own)})
	}
	der, err := x509.MarshalECPrivateKey(parsed.(*ecdsa.PrivateKey))
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// encryptedOfOld gives a key in the form in which programs encrypted keys before there was PKCS#8.
func encryptedOfOld(key []byte) []byte {
	block, _ := pem.Decode(rewritten(key))
	//nolint:staticcheck // SA1019: insecure, and read by programs all the same
	hidden, err := x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, []byte(passphrase), x509.PEMCipherAES256)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(hidden)
}

// Node is the node that all clients call: what it is given, by the keys of its Secret, and the pair with which the test itself is let in.
func Node() (files map[string][]byte, own pki.Pair, root *pki.CA) {
	w := newWorld()
	return w.serverKeys, w.clients.Leaf(pki.Options{CN: "judge", ClientAuth: true}), w.root
}
