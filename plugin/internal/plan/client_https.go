package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// switchAll is what to do about plain HTTP.
const switchAll = "name the Secret with CA, certificate and key in certificates.secretName, which switches all to HTTPS"

// speech is what an address says about TLS.
type speech int

const (
	plain      speech = iota // http://, or nothing where nothing else says it
	secure                   // https://
	elsewhere                // nothing: a setting beside it says it
	unread                   // it is a variable that nothing shows, and must begin with https://
	unreadable               // so too, behind something that is no scheme
	plainByEnv               // a variable makes it http://
)

// speaks decides how an address comes to call by TLS; text is how the program reads it, known tells whether that is
// all shown.
//
//	address             who decides beside it            becomes       says
//	http://es           any                              https://es    plain
//	https://es          any                              -             secure
//	${A} is http://es   any                              -             plain by its environment
//	es                  a scheme, or a switch            -             elsewhere
//	es                  a switch that can only be off    https://es    plain
//	${B}                a scheme, or a switch to be on   -             elsewhere
//	${B}                others                           -             unread
func speaks(written, text string, known bool, keys catalog.Settings) (becomes string, says speech) {
	hasScheme, decides := strings.Contains(text, "://"), keys.Scheme != "" || keys.Switch.Kind == catalog.Decides
	switch {
	case strings.HasPrefix(text, "http://"):
		return written, plainByEnv
	case strings.HasPrefix(text, "https://"):
		return written, secure
	case !known && !decides && hasScheme:
		return written, unreadable
	case !known && !decides:
		return written, unread
	case known && !hasScheme && !decides && keys.Switch.Kind == catalog.MayBeOff:
		return "https://" + written, plain
	}
	return written, elsewhere
}

// overHTTPS plans what makes a connection speak HTTPS. It is switched only where the server is known to do so: a node
// of this stream, or one that has its certificates from the configuration too.
func overHTTPS(p step, w *recognise.Workload, c *connection) error {
	hosts := c.addresses()
	fresh := slices.Clone(hosts.Values)
	isSecure, isPlain := len(fresh) == 0, false
	for i, h := range fresh {
		rest, was := strings.CutPrefix(h, "http://")
		if was {
			fresh[i] = "https://" + rest
		}
		text, known := address(p.In, w, c, hosts, fresh[i])
		becomes, says := speaks(fresh[i], text, known, c.keys)
		switch says {
		case plainByEnv:
			return problem.New(problem.PlainHTTP, "%s of %s is %q, which the environment makes an address of plain "+
				"HTTP", hosts.Key, c.name, h).
				Do("use https:// there")
		case unread:
			p.assume(w.ID, "container %q: the address in %s must begin with https://", w.Main.Name, hosts.Place)
		}
		fresh[i], isPlain = becomes, isPlain || was || says == plain
		isSecure = isSecure || slices.Contains([]speech{secure, unread, unreadable}, says)
	}
	enable := c.store.get(c.keys.Switch.Name)
	isPlain = isPlain || !isSecure && !isOn(c.keys, c.store.get(c.keys.Scheme), enable)
	if isPlain && p.settings.Certificates.SecretName == "" && p.nodes.of(nodeCalled(p.In, w, c)) == nil {
		return problem.New(problem.PlainHTTP, "%s of %s calls Elasticsearch by plain HTTP, which knows no certificates",
			hosts.Key, c.name).
			Do("%s, or use https:// in the chart's values", switchAll)
	}
	const why = "Elasticsearch speaks HTTPS"
	replaceList(p, w, hosts, fresh, why, c.link)
	for _, name := range c.keys.Hosts {
		c.plans(name, fresh)
	}
	if c.keys.Scheme != "" && !isSecure {
		p.put(w, c, c.keys.Scheme, patch.Str("https"), why)
	}
	if enable != nil && enable.Hidden {
		return problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read",
			c.keys.Switch.Name, enable.Place).At(c.keys.Switch.Name).
			Do("write %q there", c.keys.Switch.On)
	}
	if c.keys.Switch.Kind == catalog.Decides || enable != nil || c.keys.Switch.Kind == catalog.Bare && !isSecure {
		p.put(w, c, c.keys.Switch.Name, onValue(c.keys.Switch.On, enable), "TLS is on")
	}
	return nil
}

// isOn tells whether the settings beside the addresses make a connection call by TLS:
//
//	the program has    which is        on
//	a scheme           https           yes
//	a scheme           anything else   no
//	a deciding switch  its value On    yes
//	a deciding switch  anything else   no
//	neither            -               no
func isOn(keys catalog.Settings, scheme, enable *setting) bool {
	switch {
	case keys.Scheme != "":
		return scheme.Value() == "https"
	case keys.Switch.Kind == catalog.Decides:
		return enable != nil && strings.EqualFold(enable.Value(), keys.Switch.On)
	}
	return false
}

// onValue is true where a program takes truth values, else the program's own word, spelled as it is where the user
// wrote it.
func onValue(on string, old *setting) *yaml.Node {
	switch {
	case on == "true":
		return patch.Bool(true)
	case strings.EqualFold(old.Value(), on):
		return patch.Str(old.Value())
	}
	return patch.Str(on)
}
