package verify

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// ourInit is the name of the program that writes tokens.
const ourInit = string(catalog.Init)

// writerOf gives the init container of a pod that names a Secret as the one for elk-mtls-init to fill.
func writerOf(c caller, s object.Source) (caller, bool) {
	for _, other := range c.pod.InitContainers() {
		init := c.known.caller(c.object, c.pod, other)
		flags := init.flags()
		if flags[contract.FlagSecret].text() == s.Name && or(flags[contract.FlagSecretKey].text(), "token") == s.Key {
			return init, true
		}
	}
	return caller{}, false
}

// judgeToken follows a service token to its Secret: one that the manifests show with a value, or one that
// elk-mtls-init fills before the container starts.
func judgeToken(a *Aspect, c caller, token value) {
	s := token.from
	init, written := writerOf(c, s)
	if s.Kind == "Secret" && written {
		judgeWriter(a, c, init, token.at, s)
		return
	}
	if _, _, why := object.Look(c.release, s); s.Kind == "Secret" && why == object.NoData {
		a.fail(token.at, NobodyWrites, "%s is empty, and no init container of the pod writes it", s)
		return
	}
	judgeSource(a, c, token)
}

// judgeWriter holds that an init container fills the Secret of a token: by the right command, with the right to do so,
// and not after the kubelet waits for what it is to write.
func judgeWriter(a *Aspect, c, init caller, at place, s object.Source) {
	switch command, known := subcommand(init); {
	case !known:
		a.assume("%s: elk-mtls-init runs the command ensure", init)
	case command != contract.Ensure:
		a.fail(init.at("args", init.Node), NobodyWrites, "elk-mtls-init runs %q, which writes no token: ensure does",
			command)
	}
	if c.pod.Needs(s) {
		a.fail(init.at("spec.volumes", nil), NobodyWrites, "%s is a volume of the pod that is to write it: the "+
			"kubelet waits for the key, and the init container never starts", s)
	}
	_, state, filled := object.Look(c.release, s)
	if state == object.Lacking {
		a.fail(at, NoKeyInObject, "%s/%s is in the input and has no key %q", s.Kind, s.Name, s.Key)
	}
	isShown := state != object.NotShown || filled != ""
	judgeRights(a, c, init, s, isShown)
}

// subcommand gives the first word after the name of the program. The name itself is in the image unless there is a
// command.
func subcommand(c caller) (word string, known bool) {
	for _, run := range c.runs {
		if run.Name != process.Main {
			continue
		}
		for _, command := range run.Commands {
			words := command.Words
			if path.Base(words[0].Text) == ourInit {
				words = words[1:]
			} else if object.Get(c.Node, "command") != nil {
				continue // a shell around it
			}
			if len(words) > 0 {
				return words[0].Text, words[0].Known && command.Sure
			}
		}
	}
	return "", false
}

// judgeRights looks for the Role that lets elk-mtls-init read and write the Secret of the token. Where the manifests
// speak of that Secret in a Role, they must be right; a Role from elsewhere is an assumption, and so is a Secret from
// elsewhere.
func judgeRights(a *Aspect, c, init caller, s object.Source, isShown bool) {
	account, name := c.pod.ServiceAccount(), s.Kind+"/"+s.Name
	roles, err := rolesFor(c.release, s.Name)
	if err != nil {
		a.fail(init.at("serviceAccountName", nil), NotJudged, "%v", err)
		return
	}
	granted, unseen := grantedTo(c.release, c.object.Namespace, account)
	isGranted := func(verb string) bool {
		return slices.ContainsFunc(granted, func(rule *yaml.Node) bool { return lets(rule, verb, s.Name) })
	}
	isAllowed := isGranted("get") && isGranted("patch")
	switch {
	case unseen != "" && !(isAllowed && (isShown || isGranted("create"))):
		a.assume("%s: ServiceAccount/%s may get, patch and create %s by %s, which is not in these manifests", c,
			account, name, unseen)
		return
	case !isAllowed && len(roles) > 0:
		a.fail(init.at("serviceAccountName", nil), NobodyWrites, "ServiceAccount/%s may not get and patch %s: %s "+
			"says who may, and does not give it both",
			account, name, roles[0].ID)
	case !isAllowed:
		a.assume("%s: ServiceAccount/%s may get and patch %s", c, account, name)
	case !isShown && !isGranted("create") && len(roles) > 0:
		a.fail(init.at("args", nil), NobodyWrites, "%s is not in the manifests, and elk-mtls-init may not create it "+
			"(%s)", name, roles[0].ID)
	}
	if !isShown && !isAllowed {
		a.assume("%s is there", name)
	}
}

// rolesFor gives the Roles that name a Secret.
func rolesFor(release *recognise.Release, secret string) ([]*object.Object, error) {
	var all []*object.Object
	for _, kind := range []string{"Role", "ClusterRole"} {
		holding, err := release.RolesFor(kind, secret)
		if err != nil {
			return nil, err
		}
		for _, role := range holding {
			if slices.ContainsFunc(object.Items(role.Node, "rules"), func(rule *yaml.Node) bool {
				return lists(rule, "resources", "secrets") && lists(rule, "resourceNames", secret)
			}) {
				all = append(all, role)
			}
		}
	}
	return all, nil
}

// grantedTo gives the rules that bindings give an account. unseen names a role of the cluster that they give it
// and that is not in the manifests.
func grantedTo(release *recognise.Release, namespace, account string) (rules []*yaml.Node, unseen string) {
	bindings, err := release.Bindings(namespace, account)
	if err != nil {
		return nil, ""
	}
	for _, b := range bindings {
		kind, name := object.Text(b.Node, "roleRef", "kind"), object.Text(b.Node, "roleRef", "name")
		switch role, err := release.Find(namespace, kind, name); {
		case err != nil:
		case role == nil && kind == "ClusterRole":
			unseen = kind + "/" + name
		case role != nil:
			rules = append(rules, object.Items(role.Node, "rules")...)
		}
	}
	return rules, unseen
}

// lets tells whether a rule of a Role lets do something with a Secret.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
func lets(rule *yaml.Node, verb, secret string) bool {
	named := object.Items(rule, "resourceNames") == nil || lists(rule, "resourceNames", secret)
	return lists(rule, "apiGroups", "", "*") && lists(rule, "resources", "secrets", "*") &&
		lists(rule, "verbs", verb, "*") && named
}

// lists tells whether a list of a rule has one of the words.
func lists(rule *yaml.Node, field string, words ...string) bool {
	return slices.ContainsFunc(object.Items(rule, field), func(item *yaml.Node) bool {
		return slices.Contains(words, strings.TrimSpace(item.Value))
	})
}
