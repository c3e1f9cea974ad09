package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// ready is a rule for a well-known program: what a user would have to find out in its documentation.
type ready struct {
	name  string
	link  string   // page that names these settings
	flags []string // of its command line that name its files or their folder
	paths []string // where they are else; a folder ends in "/"
	// what to set there: Path is empty. Settings of the pair alone are one of their own: modes without certificates
	// leave it out
	files []config.RuleFile
	hosts []string // settings that have the addresses there
	curl  bool     // the container calls by curl
}

// readyRules are those that `as` of a rule may name, in their order.
func readyRules(ruled []catalog.Program) []ready {
	all := []ready{{name: "curl", link: linkCurl, curl: true}}
	for _, known := range ruled {
		r := ready{name: known.As, link: known.Link, flags: known.Files.Options, paths: known.Files.Paths}
		for _, at := range known.Places {
			r.files = append(r.files, wantedAt(at)...)
			r.hosts = append(r.hosts, at.Hosts...)
		}
		all = append(all, r)
	}
	return all
}

// wantedAt gives what a connection needs. What only switches the pair on is set with the pair, apart from the CA.
func wantedAt(at catalog.Place) []config.RuleFile {
	trust, pair := map[string]any{}, map[string]any{}
	set := func(to map[string]any, name string, value any) {
		if name != "" {
			to[name] = value
		}
	}
	file := func(place string) any { return strings.ReplaceAll(or(at.Value, "%s"), "%s", place) }
	set(trust, at.Switch.Name, at.Switch.On == "true")
	if at.Verify.On != "" {
		set(trust, at.Verify.Name, at.Verify.On == "true")
	}
	set(trust, at.CAWith, true)
	set(trust, at.CA, file(placeCA))
	set(pair, at.PairWith, true)
	set(pair, at.Cert, file(placeCert))
	set(pair, at.Key, file(placeKey))
	var is map[string]string
	if at.Field != "" {
		is = map[string]string{at.Field: at.Is}
	}
	if at.PairWith == "" {
		maps.Copy(trust, pair)
		return []config.RuleFile{{At: at.At, Is: is, Set: trust}}
	}
	return []config.RuleFile{{At: at.At, Is: is, Set: trust}, {At: at.At, Is: is, Set: pair}}
}

// readyRule finds the ready rule of a name; none for "".
func readyRule(name string, ruled []catalog.Program) (ready, error) {
	var names []string
	all := readyRules(ruled)
	i := slices.IndexFunc(all, func(r ready) bool { names = append(names, r.name); return r.name == name })
	if name == "" {
		return ready{}, nil
	}
	if i < 0 {
		return ready{}, problem.New(problem.Rule, "as: %q is no ready rule: %s are", name, strings.Join(names, ", ")).
			Do("for other programs give env, args or files")
	}
	return all[i], nil
}
