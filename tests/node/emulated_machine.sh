#!/bin/sh
# Prepares a virtual machine for a node: what a node's disk keeps is kept on its disk, a file of the host.
set -eu
modprobe virtio_blk
modprobe ext4
mkdir -p /disk
mount /dev/vda /disk
for kept in etc/cni/net.d opt/cni opt/danm var/lib/cni var/lib/containerd var/lib/danm var/lib/kubelet var/log; do
  mkdir -p "/disk/$kept" "/$kept"
  mount --bind "/disk/$kept" "/$kept"
done
echo 1 >/proc/sys/net/ipv4/ip_forward
