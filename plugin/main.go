// Command elk-mtls is a post-renderer for Helm: manifests in, manifests out that require client certificates.
package main

import "os"

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
