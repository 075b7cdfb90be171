#!/bin/busybox sh
# First program of the machine, from the initramfs: makes the host's root the machine's root (read-only, with a
# tmpfs that takes all writes) and hands over to the agent. Any failure ends this program, which the kernel answers
# with a panic that ends QEMU.
set -eu

/bin/busybox --install -s /bin
mount -t proc proc /proc

while read -r module; do insmod "/modules/$module"; done </modules/order

options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$options,ro,cache=loose" hostroot /lower
mount -t tmpfs -o size=80% tmpfs /writes
mkdir /writes/upper /writes/work
mount -t overlay -o lowerdir=/lower,upperdir=/writes/upper,workdir=/writes/work overlay /root

mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir /root/run/machine
mount -t 9p -o "$options,cache=none" machine /root/run/machine
umount /proc
exec switch_root /root /bin/sh /run/machine/agent.sh
