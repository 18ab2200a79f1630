#!/bin/sh
# get-lwip.sh [OUTDIR] - fetches the distribution's lwIP source package into OUTDIR (default: build)
# and prints the tree's path, OUTDIR/lwip.  A tree that is already there is kept.
#
# Source packages are usually switched off in apt's configuration.  Rather than editing that, apt
# runs with private directories: a copy of the source lists with "deb" turned into "deb-src", an
# index and a cache of its own.  No root, no change to the system; the signed release file and every
# hash are checked as always.  Versions and SHA-256 sums go to stderr.
# Needs apt-get, dpkg-source (package dpkg-dev), sed and sha256sum.
set -eu
LC_ALL=C
export LC_ALL

die() {
    echo "get-lwip: $*" >&2
    exit 1
}

out=${1:-build}
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -f "$out/lwip/src/core/tcp.c" ]; then
    echo "$out/lwip"
    exit 0
fi
for program in apt-get dpkg-source sed sha256sum; do
    command -v "$program" >/dev/null || die "missing program: $program"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial" "$work/tree"

for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -r "$file" ] ||
        sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources/$(basename "$file")"
done
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -r "$file" ] || sed -nE 's/^deb(-src)?[[:space:]]/deb-src /p' "$file"
done | sort -u >"$work/sources/lines.list"

private_apt() {
    apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@" >&2
}

# A third-party source without a source index makes update complain: what counts is that lwip comes.
private_apt update || echo "get-lwip: some source lists could not be read" >&2
(cd "$work/tree" && private_apt source lwip) || die "no source package lwip"
(cd "$work/tree" && sha256sum lwip_*.dsc lwip_*.tar.* >&2)

tree=$(find "$work/tree" -maxdepth 1 -type d -name 'lwip-*' | sort | tail -n 1)
[ -f "$tree/src/core/tcp.c" ] || die "the package has no src/core/tcp.c"
name=$(basename "$tree")
echo "get-lwip: $name" >&2
rm -rf "${out:?}/$name"
mv "$tree" "$out/$name"
ln -sfn "$name" "$out/lwip"
echo "$out/lwip"
