#!/usr/bin/env bash
# Puts what images are made of into $DANM_CACHE (default ~/.cache/danm), outside the work tree, and installs or names the
# Debian packages that building them needs. Repeatable, instant when nothing is missing. Makes, unless BASE names an
# image, from this machine's Debian packages, in image-base-VERSION (remove the folder to get the newest ones):
#
#   tools.tar       sh, coreutils, util-linux, grep, iproute2, nftables and libgcc_s, for what works on a node
#   libraries.tar   glibc and libgcc_s, for what only talks to the API server
#   *.packages      names, versions and architectures of what is in them
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# One higher with every change of make_bases.
version=$(cat "$here/base_version")
cache=$(realpath -m "${DANM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/danm}")
export PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=../tools/steps.sh
. "$here/../tools/steps.sh"

# Not the lock of tools/setup.sh: either may be wanted while the other works.
lock() {
  [ -z "${locked:-}" ] || return 0
  exec 7>"$cache/.images.lock"
  flock 7
  locked=yes
}

make_bases() {
  make_base "$1/tools" base-files,coreutils,dash,grep,iproute2,libgcc-s1,nftables,util-linux
  make_base "$1/libraries" libc6,libgcc-s1
}

# make_base PATH PACKAGES: they are unpacked, not installed: nothing of a package manager is left, and no scripts are run.
make_base() {
  local sources=() file waste list
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
    [ ! -s "$file" ] || sources+=("$file")
  done
  list='for file in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --show --showformat="\${Package} \${Version} \${Architecture}\n" "$file"
  done >"$PACKAGES"'
  waste='usr/share/{doc,doc-base,info,locale,lintian,man,bash-completion,bug} usr/lib/*/gconv
    var/{cache,lib/apt,log}/*'
  PACKAGES=$1.packages with_progress "unpacking Debian packages" mmdebstrap --variant=extract --include="$2" \
    --extract-hook="$list" --extract-hook="cd \"\$1\" && bash -c 'rm -rf ${waste//[$'\n']/}'" \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1.tar" "${sources[@]}"
}

mkdir -p "$cache"
if command -v buildah >/dev/null || ! docker info >/dev/null 2>&1; then need buildah=buildah; fi
if [ -z "${BASE:-}" ]; then
  need mmdebstrap=mmdebstrap
  provide "image-base-$version" make_bases
fi
