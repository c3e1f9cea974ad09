package initcontainer

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// settings are those of one command.
type settings interface {
	Flags(*pflag.FlagSet)
	Complete(getenv func(string) string) error
	Validate() error
	Output() config.Output
}

// command makes a command of its settings and of what it does with them, once they are complete and right.
func command(environ []string, report *reporter, c *cobra.Command, o settings, do func(context.Context, edge) error) *cobra.Command {
	c.Args = noArgs
	o.Flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		env := config.FromEnv(c.Flags(), environ)
		completed := o.Complete(lookup(environ))
		out := o.Output()
		report.json, report.terminationLog = out.LogFormat == "json", out.TerminationLog
		if completed != nil {
			return completed
		}
		if err := errors.Join(env, o.Validate()); err != nil {
			return usage(err)
		}
		return do(c.Context(), edge{clock: systemClock(), log: slog.New(report.handler()), stdout: c.OutOrStdout()})
	}
	return c
}

func ensureCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Ensure
	return command(environ, report, &cobra.Command{
		Use:   contract.Ensure,
		Short: "Make sure that Kibana can log in: by default, that the Secret holds a service token that works",
		Long: `Make sure that Kibana can log in. With a service token: one that works is left alone; where there is none, one is made
and written to the Secret. In the password modes: its user can log in; the password is set only with --set-password. In
mode pki: the licence has PKI realms, and the certificate alone has the role, by a role mapping that is written where it
differs.` + about,
	}, &o, func(ctx context.Context, e edge) error { return ensureMode(ctx, o, e) })
}

func rotateCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Rotate
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "rotate",
		Short: "Replace the service token, restart its users, delete the old one",
		Long: `Replace the service token while its users go on: a new one is written, the workloads are restarted, and when no pod is
left that may have the old one, that is deleted. Interrupted anywhere, a second run finishes; until then both are valid. It
needs rights of its own: --print-role prints them. With a workload the settings are those of its init container, as for doctor.` + about,
	}, &o, func(ctx context.Context, e edge) error { return rotate(ctx, o, e) }), &o)
}

func revokeCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Revoke
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "revoke",
		Short: "Take the token out of the Secret and delete all that it recorded; with --orphans: what nothing records; what Secrets that are gone left",
		Long: `Take the token out of the Secret and delete every token that it recorded: before an uninstall, which leaves them in
Elasticsearch. Kibana cannot log in afterwards. With --orphans nothing of that is done: tokens are listed that were made for
this very Secret and that it does not name any more, because somebody emptied it; --yes deletes them. Tokens made for
another Secret are left alone. With --secret NAMESPACE/NAME, or with --namespace alone, tokens are listed whose Secret is
not there any more, deleted or made anew; --yes deletes them. With a workload, such as deployment/kibana, the settings are
those of its init container, as for doctor.` + about,
	}, &o, func(ctx context.Context, e edge) error { return revoke(ctx, o, e) }), &o)
}

func doctorCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Doctor
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that Kibana's login needs, and change nothing",
		Long: `Look at everything that Kibana's login needs, and change nothing: connection, certificates, licence, the token, its pods,
rights on both sides. ✓ is well, ‼ is to know, ✗ is a problem, and then the exit code is 1. Below each stands what to do. The
last line is what was not looked at.

With a workload, such as deployment/kibana, the settings are those of its init container, and its files are read out of the
Secrets that it mounts: --kubeconfig and --namespace are found as kubectl does, and outside the cluster --elasticsearch-url
says how to reach Elasticsearch.` + about,
	}, &o, func(ctx context.Context, e edge) error { return doctor(ctx, o, e) }), &o)
}

var about = `

Every flag can also be given as ELK_MTLS_INIT_<FLAG>, in upper snake case; the flag wins.

Exit codes:
` + failure.Codes()
