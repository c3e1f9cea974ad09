package verify

import (
	"crypto/x509"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/rollover"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const ssl = catalog.HTTPLayer

// configuration is what sets a server.
type configuration struct {
	set    settings
	home   string // where relative paths start
	unseen bool   // nothing shows a file of its settings
	whole  bool   // the manifests say what is in that file: it is not that of the image
}

func (c configuration) stage() string {
	return strings.ToLower(or(c.set[ssl+catalog.LayerStage].text(), "none"))
}

func (c configuration) scheme() string {
	if c.set[ssl+catalog.LayerEnabled].is("true") {
		return "https"
	}
	return "http"
}

// isReadable tells whether Elasticsearch may read a file: it reads TLS material in the folder of its configuration,
// and what else it may read are its own folders.
func (c configuration) isReadable(file string) bool {
	readable := []string{c.home, path.Join(path.Dir(c.home), "data"), path.Join(path.Dir(c.home), "logs"),
		path.Join(path.Dir(c.home), "plugins")}
	for _, key := range []string{"path.data", "path.logs", "path.repo", "path.shared_data"} {
		readable = append(readable, c.set[key].listOf()...)
	}
	return slices.ContainsFunc(readable, func(folder string) bool { return object.Below(file, folder) })
}

// within refuses a file that Elasticsearch may not read.
func (c configuration) within(l link) link {
	if c.isReadable(l.Path) {
		return l
	}
	return l.broken(NotStarted, "%s is outside of %s, and Elasticsearch, which may read such files there only, does "+
		"not start", l.Path, c.home)
}

// server is a workload of Elasticsearch nodes, and what became of reading its settings.
type server struct {
	caller
	configuration
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

// side is what the server trusts and presents.
func (s *server) side() rollover.Side {
	side := rollover.Side{Name: s.object.ID.String(), Presents: s.chain}
	if s.casKnown {
		side.Trusts = s.cas
	}
	return side
}

// unmanagedServer gives a server that the user takes care of. Its clients are judged, and looked for, as those of
// others.
func (r *reader) unmanagedServer(w *recognise.Workload) (*server, error) {
	s := &server{caller: r.caller(w.Object, w.Pod, w.Main), configuration: configuration{home: w.Layout.Folder},
		port: "9200", unmanaged: true}
	var err error
	if s.services, err = r.release.Services(w); err != nil {
		return nil, err
	}
	reason, _ := r.exempt.reason(w.ID, "")
	s.row = &Server{
		Object: w.ID.String(), Namespace: w.Namespace, Services: append([]string{}, s.services...),
		ClientAuthentication: stateNone,
		Verdict:              Unmanaged, Reason: reason,
	}
	for _, a := range s.row.aspects() {
		a.State = stateNone
	}
	return s, nil
}

// elasticsearch reads and judges a server.
func (r *reader) elasticsearch(w *recognise.Workload) (*server, error) {
	w.Settle(r.release.Process(w.Main).Env)
	s := &server{caller: r.caller(w.Object, w.Pod, w.Main)}
	var err error
	if s.services, err = r.release.Services(w); err != nil {
		return nil, err
	}
	s.row = &Server{Object: w.ID.String(), Namespace: w.Namespace, Services: append([]string{}, s.services...)}
	s.expands = catalog.ElasticsearchVariables()
	from := channels{caller: s.caller, configuration: configuration{home: w.Layout.Folder}, layout: w.Layout,
		tls: &s.row.TLS, stage: &s.row.Stage}
	from.gather()
	s.configuration = from.configuration
	s.judgeValues()
	s.judgeNode()
	judgeJava(&s.row.Stage, &s.row.TLS, s.caller, s.home)
	assumeOptions(&s.row.TLS, s.caller, catalog.Java())
	s.port, _, _ = strings.Cut(or(s.set[catalog.HTTPPort].text(), "9200"), "-")
	s.row.Stage.take(s.notes)
	s.judgeKeys(&s.row.TLS, s.pod.Containers()...) // a pod of which one container does not start gets no calls
	s.judgeTLS()
	s.judgePair()
	s.judgeStage()
	s.judgeTrust()
	judgeListening(&s.row.TLS, s.caller, s.set)
	s.judgeTransport()
	s.judgeRemoteClusters()
	if len(s.unknown) > 0 {
		s.row.Stage.assume("%s: %s, taken as environment, changes no setting of Elasticsearch", s.caller,
			strings.Join(s.unknown, ", "))
	}
	if w.Lost != "" {
		s.row.Stage.assume("%s: its configuration is in %s (%s)", s.caller, s.home, w.Lost)
	}
	if s.openCommand() {
		s.row.Stage.assume("%s: the words of its command that only a run knows change no setting of Elasticsearch",
			s.caller)
	}
	s.row.ClientAuthentication = s.stage()
	s.row.Verdict = verdict(&s.row.TLS, &s.row.Stage, &s.row.Certificate, &s.row.Trust)
	return s, nil
}

// absolute gives a path as a program finds it that runs in a folder.
func absolute(file, home string) string {
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
	for _, key := range []string{catalog.SecurityEnabled, ssl + catalog.LayerEnabled} {
		v := s.set[key]
		switch {
		case v.hidden:
			a.assume("%s: %s is true", s.caller, key)
		case v.is("true"):
		case v.set():
			a.fail(v.at, ServerPlain, "%s is %q", key, v.text())
		case key == ssl+catalog.LayerEnabled || s.major() == 7:
			a.fail(s.setting(key), ServerPlain, "%s is set nowhere, and is false then", key)
		case s.major() == 0:
			a.assume("%s: its version is 8 or later, which has security switched on", s.caller)
		}
	}
}

func (s *server) judgeStage() {
	v, a := s.set[ssl+catalog.LayerStage], &s.row.Stage
	switch {
	case v.hidden:
		a.assume("%s: %sclient_authentication is %s", s.caller, ssl, s.options.ClientAuthentication)
	case s.stage() != s.options.ClientAuthentication && !s.refusesNobody():
		a.fail(s.setting(ssl+catalog.LayerStage), ServerStage, "%sclient_authentication is %q, and should be %q", ssl,
			s.stage(), s.options.ClientAuthentication)
	}
	if s.asks() {
		s.judgeVerification()
	}
}

// refusesNobody holds where no certificates are to be asked for and the server asks for them as optional: who has none
// is let in.
func (s *server) refusesNobody() bool {
	return s.options.ClientAuthentication == "none" && s.stage() == "optional"
}

// asks tells whether a certificate that a client presents is looked at.
func (s *server) asks() bool { return s.options.ClientAuthentication != "none" || s.refusesNobody() }

// judgeVerification looks at how the certificates of clients are verified.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html#http-tls-ssl-settings
func (s *server) judgeVerification() {
	a, mode, listed := &s.row.Stage, s.set[ssl+catalog.LayerVerification], s.set[ssl+catalog.LayerListed]
	switch {
	case mode.hidden:
		a.assume("%s: %sverification_mode is not none", s.caller, ssl)
	case mode.is("none"):
		a.fail(mode.at, ServerStage, "%sverification_mode is none: it takes any certificate, a self-signed one too",
			ssl)
	}
	if listed.set() {
		a.fail(listed.at, NotJudged, "%strust_restrictions.path lets in those only whose certificates %q lists, and "+
			"nothing here reads that file", ssl, listed.text())
	}
	s.judgeProtocols()
}

// judgePair follows the server's own certificate.
func (s *server) judgePair() {
	a, store := &s.row.Certificate, s.set[ssl+catalog.LayerKeystore]
	cert, key := s.set[ssl+catalog.LayerCert], s.set[ssl+catalog.LayerKey]
	switch {
	case store.set() && (cert.set() || key.set()):
		a.fail(store.at, ServerPair, "keystore.path stands beside certificate or key: Elasticsearch does not start")
	case store.set():
		s.judgeStore(a, store)
	case !cert.set() || !key.set():
		a.fail(s.setting(ssl+catalog.LayerCert), ServerPair, "certificate or key is missing")
	case cert.hidden || key.hidden:
		a.assume("%s: certificate and key belong together", s.caller)
	default:
		s.cert = s.material(cert, cert.text())
		keyFile := s.material(key, key.text())
		a.add(s.cert)
		a.add(keyFile)
		s.chain = s.dates.certs(s.cert, a)
		pass := s.set[ssl+catalog.LayerKeyPass]
		if !pass.set() { // which only Bitnami's script takes from elsewhere than the keystore
			pass = s.set[ssl+catalog.LayerSecureKeyPass]
		}
		own := dialer{caller: s.caller, runtime: catalog.Java(), inKeystore: true}
		if keyFile = own.readable(keyFile, pass, a); keyFile.code == "" {
			fits(s.chain, s.cert, keyFile, a)
		}
		judgeServes(a, s.cert, s.chain)
	}
}

// judgeServes judges whether a server may use the certificate of a file.
func judgeServes(a *Aspect, l link, chain []*x509.Certificate) {
	if chain == nil {
		assumeUse(l, "server", a)
	} else if err := serves(chain[0]); err != nil {
		a.fail(l.at, WrongUsage, "%s: %v", l.What(), err)
	}
}

// material follows a file of keys or certificates.
func (s *server) material(v value, text string) link {
	l := s.follow(absolute(text, s.home), v.at)
	if l.code != "" {
		return l
	}
	return s.within(l)
}

// judgeFiles follows the pair, and the CAs, of a layer that no client of these manifests calls: without them
// Elasticsearch does not start.
func (s *server) judgeFiles(a *Aspect, layer string) {
	get := func(name string) value { return s.set[layer+name] }
	cert, key, store := get(catalog.LayerCert), get(catalog.LayerKey), get(catalog.LayerKeystore)
	switch {
	case store.set() && (cert.set() || key.set()):
		a.fail(store.at, ServerPair, "%skeystore.path stands beside certificate or key: Elasticsearch does not start",
			layer)
	case !store.set() && (!cert.set() || !key.set()) && !s.unseen:
		a.fail(s.setting(layer+catalog.LayerCert), ServerPair, "%scertificate and key are not both set, and "+
			"keystore.path is not: Elasticsearch does not start", layer)
	}
	if listed := get(catalog.LayerListed); listed.set() {
		a.assume("%s: %s%s lets in those whom the layer is for", s.caller, layer, catalog.LayerListed)
	}
	for _, name := range []string{catalog.LayerCert, catalog.LayerKey, catalog.LayerCAs, catalog.LayerKeystore,
		catalog.LayerTruststore, catalog.LayerListed} {
		v := get(name)
		for _, file := range v.listOf() {
			l := s.material(v, file)
			switch {
			case v.hidden:
			case !s.isReadable(l.Path):
				a.add(s.within(l))
			case l.code != "" && l.code != NoFile: // of its image nothing is left where a Secret is mounted
				a.add(l)
			case l.code != "":
				a.assume("%s: its image brings what %s%s needs: %s", s.caller, layer, name, l.reason)
			}
		}
	}
}

// judgeTrust follows the CAs whose certificates the server trusts.
func (s *server) judgeTrust() {
	a, cas, store := &s.row.Trust, s.set[ssl+catalog.LayerCAs], s.set[ssl+catalog.LayerTruststore]
	switch {
	case cas.set() && store.set():
		a.fail(store.at, ServerPair, "truststore.path stands beside certificate_authorities: Elasticsearch does not "+
			"start")
	case store.set():
		s.judgeTrustStore(a, store)
	case cas.hidden:
		a.assume("%s: certificate_authorities names the CAs that signed the clients' certificates", s.caller)
	case cas.set():
		s.casKnown = true
		for _, file := range cas.listOf() {
			l := s.material(cas, file)
			a.add(l)
			certs := s.dates.certs(l, a)
			s.casKnown = s.casKnown && certs != nil
			s.cas, s.caFiles = append(s.cas, certs...), append(s.caFiles, l)
		}
	case !s.asks():
		a.idle = stateNone
	case s.hasStores:
		a.assume("%s: %s holds the CAs that signed the clients' certificates", s.caller,
			s.set[ssl+catalog.LayerKeystore].text())
	default:
		a.fail(s.setting(ssl+catalog.LayerCAs), ServerTrust, "certificate_authorities and truststore.path are set "+
			"nowhere: it trusts only the public CAs of its JDK, and none of your clients")
	}
}

// exporters gives the connections by which a node sends its monitoring data to a cluster, which may be its own.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/monitoring-settings.html#http-exporter-settings
func exporters(s *server) []*connection {
	place := catalog.NodeMonitoring()
	var all []*connection
	for _, prefix := range s.set.prefixes(place.At) {
		if made := connectionIn(place.Settings, s.caller, s.set, prefix, false); made != nil &&
			s.set[prefix+place.Field].is(place.Is) {
			made.program, made.dir, made.inKeystore, made.runtime = "Elasticsearch", s.home, true, catalog.Java()
			all = append(all, made)
		}
	}
	return all
}
