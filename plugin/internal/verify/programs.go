package verify

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// names are what a program calls its settings. "" says that it has none for that.
type names struct {
	hosts      []string
	scheme     string
	enabled    string
	mustEnable bool // TLS is off without it
	bare       bool // with it, an address alone is called by https
	first      bool // of several hosts the first that is set counts
	ca         string
	trust      string // a store with the CA
	cert, key  string
	store      string // a store with the pair
	storeTrust bool   // and with the CA, where no other setting names one
	caWith     string // ca, and cert with key, count only where these are true
	certWith   string
	verify     string // with one of these values verification is off
	off        []string
	chain      []string // and with one of these the host name is not verified
	needsCheck bool     // without verification the pair is not loaded

	user, password, token string
	files                 []string // that hold credentials
}

// spot is where a program has a connection: a prefix of its settings, * for any name or position.
type spot struct {
	at        string
	field, is string // a setting there that must begin with a value
	names
}

// program is one of those that are known, as its documentation has it.
type program struct {
	app      recognise.App
	home     string   // where relative paths start; that of a pipeline starts in its folder
	options  []string // flags that name its configuration files, of which it merges several
	repeated []string // flags of which it takes each
	files    []string // where it is otherwise
	every    bool     // every file of options and files is read, those in a folder ("…/") too; the places of spots begin with "*." then
	modules  string   // folder of more files, each a list of modules
	modular  string   // and what they are in the configuration file
	env      func(setting string) string
	words    bool     // an address may stand on the command line by itself
	unread   []string // variables in which its chart repeats the address, and which it does not read
	spots    []spot

	language func() pipeline.Language // of its mounted *.conf files
	plugin   func(c caller, p pipeline.Plugin) (names, bool)
}

// programs lists them. https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html,
// https://www.elastic.co/guide/en/fleet/8.19/elastic-agent-ssl-configuration.html,
// https://github.com/prometheus-community/elasticsearch_exporter#configuration, https://github.com/braedon/prometheus-es-exporter#usage,
// https://www.elastic.co/guide/en/elasticsearch/client/curator/8.0/configfile.html,
// https://www.jaegertracing.io/docs/1.76/deployment/cli/
func programs() []program {
	all := []program{agent(), curator(), exporter(), queryExporter(), jaeger(), jaegerV1(), logstash(), fluentBit(), fluentd()}
	for _, b := range []struct {
		app  recognise.App
		name string
	}{
		{recognise.Filebeat, "filebeat"}, {recognise.Metricbeat, "metricbeat"}, {recognise.Heartbeat, "heartbeat"}, {recognise.Auditbeat, "auditbeat"},
		{recognise.Packetbeat, "packetbeat"}, {recognise.Journalbeat, "journalbeat"}, {recognise.APMServer, "apm-server"},
	} {
		all = append(all, beat(b.app, b.name))
	}
	return all
}

func beatNames() names {
	return names{
		hosts: []string{"hosts"}, scheme: "protocol", enabled: "ssl.enabled",
		ca: "ssl.certificate_authorities", cert: "ssl.certificate", key: "ssl.key",
		verify: "ssl.verification_mode", off: []string{"none"}, chain: []string{"certificate"},
		user: "username", password: "password", token: "api_key",
	}
}

func beat(app recognise.App, name string) program {
	n := beatNames()
	home := "/usr/share/" + name
	monitor := n
	monitor.hosts, monitor.scheme = []string{"hosts", "urls"}, ""
	return program{
		app: app, home: home, options: []string{"c"}, files: []string{home + "/" + name + ".yml"}, modules: home + "/modules.d", modular: "metricbeat.modules",
		spots: []spot{
			{at: "output.elasticsearch", names: n},
			{at: "monitoring.elasticsearch", names: n},
			{at: "xpack.monitoring.elasticsearch", names: n},
			{at: "metricbeat.modules.*", field: "module", is: "elasticsearch", names: n},
			{at: "heartbeat.monitors.*", field: "type", is: "http", names: monitor},
		},
	}
}

func agent() program {
	n := beatNames()
	n.scheme = ""
	return program{
		app: recognise.Agent, home: "/usr/share/elastic-agent", options: []string{"c", "config"},
		files: []string{"/usr/share/elastic-agent/elastic-agent.yml", "/etc/elastic-agent/agent.yml"},
		spots: []spot{
			{at: "outputs.*", field: "type", is: "elasticsearch", names: n},
			{at: "inputs.*", field: "type", is: "elasticsearch/", names: n},
		},
	}
}

func exporter() program {
	return program{app: recognise.Exporter, env: variableOf, spots: []spot{{names: names{
		hosts: []string{"es.uri"}, ca: "es.ca", cert: "es.client-cert", key: "es.client-private-key", verify: "es.ssl-skip-verify", off: []string{"true"},
		user: "es.username", password: "es.password", token: "es.api-key",
	}}}}
}

func queryExporter() program {
	return program{app: recognise.QueryExporter, env: func(key string) string { return "ES_EXPORTER_" + variableOf(key) }, spots: []spot{{names: names{
		hosts: []string{"es-cluster", "e"}, ca: "ca-certs", cert: "client-cert", key: "client-key", user: "basic-user", password: "basic-password",
	}}}}
}

func curator() program {
	return program{
		app: recognise.Curator, home: "/", options: []string{"config"}, files: []string{"/.curator/curator.yml", "/etc/es-curator/config.yml"},
		spots: []spot{
			{at: "elasticsearch.client", names: names{
				hosts: []string{"hosts"}, ca: "ca_certs", cert: "client_cert", key: "client_key",
				verify: "verify_certs", off: []string{"false", "no", "off"}, needsCheck: true,
				user: "username", password: "password",
			}},
			{at: "client", names: names{
				hosts: []string{"hosts"}, enabled: "use_ssl", mustEnable: true, ca: "certificate", cert: "client_cert", key: "client_key",
				verify: "ssl_no_validate", off: []string{"true", "yes", "on"}, needsCheck: true,
				user: "http_auth", password: "http_auth",
			}},
		},
	}
}

func jaeger() program {
	n := names{
		hosts: []string{"server_urls"}, ca: "tls.ca_file", cert: "tls.cert_file", key: "tls.key_file", verify: "tls.insecure_skip_verify", off: []string{"true"},
		user: "auth.basic.username", password: "auth.basic.password",
	}
	return program{
		app: recognise.Jaeger, home: "/", options: []string{"config"},
		spots: []spot{
			{at: "extensions.jaeger_storage.backends.*.elasticsearch", names: n},
			{at: "extensions.jaeger_storage.metric_backends.*.elasticsearch", names: n},
		},
	}
}

func jaegerV1() program {
	return program{app: recognise.JaegerV1, env: variableOf, words: true, unread: []string{"ES_NODES"}, spots: []spot{{names: names{
		hosts: []string{"es.server-urls"}, enabled: "es.tls.enabled", mustEnable: true, ca: "es.tls.ca", cert: "es.tls.cert", key: "es.tls.key",
		verify: "es.tls.skip-host-verify", off: []string{"true"}, user: "es.username", password: "es.password",
	}}}}
}

// initContainer is our own, as its command line has it.
func initContainer() program {
	return program{app: "elk-mtls-init", repeated: []string{"elasticsearch-url"}, spots: []spot{{names: names{
		hosts: []string{"elasticsearch-url"}, ca: "ca", cert: "cert", key: "key", files: []string{"username-file", "password-file"},
	}}}}
}

// variableOf gives the variable of a flag: ES_SERVER_URLS for es.server-urls.
func variableOf(flag string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flag))
}

// connections gives what a program says about how it connects, and whether its settings could be read.
func (p program) connections(c caller) (found []*connection, read bool) {
	for _, name := range p.unread {
		c.claim(c.env[name])
	}
	set := p.settings(c, &read)
	for _, s := range p.spots {
		for _, prefix := range set.prefixes(s.at) {
			if s.field != "" && !strings.HasPrefix(set[prefix+s.field].text(), s.is) {
				continue
			}
			if made := s.connection(c, set, prefix); made != nil {
				made.program, made.dir = string(p.app), or(p.home, recognise.WorkingDir(c.Container))
				if p.every {
					_, made.name, _ = strings.Cut(made.name, ".")
				}
				found = append(found, made)
			}
		}
	}
	found = append(found, p.pipelines(c, &read)...)
	if p.words {
		p.takeWords(c, found)
	}
	return found, read
}

// settings puts together what files, environment and flags say.
func (p program) settings(c caller, read *bool) settings {
	flags := c.flags(slices.Concat(p.options, p.repeated)...)
	*read = len(p.files) == 0
	set := settings{}
	files, named := p.filesOf(c, flags)
	for i, file := range files {
		doc, at := c.file(file)
		if doc == nil {
			*read = *read && !named
			continue
		}
		*read = *read || !named || i == 0
		prefix := ""
		if p.every {
			prefix = fmt.Sprintf("file%d", i)
		}
		if set = set.over(c.flatten(doc, at, prefix)); !p.every && !named {
			break
		}
	}
	for i, file := range c.mountedIn(p.modules) {
		if doc, at := c.file(file); doc != nil {
			set = set.over(c.flatten(doc, at, fmt.Sprintf("%s.file%d-", p.modular, i)))
		}
	}
	if p.env != nil {
		for _, key := range p.keys() {
			for _, name := range []string{key, p.env(key)} {
				if v, ok := c.env[name]; ok {
					set[key] = v
				}
			}
		}
	}
	return set.over(flags)
}

// filesOf lists the files of settings that a container may read. Those that its command line names are all read.
func (p program) filesOf(c caller, flags settings) (files []string, named bool) {
	files = slices.Clone(p.files)
	for _, name := range p.options {
		if v := flags[name]; v.set() {
			files = nil
			for _, file := range v.texts {
				files = append(files, c.rooted(strings.TrimPrefix(file, "file:"), p.home))
			}
			named = true
			break
		}
	}
	if !p.every {
		return files, named
	}
	var all []string
	for _, file := range files {
		if path.Ext(file) != "" {
			all = append(all, file)
			continue
		}
		for _, mounted := range c.mountedIn(path.Clean(file)) {
			if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(mounted)) {
				all = append(all, mounted)
			}
		}
	}
	return all, named
}

// keys lists the settings that may come from the environment: those whose place is one.
func (p program) keys() []string {
	var keys []string
	for _, s := range p.spots {
		if strings.Contains(s.at, "*") {
			continue
		}
		for _, key := range append(s.keys(), s.field) {
			if key != "" {
				keys = append(keys, strings.TrimPrefix(s.at+"."+key, "."))
			}
		}
	}
	return keys
}

// keys lists what the program calls its settings.
func (n names) keys() []string {
	all := slices.Concat(n.hosts, n.files, []string{
		n.scheme, n.enabled, n.ca, n.trust, n.cert, n.key, n.store, n.caWith, n.certWith, n.verify, n.user, n.password, n.token,
	})
	return slices.DeleteFunc(all, func(key string) bool { return key == "" })
}

// mountedIn lists the files that are mounted below a folder from Secrets and ConfigMaps; "" is none.
func (c caller) mountedIn(folder string) []string {
	files := slices.DeleteFunc(c.Files(c.reader), func(file string) bool { return folder == "" || file == folder || !object.Below(file, folder) })
	slices.Sort(files)
	return slices.Compact(files)
}

// connection reads one spot; nil when it names no address.
func (s spot) connection(c caller, set settings, prefix string) *connection {
	get := func(name string) value {
		if name == "" {
			return value{}
		}
		return c.expanded(unwrapped(set[prefix+name]))
	}
	made := &connection{caller: c, name: or(strings.TrimSuffix(prefix, "."), s.hosts[0])}
	for _, name := range s.hosts {
		v, ok := set[prefix+name]
		if ok && s.first && len(made.hosts) > 0 {
			c.claim(v)
		} else if ok {
			made.hosts = append(made.hosts, v)
		}
	}
	if len(made.hosts) == 0 {
		return nil
	}
	made.scheme, made.enabled, made.mustEnable, made.bare = get(s.scheme), truthful(get(s.enabled)), s.mustEnable, s.bare
	if s.caWith == "" || get(s.caWith).is("true") {
		made.ca, made.trust = get(s.ca), get(s.trust)
	}
	if s.certWith == "" || get(s.certWith).is("true") {
		made.cert, made.key, made.store = get(s.cert), get(s.key), get(s.store)
	}
	if s.storeTrust && !made.ca.set() && !made.trust.set() {
		made.trust = made.store
	}
	made.user, made.password, made.token = get(s.user), get(s.password), get(s.token)
	for _, name := range s.files {
		if v := get(name); v.set() {
			made.files = append(made.files, v)
		}
	}
	if v := get(s.verify); v.is(s.off...) {
		made.unchecked, made.needsCheck = v.at.path, s.needsCheck
	} else {
		made.chainOnly = v.is(s.chain...)
	}
	made.fromAddress()
	return made
}

// takeWords adds addresses that stand on the command line by themselves, as Jaeger's index jobs have them.
func (p program) takeWords(c caller, found []*connection) {
	if len(found) == 0 {
		return
	}
	for _, field := range []string{"command", "args"} {
		for _, item := range object.Items(c.Node, field) {
			n := item.YNode()
			if strings.HasPrefix(n.Value, "-") || c.names.Calls(n.Value) == "" && !strings.Contains(n.Value, "://") {
				continue
			}
			v := value{texts: []string{n.Value}, at: c.at(field, n), parts: parts(n)}
			found[0].hosts = append(found[0].hosts, v)
		}
	}
}
