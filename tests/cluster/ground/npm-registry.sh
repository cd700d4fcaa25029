# The npm registry that builds of activity modules use: verdaccio, on the cluster's own machine. Anyone may publish to it; packages of the scope
# @private are for its users only (any user may make himself). What is published ends with the machine.
# Uses words.sh, cache.sh, machine.sh; needs TOOLS (what `warpline tools` printed), NPM_REGISTRY (its URL) and REPOSITORY.

# npm_registry_files: installs it, or finds it in the cache.
npm_registry_files() {
  NPM_REGISTRY_FILES=$(kept npm-registry "$(contents "$GROUND/npm-registry" package.json package-lock.json | key)" install_npm_registry)
}

install_npm_registry() {
  say "Installing an npm registry"
  cp "$GROUND"/npm-registry/{package.json,package-lock.json,.npmrc} "$1"
  logged "$CACHE/logs/npm-registry.log" "npm could not install the npm registry" "read the log above" npm ci --prefix "$1" --loglevel=error
}

start_npm-registry() {
  cat >"$STATE/npm-registry.yaml" <<VERDACCIO
storage: /var/lib/npm-registry
auth: {htpasswd: {file: /var/lib/npm-registry.users}}
packages:
  '@private/*': {access: \$authenticated, publish: \$all}
  '**': {access: \$all, publish: \$all}
max_body_size: 200mb
log: {type: stdout, format: pretty, level: warn}
VERDACCIO
  launch npm-registry "$(tool node)" "$NPM_REGISTRY_FILES/node_modules/verdaccio/bin/verdaccio" \
    --config "$STATE/npm-registry.yaml" --listen "${NPM_REGISTRY%/}"
}

await_npm_registry() { await "the npm registry" npm-registry 30 inside bash -c "exec 3<>/dev/tcp/$NODE_ADDRESS/4873"; }
