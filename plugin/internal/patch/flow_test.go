package patch

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// TestShown holds that a report shows no password or token, and shows where one comes from.
func TestShown(t *testing.T) {
	value := func(text string) []Entry {
		return []Entry{F("name", Str("ELASTICSEARCH_PASSWORD")), F("value", Str(text))}
	}
	for name, c := range map[string]struct{ got, want string }{
		"a variable":                 {Flow(Map(value("change-me")...)), "{name: ELASTICSEARCH_PASSWORD, value: …}"},
		"a variable of another":      {Flow(Map(value("$(OTHER)")...)), "{name: ELASTICSEARCH_PASSWORD, value: $(OTHER)}"},
		"a variable that names none": {Flow(Map(F("name", Str("CURL_HOME")), F("value", Str("/etc")))), "{name: CURL_HOME, value: /etc}"},
		"a header of curl":           {Flow(Strs("curl", "--header", "Authorization: Basic x", "https://es")), "[curl, --header, …, https://es]"},
		"a setting":                  {Shown("elasticsearch.serviceAccountToken", Str("AAEA")), "…"},
		"a reference":                {Shown("elasticsearch.password", Str("${P}")), "${P}"},
		"a switch":                   {Shown("automountServiceAccountToken", Bool(false)), "false"},
		"the name of a Secret":       {Shown("secretName", Str("corp-tls")), "corp-tls"},
		"the file with a password":   {Shown("KIBANA_PASSWORD_FILE", Str("/run/p")), "/run/p"},
		"nothing":                    {Shown("password", nil), ""},
		"the name of a variable":     {Edit{Path: object.Fields("env").Item("name", "P").Field("value")}.Name(), "P"},
		"the name of a setting":      {Edit{Path: object.Fields("data", "kibana.yml"), Inside: object.Fields("a.password")}.Name(), "a.password"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}
