#!/bin/sh
# Runs a machine for its host, from /run/machine, a folder shared with it. As the first process: reaps orphans until the
# agent ends, then powers off. As the agent: obeys the lines that the host writes to the control port until it closes
# that, so no machine outlives the program that started it.
#
#   host      ping | run JOB | kill JOB | stop
#   machine   pong | exit JOB CODE
#
# A job is the folder jobs/JOB with the files script, stdin, stdout and stderr. Its processes are in a control group.
set -eu

# What is run over and over gets a copy in memory: otherwise each start costs some 60 requests to the host.
keep_in_memory() {
  programs=$(for program in sh env ip nsenter ping; do command -v "$program" || true; done)
  # shellcheck disable=SC2046,SC2086 # words without white space
  set -- $programs $(ldd $programs | grep -o '/[^ ]*') /etc/ld.so.cache
  touch -c "$@"
  touch -ch "$@" /bin /sbin /lib /lib64 # the symbolic links on the way
}

# Must not end, nor need a file any more: a first process that fails is a panic.
power_off() {
  echo o >/proc/sysrq-trigger
  while :; do :; done
}

control_port() {
  for port in /sys/class/virtio-ports/*; do
    read -r name <"$port/name"
    if [ "$name" = control ]; then echo "/dev/${port##*/}"; fi
  done
}

run() {
  group=/sys/fs/cgroup/job.$1
  cd "/run/machine/jobs/$1"
  mkdir "$group"
  {
    code=0
    (
      echo 0 >"$group/cgroup.procs" && . ./script
    ) <stdin >>stdout 2>>stderr 3>&- || code=$?
    rmdir "$group" 2>/dev/null || true # it stays when the job left processes
    echo "exit $1 $code" >&3
  } &
}

# A job that has not entered its group yet finds it gone and ends.
kill_job() {
  group=/sys/fs/cgroup/job.$1
  rmdir "$group" 2>/dev/null || echo 1 >"$group/cgroup.kill" || true
}

obey() {
  trap '' TERM
  keep_in_memory >/dev/null 2>&1 &
  exec 3<>"$(control_port)"
  while read -r verb job <&3; do
    case $verb in
      ping) echo pong >&3 ;;
      run) run "$job" ;;
      kill) kill_job "$job" ;;
      stop)
        kill -TERM -1
        wait
        return
        ;;
    esac
  done
}

if [ $$ -eq 1 ]; then
  "$0" &
  wait || true
  power_off
else
  obey
fi
