package issue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// Leaf is a certificate that workloads of a release need, and the Secret that will hold it.
type Leaf struct {
	Namespace string
	Secret    string   // its name
	Refs      []string // who uses it: "StatefulSet/es-master"
	Server    bool
	Subject   string   // common name
	Names     []string // DNS names and addresses of a server; a client has none, nobody looks at them
	RSA       bool     // whatever the others have
}

// suffix does not end in -certs: that of the charts stands for a Secret with credentials beside it.
const suffix = "-elk-mtls-tls"

// Leaves lists what a release needs: one certificate for its Elasticsearch, in each namespace with nodes, and one for
// each client. Secrets that the settings name keep their names. A workload without a namespace is in the one given,
// which may be unknown (""). Besides its Services' names a server
// answers to more.
func Leaves(release *recognise.Release, s config.Settings, namespace string, more []string) ([]Leaf, error) {
	l := &leaves{release: release, certificates: s.Certificates, namespace: namespace}
	for _, w := range release.Nodes {
		if err := l.node(w, more); err != nil {
			return nil, err
		}
	}
	for _, w := range slices.Concat(release.Kibanas, release.Clients) {
		l.client(w)
	}
	for _, rule := range s.Rules {
		kind, name, _ := rule.Object()
		ruled, err := release.Named(kind, name)
		if err != nil {
			return nil, err
		}
		for _, o := range ruled {
			l.client(&recognise.Workload{Object: o})
		}
	}
	if len(l.all) == 0 {
		return nil, fmt.Errorf("no Elasticsearch and no client of it among the manifests: nobody needs a certificate")
	}
	return l.all, nil
}

type leaves struct {
	release      *recognise.Release
	certificates config.Certificates
	namespace    string
	all          []Leaf
}

// node adds the names of a node to the certificate of its namespace.
func (l *leaves) node(w *recognise.Workload, more []string) error {
	namespace := or(w.Namespace, l.namespace)
	names, err := l.names(w, namespace)
	if err != nil {
		return err
	}
	if len(names) == 0 && len(more) == 0 {
		return fmt.Errorf("%s: no Service selects its pods, so that nobody knows under which names it is called: "+
			"give them with --san", w.ID)
	}
	at := slices.IndexFunc(l.all, func(leaf Leaf) bool { return leaf.Server && leaf.Namespace == namespace })
	if at < 0 {
		at = len(l.all)
		l.all = append(l.all, Leaf{
			Namespace: namespace, Secret: or(l.certificates.SecretName, w.Name+suffix), Server: true, Subject: w.Name,
			Names: []string{"localhost", "127.0.0.1"},
		})
	}
	leaf := &l.all[at]
	leaf.Refs = append(leaf.Refs, w.ID.String())
	for _, name := range slices.Concat(names, more) {
		if !slices.Contains(leaf.Names, name) {
			leaf.Names = append(leaf.Names, name)
		}
	}
	return nil
}

// names gives every spelling of the addresses of a node: its Services', and under the Service of a StatefulSet those of
// single pods.
// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
func (l *leaves) names(w *recognise.Workload, namespace string) ([]string, error) {
	services, err := l.release.Services(w)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, service := range services {
		names = append(names, spellings(service, namespace)...)
	}
	if governing := object.Text(w.Node, "spec", "serviceName"); governing != "" {
		names = append(names, spellings(governing, namespace)...)
		names = append(names, spellings("*."+governing, namespace)...)
	}
	return names, nil
}

func spellings(service, namespace string) []string {
	if namespace == "" {
		return []string{service}
	}
	return []string{service, service + "." + namespace, service + "." + namespace + ".svc",
		service + "." + namespace + ".svc.cluster.local"}
}

// client adds the certificate of a client.
func (l *leaves) client(w *recognise.Workload) {
	namespace := or(w.Namespace, l.namespace)
	ref := w.ID.String()
	if slices.ContainsFunc(l.all, func(leaf Leaf) bool {
		return slices.Contains(leaf.Refs, ref) &&
			leaf.Namespace == namespace
	}) {
		return // a second container of the same pod, or one beside a node
	}
	secret := ""
	for _, c := range l.certificates.Clients {
		if c.Ref == ref {
			secret = c.SecretName
		}
	}
	subject := l.subject(namespace, w.ID)
	l.all = append(l.all, Leaf{Namespace: namespace, Secret: or(secret, subject+suffix), Refs: []string{ref},
		Subject: subject, RSA: w.App == logstash})
}

// logstash reads a key in PKCS#8 as RSA, and no other: https://github.com/elastic/logstash/issues/19385
const logstash = "Logstash"

func (l Leaf) keyType(kind KeyType) KeyType {
	if l.RSA && !kind.rsa() {
		return RSA3072
	}
	return kind
}

// subject names a workload, with its kind where another workload of that name comes before it: a certificate stands for
// one of them.
func (l *leaves) subject(namespace string, id object.ID) string {
	if slices.ContainsFunc(l.all, func(leaf Leaf) bool {
		return leaf.Namespace == namespace &&
			leaf.Subject == id.Name
	}) {
		return id.Name + "-" + strings.ToLower(id.Kind)
	}
	return id.Name
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}
