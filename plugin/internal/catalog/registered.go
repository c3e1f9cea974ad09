package catalog

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// What Elasticsearch 8.19.21 and 9.5.3 register, as far as the server, its transport, x-pack-core and security do: a name a line, then words.
// 8 or 9: the other version does not know it. secure: it belongs into the keystore alone. bool: it is true or false.
// A * stands for a name of the user's, and a dot at the end for any name behind it.
//
//go:embed elasticsearch-settings.txt
var registeredSettings string

// Registered is what is known of a setting of Elasticsearch.
type Registered struct {
	Known  bool
	Closed bool // all settings with such names are known: no other part of Elasticsearch adds any
	Secure bool // Elasticsearch refuses it outside its keystore
	Bool   bool
}

// closed are the beginnings of names whose settings are all in the list.
var closed = [...]string{
	"bootstrap.", "discovery.", "gateway.", "http.", "network.", "node.", "path.", "remote_cluster.", "remote_cluster_server.", "transport.", "xpack.security.",
}

// open are the beginnings of names that other parts of Elasticsearch, and plugins of Elastic, add settings to.
// https://www.elastic.co/docs/reference/elasticsearch/configuration-reference
var open = [...]string{
	"azure.client.", "cluster.deprecation_indexing.", "cluster.logsdb.", "data_streams.", "deprecation.", "discovery.azure.", "discovery.ec2.", "discovery.gce.",
	"esql.", "gcs.client.", "indices.lifecycle.", "ingest.", "plugin.", "processors.", "reindex.", "repositories.", "s3.client.", "script.", "slm.",
	"stack.", "telemetry.", "thread_pool.", "tracing.", "xpack.",
}

// firstClosed is the first major version whose settings are known.
const firstClosed = 8

var index = regex.Of(`\.\d+$`)

// inKeystore holds for settings of other parts that belong into the keystore: those of clients of repositories, and by their name.
// https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/s3-repository
var inKeystore = regex.Of(`^s3\.client\.[^.]+\.(access_key|secret_key|session_token|proxy\.username|proxy\.password)$|` +
	`^azure\.client\.[^.]+\.(account|key|sas_token)$|^gcs\.client\.[^.]+\.credentials_file$|\.secure_[a-z_]+$`)

// Setting tells what Elasticsearch of a major version knows of a setting; 0 is a version that nothing tells.
func Setting(name string, major int) Registered {
	var said []string
	known := false
	for _, other := range []string{name, index().ReplaceAllString(name, "")} {
		if said, known = registered()[other]; !known {
			said, known = likeRegistered(other)
		}
		if known {
			break
		}
	}
	r := Registered{Known: known && fits(said, major), Secure: slices.Contains(said, "secure") || inKeystore().MatchString(name), Bool: slices.Contains(said, "bool")}
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

// likeRegistered finds a setting that has a name of the user's in its own.
func likeRegistered(name string) (said []string, known bool) {
	steps := strings.Split(name, ".")
	for _, p := range patterns() {
		if p.holds(steps) {
			return p.said, true
		}
	}
	return nil, false
}

// registered are the settings of the list by their names.
var registered = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(registeredSettings) {
		words := strings.Fields(line)
		all[words[0]] = words[1:]
	}
	return all
})

// pattern is the name of such a setting, by its steps.
type pattern struct{ steps, said []string }

func (p pattern) holds(steps []string) bool {
	last := len(p.steps) - 1
	isGroup := p.steps[last] == ""
	if !isGroup && len(steps) != len(p.steps) || len(steps) < len(p.steps) {
		return false
	}
	for i, step := range p.steps {
		if isGroup && i == last {
			return steps[i] != ""
		}
		if step != steps[i] && (step != "*" || steps[i] == "") {
			return false
		}
	}
	return true
}

var patterns = sync.OnceValue(func() []pattern {
	var all []pattern
	for _, name := range slices.Sorted(maps.Keys(registered())) {
		said := registered()[name]
		if strings.HasSuffix(name, ".") || strings.Contains(name, "*") {
			all = append(all, pattern{strings.Split(name, "."), said})
		}
	}
	return all
})
