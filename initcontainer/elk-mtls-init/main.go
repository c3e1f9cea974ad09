// Command elk-mtls-init runs before Kibana's container: settings and a Secret go in, and a service token that
// Elasticsearch accepts is in the Secret when it exits 0.
package main

import (
	"os"

	"github.com/elk-mtls/elk-mtls/initcontainer"
)

func main() { os.Exit(initcontainer.Main()) }
