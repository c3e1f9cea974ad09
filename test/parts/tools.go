package parts

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// kubePart is the control plane, as far as the integration tests need it. A program more is a line more here, and a tool
// line more in test/tools/kube/go.mod.
func kubePart() part {
	t := tool{
		folder: "kube",
		programs: []program{
			{"etcd", "go.etcd.io/etcd/server/v3"},
			{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
		},
		ldflags: kubeVersion,
	}
	return t.part("kube", "etcd and kube-apiserver, built from source", 4, "KUBEBUILDER_ASSETS")
}

// kubeletPart is what makes a cluster of a control plane: controllers, a scheduler, and a node.
func kubeletPart() part {
	t := tool{
		folder: "kube",
		programs: []program{
			{"kubelet", "k8s.io/kubernetes/cmd/kubelet"},
			{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"},
			{"kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"},
			{"kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"},
		},
		ldflags: kubeVersion,
	}
	return t.part("kubelet", "kubelet, controllers, scheduler, kube-proxy, from source", 5, "")
}

// kubeVersion sets what the programs say of themselves: v0.0.0-master else, and Helm's checks of the version fail.
func kubeVersion(version func(string) string) []string {
	v := version("k8s.io/kubernetes")
	return setAll("k8s.io/component-base/version",
		"gitVersion="+v, "gitMajor=1", "gitMinor="+minor(v), "gitTreeState=clean",
		"gitCommit="+strings.Repeat("0", 40), "buildDate=1970-01-01T00:00:00Z")
}

func corednsPart() part {
	t := tool{folder: "coredns", programs: []program{{"coredns", "."}}}
	return t.part("coredns", "the cluster's DNS, built from source", 1.5, "")
}

func envtestPart() part {
	t := tool{folder: "envtest", programs: []program{{"envtest", "."}}}
	return t.part("envtest", "the small program that starts the control plane", 1, "")
}

// helmPart is Helm of that major version, with what its release builds set.
func helmPart(major int) part {
	module := fmt.Sprintf("helm.sh/helm/v%d", major)
	name := fmt.Sprintf("helm%d", major)
	t := tool{
		folder:   name,
		programs: []program{{"helm", module + "/cmd/helm"}},
		ldflags: func(version func(string) string) []string {
			flags := setAll(module+"/internal/version", "version="+version(module), "gitTreeState=clean")
			if major == 3 { // Helm 4 takes it from its own build information
				kube := []string{"k8sVersionMajor=1", "k8sVersionMinor=" + minor(version("k8s.io/client-go"))}
				flags = append(flags, setAll(module+"/pkg/chartutil", kube...)...)
				flags = append(flags, setAll(module+"/pkg/lint/rules", kube...)...)
			}
			return flags
		},
	}
	return t.part(name, fmt.Sprintf("Helm %d, built from source", major), 1.5, strings.ToUpper(name))
}

// kustomizePart is kustomize alone: kubectl's cannot run an exec function.
func kustomizePart() part {
	t := tool{folder: "kustomize", programs: []program{{"kustomize", "sigs.k8s.io/kustomize/kustomize/v5"}}}
	return t.part("kustomize", "kustomize, built from source", 0.5, "KUSTOMIZE")
}

// kubectlPart is kubectl, for what documents tell to type.
func kubectlPart() part {
	t := tool{folder: "kubectl", programs: []program{{"kubectl", "."}}}
	return t.part("kubectl", "kubectl, built from source", 1, "KUBECTL")
}

func helmfilePart() part {
	t := tool{folder: "helmfile", programs: []program{{"helmfile", "github.com/helmfile/helmfile"}}}
	return t.part("helmfile", "helmfile, built from source", 4, "HELMFILE")
}

// argocdPart is the part of Argo CD that calls a config management plugin.
func argocdPart() part {
	t := tool{folder: "argocd", programs: []program{{"argocd", "."}}}
	return t.part("argocd", "argocd-cmp-server and its client, built from source", 3, "")
}

// certManagerPart is what issues and renews certificates.
func certManagerPart() part {
	t := tool{folder: "certmanager", programs: []program{{"certmanager", "."}}}
	return t.part("certmanager", "controllers of cert-manager, built from source", 1.5, "")
}

// CertManager is the version of cert-manager, which has the definitions of its kinds too.
const CertManager = "v1.21.2"

// promtoolPart tests the rules of Prometheus. It discovers no targets, so it needs none of the many clients for that.
func promtoolPart() part {
	t := tool{folder: "promtool", programs: []program{{"promtool", "github.com/prometheus/prometheus/cmd/promtool"}}, tags: "remove_all_sd"}
	return t.part("promtool", "promtool, built from source", 2, "PROMTOOL")
}

// sbomPart tells what a program is made of.
func sbomPart() part {
	t := tool{folder: "sbom", programs: []program{{"cyclonedx-gomod", "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod"}}}
	return t.part("sbom", "cyclonedx-gomod, built from source", 0.5, "CYCLONEDX_GOMOD")
}

// peer gives a program that `make bench` compares with.
func peer(name string) (part, bool) {
	pkg, ok := map[string]string{
		"ytt": "carvel.dev/ytt/cmd/ytt", "yq": "github.com/mikefarah/yq/v4", "gojq": "github.com/itchyny/gojq/cmd/gojq", "kio": ".",
	}[name]
	t := tool{folder: name, programs: []program{{name, pkg}}}
	return t.part(name, name+" as a peer of make bench, built from source", 0.5, ""), ok
}

// actionlintPart checks the workflows of the forge.
func actionlintPart() part {
	t := tool{folder: "actionlint", programs: []program{{"actionlint", "github.com/rhysd/actionlint/cmd/actionlint"}}}
	return t.part("actionlint", "actionlint, built from source", 0.5, "")
}

func lintPart() part {
	const pkg = "github.com/golangci/golangci-lint/v2"
	t := tool{
		folder:   "golangci-lint",
		programs: []program{{"golangci-lint", pkg + "/cmd/golangci-lint"}},
		ldflags: func(version func(string) string) []string {
			return setAll("main", "version="+version(pkg))
		},
	}
	return t.part("golangci-lint", "the linter, built from source", 1, "GOLANGCI_LINT")
}

func setAll(pkg string, values ...string) []string {
	flags := make([]string, 0, 2*len(values))
	for _, v := range values {
		flags = append(flags, "-X", pkg+"."+v)
	}
	return flags
}

// Helm returns the path of Helm of that major version, 3 or 4: $HELM3 or $HELM4 when set.
func Helm(ctx context.Context, major int) (string, error) {
	return Program(ctx, fmt.Sprintf("helm%d", major))
}

// Program returns the path of a part that is one program: helm3, helm4, kustomize, argocd, golangci-lint.
func Program(ctx context.Context, name string) (string, error) {
	p, err := byName(name)
	if err != nil {
		return "", err
	}
	if own, set := p.ownPath(); set {
		return own, nil
	}
	dir, err := p.dir(ctx)
	return filepath.Join(dir, p.program), err
}
