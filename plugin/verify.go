package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/internal/version"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/sarif"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// verifyOptions are the command line of elk-mtls verify.
type verifyOptions struct {
	*options
	output string
	with   []string
	now    string
	within string
	strict bool
}

func verifyCommand(o *options) *cobra.Command {
	v := &verifyOptions{options: o}
	cmd := &cobra.Command{
		Use:   "verify [flags] [FILE|-]",
		Short: "Prove from manifests that Elasticsearch accepts every client",
		Long: `elk-mtls verify reads any manifests and follows every connection to Elasticsearch: from the setting to
the mount, the volume, the Secret and the certificate. It changes nothing, and it does not matter whether elk-mtls
patched them.

PROVEN      every link holds
PROVEN IF   every link holds under the assumptions that are listed; --with FILE brings Secrets that the
            manifests do not have
NOT PROVEN  a link is broken, or could not be followed; each finding has a code, explained in docs/findings
UNMANAGED   the configuration lists it as taken care of by somebody else

Exit 0: PROVEN, and PROVEN IF without --strict. 1: NOT PROVEN. 2: a flag is wrong, or the input is not manifests.`,
		Example: `  # what would be installed
  helm template elk ./chart | elk-mtls | elk-mtls verify

  # what is installed, with the Secrets in which the certificates are
  helm get manifest elk -n elastic |
    elk-mtls verify --with <(kubectl get secret elasticsearch-master-certs -n elastic -o yaml)

  # in CI: no assumption is taken, and certificates last another month
  elk-mtls verify --strict --with secrets.yaml --fail-if-expires-within 30d -o json manifests.yaml

  # a picture for a pull request
  elk-mtls verify -o mermaid manifests.yaml`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return v.run(args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&v.output, "output", "o", "text", strings.Join(verifyOutputs(), " | "))
	f.StringVar(&o.stage, "client-authentication", "", "what Elasticsearch must ask for: none | optional | required "+
		"(default required, or what --config says)")
	f.StringArrayVar(&v.with, "with", nil, "`FILE` with Secrets and ConfigMaps that are already in the cluster; "+
		"repeatable")
	f.BoolVar(&v.strict, "strict", false, "take no assumption: PROVEN IF ends with exit 1")
	f.StringVar(&v.within, "fail-if-expires-within", "", "certificates that end within this `TIME` (30d, 12h) are "+
		"findings")
	f.StringVar(&v.now, "now", "", "the `TIME` at which certificates must be valid (2026-12-31, or RFC 3339); "+
		"default: now")
	f.StringVar(&o.config, "config", "", "configuration `FILE` (kind MutualTLS): its mode and client authentication, "+
		"what is unmanaged, the rules")
	_ = cmd.RegisterFlagCompletionFunc("output",
		cobra.FixedCompletions(verifyOutputs(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("client-authentication",
		cobra.FixedCompletions([]string{config.None, config.Optional, config.Required},
			cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func verifyOutputs() []string { return []string{"text", "json", "sarif", "mermaid"} }

// errNotProven ends the program with exit 1 after the verdict was written.
var errNotProven = errors.New("not proven")

func (v *verifyOptions) run(args []string) error {
	proof, err := v.proof()
	if err != nil {
		return usageError{err}
	}
	input, err := v.manifests(args)
	if err != nil {
		return usageError{err}
	}
	proof.Tool, proof.Inputs = version.Text(), []verify.Input{digested(append(args, stdinName)[0], input)}
	stream, with, err := v.streams(input, &proof)
	if err != nil {
		return usageError{err}
	}
	graph, err := verify.Manifests(stream, with, proof)
	if err != nil {
		return usageError{explained(err, input)}
	}
	text, err := v.written(graph)
	if err != nil {
		return err
	}
	if _, err := v.stdout.Write(text); err != nil {
		return err
	}
	switch {
	case graph.Verdict == verify.NotProven:
		return fmt.Errorf("%w: %s", errNotProven, counted(len(graph.Findings), "finding"))
	case graph.Verdict == verify.ProvenIf && v.strict:
		return fmt.Errorf("%w: --strict accepts no assumption, and the proof needs %s", errNotProven,
			counted(len(graph.Assumptions), "assumption"))
	}
	return nil
}

// written gives the graph in the form that was asked for.
func (v *verifyOptions) written(graph *verify.Graph) ([]byte, error) {
	switch v.output {
	case "json":
		return graph.JSON()
	case "sarif":
		return sarif.Log(graph)
	case "mermaid":
		return []byte(graph.Mermaid()), nil
	}
	if v.coloured() {
		return []byte(paintVerify(graph.Text(), width(v.stdout))), nil
	}
	return []byte(fold(graph.Text(), width(v.stdout))), nil
}

// proof checks the command line and gives what is to be proven.
func (v *verifyOptions) proof() (verify.Options, error) {
	settings, err := v.settings()
	proof := proofOf(settings)
	problems := []error{err}
	if !slices.Contains(verifyOutputs(), v.output) {
		problems = append(problems, fmt.Errorf("--output: %q is not one of %s%s", v.output,
			strings.Join(verifyOutputs(), ", "), closest.Hint(v.output, verifyOutputs())))
	}
	if v.now != "" {
		if proof.Now, err = parseTime(v.now); err != nil {
			problems = append(problems, fmt.Errorf("--now: %w", err))
		}
	}
	if v.within != "" {
		if proof.Within, err = parseDays(v.within); err != nil {
			problems = append(problems, fmt.Errorf("--fail-if-expires-within: %w", err))
		}
	}
	return proof, errors.Join(problems...)
}

// proofOf gives what is to be proven where a configuration holds.
func proofOf(s config.Settings) verify.Options {
	proof := verify.Options{ClientAuthentication: s.ClientAuthentication, PKI: s.Mode == config.ModePKI,
		Now: time.Now(), Elasticsearch: s.Elasticsearch.URLs()}
	for _, u := range s.Unmanaged {
		proof.Unmanaged = append(proof.Unmanaged, verify.Entry{Ref: u.Ref, Reason: u.Reason})
	}
	for _, r := range s.Rules {
		rule := verify.Rule{As: r.As, Env: r.Env, Args: r.Args}
		rule.Kind, rule.Name, rule.Container = r.Object()
		for _, f := range r.Files {
			rule.Files = append(rule.Files, verify.RuleFile(f))
		}
		proof.Rules = append(proof.Rules, rule)
	}
	return proof
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write it like 2026-12-31 or 2026-12-31T12:00:00Z", text)
}

// parseDays reads a duration; unlike Go it knows days.
func parseDays(text string) (time.Duration, error) {
	days, isDays := strings.CutSuffix(text, "d")
	if n, err := strconv.Atoi(days); isDays && err == nil && n > 0 && n < 36500 {
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not a time: write it like 30d or 12h", text)
}

// streams takes the manifests apart, and the files that go with them, which it notes in proof.
func (v *verifyOptions) streams(input []byte, proof *verify.Options) (stream *manifest.Stream, with []*manifest.Stream,
	err error) {
	for _, file := range v.with {
		text, err := readFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("--with: %w", err)
		}
		proof.Inputs = append(proof.Inputs, digested(file, text))
		more, err := manifest.Split(text)
		if err == nil {
			err = holdsObject(more)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("--with %s: %w", file, explained(err, text))
		}
		with = append(with, more)
	}
	stream, err = manifest.Split(input)
	return stream, with, err
}

// holdsObject refuses a stream in which nothing has a kind: the command that should have written it has failed. A list
// may be empty.
func holdsObject(stream *manifest.Stream) error {
	for _, doc := range stream.Documents() {
		if _, err := object.In(doc); err != nil {
			return err
		}
		if root, _ := doc.Root(); root != nil && object.Text(root, "kind") != "" {
			return nil
		}
	}
	return recognise.ErrNoObject
}

func digested(name string, text []byte) verify.Input {
	sum := sha256.Sum256(text)
	return verify.Input{Name: name, SHA256: hex.EncodeToString(sum[:])}
}

// counted gives a number of things in words.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
