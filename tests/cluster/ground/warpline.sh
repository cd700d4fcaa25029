# Warpline on the cluster, installed by Helm as its users install it, in a namespace that enforces restricted pod security.
# Uses words.sh, control-plane.sh; reads the state's env file.

# warpline_install: installs or upgrades the definitions and the operator, and waits until the operator is ready.
warpline_install() {
  # shellcheck source=/dev/null
  . "$STATE/env"
  export KUBECONFIG
  say "Installing Warpline by Helm"
  "$KUBECTL" apply --server-side --filename - >/dev/null <<NAMESPACE
apiVersion: v1
kind: Namespace
metadata: {name: warpline-system, labels: {pod-security.kubernetes.io/enforce: restricted}}
NAMESPACE
  helm_release warpline-crds
  helm_release warpline --set temporal.address=temporal-frontend.temporal.svc:7233 \
    --set image.repository="${OPERATOR_IMAGE%:*}" --set image.tag="${OPERATOR_IMAGE##*:}" \
    --set workerImage.repository="${WORKER_IMAGE%:*}" --set workerImage.tag="${WORKER_IMAGE##*:}" \
    --set builds.imageRepository="$REGISTRY/modules" --set builds.plainHttpRegistries="{$REGISTRY}" --set builds.npmRegistry="$NPM_REGISTRY"
}

helm_release() {
  local name=$1
  shift
  if ! "$HELM" upgrade --install "$name" "$REPOSITORY/charts/$name" --namespace warpline-system --wait --timeout 60s "$@" >"$STATE/logs/helm-$name.log" 2>&1; then
    "$KUBECTL" --namespace warpline-system get pods,events >>"$STATE/logs/helm-$name.log" 2>&1
    "$KUBECTL" --namespace warpline-system logs --selector app.kubernetes.io/instance="$name" --tail 20 >>"$STATE/logs/helm-$name.log" 2>&1
    fail "Helm could not install $name" "read the log above" "$STATE/logs/helm-$name.log"
  fi
}

# usage: how a person goes on from here.
usage() {
  cat >&2 <<USAGE

Warpline runs on a cluster of its own. To use it:

  export KUBECONFIG=$KUBECONFIG PATH=\$PATH:$(dirname "$KUBECTL")
  kubectl get nodes
  kubectl --namespace warpline-system logs deployment/warpline

Temporal's pages are at $TEMPORAL_UI, its address for \`temporal --address\` is $TEMPORAL_ADDRESS.
The images: worker $WORKER_IMAGE
            the package-builder's activities $PACKAGE_BUILDER_IMAGE
To end it and remove all that it left: make cluster-down
USAGE
}
