#!/usr/bin/env bash
# Makes a release: dist.sh FOLDER VERSION LDFLAGS. Programs for all platforms, both Helm 4 plugins, the images as OCI archives, SBOMs, the
# installer, checksums. The same commit gives the same bytes, whoever runs it and when; only signatures hold a time.
#
#   SIGN_KEY, SIGN_KEYRING   sign the plugins by this key (SIGN_PASSPHRASE_FILE: its passphrase); unsigned without
#   HELM4, SBOM              the programs helm and cyclonedx-gomod
#   SOURCE_DATE_EPOCH        the time of every file; default: that of the commit
set -euo pipefail
umask 022
out=$1 version=$2 ldflags=$3
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
case $version in
v[0-9]*) plugin_version=${version#v} ;;
*) plugin_version=0.0.0-dev-$version ;;
esac
mkdir -p "$out"
rm -f -- "$out"/elk-mtls* "$out"/install.sh "$out"/SHA256SUMS # of another version, or of a run that was stopped
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

for platform in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do
	os=${platform%/*} arch=${platform#*/}
	name=elk-mtls-$os-$arch
	[ "$os" != windows ] || name=$name.exe
	GOOS=$os GOARCH=$arch go build -trimpath -ldflags "$ldflags" -o "$out/$name" ./plugin/elk-mtls
done
for arch in amd64 arm64; do
	GOOS=linux GOARCH=$arch go build -trimpath -ldflags "$ldflags" -o "$out/elk-mtls-init-linux-$arch" ./initcontainer/elk-mtls-init
	mkdir -p "$stage/image/bin/linux/$arch"
	for name in elk-mtls elk-mtls-init; do
		cp "$out/$name-linux-$arch" "$stage/image/bin/linux/$arch/$name"
	done
done
cp Dockerfile "$stage/image/"
go -C test/tools/image run . -context "$stage/image" -archs "amd64 arm64" -tag "$version" elk-mtls elk-mtls-init | sed 's|.*/dist/|digest: |'
cp "$stage"/image/dist/*.oci.tar install.sh "$out/"

for program in "$out/elk-mtls-linux-amd64" "$out/elk-mtls-init-linux-amd64"; do
	name=$(basename "$program" -linux-amd64)
	"$SBOM" bin -json -std -noserial -notimestamp -version "$version" -output "$out/$name.cdx.json" "$program"
done

sign=(--sign=false)
if [ -n "${SIGN_KEY:-}" ]; then
	sign=(--key "$SIGN_KEY" --keyring "$SIGN_KEYRING" ${SIGN_PASSPHRASE_FILE:+--passphrase-file "$SIGN_PASSPHRASE_FILE"})
fi
# An archive names the owner of its files: root, for everybody.
root=()
[ "$(id -u)" = 0 ] || root=(unshare --map-root-user)
for plugin in elk-mtls elk-mtls-cli; do
	mkdir -p "$stage/$plugin/bin"
	sed "s/^version: .*/version: $plugin_version/" "plugin/helm/$plugin/plugin.yaml" >"$stage/$plugin/plugin.yaml"
	cp LICENSE "$stage/$plugin/"
	cp "$out"/elk-mtls-{linux,darwin,windows}-* "$stage/$plugin/bin/"
	chmod 755 "$stage/$plugin"/bin/*
	find "$stage/$plugin" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	"${root[@]}" "$HELM4" plugin package "$stage/$plugin" "${sign[@]}" --destination "$out"
done
cd "$out"
sha256sum -- elk-mtls*.tgz elk-mtls-{linux,darwin,windows}-* elk-mtls-init-linux-* *.cdx.json *.oci.tar install.sh >SHA256SUMS
