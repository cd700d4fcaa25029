# Folders that are made once and kept under the name of what they are made of, in Warpline's tool cache. One is filled beside its place and moved in
# whole, so that a command which was interrupted leaves nothing that the next could mistake; two commands at once wait for each other.
# Uses words.sh.

CACHE=${WARPLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/warpline}/cluster

# key: the name of what standard input says.
key() { sha256sum | cut -c1-20; }

# contents FOLDER [PATH…]: names and bytes of the files below, in a fixed order, as input of `key`.
contents() {
  cd "$1"
  find "${@:2}" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
}

# kept KIND KEY FILL…: prints the folder of that key; where it is not there yet, `FILL… FOLDER` fills it first.
kept() {
  local kind=$1 name=$2 place
  shift 2
  place=$CACHE/$kind/$name
  if [[ ! -d $place ]]; then
    mkdir -p "$CACHE/$kind"
    (
      flock 9
      [[ ! -d $place ]] || exit 0
      rm -rf "$place.partial"
      mkdir "$place.partial"
      "$@" "$place.partial" >&2 9>&-
      mv "$place.partial" "$place"
      forget_old "$CACHE/$kind"
    ) 9>"$place.lock"
  fi
  touch "$place"
  printf '%s\n' "$place"
}

# forget_old FOLDER: keeps the three folders in it that were used last.
forget_old() {
  local old
  find "$1" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- | while read -r old; do rm -rf "$old" "$old.lock"; done
}
