#!/bin/sh
# First process of a node that lives in namespaces of this host: gives them a root of their own, like init.sh of a
# virtual machine does, and stays to reap orphans. Everything ends with it.
#
#   namespace_machine.sh FOLDER NAME CGROUP CACHE
#
# FOLDER/shared is written by host and node, FOLDER/disk keeps over a restart what a node's disk keeps. All else that
# is written lives in memory.
set -eu
folder=$1 name=$2 cgroup=$3 cache=$4
root=$folder/memory/root
read -r pid _ </proc/self/stat # as the host counts: its /proc is still there

mount --make-rprivate /
mount -t tmpfs -o size=80% tmpfs "$folder/memory"
mkdir "$folder/memory/upper" "$folder/memory/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work" overlay "$root"

mount -t proc proc "$root/proc"
# These settings are the host's, and kubelet changes them: it gets copies.
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
  kernel/keys/root_maxbytes; do
  copy=$folder/memory/$(echo "$setting" | tr / .)
  cat "/proc/sys/$setting" >"$copy"
  mount --bind "$copy" "$root/proc/sys/$setting"
done
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for kept in "$folder/shared" "$cache"; do
  mkdir -p "$root$kept"
  mount --bind "$kept" "$root$kept"
done
for kept in etc/cni/net.d opt/cni opt/danm var/lib/cni var/lib/containerd var/lib/danm var/lib/kubelet var/log; do
  mkdir -p "$folder/disk/$kept" "$root/$kept"
  mount --bind "$folder/disk/$kept" "$root/$kept"
done

for controller in "$root"/sys/fs/cgroup/*/cgroup.procs "$root/sys/fs/cgroup/cgroup.procs"; do
  if [ -e "$controller" ]; then mkdir -p "${controller%/*}/$cgroup"; fi
done
if [ -e "$root/sys/fs/cgroup/cgroup.controllers" ]; then
  for group in "$root/sys/fs/cgroup" "$root/sys/fs/cgroup/$cgroup"; do
    sed 's/[^ ]*/+&/g' "$group/cgroup.controllers" >"$group/cgroup.subtree_control"
  done
fi

hostname "$name"
ip link set lo up
echo 1 >"$root/proc/sys/net/ipv4/ip_forward"

cd "$root"
mkdir run/host
pivot_root . run/host
umount -l run/host
mount --make-rshared /
echo "$pid" >"$folder/shared/pid"
while :; do
  sleep 3600 &
  wait $!
done
