package plan

import (
	"errors"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

var (
	kibanaOwn           = catalog.KibanaConnection()
	kibanaCAs           = kibanaOwn.Name(kibanaOwn.CA)
	kibanaCert          = kibanaOwn.Name(kibanaOwn.Cert)
	kibanaKey           = kibanaOwn.Name(kibanaOwn.Key)
	kibanaAlwaysPresent = kibanaOwn.Name(catalog.KibanaAlwaysPresents)
	kibanaVerification  = kibanaOwn.Name(kibanaOwn.Verify.Name)
	kibanaToken         = kibanaOwn.Name(kibanaOwn.Token)
	kibanaHosts         = kibanaOwn.Name(kibanaOwn.Hosts[0])
)

// tokenVariable holds the token in Kibana's container. The official image knows it; elsewhere kibana.yml refers to it.
const tokenVariable = "ELASTICSEARCH_SERVICEACCOUNTTOKEN"

// planKibana plans Kibana: it presents a certificate on every request, its users' included, and logs in with the token
// that the init container creates.
func planKibana(p step, w *recognise.Workload) {
	if err := secureKibana(p, w); err != nil {
		failed(p, w, serverFile(p.In, w), err)
	}
}

func secureKibana(p step, w *recognise.Workload) error {
	conf, err := configurationOf(p, w)
	coverUncalled(p, w, conf)
	coverSetting(p, w, conf.get(kibanaHosts))
	coverSetting(p, w, conf.get(monitoringUIPrefix+"hosts"))
	if err := errors.Join(duplicatesOnPath(w.Object), checkFree(p.In, w.Object), err); err != nil {
		return err
	}
	hosts, hostsErr := kibanaAddresses(p, w, conf)
	ca, caErr := kibanaCA(p, conf, hosts)
	conflicts := identityConflicts(p.In, conf)
	if err := errors.Join(hostsErr, caErr, hookSeen(p.In, w)); err != nil {
		return errors.Join(conflicts, err)
	}
	if conflicts == nil {
		return connectKibana(p, w, conf, hosts, ca)
	}
	rest := begin(p.In)
	err = connectKibana(rest, w, conf, hosts, ca)
	rest.problems = nil // those of settings that have to go
	p.add(*rest.Part)
	return errors.Join(conflicts, err)
}

// connectKibana plans a Kibana whose servers and whose CA are known.
func connectKibana(p step, w *recognise.Workload, conf *configuration, hosts []string, ca object.Source) error {
	own, err := ownPair(p, conf)
	if err != nil {
		return err
	}
	p.calls(hosts...)
	p.In = p.In.calling(hosts)
	volumes := carried{}
	if ca.Name == "" && len(nodesBehind(p.In, w.Object, hosts)) == 0 {
		volumes = carriedCA(p.In, conf)
	}
	id, err := sharedIdentity(p, w, ca, nodesBehind(p.In, w.Object, hosts), kibanaCAs,
		needs{ca: volumes.ca == "", pair: own == nil})
	if err != nil {
		return err
	}
	id.carried = volumes
	if own != nil && namedSecret(p, w.Object) != "" {
		return problem.New(problem.InTheWay, "%s is set in %s, and certificates.clients names Secret/%s for the "+
			"same client", kibanaCert, conf.get(kibanaCert).Place, namedSecret(p, w.Object)).At(kibanaCert).
			Do("remove one of the two")
	}
	if own != nil {
		id.secret, id.cert, id.key, id.carried = own.secret, own.cert, own.key, volumes.and(own.carried)
	}
	readsOnce(p.Part, w, id.sources(w.Object)...)
	presentPair(p, w.Object, w.Main, id, nodesBehind(p.In, w.Object, hosts)...)
	return errors.Join(
		withoutLogin(p, w, conf),
		kibanaTLS(p, w, conf, id, own != nil),
		planLogin(p, w, conf, id, hosts),
		monitoringUI(p, w, conf, id),
		planCompanions(p, w, id),
		checkClient(p, w.Object, id, hosts, verificationOf(p, conf)),
	)
}

// coverUncalled answers for addresses that Kibana does not call itself: it shows them to people, or hands them to
// agents.
func coverUncalled(p step, w *recognise.Workload, conf *configuration) {
	for _, name := range catalog.KibanaShown() {
		coverSetting(p, w, conf.get(name))
	}
	for _, at := range catalog.KibanaHanded() {
		if conf.file == nil {
			return
		}
		for _, c := range connectionsAt(at, conf.file, connection{}) {
			if hosts := c.addresses(); hosts != nil && c.store.get(at.Cert) != nil {
				coverSetting(p, w, hosts)
				p.assume(w.ID, "the agents that get %s.hosts must present a certificate that Elasticsearch trusts",
					c.name)
			}
		}
	}
}

// identityConflicts names everything that makes Kibana stop at its start, or that its mode cannot live with.
func identityConflicts(in *In, conf *configuration) error {
	if err := loginConflicts(in, conf); err != nil {
		return err
	}
	if s := conf.any(kibanaOwn.Name(kibanaOwn.Store), kibanaOwn.Name(kibanaOwn.Trust)); s != nil {
		return problem.New(problem.Stores, "%s is set in %s, and stores do not go together with PEM files", s.Key,
			s.Place).At(s.Key).
			Do("remove it and name a Secret with PEM files in certificates.secretName")
	}
	if s := neverPresents(conf); s != nil && in.requires() {
		return problem.New(problem.InTheWay, "%s is false in %s%s: without the certificate every request of a user "+
			"is refused once Elasticsearch requires one", kibanaAlwaysPresent, s.Place,
			conf.over(s)).At(kibanaAlwaysPresent).
			Do("remove the setting")
	}
	return nil
}

// neverPresents gives the setting by which the user has Kibana present no certificate for its users, nil for none.
func neverPresents(conf *configuration) *setting {
	if s := conf.get(kibanaAlwaysPresent); s != nil && s.Value() == "false" {
		return s
	}
	return nil
}

// kibanaAddresses gives the addresses of Elasticsearch that the init container calls: those of Kibana, unless the
// configuration names one. Where the configuration brings the certificates, http:// becomes https://.
func kibanaAddresses(p step, w *recognise.Workload, conf *configuration) ([]string, error) {
	s, urls := conf.get(kibanaHosts), p.settings.Elasticsearch.URLs()
	if s == nil && len(urls) > 0 {
		return urls, namesHosts(p, w, conf, urls)
	}
	hosts, err := ownHosts(p, w, conf)
	if err != nil {
		return nil, err
	}
	isKnown := s != nil && !s.Hidden && len(hosts) > 0
	if len(urls) == 1 || len(urls) > 1 && !isKnown {
		return urls, nil // of several, Kibana's own setting tells which is its own
	}
	if !isKnown {
		return nil, problem.New(problem.NoAddress, "the address of Elasticsearch cannot be read (%s)", kibanaHosts).
			Do("name it in elasticsearch.url")
	}
	return hosts, nil
}

// namesHosts gives a Kibana that is told no address those of the configuration.
func namesHosts(p step, w *recognise.Workload, conf *configuration, urls []string) error {
	if conf.unseen != "" {
		p.assume(w.ID, "%s must name Elasticsearch by https:// in %s", conf.unseen, kibanaHosts)
		return nil
	}
	return placeList(p, conf, kibanaHosts, urls, "Kibana calls what its image names where nothing is set",
		linkKibanaTLS)
}

// ownHosts gives the addresses that Kibana is told, and has it call them by https.
func ownHosts(p step, w *recognise.Workload, conf *configuration) ([]string, error) {
	s := conf.get(kibanaHosts)
	if s == nil {
		return nil, nil
	}
	coverSetting(p, w, s)
	coverSetting(p, w, conf.writtenBy(kibanaHosts))
	if s.commas {
		return nil, problem.New(problem.NoAddress, "%s is one text with a comma in %s, which is one address for "+
			"Kibana", kibanaHosts, s.Place).
			Do("write a list")
	}
	var hosts []string
	switched := false
	for _, h := range s.Values {
		if strings.Contains(h, "@") {
			return nil, problem.New(problem.NoAddress, "%s holds a user name or password in %s: it would be "+
				"readable in the arguments of a container", kibanaHosts, s.Place).
				Do("take it out")
		}
		rest, plain := strings.CutPrefix(h, "http://")
		if plain && p.settings.Certificates.SecretName == "" {
			return nil, problem.New(problem.PlainHTTP, "%s names %q in %s: plain HTTP knows no certificates",
				kibanaHosts, h, s.Place).
				Do("name a Secret with CA, certificate and key in certificates.secretName, which switches " +
					"Elasticsearch and Kibana to HTTPS, or switch TLS on in the charts' values")
		}
		if plain {
			h, switched = "https://"+rest, true
		}
		hosts = append(hosts, h)
	}
	const why = "Elasticsearch speaks HTTPS"
	replaceList(p, w, s, hosts, why, linkKibanaTLS)
	if shadowed := conf.writtenBy(kibanaHosts); shadowed != nil && s.script == nil &&
		strings.HasPrefix(shadowed.Value(), "http://") && switched {
		throughScript(p, shadowed.script, "https"+strings.TrimPrefix(shadowed.Value(), "http"), why, linkKibanaTLS)
	}
	return hosts, nil
}

// kibanaCA finds the CA that Kibana trusts; empty where nothing names one, or it comes by no Secret: then the node
// that it calls has one.
func kibanaCA(p step, conf *configuration, hosts []string) (object.Source, error) {
	if p.settings.Certificates.SecretName != "" {
		return object.Source{}, nil // identityFor takes that one
	}
	s := conf.get(kibanaCAs)
	isShown := len(nodesBehind(p.In, conf.w.Object, hosts)) > 0
	if s == nil || len(s.Values) == 0 {
		if isShown {
			return object.Source{}, nil
		}
		return object.Source{}, problem.New(problem.NoPair, "%s is not set: Kibana would not know whom to trust",
			kibanaCAs).At(kibanaCAs).
			Do("name the Secret with the CA in certificates.secretName")
	}
	file := conf.source(s.Values[0])
	if !file.Key() && file.Found != object.NotThere && isShown {
		p.assume(conf.w.ID, "%s stays (%s): the file must be there, and hold the CA that signed the server's "+
			"certificate%s", kibanaCAs,
			s.Place, because(file))
		return object.Source{}, nil
	}
	if !file.Key() && carriedCA(p.In, conf).ca != "" {
		p.assume(conf.w.ID, "%s stays (%s), for Kibana and %s: the file must be there, and hold the CA that signed "+
			"the server's certificate%s", kibanaCAs,
			s.Place, initName, because(file))
		return object.Source{}, nil
	}
	if !file.Key() {
		return object.Source{}, problem.New(problem.NoPair, "%s is %q in %s, and no Secret or ConfigMap of the pod "+
			"is mounted there%s", kibanaCAs, s.Values[0], s.Place, because(file)).At(kibanaCAs).
			Do("name the Secret with the CA in certificates.secretName")
	}
	return file.Source, readable(conf.w.Main, file)
}

// ownPair gives the client pair that the user has wired by hand, nil when there is none. It wins, and the init
// container presents it too.
func ownPair(p step, conf *configuration) (*identity, error) {
	cert, key := conf.get(kibanaCert), conf.get(kibanaKey)
	if cert == nil && key == nil || strings.HasPrefix(cert.Value(), clientDir+"/") &&
		strings.HasPrefix(key.Value(), clientDir+"/") {
		return nil, nil
	}
	if !p.settings.Certs() {
		place := cert
		if place == nil {
			place = key
		}
		return nil, problem.New(problem.InTheWay, "%s is set in %s, and mode %q uses no client certificate", place.Key,
			place.Place, p.settings.Mode).At(place.Key).
			Do("remove it, or use mode %q", p.settings.WithCerts())
	}
	if cert == nil || key == nil {
		one, other := cert, kibanaKey
		if one == nil {
			one, other = key, kibanaCert
		}
		return nil, problem.New(problem.Incomplete, "%s is set in %s without %s, and Kibana presents no certificate "+
			"then", one.Key, one.Place, other).At(one.Key).
			Do("set both, or remove it")
	}
	c, k := conf.source(cert.Value()), conf.source(key.Value())
	if volumes, ok := carriedPair(p, conf, c, k); ok {
		return &identity{carried: volumes}, nil
	}
	if !inOneSecret(c, k) {
		return nil, problem.New(problem.NoPair, "%s is %q in %s, and no Secret of the pod is mounted there with its "+
			"key beside it%s, so that elk-mtls-init cannot present the same key pair", kibanaCert, cert.Value(),
			cert.Place,
			or(because(c), because(k))).At(kibanaCert).
			Do("remove both settings and name the Secret in certificates.clients")
	}
	return &identity{secret: c.Source.Name, cert: c.Source.Key, key: k.Source.Key}, errors.Join(
		readable(conf.w.Main, c, k), checkHolds(p, c.Source), checkHolds(p, k.Source), isForClients(p.In, conf.w.Object,
			c.Source.Name))
}

// kibanaTLS plans Kibana's own connection.
func kibanaTLS(p step, w *recognise.Workload, conf *configuration, id identity, own bool) error {
	c := p.settings.Certificates
	if c.VerificationMode != "" {
		if s := conf.get(kibanaVerification); s != nil && s.Value() != c.VerificationMode &&
			w.Annotation(annotationMode) == "" {
			return problem.New(problem.InTheWay, "%s is %q in %s, and the configuration says "+
				"certificates.verificationMode %q", kibanaVerification, s.Value(), s.Place,
				c.VerificationMode).At(kibanaVerification).
				Do("remove one of the two")
		}
		kibanaSet(p, w, conf, kibanaVerification, c.VerificationMode, "how far Kibana trusts the server's certificate")
	}
	_, told := caNamed(p.In, w.Object)
	switch {
	case told && !trusts(conf, id.ca):
		mountClient(p, w.Object, w.Main, id)
		kibanaSet(p, w, conf, kibanaCAs, clientDir+"/"+fileCA, "the CA that the configuration names")
	case conf.get(kibanaCAs) == nil:
		mountClient(p, w.Object, w.Main, id)
		kibanaSet(p, w, conf, kibanaCAs, clientDir+"/"+fileCA, "the CA that signed the server's certificate")
	}
	if !p.settings.Certs() {
		return nil
	}
	if !own {
		mountClient(p, w.Object, w.Main, id)
		kibanaSet(p, w, conf, kibanaCert, clientDir+"/"+fileCert, "Kibana presents this certificate")
		kibanaSet(p, w, conf, kibanaKey, clientDir+"/"+fileKey, "the key of that certificate")
	}
	if s := neverPresents(conf); s != nil {
		p.action(w.ID, "%s is false in %s, and stays so: remove it before clientAuthentication is required",
			kibanaAlwaysPresent, s.Place)
		return nil
	}
	kibanaSet(p, w, conf, kibanaAlwaysPresent, "true", "requests of Kibana's users carry the certificate too, or "+
		"every one of them is refused")
	return nil
}

// trusts tells whether Kibana reads that CA already.
func trusts(conf *configuration, ca object.Source) bool {
	s := conf.get(kibanaCAs)
	if s == nil || len(s.Values) != 1 {
		return false
	}
	file := conf.source(s.Values[0])
	return file.Key() && file.Source == ca && !strings.HasPrefix(s.Values[0], clientDir+"/")
}

// kibanaSet plans one of Kibana's settings: in its place where somebody set it, else in the environment.
func kibanaSet(p step, w *recognise.Workload, conf *configuration, key, value, why string) {
	setSetting(p, w, conf, key, value, why, linkKibanaTLS)
}

// verificationOf gives how the init container checks the server: as Kibana does. It never goes without the chain.
func verificationOf(p step, conf *configuration) string {
	mode := p.settings.Certificates.VerificationMode
	if s := conf.get(kibanaVerification); mode == "" && s != nil {
		mode = s.Value()
		if s.Hidden {
			p.assume(conf.w.ID, "%s comes from elsewhere (%s): elk-mtls-init checks the chain and the host name",
				kibanaVerification, s.Place)
		}
	}
	if mode == "none" {
		p.assume(conf.w.ID, "%s is none: Kibana checks nothing; elk-mtls-init checks the chain all the same",
			kibanaVerification)
		mode = "certificate"
	}
	return or(mode, "full")
}

// hookSeen refuses a Kibana whose token nothing in the input makes when the stream shows no hooks: the charts from 8
// on make it in one, which Helm 3 hides from a post-renderer, and runs unpatched.
func hookSeen(in *In, w *recognise.Workload) error {
	hooks, err := in.release.Hooks()
	if err != nil || len(hooks) > 0 || in.settings.Hooks == "off" || w.Annotation(annotationMode) != "" {
		return err
	}
	v, ok := in.own(w.Main, tokenVariable)
	_, isOwn := ownTokenOf(in, w)
	if _, tag := w.Main.Image(); !ok || isOwn || v.From.Kind != "Secret" || strings.HasPrefix(tag, "7.") {
		return nil
	}
	return problem.New(problem.TokenSecret, "env %q takes the token from Secret/%s, which is not in the input. "+
		"Where the chart makes it in a Helm hook, Helm 3 hides the hook from a post-renderer "+
		"and would run it without a certificate, so that the installation hangs and fails", v.Name, v.From.Name).
		Do("pass --no-hooks to every helm install, upgrade and uninstall of this release and set hooks: off " +
			"(--post-renderer-args --hooks=off), or use Helm 4. " +
			"Where the token is your own, bring the Secret, or what fills it, into the input, and it is kept")
}
