# The programs that the cluster is made of: Kubernetes, etcd, CoreDNS, Helm and crane built from the Go modules that binaries/go.mod pins; containerd,
# runc and the network plugins unpacked from Debian's packages, not installed, so that no service of theirs starts on this machine.
# Uses words.sh, cache.sh. Sets PROGRAMS, POLICIES and RUNTIME, folders of programs.

KUBERNETES=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' "$GROUND/binaries/go.mod")
RUNTIME_PACKAGES=(containerd runc containernetworking-plugins)

# need_tools COMMAND=PACKAGE…: installs the Debian packages of the commands that are not on this machine.
need_tools() {
  local pair missing=()
  for pair in "$@"; do command -v "${pair%=*}" >/dev/null || missing+=("${pair#*=}"); done
  ((${#missing[@]})) || return 0
  say "Installing Debian packages: ${missing[*]}"
  package_lists
  logged "$CACHE/logs/apt-install.log" "apt-get could not install ${missing[*]}" "read the log above; install them by hand, then run the command again" \
    env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}

# package_lists: apt's lists, fetched where there are none for these packages.
package_lists() {
  [[ -z ${LISTS_FETCHED:-} ]] || return 0
  logged "$CACHE/logs/apt-update.log" "apt-get could not fetch its lists of packages" "see that this machine reaches Debian's packages" apt-get update
  LISTS_FETCHED=yes
}

# binaries: makes all of them, or finds them in the cache.
binaries() {
  need_tools ip=iproute2 nsenter=util-linux iptables=iptables ipset=ipset openssl=openssl
  RUNTIME=$(kept runtime "$(printf '%s\n' "${RUNTIME_PACKAGES[@]}" "$(dpkg --print-architecture)" "$(. /etc/os-release && echo "$VERSION_ID")" | key)" \
    unpack_runtime)
  PROGRAMS=$(kept programs "$({ contents "$GROUND/binaries" .; uname -m; } | key)" build_programs)
  POLICIES=$(kept policies "$({ contents "$GROUND/policies" .; uname -m; } | key)" build_policies)
  export PATH=$PROGRAMS:$RUNTIME/usr/bin:$RUNTIME/usr/sbin:$PATH
}

unpack_runtime() {
  local package
  say "Fetching ${RUNTIME_PACKAGES[*]} from Debian's packages"
  package_lists
  cd "$1"
  logged "$CACHE/logs/apt-download.log" "apt-get could not fetch ${RUNTIME_PACKAGES[*]}" "see that this machine is Debian 12 and reaches Debian's packages" \
    apt-get download -o APT::Sandbox::User=root "${RUNTIME_PACKAGES[@]}"
  for package in *.deb; do dpkg -x "$package" .; done
  rm ./*.deb
}

build_programs() {
  command -v go >/dev/null || fail "there is no Go on this machine" "install Go $(awk '$1 == "go" { print $2 }' "$GROUND/binaries/go.mod") or newer"
  say "Building Kubernetes $KUBERNETES, etcd, CoreDNS, Helm and crane from Go modules: 5 to 9 minutes on two cores, the first time only"
  logged "$CACHE/logs/go-build.log" "go build failed" "read the log above; see that this machine reaches the Go module proxy" go_build "$1"
}

# Clients refuse a server that can't say its version, which Kubernetes' own build sets from git.
go_build() {
  local package programs flags=(-s -w)
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=(-X "$package.gitVersion=$KUBERNETES" -X "$package.gitMajor=1" -X "$package.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES")")
  done
  cd "$GROUND/binaries"
  # -e: a tools file imports programs, which Go lists with a complaint.
  read -ra programs < <(go list -e -tags programs -f '{{join .Imports " "}}' .)
  CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off go build -trimpath -buildvcs=false -ldflags="${flags[*]}" -o "$1/" \
    ./etcd ./names ./pause "${programs[@]:?}"
}

# A module of its own: what it asks for would build the others anew.
build_policies() {
  say "Building what enforces network policies"
  cd "$GROUND/policies"
  logged "$CACHE/logs/go-build-policies.log" "go build failed" "read the log above; see that this machine reaches the Go module proxy" \
    env CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$1/" .
}
