package plan

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const (
	elasticsearchFile = "/usr/share/elasticsearch/config/elasticsearch.yml"

	httpSSL      = "xpack.security.http.ssl."
	settingStage = httpSSL + "client_authentication"
	settingCAs   = httpSSL + "certificate_authorities"
)

// elasticsearchEnv gives the names under which the official image takes a setting from the environment.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#docker-configuration-methods
func elasticsearchEnv(key string) []string {
	shell := strings.ToUpper(strings.ReplaceAll(strings.ReplaceAll(key, "_", "__"), ".", "_"))
	return []string{key, "ES_SETTING_" + shell}
}

// node plans an Elasticsearch node: it asks for certificates of the CAs that it lists, and its own probe presents one.
func (p *planner) node(w *recognise.Workload) error {
	if err := duplicatesOnPath(w.Object); err != nil {
		return err
	}
	conf, err := p.configuration(w, elasticsearchFile, elasticsearchEnv)
	if err != nil {
		return err
	}
	if err := p.https(w, conf); err != nil {
		return err
	}
	if !p.settings.Certs() {
		return p.nodeWithoutCertificates(w, conf)
	}
	if stores(conf) != nil {
		return p.nodeWithStores(w, conf)
	}
	server, err := p.serverPair(conf)
	if err != nil {
		return err
	}
	if err := p.serverFiles(w, conf, server); err != nil {
		return err
	}
	id, err := p.identityFor(w.Object, server.ca, server.secret, config.Keys{Cert: server.cert, Key: server.key})
	if err != nil {
		return err
	}
	return p.nodeAsClient(w, conf, id, server.secret)
}

// nodeAsClient plans what is the same however the node keeps its own certificate: it asks, and what runs in its pod presents a pair.
func (p *planner) nodeAsClient(w *recognise.Workload, conf *configuration, id identity, chartSecret string) error {
	var err error
	if id.curl, err = p.curlConfig(w.Object); err != nil {
		return err
	}
	p.nodes[w] = nodeClient{id, chartSecret}
	p.speakHTTPS(w, conf)
	return errors.Join(
		p.stage(w, conf),
		p.curlClient(w.Object, w.Main, id),
		p.probes(w, conf),
		p.companions(w, id),
		p.checkServer(w, id),
	)
}

func (p *planner) nodeWithoutCertificates(w *recognise.Workload, conf *configuration) error {
	if s := conf.get(settingStage); s != nil && s.Value() != config.None {
		return fmt.Errorf("%s is %q in %s, and mode %q gives clients no certificate: remove the setting, or use mode %q",
			settingStage, strings.Join(s.Values, ","), s.Place, p.settings.Mode, config.ModeCertToken)
	}
	if p.settings.Certificates.SecretName != "" {
		if s := stores(conf); s != nil {
			return mixed(s)
		}
		server, err := p.serverPair(conf)
		if err != nil {
			return err
		}
		return p.serverFiles(w, conf, server)
	}
	p.plan.Passed = append(p.plan.Passed, Passed{w.ID, "mode " + p.settings.Mode + " asks nothing of Elasticsearch"})
	return nil
}

// nodeWithStores stays with a node's stores: its truststore says whom it accepts. Only the probe needs a pair of PEM files.
func (p *planner) nodeWithStores(w *recognise.Workload, conf *configuration) error {
	s, c := stores(conf), p.settings.Certificates
	if c.SecretName != "" || c.ClientCA.SecretName != "" {
		return mixed(s)
	}
	for _, client := range c.Clients {
		if client.Ref == w.ID.String() {
			id, err := p.identityFor(w.Object, object.Source{Kind: "Secret", Name: client.SecretName, Key: or(c.Keys.CA, fileCA)}, "", config.Keys{})
			if err != nil {
				return err
			}
			p.assume("%s: %s stays: it must trust the CA of every client, that of Secret/%s among them", w.ID, s.Key, client.SecretName)
			return p.nodeAsClient(w, conf, id, "")
		}
	}
	return fmt.Errorf("%s is set in %s, and curl in the readiness probe reads no store: name a Secret with a PEM pair that the store trusts in certificates.clients (ref: %s), "+
		"or give the node PEM files in place of the stores (%scertificate, .key, .certificate_authorities)", s.Key, s.Place, w.ID, httpSSL)
}

func mixed(s *setting) error {
	return fmt.Errorf("%s is set in %s, and Elasticsearch refuses stores beside PEM files: remove certificates.secretName and certificates.clientCA and put the CAs into the store, "+
		"or remove the stores from the chart's values", s.Key, s.Place)
}

// serverPair finds the Secret behind the node's own certificate. The path in its settings leads to the mount, that to the volume.
func (p *planner) serverPair(conf *configuration) (identity, error) {
	certificate := conf.get(httpSSL + "certificate")
	key := conf.get(httpSSL + "key")
	var id identity
	if certificate == nil || key == nil {
		if p.settings.Certificates.SecretName == "" {
			return id, fmt.Errorf("%scertificate and %skey are not both set: name the Secret with the node's certificate in certificates.secretName", httpSSL, httpSSL)
		}
		return id, nil
	}
	source, ok := conf.source(certificate.Value())
	keySource, keyOK := conf.source(key.Value())
	if !ok || !keyOK || source.Kind != "Secret" || keySource.Name != source.Name {
		if p.settings.Certificates.SecretName == "" {
			return id, fmt.Errorf("%scertificate is %q in %s, and no Secret of the pod is mounted there with its key beside it: name the Secret in certificates.secretName",
				httpSSL, certificate.Value(), certificate.Place)
		}
		return id, nil
	}
	id = identity{secret: source.Name, cert: source.Key, key: keySource.Key}
	id.ca = object.Source{Kind: "Secret", Name: source.Name, Key: or(p.settings.Certificates.Keys.CA, fileCA)}
	if cas := conf.get(settingCAs); cas != nil && len(cas.Values) > 0 {
		if s, ok := conf.source(cas.Values[0]); ok {
			id.ca = s
		}
	}
	return id, nil
}

// serverFiles mounts what the configuration adds for the node, and writes the list of CAs that it trusts. Without that list a node
// trusts the public CAs of its JDK and nobody else.
func (p *planner) serverFiles(w *recognise.Workload, conf *configuration, server identity) error {
	c := p.settings.Certificates
	certificate := conf.get(httpSSL + "certificate")
	own := c.SecretName != "" && (c.SecretName != server.secret || path.Dir(certificate.Value()) == serverDir)
	var items []fileItem
	var cas []string
	if s := conf.get(settingCAs); s != nil {
		if s.Hidden {
			return fmt.Errorf("%s comes from elsewhere in %s, so that it cannot be read: it must list the server's CA and the clients' CA; write the paths there as they are", settingCAs, s.Place)
		}
		cas = slices.Clone(s.Values)
	}
	if own {
		keys := config.Keys{CA: or(c.Keys.CA, fileCA), Cert: or(c.Keys.Cert, fileCert), Key: or(c.Keys.Key, fileKey)}
		for _, k := range []struct{ key, file string }{{keys.CA, fileCA}, {keys.Cert, fileCert}, {keys.Key, fileKey}} {
			source := object.Source{Kind: "Secret", Name: c.SecretName, Key: k.key}
			if err := p.holds(source); err != nil {
				return err
			}
			items = append(items, fileItem{source, k.file})
		}
		p.server(w, conf, httpSSL+"certificate", path.Join(serverDir, fileCert), "the certificate of the Secret that the configuration names")
		p.server(w, conf, httpSSL+"key", path.Join(serverDir, fileKey), "the key of that certificate")
		cas = []string{path.Join(serverDir, fileCA)}
	}
	if len(cas) == 0 {
		cas = []string{path.Join(path.Dir(certificate.Value()), server.ca.Key)}
	}
	if ca := c.ClientCA; ca.SecretName != "" {
		source := object.Source{Kind: "Secret", Name: ca.SecretName, Key: ca.Key}
		if err := p.holds(source); err != nil {
			return err
		}
		items = append(items, fileItem{source, fileClientCA})
		if at := path.Join(serverDir, fileClientCA); !slices.Contains(cas, at) {
			cas = append(cas, at)
		}
	}
	if len(items) > 0 {
		pod := p.on(w.Object).pod
		p.set(w.Object, patch.Fields(pod.Path("spec", "volumes")...).Item("name", serverVolume), projected(serverVolume, fileMode(pod), items),
			"the certificates that the configuration names", "")
		p.mount(w.Object, w.Main, serverVolume, serverDir)
		for _, i := range items {
			if !p.madePerRender(i.source.Name) {
				p.reads(w.Object, i.source)
			}
		}
	}
	if p.settings.Certs() {
		p.serverList(w, conf, settingCAs, cas)
	}
	return nil
}

// server plans a setting of the node: in its place where somebody set it, else in the environment.
func (p *planner) server(w *recognise.Workload, conf *configuration, key, value, why string) {
	p.setting(w, conf, key, value, why, linkElasticsearchTLS)
}

func (p *planner) setting(w *recognise.Workload, conf *configuration, key, value, why, link string) {
	s := conf.get(key)
	if s == nil || s.Hidden {
		p.setEnv(w.Object, w.Main, conf.envNames(key)[0], value, why, link)
		return
	}
	p.replace(w, s, value, why, link)
}

func (p *planner) serverList(w *recognise.Workload, conf *configuration, key string, values []string) {
	const why = "certificates of these CAs are accepted: the server's own and the clients'"
	if s := conf.get(key); s != nil {
		p.replaceList(w, s, values, why, linkElasticsearchTLS)
		return
	}
	p.server(w, conf, key, strings.Join(values, ","), why)
}

// replaceList plans a list where the user set one, spelled as it was: as YAML, as JSON in one string, or with commas.
func (p *planner) replaceList(w *recognise.Workload, s *setting, values []string, why, link string) {
	if !slices.Equal(s.Values, values) {
		switch {
		case s.list:
			s.edit.Value = patch.Strs(values...)
		case s.json:
			s.edit.Value = patch.Str(`["` + strings.Join(values, `","`) + `"]`)
		default:
			s.edit.Value = patch.Str(strings.Join(values, ","))
		}
		p.edit(s.object, s.edit, why, link)
	}
	p.readsSetting(w, s, values...)
}

// replace plans a value where the user set one, in the environment or in a file.
func (p *planner) replace(w *recognise.Workload, s *setting, value, why, link string) {
	if s.Value() != value {
		s.edit.Value = patch.Str(value)
		p.edit(s.object, s.edit, why, link)
	}
	p.readsSetting(w, s, value)
}

// stage plans client_authentication. A value of the user's that asks for less is raised only from optional, which is a stage of the
// same way; none by hand, or more than the configuration asks, is a contradiction that only the user can settle.
func (p *planner) stage(w *recognise.Workload, conf *configuration) error {
	asked := p.settings.ClientAuthentication
	s := conf.get(settingStage)
	if s == nil {
		if asked != config.None {
			p.setEnv(w.Object, w.Main, settingStage, asked, "Elasticsearch asks every client for a certificate", linkElasticsearchTLS)
		}
		return nil
	}
	switch {
	case s.Hidden:
		return fmt.Errorf("%s comes from elsewhere in %s, so that it cannot be read; write %q there, or remove it", settingStage, s.Place, asked)
	case s.Value() == asked, s.Value() == config.Optional && asked == config.Required, s.Value() == w.Annotation(annotationStage):
		p.replace(w, s, asked, "Elasticsearch asks every client for a certificate", linkElasticsearchTLS)
		return nil
	}
	return fmt.Errorf("%s is %q in %s, and clientAuthentication is %q: make them agree, there or in the configuration",
		settingStage, s.Value(), s.Place, asked)
}
