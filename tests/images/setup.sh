#!/usr/bin/env bash
# Puts what images are made of into $DANM_CACHE (default ~/.cache/danm), outside the work tree, and installs or names the
# Debian packages that building them needs. Repeatable, instant when nothing is missing. Makes, unless BASE names an image:
#
#   image-base-VERSION/base.tar   sh, coreutils, util-linux, grep, iproute2 and libgcc_s, from this machine's Debian
#                                 packages; remove the folder to get the newest ones
set -euo pipefail

# What is in base.tar: one higher with every change of make_base.
version=1

here=$(cd "$(dirname "$0")" && pwd)
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

# The packages are unpacked, not installed: nothing of a package manager is left, and no scripts are run.
make_base() {
  local sources=() file waste
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
    [ ! -s "$file" ] || sources+=("$file")
  done
  waste='usr/share/{doc,doc-base,info,locale,lintian,man,bash-completion,bug} usr/lib/*/gconv var/{cache,lib/apt,log}/*'
  with_progress "unpacking Debian packages" mmdebstrap --variant=extract \
    --include=base-files,coreutils,dash,grep,iproute2,libgcc-s1,util-linux \
    --extract-hook="cd \"\$1\" && bash -c 'rm -rf $waste'" \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1/base.tar" "${sources[@]}"
}

mkdir -p "$cache"
if command -v buildah >/dev/null || ! docker info >/dev/null 2>&1; then need buildah=buildah; fi
if [ -z "${BASE:-}" ]; then
  need mmdebstrap=mmdebstrap
  provide "image-base-$version" make_base
fi
