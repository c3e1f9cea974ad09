// Package initcontainer is the command elk-mtls-init: settings and a Secret go in, and a service token that
// Elasticsearch accepts is in the Secret when it returns 0. Its program is in the folder elk-mtls-init below, so that
// go install gives it that name.
//
//	config → wait for Elasticsearch → ensure credential → write Secret → exit
package initcontainer

import (
	"log/slog"
	"os"

	"k8s.io/klog/v2"
)

// Main runs the command with what the process was given, and returns its exit code.
func Main() int {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go tells in its own form what its errors tell as well
	return run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
}
