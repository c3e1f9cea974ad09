// Command demo shows the whole thing on one machine: the example release comes in, a real Elasticsearch with exactly the settings and
// certificates of the patched manifests and a service token that logs in over mutual TLS go out. It needs no cluster and no Helm.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

// run shows the steps in order. Everything lives in a folder of its own, which goes away whatever happens.
func run(ctx context.Context) error {
	d := &demo{ctx: ctx, begin: time.Now()}
	var err error
	if d.dir, err = os.MkdirTemp("", "elk-mtls-demo-"); err != nil {
		return err
	}
	err = d.show()
	if left := d.clean(); left != nil {
		return errors.Join(err, left)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted; everything is cleaned up")
	}
	if err == nil {
		fmt.Printf("\nDone in %.0f s; nothing is left behind. README.md tells how to do it with your own charts.\n", time.Since(d.begin).Seconds())
	}
	return err
}

func (d *demo) show() error {
	for _, s := range []struct {
		what string
		do   func() (detail string, err error)
	}{
		{"both programs are built", d.build},
		{"a CA and one pair with the names of the release are made", d.certify},
		{"elk-mtls patches the example release", d.patch},
		{"Elasticsearch runs with the settings and files of the patched manifests", d.start},
		{"a client without a certificate is refused", d.refused},
		{"elk-mtls-init creates Kibana's service token over mutual TLS", d.ensure},
		{"certificate + token log in as elastic/kibana", d.login},
		{"the same for a request of one of Kibana's users", d.loginAsUser},
		{"a second run of elk-mtls-init changes nothing", d.again},
		{"a second run of elk-mtls changes nothing", d.patchAgain},
	} {
		start := time.Now()
		detail, err := s.do()
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		if err != nil {
			fmt.Printf("✗ %s\n", s.what)
			return err
		}
		fmt.Printf("✓ %-76s %5.1f s\n", s.what, time.Since(start).Seconds())
		if detail != "" {
			fmt.Printf("    %s\n", detail)
		}
	}
	return nil
}
