// Command elk-mtls-init runs before Kibana's container: settings and a Secret go in, and a service token that
// Elasticsearch accepts is in the Secret when it exits 0.
//
//	config → wait for Elasticsearch → ensure credential → write Secret → exit
package main

import (
	"log/slog"
	"os"

	"k8s.io/klog/v2"
)

func main() {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go tells in its own form what its errors tell as well
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
