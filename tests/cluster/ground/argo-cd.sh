# Argo CD on the cluster's own machine: its application controller, its repository server and their Redis, built from Argo CD's Go module. No page and no
# API server of its own: Applications are written by kubectl. Repositories are folders of this machine, as file:// URLs.
# Uses words.sh, cache.sh, machine.sh, control-plane.sh, binaries.sh; needs the addresses.

ARGO_CD=$(awk '$1 == "github.com/argoproj/argo-cd/v3" { print $2 }' "$GROUND/argo-cd/go.mod")

# argo_cd: builds it or finds it in the cache, starts what of it does not run, and teaches it the health of Warpline's kinds as docs/install.md says.
argo_cd() {
  argo_cd_program
  run argo-cd-redis argo-cd-repositories
  {
    kube apply --server-side --force-conflicts --filename "$ARGO_CD_FILES/crds" --filename "$GROUND/argo-cd.yaml"
    kube apply --server-side --field-manager warpline-health --kustomize "$REPOSITORY/manifests/argo-cd/health"
    kube wait --for=condition=Established --timeout=30s crd/applications.argoproj.io crd/appprojects.argoproj.io
  } >"$STATE/logs/argo-cd.log" 2>&1 || fail "Argo CD's objects could not be made" "read the log above" "$STATE/logs/argo-cd.log"
  run argo-cd-controller
  await "Argo CD" argo-cd-controller 60 inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/8082'
}

argo_cd_program() {
  ARGO_CD_FILES=$(kept argo-cd "$({ contents "$GROUND/argo-cd" .; declare -f build_argo_cd; uname -m; } | key)" build_argo_cd)
}

build_argo_cd() {
  say "Building Argo CD $ARGO_CD from its Go module: 2 to 4 minutes on two cores, the first time only"
  cd "$GROUND/argo-cd"
  logged "$CACHE/logs/go-build-argo-cd.log" "go build failed" "read the log above; see that this machine reaches the Go module proxy" \
    env CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$1/" .
  mkdir "$1/crds"
  cp "$(GOWORK=off go list -m -f '{{.Dir}}' github.com/argoproj/argo-cd/v3)"/manifests/crds/{application,appproject}-crd.yaml "$1/crds/"
}

start_argo-cd-redis() { launch argo-cd-redis "$ARGO_CD_FILES/argo-cd" redis 127.0.0.1:6379; }

# It looks for keys of signers in a folder that only Argo CD's image has.
start_argo-cd-repositories() {
  launch argo-cd-repositories env ARGOCD_GPG_ENABLED=false "HOME=$STATE" "KUBECONFIG=$STATE/kubeconfigs/admin" "$ARGO_CD_FILES/argo-cd" repositories \
    --address 127.0.0.1 --metrics-address 127.0.0.1 --disable-tls --redis 127.0.0.1:6379 --loglevel warn
}

start_argo-cd-controller() {
  launch argo-cd-controller env ARGOCD_FAKE_IN_CLUSTER=true "HOME=$STATE" "KUBECONFIG=$STATE/kubeconfigs/admin" "$ARGO_CD_FILES/argo-cd" controller --kubeconfig "$STATE/kubeconfigs/admin" --namespace argocd \
    --repo-server 127.0.0.1:8081 --repo-server-plaintext --redis 127.0.0.1:6379 --status-processors 2 --operation-processors 2 --persist-resource-health \
    --loglevel warn
}
