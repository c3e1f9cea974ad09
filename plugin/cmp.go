package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/plugin/internal/argocd"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// cmpOptions are the command line of elk-mtls cmp.
type cmpOptions struct {
	*options
	helm string // the program
}

func cmpCommand(o *options) *cobra.Command {
	c := &cmpOptions{options: o}
	cmd := &cobra.Command{
		Use:   "cmp",
		Short: "Render and secure a chart, as a config management plugin of Argo CD",
		Long: `argocd-cmp-server runs these two commands in the folder of an Application: init fetches the chart's
dependencies that are not in the repository, and generate runs helm template and patches its output. See
docs/argocd.md.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("no such command: cmp %s; see elk-mtls cmp --help", args[0])}
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("cmp needs a command: generate or init; see elk-mtls cmp --help")}
		},
	}
	for _, step := range []struct {
		name, what string
		run        func(ctx context.Context) error
	}{
		{"init", "Fetch the dependencies of the chart that are missing", c.init},
		{"generate", "Write the secured manifests of the chart to stdout", c.generate},
	} {
		sub := &cobra.Command{Use: step.name, Short: step.what,
			RunE: func(cmd *cobra.Command, _ []string) error { return step.run(cmd.Context()) }}
		sub.Args = cmd.Args
		sub.Flags().StringVar(&c.helm, "helm", "helm", "the `PROGRAM` helm, 3 or 4")
		cmd.AddCommand(sub)
	}
	return cmd
}

// generate is the post-renderer with helm before it. A sync renders anew each time, and what it gives is all that
// the cluster keeps: no output, or one that lacks what failed, would be taken for a wish to delete.
func (c *cmpOptions) generate(ctx context.Context) error {
	c.gitOps = true
	app, err := argocd.Read(c.environ, config.IsParameter)
	if err != nil {
		return usageError{err}
	}
	settings, err := c.settingsFrom(func() (config.Settings, error) { return c.fileOf(app) })
	if err != nil {
		return usageError{err}
	}
	stream, err := c.runHelm(ctx, app.Inline, app.Arguments()...)
	if err != nil {
		return err
	}
	output, outcome, err := transform(stream, settings)
	if errors.Is(err, recognise.ErrNoObject) {
		return errors.New("helm template gives no Kubernetes object: Argo CD would take that for a wish to delete " +
			"all of the Application's")
	}
	if err != nil {
		return err
	}
	if err := c.writeReport(outcome); err != nil {
		return err
	}
	_, err = c.stdout.Write(output)
	return err
}

// fileOf is the configuration file that an Application names. It comes from whoever may change the Application, not
// from whoever runs Argo CD: it can read what is in the repository, and write nothing.
func (c *cmpOptions) fileOf(app argocd.Application) (config.Settings, error) {
	if c.report != "" && c.report != "-" {
		return config.Settings{}, fmt.Errorf("ELK_MTLS_REPORT: %q is a file, and under Argo CD the report goes to "+
			"the log of the plugin only: -", c.report)
	}
	if c.config != "" {
		if err := app.Inside(c.config); err != nil {
			return config.Settings{}, fmt.Errorf("ELK_MTLS_CONFIG: %w", err)
		}
	}
	return c.file()
}

// init fetches dependencies only where some are missing, as Argo CD does for charts of its own: what is in the
// repository is meant.
func (c *cmpOptions) init(ctx context.Context) error {
	for _, name := range []string{"Chart.yaml", "requirements.yaml"} {
		text, err := os.ReadFile(name) //nolint:gosec // one of the two names above
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		chart, err := yaml.Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, dependency := range object.Items(chart, "dependencies") {
			missing, err := missingChart(object.Text(dependency, "name"))
			if err != nil {
				return err
			}
			if missing {
				_, err := c.runHelm(ctx, "", "dependency", "build")
				return err
			}
		}
	}
	return nil
}

// missingChart tells whether a dependency is neither a folder nor an archive under charts.
func missingChart(name string) (bool, error) {
	archives, err := filepath.Glob(filepath.Join("charts", name+"-*.tgz"))
	if err != nil {
		return false, err
	}
	_, err = os.Stat(filepath.Join("charts", name)) //nolint:gosec // nothing is read there
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	return err != nil && len(archives) == 0, nil
}

// runHelm gives what helm writes to stdout. What it says besides is part of the error, which Argo CD shows, or goes to
// stderr.
func (c *cmpOptions) runHelm(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.helm, args...) //nolint:gosec // which helm is for the operator to say
	cmd.Env = c.environ
	cmd.Stdin = strings.NewReader(stdin)
	var message strings.Builder
	cmd.Stderr = &message
	output, err := cmd.Output()
	if err != nil {
		return nil, errors.New(strings.TrimSpace(fmt.Sprintf("helm %s: %v\n%s", args[0], err, message.String())))
	}
	_, err = c.stderr.Write([]byte(message.String()))
	return output, err
}
