package plan

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

const transportSSL = catalog.TransportLayer

// stores gives the PKCS#12 or JKS store that a node is configured with, nil when there is none.
func stores(conf *configuration) *setting {
	return conf.any(httpSSL+catalog.LayerKeystore, httpSSL+catalog.LayerTruststore)
}

// ensureHTTPS makes sure that a node speaks HTTPS. Where it does not, as in the charts 7.17.3, the Secret that the
// configuration names is enough to switch it on; without one the names to give are in the message.
func ensureHTTPS(p step, w *recognise.Workload, conf *configuration) error {
	set := map[string]bool{}
	for _, key := range []string{catalog.SecurityEnabled, httpSSL + "enabled"} {
		s := conf.get(key)
		switch {
		case s == nil:
			continue
		case s.Hidden:
			return problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read", key,
				s.Place).At(key).
				Do("write true there")
		case s.Value() == "false":
			return problem.New(problem.InTheWay, "%s is false in %s%s: without it there is nothing to secure", key,
				s.Place, conf.over(s)).At(key).
				Do("remove the setting, or set it to true")
		}
		readsSetting(p, w, s, s.Values...)
		set[key] = true
	}
	if set[httpSSL+"enabled"] && (set[catalog.SecurityEnabled] || !isVersion7(w)) {
		return nil
	}
	if p.settings.Certificates.SecretName == "" {
		return problem.New(problem.PlainHTTP, "%senabled must be true and is set nowhere (before version 8 "+
			"xpack.security.enabled too): the node speaks plain HTTP, which knows no certificates", httpSSL).
			Do("name a Secret with CA, certificate and key in certificates.secretName and the credentials of the " +
				"user elastic in minter.secretName, or switch TLS on in the chart's values (8.5.1: protocol: https, " +
				"createCert: true)")
	}
	if conf.alone && len(w.Layout.Written) > 0 {
		return problem.New(problem.PlainHTTP, "%senabled is set nowhere, and the whole configuration file is your "+
			"own (%s), so that the image does nothing for security, its password included", httpSSL,
			conf.w.Layout.Abs("elasticsearch.yml")).
			Do("switch security on in the chart's values, and set it in that file")
	}
	return enableTLS(p, w, conf)
}

// isVersion7 holds for nodes in which security is off unless somebody switches it on.
func isVersion7(w *recognise.Workload) bool {
	_, tag := w.Main.Image()
	return w.Annotation("esMajorVersion") == "7" || strings.HasPrefix(tag, "7.")
}

// enableTLS plans security, HTTPS and TLS between the nodes for a node that has none. Elasticsearch does not start a
// cluster with security and without TLS between its nodes.
// https://www.elastic.co/guide/en/elasticsearch/reference/7.17/security-basic-setup.html
func enableTLS(p step, w *recognise.Workload, conf *configuration) error {
	const why = "security and TLS are switched on: the chart renders neither"
	p.switchOn()
	setServer(p, w, conf, catalog.SecurityEnabled, "true", why)
	setServer(p, w, conf, httpSSL+"enabled", "true", why)
	if err := enableTransport(p, w, conf); err != nil {
		return err
	}
	name := w.Layout.Password
	if conf.variable(name) == nil && conf.variable(name+"_FILE") == nil {
		secret := p.settings.Minter.SecretName
		if secret == "" {
			return problem.New(problem.NoCredentials, "container %q: %s is not set, so that nobody could log in "+
				"once security is on", w.Main.Name, name).
				Do("name the Secret with the credentials of the user elastic in minter.secretName")
		}
		if err := checkHolds(p, secretKey(w.Object, secret, p.settings.Minter.PasswordKey)); err != nil {
			return err
		}
		p.set(w.Object, containerPath(w.Main).Field("env").Item("name", name), patch.Map(
			patch.F("name", patch.Str(name)), patch.F("valueFrom", patch.Map(patch.F("secretKeyRef", patch.Map(
				patch.F("name", patch.Str(secret)), patch.F("key", patch.Str(p.settings.Minter.PasswordKey))))))),
			"the user elastic needs a password, and the readiness probe logs in with it", linkElasticsearchTLS)
	}
	speakHTTPS(p, w, conf)
	p.action(w.ID, "security is switched on: nodes without it and nodes with it do not form one cluster; stop the "+
		"cluster for the change, or start a new one")
	return nil
}

// enableTransport plans TLS between the nodes, in what the user has not set.
func enableTransport(p step, w *recognise.Workload, conf *configuration) error {
	if s := conf.get(transportSSL + "enabled"); s != nil && s.Value() == "false" {
		return problem.New(problem.InTheWay, "%senabled is false in %s, and Elasticsearch does not form a cluster "+
			"with security and without TLS between its nodes", transportSSL, s.Place).At(transportSSL + "enabled").
			Do("remove the setting")
	}
	wanted := [][2]string{{"enabled", "true"}, {catalog.LayerVerification, "certificate"}}
	if conf.any(transportSSL+catalog.LayerKeystore, transportSSL+"certificate") == nil {
		wanted = append(wanted, [][2]string{{"certificate", path.Join(w.Layout.Abs(serverFolder), fileCert)},
			{"key", path.Join(w.Layout.Abs(serverFolder), fileKey)}}...)
		if conf.get(transportSSL+catalog.LayerTruststore) == nil {
			wanted = append(wanted, [2]string{catalog.LayerCAs, path.Join(w.Layout.Abs(serverFolder), fileCA)})
		}
	}
	for _, s := range wanted {
		if conf.get(transportSSL+s[0]) == nil {
			setServer(p, w, conf, transportSSL+s[0], s[1], "nodes talk to each other over TLS, which security demands")
		}
	}
	return nil
}

// speakHTTPS plans https:// for every address of Elasticsearch that a node's pod calls by http://: nothing answers
// there.
func speakHTTPS(p step, w *recognise.Workload, conf *configuration) {
	names, port := append([]string{"localhost", "127.0.0.1"}, p.services...), httpPort(conf)
	for _, c := range w.Pod.All() {
		rewriteHTTP(p, w.Object, c, isOneOf(names, port))
	}
}

// rewriteHTTP plans https:// for every http:// address of Elasticsearch in what a container runs.
func rewriteHTTP(p step, o *object.Object, c object.Container, ours func(host string) bool) {
	for _, run := range p.seen(c).Runs {
		for _, arg := range run.Args {
			fresh := toHTTPS(arg.Text, ours)
			switch {
			case fresh == arg.Text:
				continue
			case run.Holder != nil:
				p.failing(o.ID, problem.New(problem.PlainHTTP, "container %q: the script %s (%s) calls "+
					"Elasticsearch by http://, and it speaks HTTPS from now on", c.Name, run.File, run.Holder.ID).
					Do("use https:// there"))
				continue
			}
			at := containerPath(c).Field(arg.Field...)
			if strings.HasPrefix(arg.Text, "-") { // a flag says more than its position
				at = at.Item("", arg.Text)
			} else {
				at = at.Index(strconv.Itoa(arg.Index))
			}
			p.set(o, at, patch.Str(fresh), "Elasticsearch speaks HTTPS", "")
		}
	}
	for _, e := range p.seen(c).Given.All() {
		if fresh := toHTTPS(e.Written, ours); fresh != e.Written {
			p.set(o, containerPath(c).Field("env").Item("name", e.Name).Field("value"), patch.Str(fresh),
				"Elasticsearch speaks HTTPS", "")
		}
	}
}

// toHTTPS turns http:// into https:// in front of a host with its port that ours holds for, also with credentials
// before it.
func toHTTPS(text string, ours func(host string) bool) string {
	const plain = "http://"
	var b strings.Builder
	for {
		i := strings.Index(text, plain)
		if i < 0 {
			return b.String() + text
		}
		rest := text[i+len(plain):]
		authority := rest
		if end := strings.IndexAny(rest, "/ \t\n\"'`,;"); end >= 0 {
			authority = rest[:end]
		}
		host := authority[strings.LastIndex(authority, "@")+1:]
		b.WriteString(text[:i])
		if ours(host) {
			b.WriteString("https://")
		} else {
			b.WriteString(plain)
		}
		text = rest
	}
}

// isOneOf holds for one of names at port, also with a domain behind it. Without a port it is any but the one that
// nodes use among themselves.
func isOneOf(names []string, port string) func(host string) bool {
	return func(host string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return isHost(host, name, port) })
	}
}

// isHost holds for "name:port" and "name.ns.svc:port", whatever stands behind the digits.
func isHost(address, name, port string) bool {
	host, found := shell.Host(address), shell.Port(address)
	if host != name && !strings.HasPrefix(host, name+".") {
		return false
	}
	return found == port || port == "" && found != "" && found != "9300"
}
