# A second registry of images, for those who ask for it (`cluster start private-registry`): Debian's docker-registry on the cluster's own machine, for its
# user only (`robot`, with the password `correct horse`), on a disk of its own that can become full: $PRIVATE_STORAGE.
# Uses words.sh, machine.sh; needs PRIVATE_REGISTRY (its host and port) and REPOSITORY.

PRIVATE_STORAGE=/var/lib/private-registry

start_private-registry() {
  local program
  program=$("$REPOSITORY/tests/registry/ground/programs" | sed -n 's/^docker-registry=//p')
  mkdir -p "$STATE/containerd/certs.d/$PRIVATE_REGISTRY"
  cat >"$STATE/containerd/certs.d/$PRIVATE_REGISTRY/hosts.toml" <<HOSTS
server = "http://$PRIVATE_REGISTRY"
[host."http://$PRIVATE_REGISTRY"]
HOSTS
  echo 'robot:$2b$04$frS66QQNoVfF0miG8n1dheJZxG9rJemQcROH/XZYemDfHlsR5SgA6' >"$STATE/private-registry.users"
  cat >"$STATE/private-registry.yaml" <<CONFIG
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $PRIVATE_STORAGE}, delete: {enabled: true}}
http: {addr: '$PRIVATE_REGISTRY', secret: tests}
auth: {htpasswd: {realm: tests, path: $STATE/private-registry.users}}
CONFIG
  inside mkdir -p "$PRIVATE_STORAGE"
  inside mountpoint --quiet "$PRIVATE_STORAGE" || inside mount -t tmpfs -o size=400m private-registry "$PRIVATE_STORAGE"
  launch private-registry "$program" serve "$STATE/private-registry.yaml"
  await "the private registry" private-registry 10 inside bash -c "exec 3<>/dev/tcp/${PRIVATE_REGISTRY/://}"
}
