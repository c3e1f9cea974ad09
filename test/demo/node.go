package main

import (
	"fmt"
	"strings"

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

// standIn starts the stand-in with what matters of the node's settings: its certificate, whose clients it takes, and whether it asks.
func standIn(config []byte, settings map[string]string, files map[string][]byte, password string) (elasticsearch, error) {
	const ssl = "xpack.security.http.ssl."
	stage := settings[ssl+"client_authentication"]
	if stage == "" {
		_, rest, ok := strings.Cut(string(config), "client_authentication:")
		if !ok {
			return nil, fmt.Errorf("the patched manifests do not set client_authentication")
		}
		stage = strings.Fields(rest)[0]
	}
	server, err := standin.Start(standin.Options{
		CertPEM: files[settings[ssl+"certificate"]], KeyPEM: files[settings[ssl+"key"]],
		ClientCAPEM:          files[settings[ssl+"certificate_authorities"]],
		ClientAuthentication: stage,
		Users:                map[string]standin.User{"elastic": {Password: password, Mint: true, Monitor: true}},
	})
	return stand{server}, err
}
