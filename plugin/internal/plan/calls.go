package plan

import (
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Whether a container calls Elasticsearch, and how, is read from words: addresses in what it runs.

// hostOf gives the host of an address, with or without a scheme, without its port.
func hostOf(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
	}
	rest = rest[strings.LastIndex(rest, "@")+1:]
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}

// mentioned gives the first of names that a container's command or environment calls as a host, and where; "" when there is none.
func mentioned(c object.Container, names []string) (place, name string) {
	for _, field := range []string{"command", "args", "env", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} {
		for i, e := range entries(object.Get(c.Node, field)) {
			place, variable := fmt.Sprintf("%s %d", field, i+1), ""
			if field == "env" {
				variable = object.Text(e.node, "name")
				place = fmt.Sprintf("env %q", variable)
			}
			for _, text := range texts(e.node) {
				for _, name := range names {
					if callsHost(text, name) || !isLocal(name) && setsHost(text, name) || isHostWord(text, name) && (strings.Contains(name, "-") || isHostName(variable)) {
						return place, name
					}
				}
			}
		}
	}
	return "", ""
}

// isHostWord holds when a whole value is the host, with or without a domain: ES_HOST=es-master.logging.svc, --host es-master.
func isHostWord(text, host string) bool {
	rest, ok := strings.CutPrefix(text, host)
	return ok && (rest == "" || rest[0] == '.' && !strings.ContainsAny(rest, " /:\n"))
}

// callsHost holds when text names host as part of an address.
func callsHost(text, host string) bool { return callAt(text, host, 0) >= 0 }

// callAt gives the first place behind from at which text names host as part of an address, -1 when there is none:
// "//host", "user@host", "pod.host:9200" or "host:9200", also with a domain behind it. Port 9300 is the nodes' own.
func callAt(text, host string, from int) int {
	for {
		i := strings.Index(text[from:], host)
		if i < 0 {
			return -1
		}
		start, end := from+i, from+i+len(host)
		from = end
		before, after := text[:start], text[end:]
		if before != "" && isNameByte(before[len(before)-1]) && !strings.HasSuffix(before, ".") || after != "" && isNameByte(after[0]) && after[0] != '.' {
			continue
		}
		port, ok := portOf(after)
		if ok && port != "9300" || !ok && (strings.HasSuffix(before, "//") || strings.HasSuffix(before, "@")) {
			return start
		}
	}
}

// portOf gives the port in ":9200" and ".ns.svc:9200"; the tag of an image is none.
func portOf(s string) (string, bool) {
	for s != "" && isNameByte(s[0]) {
		s = s[1:]
	}
	s, ok := strings.CutPrefix(s, ":")
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	return s[:digits], ok && digits >= 2 && (digits == len(s) || !isNameByte(s[digits]))
}

func isNameByte(c byte) bool {
	return c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
