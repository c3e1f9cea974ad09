#!/bin/sh
# Installs elk-mtls or elk-mtls-init from a release, after its checksum was compared.
#
#   install.sh --from URL [--program elk-mtls] [--to DIR] [--sums SHA256]
#
# URL is the folder that holds the files of the release. DIR is $HOME/.local/bin unless you name another. Whoever can replace the program
# there can replace SHA256SUMS as well: --sums takes the SHA-256 of that file, which you have from somebody you trust.
set -eu

fail() {
	echo "install.sh: $1" >&2
	exit 1
}

from='' program=elk-mtls to=${HOME:-}/.local/bin sums=''
while [ $# -gt 0 ]; do
	[ $# -gt 1 ] || fail "$1 needs a value; usage: install.sh --from URL [--program NAME] [--to DIR] [--sums SHA256]"
	case $1 in
	--from) from=${2%/} ;;
	--program) program=$2 ;;
	--to) to=$2 ;;
	--sums) sums=$2 ;;
	*) fail "unknown option $1; usage: install.sh --from URL [--program NAME] [--to DIR] [--sums SHA256]" ;;
	esac
	shift 2
done
[ -n "$from" ] || fail "--from is missing: the URL of the folder with the files of the release"
case $from in https://* | http://127.0.0.1:* | http://localhost:* | file://*) ;; *) fail "--from $from: only https is accepted" ;; esac
case $program in elk-mtls | elk-mtls-init) ;; *) fail "--program $program: there are elk-mtls and elk-mtls-init" ;; esac

os=$(uname -s | tr '[:upper:]' '[:lower:]')
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there is no program for $(uname -m)" ;;
esac
name=$program-$os-$arch

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
get() { curl -fsSL --proto '=https,http,file' -o "$work/$1" "$from/$1" || fail "cannot fetch $from/$1"; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1; }

get SHA256SUMS
[ -z "$sums" ] || [ "$(sha256 "$work/SHA256SUMS")" = "$sums" ] || fail "SHA256SUMS of $from is not the one that --sums names; nothing was installed"
wanted=$(awk -v name="$name" '$2 == name { print $1 }' "$work/SHA256SUMS")
[ -n "$wanted" ] || fail "the release has no $name"
get "$name"
[ "$(sha256 "$work/$name")" = "$wanted" ] || fail "the checksum of $from/$name is not that of SHA256SUMS; nothing was installed"

mkdir -p "$to"
chmod 755 "$work/$name"
mv "$work/$name" "$to/.$program.new"
mv "$to/.$program.new" "$to/$program"
echo "installed $to/$program: $("$to/$program" --version)"
