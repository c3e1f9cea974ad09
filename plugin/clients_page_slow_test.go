//go:build slow

package plugin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// TestClientsPage holds the tables of the programs that are known to their descriptions.
func TestClientsPage(t *testing.T) {
	inMarkers(t, "../docs/clients.md", "clients", clientsTable())
	inMarkers(t, "../docs/clients.md", "images", imagesTable())
}

// TestRulesPage holds the table of the ready rules to the descriptions of their programs.
func TestRulesPage(t *testing.T) {
	inMarkers(t, "../docs/rules.md", "ready", readyTable())
}

func clientsTable() string {
	var b strings.Builder
	b.WriteString("| program | CA, certificate, key | private keys | trust anchor in the CA file | a renewed certificate |\n| --- | --- | --- | --- | --- |\n")
	names, links, rows := map[string][]string{}, map[string]string{}, []string{} // by what is said of a program: Beats are alike
	row := func(name, link, settings string, r catalog.Runtime, renewals []catalog.Renewal) {
		said := fmt.Sprintf("%s | %s | %s | %s", settings, keysOf(r.Keys), anchorsOf(r.Anchors), renewed(renewals))
		if names[said] == nil {
			rows = append(rows, said)
		}
		names[said], links[said] = append(names[said], name), link
	}
	layer := catalog.Settings{CA: catalog.LayerCAs, Cert: catalog.LayerCert, Key: catalog.LayerKey}
	row("Elasticsearch", "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html", named(strings.TrimSuffix(catalog.HTTPLayer, "."), "", layer),
		catalog.Java(), catalog.ServerRenewals(catalog.Elasticsearch))
	own := catalog.KibanaConnection()
	row("Kibana", "https://www.elastic.co/guide/en/kibana/8.19/settings.html", named(own.At, "", own.Settings), catalog.Node(), catalog.ServerRenewals(catalog.Kibana))
	for _, p := range catalog.All() {
		row(string(p.App), p.Link, settingsNamed(p), p.Runtime, p.Renewals)
	}
	row("curl", "https://curl.se/docs/manpage.html", "`--cacert`, `--cert`, `--key`, or a `.curlrc`", catalog.Curl(), []catalog.Renewal{{}})
	for _, said := range rows {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", strings.Join(names[said], ", "), links[said], said)
	}
	return b.String()
}

// settingsNamed gives the settings of the first connection of a program that may have a key pair.
func settingsNamed(p catalog.Program) string {
	for _, section := range []string{"output", "OUTPUT", "match"} {
		for _, name := range []string{"elasticsearch", "es"} {
			if p.Plugin == nil {
				continue
			}
			if s := p.Plugin(pipeline.Plugin{Section: section, Name: name}, catalog.Version{Major: 9, Minor: 5}); s != nil {
				return named("", "", *s)
			}
		}
	}
	for _, at := range p.Places {
		if at.Cert != "" {
			return named(at.At, "", at.Settings)
		}
	}
	return named("", "--", *p.Line)
}

// named gives the names of the settings of CA, certificate and key, and of others, and the place where they stand.
func named(at, prefix string, s catalog.Settings, others ...string) string {
	var all []string
	for _, name := range append(others, s.CA, s.Cert, s.Key) {
		if name != "" {
			all = append(all, prefix+name)
		}
	}
	text := inCode(all)
	if at != "" {
		text += " of `" + at + "`"
	}
	return text
}

// keysOf says which private keys a program reads.
func keysOf(k catalog.Keys) string {
	if k.Blocks == nil {
		return "not known"
	}
	forms := map[string]string{catalog.PKCS8: "PKCS#8", catalog.PKCS1: "PKCS#1", catalog.SEC1: "SEC1"}
	var blocks []string
	for _, block := range k.Blocks {
		blocks = append(blocks, forms[block])
	}
	text := strings.Join(k.Kinds, ", ") + " in " + strings.Join(blocks, ", ")
	switch {
	case len(k.Opens) == 0:
	case k.OpensSince != (catalog.Version{}):
		text += fmt.Sprintf("; may have a passphrase, in PKCS#8 from %s on", versionText(k.OpensSince))
	default:
		text += "; may have a passphrase"
	}
	if k.First {
		text += "; must be first in its file"
	}
	return text
}

func anchorsOf(a catalog.Anchors) string {
	return map[catalog.Anchors]string{catalog.AnyAnchor: "any certificate", catalog.RootAnchor: "a root certificate", catalog.AnchorsUnknown: "not known"}[a]
}

func versionText(v catalog.Version) string {
	if v.Patch > 0 {
		return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}

// renewed says what a program does with a renewed key pair.
func renewed(all []catalog.Renewal) string {
	if len(all) == 0 {
		return "needs a restart"
	}
	var texts []string
	for _, r := range all {
		text := "reloads it"
		switch none := (catalog.Version{}); {
		case r.Until != none:
			text += fmt.Sprintf(" from %s on, before %s", versionText(r.Since), versionText(r.Until))
		case r.Since != none:
			text += " from " + versionText(r.Since) + " on"
		}
		if len(r.Switches) > 0 && !r.Default {
			text += " with " + inCode(r.Switches)
		}
		if r.CAOnce {
			text += ", but a new CA needs a restart"
		}
		if r.Link != "" {
			text = fmt.Sprintf("[%s](%s)", text, r.Link)
		}
		texts = append(texts, text)
	}
	if all[0].Since != (catalog.Version{}) {
		texts = append(texts, "other versions need a restart")
	}
	return strings.Join(texts, "; ")
}

func imagesTable() string {
	var b strings.Builder
	b.WriteString("| image | last part of its name | configuration | order of the settings |\n| --- | --- | --- | --- |\n")
	layouts := slices.Clone(catalog.Layouts())
	slices.SortFunc(layouts, func(a, b catalog.Layout) int { return cmp.Compare(a.Name, b.Name) })
	for _, l := range layouts {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", l.Name, inCode(l.Images), inCode([]string{l.File()}), channelsOf(l))
	}
	return b.String()
}

// channelsOf gives the channels of an image, the one that wins first.
func channelsOf(l catalog.Layout) string {
	flags, variables := "flags", "variables"
	if l.Env == nil {
		variables = "what its entry script writes from variables"
	}
	if l.Flags.Weak {
		flags, variables = variables, flags
	}
	return flags + ", then " + variables + ", then the file"
}

func inCode(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

func readyTable() string {
	var b strings.Builder
	b.WriteString("| `as` | sets | in |\n| --- | --- | --- |\n")
	b.WriteString("| [`curl`](https://everything.curl.dev/cmdline/configfile.html) | `CURL_HOME` with a `.curlrc`, for scripts that call by curl; " +
		"a Job, a CronJob or a hook that does needs no rule | |\n")
	for _, p := range catalog.All() {
		if p.As == "" {
			continue
		}
		var sets []string
		for _, at := range p.Places {
			others := []string{at.Switch.Name, at.CAWith, at.PairWith}
			if at.Verify.On != "" {
				others = append(others, at.Verify.Name)
			}
			text := named(at.At, "", at.Settings, others...)
			if at.Is != "" {
				text += fmt.Sprintf(" whose `%s` is %s", at.Field, at.Is)
			}
			sets = append(sets, text)
		}
		var options []string
		for _, option := range p.Files.Options {
			options = append(options, "`"+strings.Repeat("-", min(len(option), 2))+option+"`")
		}
		in := inCode(p.Files.Paths)
		if len(options) > 0 {
			in = strings.Join(options, ", ") + ", otherwise " + in
		}
		fmt.Fprintf(&b, "| [`%s`](%s) | %s | %s |\n", p.As, p.Link, strings.Join(sets, "; "), in)
	}
	return b.String()
}
