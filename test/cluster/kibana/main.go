// Command kibana stands in for Kibana in a pod: it reads the environment and the files that Kibana would, refuses what
// Kibana refuses, and logs in to Elasticsearch as Kibana does, once as itself and once on behalf of a user. In goes the
// pod; out comes its readiness: every path is answered with 200 while both logins work, with 503 and the reasons else.
//
// GET /who-am-i answers in JSON how each login went. A request with an Authorization header is made to Elasticsearch
// under that header, on the connection that serves Kibana's users.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const configFile = "/usr/share/kibana/config/kibana.yml"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Environ())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "FATAL ", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, environ []string) error {
	file, err := os.ReadFile(configFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	settings, err := read(file, environ)
	if err != nil {
		return err
	}
	settings.print(os.Stdout)
	k, err := start(settings)
	if err != nil {
		return err
	}
	host := settings["server.host"]
	if host == "" {
		host = "localhost"
	}
	server := &http.Server{Addr: host + ":5601", Handler: k, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
