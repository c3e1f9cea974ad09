// Command demo shows the whole thing on one machine. Before: a real Elasticsearch with the settings of the stock manifests lets in whoever
// has the password, and the chart's own probe fails once certificates are required by hand. After: with the settings and certificates of
// the patched manifests nobody connects without a certificate, the probe passes, and Kibana's token logs in. No cluster, no Helm.
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
	// SIGHUP and SIGPIPE come when the terminal is closed: then, too, everything is cleaned up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

// run shows the steps in order. Everything lives in a folder of its own, which goes away whatever happens.
func run(ctx context.Context) error {
	d := &demo{programs: programs{ctx: ctx}, begin: time.Now()}
	var err error
	if d.dir, err = os.MkdirTemp("", "elk-mtls-demo-"); err != nil {
		return err
	}
	err = d.show()
	name := "a real Elasticsearch"
	if d.missing != nil {
		name = "a stand-in for Elasticsearch (" + howToGetTheRealOne + ")"
	}
	if left := d.clean(); left != nil {
		return errors.Join(err, left)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted; everything is cleaned up")
	}
	if err == nil {
		fmt.Printf("\nDone in %.0f s, on %s; for Kibana a stand-in logged in, with what its container sees. Nothing is left behind.\n",
			time.Since(d.begin).Seconds(), name)
		fmt.Println("README.md shows how to do it with your own charts.")
	}
	return err
}

// step is one thing that is done and shown; a heading is a step that does nothing.
type step struct {
	what string
	do   func() (detail string, err error)
}

func (d *demo) show() error {
	for _, s := range []step{
		{"both programs are built", d.build},
		{"a CA and one certificate with the names of the release are made", d.certify},
		{"Before: the chart alone", nil},
		{"Elasticsearch runs with the settings and files of the chart", d.startStock},
		{"a client without a certificate is let in", d.letsIn},
		{"Elasticsearch runs with client_authentication: required, set by hand", d.startByHand},
		{"the chart's own readiness probe fails", d.probeFails},
		{"After: the chart with elk-mtls", nil},
		{"elk-mtls patches the chart's manifests", d.patch},
		{"Elasticsearch runs with the settings and files of the patched manifests", d.startPatched},
		{"a client without a certificate is refused", d.refused},
		{"the readiness probe passes, exactly as it stands in the manifest", d.probePasses},
		{"elk-mtls-init creates Kibana's service token over mutual TLS", d.ensure},
		{"Kibana logs in with certificate and token, as elastic/kibana", func() (string, error) { return d.login(false) }},
		{"so does a request of one of Kibana's users", func() (string, error) { return d.login(true) }},
		{"a second run of elk-mtls-init changes nothing", d.again},
		{"a second run of elk-mtls changes nothing", d.patchAgain},
	} {
		if s.do == nil {
			fmt.Printf("\n%s\n", s.what)
			continue
		}
		if err := showStep(d.ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func showStep(ctx context.Context, s step) error {
	start := time.Now()
	stop := ticking(s.what, start)
	detail, err := s.do()
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		fmt.Printf("✗ %s\n", s.what)
		return fmt.Errorf("%s: %w", s.what, err)
	}
	fmt.Printf("✓ %-76s %5.1f s\n", s.what, time.Since(start).Seconds())
	if detail != "" {
		fmt.Printf("    %s\n", detail)
	}
	return nil
}
