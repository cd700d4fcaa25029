#!/usr/bin/env bash
# The first process of the machine that machine.sh makes: arranges its mounts, then waits and buries orphans. When it is killed, the kernel ends every
# process of the machine and undoes its mounts and interfaces. Arguments: the state folder, the cache folder.
set -euo pipefail
state=$1 cache=$2

# /proc is still the host's: it says our number as the host counts.
read -r pid _ </proc/self/stat
mount --make-rshared /
mount -t proc proc /proc

# shadow FOLDER: an empty folder in place of the host's, in which only the state and the cache remain if they lie there.
shadow() {
  local inner from
  local -A open=()
  for inner in "$state" "$cache"; do
    if [[ $inner == "$1"/* ]]; then exec {from}<"$inner" && open[$inner]=$from; fi
  done
  mount -t tmpfs -o mode=755 warpline "$1"
  for inner in "${!open[@]}"; do
    mkdir -p "$inner"
    mount --rbind "/proc/self/fd/${open[$inner]}" "$inner"
  done
}

# Where the programs keep what ends with the machine; some of it at places that can't be configured.
for folder in /run /var/lib /var/log; do shadow "$folder"; done
mkdir -p /run/lock /run/netns

# The kubelet sets these for the whole kernel: here it finds them set, and the host's stay as they are.
while read -r name value; do
  [[ $(<"/proc/sys/$name") != "$value" ]] || continue
  echo "$value" >"$state/sysctl-${name//\//-}"
  mount --bind "$state/sysctl-${name//\//-}" "/proc/sys/$name"
done <<'SETTINGS'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
hostname warpline
echo "$pid" >"$state/first-process"
while :; do
  sleep infinity &
  wait $! || true
done
