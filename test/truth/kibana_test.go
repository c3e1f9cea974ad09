//go:build integration

package truth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// kibanaVariable is a variable in kibana.yml.
var kibanaVariable = regexp.MustCompile(`\$\{(\w+)\}`)

// layKibana reads the settings of Kibana as its documentation says: those of its file, with variables put in, and over them those of the
// variables of its image, if they say anything. Node gets them as JSON.
func (a *attempt) layKibana(p setups.Program) error {
	text, err := os.ReadFile(a.c.Path(p.File))
	if err != nil {
		return err
	}
	put := kibanaVariable.ReplaceAllStringFunc(string(text), func(found string) string { return a.c.Env[found[2:len(found)-1]] })
	settings := map[string]any{}
	if err := yaml.Unmarshal([]byte(put), &settings); err != nil {
		return err
	}
	for _, spelled := range p.Spelled {
		if said := a.c.Env[spelled.Env]; said != "" {
			settings[spelled.File] = said
			if strings.HasPrefix(said, "[") {
				settings[spelled.File] = json.RawMessage(said)
			}
		}
	}
	said, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	script, err := os.ReadFile("testdata/kibana.js")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"settings.json": said, "kibana.js": script} {
		at := a.c.Path("/judge/" + name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
