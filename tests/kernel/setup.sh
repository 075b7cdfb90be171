#!/usr/bin/env bash
# Puts a real Debian kernel for QEMU into $DANM_CACHE (default ~/.cache/danm), outside the work tree, and installs or
# names the Debian packages that running it needs. Repeatable, instant when nothing is missing. Makes:
#
#   kernel -> kernel-VERSION    the package's vmlinux and lib/modules; remove the link to get the newest kernel
#   kernel/initramfs            init.sh, a static busybox and the modules that reach the host's files
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${DANM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/danm}")
tools=$cache # where publish puts its link
export PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=../tools/steps.sh
. "$here/../tools/steps.sh"

# Not the lock of tools/setup.sh, which may have called this script while holding it.
lock() {
  [ -z "${locked:-}" ] || return 0
  exec 8>"$cache/.kernel.lock"
  flock 8
  locked=yes
}

# The package that the newest kernel comes in. Old lists may name one that the archive no longer has.
find_package() {
  if [ "$(id -u)" = 0 ] && [ -z "${lists_read:-}" ]; then
    with_progress "reading Debian's package lists" apt-get -q update
  fi
  package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-.*-amd64\)$/\1/p' | head -n 1)
  [ -n "$package" ] || die "Cannot find Debian's kernel: apt does not know linux-image-amd64; as root: apt-get update"
  version=$(apt-cache show --no-all-versions "$package" | sed -n 's/^Version: //p')
}

make_kernel() {
  local folder=$1 release
  cd "$folder"
  with_progress "fetching $package" apt-get -q -o APT::Sandbox::User=root download "$package"
  with_progress "unpacking $package" dpkg-deb -x ./*.deb unpacked
  release=$(ls unpacked/lib/modules)
  mkdir lib
  mv unpacked/lib/modules lib/
  depmod -b "$folder" "$release"
  unpack_image unpacked/boot/vmlinuz-* vmlinux
  rm -r ./*.deb unpacked
}

# unpack_image VMLINUZ FILE: QEMU starts an unpacked kernel at once, where the machine itself takes seconds to unpack it.
unpack_image() {
  local method offset
  for method in 'xz \xfd7zXZ\x00' 'zstd \x28\xb5\x2f\xfd'; do
    for offset in $(LC_ALL=C grep -aboP "${method#* }" "$1" | cut -d: -f1); do
      # What follows the packed kernel is none of it: complaints about that mean nothing.
      tail -c "+$((offset + 1))" "$1" | "${method%% *}" -dcq >"$2" 2>/dev/null || true
      if [ "$(head -c 4 "$2" | tail -c 3)" = ELF ]; then return; fi
    done
  done
  say "the kernel is packed by an unknown method: machines will start slowly"
  cp "$1" "$2"
}

make_initramfs() {
  local kernel=$cache/kernel release root module
  root=$(mktemp -d)
  release=$(ls "$kernel/lib/modules")
  mkdir "$root"/{bin,modules,dev,proc,lower,writes,root}
  cp "$here/init.sh" "$root/init"
  cp "$(command -v busybox)" "$root/bin/"
  for module in virtio_pci virtio_console 9p 9pnet_virtio overlay; do
    modprobe -d "$kernel" -S "$release" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
    cp "$module" "$root/modules/"
    basename "$module" >>"$root/modules/order"
  done
  (cd "$root" && find . | cpio --create --format=newc --quiet) | gzip -1 >"$kernel/initramfs.new"
  rm -r "$root"
  mv "$kernel/initramfs.new" "$kernel/initramfs"
  cp "$here/init.sh" "$kernel/init.sh"
}

[ "$(uname -sm)" = 'Linux x86_64' ] || die "Cannot set up a kernel: this is $(uname -sm), must be Linux x86_64"
mkdir -p "$cache"
need qemu-system-x86_64=qemu-system-x86 cpio=cpio busybox=busybox-static depmod=kmod xz=xz-utils zstd=zstd \
  nft=nftables ping=iputils-ping ip=iproute2
if ldd "$(command -v busybox)" >/dev/null 2>&1; then
  die "Cannot use busybox: it is dynamically linked, must be static (package busybox-static)"
fi

if [ ! -e "$cache/kernel/vmlinux" ]; then
  lock
  find_package
  provide "kernel-$version" make_kernel
  publish "kernel-$version" kernel
fi
if ! cmp -s "$here/init.sh" "$cache/kernel/init.sh"; then
  lock
  make_initramfs
  say "initramfs: done"
fi
