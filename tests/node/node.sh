#!/bin/sh
# Starts what makes a machine a node, as a service manager would: whatever ends is started again.
#
#   node.sh FOLDER TOOLS [IMAGES...]
#
# FOLDER holds the configurations; TOOLS, the programs; IMAGES are archives to import once. Logs go to /var/log,
# the process of service NAME is in /run/node/NAME.pid.
set -eu
folder=$1 tools=$2
shift 2
export PATH="$tools:$PATH:/usr/sbin:/sbin"
mkdir -p /run/node

service() {
  name=$1
  shift
  (
    while :; do
      "$@" >>"/var/log/$name.log" 2>&1 </dev/null &
      echo $! >"/run/node/$name.pid"
      wait $! || true
      sleep 1
    done
  ) >/dev/null 2>&1 </dev/null &
}

modprobe br_netfilter 2>/dev/null || true # where it is a module, Services need it for Pods on a bridge
service containerd containerd --config "$folder/containerd.toml"
until ctr version >/dev/null 2>&1; do sleep 0.1; done
if [ -z "$(ctr --namespace k8s.io images list --quiet)" ]; then
  for archive; do ctr --namespace k8s.io images import --local "$archive" >/dev/null; done
fi
# Its cAdvisor is not told of containerd: it would wait three seconds for each container that was cut short.
service kubelet kubelet --containerd /run/none --config "$folder/kubelet.yaml" \
  --housekeeping-interval 60s --kubeconfig "$folder/kubelet.kubeconfig" --hostname-override "$(hostname)" \
  --node-ip "$(cat "$folder/address")"
service kube-proxy kube-proxy --config "$folder/kube-proxy.yaml"
