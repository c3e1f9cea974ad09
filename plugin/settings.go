package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
)

// settings puts together what the user said. A flag counts before the environment, that before the file.
func (o *options) settings() (config.Settings, error) { return o.settingsFrom(o.file) }

// settingsFrom is settings with something else in place of the file.
func (o *options) settingsFrom(file func() (config.Settings, error)) (config.Settings, error) {
	for _, f := range []struct {
		value *string
		name  string
	}{{&o.config, "CONFIG"}, {&o.report, "REPORT"}, {&o.reportFormat, "REPORT_FORMAT"}} {
		if *f.value == "" {
			*f.value = o.env("ELK_MTLS_" + f.name)
		}
	}
	if formats := []string{"text", "json"}; o.reportFormat != "" && !slices.Contains(formats, o.reportFormat) {
		return config.Settings{}, fmt.Errorf("--report-format: %q is not one of text, json%s", o.reportFormat,
			closest.Hint(o.reportFormat, formats))
	}
	if o.host != "" && o.host != hostHelm4 {
		return config.Settings{}, fmt.Errorf("--host: %q is not %s", o.host, hostHelm4)
	}
	s, err := file()
	if err != nil {
		return s, err
	}
	strangers, environment := s.Environment(o.environ)
	for _, name := range strangers {
		_, _ = fmt.Fprintf(o.stderr, "elk-mtls: %s is not a setting and changes nothing; elk-mtls help settings "+
			"lists them\n", name)
	}
	if o.allowRendered {
		s.Certificates.Rendered = config.Allow
	} else if o.gitOps && s.Certificates.Rendered == "" {
		s.Certificates.Rendered = config.Refuse
	}
	for _, f := range []struct{ flag, field *string }{
		{&o.mode, &s.Mode}, {&o.stage, &s.ClientAuthentication}, {&o.hooks, (*string)(&s.Hooks)},
		{&o.initImage, &s.InitContainer.Image},
	} {
		if *f.flag != "" {
			*f.field = *f.flag
		}
	}
	if err := errors.Join(environment, s.Validate()); err != nil {
		return s, o.whence(err)
	}
	s = s.WithDefaults()
	return s, o.whence(s.Validate())
}

// whence names a setting with a wrong value as the user set it: by its flag, its variable, or in the file.
func (o *options) whence(err error) error {
	flags := map[string]struct{ flag, value string }{
		"mode": {"--mode", o.mode}, "clientAuthentication": {"--client-authentication", o.stage},
		"hooks":               {"--hooks", o.hooks},
		"initContainer.image": {"--init-image", o.initImage},
	}
	all := problem.Each(err)
	for i, one := range all {
		var wrong *config.ValueError
		if !errors.As(one, &wrong) {
			continue
		}
		name := wrong.Path
		if variable, ok := config.Variable(o.environ, wrong.Path); flags[wrong.Path].value != "" {
			name = flags[wrong.Path].flag
		} else if ok {
			name = variable
		} else if o.config != "" {
			name = o.config + ": spec." + wrong.Path
		}
		all[i] = &config.ValueError{Path: name, Reason: wrong.Reason}
	}
	return errors.Join(all...)
}

// file reads the configuration file, if there is one.
func (o *options) file() (config.Settings, error) {
	if o.config == "" {
		return config.Settings{}, nil
	}
	text, err := os.ReadFile(o.config)
	if err != nil {
		return config.Settings{}, fmt.Errorf("--config: %w", err)
	}
	s, err := config.Parse(text)
	all := problem.Each(err)
	for i, one := range all {
		all[i] = fmt.Errorf("%s: %w", o.config, one)
	}
	return s, errors.Join(all...)
}

// env looks a variable up, also under the name that Argo CD gives it.
func (o *options) env(name string) string {
	value := ""
	for _, entry := range o.environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			return v
		}
		if v, ok := strings.CutPrefix(entry, "ARGOCD_ENV_"+name+"="); ok {
			value = v
		}
	}
	return value
}

func (o *options) writeReport(r *report.Report) error {
	if o.report == "" {
		return nil
	}
	text := []byte(r.Text())
	if o.reportFormat == "json" {
		var err error
		if text, err = r.JSON(); err != nil {
			return err
		}
	}
	if o.report == "-" {
		_, err := o.stderr.Write(text)
		return err
	}
	//nolint:gosec // a report holds no secret, and CI reads it as somebody else
	if err := os.WriteFile(o.report, text, 0o644); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// settingsTopic is the help page that lists every setting with its default and its name in the environment. It is put
// together when somebody asks for it: the program starts with every call of Helm.
func settingsTopic() *cobra.Command {
	cmd := &cobra.Command{Use: "settings", Short: "Every setting: file, environment, default"}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		_, _ = io.WriteString(cmd.OutOrStdout(), settingsHelp())
	})
	return cmd
}

func settingsHelp() string {
	var b strings.Builder
	b.WriteString("A configuration file (--config):\n\n  apiVersion: " + config.APIVersion + "\n  kind: " +
		config.Kind +
		"\n  spec:\n    mode: cert-token\n    certificates: {secretName: my-certs}\n\n" +
		"A flag counts before the environment, that before the file, that before what the manifests tell, that " +
		"before the default.\n" +
		"Lists and mappings in the environment are YAML: ELK_MTLS_UNMANAGED='[{ref: Deployment/grafana, reason: has " +
		"its own}]'\n\n")
	for _, d := range config.Describe() {
		fmt.Fprintf(&b, "  %-34s %s\n  %34s %s (default %s)\n", d.Path, d.Env, "", d.What, d.Default)
	}
	return b.String()
}
