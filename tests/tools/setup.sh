#!/usr/bin/env bash
# Puts the programs that building and testing need into $DANM_CACHE/tools (default ~/.cache/danm/tools), outside the
# work tree. Repeatable, instant when nothing is missing, safe to run several times at once.
#
#   setup.sh deno       Deno: building, checking, the pure tests
#   setup.sh test       and etcd, kube-apiserver, kube-controller-manager, kubectl, CoreDNS, the reference CNI plugins,
#                       cnitool: all tests, the demo
#   setup.sh cluster    and the rest of Kubernetes, containerd, runc: clusters that run Pods
#
# Debian packages are installed by apt-get when root, and named otherwise. Programs in Go are built from source through
# the Go module proxy, as the go.mod files beside this script pin them: minutes, once. Faster:
#   KUBEBUILDER_ASSETS=DIR  uses the etcd, kube-apiserver and kubectl found there, if they are of the right version
#   DANM_DOWNLOAD=1         fetches release binaries, and builds what cannot be fetched
set -euo pipefail

# The newest version of which a package registry has the runtime of binaries too, see tests/build/setup.sh.
deno_version=2.9.4
go_version=1.26.8

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${DANM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/danm}")
tools=$cache/tools
export PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=steps.sh
. "$here/steps.sh"
# shellcheck source=go.sh
. "$here/go.sh"

case $(uname -sm) in
  'Linux x86_64') arch=amd64 deno_package=@deno/linux-x64-glibc ;;
  'Linux aarch64') arch=arm64 deno_package=@deno/linux-arm64-glibc ;;
  *) die "Cannot set up tools: this is $(uname -sm), must be Linux on x86_64 or aarch64" ;;
esac

# The version of a Go module that a go.mod beside this script requires.
pinned() { sed -nE "s#^(require)?[[:space:]]*$1 (v[^ ]+).*#\2#p" "$here"/*/go.mod | head -n 1; }
kubernetes=$(pinned k8s.io/kubernetes)
etcd=$(pinned go.etcd.io/etcd/server/v3)
plugins=$(pinned github.com/containernetworking/plugins)
cnitool=$(pinned github.com/containernetworking/cni)
coredns=$(pinned github.com/coredns/coredns)
containerd=$(pinned github.com/containerd/containerd/v2)

make_deno() {
  need npm=npm
  with_progress "installing Deno $deno_version" npm install --prefix "$1" --ignore-scripts --no-save --no-package-lock \
    --no-audit --no-fund "$deno_package@$deno_version"
}

make_kubernetes() {
  download fetch_kubernetes "$1" || go_build kubernetes "$1" k8s.io/kubernetes/cmd/{kube-apiserver,kubectl}
}

fetch_kubernetes() {
  local program url=https://dl.k8s.io/$kubernetes/bin/linux/$arch
  for program in kube-apiserver kubectl; do
    fetch "$url/$program" "$url/$program.sha256" "$1" && chmod +x "$1/$program" || return
  done
}

make_etcd() {
  download fetch_etcd "$1" || { go_build etcd "$1" go.etcd.io/etcd/server/v3; mv "$1/server" "$1/etcd"; }
}

fetch_etcd() {
  local url=https://github.com/etcd-io/etcd/releases/download/$etcd name=etcd-$etcd-linux-$arch
  fetch "$url/$name.tar.gz" "$url/SHA256SUMS" "$1" &&
    tar -xzf "$1/$name.tar.gz" -C "$1" --strip-components=1 "$name/etcd" && rm "$1/$name.tar.gz"
}

make_cni() {
  download fetch_cni "$1" ||
    go_build cni "$1" github.com/containernetworking/plugins/plugins/{ipam,main,meta}/...
}

fetch_cni() {
  local name=cni-plugins-linux-$arch-$plugins.tgz url
  url=https://github.com/containernetworking/plugins/releases/download/$plugins/$name
  fetch "$url" "$url.sha256" "$1" && tar -xzf "$1/$name" -C "$1" && rm "$1/$name"
}

make_cnitool() { go_build cni "$1" github.com/containernetworking/cni/cnitool; }

make_coredns() { go_build coredns "$1" .; }

make_kubernetes_node() {
  go_build kubernetes "$1" k8s.io/kubernetes/cmd/{kube-controller-manager,kube-scheduler,kubelet}
}

make_kube_proxy() { go_build kubernetes "$1" k8s.io/kubernetes/cmd/kube-proxy; }

make_containerd() {
  GOFLAGS=-tags=no_btrfs,no_devmapper,no_zfs go_build containerd "$1" \
    github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}
}

# Whether $KUBEBUILDER_ASSETS holds the control plane, of the minor versions that would be built.
assets_fit() {
  local assets=${KUBEBUILDER_ASSETS:-}
  [ -n "$assets" ] && [ ! "$assets" -ef "$tools" ] || return
  if [[ $("$assets/kube-apiserver" --version 2>&1) == *" ${kubernetes%.*}."* &&
    $("$assets/kubectl" version --client 2>&1) == *" ${kubernetes%.*}."* &&
    $("$assets/etcd" --version 2>&1) == *" $(cut -c2-4 <<<"$etcd")."* ]]; then return; fi
  say "KUBEBUILDER_ASSETS is not used: it lacks a Kubernetes ${kubernetes%.*} or an etcd ${etcd%.*}"
  return 1
}

set_up_deno() {
  provide "deno-$deno_version" make_deno
  publish "../deno-$deno_version/node_modules/$deno_package/deno"
}

set_up_test() {
  set_up_deno
  need ip=iproute2 nsenter=util-linux ping=iputils-ping ps=procps
  if assets_fit; then
    for program in etcd kube-apiserver kubectl; do publish "$(realpath "$KUBEBUILDER_ASSETS")/$program"; done
  else
    provide "etcd-$etcd" make_etcd
    provide "kubernetes-$kubernetes" make_kubernetes
    publish "../etcd-$etcd/etcd"
    for program in kube-apiserver kubectl; do publish "../kubernetes-$kubernetes/$program"; done
  fi
  provide "cni-$plugins" make_cni
  provide "cnitool-$cnitool" make_cnitool
  publish "../cni-$plugins" cni
  publish "../cnitool-$cnitool/cnitool"
  provide "kubernetes-node-$kubernetes" make_kubernetes_node
  publish "../kubernetes-node-$kubernetes/kube-controller-manager"
  provide "coredns-$coredns" make_coredns
  publish "../coredns-$coredns/coredns"
}

set_up_cluster() {
  set_up_test
  for program in kube-scheduler kubelet; do publish "../kubernetes-node-$kubernetes/$program"; done
  provide "kube-proxy-$kubernetes" make_kube_proxy
  publish "../kube-proxy-$kubernetes/kube-proxy"
  need runc=runc busybox=busybox-static nft=nftables tar=tar
  provide "containerd-$containerd" make_containerd
  for program in containerd containerd-shim-runc-v2 ctr; do publish "../containerd-$containerd/$program"; done
}

case ${1:-} in
  deno | test | cluster) mkdir -p "$tools" && "set_up_$1" ;;
  *) die "usage: setup.sh deno|test|cluster" ;;
esac
