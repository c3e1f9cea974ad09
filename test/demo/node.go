package main

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// elasticsearch is the server of the demo: the real one, or a stand-in where there is no JDK.
type elasticsearch interface {
	Name() string
	URL() string
	Stop() error
}

type real struct{ node *parts.Node }

func (r real) Name() string { return "a real Elasticsearch" }
func (r real) URL() string  { return r.node.URL }
func (r real) Stop() error  { return r.node.Stop() }

type stand struct{ server *standin.Server }

func (s stand) Name() string { return "a stand-in" }
func (s stand) URL() string  { return s.server.URL }
func (s stand) Stop() error  { return s.server.Close() }

const howToGetTheRealOne = "for the real one: JDK 17 and Maven, or ES_HOME"

const (
	httpSSL              = "xpack.security.http.ssl."
	clientAuthentication = httpSSL + "client_authentication"
)

// setting is a value of Elasticsearch's, and what of the manifests sets it.
type setting struct{ value, by string }

// asksForCertificates reads what the manifests tell Elasticsearch about its clients' certificates; its default is none. The image makes a command line of its
// variables, which wins over the file.
func asksForCertificates(config []byte, settings map[string]string) (setting, error) {
	const name = clientAuthentication
	if value := settings[name]; value != "" {
		return setting{value, fmt.Sprintf("environment variable %q of %s", name, server)}, nil
	}
	var file map[string]any
	if err := yaml.Unmarshal(config, &file); err != nil {
		return setting{}, fmt.Errorf("elasticsearch.yml of the manifests: %w", err)
	}
	if value, ok := lookUp(file, name).(string); ok {
		return setting{value, "elasticsearch.yml of the manifests"}, nil
	}
	return setting{"none", "nobody: it is the default"}, nil
}

// lookUp finds a setting whose name is divided into keys anyhow.
func lookUp(at map[string]any, name string) any {
	if value, ok := at[name]; ok {
		return value
	}
	for i, c := range name {
		if below, ok := at[name[:i]].(map[string]any); ok && c == '.' {
			if value := lookUp(below, name[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// standIn starts the stand-in with what matters of the node's settings: its certificate, whose clients it takes, and whether it asks.
func standIn(stage string, settings map[string]string, files map[string][]byte, password string) (elasticsearch, error) {
	server, err := standin.Start(standin.Options{
		CertPEM: files[settings[httpSSL+"certificate"]], KeyPEM: files[settings[httpSSL+"key"]],
		ClientCAPEM:          files[settings[httpSSL+"certificate_authorities"]],
		ClientAuthentication: stage,
		Users:                map[string]standin.User{"elastic": {Password: password, Mint: true, Monitor: true}},
	})
	return stand{server}, err
}
