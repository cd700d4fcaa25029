# What the harness says to a person, on standard error: what it does and waits for, and on failure the log of the part that failed and what to do.
# Uses nothing of the other files.

BEGUN=${EPOCHREALTIME/[.,]/}

# say SENTENCE: progress, with the seconds since the command began.
say() { printf '[%5.1f s] %s\n' "$(((${EPOCHREALTIME/[.,]/} - BEGUN) / 100000))e-1" "$*" >&2; }

# fail WHAT NEXT [LOG]: says what failed, the last lines of the log, and what to do next; ends the command.
fail() {
  printf '\nfailed: %s\n' "$1" >&2
  if [[ -n ${3:-} && -f $3 ]]; then
    printf '\nthe last lines of %s:\n' "$3" >&2
    tail -n 25 "$3" | sed 's/^/    /' >&2
  fi
  printf '\nwhat to do: %s\n' "$2" >&2
  exit 1
}

# logged LOG WHAT NEXT COMMAND…: runs a command whose output is of interest only when it fails. In the background: what stands left of || is run to its
# end whatever fails in it.
logged() {
  local log=$1 what=$2 next=$3
  shift 3
  mkdir -p "$(dirname "$log")"
  ("$@") >"$log" 2>&1 </dev/null &
  wait "$!" || fail "$what" "$next" "$log"
}
