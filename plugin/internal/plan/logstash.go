package plan

import (
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const (
	linkLogstash           = "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html#plugins-outputs-elasticsearch-ssl_certificate"
	linkLogstashMonitoring = "https://www.elastic.co/guide/en/logstash/8.19/monitoring-internal-collection-legacy.html"
)

// logstash is Logstash: the plugins of its pipelines, and what logstash.yml or the environment says of monitoring and management.
func logstash() program {
	return program{app: recognise.Logstash, own: func(p *planner, w *recognise.Workload) ([]*connection, error) {
		plugins, err := p.pipelines(w, pipeline.Logstash(), logstashPlugin(p.pemPlugins(w)), map[string][]string{
			"ssl_enabled": {"ssl"}, "ssl_certificate_authorities": {"cacert", "ca_file"}, "ssl_keystore_path": {"keystore"}, "ssl_keystore_password": {"keystore_password"},
		})
		if err != nil {
			return nil, err
		}
		own, err := p.logstashSettings(w)
		return append(plugins, own...), err
	}}
}

// logstashPlugin tells the settings of a plugin. PEM files are read from 8.8 on, where names have changed; before that an output reads a
// PKCS#12 file, and inputs and filters present nothing.
func logstashPlugin(pem bool) func(pipeline.Plugin) *tlsKeys {
	return func(plugin pipeline.Plugin) *tlsKeys {
		keys := tlsKeys{
			hosts: "hosts", enable: "ssl_enabled", on: "true", bareEnable: true, ca: "ssl_certificate_authorities", caIsList: true,
			cert: "ssl_certificate", key: "ssl_key", keystore: "ssl_keystore_path", password: "ssl_keystore_password",
			instead: []string{"ssl_truststore_path", "truststore"}, link: linkLogstash,
		}
		switch {
		case plugin.Name == "elastic_integration":
			return &keys
		case plugin.Name != "elasticsearch":
			return nil
		case pem:
			return &keys
		}
		keys.enable, keys.ca, keys.caIsList, keys.cert, keys.key = "ssl", "cacert", false, "", ""
		keys.keystore, keys.password = "keystore", "keystore_password"
		if plugin.Section != "output" {
			keys.keystore, keys.password, keys.ca = "", "", "ca_file"
		}
		return &keys
	}
}

// pemPlugins tells whether the Logstash of a container is 8.8 or later: its image says so, or a label.
func (p *planner) pemPlugins(w *recognise.Workload) bool {
	_, tag := w.Main.Image()
	for _, text := range []string{tag, w.Label("app.kubernetes.io/version")} {
		major, rest, _ := strings.Cut(text, ".")
		minor, _, _ := strings.Cut(rest, ".")
		a, err := strconv.Atoi(major)
		b, minorErr := strconv.Atoi(minor)
		if err == nil && minorErr == nil {
			return a > 8 || a == 8 && b >= 8
		}
	}
	p.assume("%s: container %q: nothing tells the version of Logstash: it must be 8.8 or later", w.ID, w.Main.Name)
	return true
}

// logstashSettings gives the connections of Logstash itself. A keystore serves in all versions.
func (p *planner) logstashSettings(w *recognise.Workload) ([]*connection, error) {
	const home = "/usr/share/logstash/config/"
	opened, err := p.files(w, home+"logstash.yml", "/bitnami/logstash/config/logstash.yml")
	if err != nil {
		return nil, err
	}
	env, err := p.environment(w, func(key string) []string {
		return []string{strings.ToUpper(strings.ReplaceAll(key, ".", "_")), key}
	})
	if err != nil {
		return nil, err
	}
	stores := []store{envStore{env}}
	for _, f := range opened {
		stores = append(stores, yamlStore{file: f})
	}
	var all []*connection
	for _, name := range []string{"xpack.monitoring", "xpack.management"} {
		for _, s := range stores {
			at := name + ".elasticsearch."
			if enabled := s.get(name + ".enabled"); enabled == nil || !strings.EqualFold(enabled.Value(), "true") {
				p.cover(w, s.get(at+"hosts")) // nothing is called there
				continue
			}
			var over []channel
			if _, file := s.(yamlStore); file {
				over = []channel{envStore{env}} // the image writes variables into the file
			}
			all = append(all, &connection{name: name + ".elasticsearch", store: s, dir: home, over: over, keys: tlsKeys{
				hosts: at + "hosts", ca: at + "ssl.certificate_authority", keystore: at + "ssl.keystore.path", password: at + "ssl.keystore.password",
				instead: []string{at + "ssl.truststore.path"}, link: linkLogstashMonitoring,
			}})
			if name == "xpack.management" {
				p.action("%s: container %q takes its pipelines from Elasticsearch (xpack.management): their elasticsearch plugins need a certificate too, ssl_keystore_path => %q, ssl_keystore_password => %q",
					w.ID, w.Main.Name, keystorePath, keystorePassword)
			}
		}
	}
	return all, nil
}

// needsKeystore tells whether a connection takes its pair from a PKCS#12 file: where it reads no PEM files, or where the stream does
// not show that the key is one that Logstash reads in them.
func (p *planner) needsKeystore(w *recognise.Workload, c *connection, id identity) bool {
	if c.keys.keystore == "" || c.keys.cert == "" {
		return c.keys.keystore != ""
	}
	return !certificate.LogstashReads(p.value(secretKey(w.Object, id.secret, id.key)))
}

// putKeystore plans the file, and the container that makes it.
func (p *planner) putKeystore(w *recognise.Workload, c *connection, id identity) error {
	if err := p.hasInitImage(); err != nil {
		return err
	}
	pod := p.on(w.Object).pod
	p.mountClient(w.Object, w.Main, id)
	mount := patch.Map(patch.F("name", patch.Str(keystoreVolume)), patch.F("mountPath", patch.Str(keystoreDir)))
	container, err := p.initContainer(pod, []string{
		"keystore", "--cert=" + clientDir + "/" + fileCert, "--key=" + clientDir + "/" + fileKey, "--out=" + keystorePath,
	}, nil, readOnlyMount(clientVolume, clientDir), mount)
	if err != nil {
		return err
	}
	const why = "makes a PKCS#12 file of the pair: this program reads no other form of it"
	p.volume(w.Object, patch.Map(patch.F("name", patch.Str(keystoreVolume)), patch.F("emptyDir", patch.Map(patch.F("medium", patch.Str("Memory"))))), "holds that file, in memory", "")
	p.before(w.Object, container, why, c.keys.link)
	p.mount(w.Object, w.Main, keystoreVolume, keystoreDir)
	p.put(w, c, c.keys.keystore, patch.Str(keystorePath), string(w.App)+" presents the certificate in this file")
	p.put(w, c, c.keys.password, patch.Str(keystorePassword), "of that file; it protects nothing, the key lies beside it")
	return nil
}
