package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = ""

const program = "elk-mtls-init"

// run is the whole program but for the exit.
func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := &reporter{stderr: stderr, terminationLog: config.DefaultTerminationLog()}
	root := &cobra.Command{
		Use:           program,
		Short:         "Make Kibana's service token over mutual TLS and keep it in a Secret",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // cobra's own message has no exit code
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unknown command %q: want ensure or version", args[0]))
			}
			return usage(errors.New("which command? ensure or version"))
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.AddCommand(ensureCommand(environ, report), versionCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	report.fail(err)
	return failure.Code(err)
}

func usage(err error) error {
	return failure.New(failure.Usage, err, "elk-mtls-init ensure --help lists the settings")
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, got %q", c.Name(), args[0]))
	}
	return nil
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), program, buildVersion())
			return err
		},
	}
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

func ensureCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Ensure
	c := &cobra.Command{
		Use:   "ensure",
		Short: "Make sure that Kibana can log in: by default, that the Secret holds a service token that works",
		Long: `Make sure that Kibana can log in. With a service token: one that works is left alone; where there is none, one is made
and written to the Secret. In the password modes: its user can log in; the password is set only with --set-password. In
mode pki: the licence has PKI realms, and the certificate alone has the role, by a role mapping that is written where it
differs. Every flag can also be given as ELK_MTLS_INIT_<FLAG>, in upper snake case; the flag wins.

Exit codes: 0 done, 2 usage, 10 unreachable or timeout, 11 wrong CA, 12 host name, 13 no or refused client certificate,
14 dates, 15 Elasticsearch 401, 16 Elasticsearch 403, 17 Elasticsearch 503, 18 licence, 20 Kubernetes 403, 21 Secret missing,
22 Secret immutable, 1 anything else.`,
		Args: noArgs,
	}
	o.Flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		env := config.FromEnv(c.Flags(), environ)
		completed := o.Complete(lookup(environ))
		report.json, report.terminationLog = o.LogFormat == "json", o.TerminationLog
		if completed != nil {
			return completed
		}
		if err := errors.Join(env, o.Validate()); err != nil {
			return usage(err)
		}
		return ensureMode(c.Context(), o, edge{
			clock:  systemClock(),
			log:    slog.New(report.handler()),
			stdout: c.OutOrStdout(),
		})
	}
	return c
}

func lookup(environ []string) func(string) string {
	return func(name string) string {
		for _, entry := range environ {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value
			}
		}
		return ""
	}
}
