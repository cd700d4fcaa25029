# The cluster's own machine: a set of kernel namespaces (network, mounts, processes, host name) on this one, joined to it by a pair of virtual interfaces.
# Its ports, iptables rules, mounts and processes are not this machine's, and ending its first process ends all of it.
# Uses words.sh. Sets HOST_ADDRESS and NODE_ADDRESS, the two ends of the wire, once the machine runs.

MACHINE=warpline-$(printf '%s' "$STATE" | sha256sum | cut -c1-6)
WIRE=wl${MACHINE#warpline-}

# machine_runs: whether its first process lives; also where the number has gone to another process.
machine_runs() {
  [[ -f $STATE/first-process ]] && { tr "\0" " " <"/proc/$(<"$STATE/first-process")/cmdline"; } 2>/dev/null | grep -qF "first-process.sh $STATE "
}

# machine_addresses: reads the addresses of a machine that runs.
machine_addresses() { read -r HOST_ADDRESS NODE_ADDRESS <"$STATE/addresses"; }

# machine_begin: makes the machine.
machine_begin() {
  local hierarchy
  mkdir -p "$STATE/logs" "$STATE/pids"
  rm -f "$STATE/first-process"
  setsid unshare --fork --pid --mount --net --ipc --uts --propagation private \
    "$GROUND/first-process.sh" "$STATE" "$CACHE" >"$STATE/logs/machine.log" 2>&1 </dev/null 8>&- &
  await "the machine" machine 10 machine_runs
  # Two clusters that begin at once would take the same addresses.
  exec 7>"$CACHE/addresses.lock"
  flock 7
  free_addresses
  ip link add "$WIRE" type veth peer name eth0 netns "$(<"$STATE/first-process")"
  ip address add "$HOST_ADDRESS/30" dev "$WIRE"
  exec 7>&-
  ip link set "$WIRE" up
  inside ip address add "$NODE_ADDRESS/30" dev eth0
  inside ip link set eth0 up
  inside ip route add default via "$HOST_ADDRESS"
  for hierarchy in $(hierarchies); do mkdir -p "$hierarchy/$MACHINE"; done
  echo "$HOST_ADDRESS $NODE_ADDRESS" >"$STATE/addresses"
}

# hierarchies: the folders of the control groups: one on a machine with cgroup v2, one for each controller on an older one.
hierarchies() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then echo /sys/fs/cgroup; else find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d; fi
}

free_addresses() {
  local third taken
  # Not a pipe: where `grep -q` has found it, `ip` may fail for want of a reader, which would look like an address that is free.
  taken=$(ip -4 address show)
  for third in {0..255}; do
    if [[ $taken != *"inet 10.250.$third."* ]]; then
      HOST_ADDRESS=10.250.$third.1 NODE_ADDRESS=10.250.$third.2
      return
    fi
  done
  fail "every network of 10.250.0.0/16 is taken on this machine" "end the clusters that you no longer use: ip address shows their interfaces (wl…)"
}

# inside COMMAND…: runs a command on the machine.
inside() { nsenter --target "$(<"$STATE/first-process")" --mount --net --pid --ipc --uts --wd="$STATE" -- "$@"; }

# launch NAME COMMAND…: starts a program on the machine that goes on; its output goes to logs/NAME.log, its number there to pids/NAME.
launch() {
  inside bash -c 'setsid "${@:2}" >>"logs/$1.log" 2>&1 </dev/null & echo $! >"pids/$1"' launch "$@" 8>&-
}

# run NAME…: launches, by their functions start_NAME, the programs that don't run.
run() {
  local name
  for name in "$@"; do lives "$name" || "start_$name"; done
}

# lives NAME: whether a program that was launched still runs.
lives() { [[ -f $STATE/pids/$1 ]] && inside kill -0 "$(<"$STATE/pids/$1")" 2>/dev/null; }

# stop NAME: ends a program that was launched.
stop() {
  ! lives "$1" || inside kill "$(<"$STATE/pids/$1")"
  while lives "$1"; do sleep 0.1; done
  rm -f "$STATE/pids/$1"
}

# await WHAT NAME SECONDS COMMAND…: waits until the command succeeds; fails when the program NAME has ended or the time is over.
await() {
  local what=$1 name=$2 deadline=$((SECONDS + $3)) log=$STATE/logs/$2.log
  shift 3
  until "$@" >/dev/null 2>&1; do
    [[ ! -f $STATE/pids/$name ]] || lives "$name" || fail "$what has ended" "read the log above, then: $GROUND/cluster down" "$log"
    ((SECONDS < deadline)) || fail "$what is not ready in time (\`$*\` doesn't succeed)" "read the log above, then: $GROUND/cluster down" "$log"
    sleep 0.2
  done
}

# machine_end: ends the machine and removes what it had on this one; succeeds also where nothing is left.
machine_end() {
  local hierarchy
  if machine_runs; then
    kill -KILL "$(<"$STATE/first-process")"
    while machine_runs; do sleep 0.1; done
  fi
  ! ip link show "$WIRE" >/dev/null 2>&1 || ip link delete "$WIRE" 2>/dev/null || true
  for hierarchy in $(hierarchies); do
    [[ ! -d $hierarchy/$MACHINE ]] || remove_groups "$hierarchy/$MACHINE"
  done
}

# The kernel lets go of a control group a moment after its last process.
remove_groups() {
  local try
  for try in {1..50}; do
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null && return
    sleep 0.1
  done
  fail "the control group $1 can't be removed" "see which processes it still has: find $1 -name cgroup.procs -exec cat {} +"
}
