#!/usr/bin/env bash
# Puts what binaries are made of, and tried in, into $DANM_CACHE (default ~/.cache/danm), outside the work tree, and says
# where: the last line is its path. Repeatable, instant when nothing is missing.
#
#   setup.sh vendor [x86_64|aarch64]  the one that belongs to a release of Deno, from where Deno fetches it itself
#   setup.sh package                  the same for x86_64, taken out of a program in a package that was compiled with it:
#                                     for trying and testing, as nobody vouches for it but the digest below
#   setup.sh old                      a root folder of an old Debian with nothing in it but what binaries are linked to
#
# Runtimes are of the version of the `deno` on PATH. They lose their symbols: 24 MB a program, and only before something is compiled into them.
set -euo pipefail

package=@chelonia/cli-x64-linux@3.4.0
package_program=chel
package_version=2.9.4
package_digest=723d45cca4f68bd66652da1e0d45562b0700317c1535981035f50f078785a131

old_release=bullseye

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${DANM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/danm}")
export PATH=$PATH:$cache/tools:/usr/sbin:/sbin
# shellcheck source=../tools/steps.sh
. "$here/../tools/steps.sh"

# Not the lock of tools/setup.sh: that one may be held for minutes.
lock() {
  [ -z "${locked:-}" ] || return 0
  exec 8>"$cache/.runtime.lock"
  flock 8
  locked=yes
}

version=$(deno --version | sed -nE '1s/^deno ([0-9.]+).*/\1/p')
machine=$(uname -m)

make_vendor() {
  need curl=curl unzip=unzip
  local url=https://dl.deno.land/release/v$version/denort-$wanted-unknown-linux-gnu.zip
  fetch "$url" "$url.sha256sum" "$1" || die "it cannot be had from ${url%/*}"
  unzip -q "$1/${url##*/}" denort -d "$1"
  rm "$1/${url##*/}"
  if [ "$wanted" = "$machine" ]; then remove_symbols strip=binutils "$1"; else
    remove_symbols "$wanted-linux-gnu-strip=binutils-${wanted/_/-}-linux-gnu" "$1"
  fi
}

make_package() {
  [ "$version" = "$package_version" ] || die "$package has the runtime of Deno $package_version, must be of $version"
  [ "$machine" = x86_64 ] || die "$package has a runtime for x86_64, must be for $machine"
  need npm=npm
  with_progress "fetching $package" npm install --prefix "$1" --ignore-scripts --no-save --no-package-lock --no-audit \
    --no-fund "$package"
  deno run --no-config --allow-read "$here/original_runtime.ts" "$1/node_modules/${package%@*}/$package_program" \
    >"$1/denort"
  sha256sum --check --quiet <<<"$package_digest  $1/denort" || die "the runtime in $package is not the one that was seen"
  rm -r "$1/node_modules"
  remove_symbols strip=binutils "$1"
}

# remove_symbols STRIP=PACKAGE FOLDER: of a file that says which it was before.
remove_symbols() {
  need "$1"
  sha256sum "$2/denort" | cut -d ' ' -f 1 >"$2/denort.sha256"
  "${1%=*}" "$2/denort"
  chmod 755 "$2/denort"
}

# The oldest release that Debian still supports in some way. Packages are unpacked, not installed.
make_old() {
  need mmdebstrap=mmdebstrap
  local this mirror
  this=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(RELEASE) $(SITE)' "Identifier: Packages" |
    sed -n "/^$this /{s///p;q}")
  [ -n "$mirror" ] || die "apt has no source for $this, must know a mirror of Debian"
  with_progress "unpacking Debian $old_release" mmdebstrap --variant=extract --include=libc6,libgcc-s1 "$old_release" \
    "$1/root" "deb $mirror $old_release main"
  mkdir -p "$1/root/proc"
}

wanted=${2:-$machine}
case ${1:-} in
  vendor) folder=denort-$version-vendor-$wanted ;;
  package) folder=denort-$version-package ;;
  old) folder=debian-$old_release file=root ;;
  *) die "usage: setup.sh vendor [x86_64|aarch64] | package | old" ;;
esac
mkdir -p "$cache"
provide "$folder" "make_$1"
echo "$cache/$folder/${file:-denort}"
