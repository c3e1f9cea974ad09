package catalog

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// What Elasticsearch 8.19.21 and 9.5.3 register, as far as the server, its transport, x-pack-core and security do: a
// name a line, then words. 8 or 9: the other version does not know it. secure: it belongs into the keystore alone. Any
// other word is what it takes (see kind), in one version where 8: or 9: stands in front.
// A * stands for a name of the user's, and a dot at the end for any name behind it.
//
//go:embed elasticsearch-settings.txt
var registeredSettings string

// Registered is what is known of a setting of Elasticsearch.
type Registered struct {
	Known  bool
	Closed bool     // all settings with such names are known: no other part of Elasticsearch adds any
	Secure bool     // Elasticsearch refuses it outside its keystore
	kinds  []string // what it takes, in each version that may be meant; none: any text
}

// closed are the beginnings of names whose settings are all in the list.
var closed = [...]string{
	"bootstrap.", "discovery.", "gateway.", "http.", "network.", "node.", "path.", "remote_cluster.",
	"remote_cluster_server.", "transport.", "xpack.security.",
}

// open are the beginnings of names that other parts of Elasticsearch, and plugins of Elastic, add settings to.
// https://www.elastic.co/docs/reference/elasticsearch/configuration-reference
var open = [...]string{
	"azure.client.", "cluster.deprecation_indexing.", "cluster.logsdb.", "data_streams.", "deprecation.",
	"discovery.azure.", "discovery.ec2.", "discovery.gce.",
	"esql.", "gcs.client.", "indices.lifecycle.", "ingest.", "plugin.", "processors.", "reindex.", "repositories.",
	"s3.client.", "script.", "slm.",
	"stack.", "telemetry.", "thread_pool.", "tracing.", "xpack.",
}

// firstClosed is the first major version whose settings are known.
const firstClosed = 8

// inKeystore holds for settings of other parts that belong into the keystore: those of clients of repositories, and by
// their name.
// https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/s3-repository
var inKeystore = regex.Of(`^s3\.client\.[^.]+\.(access_key|secret_key|session_token)$|` +
	`^s3\.client\.[^.]+\.proxy\.(username|password)$|` +
	`^azure\.client\.[^.]+\.(account|key|sas_token)$|^gcs\.client\.[^.]+\.credentials_file$|\.secure_[a-z_]+$`)

// Setting tells what Elasticsearch of a major version knows of a setting; 0 is a version that nothing tells.
func Setting(name string, major int) Registered {
	var said []string
	known := false
	for _, other := range []string{name, withoutIndex(name)} {
		if said, known = registered(other); known {
			break
		}
	}
	r := Registered{Known: known && fits(said, major), Secure: slices.Contains(said, "secure") || isOfKeystore(name)}
	if r.Known {
		r.kinds = kindsOf(said, major)
	}
	begins := func(with string) bool { return strings.HasPrefix(strings.ToLower(name), with) }
	isOpen := slices.ContainsFunc(open[:], begins)
	switch old := major != 0 && major < firstClosed; {
	case strings.HasPrefix(name, "index."): // those of an index: since version 5 no node starts with them
		r.Closed = true
	case strings.HasPrefix(name, "xpack.security.http.ssl."), strings.HasPrefix(name, "xpack.security.transport.ssl."):
		r.Closed = true
	case old:
		r.Known = true
	case !strings.Contains(name, "."), slices.ContainsFunc(closed[:], begins) && (!isOpen || begins("xpack.security.")):
		r.Closed = true
	case isOpen:
		r.Known = true
	}
	return r
}

// fits tells whether the version is among those that know a setting.
func fits(said []string, major int) bool {
	switch {
	case slices.Contains(said, "8"):
		return major != 9
	case slices.Contains(said, "9"):
		return major != 8
	}
	return true
}

// withoutIndex gives the name of a list of which a setting is an element: a.b of a.b.0.
func withoutIndex(name string) string {
	list, isElement := strings.CutSuffix(strings.TrimRight(name, "0123456789"), ".")
	if !isElement || strings.HasSuffix(name, ".") {
		return name
	}
	return list
}

func isOfKeystore(name string) bool {
	return (strings.Contains(name, ".client.") || strings.Contains(name, ".secure_")) && inKeystore().MatchString(name)
}

// settings are the lines of the list, which are sorted, and patterns those that have a name of the user's in their own.
var settings = sync.OnceValue(func() []string { return strings.Split(strings.TrimSpace(registeredSettings), "\n") })

var patterns = sync.OnceValue(func() []string {
	return slices.DeleteFunc(slices.Clone(settings()), func(line string) bool {
		name, _, _ := strings.Cut(line, " ")
		return !strings.Contains(name, "*") && !strings.HasSuffix(name, ".")
	})
})

// registered gives what the list says of a setting: by its name, or by one that stands for it.
func registered(name string) (said []string, known bool) {
	i, found := slices.BinarySearchFunc(settings(), name, func(line, name string) int {
		listed, _, _ := strings.Cut(line, " ")
		return strings.Compare(listed, name)
	})
	if found {
		return strings.Fields(settings()[i])[1:], true
	}
	for _, line := range patterns() {
		if pattern, said, _ := strings.Cut(line, " "); standsFor(pattern, name) {
			return strings.Fields(said), true
		}
	}
	return nil, false
}

// standsFor tells whether a name of the list is that of a setting, step by step.
func standsFor(pattern, name string) bool {
	for {
		step, behind, more := strings.Cut(pattern, ".")
		own, ownBehind, ownMore := strings.Cut(name, ".")
		switch {
		case step == "" && !more: // anything may follow
			return own != ""
		case step != own && (step != "*" || own == ""), more != ownMore:
			return false
		case !more:
			return true
		}
		pattern, name = behind, ownBehind
	}
}
