// Command elk-mtls is a post-renderer for Helm: manifests in, manifests out that require client certificates.
package main

import (
	"os"
	"runtime/debug"
)

// version is set by the build.
var version = "dev"

// garbage is what may pile up before it is collected, in percent of 4 MB: a release is done before.
const garbage = 400

func main() {
	debug.SetGCPercent(garbage)
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
