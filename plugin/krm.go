package plugin

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/krm"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// resourceList gives the ResourceList that the input is; nil when it is none.
func resourceList(input []byte) (*manifest.Stream, *krm.List, error) {
	stream, err := manifest.Split(input)
	if err != nil {
		return nil, nil, err
	}
	list, err := krm.Of(stream)
	return stream, list, err
}

// function is the post-renderer as a KRM function: settings come from functionConfig, and what there is to say goes
// into results. An error stands there, on stderr, which kustomize shows in place of results, and in the exit code.
func (o *options) function(stream *manifest.Stream, list *krm.List, err error) error {
	if err != nil {
		return err
	}
	o.gitOps = true
	output, err := o.runFunction(stream, list)
	if err == nil {
		_, err = o.stdout.Write(output)
		return err
	}
	var results []krm.Result
	for _, p := range problem.All(err) {
		results = append(results, krm.Result{Severity: "error", Message: strings.ReplaceAll(p.Error(), "\n", "; "),
			Object: list.Item(p.Object.Kind, p.Object.Namespace, p.Object.Name)})
	}
	answer, printing := krm.Failure(results)
	if printing == nil {
		_, printing = io.WriteString(o.stdout, answer)
	}
	return errors.Join(err, printing)
}

func (o *options) runFunction(stream *manifest.Stream, list *krm.List) ([]byte, error) {
	settings, err := o.settingsFrom(func() (config.Settings, error) { return o.functionConfig(list) })
	if err != nil {
		return nil, usageError{err}
	}
	outcome, err := secure(stream, settings)
	if err != nil {
		return nil, err
	}
	if err := list.SetResults(results(list, outcome)); err != nil {
		return nil, err
	}
	output, err := stream.Bytes()
	if err != nil {
		return nil, err
	}
	return output, o.writeReport(outcome)
}

// functionConfig reads the configuration that the list carries: our own kind, or a ConfigMap, which kpt makes of a
// Kptfile's configMap.
func (o *options) functionConfig(list *krm.List) (config.Settings, error) {
	node := list.FunctionConfig()
	if node == nil {
		return o.file()
	}
	if o.config != "" {
		return config.Settings{}, fmt.Errorf("--config %s: the ResourceList has a functionConfig, and one of the two "+
			"must say it all", o.config)
	}
	if object.Text(node, "kind") == "ConfigMap" {
		s, err := config.FromPairs(object.Pairs(node, "data"))
		if err != nil {
			return s, fmt.Errorf("functionConfig: %w", err)
		}
		return s, nil
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		return config.Settings{}, fmt.Errorf("functionConfig: %w", err)
	}
	s, err := config.Parse(text)
	if err != nil {
		return s, fmt.Errorf("functionConfig: %w", err)
	}
	return s, nil
}

// results says in the form of a function what the report says.
func results(list *krm.List, r *report.Report) []krm.Result {
	var all []krm.Result
	add := func(severity, message string, id report.Object) {
		all = append(all, krm.Result{Severity: severity, Message: message,
			Object: list.Item(id.Kind, id.Namespace, id.Name)})
	}
	for _, p := range r.Patched {
		if n := len(p.Changes); n > 0 {
			add("info", fmt.Sprintf("%s/%s: %d changes", p.Object.Kind, p.Object.Name, n), p.Object)
		}
	}
	for _, e := range r.Added {
		add("info", fmt.Sprintf("%s/%s: added: %s", e.Object.Kind, e.Object.Name, e.Why), e.Object)
	}
	for _, e := range r.Removed {
		add("info", fmt.Sprintf("%s/%s: removed: %s", e.Object.Kind, e.Object.Name, e.Why), e.Object)
	}
	for _, line := range r.Assumed {
		add("info", "must hold in the cluster: "+line.String(), line.About)
	}
	for _, line := range r.Todo {
		add("warning", "to do: "+line.String(), line.About)
	}
	return all
}
