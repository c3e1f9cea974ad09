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
func command(environ []string, report *reporter, c *cobra.Command, o settings,
	do func(context.Context, edge) error) *cobra.Command {
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
		Short: "Make sure that Kibana can log in, by default with a service token in a Secret",
		Long: `Make sure that Kibana can log in.

Token modes: keep a service token that works. If the Secret holds none, create one and write it there. Password modes:
wait until Kibana's user can log in. Set the password only with --set-password. Mode pki: check that the licence has
PKI realms and that the certificate alone has the role. Write the role mapping if it differs.` + about,
	}, &o, func(ctx context.Context, e edge) error { return ensureMode(ctx, o, e) })
}

func rotateCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Rotate
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "rotate",
		Short: "Replace the service token, restart the workloads that use it, delete the old token",
		Long: `Replace the service token without an outage: create a new one, restart the workloads, and delete the
old one once no pod can still have it. If it is interrupted, run it again: it continues, and both tokens are valid
until then.

It needs more rights than the init container: --print-role prints them. If you name a workload, the settings are those
of its init container.` + about,
	}, &o, func(ctx context.Context, e edge) error { return rotate(ctx, o, e) }), &o)
}

func renewCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Renew
	return command(environ, report, &cobra.Command{
		Use:   "renew",
		Short: "Restart the workloads whose pods read a renewed certificate only at startup",
		Long: `Restart the workloads whose pods read a certificate only at startup, after it was renewed. They restart
one after the other, each by a rolling update. The command makes one pass and exits.

The post-renderer has annotated each of these workloads with the Secret keys that its pods read. At each restart, the
workload gets a digest of what they hold. So a renewal never restarts a workload twice, and none is missed if a pass is
interrupted. A workload without a digest is restarted once. No workload is restarted if the new certificate is not
valid now, or does not belong to its key.

--print-role prints the Role that the command needs. The command does not call Elasticsearch.` + about,
	}, &o, func(ctx context.Context, e edge) error { return renew(ctx, o, e) })
}

func revokeCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Revoke
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "revoke",
		Short: "Delete tokens in Elasticsearch: that of a Secret, or those that no Secret holds any more",
		Long: `Remove the token from the Secret, and delete every token that the Secret records. Run it before an
uninstall, which does not delete tokens in Elasticsearch. Afterwards Kibana cannot log in.

  --orphans                              list tokens that were created for this Secret and that it no longer names
  --secret NAMESPACE/NAME, --namespace   list tokens whose Secret was deleted or created again
  --yes                                  delete what is listed

Tokens that were created for another Secret are never touched. If you name a workload, such as deployment/kibana, the
settings are those of its init container.` + about,
	}, &o, func(ctx context.Context, e edge) error { return revoke(ctx, o, e) }), &o)
}

func doctorCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Doctor
	return byWorkload(environ, command(environ, report, &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that Kibana's login needs, and change nothing",
		Long: `Check everything that Kibana's login needs, and change nothing: connection, certificates, licence, the
token, its pods, and rights in Kubernetes and Elasticsearch. ✓ is fine, ‼ is a warning, ✗ is a problem and makes the
exit code 1. Each comes with what to do. The last line says what was not checked.

If you name a workload, such as deployment/kibana, the settings are those of its init container, and its files are
read from the Secrets that it mounts. --kubeconfig and --namespace work as in kubectl. Outside the cluster,
--elasticsearch-url says how to reach Elasticsearch.` + about,
	}, &o, func(ctx context.Context, e edge) error { return doctor(ctx, o, e) }), &o)
}

var about = `

Every flag can also be given as the variable ELK_MTLS_INIT_<FLAG>, in upper snake case. The flag wins.

Exit codes:
` + failure.Codes()
