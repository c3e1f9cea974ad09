package setups

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Channels of a node.
const (
	Nested     Channel = "file, nested"
	Dotted     Channel = "variable with dots"
	ESSetting  Channel = "variable of the image"
	DottedMap  Channel = "envFrom with dots"
	NodeFlag   Channel = "-E"
	NodeByKube Channel = "-E, by Kubernetes' variable"
	Overrides  Channel = "variable over the file"
	OverFlag   Channel = "variable over -E"
	OtherDir   Channel = "another folder"
)

var nodeChannels = []Channel{InFile, InSecret, Nested, FileVariable, FileDefault, Dotted, ESSetting, DottedMap, NodeFlag, NodeByKube, Overrides, OverFlag, OtherDir}

// nodeCell is a setting of a node, with a value that holds and one that breaks.
type nodeCell struct {
	name, holds, breaks string
	kind                Kind
	without             []string // settings that must not be there besides
	also                []string // lines of the file
}

const httpSSL = "xpack.security.http.ssl."

const otherSSL = "xpack.security.remote_cluster_server.ssl."

// otherPort is what the port for other clusters needs, ownPair and ownCAs what stores take the place of.
var (
	otherPort = []string{otherSSL + "certificate: tls/tls.crt", otherSSL + "key: tls/tls.key", otherSSL + "certificate_authorities: tls/ca.crt"}
	ownPair   = []string{httpSSL + "certificate", httpSSL + "key"}
	ownCAs    = []string{httpSSL + "certificate_authorities"}
)

// NodeSettings are the settings of a node of which set-ups try a value that holds and one that breaks.
func NodeSettings() []string {
	var all []string
	for _, cell := range nodeCells {
		all = append(all, cell.name)
	}
	return all
}

var nodeCells = []nodeCell{
	{"xpack.security.enabled", "true", "false", Open, nil, nil},
	{httpSSL + "enabled", "true", "false", Open, nil, nil},
	{httpSSL + "client_authentication", "required", "none", Open, nil, nil},
	{httpSSL + "client_authentication", "required", "optional", Open, nil, nil},
	{httpSSL + "verification_mode", "certificate", "none", Open, nil, nil},
	{httpSSL + "certificate", "tls/tls.crt", "tls/none.crt", Refusing, nil, nil},
	{httpSSL + "certificate", ConfigDir + "/tls/tls.crt", "/elsewhere/tls.crt", Refusing, nil, nil},
	{httpSSL + "key", "tls/tls.key", "/elsewhere/tls.key", Refusing, nil, nil},
	{httpSSL + "key", "tls/tls.key", "tls/other.key", Refusing, nil, nil},
	{httpSSL + "certificate_authorities", "tls/ca.crt", "tls/none.crt", Refusing, nil, nil},
	{"network.host", "0.0.0.0", "_local_", Refusing, nil, nil},
	{"network.host", "0.0.0.0", "127.0.0.1", Refusing, nil, nil},
	{"http.host", "0.0.0.0", "_local_", Refusing, nil, nil},
	{"http.port", "9200", "9201", Refusing, nil, nil},
	{"xpack.security.transport.ssl.enabled", "true", "false", Refusing, []string{"discovery.type"}, nil},
	{httpSSL + "supported_protocols", "TLSv1.3", "TLSv9", Refusing, nil, nil},
	{"node.attr.rack", "one", "", Refusing, nil, nil},
	{"node.roles", "master", "nobody", Refusing, nil, nil},
	{"node.roles", "master,voting_only", "voting_only", Refusing, nil, nil},
	{"indices.memory.index_buffer_size", "10%", "lots", Refusing, nil, nil},
	{"http.max_content_length", "100mb", "100", Refusing, nil, nil},
	{"indices.recovery.internal_action_timeout", "30s", "30", Refusing, nil, nil},
	{"http.read_timeout", "0", "1x", Refusing, nil, nil},
	{"transport.port", "9300-9400", "93OO", Refusing, nil, nil},
	{"cluster.max_shards_per_node", "2000", "0", Refusing, nil, nil},
	{"cluster.routing.allocation.enable", "new_primaries", "some", Refusing, nil, nil},
	{"bootstrap.memory_lock", "false", "maybe", Refusing, nil, nil},
	{httpSSL + "cipher_suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "SSL_RSA_WITH_RC4_128_SHA", Refusing, nil, nil},
	{httpSSL + "cipher_suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Refusing, nil, nil},
	{httpSSL + "key_passphrase", passphrase, "wrong", Refusing, []string{httpSSL + "key"}, []string{httpSSL + "key: tls/locked.key"}},
	{httpSSL + "keystore.path", "tls/own.p12", "tls/cas.p12", Refusing, ownPair, []string{httpSSL + "keystore.password: " + passphrase}},
	{httpSSL + "keystore.path", "tls/own.jks", "tls/cas.jks", Refusing, ownPair, []string{httpSSL + "keystore.password: " + passphrase}},
	{httpSSL + "keystore.password", passphrase, "wrong", Refusing, ownPair, []string{httpSSL + "keystore.path: tls/own.p12"}},
	{httpSSL + "truststore.path", "tls/cas.p12", "tls/none.p12", Refusing, ownCAs, []string{httpSSL + "truststore.password: " + passphrase}},
	{httpSSL + "truststore.password", passphrase, "wrong", Refusing, ownCAs, []string{httpSSL + "truststore.path: tls/cas.jks"}},
	{"http.bind_host", "0.0.0.0", "127.0.0.1", Refusing, nil, nil},
	{"network.bind_host", "0.0.0.0", "_local_", Refusing, []string{"network.host"}, nil},
	{"remote_cluster_server.enabled", "false", "true", Open, nil, otherPort},
	{otherSSL + "client_authentication", "required", "optional", Open, nil, append([]string{"remote_cluster_server.enabled: true"}, otherPort...)},
	{otherSSL + "enabled", "true", "false", Open, nil, append([]string{"remote_cluster_server.enabled: true", otherSSL + "client_authentication: required"}, otherPort...)},
	{otherSSL + "verification_mode", "full", "none", Open, nil, append([]string{"remote_cluster_server.enabled: true", otherSSL + "client_authentication: required"}, otherPort...)},
}

// nodeValue is a setting of a node at a place.
type nodeValue struct {
	name, text string
	at         Channel
}

// nodeSpec describes a node.
type nodeSpec struct {
	values  []nodeValue
	without []string
	raw     []string // lines of the file, as they are
	files   map[string][]byte
	more    func(c *container)
}

// nodes are the cells of a node, and what else is known to stop or open one.
func (w *world) nodes() []SetUp {
	var all []SetUp
	for _, at := range nodeChannels {
		for _, cell := range nodeCells {
			for _, text := range []string{cell.holds, cell.breaks} {
				if text == "" && at != InFile && at != InSecret && at != Nested && at != OtherDir { // a variable without a value is something else
					continue
				}
				if at == OtherDir && strings.HasPrefix(text, ConfigDir) || at == FileVariable && strings.HasPrefix(text, "/") { // see variable
					continue
				}
				breaks := text == cell.breaks
				s := w.nodeSetUp(nodeSpec{values: []nodeValue{{cell.name, text, at}}, without: cell.without, raw: cell.also})
				s.Kind, s.Breaks, s.Meant = cell.kind, breaks, true
				s.Name = fmt.Sprintf("elasticsearch/%s/%s %q", at, cell.name, text)
				all = append(all, s)
			}
		}
	}
	for _, raw := range rawNodes {
		s := w.nodeSetUp(nodeSpec{raw: raw.lines, without: raw.without})
		s.Kind, s.Breaks, s.Meant = Refusing, raw.breaks, true
		s.Name = "elasticsearch/file as it is/" + strings.ReplaceAll(strings.Join(raw.lines, "; "), "\n", `\n`)
		all = append(all, s)
	}
	return all
}

// rawNodes are lines of elasticsearch.yml that need care.
var rawNodes = []struct {
	lines   []string
	without []string
	breaks  bool
}{
	{[]string{"node.attr.a:"}, nil, true}, {[]string{"node.attr.a: ~"}, nil, true}, {[]string{`node.attr.a: ""`}, nil, false},
	{[]string{"node.atr.a: b"}, nil, true}, {[]string{"node.attr.a: b", "node.attr.a: c"}, nil, true},
	{[]string{httpSSL + "client_authentification: required"}, nil, true},
	{[]string{httpSSL + `enabled: "True"`}, []string{httpSSL + "enabled"}, true}, {[]string{httpSSL + `enabled: "true"`}, []string{httpSSL + "enabled"}, false},
	{[]string{httpSSL + "client_authentication: REQUIRED"}, []string{httpSSL + "client_authentication"}, false},
	{[]string{"node.attr.m: &m required", httpSSL + "client_authentication: *m"}, []string{httpSSL + "client_authentication"}, true},
	{[]string{httpSSL + "client_authentication: >-\n  required"}, []string{httpSSL + "client_authentication"}, false},
	{[]string{httpSSL + "client_authentication: [required]"}, []string{httpSSL + "client_authentication"}, true},
	{[]string{"---", "node.attr.a: b"}, nil, true}, {[]string{"# a comment", ""}, nil, false}, {[]string{httpSSL + "keystore.path:"}, nil, true},
	{[]string{httpSSL + "trust_restrictions.path: tls/ca.crt"}, nil, true},
	{[]string{httpSSL + "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]"}, nil, true},
	{[]string{"http.port: 9200-9300"}, nil, false}, {[]string{"Xpack.security.enabled: true"}, nil, true},
	{[]string{"xpack:", "  security:", "    http:", "      ssl:", "        client_authentication: required"}, []string{httpSSL + "client_authentication"}, false},
}

// nodeSetUp is a release with such a node. A key with another one's certificate is in tls/other.key.
func (w *world) nodeSetUp(spec nodeSpec) SetUp {
	c := &container{name: "elasticsearch", image: "docker.elastic.co/elasticsearch/elasticsearch:8.19.2", more: object{
		"ports": list{object{"name": "https", "containerPort": 9200}}, "readinessProbe": object{"tcpSocket": object{"port": 9200}},
	}}
	n := &nodeOf{c: c, from: map[string]string{}, dir: ConfigDir, without: spec.without, kind: "ConfigMap"}
	for _, v := range spec.values {
		n.without = append(n.without, v.name)
		nodeWays[v.at](n, v)
	}
	var lines []string
	for _, line := range nodeSettings() {
		name, _, _ := strings.Cut(line, ":")
		if !slices.Contains(n.without, name) {
			lines = append(lines, line)
		}
	}
	lines = slices.Concat(lines, n.lines, spec.raw)
	c.file(n.kind, "search-config", n.dir+"/elasticsearch.yml", strings.Join(lines, "\n")+"\n")
	c.secret(n.dir+"/tls", "search-tls")
	c.secret("/elsewhere", "search-tls")
	if len(n.from) > 0 {
		c.objects = append(c.objects, texts("ConfigMap", "search-env", n.from))
		c.from = list{object{"configMapRef": object{"name": "search-env"}}}
	}
	if len(n.flags) > 0 {
		c.args = append([]string{"eswrapper"}, n.flags...)
	}
	if spec.more != nil {
		spec.more(c)
	}
	files := maps.Clone(w.serverKeys)
	files["other.key"] = w.pairs["good"].files["tls.key"]
	maps.Copy(files, w.stores)
	maps.Copy(files, spec.files)
	return SetUp{
		Manifests: stream(w.nodeObjects(c)...), Secrets: stream(secret("search-tls", files)),
		Ask: Ask{Program: Elasticsearch, Workload: "StatefulSet/search", Container: "elasticsearch"},
	}
}

// nodeOf is a node that is being put together.
type nodeOf struct {
	c       *container
	lines   []string
	flags   []string
	from    map[string]string
	without []string
	dir     string
	kind    string // of the object that holds its file
}

// imageVariable is what the image calls a setting. https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html
func imageVariable(setting string) string {
	return "ES_SETTING_" + strings.ToUpper(strings.NewReplacer("_", "__", ".", "_").Replace(setting))
}

// variable is the name of a variable for a value. No other value has the same: Java cannot change its environment, so that all set-ups are
// asked about in one.
func (v nodeValue) variable() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower("search_"+v.name+"_"+v.text))
	return strings.ToUpper(name)
}

// wrongFor is a value that says the contrary, which another channel has to win over.
func wrongFor(v nodeValue) string {
	for _, cell := range nodeCells {
		if cell.name == v.name && cell.breaks != "" && (cell.holds == v.text || cell.breaks == v.text) {
			if cell.holds == v.text {
				return cell.breaks
			}
			return cell.holds
		}
	}
	return v.text
}

var nodeWays = map[Channel]func(n *nodeOf, v nodeValue){
	InFile:   func(n *nodeOf, v nodeValue) { n.line(v, v.text) },
	InSecret: func(n *nodeOf, v nodeValue) { n.kind = "Secret"; n.line(v, v.text) },
	Nested: func(n *nodeOf, v nodeValue) {
		steps := strings.Split(v.name, ".")
		for i, step := range steps {
			line := strings.Repeat("  ", i) + step + ":"
			if i == len(steps)-1 {
				line += " " + v.text
			}
			n.lines = append(n.lines, line)
		}
	},
	FileVariable: func(n *nodeOf, v nodeValue) { n.c.set(v.variable(), v.text); n.line(v, "${"+v.variable()+"}") },
	FileDefault:  func(n *nodeOf, v nodeValue) { n.line(v, "${NOBODY_SETS_THIS:"+v.text+"}") },
	Dotted:       func(n *nodeOf, v nodeValue) { n.c.set(v.name, v.text) },
	ESSetting:    func(n *nodeOf, v nodeValue) { n.c.set(imageVariable(v.name), v.text) },
	DottedMap:    func(n *nodeOf, v nodeValue) { n.from[v.name] = v.text },
	NodeFlag:     func(n *nodeOf, v nodeValue) { n.flags = append(n.flags, "-E"+v.name+"="+v.text) },
	NodeByKube: func(n *nodeOf, v nodeValue) {
		n.c.set(v.variable(), v.text)
		n.flags = append(n.flags, "-E", v.name+"=$("+v.variable()+")")
	},
	Overrides: func(n *nodeOf, v nodeValue) { n.c.set(imageVariable(v.name), v.text); n.line(v, wrongFor(v)) },
	OverFlag: func(n *nodeOf, v nodeValue) {
		n.c.set(v.name, v.text)
		n.flags = append(n.flags, "-E"+v.name+"="+wrongFor(v))
	},
	OtherDir: func(n *nodeOf, v nodeValue) {
		n.dir = OtherConfigDir
		n.c.set("ES_PATH_CONF", n.dir)
		n.line(v, v.text)
	},
}

func (n *nodeOf) line(v nodeValue, text string) { n.lines = append(n.lines, v.name+": "+text) }

// nodeChance is a node of which nobody knows whether it works.
func (w *world) nodeChance(r *rand.Rand, i int) SetUp {
	var spec nodeSpec
	var said []string
	kind := Open
	for range 1 + r.IntN(3) {
		cell := pick(r, nodeCells)
		if cell.breaks == "" || slices.ContainsFunc(spec.values, func(v nodeValue) bool { return v.name == cell.name }) {
			continue
		}
		v := nodeValue{cell.name, cell.holds, pick(r, nodeChannels)}
		if v.at == FileVariable && strings.HasPrefix(v.text+cell.breaks, "/") || v.at == OtherDir {
			v.at = InFile
		}
		if r.IntN(3) == 0 {
			v.text, kind = cell.breaks, cell.kind
		}
		spec.values, spec.without, spec.raw = append(spec.values, v), append(spec.without, cell.without...), append(spec.raw, cell.also...)
		said = append(said, fmt.Sprintf("%s %q (%s)", v.name, v.text, v.at))
	}
	s := w.nodeSetUp(spec)
	s.Kind, s.Name = kind, fmt.Sprintf("elasticsearch/by chance %d: %s", i, strings.Join(said, ", "))
	return s
}
