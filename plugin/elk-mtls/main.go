// Command elk-mtls is a post-renderer for Helm: manifests in, manifests out that require client certificates.
package main

import (
	"os"

	"github.com/elk-mtls/elk-mtls/plugin"
)

func main() { os.Exit(plugin.Main()) }
