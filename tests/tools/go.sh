# Building programs in Go as the go.mod files beside this script pin them. Sourced after steps.sh; expects here (this
# folder), arch (as Go names it), go_version and kubernetes (the version to build into its programs).

unset GOROOT
export GOTOOLCHAIN=local GOFLAGS='' GOWORK=off CGO_ENABLED=0

# Sets go to a Go that can build the modules: the one on PATH, else one that any older Go fetches as a module.
find_go() {
  go=$(command -v go || true)
  if [ -n "$go" ] &&
    printf 'go%s\n%s\n' "${go_version%.*}" "$("$go" env GOVERSION)" | sort --version-sort --check=quiet; then return; fi
  provide "go-$go_version" fetch_go
  go=$cache/go-$go_version/bin/go
}

fetch_go() {
  need go=golang-go
  local module=golang.org/toolchain@v0.0.1-go$go_version.linux-$arch
  cd "$1" # a go.mod nearby may be of a format that an old Go refuses
  GOMODCACHE=$1/mod GOFLAGS=-modcacherw with_progress "fetching Go $go_version" go mod download "$module"
  mv "mod/$module"/* .
  rm -r mod
  find bin pkg/tool -type f -exec chmod +x {} + # archives of modules carry no executable bits
}

# go_build MODULE FOLDER PACKAGE...: builds commands that the go.mod in MODULE beside this script pins.
go_build() {
  local module=$1 folder=$2 flags="-s -w" setting
  shift 2
  find_go
  for setting in gitVersion="$kubernetes" gitMajor=1 gitMinor="$(cut -d. -f2 <<<"$kubernetes")"; do
    flags+=" -X k8s.io/component-base/version.$setting"
  done
  cd "$here/$module"
  with_progress "building $(basename "$folder" .new)" nice "$go" build -trimpath -ldflags "$flags" -o "$folder/" "$@"
}
