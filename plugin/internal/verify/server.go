package verify

import (
	"crypto/x509"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const ssl = "xpack.security.http.ssl."

// server is a workload of Elasticsearch nodes, and what became of reading its settings.
type server struct {
	caller
	set      settings
	home     string   // where relative paths start
	services []string // that lead to it
	port     string

	row       *Server
	cert      link
	chain     []*x509.Certificate // nil: not known
	cas       []*x509.Certificate // whose certificates it trusts
	casKnown  bool                // all of them
	caFiles   []link
	hasStores bool // p12 or jks: nothing here looks into one
	unmanaged bool // the user takes care of it: nothing is known of it but its name
}

// unmanagedServer gives a server that the user takes care of. Its clients are judged, and looked for, as those of others.
func (r *reader) unmanagedServer(w *recognise.Workload) (*server, error) {
	s := &server{caller: r.caller(w.Object, w.Pod, w.Main), home: w.Layout.Folder, port: "9200", unmanaged: true}
	var err error
	if s.services, err = r.release.Services(w); err != nil {
		return nil, err
	}
	reason, _ := r.listed(w.ID, "")
	s.row = &Server{
		Object: w.ID.String(), Namespace: w.Namespace, Services: append([]string{}, s.services...), ClientAuthentication: stateNone,
		Verdict: Unmanaged, Reason: reason,
	}
	for _, a := range s.row.aspects() {
		a.State = stateNone
	}
	return s, nil
}

// elasticsearch reads and judges a server.
func (r *reader) elasticsearch(w *recognise.Workload) (*server, error) {
	w.Settle(r)
	s := &server{caller: r.caller(w.Object, w.Pod, w.Main), home: w.Layout.Folder}
	var err error
	if s.services, err = r.release.Services(w); err != nil {
		return nil, err
	}
	s.row = &Server{Object: w.ID.String(), Namespace: w.Namespace, Services: append([]string{}, s.services...)}
	if strings.HasPrefix(w.Layout.Name, "bitnami") {
		s.set = s.bitnami()
	} else {
		s.set = s.official()
	}
	s.expands = catalog.ElasticsearchVariables()
	for _, key := range slices.Sorted(maps.Keys(s.set)) {
		s.set[key] = s.expanded(s.set[key])
	}
	for _, file := range []string{"elasticsearch.yml", "my_elasticsearch.yml"} {
		s.unread(s.follow(path.Join(s.home, file), place{}))
	}
	s.port = or(s.set["http.port"].text(), "9200")
	s.row.Stage.take(s.notes)
	s.judgeTLS()
	s.judgeStage()
	s.judgePair()
	s.judgeTrust()
	if len(s.unknown) > 0 {
		s.row.Stage.assume("%s: %s, taken as environment, sets nothing of xpack.security", s.caller, strings.Join(s.unknown, ", "))
	}
	if w.Lost != "" {
		s.row.Stage.assume("%s: its configuration is in %s (%s)", s.caller, s.home, w.Lost)
	}
	if s.openCommand() {
		s.row.Stage.assume("%s: the words of its command that only a run knows set nothing of xpack.security", s.caller)
	}
	s.row.ClientAuthentication = s.stage()
	s.row.Verdict = verdict(&s.row.TLS, &s.row.Stage, &s.row.Certificate, &s.row.Trust)
	return s, nil
}

// unread takes what matters, and is set nowhere else, as hidden in a file of settings that nothing here shows.
func (s *server) unread(l link) {
	if !l.isUnread() {
		return
	}
	for _, key := range []string{"xpack.security.enabled", ssl + "enabled", ssl + "client_authentication", ssl + "certificate", ssl + "key", ssl + "certificate_authorities"} {
		if !s.set[key].set() {
			s.set[key] = value{hidden: true, at: place{id: s.object.ID, container: s.Name, path: l.Path, line: s.object.Doc.Line()}}
		}
	}
}

// official reads what the official image makes of file, flags and environment. Variables with dots in their names, and ES_SETTING_ with _ for
// a dot and __ for _, win over -E, which wins over the file. Version 7 turns variables into further flags, and does not start when it finds a
// setting twice.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/cli/EnvironmentAwareCommand.java
func (s *server) official() settings {
	said, _ := s.seen.Flags("E")
	flags, environment := s.flagSettings(said), settings{}
	s.judgeTwice(said)
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		key, ok := settingOf(name)
		if !ok {
			continue
		}
		v := s.env[name]
		if other, twice := environment[key]; twice && decides(key) && v.differs(other) {
			s.row.Stage.fail(v.at, NotJudged, "%s is set by %s too, to something else: which of the two counts is left to chance; remove one",
				key, other.at.path)
		}
		if _, twice := flags[key]; twice && s.major() == 7 {
			s.row.Stage.fail(v.at, NotJudged, "%s is also set by -E: Elasticsearch 7 does not start with both", key)
		}
		environment[key] = v
	}
	return s.yaml(path.Join(s.home, "elasticsearch.yml")).over(flags).over(environment)
}

// judgeTwice reports a setting that -E gives more than once: Elasticsearch does not start then, whatever the values are.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/cli/EnvironmentAwareCommand.java
func (s *server) judgeTwice(said []process.Flag) {
	before := map[string]bool{}
	for _, f := range said {
		if f.Sets && before[f.Name] {
			s.row.Stage.fail(s.flag(f).at, NotJudged, "-E sets %s more than once: Elasticsearch does not start", f.Name)
		}
		before[f.Name] = before[f.Name] || f.Sets
	}
}

// extraFlags reads the variables whose words Bitnami's script adds to the command line of Elasticsearch.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/run.sh
func (s *server) extraFlags() settings {
	all := s.flags()
	for _, name := range []string{"ELASTICSEARCH_EXTRA_FLAGS", "DB_EXTRA_FLAGS"} {
		v, ok := s.env[name]
		switch {
		case !ok:
		case v.hidden:
			s.row.Stage.assume("%s: %s, whose words are flags of Elasticsearch, sets nothing of xpack.security", s.caller, name)
		default:
			line := process.Extra(name, v.text(), v.parts[0].node)
			said, _ := line.Flags("E")
			if len(said) > 1 {
				s.row.Stage.assume("%s: its image takes the words of %s for so many flags", s.caller, name)
			}
			all = all.over(s.flagSettings(said))
		}
	}
	return all
}

// decides tells whether a setting matters for who is let in.
func decides(key string) bool {
	return strings.HasPrefix(key, "xpack.security.") || strings.HasPrefix(key, "http.")
}

// settingOf gives the setting that a variable of the official image stands for.
func settingOf(variable string) (string, bool) {
	if rest, ok := strings.CutPrefix(variable, "ES_SETTING_"); ok {
		dotted := strings.ReplaceAll(strings.ReplaceAll(rest, "_", "."), "..", "_")
		return strings.ToLower(dotted), true
	}
	return variable, strings.Contains(variable, ".") && variable == strings.ToLower(variable)
}

// bitnami reads what Bitnami's entry script makes of its variables: it writes them into elasticsearch.yml unless the user mounts that file, merges
// my_elasticsearch.yml into it, and writes TLS last.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/libelasticsearch.sh
func (s *server) bitnami() settings {
	if own := s.yaml(path.Join(s.home, "elasticsearch.yml")); len(own) > 0 {
		return own.over(s.extraFlags())
	}
	written := settings{}
	s.take(written, "xpack.security.enabled", "false", "ELASTICSEARCH_ENABLE_SECURITY")
	if written["xpack.security.enabled"].is("true") {
		s.take(written, ssl+"enabled", "true", "ELASTICSEARCH_ENABLE_REST_TLS")
	}
	if written[ssl+"enabled"].is("true") {
		certs := path.Join(s.home, "certs")
		if pem := s.variable("ELASTICSEARCH_HTTP_TLS_USE_PEM", "ELASTICSEARCH_TLS_USE_PEM"); truth(pem.text()) {
			s.take(written, ssl+"certificate", certs+"/tls.crt", "ELASTICSEARCH_HTTP_TLS_NODE_CERT_LOCATION", "ELASTICSEARCH_NODE_CERT_LOCATION")
			s.take(written, ssl+"key", certs+"/tls.key", "ELASTICSEARCH_HTTP_TLS_NODE_KEY_LOCATION", "ELASTICSEARCH_NODE_KEY_LOCATION")
			s.take(written, ssl+"certificate_authorities", certs+"/ca.crt", "ELASTICSEARCH_HTTP_TLS_CA_CERT_LOCATION", "ELASTICSEARCH_CA_CERT_LOCATION")
		} else {
			s.take(written, ssl+"keystore.path", certs+"/elasticsearch.keystore.jks", "ELASTICSEARCH_HTTP_TLS_KEYSTORE_LOCATION", "ELASTICSEARCH_KEYSTORE_LOCATION")
			s.take(written, ssl+"truststore.path", certs+"/elasticsearch.truststore.jks", "ELASTICSEARCH_HTTP_TLS_TRUSTSTORE_LOCATION", "ELASTICSEARCH_TRUSTSTORE_LOCATION")
		}
	}
	port := settings{}
	s.take(port, "http.port", "9200", "ELASTICSEARCH_HTTP_PORT_NUMBER")
	return port.over(s.yaml(path.Join(s.home, "my_elasticsearch.yml"))).over(written).over(s.extraFlags())
}

// take sets a setting from the first variable that is set; truth values are spelled as Elasticsearch has them.
func (c caller) take(into settings, key, fallback string, names ...string) {
	v := c.variable(names...)
	switch {
	case !v.set() || !v.hidden && v.text() == "":
		v = value{texts: []string{fallback}, at: c.at(names[len(names)-1], nil)}
	case fallback == "true" || fallback == "false":
		v.texts = []string{strconv.FormatBool(truth(v.text()))}
	}
	into[key] = v
}

func (c caller) variable(names ...string) value {
	for _, name := range names {
		if v, ok := c.env[name]; ok {
			return v
		}
	}
	return value{}
}

func truth(text string) bool {
	return slices.Contains([]string{"1", "yes", "true"}, strings.ToLower(text))
}

// yaml reads a mounted file; none when there is none.
func (c caller) yaml(file string) settings {
	doc, at := c.file(file)
	if doc == nil {
		return settings{}
	}
	return c.flatten(doc, at, "")
}

func (c caller) rooted(file, home string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(home, file)
}

// setting gives the place of a setting of the server, its container where it is set nowhere.
func (s *server) setting(key string) place {
	if v := s.set[key]; v.set() {
		return v.at
	}
	return s.at(key, nil)
}

func (s *server) judgeTLS() {
	a := &s.row.TLS
	for _, key := range []string{"xpack.security.enabled", ssl + "enabled"} {
		v := s.set[key]
		switch {
		case v.hidden:
			a.assume("%s: %s is true", s.caller, key)
		case v.is("true"):
		case v.set():
			a.fail(v.at, ServerPlain, "%s is %q", key, v.text())
		case key == ssl+"enabled" || s.major() == 7:
			a.fail(s.setting(key), ServerPlain, "%s is set nowhere, and is false then", key)
		case s.major() == 0:
			a.assume("%s: its version is 8 or later, which has security switched on", s.caller)
		}
	}
}

// major gives the version of the image, 0 when the tag does not say it.
func (s *server) major() int {
	_, tag := s.Image()
	major, _, _ := strings.Cut(tag, ".")
	n, _ := strconv.Atoi(major)
	return n
}

func (s *server) stage() string {
	return strings.ToLower(or(s.set[ssl+"client_authentication"].text(), "none"))
}

func (s *server) judgeStage() {
	v, a := s.set[ssl+"client_authentication"], &s.row.Stage
	switch {
	case v.hidden:
		a.assume("%s: %sclient_authentication is %s", s.caller, ssl, s.options.ClientAuthentication)
	case s.stage() != s.options.ClientAuthentication:
		a.fail(s.setting(ssl+"client_authentication"), ServerStage, "%sclient_authentication is %q, and should be %q", ssl, s.stage(), s.options.ClientAuthentication)
	}
}

// judgePair follows the server's own certificate.
func (s *server) judgePair() {
	a, cert, key, store := &s.row.Certificate, s.set[ssl+"certificate"], s.set[ssl+"key"], s.set[ssl+"keystore.path"]
	switch {
	case store.set() && (cert.set() || key.set()):
		a.fail(store.at, ServerPair, "keystore.path stands beside certificate or key: Elasticsearch does not start")
	case store.set():
		s.hasStores = true
		a.add(s.follow(s.rooted(store.text(), s.home), store.at))
		a.assume("%s: %s holds a certificate that clients accept, and its key", s.caller, store.text())
	case !cert.set() || !key.set():
		a.fail(s.setting(ssl+"certificate"), ServerPair, "certificate or key is missing")
	case cert.hidden || key.hidden:
		a.assume("%s: certificate and key name a pair that fits", s.caller)
	default:
		s.cert = s.follow(s.rooted(cert.text(), s.home), cert.at)
		keyFile := s.follow(s.rooted(key.text(), s.home), key.at)
		a.add(s.cert)
		a.add(keyFile)
		s.chain = s.certs(s.cert, a)
		fits(s.chain, s.cert, keyFile, a)
		if s.chain != nil {
			if err := serves(s.chain[0]); err != nil {
				a.fail(cert.at, WrongUsage, "%s: %v", s.cert.What(), err)
			}
		}
	}
}

// judgeTrust follows the CAs whose certificates the server trusts.
func (s *server) judgeTrust() {
	a, cas, store := &s.row.Trust, s.set[ssl+"certificate_authorities"], s.set[ssl+"truststore.path"]
	switch {
	case cas.set() && store.set():
		a.fail(store.at, ServerPair, "truststore.path stands beside certificate_authorities: Elasticsearch does not start")
	case store.set():
		s.hasStores = true
		a.add(s.follow(s.rooted(store.text(), s.home), store.at))
		a.assume("%s: %s holds the CAs that signed the clients' certificates", s.caller, store.text())
	case cas.hidden:
		a.assume("%s: certificate_authorities names the CAs that signed the clients' certificates", s.caller)
	case cas.set():
		s.casKnown = true
		for _, file := range cas.list() {
			l := s.follow(s.rooted(file, s.home), cas.at)
			a.add(l)
			certs := s.certs(l, a)
			s.casKnown = s.casKnown && certs != nil
			s.cas, s.caFiles = append(s.cas, certs...), append(s.caFiles, l)
		}
	case s.options.ClientAuthentication == "none":
		a.idle = stateNone
	case s.hasStores:
		a.assume("%s: %s holds the CAs that signed the clients' certificates", s.caller, s.set[ssl+"keystore.path"].text())
	default:
		a.fail(s.setting(ssl+"certificate_authorities"), ServerTrust, "certificate_authorities and truststore.path are set nowhere: it trusts the public CAs of its JDK, and no client of yours")
	}
}

// exporters gives the connections by which a node sends its monitoring data to a cluster, which may be its own.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/monitoring-settings.html#http-exporter-settings
func (s *server) exporters() []*connection {
	place := catalog.NodeMonitoring()
	var all []*connection
	for _, prefix := range s.set.prefixes(place.At) {
		if made := connectionIn(place.Settings, s.caller, s.set, prefix); made != nil && s.set[prefix+place.Field].is(place.Is) {
			made.program, made.dir, made.inKeystore, made.runtime = "Elasticsearch", s.home, true, catalog.Java()
			all = append(all, made)
		}
	}
	return all
}
