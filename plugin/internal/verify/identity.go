package verify

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// judgeIdentity proves that the client logs in in one way, and that what it logs in with is there.
func (c *connection) judgeIdentity(a *Aspect, servers []*server) {
	if c.noIdentity {
		a.idle = stateNone
		return
	}
	for _, v := range c.files {
		l := c.follow(c.rooted(v.text(), c.dir), v.at)
		a.add(l)
	}
	switch {
	case c.token.set() && c.user.set():
		a.fail(c.user.at, TwoIdentities, "%s stands beside the service token (%s): Kibana does not start", or(c.user.at.path, "a user name"), c.token.at.path)
	case c.token.set():
		c.judgeToken(a)
	case c.kibana && c.user.is("elastic"):
		a.fail(c.user.at, TwoIdentities, "the user name is \"elastic\", which Kibana refuses")
	case c.user.set() && !c.password.set() && c.inKeystore:
		a.assume("%s: its keystore holds the password of %s", c.caller, c.name)
	case c.user.set() && !c.password.set():
		a.fail(c.user.at, NoIdentity, "a user name without a password")
	case c.user.set():
		c.comesFrom(a, c.user)
		c.comesFrom(a, c.password)
	case len(c.files) > 0:
	case c.kibana && c.unread != "":
		a.assume("%s: %s says how Kibana logs in", c.caller, c.unread)
	case c.kibana && !c.usesPKI(servers):
		a.fail(c.setting(c.token, "elasticsearch.serviceAccountToken"), NoIdentity, "neither a service token nor a user name is set")
	case c.kibana:
		a.assume("%s: the PKI realm takes its certificate for a user that may do what Kibana does", c.caller)
	default:
		a.assume("%s: Elasticsearch lets it do its work without a user name", c.caller)
	}
}

// usesPKI tells whether a PKI realm may know Kibana by its certificate. Where no server is in the stream the configuration says it.
func (r *reader) usesPKI(servers []*server) bool {
	for _, s := range servers {
		if s.unmanaged && r.options.PKI || len(s.set.prefixes("xpack.security.authc.realms.pki.*")) > 0 {
			return true
		}
	}
	return len(servers) == 0 && r.options.PKI
}

// judgeToken follows a service token to its Secret. An empty Secret is as it should be where elk-mtls-init fills it before the
// container starts.
func (c *connection) judgeToken(a *Aspect) {
	if c.token.from.Kind != "Secret" || c.writes(c.token.from) {
		c.comesFrom(a, c.token)
		c.judgeRights(a)
		return
	}
	if _, _, why := object.Look(c.reader, c.token.from); why == object.NoData {
		a.fail(c.token.at, NobodyWrites, "%s is empty, and no init container of the pod writes it", c.token.from)
		return
	}
	c.comesFrom(a, c.token)
}

// writes tells whether elk-mtls-init fills a Secret before the container starts.
func (c *connection) writes(s object.Source) bool {
	for _, other := range c.pod.InitContainers() {
		flags := c.reader.caller(c.object, c.pod, other).flags()
		if flags["secret"].text() == s.Name && or(flags["secret-key"].text(), "token") == s.Key {
			return true
		}
	}
	return false
}

// judgeRights looks for the Role that lets elk-mtls-init write the Secret of the token. One from elsewhere may do.
func (c *connection) judgeRights(a *Aspect) {
	account := c.pod.ServiceAccount()
	secret := c.token.from.Name
	if secret == "" || c.mayWrite(account, secret) {
		return
	}
	a.assume("%s: ServiceAccount/%s may get and patch Secret/%s", c.caller, account, secret)
}

func (c *connection) mayWrite(account, secret string) bool {
	bindings, err := c.release.Bindings(c.object.Namespace, account)
	if err != nil {
		return false
	}
	for _, b := range bindings {
		role, err := c.release.Find(c.object.Namespace, object.Text(b.Node, "roleRef", "kind"), object.Text(b.Node, "roleRef", "name"))
		if err == nil && role != nil && slices.ContainsFunc(object.Items(role.Node, "rules"), func(rule *yaml.RNode) bool { return letsWrite(rule, secret) }) {
			return true
		}
	}
	return false
}

// letsWrite tells whether a rule of a Role lets read and patch a Secret.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
func letsWrite(rule *yaml.RNode, secret string) bool {
	lists := func(field string, words ...string) bool {
		return slices.ContainsFunc(object.Items(rule, field), func(item *yaml.RNode) bool { return slices.Contains(words, item.YNode().Value) })
	}
	named := object.Items(rule, "resourceNames") == nil || lists("resourceNames", secret)
	return lists("apiGroups", "", "*") && lists("resources", "secrets", "*") && lists("verbs", "get", "*") && lists("verbs", "patch", "*") && named
}

// comesFrom judges where the value of a credential is.
func (c *connection) comesFrom(a *Aspect, v value) {
	v = c.expanded(v)
	if v.from.Name == "" {
		if v.hidden {
			a.assume("%s: %s has a value", c.caller, v.at.path)
		}
		return
	}
	_, state, filled := object.Look(c.reader, v.from)
	switch {
	case state == object.Lacking:
		a.fail(v.at, NoKeyInObject, "%s/%s is in the stream and has no key %q", v.from.Kind, v.from.Name, v.from.Key)
	case state == object.NotShown && !c.writes(v.from):
		a.assume("%s", holds(v.from, filled))
	}
}

// fromAddress takes a user name and a password out of an address.
func (c *connection) fromAddress() {
	for _, h := range c.hosts {
		_, rest, ok := strings.Cut(h.text(), "://")
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndex(authority, "@"); ok && at > 0 && !c.user.set() {
			c.user, c.password = h, h
		}
	}
}
