// Package parts gives tests and the demo the real things: a genuine Elasticsearch node with security, a real
// kube-apiserver with its etcd, Helm, kustomize and Argo CD. In goes the name of a part; out comes a path, or a running process.
//
// Each part is built or resolved once, from package registries only, into $ELK_MTLS_CACHE (default: elk-mtls in the
// user's cache folder), under a name that holds a hash of all that went in. What takes longer than a moment is
// announced with an estimate and reported line by line on stderr. A part that the user already has is used instead:
// ES_HOME, KUBEBUILDER_ASSETS, HELM3, HELM4, KUSTOMIZE, KUBECTL, HELMFILE, PROMTOOL.
package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Names are the parts that Prepare and Have know, in the order in which they are best prepared.
func Names() []string {
	return []string{
		"elasticsearch", "kube", "envtest", "helm3", "helm4", "kustomize", "kubectl", "helmfile", "argocd", "sbom", "golangci-lint", "kubelet", "coredns", "containerd", "base-image", "certmanager", "promtool",
		"exporter", "beats", "jaeger", "curator",
		"ytt", "yq", "gojq", "kio", "elastalert2",
	}
}

// Missing says that a part cannot be had on this machine, and what would change that. It is not a failure to build.
type Missing struct {
	Part   string
	Why    string
	Remedy string
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%s cannot be had here: %s; %s", m.Part, m.Why, m.Remedy)
}

// Required reports whether a missing part is a failure: ELK_MTLS_REQUIRE_REAL is set, as it is in CI.
func Required() bool {
	v := os.Getenv("ELK_MTLS_REQUIRE_REAL")
	return v != "" && v != "0"
}

// TB is the part of testing.TB that SkipOrFail needs, so that the demo does not link the testing package.
type TB interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// SkipOrFail ends the test when err is not nil: with a skip that says why when the part is Missing and not Required,
// else with a failure.
func SkipOrFail(t TB, err error) {
	t.Helper()
	var missing *Missing
	switch {
	case err == nil:
	case errors.As(err, &missing) && !Required():
		t.Skipf("LEFT OUT: %v", err)
	default:
		t.Fatalf("%v", err)
	}
}

// Have reports, without building anything, why the part of that name cannot be had: a *Missing, or nil if it can.
func Have(name string) error {
	p, err := byName(name)
	if err != nil {
		return err
	}
	if p.own != "" && os.Getenv(p.own) != "" || p.installed != nil && p.installed() {
		return nil
	}
	return p.needs()
}

// Dir returns the folder that holds a part of ours, whatever the user has of their own. It is empty for containerd, which
// belongs to the system.
func Dir(ctx context.Context, name string) (string, error) {
	p, err := byName(name)
	if err != nil {
		return "", err
	}
	p.own = ""
	return p.dir(ctx)
}

// Prepare builds or resolves the parts of these names that are not yet there, after printing the plan. A Missing part
// does not keep the others from being made; all that is missing is returned together.
func Prepare(ctx context.Context, names ...string) error {
	var todo []part
	var errs []error
	for _, name := range names {
		p, err := byName(name)
		if err != nil {
			return err
		}
		ready, err := p.ready()
		if err != nil {
			errs = append(errs, err)
		} else if !ready {
			todo = append(todo, p)
		}
	}
	announce(todo)
	for _, p := range todo {
		if _, err := p.dir(ctx); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

func byName(name string) (part, error) {
	if p, ok := peer(name); ok {
		return p, nil
	}
	of := map[string]func() part{
		"elasticsearch": elasticsearchPart,
		"envtest":       envtestPart,
		"kube":          kubePart,
		"helm3":         func() part { return helmPart(3) },
		"helm4":         func() part { return helmPart(4) },
		"kustomize":     kustomizePart,
		"kubectl":       kubectlPart,
		"helmfile":      helmfilePart,
		"argocd":        argocdPart,
		"certmanager":   certManagerPart,
		"promtool":      promtoolPart,
		"sbom":          sbomPart,
		"actionlint":    actionlintPart,
		"golangci-lint": lintPart,
		"kubelet":       kubeletPart,
		"coredns":       corednsPart,
		"containerd":    containerdPart,
		"exporter":      exporterPart,
		"beats":         beatsPart,
		"curator":       curatorPart,
		"elastalert2":   elastalertPart,
		"jaeger":        jaegerPart,
		"base-image":    baseImagePart,
	}
	if described, ok := of[name]; ok {
		return described(), nil
	}
	return part{}, fmt.Errorf("no part named %q: there are %s", name, strings.Join(Names(), ", "))
}

// OnlyMissing reports whether an error says of nothing but missing parts.
func OnlyMissing(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			if !OnlyMissing(e) {
				return false
			}
		}
		return true
	}
	var missing *Missing
	return errors.As(err, &missing)
}
