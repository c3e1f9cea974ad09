package recognise

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/parallel"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Input is a stream whose documents are read when somebody asks for their objects, each once.
type Input struct {
	Objects int // how many documents hold something

	screened  []screened
	byKind    map[string][]int // places in screened; "" holds what may be of any kind
	parsed    map[*manifest.Document][]*object.Object
	processes map[*yaml.Node]process.Process
	further   map[[2]string][]*object.Object // by kind and name
	unclear   []problem.Problem              // see Unclear
	found     map[string][]*object.Object    // of Named, by kind and name
	names     map[string]named               // of Named, by kind
	indexes   map[string]*index              // by kind
	filled    map[string][]*object.Object    // see fillers
}

// newInput looks at all documents of a stream, and parses none.
func newInput(further []*object.Object, stream *manifest.Stream) *Input {
	docs := stream.Documents()
	r := &Input{
		screened: make([]screened, len(docs)), byKind: map[string][]int{},
		parsed:    map[*manifest.Document][]*object.Object{},
		processes: map[*yaml.Node]process.Process{},
		further:   map[[2]string][]*object.Object{}, found: map[string][]*object.Object{},
		names: map[string]named{}, indexes: map[string]*index{},
	}
	parallel.Do(len(docs), func(i int) { r.screened[i] = screen(docs[i]) })
	for i, s := range r.screened {
		kind := s.kind
		if kind == "List" {
			kind = ""
		}
		r.byKind[kind] = append(r.byKind[kind], i)
		if s.kind != "" || mayBeObject(s.doc.Text()) {
			r.Objects++
		}
	}
	for _, o := range further {
		named := [2]string{o.Kind, o.Name}
		r.further[named] = append(r.further[named], o)
	}
	return r
}

// In lists the objects of a document, which is parsed once.
func (r *Input) In(doc *manifest.Document) ([]*object.Object, error) {
	if objects, ok := r.parsed[doc]; ok {
		return objects, nil
	}
	objects, err := object.In(doc)
	if err != nil {
		return nil, problem.New(problem.Input, "%v", err).Do("correct that document, it is needed")
	}
	r.parsed[doc] = objects
	return objects, nil
}

// fillers gives, by the names of Secrets and ConfigMaps, the objects of the stream that have a controller fill them.
// They are read once.
func (r *Input) fillers() map[string][]*object.Object {
	if r.filled == nil {
		r.filled = map[string][]*object.Object{}
		wanted := words.Of(fillerWords())
		for _, doc := range r.where(func(s screened) bool {
			return (isFiller(s.kind) || s.mayBe()) &&
				s.mentions(wanted)
		}) {
			objects, _ := r.In(doc) // one that cannot be read fills nothing that is known
			for _, o := range objects {
				for _, name := range filledBy(o) {
					r.filled[name] = append(r.filled[name], o)
				}
			}
		}
	}
	return r.filled
}

// Filler names the object of the stream that has a controller fill a Secret or ConfigMap, "" for none.
func (r *Input) Filler(s object.Source) string {
	for _, o := range r.fillers()[s.Name] {
		if sameNamespace(o.Namespace, s.Namespace) || strings.HasPrefix(o.Kind, "Cluster") {
			return o.ID.String()
		}
	}
	return ""
}

func fillerWords() []string {
	return []string{"Secret", "Certificate", "Bundle", "OnePasswordItem", servingCertificate}
}

// isFiller holds for the kinds of custom resources of which a controller makes Secrets: ExternalSecret, SealedSecret,
// VaultStaticSecret, SecretProviderClass, Certificate, Bundle and others; and for Services, which OpenShift may give a
// certificate.
func isFiller(kind string) bool {
	return kind != "Secret" && (strings.Contains(kind, "Secret") || kind == "Certificate" || kind == "Bundle" ||
		kind == "OnePasswordItem") || kind == "Service"
}

// servingCertificate ends the annotation by which a Service of OpenShift gets a certificate in a Secret.
// https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/security_and_compliance/configuring-certificates
const servingCertificate = ".openshift.io/serving-cert-secret-name"

// filledBy gives the names of the Secrets and ConfigMaps that a controller fills for an object.
// https://external-secrets.io/latest/api/externalsecret/, https://github.com/bitnami-labs/sealed-secrets#overview,
// https://cert-manager.io/docs/trust/trust-manager/, https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso/api-reference,
// https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret
func filledBy(o *object.Object) []string {
	if !isFiller(o.Kind) {
		return nil
	}
	if o.Kind == "Service" {
		return []string{o.Annotation("service.beta" + servingCertificate),
			o.Annotation("service.alpha" + servingCertificate)}
	}
	names := []string{
		object.Text(o.Node, "spec", "secretName"), object.Text(o.Node, "spec", "target", "name"),
		object.Text(o.Node, "spec", "destination", "name"),
		object.Text(o.Node, "spec", "template", "metadata", "name"), object.Text(o.Node, "spec", "externalSecretName"),
	}
	if o.Kind != "Certificate" {
		names = append(names, o.Name)
	}
	for _, made := range object.Items(o.Node, "spec", "secretObjects") {
		names = append(names, object.Text(made, "secretName"))
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Shown gives the Secret or ConfigMap of a source, nil where nothing shows it, or nothing tells which of several
// counts.
func (r *Input) Shown(s object.Source) *object.Object {
	o, err := One(r.further[[2]string{s.Kind, s.Name}], s.Namespace)
	if o == nil && err == nil {
		o, err = r.Find(s.Namespace, s.Kind, s.Name)
	}
	for _, p := range problem.All(err) {
		if !slices.Contains(r.unclear, p) {
			r.unclear = append(r.unclear, p)
		}
	}
	return o
}

// Unclear says of which Secrets and ConfigMaps that were asked for nothing tells which of several counts.
func (r *Input) Unclear() []problem.Problem { return r.unclear }

// equal tells whether two objects say the same, whatever their metadata.
func equal(a, b *object.Object) bool {
	if a.Kind == "Secret" || a.Kind == "ConfigMap" {
		return a.Same(b)
	}
	return slices.EqualFunc(said(a), said(b), sameNode)
}

// said gives the fields of an object but for its metadata.
func said(o *object.Object) []*yaml.Node {
	var all []*yaml.Node
	fields := o.Node.Content
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i].Value != "metadata" {
			all = append(all, fields[i], fields[i+1])
		}
	}
	return all
}

func sameNode(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && a.ShortTag() == b.ShortTag() &&
		slices.EqualFunc(a.Content, b.Content, sameNode)
}

// Process gives what the processes of a container see, as far as the release shows it. It is read once.
func (r *Input) Process(c object.Container) process.Process {
	seen, ok := r.processes[c.Node]
	if !ok {
		seen = process.Of(c, r)
		r.processes[c.Node] = seen
	}
	return seen
}
