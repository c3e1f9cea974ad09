package verify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// NetworkPolicies: a pod that one of them is for gets, or sends, what one of them allows, and nothing else.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/

// allowed is how sure it is that a rule allows something.
type allowed int

const (
	denied allowed = iota
	perhapsAllowed
	isAllowed
)

// both is the answer to two questions of which both must be answered with yes.
func both(a, b allowed) allowed { return min(a, b) }

// judgePolicies judges whether the policies for the pods of the servers, and those for the client's, let its calls
// through. What a pod calls in itself none of them stops.
func judgePolicies(a *Aspect, c caller, addresses []address, servers []*server) {
	isOwn := func(at address) bool { return route.IsLocal(route.Aliased(c.pod, at.host)) }
	isTest := strings.HasPrefix(c.object.Hook, "test") // which tells by itself what keeps it away
	if isTest || len(addresses) > 0 && !slices.ContainsFunc(addresses, func(at address) bool { return !isOwn(at) }) {
		return
	}
	if len(servers) == 0 {
		judgeOutside(a, c, addresses)
	}
	for _, s := range servers {
		if s.unmanaged {
			continue
		}
		judgeSide(a, c, s, "Ingress", s.caller, c)
		judgeSide(a, c, s, "Egress", c, s.caller)
	}
	if slices.ContainsFunc(addresses, func(at address) bool { return !isOwn(at) && !route.IsAddress(at.host) }) {
		judgeLookUp(a, c)
	}
}

// judgeSide judges the policies for one side of the calls of a client: own is that side, peer the other.
func judgeSide(a *Aspect, client caller, s *server, side string, own, peer caller) {
	g := guardOf(own, side)
	answer := g.answer(func(policy *object.Object, rule *yaml.Node) allowed {
		return both(rulePeer(policy, rule, side, peer), rulePort(rule, s))
	})
	if onHost(own) || onHost(peer) {
		answer = perhapsAllowed
	}
	from := fmt.Sprintf("port %s of %s (%s)", s.httpPort(), s.object.ID, side)
	g.report(a, client, answer, from, "through to "+from)
}

// judgeOutside names the policies for a client of an Elasticsearch that is not in these manifests, unless they let it
// call everybody.
func judgeOutside(a *Aspect, c caller, addresses []address) {
	g := guardOf(c, "Egress")
	answer := g.answer(func(_ *object.Object, rule *yaml.Node) allowed {
		if len(object.Items(rule, "to"))+len(object.Items(rule, "ports")) == 0 {
			return isAllowed
		}
		return perhapsAllowed
	})
	g.report(a, c, max(answer, perhapsAllowed), "", fmt.Sprintf("through to %s (Egress)", hostsOf(addresses)))
}

// onHost holds for pods in the network of their machine: whether policies count for them, the network plugin decides.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods
func onHost(c caller) bool { return object.Text(c.pod.Spec, "hostNetwork") == "true" }

// judgeLookUp judges whether the policies for the client let it ask for the address of a name.
func judgeLookUp(a *Aspect, c caller) {
	g := guardOf(c, "Egress")
	answer := g.answer(func(_ *object.Object, rule *yaml.Node) allowed {
		ports := object.Items(rule, "ports")
		switch isDNS := len(ports) == 0 || slices.ContainsFunc(ports, isPortOfDNS); {
		case !isDNS:
			return denied
		case len(object.Items(rule, "to")) == 0:
			return isAllowed
		}
		return perhapsAllowed
	})
	if onHost(c) {
		answer = perhapsAllowed
	}
	g.report(a, c, answer, "the DNS of the cluster (Egress, port 53)", "ask the DNS of the cluster")
}

// isPortOfDNS holds for an entry of ports that may be that of DNS, which the Service of its pods leads to; those have
// it by a name, or as 5353.
func isPortOfDNS(p *yaml.Node) bool {
	port := object.Text(p, "port")
	from, err := strconv.Atoi(port)
	end, _ := strconv.Atoi(object.Text(p, "endPort"))
	return port == "" || err != nil || from == 53 || from == 5353 || from <= 53 && end >= 53
}

// guard are the policies that are for the pods of an object, on one side of their calls.
type guard struct {
	policies []*object.Object
	side     string
}

func guardOf(c caller, side string) guard {
	all, err := c.release.Policies(&recognise.Workload{Object: c.object, Pod: c.pod})
	if err != nil {
		c.loose.fail(place{}, NotJudged, "%v", err)
	}
	return guard{slices.DeleteFunc(slices.Clone(all), func(policy *object.Object) bool {
		if isOtherPolicy(policy) {
			return true
		}
		types := object.Items(policy.Node, "spec", "policyTypes")
		if len(types) == 0 {
			return side == "Egress" && object.Get(policy.Node, "spec", "egress") == nil
		}
		return !slices.ContainsFunc(types, func(one *yaml.Node) bool { return one.Value == side })
	}), side}
}

// answer is that of the rule that allows most.
func (g guard) answer(of func(policy *object.Object, rule *yaml.Node) allowed) allowed {
	answer := denied
	for _, policy := range g.policies {
		for _, rule := range object.Items(policy.Node, "spec", strings.ToLower(g.side)) {
			answer = max(answer, of(policy, rule))
		}
	}
	return answer
}

// report says what a client is kept from, or what it is let do if the answer is not sure.
func (g guard) report(a *Aspect, client caller, answer allowed, from, lets string) {
	switch {
	case len(g.policies) == 0:
	case answer == denied:
		first := g.policies[0]
		a.fail(place{id: first.ID, line: first.Doc.Line()}, KeptAway, "%s keeps %s from %s",
			namesOf(g.policies), client, from)
	case answer == perhapsAllowed:
		a.assume("%s: %s lets it %s", client, namesOf(g.policies), lets)
	}
}

// rulePeer tells whether a rule is for the pods of the other side.
func rulePeer(policy *object.Object, rule *yaml.Node, side string, peer caller) allowed {
	field := "from"
	if side == "Egress" {
		field = "to"
	}
	peers := object.Items(rule, field)
	if len(peers) == 0 {
		return isAllowed
	}
	answer := denied
	for _, one := range peers {
		answer = max(answer, allows(policy, one, peer))
	}
	return answer
}

// allows tells whether an entry of a rule is for the pods of the other side.
func allows(policy *object.Object, one *yaml.Node, peer caller) allowed {
	pods, spaces, block := object.Get(one, "podSelector"), object.Get(one, "namespaceSelector"), object.Get(one,
		"ipBlock")
	if block != nil {
		if object.Text(block, "cidr") == "0.0.0.0/0" && len(object.Items(block, "except")) == 0 {
			return isAllowed
		}
		return perhapsAllowed
	}
	answer := isAllowed
	switch picks := recognise.SelectorOf(pods).Picks(object.Pairs(peer.pod.Template, "metadata", "labels")); {
	case pods == nil || picks:
	case ofController(pods):
		answer = perhapsAllowed
	default:
		answer = denied
	}
	if spaces != nil {
		return both(answer, inNamespaces(peer.release, spaces, peer.object.Namespace))
	}
	switch own, other := policy.Namespace, peer.object.Namespace; {
	case own == other:
		return answer
	case own == "" || other == "":
		return both(answer, perhapsAllowed)
	}
	return denied
}

// ofController tells whether a selector names a label that controllers give to their pods, such as that with the name
// of a Job.
func ofController(selector *yaml.Node) bool {
	isGiven := func(label string) bool {
		return slices.Contains([]string{"job-name", "controller-uid", "controller-revision-hash", "pod-template-hash"},
			label) ||
			beginsAny(label, []string{"batch.kubernetes.io/", "statefulset.kubernetes.io/", "apps.kubernetes.io/"})
	}
	labels := slices.Sorted(maps.Keys(object.Pairs(selector, "matchLabels")))
	return slices.ContainsFunc(labels, isGiven) ||
		slices.ContainsFunc(object.Items(selector, "matchExpressions"),
			func(e *yaml.Node) bool { return isGiven(object.Text(e, "key")) })
}

// nameLabel is a label that every namespace has.
const nameLabel = "kubernetes.io/metadata.name"

// inNamespaces tells whether a selector picks a namespace. Of one that the input does not hold its name is known alone.
func inNamespaces(release *recognise.Release, selector *yaml.Node, name string) allowed {
	wanted, expressions := object.Pairs(selector, "matchLabels"), object.Items(selector, "matchExpressions")
	if len(wanted)+len(expressions) == 0 {
		return isAllowed
	}
	labels := map[string]string{}
	space, err := release.Find("", "Namespace", name)
	isKnown := err == nil && space != nil && name != ""
	if isKnown {
		labels = object.Pairs(space.Node, "metadata", "labels")
	}
	if name != "" {
		if labels == nil {
			labels = map[string]string{}
		}
		labels[nameLabel] = name
	}
	isNamed := len(expressions) == 0 && len(wanted) == 1 && wanted[nameLabel] != "" && name != ""
	switch {
	case recognise.SelectorOf(selector).Picks(labels) && (isKnown || isNamed):
		return isAllowed
	case isKnown || name != "" && wanted[nameLabel] != "" && wanted[nameLabel] != name:
		return denied
	}
	return perhapsAllowed
}

// rulePort tells whether a rule is for the port at which a server answers.
func rulePort(rule *yaml.Node, s *server) allowed {
	ports := object.Items(rule, "ports")
	if len(ports) == 0 {
		return isAllowed
	}
	if s.set[catalog.HTTPPort].hidden {
		return perhapsAllowed
	}
	if slices.ContainsFunc(ports, func(p *yaml.Node) bool { return isForPort(p, s.pod, s.httpPort()) }) {
		return isAllowed
	}
	return denied
}

// isForPort tells whether an entry of ports is for one of a pod, by its number or a name of it.
func isForPort(p *yaml.Node, pod object.Pod, number string) bool {
	port := object.Text(p, "port")
	if or(object.Text(p, "protocol"), "TCP") != "TCP" {
		return false
	}
	for _, c := range pod.All() {
		for _, own := range object.Items(c.Node, "ports") {
			if name := object.Text(own, "name"); name != "" && name == port {
				port = object.Text(own, "containerPort")
			}
		}
	}
	from, err := strconv.Atoi(port)
	own, ownErr := strconv.Atoi(number)
	end, _ := strconv.Atoi(object.Text(p, "endPort"))
	return port == "" || port == number || err == nil && ownErr == nil && from <= own && own <= end
}

func namesOf(all []*object.Object) string {
	var names []string
	for _, o := range all {
		names = append(names, o.ID.String())
	}
	return strings.Join(names, ", ")
}

// isOtherPolicy holds for objects by which network plugins and meshes keep pods apart.
func isOtherPolicy(o *object.Object) bool {
	switch o.Kind {
	case "NetworkPolicy":
		return o.Group() != "networking.k8s.io"
	case "AuthorizationPolicy", "PeerAuthentication":
		return strings.HasSuffix(o.Group(), "istio.io")
	}
	return strings.HasSuffix(o.Kind, "NetworkPolicy")
}

// assumeOtherPolicies names policies that nothing here reads.
func assumeOtherPolicies(a *Aspect, all []*object.Object) {
	for _, o := range all {
		if isOtherPolicy(o) {
			a.assume("%s, which a network plugin or a mesh reads, lets the clients through", o.ID)
		}
	}
}

func isPolicy(kind string) bool {
	return strings.HasSuffix(kind, "NetworkPolicy") || kind == "AuthorizationPolicy" || kind == "PeerAuthentication"
}
