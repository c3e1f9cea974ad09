package plan

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// connection is one place where a program says how it reaches Elasticsearch.
type connection struct {
	name    string // for messages: "output.elasticsearch"
	kind    string // of the output, where that is said
	store   store
	keys    catalog.Settings
	link    string // documentation of these
	dir     string // where relative paths in its settings start
	folder  string // where the program reads the pair, "" = where all do
	expands catalog.Expansion
	word    *setting // its address, where that is a bare word of the command line

	over    []channel           // other places that the program reads
	planned map[string][]string // what its settings become
}

// store holds the settings of one connection, in whatever form a program takes them.
type store interface {
	channel
	// get gives a setting, nil when nobody sets it.
	get(key string) *setting
	// put gives the edit that makes a setting have a value, spelled as the program's other settings are.
	put(key string, value *yaml.Node) (*object.Object, patch.Edit)
}

// reaches tells whether a connection goes to an Elasticsearch of this stream. Without one in the stream any may be
// meant.
func reaches(in *In, w *recognise.Workload, c *connection) bool {
	hosts := hostsOf(in, w, c)
	if len(hosts) == 0 {
		return false
	}
	return slices.ContainsFunc(hosts, func(host string) bool {
		switch {
		case route.IsLocal(host):
			return in.isNode(w.Object)
		case len(in.services) == 0 && c.kind == catalog.OpenSearch:
			return false // another product
		case host == "", len(in.services) == 0 && in.meant == nil:
			return true // cannot be read: it is taken for ours
		case len(in.services) == 0:
			return in.meant.Called(host) != ""
		}
		return in.names.Called(host) != "" || strings.HasPrefix(host, "*")
	})
}

// nodeCalled gives the node that a connection goes to, nil when the stream does not show it.
func nodeCalled(in *In, w *recognise.Workload, c *connection) *recognise.Workload {
	for _, host := range hostsOf(in, w, c) {
		if node := in.behind(w.Object, host); node != nil {
			return node
		}
	}
	return nil
}

// hostsOf gives the hosts of a connection without scheme and port; "" stands for one that cannot be read.
func hostsOf(in *In, w *recognise.Workload, c *connection) []string {
	s := c.addresses()
	if s == nil {
		return nil
	}
	if len(s.Values) == 0 {
		return []string{""}
	}
	var hosts []string
	for _, v := range s.Values {
		host := shell.Host(v)
		if strings.ContainsAny(host, "$#") { // the address itself is a variable, and not only the password in it
			text, known := address(in, w, c, s, v)
			host = shell.Host(text)
			if !known {
				host = ""
			}
		}
		hosts = append(hosts, host)
	}
	return hosts
}

// address gives an address as the program reads it: of a command line Kubernetes has put variables in before.
func address(in *In, w *recognise.Workload, c *connection, s *setting, text string) (expanded string, known bool) {
	if s.word != nil {
		text, _ = in.expand(w.Main, catalog.KubernetesVariables(), text)
	}
	return in.expand(w.Main, c.expands, text)
}

// plans notes what a setting becomes.
func (c *connection) plans(key string, values []string) { c.planned[key] = values }

// pairs gives the folder in which the program finds the pair.
func (c *connection) pairs() string { return or(c.folder, clientDir) }

// addresses gives the setting that says where a connection goes.
func (c *connection) addresses() *setting {
	for _, name := range c.keys.Hosts {
		if s := c.store.get(name); s != nil {
			return s
		}
	}
	return c.word
}

func (c *connection) ca() string {
	if s := c.store.get(c.keys.CA); s != nil && len(s.Values) > 0 {
		return s.Values[0]
	}
	return ""
}

// caFile gives the file from which a connection takes its CA.
func caFile(in *In, w *recognise.Workload, c *connection) object.File {
	if c.ca() == "" {
		return object.File{}
	}
	return fileBehind(in, w, c, c.ca())
}

// fileBehind gives what stands behind a path in a setting.
func fileBehind(in *In, w *recognise.Workload, c *connection, file string) object.File {
	if _, known := in.expand(w.Main, c.expands, file); !known {
		return object.File{Path: file, Why: "its name holds a variable that comes from elsewhere"}
	}
	return w.Main.Resolve(absolute(in, w, c, file), in.release)
}

// absolute gives the path of a file in a setting.
func absolute(in *In, w *recognise.Workload, c *connection, file string) string {
	file, _ = in.expand(w.Main, c.expands, file)
	if !path.IsAbs(file) {
		file = path.Join(c.dir, file)
	}
	return file
}

// connect plans one connection: it speaks HTTPS, trusts the CA and presents the pair. What the user has wired stays
// where it serves.
func connect(p step, w *recognise.Workload, c *connection, id identity) error {
	c.planned = map[string][]string{}
	if err := connectTLS(p, w, c, id); err != nil {
		return err
	}
	if err := errors.Join(renewing(p, w, c, id), c.undone()); err != nil {
		return err
	}
	for _, name := range c.keys.Hosts {
		for _, other := range c.others(name) { // which agree
			coverSetting(p, w, other)
		}
	}
	return nil
}

// besideCloud refuses a Cloud ID beside addresses, with which a program does not start.
func (c *connection) besideCloud(w *recognise.Workload) error {
	if !c.keys.Cloud.Alone {
		return nil
	}
	if s := c.store.get(c.keys.Cloud.Name); s != nil && s.Value() != "" {
		return problem.New(problem.InTheWay, "%s is set in %s beside addresses, and %s does not start with both", s.Key,
			s.Place, w.App).At(s.Key).
			Do("remove one")
	}
	return nil
}

func connectTLS(p step, w *recognise.Workload, c *connection, id identity) error {
	for _, key := range c.keys.StoreAlso {
		if s := c.store.get(key); s != nil {
			return problem.New(problem.InTheWay, "%s is set in %s, and does not go together with PEM files", key,
				s.Place).At(key).
				Do("remove it; certificate, key and CA come from Secret/%s", or(id.secret, id.ca.Name))
		}
	}
	if err := errors.Join(c.besideCloud(w), startsWith(p.In, w, c), opensStore(p, w, c)); err != nil {
		return err
	}
	if s := c.store.get(c.keys.Verify.Name); p.settings.Certs() && s != nil && c.keys.Verify.Idle &&
		c.keys.Verify.IsOff(s.Value()) {
		return problem.New(problem.InTheWay, "%s is %q in %s, and then %s presents no certificate either", s.Key,
			s.Value(), s.Place, w.App).At(s.Key).
			Do("remove it; the CA of Secret/%s verifies Elasticsearch", or(id.secret, id.ca.Name))
	}
	if err := overHTTPS(p, w, c); err != nil {
		return err
	}
	own, err := c.ownPair(w, p)
	if err != nil {
		return err
	}
	if err := connectCA(p, w, c, id); err != nil {
		return err
	}
	v := c.keys.Verify
	if set := c.store.get(v.Name); v.Unset != "" && (set == nil || strings.EqualFold(set.Value(), v.On)) {
		p.put(w, c, v.Name, onValue(v.On, nil), string(w.App)+" verifies the server's certificate only when told to")
	}
	if !own && c.keys.Cert+c.keys.Store != "" {
		presentPair(p, w.Object, w.Main, id, nodeCalled(p.In, w, c))
	}
	switch {
	case !p.settings.Certs() || own:
		return nil
	case needsKeystore(p.In, w, c, id):
		return putKeystore(p, w, c, id)
	case c.keys.Cert == "":
		return withoutPair(p, w, c)
	}
	if err := readsKey(p.In, w, c, secretKey(w.Object, id.secret, id.key)); err != nil {
		return err
	}
	putFile(p, w, c, id, c.keys.Cert, fileCert, false, string(w.App)+" presents this certificate")
	putFile(p, w, c, id, c.keys.Key, fileKey, false, "the key of that certificate")
	return nil
}

// withoutPair says of a connection that it can present no certificate: nobody is refused for that yet, or it is an
// error.
func withoutPair(p step, w *recognise.Workload, c *connection) error {
	if p.requires() {
		return problem.New(problem.TooOld, "%s cannot present a certificate in this version of %s", c.name, w.App).
			Do("use a later one (Logstash from 8.8 on), or list the container under spec.unmanaged (ref: %s/%s) "+
				"with the reason", w.ID, w.Main.Name)
	}
	p.action(w.ID, "container %q: %s cannot present a certificate in this version of %s, and is refused as soon as "+
		"clientAuthentication is required", w.Main.Name, c.name, w.App)
	return nil
}

// checks tells whether a connection reads a CA.
func (c *connection) checks() bool {
	return c.keys.CA != "" && !(c.keys.Verify.Blind && c.store.get(c.keys.Verify.Name) != nil)
}

// hasPair tells whether the user has set a pair, or a part of one.
func (c *connection) hasPair() bool {
	foreign := func(key, ours string) bool {
		s := c.store.get(key)
		return s != nil && !strings.HasPrefix(s.Value(), ours)
	}
	return foreign(c.keys.Store, keystorePath) || foreign(c.keys.Cert, c.pairs()+"/") ||
		foreign(c.keys.Key, c.pairs()+"/")
}

// ownPair tells whether the user has wired a client pair by hand. Half a pair is an error.
func (c *connection) ownPair(w *recognise.Workload, p step) (bool, error) {
	cert, key := c.store.get(c.keys.Cert), c.store.get(c.keys.Key)
	if own := c.store.get(c.keys.Store); own != nil && own.Value() != keystorePath {
		p.assume(w.ID, "container %q: %s stays (%s): it must hold a certificate that Elasticsearch trusts, and its key",
			w.Main.Name, own.Key, own.Place)
		return true, nil
	}
	ours := func(s *setting) bool { return s == nil || strings.HasPrefix(s.Value(), c.pairs()+"/") }
	switch {
	case ours(cert) && ours(key):
		return false, nil
	case cert == nil || key == nil:
		one, other := cert, c.keys.Key
		if cert == nil {
			one, other = key, c.keys.Cert
		}
		return false, problem.New(problem.Incomplete, "%s is set in %s without %s", one.Key, one.Place,
			other).At(one.Key).
			Do("set both, or remove it")
	case !p.settings.Certs():
		return true, nil
	}
	for _, s := range []*setting{cert, key} {
		file := fileBehind(p.In, w, c, s.Value())
		if file.Key() {
			err := errors.Join(checkHolds(p, file.Source), readable(w.Main, file),
				isForClients(p.In, w.Object, secretOf(file.Source)))
			if s == key {
				err = errors.Join(err, readsKey(p.In, w, c, file.Source))
			}
			if err != nil {
				return true, err
			}
			continue
		}
		p.assume(w.ID, "container %q: %s stays (%s): the file must be there, and Elasticsearch must trust the "+
			"certificate%s", w.Main.Name, s.Key, s.Place, because(file))
	}
	if crt, k := fileBehind(p.In, w, c, cert.Value()), fileBehind(p.In, w, c, key.Value()); crt.Key() && k.Key() {
		presents(p.Part, presented{w.Object, w.Main.Name, crt.Source, k.Source, nil, true}, nodeCalled(p.In, w, c))
	}
	return true, nil
}

// putFile plans a setting that names a file of the client's volume.
func putFile(p step, w *recognise.Workload, c *connection, id identity, key, file string, list bool, why string) {
	mountClient(p, w.Object, w.Main, id)
	if c.folder != "" {
		mountAgain(p, w, id, c.folder)
	}
	value := patch.Str(c.pairs() + "/" + file)
	if list {
		value = patch.Strs(value.Value)
	}
	p.put(w, c, key, value, why)
}

func (p step) put(w *recognise.Workload, c *connection, key string, value *yaml.Node, why string) {
	c.plans(key, scalars(value))
	o, e := c.store.put(key, value)
	if s := c.store.get(key); s != nil && !s.Hidden && slices.Equal(s.Values, scalars(value)) &&
		o.Annotation(annotationMode) == "" {
		readsFile(p, w, o, e) // it stands there already
		return
	}
	inFileOf(p, w, e, o, why, c.link)
}

func (in *In) isNode(o *object.Object) bool {
	return slices.ContainsFunc(in.release.Nodes, func(w *recognise.Workload) bool { return w.Object == o })
}

// expand puts in what a container's environment says for the variables in a text, by the rule of its program. It tells
// whether all of the text is known then.
func (in *In) expand(c object.Container, rule catalog.Expansion, text string) (expanded string, known bool) {
	value := func(name string) (string, bool, bool) {
		v, set := in.seen(c).Env.Get(name)
		return v.Text, set, v.Known
	}
	text, known = rule.Expand(text, value)
	text, rest := catalog.LeftVariables().Expand(text, value)
	return text, known && rest
}
