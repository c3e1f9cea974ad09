//go:build slow

package plugin

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
)

// TestRenderings holds every rendering in every mode and stage, as Helm 4 and as Helm 3 hand it over, with what it needs and with a Secret
// for all: patched, ruled or listed, or refused by object; and whoever names the clients' Elasticsearch is in the report.
func TestRenderings(t *testing.T) {
	dir := renders(t)
	for _, r := range slices.Concat(renderings(), clientRenderings()) {
		t.Run(r.name+" "+r.needs, func(t *testing.T) {
			t.Parallel()
			stream := r.stream(t, dir)
			for form, input := range map[string][]byte{"with hooks": stream, "without hooks": withoutHooks(t, stream)} {
				for _, named := range []string{"", "certs"} {
					modes := []way{{config.ModeToken, config.None}, {config.ModeCertToken, config.None}, {config.ModeCertToken, config.Optional}, {config.ModeCertToken, config.Required}}
					if form == "with hooks" && named != "" { // for clients the others are the same
						modes = append(modes, way{config.ModePassword, config.None}, way{config.ModeCertPassword, config.Required}, way{config.ModePKI, config.Required})
					}
					for _, m := range modes {
						t.Run(strings.Join([]string{form, named, m.mode, m.stage}, "/"), func(t *testing.T) {
							s := r.settings(t)
							s.Mode, s.ClientAuthentication = m.mode, m.stage
							s.Password.SecretName = "kibana-system"
							if m.mode == config.ModePKI {
								s.Certificates.Clients = append(s.Certificates.Clients, kibanaPairs()...)
							}
							if named != "" {
								s.Certificates.SecretName, s.Minter.SecretName = named, "minter"
							}
							if refusal := patchedOrRefused(t, input, s); refusal != nil && !r.mayBeRefused(named, m.mode, m.stage) {
								t.Errorf("nothing speaks against it, and yet: %v", refusal)
							}
						})
					}
				}
			}
		})
	}
}

// way is a mode and a stage.
type way struct{ mode, stage string }

// kibanaPairs gives Kibana a pair of its own, which mode pki asks for.
func kibanaPairs() []config.Client {
	var clients []config.Client
	for _, name := range []string{"kibana-kibana", "elk-kibana", "es-kibana", "kibana", "kibana-upgrade-kibana", "helm-kibana-security-kibana"} {
		clients = append(clients, config.Client{Ref: "Deployment/" + name, SecretName: name + "-pair"})
	}
	return clients
}

// mayBeRefused holds for renderings that lack something, and for settings that contradict them.
func (r rendering) mayBeRefused(named, mode, stage string) bool {
	stores, byHand, operator := strings.Contains(r.needs, "probe"), strings.Contains(r.name, "esconfig"), strings.HasPrefix(r.name, "eck-")
	passwordFile := strings.HasSuffix(r.name, "security-kibana-metrics") && strings.HasSuffix(mode, "password")
	return r.refuse != "" || stores && named != "" || byHand && stage == config.None || operator && stage == config.Required || passwordFile
}

func patchedOrRefused(t *testing.T, input []byte, s config.Settings) error {
	t.Helper()
	output, outcome, err := transform(input, s)
	if err != nil {
		for _, p := range problem.All(err) {
			if p.Object.Name == "" || p.Hint == "" && p.Code != problem.Stranger || output != nil {
				t.Errorf("no refusal that names object and remedy: %s", p)
			}
		}
		return err
	}
	onlyReported(t, input, output, outcome)
	twiceIsOnce(t, output, s)
	if s.ClientAuthentication == config.Required {
		callersAreReported(t, output, outcome)
	}
	return nil
}

// callersAreReported looks at an output without what the plan knows: an object that names Elasticsearch as host:9200 is in the report.
func callersAreReported(t *testing.T, output []byte, r *report.Report) {
	t.Helper()
	reported := r.Text()
	stream, err := manifest.Split(output)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range stream.Documents() {
		if !isCaller(string(doc.Text())) {
			continue
		}
		objects, err := object.In(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if !strings.Contains(reported, o.ID.String()) {
				t.Errorf("%s names Elasticsearch, and the report has no word about it", o.ID)
			}
		}
	}
}

var address = regexp.MustCompile(`(//|["' ,])(elasticsearch-master|security-master|exporter-es|elasticsearch):9200`)

// isCaller tells whether a line that is no comment has the address of a Service of the cluster.
func isCaller(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && address.MatchString(line) {
			return true
		}
	}
	return false
}

// TestBitnamiRenderings holds every rendering of Bitnami's servers in every stage and mode, as Helm 4 and as Helm 3 hand it over.
func TestBitnamiRenderings(t *testing.T) {
	dir := renders(t)
	for _, r := range renderings() {
		if !strings.HasPrefix(r.name, "bitnami-") || r.refuse != "" {
			continue
		}
		stream := read(t, filepath.Join(dir, r.name+".yaml"))
		for form, input := range map[string][]byte{"with hooks": stream, "without hooks": withoutHooks(t, stream)} {
			for mode, stages := range map[string][]string{config.ModeToken: {config.None}, config.ModeCertToken: {config.None, config.Optional, config.Required}} {
				for _, stage := range stages {
					t.Run(strings.Join([]string{r.name, r.needs, form, mode, stage}, "/"), func(t *testing.T) {
						s := r.settings(t)
						s.Mode, s.ClientAuthentication = mode, stage
						output, outcome, err := transform(input, s)
						if err != nil {
							t.Fatal(err)
						}
						onlyReported(t, input, output, outcome)
						twiceIsOnce(t, output, s)
					})
				}
			}
		}
	}
}

// TestNamesDecideNothingInRenderings is TestNamesDecideNothing for renderings of real charts.
func TestNamesDecideNothingInRenderings(t *testing.T) {
	dir := renders(t)
	certificates := regexp.MustCompile(`(tls\.crt:) .*`) // they hold names, which nobody renames
	for _, r := range slices.Concat(renderings(), clientRenderings()) {
		input := certificates.ReplaceAll(r.streamWith(t, dir, withDash), []byte("$1 bmFtZXM="))
		renamed(t, r.name+" "+r.needs, input, func(names renaming) config.Settings {
			r := r
			r.needs = names.in(r.needs)
			s := r.settings(t)
			s.Minter.SecretName = "token-minter" // else a chart's X-credentials beside X-certs, the one name that says something
			return s
		})
	}
}

// withDash calls the Elasticsearch of a client by a name that can be told from a path.
func withDash(client string) string {
	return strings.ReplaceAll(client, "elasticsearch:9200", "elasticsearch-master:9200")
}

func TestRealRenderings(t *testing.T) {
	dir := renders(t)
	for _, name := range inScope {
		stream := read(t, filepath.Join(dir, name))
		for form, input := range map[string][]byte{"with hooks": stream, "without hooks": withoutHooks(t, stream)} {
			for _, s := range []config.Settings{
				realSettings(config.ModeCertToken, config.None), realSettings(config.ModeCertToken, config.Optional),
				realSettings(config.ModeCertToken, config.Required), realSettings(config.ModeToken, config.None),
			} {
				s = answered(name, s)
				t.Run(strings.Join([]string{name, form, s.Mode, s.ClientAuthentication}, "/"), func(t *testing.T) {
					output, outcome, err := transform(input, s)
					if err != nil {
						t.Fatal(err)
					}
					onlyReported(t, input, output, outcome)
					twiceIsOnce(t, output, s)
					again, _, err := transform(input, s)
					if err != nil || !bytes.Equal(output, again) {
						t.Errorf("another run on the same input gives other bytes (%v)", err)
					}
				})
			}
		}
	}
}

func TestFunctionGivesWhatTheFilterGivesOfRenderings(t *testing.T) {
	dir := renders(t)
	var files []string
	for _, name := range inScope {
		files = append(files, filepath.Join(dir, name))
	}
	functionGivesWhatTheFilterGives(t, files)
}
