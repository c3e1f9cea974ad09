package setups

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// texts of roles that chance takes, besides those of the cells.
var chances = map[Role][]string{
	Address: {
		rightURL, rightURL, rightURL, wrongURL, "https://" + service + "." + namespace + ".svc:9200", "https://" + service + "." + namespace + ".svc.cluster.local:9200/",
		"https://" + alias + ":9200", "https://" + service + ":9300", "https://" + service, "https://" + nodes + ":9200", "HTTPS://" + service + ":9200",
		"https://" + strings.ToUpper(service[:1]) + service[1:] + ":9200",
	},
	CA:      {"/tls/ca.crt", "/tls/ca.crt", "/tls/ca.crt", "/other/ca.crt", "/tls/missing.crt", "/tls/tls.crt"},
	Cert:    {"/tls/tls.crt", "/tls/tls.crt", "/tls/tls.crt", "/other/tls.crt", "/tls/missing.crt", "/tls/../tls/tls.crt"},
	Key:     {"/tls/tls.key", "/tls/tls.key", "/tls/tls.key", "/other/tls.key", "/tls/missing.key", "/tls//tls.key"},
	Pass:    {passphrase, "wrong"},
	Scheme:  {"https", "http"},
	Version: {"TLSv1.2", "TLSv1.3", "TLSv1.1"},
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// chance is a set-up of which nobody knows whether it works.
func (w *world) chance(p Program, r *rand.Rand, n int) SetUp {
	var values []value
	for _, role := range roles(p) {
		all := chancesOf(p, role)
		isRare := slices.Contains([]Role{Verify, Pass, Scheme, Version}, role) || role == Switch && !p.NeedsSwitch
		if all == nil || isRare && r.IntN(4) > 0 || r.IntN(24) == 0 && (role != Address || !p.Bare) {
			continue
		}
		text := all[0]
		if r.IntN(3) == 0 || role == Verify {
			text = pick(r, all)
		}
		values = append(values, w.placed(p, r, role, text))
		if r.IntN(12) == 0 && (p.Usual == InFile || p.Name == "curl" && role != Address) { // twice
			values = append(values, w.placed(p, r, role, pick(r, all)))
		}
	}
	ca := oftenOr(r, "root", w.cas)
	pair := oftenOr(r, "good", w.pairs)
	s := w.setUp(p, apart(values), ca, pair)
	s.Lacks = nil
	var said []string
	for _, v := range values {
		said = append(said, string(v.role)+" "+v.text+" ("+string(v.at)+")")
	}
	s.Name = fmt.Sprintf("%s/by chance %d: CA %s, pair %s; %s", p.Name, n, ca, pair, strings.Join(said, ", "))
	return s
}

// oftenOr gives the usual name in every second case, else any.
func oftenOr[T any](r *rand.Rand, usual string, all map[string]T) string {
	if r.IntN(2) == 0 {
		return pick(r, slices.Sorted(maps.Keys(all)))
	}
	return usual
}

// chancesOf gives the texts of a role that a program may be told.
func chancesOf(p Program, role Role) []string {
	switch {
	case role == Address && p.Hosts != nil:
		return p.Hosts
	case role == Verify && p.Off == "":
		return []string{"true"}
	case role == Verify:
		return []string{p.Off, p.On}
	case role == Switch:
		return []string{"true", "true", "true", "false"}
	}
	return chances[role]
}

// placed puts a value into a channel that carries it.
func (w *world) placed(p Program, r *rand.Rand, role Role, text string) value {
	at := p.Usual
	if r.IntN(3) == 0 {
		if other := pick(r, p.Channels); p.carries(role, other) {
			at = other
		}
	}
	return value{role, text, at}
}

// apart keeps one key from standing twice in one file, which no program of these reads, and $(NAME) out of scripts, where it is a command.
func apart(values []value) []value {
	var some []value
	isScript := slices.ContainsFunc(values, func(v value) bool { return v.at == InScript })
	inFile := map[Role]bool{}
	for _, v := range values {
		if slices.Contains([]Channel{InFile, InSecret, FileVariable, FileDefault, Modules}, v.at) {
			if inFile[v.role] {
				continue
			}
			inFile[v.role] = true
		}
		if isScript && v.at == FlagByKube {
			v.at = InScript
		}
		some = append(some, v)
	}
	return some
}
