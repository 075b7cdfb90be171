# Steps that setup.sh is made of: saying, locking, installing, making a folder, publishing a program.
# Sourced; expects `set -euo pipefail`, cache (a folder) and tools (the folder of published programs).

say() { echo "setup: $*"; }

die() {
  say "$*" >&2
  exit 1
}

# One setup at a time makes anything; the others wait, then find it made.
lock() {
  [ -z "${locked:-}" ] || return 0
  exec 9>"$cache/.lock"
  flock --nonblock 9 || { say "waiting for another setup" && flock 9; }
  locked=yes
}

# with_progress WHAT COMMAND...: runs it, says every 20 s for how long, shows its output only if it fails.
with_progress() {
  local what=$1 start=$SECONDS status=0 log=$cache/setup-$$.log ticker
  shift
  say "$what ..."
  while sleep 20 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do say "$what: $((SECONDS - start)) s"; done 9>&- &
  ticker=$!
  "$@" >"$log" 2>&1 || status=$?
  kill "$ticker" && wait "$ticker" 2>/dev/null || true
  [ "$status" = 0 ] || { tail -n 40 "$log" >&2 && die "$what failed, see $log"; }
  rm "$log"
  say "$what: done in $((SECONDS - start)) s"
}

# need COMMAND=PACKAGE...: installs the Debian packages of the commands that are missing.
need() {
  local pair packages=()
  for pair; do command -v "${pair%=*}" >/dev/null || packages+=("${pair#*=}"); done
  [ ${#packages[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "programs are missing; as root: apt-get install --no-install-recommends ${packages[*]}"
  fi
  lock
  [ -n "${lists_read:-}" ] || with_progress "reading Debian's package lists" apt-get -q update
  lists_read=yes
  DEBIAN_FRONTEND=noninteractive with_progress "installing ${packages[*]}" \
    apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"
}

# provide FOLDER MAKER: unless it exists, makes $cache/FOLDER by calling MAKER with the path of an empty folder.
# The name carries the version, and only a finished folder ever has it.
provide() {
  local folder=$cache/$1
  [ ! -d "$folder" ] || return 0
  lock
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.new"
  mkdir "$folder.new"
  "$2" "$folder.new"
  mv "$folder.new" "$folder"
}

# publish TARGET [NAME]: $tools/NAME leads to TARGET, at every instant to a whole program.
publish() {
  local name=${2:-${1##*/}}
  [ "$(readlink "$tools/$name")" != "$1" ] || return 0
  ln -sf "$1" "$tools/.$name.$$"
  mv -T "$tools/.$name.$$" "$tools/$name"
}

# download FETCHER FOLDER: where the user asked for downloads; a failed one leaves an empty folder.
download() {
  [ "${DANM_DOWNLOAD:-}" = 1 ] || return
  need curl=curl
  (with_progress "downloading $(basename "$2" .new)" "$1" "$2") && return
  find "$2" -mindepth 1 -delete
  return 1
}

# fetch URL SUM-URL FOLDER: one file, which must have the SHA-256 that the file at SUM-URL states (alone, or by name).
fetch() {
  local file=$3/${1##*/} sums get=(curl --fail --silent --show-error --location --connect-timeout 5 --max-time 900)
  sums=$("${get[@]}" "$2") && "${get[@]}" --output "$file" "$1" || return
  grep -qwF "$(sha256sum "$file" | cut -d' ' -f1)" <<<"$(grep -F "${1##*/}" <<<"$sums" || echo "$sums")"
}
