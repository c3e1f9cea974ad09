#!/bin/sh
# generate.sh VERSION, e.g. generate.sh 1.34.4: rewrites go.mod and go.sum here for another Kubernetes.
#
# k8s.io/kubernetes is published with replace directives that point into its own tree (./staging/src/...), so it
# cannot be built as a dependency as it is. The same code is published as modules of their own, v0.X.Y beside
# v1.X.Y: this names those instead. etcd needs no version: it comes out as the one that Kubernetes is built against.
set -eu
cd "$(dirname "$0")"
version=${1:?usage: generate.sh 1.MINOR.PATCH}
upstream=$(cd / && go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
{
	printf 'module github.com/elk-mtls/elk-mtls/test/tools/kube\n\n'
	sed -n -e 's/^go .*/&\n/p' -e 's/^godebug .*/&\n/p' "$upstream"
	printf 'require k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
	sed -n "s#^[[:space:]]*\(k8s.io/[^ ]*\) => ./staging/.*#\t\1 => \1 v0.${version#1.}#p" "$upstream"
	printf ')\n\ntool (\n\tgo.etcd.io/etcd/server/v3\n'
	for program in kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubelet; do
		printf '\tk8s.io/kubernetes/cmd/%s\n' "$program"
	done
	printf ')\n'
} >go.mod
rm -f go.sum
go mod tidy
