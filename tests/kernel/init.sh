#!/bin/busybox sh
# First program of the machine, from the initramfs: makes the host's root the machine's root, read-only with a tmpfs
# that takes all writes, adds what programs expect there, and hands over to the agent. Any failure ends this program,
# which the kernel answers with a panic that ends QEMU.
set -eu

/bin/busybox --install -s /bin

while read -r module; do insmod "/modules/$module"; done </modules/order

options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$options,ro,cache=loose" hostroot /lower
mount -t tmpfs -o size=80% tmpfs /writes
mkdir /writes/upper /writes/work
mount -t overlay -o lowerdir=/lower,upperdir=/writes/upper,workdir=/writes/work overlay /root

mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir /root/run/machine
mount -t 9p -o "$options,cache=none" machine /root/run/machine

mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
mount -t devtmpfs devtmpfs /root/dev
mkdir /root/dev/pts /root/dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /root/dev/pts
mount -t tmpfs tmpfs /root/dev/shm
ln -s /proc/self/fd /root/dev/fd
mkdir -p /root/lib/modules
ln -sfn /run/machine/modules "/root/lib/modules/$(uname -r)"
mount --make-rshared /root
ip link set lo up

exec switch_root /root /bin/sh /run/machine/agent.sh
