package catalog

import (
	"slices"
	"strings"
)

// MapsServer is Elastic Maps Server, which asks Elasticsearch for its license.
const MapsServer App = "Elastic Maps Server"

func init() { describe(mapsServer) }

// mapsServer describes Elastic Maps Server. Its variables win over its file.
func mapsServer() Program {
	s := Settings{
		Hosts: []string{"elasticsearch.host"}, CA: "elasticsearch.ssl.certificateAuthorities", CAIsList: true,
		Cert: "elasticsearch.ssl.certificate", Key: "elasticsearch.ssl.key", KeyPass: "elasticsearch.ssl.keyPassphrase",
		Verify: Verify{Name: "elasticsearch.ssl.verificationMode", Off: []string{"none"},
			Chain: []string{"certificate"}},
		User: "elasticsearch.username", Password: "elasticsearch.password",
	}
	line := s
	line.CAIsList = false // a variable is one path
	return Program{
		App: MapsServer, Link: "https://www.elastic.co/docs/explore-analyze/visualize/maps/maps-connect-to-ems#elastic-maps-server-configuration", Runtime: Node(),
		Signs: Signs{Images: []string{"elastic-maps-server", "elastic-maps-server-ubi8", "elastic-maps-server-wolfi"},
			Mounts: []string{"elastic-maps-server.yml"}},
		Dir:    "/usr/src/app/server",
		Files:  Files{Paths: []string{"/usr/src/app/server/config/elastic-maps-server.yml"}},
		Places: []Place{{Settings: s}},
		Line:   &line,
		Flag:   func(string) string { return "" },
		Env: func(setting string, _ Version) string {
			return strings.ToUpper(strings.ReplaceAll(setting, ".",
				"_"))
		},
		Cases: mapsServerCases,
	}
}

func mapsServerCases() []Case {
	const file, around = "/usr/src/app/server/config/elastic-maps-server.yml", "elasticsearch:\n  %s"
	block := "host: {url}\nusername: keeper\npassword: change-me\nssl.certificateAuthorities: " +
		"[{ca}]\nssl.certificate: {cert}\nssl.key: {key}"
	login := []string{"ELASTICSEARCH_HOST={url}", "ELASTICSEARCH_USERNAME=keeper", "ELASTICSEARCH_PASSWORD=change-me"}
	pair := []string{"ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES={ca}", "ELASTICSEARCH_SSL_CERTIFICATE={cert}",
		"ELASTICSEARCH_SSL_KEY={key}"}
	mounted := casesAt("another image", file, around, block)
	mounted[0].Image = "example/other:1"
	return slices.Concat(
		casesAt("by its file", file, around, block, "ssl.certificate: /other.crt", "~ssl.verificationMode: none"),
		lacking("an address alone", file, around, "host: {url}\nusername: keeper\npassword: change-me"), mounted,
		[]Case{
			{Name: "by variables", File: file, Text: "ui: false", Env: slices.Concat(login, pair)},
			{Name: "an address alone in a variable", File: file, Text: "ui: false", Env: login, Want: NeedsPair},
		},
	)
}
