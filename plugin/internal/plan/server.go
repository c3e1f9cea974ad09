package plan

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const (
	httpSSL      = catalog.HTTPLayer
	settingStage = httpSSL + catalog.LayerStage
	settingCAs   = httpSSL + catalog.LayerCAs
)

// planNode plans an Elasticsearch node: it asks for certificates of the CAs that it lists, and its own probe presents
// one.
func planNode(p step, w *recognise.Workload) {
	if err := secureNode(p, w); err != nil {
		failed(p, w, serverFile(p.In, w), err)
		conf, _ := configurationOf(p, w)
		for _, c := range exporters(w, conf) {
			coverAddresses(p, w, c)
		}
	}
}

func secureNode(p step, w *recognise.Workload) error {
	conf, err := configurationOf(p, w)
	if err := errors.Join(duplicatesOnPath(w.Object), checkFree(p.In, w.Object), err); err != nil {
		return err
	}
	if err := ensureHTTPS(p, w, conf); err != nil {
		return err
	}
	if stores(conf) != nil {
		return nodeWithStores(p, w, conf)
	}
	server, err := serverPair(p.In, conf)
	if err != nil && !p.settings.Certs() {
		// nobody gets a pair, so that its own is its own business
		p.secures(w, node{password: conf.secret(w.Layout.Password)})
		return nodeWithoutCertificates(p, w, conf)
	}
	if err != nil {
		return err
	}
	known, err := serverFiles(p, w, conf, server)
	if err != nil {
		return err
	}
	known.password = conf.secret(w.Layout.Password)
	p.secures(w, known)
	if !p.settings.Certs() {
		return nodeWithoutCertificates(p, w, conf)
	}
	id, err := identityFor(p, w.Object, known.ca, pair{server.secret, server.cert, server.key}, needsAll)
	known.client = &id // also where it cannot be used: clients of this node have no other
	p.secures(w, known)
	if err != nil {
		return err
	}
	if s := conf.any(httpSSL+catalog.LayerKeyPass, httpSSL+catalog.LayerSecureKeyPass); s != nil &&
		id.secret == known.certificate.Name {
		return problem.New(problem.ProbePair, "%s is set in %s: the node's key is encrypted, and its own probe gets "+
			"no passphrase", s.Key, s.Place).At(s.Key).
			Do("name a Secret with an unencrypted key pair in certificates.clients (ref: %s)", w.ID)
	}
	return nodeAsClient(p, w, conf, known)
}

// nodeAsClient plans what is the same however the node keeps its own certificate: it asks, and what runs in its pod
// presents a pair.
func nodeAsClient(p step, w *recognise.Workload, conf *configuration, known node) error {
	id := *known.client
	var err error
	if id.curl, err = curlConfig(p, w.Object, curlTrusts(p.In, w.Object, id.ca)); err != nil {
		return err
	}
	known.client, known.port = &id, httpPort(conf)
	known.asks = p.settings.ClientAuthentication != config.None || conf.get(settingStage) != nil &&
		conf.get(settingStage).Value() != config.None
	p.secures(w, known)
	p.In = p.In.after(*p.Part) // it calls itself
	speakHTTPS(p, w, conf)
	return errors.Join(
		planStage(p, w, conf),
		verifies(p.In, conf),
		curlClient(p, w.Object, w.Main, id, w),
		planProbes(p, w, conf),
		planExporters(p, w, conf, id),
		planCompanions(p, w, id),
		makeFile(p, conf),
	)
}

func nodeWithoutCertificates(p step, w *recognise.Workload, conf *configuration) error {
	switch s := conf.get(settingStage); {
	case s != nil && s.Value() == config.Optional:
		staysOptional(p, w, s)
	case s != nil && s.Value() != config.None:
		return problem.New(problem.Stage, "%s is %q in %s, and mode %q gives clients no certificate", settingStage,
			strings.Join(s.Values, ","), s.Place, p.settings.Mode).At(settingStage).
			Do("remove the setting, or use mode %q", p.settings.WithCerts())
	}
	if p.settings.Certificates.SecretName == "" {
		p.pass(w.ID, "mode "+p.settings.Mode+" asks nothing of Elasticsearch")
	}
	return nil
}

// nodeWithStores stays with a node's stores: its truststore says whom it accepts. Only the probe needs a pair of PEM
// files; where the node's own certificate is one, beside a truststore, it serves.
func nodeWithStores(p step, w *recognise.Workload, conf *configuration) error {
	s, c := stores(conf), p.settings.Certificates
	if c.SecretName != "" || c.ClientCA.SecretName != "" || c.CA.Named() {
		return mixed(s)
	}
	known := node{password: conf.secret(w.Layout.Password)}
	p.secures(w, known)
	if !p.settings.Certs() {
		return nodeWithoutCertificates(p, w, conf)
	}
	var server identity
	if s.Key == httpSSL+catalog.LayerTruststore && conf.get(httpSSL+"certificate") != nil {
		var err error
		if server, err = serverPair(p.In, conf); err != nil {
			return err
		}
	}
	secret := or(namedSecret(p, w.Object), server.secret)
	if secret == "" {
		return problem.New(problem.ProbePair, "%s is set in %s, and curl in the readiness probe reads no store", s.Key,
			s.Place).At(s.Key).
			Do("name a Secret with a PEM key pair that the store trusts in certificates.clients (ref: %s), or give "+
				"the node PEM files in place of the stores (%scertificate, .key, .certificate_authorities)", w.ID,
				httpSSL)
	}
	id, err := identityFor(p, w.Object, caBeside(p.In, w.Object, secret), pair{secret, server.cert, server.key},
		needsAll)
	if err != nil {
		return err
	}
	if err := planRealm(p, w, conf, nil); err != nil {
		return err
	}
	p.assume(w.ID, "%s stays: it must trust the CA of every client, that of Secret/%s among them", s.Key, secret)
	known.client = &id
	return nodeAsClient(p, w, conf, known)
}

// mixed says what does not go together: PEM files with a keystore, a list of CAs with a truststore.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html#_http_tlsssl_key_and_trusted_certificate_settings
func mixed(s *setting) error {
	if s.Key == httpSSL+catalog.LayerTruststore {
		return problem.New(problem.Stores, "%s is set in %s, and Elasticsearch refuses %s beside it", s.Key, s.Place,
			settingCAs).At(s.Key).
			Do("remove certificates.secretName, certificates.ca and certificates.clientCA and put the CAs into the " +
				"truststore, or " +
				"remove the truststore from the chart's values")
	}
	return problem.New(problem.Stores, "%s is set in %s, and Elasticsearch refuses stores beside PEM files", s.Key,
		s.Place).At(s.Key).
		Do("remove certificates.secretName, certificates.ca and certificates.clientCA and put the CAs into the " +
			"store, or remove the " +
			"stores from the chart's values")
}

// serverPair finds the Secret behind the node's own certificate. The path in its settings leads to the mount, that to
// the volume.
func serverPair(in *In, conf *configuration) (identity, error) {
	certificate, key := conf.get(httpSSL+"certificate"), conf.get(httpSSL+"key")
	named := in.settings.Certificates.SecretName != ""
	switch {
	case (certificate == nil || key == nil) && named:
		return identity{}, nil
	case certificate == nil || key == nil:
		return identity{}, problem.New(problem.NoPair, "%scertificate and %skey are not both set", httpSSL, httpSSL).
			Do("name the Secret with the node's certificate in certificates.secretName")
	}
	cert, keyFile := conf.source(certificate.Value()), conf.source(key.Value())
	if inOneSecret(cert, keyFile) {
		return identity{secret: cert.Source.Name, cert: cert.Source.Key, key: keyFile.Source.Key}, nil
	}
	if named {
		return identity{}, nil
	}
	return identity{}, problem.New(problem.NoPair, "%scertificate is %q in %s, and no Secret of the pod is mounted "+
		"there with its key beside it%s", httpSSL, certificate.Value(), certificate.Place, or(because(cert),
		because(keyFile))).
		Do("name the Secret in certificates.secretName")
}

// inOneSecret tells whether a certificate and its key are keys of one Secret.
func inOneSecret(cert, key object.File) bool {
	return cert.Key() && key.Key() && cert.Source.Kind == "Secret" && key.Source.Kind == "Secret" &&
		key.Source.Name == cert.Source.Name
}

// serverFiles mounts what the configuration adds for the node, and writes the list of CAs that it trusts. Without that
// list a node trusts the public CAs of its JDK and nobody else. What the user lists besides stays, and the order too.
func serverFiles(p step, w *recognise.Workload, conf *configuration, server identity) (node, error) {
	c := p.settings.Certificates
	cas, own, err := trustedBy(p, w, conf, server)
	if err != nil {
		return node{}, err
	}
	known := node{certificate: secretKey(w.Object, server.secret, server.cert), chartSecret: server.secret}
	certificate := conf.get(httpSSL + "certificate")
	var items []fileItem
	named := c.SecretName != "" &&
		(c.SecretName != server.secret || path.Dir(certificate.Value()) == w.Layout.Abs(serverFolder))
	if named || c.CA.Named() {
		ca, _ := caNamed(p.In, w.Object)
		items = append(items, fileItem{ca, fileCA})
		cas[own] = trustedCA{path: path.Join(w.Layout.Abs(serverFolder), fileCA), source: ca, known: true}
		err = errors.Join(err, trustByCurl(p, w, ca))
	}
	if named {
		known.certificate = secretKey(w.Object, c.SecretName, or(c.Keys.Cert, fileCert))
		items = append(items, fileItem{known.certificate, fileCert},
			fileItem{secretKey(w.Object, c.SecretName, or(c.Keys.Key, fileKey)), fileKey})
		setServer(p, w, conf, httpSSL+"certificate", path.Join(w.Layout.Abs(serverFolder), fileCert),
			"the certificate of the Secret that the configuration names")
		setServer(p, w, conf, httpSSL+"key", path.Join(w.Layout.Abs(serverFolder), fileKey),
			"the key of that certificate")
	} else {
		err = errors.Join(err, readable(w.Main, conf.source(certificate.Value()),
			conf.source(conf.get(httpSSL+"key").Value())))
	}
	if ca := c.ClientCA; ca.SecretName != "" {
		added := trustedCA{path: path.Join(w.Layout.Abs(serverFolder), fileClientCA),
			source: secretKey(w.Object, ca.SecretName, ca.Key), known: true}
		items = append(items, fileItem{added.source, fileClientCA})
		if !slices.ContainsFunc(cas, func(t trustedCA) bool { return t.path == added.path }) {
			cas = append(cas, added)
		}
	}
	known.ca = cas[own].source
	if p.settings.Certs() {
		listErr := setList(p, conf, settingCAs, paths(cas), "certificates of these CAs are accepted: the server's "+
			"own and the clients'", linkElasticsearchTLS)
		known.accepts = followCAs(p, w, cas)
		err = errors.Join(err, listErr, planRealm(p, w, conf, paths(cas)))
	} else if len(items) > 0 && conf.script(settingCAs) != nil {
		err = errors.Join(err, setList(p, conf, settingCAs, paths(cas), "the script of the image wants the CA beside "+
			"certificate and key", linkElasticsearchTLS))
	}
	return known, errors.Join(err, mountServer(p, w, items))
}

// mountServer plans the volume of what the configuration adds for the node. Where the folder is a ConfigMap, the
// kubelet makes the place for it.
// https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/volume/util/nested_volumes.go
func mountServer(p step, w *recognise.Workload, items []fileItem) error {
	if len(items) == 0 {
		return nil
	}
	pod := podOf(w.Object)
	p.set(w.Object, patch.Fields(pod.Path("spec", "volumes")...).Item("name", serverVolume),
		projected(serverVolume, fileMode(pod), items),
		"the certificates that the configuration names", "")
	mountIn(p, w.Object, w.Main, serverVolume, w.Layout.Abs(serverFolder))
	for _, i := range items {
		if err := checkHolds(p, i.source); err != nil {
			return err
		}
		if !madePerRender(p.In, i.source) {
			readsKeys(p, w.Object, i.source)
		}
	}
	return nil
}

// setServer plans a setting of the node: in its place where somebody set it, else in the environment.
func setServer(p step, w *recognise.Workload, conf *configuration, key, value, why string) {
	setSetting(p, w, conf, key, value, why, linkElasticsearchTLS)
}

// outcome is what becomes of client_authentication.
type outcome int

const (
	nothing  outcome = iota
	isAsked          // what is asked stands there
	stays            // what the user has set, with a line
	isHidden         // an error: nobody can read it
	differs          // an error: the two must agree
)

// stageOf decides about client_authentication, as docs/decisions/0007 has it. earlier is what a run before has set.
//
//	by hand     asked                comes out
//	nothing     none                 nothing
//	nothing     optional, required   what is asked
//	hidden      any                  an error
//	the same    the same             what is asked
//	earlier     any                  what is asked
//	optional    required             what is asked: it is a stage on the same way
//	optional    none                 optional stays: nobody is refused by it
//	any other                        an error
func stageOf(byHand *setting, asked, earlier string) outcome {
	switch {
	case byHand == nil && asked == config.None:
		return nothing
	case byHand == nil:
		return isAsked
	case byHand.Hidden:
		return isHidden
	case byHand.Value() == asked, byHand.Value() == config.Optional &&
		asked == config.Required, byHand.Value() == earlier:
		return isAsked
	case byHand.Value() == config.Optional && asked == config.None:
		return stays
	}
	return differs
}

// planStage plans client_authentication.
func planStage(p step, w *recognise.Workload, conf *configuration) error {
	const why = "Elasticsearch asks every client for a certificate"
	asked, s := p.settings.ClientAuthentication, conf.get(settingStage)
	switch stageOf(s, asked, w.Annotation(annotationStage)) {
	case isAsked:
		if s == nil {
			return placeSetting(p, conf, settingStage, asked, why, linkElasticsearchTLS)
		}
		replaceValue(p, w, s, asked, why, linkElasticsearchTLS)
	case stays:
		staysOptional(p, w, s)
	case isHidden:
		return problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read", settingStage,
			s.Place).At(settingStage).
			Do("write %q there, or remove it", asked)
	case differs:
		return problem.New(problem.Stage, "%s is %q in %s%s, and clientAuthentication is %q", settingStage, s.Value(),
			s.Place, conf.over(s), asked).At(settingStage).
			Do("make them agree, there or in the configuration")
	}
	return nil
}

// staysOptional reports a node that asks for certificates by hand where nobody is to be asked.
func staysOptional(p step, w *recognise.Workload, s *setting) {
	p.action(w.ID, "%s is optional in %s, and stays so: nobody needs a certificate, and who presents one needs one "+
		"that it trusts", settingStage, s.Place)
}

// verifies refuses a node that asks for certificates and then takes any: without verification a self-signed one
// passes, and one of another CA.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html#http-tls-ssl-settings
func verifies(in *In, conf *configuration) error {
	const key = httpSSL + catalog.LayerVerification
	s, asked := conf.get(key), in.settings.ClientAuthentication
	if s == nil || asked == config.None {
		return nil
	}
	where := "the environment of the same container, where " + ourName + " sets it"
	if stage := conf.get(settingStage); stage != nil {
		where = stage.Place
	}
	switch {
	case s.Hidden:
		return problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read, and the "+
			"certificates that %s (%q, in %s) asks for must be verified", key, s.Place, settingStage, asked,
			where).At(key).
			Do("write full there, or remove it")
	case !slices.Contains([]string{"full", "certificate"}, strings.ToLower(s.Value())):
		return problem.New(problem.InTheWay, "%s is %q in %s%s, so that the node takes any certificate, a "+
			"self-signed one too, where %s (%q, in %s) asks for one", key, s.Value(), s.Place, conf.over(s),
			settingStage, asked, where).At(key).
			Do("write full there, or remove it")
	}
	return nil
}
