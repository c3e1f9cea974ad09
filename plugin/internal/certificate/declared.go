package certificate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Declared is what cert-manager's objects say about the Secrets that they name.
// https://cert-manager.io/docs/reference/api-docs/
type Declared struct {
	authorities []declaration
	serversOnly []declaration
}

type declaration struct {
	namespace, secret, says string
}

// KindWords are what the kinds of such objects have in their names.
func KindWords() []string { return []string{"Certificate", "Issuer"} }

// Declares tells whether objects of a kind say what Secrets hold: a Certificate, an Issuer, a ClusterIssuer, or the
// issuer of a plug-in such as StepIssuer.
func Declares(kind string) bool { return kind == "Certificate" || strings.HasSuffix(kind, "Issuer") }

// Declare reads the objects of a release. Those of other kinds say nothing.
func Declare(objects []*object.Object) Declared {
	var d Declared
	for _, o := range objects {
		switch {
		case o.Kind == "Certificate" && strings.HasPrefix(o.APIVersion, "cert-manager.io/"):
			d.certificate(o)
		case o.Kind != "Certificate" && Declares(o.Kind):
			d.issuer(o)
		}
	}
	return d
}

func (d *Declared) certificate(o *object.Object) {
	secret := object.Text(o.Node, "spec", "secretName")
	if object.Text(o.Node, "spec", "isCA") == "true" {
		d.authorities = append(d.authorities, declaration{o.Namespace, secret, o.ID.String() + " sets isCA"})
	}
	var usages []string
	for _, usage := range object.Items(o.Node, "spec", "usages") {
		usages = append(usages, usage.Value)
	}
	extended := slices.ContainsFunc(usages, isExtended)
	if extended && !slices.Contains(usages, "client auth") && !slices.Contains(usages, "any") {
		says := fmt.Sprintf("%s sets usages (%s) without client auth", o.ID, strings.Join(usages, ", "))
		d.serversOnly = append(d.serversOnly, declaration{o.Namespace, secret, says})
	}
}

// isExtended tells whether a usage enters the extended key usage of a certificate, which then permits nothing that it
// does not list.
// https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.KeyUsage
func isExtended(usage string) bool {
	for _, end := range []string{" auth", "code signing", "email protection", "s/mime", "timestamping", "ocsp signing",
		" sgc"} {
		if strings.HasSuffix(usage, end) {
			return true
		}
	}
	return strings.HasPrefix(usage, "ipsec ")
}

// noKeys are references of issuers that lead to no private key.
var noKeys = []string{"serviceAccountRef", "caBundleSecretRef", "issuerRef"}

// issuer notes every Secret that an issuer names: the key pair of a CA, or credentials for one. A ClusterIssuer's are
// in the namespace of cert-manager, which the input does not show.
func (d *Declared) issuer(o *object.Object) {
	var walk func(n *yaml.Node, at string)
	walk = func(n *yaml.Node, at string) {
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			field, value := n.Content[i].Value, n.Content[i+1]
			named := field == "secretName" || field == "name" && strings.HasSuffix(at, "Ref") &&
				!slices.Contains(noKeys, at[strings.LastIndex(at, ".")+1:])
			if value.Kind == yaml.ScalarNode && named {
				says := o.ID.String() + " names it as " + strings.TrimPrefix(at+"."+field, ".")
				d.authorities = append(d.authorities, declaration{o.Namespace, value.Value, says})
			}
			walk(value, strings.TrimPrefix(at+"."+field, "."))
		}
		for _, child := range n.Content {
			if n.Kind == yaml.SequenceNode {
				walk(child, at)
			}
		}
	}
	if spec := object.Get(o.Node, "spec"); spec != nil {
		walk(spec, "spec")
	}
}

// Authority gives what says that a Secret holds the key pair of a CA, "" when nothing does. A namespace that is not
// written may be any.
func (d Declared) Authority(namespace, secret string) string {
	return find(d.authorities, namespace, secret)
}

// ServersOnly gives what says that the certificate in a Secret may not be presented by a client, "" when nothing does.
func (d Declared) ServersOnly(namespace, secret string) string {
	return find(d.serversOnly, namespace, secret)
}

func find(all []declaration, namespace, secret string) string {
	for _, d := range all {
		if d.secret == secret && secret != "" && (d.namespace == namespace || d.namespace == "" || namespace == "") {
			return d.says
		}
	}
	return ""
}
