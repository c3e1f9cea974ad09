package mention

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// context is what a text is to whoever is told it.
type context struct {
	key      string // the setting or variable that it is the value of, "" where only the text itself can say
	variable bool   // key is a variable, of which an application may make anything
	told     bool   // a container is told it, or reads it in a file
	own      bool   // by the server itself: names there are those of its own nodes
	beside   bool   // by a container beside a server, which is told a port of that
	server   bool   // what stands beside it says that it is about an Elasticsearch: module, type
	secured  bool   // and names a certificate
	route    bool   // it is where a route leads to
	whole    bool   // a custom resource has it as a value of its own
	unsaid   bool   // it selects, labels or notes: only an address says something there
	parsed   bool   // the text is a value that has been read out of a file or object: no comment is in it
	spoken   func(Span) (Strength, bool)
	uses     []use // of variables in it
}

// judge tells what a name says, as the table of docs/decisions/0018-who-names-a-server.md has it.
func judge(text string, h hit, c context, servers ports) Strength {
	port, scheme := h.port(text), h.scheme(text)
	spoken, said := c.says(h.Span)
	key := cmp.Or(keyBefore(text, h.Span), c.key)
	switch address := scheme != "" || port != "" || h.machine && h.isBehindHost(text); {
	case port == "9300" || !c.parsed && h.isComment(text, c.endsLines(text)):
		return Nothing // nodes among themselves
	case said && spoken == Nothing:
		return Nothing // it is only printed
	case h.composed && (c.own || c.unsaid):
		return Nothing
	case h.composed:
		return May
	case allows(key):
		return c.may() // who may be called, by whoever asks for it
	case h.name == "${"+dataHost+"}":
		return discovered(c)
	case c.route:
		return Address
	case h.local && !servers.isCalled(port, scheme, address || saysHost(key) && c.beside):
		return Nothing // another program of the pod
	case h.machine && !address && (h.From > 0 || h.To < len(text) || c.unsaid || c.own):
		return Nothing // a number
	case h.machine && !address:
		return c.may()
	case c.unsaid && address && c.told:
		return May // an annotation: whoever reads it is not shown
	case h.variable, address:
		return Address
	case c.unsaid:
		return Nothing
	case h.local && saysHost(key) && c.beside, h.local && said && c.beside:
		return Address
	case h.local || c.own:
		return Nothing
	}
	return judgeWord(text, h, c, key, servers)
}

// judgeWord judges a name without a scheme or a port, as the value of key.
func judgeWord(text string, h hit, c context, key string, servers ports) Strength {
	switch spoken, said := c.says(h.Span); {
	case said && h.isElement(pathless(text, h)):
		return spoken
	case strings.HasSuffix(text[:h.From], "<>/dev/tcp/"):
		return c.may() // whoever opens it to read and write speaks to the server; to try it, one direction is enough
	case h.substitutes(text):
		return c.may()
	case h.isKey(text) || h.isSegment(text):
		return Nothing
	case saysHost(key) && h.isElement(text) && isList(text, h, c.key):
		return Address
	case c.variable && h.To == len(text) && h.From == 0 && strings.Contains(text, ".svc"):
		return Address
	case c.told && !c.variable && (servers.isBehind(text, h) || !said && isInAddress(text, h)):
		return Address
	case !c.whole && saysOther(key, c.variable) || !h.isElement(text):
		return Nothing
	}
	return c.may()
}

// endsLines tells whether a # behind something else begins a comment in a text: in scripts, and in the languages of
// log shippers.
func (c context) endsLines(text string) bool {
	return c.spoken != nil || strings.HasPrefix(text, "#!") || strings.HasSuffix(c.key, ".conf") ||
		strings.HasSuffix(c.key, ".sh")
}

// says tells what the commands of a script make of a name.
func (c context) says(at Span) (Strength, bool) {
	if c.spoken == nil {
		return Nothing, false
	}
	return c.spoken(at)
}

// spokenOf gives what says tells of the places in a reading of the text.
func (c context) spokenOf(readings []reading) func(Span) (Strength, bool) {
	if c.spoken == nil {
		return nil
	}
	return func(at Span) (Strength, bool) { return c.spoken(writtenIn(readings, at)) }
}

func (c context) may() Strength {
	if c.told || c.whole {
		return May
	}
	return Nothing
}

// discovered judges ${data.host}, which is any pod: only what stands beside it tells whether that is a server.
func discovered(c context) Strength {
	switch {
	case !c.server:
		return Nothing
	case c.secured:
		return May
	}
	return Address
}

// isCalled tells whether the own machine is called on a port of the server: written behind it, or apart.
func (p ports) isCalled(port, scheme string, apart bool) bool {
	return p[port] || port == "$" || port == "" && apart && scheme == ""
}

// pathless gives a text without the path behind a name, as in search/_cat.
func pathless(text string, h hit) string {
	if strings.HasPrefix(text[h.To:], "/") {
		return text[:h.To]
	}
	return text
}

// hostWords are in the names of settings that hold a host.
var hostWords = []string{"host", "url", "addr", "server", "endpoint"}

// lastWords are so as their last word.
var lastWords = []string{"node", "nodes", "uri", "uris", "elasticsearch", "opensearch", "elastic", "es"}

// accidents hold a word of another meaning.
var accidents = strings.NewReplacer("ghost", "", "observer", "", "curl", "")

// saysHost tells whether a setting, option or variable of that name holds a host. Seeds and initial masters are called
// on the nodes' own port, and the name of a server is what its certificate is checked for.
func saysHost(key string) bool {
	if namesService(key) {
		return true
	}
	key = accidents.Replace(strings.ToLower(key))
	if strings.Contains(key, "seed") || strings.Contains(key, "initial_master") {
		return false
	}
	last := key[strings.LastIndexAny(key, "._-/")+1:]
	isHost := strings.HasSuffix(last, "hostname") ||
		last == "name" && strings.HasSuffix(strings.TrimRight(strings.TrimSuffix(key, last), "._-/"), "host")
	if strings.HasSuffix(last, "name") && !isHost {
		return false
	}
	in := func(word string) bool { return strings.Contains(key, word) }
	return slices.ContainsFunc(hostWords, in) || slices.Contains(lastWords, last) || strings.HasSuffix(last, "uri") ||
		strings.HasSuffix(last, "uris")
}

// namesService tells whether a setting names the Service of an Elasticsearch: es-service-name, elasticsearchService. A
// service name alone is what an application calls itself.
func namesService(key string) bool {
	words := slices.DeleteFunc(wordsIn(key), func(word string) bool { return word == "name" })
	last := len(words) - 1
	return last > 0 && (words[last] == "service" || words[last] == "svc") &&
		slices.Contains([]string{"es", "elasticsearch", "elastic", "opensearch"}, words[last-1])
}

// wordsIn gives the words of a name, in small letters: of es-service-name, ES_SERVICE_NAME and esServiceName.
func wordsIn(name string) []string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; i > 0 && c >= 'A' && c <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteByte(name[i])
	}
	return strings.FieldsFunc(strings.ToLower(b.String()),
		func(r rune) bool { return strings.ContainsRune(" ._-/", r) })
}

// typeWords end the names of settings that say of which kind something is.
var typeWords = []string{"type", "module", "kind", "plugin", "image", "index"}

// otherWords end the names of settings that say what something is, not where.
var otherWords = []string{"alias", "user", "role", "password", "policy", "realm", "label", "labels", "tag", "tags"}

// saysOther tells whether a setting says what something is. Of a variable only the application knows what it makes of
// it.
func saysOther(key string, variable bool) bool {
	key = strings.ToLower(key)
	last := key[strings.LastIndexAny(key, "._-/@")+1:]
	if variable {
		return slices.Contains(typeWords, last)
	}
	return slices.Contains(otherWords, last) || slices.Contains(typeWords, last) || last == "name" || last == "id"
}

// describing are words at the end of the names of fields in which a custom resource says what something is, or where
// it belongs.
var describing = []string{
	"namespace", "namespaces", "chart", "release", "app", "application", "component", "instance", "account", "class",
	"repository", "override", "provider", "engine", "format",
	"exporter", "exporters", "receiver", "receivers", "processors", "pipeline", "pipelines", "group", "groups", "title",
	"description", "prefix", "secret", "database",
}

// describes tells whether a value of a custom resource says something else than where something is. What a name is of
// stands in front of it, or is the field above: serviceName, dns.names.
func (s scalar) describes() bool {
	fields := slices.DeleteFunc(slices.Clone(s.path), func(step object.Step) bool { return step.Field == "" })
	words := wordsIn(fields[len(fields)-1].Field)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if last != "name" && last != "names" {
		return slices.Contains(describing, last) || saysOther(last, false)
	}
	if kind := object.Text(s.in, "kind"); kind != "" && kind != "Service" {
		return true
	}
	if len(words) == 1 && len(fields) > 1 {
		words = wordsIn(fields[len(fields)-2].Field)
	}
	return !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(leading, word) })
}

// leading are words in the names of fields that say what is called: serviceName, dnsNames.
var leading = []string{"service", "services", "svc", "host", "dns", "server", "servers", "target", "targets",
	"upstream", "backend", "cluster", "elasticsearch", "opensearch", "elastic", "es"}

// allows tells whether a setting lists whom somebody else may ask for.
func allows(key string) bool {
	key = strings.ToLower(key)
	return strings.HasSuffix(key, "whitelist") || strings.HasSuffix(key, "allowlist")
}

// isList tells whether the value in which a name stands is one host, or a list of hosts: prose is none.
func isList(text string, h hit, key string) bool {
	if keyBefore(text, h.Span) != "" {
		return true // the text has the key, and this is its value
	}
	if key == "" || strings.Contains(strings.TrimSpace(text), "\n") {
		return false
	}
	if strings.ContainsAny(text, ",;[") {
		return true
	}
	for _, word := range strings.Fields(text) {
		if !strings.ContainsAny(word, ".:-$") && word != strings.TrimSpace(text) &&
			!strings.Contains(text[h.From:h.To], word) {
			return false
		}
	}
	return true
}
