// Package plugin is the command elk-mtls: manifests come in, and manifests that require client certificates go out.
// Its program is in the folder elk-mtls below, so that go install gives it that name.
package plugin

import (
	"os"
	"runtime/debug"
)

// garbage is what may pile up before it is collected, in percent of 4 MB: a release is done before.
const garbage = 400

// Main runs the command with what the process was given, and returns its exit code.
func Main() int {
	debug.SetGCPercent(garbage)
	return run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
}
