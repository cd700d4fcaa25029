# The images that pods run, made without a container engine: layers are tar files, the same bytes for the same content, put together by crane. An image
# is named by what it is made of, kept in the cache as an OCI layout, and served by a registry on the cluster's own machine.
# Uses words.sh, cache.sh, machine.sh, binaries.sh; needs PROGRAMS, WARPLINE (the program), TOOLS (what `warpline tools` printed).

# An image stands on those before it.
IMAGES=(pause debian base worker operator package-builder)
EXAMPLE=$REPOSITORY/manifests/examples/package-builder
# Builds of activity modules run npm, and so do the package-builder's activities: this one, beside Node in the worker's image.
NPM=12.2.0
NPM_SHA512=ZsJjKpTnlmSXOLLXiU1xDCzC4Wlok4IwZmh/aw2KUuXytU7q6qMv/cUT7MoeSf95Slwuw/lRXYefGzGCspHPNQ==
declare -A IMAGE_KEYS

# image_keys: what each image is made of.
image_keys() {
  [[ -f $EXAMPLE/activities/dist/.built ]] || fail "the example's activities are not built" "make activities"
  WORKER_FILES=$(dirname "$(tool worker)")
  PACKAGES=$(tool packages)
  image_key pause - contents "$PROGRAMS" pause
  image_key debian - dpkg --print-architecture
  image_key base debian contents "$REPOSITORY/src/local/pins/node"
  image_key worker base echo "$WORKER_FILES $PACKAGES"
  image_key operator debian operator_contents
  image_key package-builder worker contents "$EXAMPLE" activities/dist activities/package.json workspace
}

operator_contents() {
  echo "$PACKAGES"
  sha256sum <"$WARPLINE"
}

# image_key IMAGE ON COMMAND…: the image's key is made of what the command prints, how the image is made, and the image that it stands on (- for none).
image_key() {
  local image=$1 on=$2
  shift 2
  IMAGE_KEYS[$image]=$({
    "$@"
    declare -f "make_$image" append layer
    echo "${IMAGE_KEYS[$on]:-}"
  } | key)
}

# image IMAGE: the reference that pods use.
image() { echo "$REGISTRY/warpline/$1:${IMAGE_KEYS[$1]}"; }

# tool NAME: a path that `warpline tools` printed.
tool() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" <<<"$TOOLS"; }

start_registry() {
  mkdir -p "$STATE/registry/sha256"
  launch registry "$PROGRAMS/crane" registry serve --disk "$STATE/registry" --address "$REGISTRY"
}

# images: makes and serves those that the registry does not have.
images() {
  local image layout
  await "the registry" registry 10 crane catalog "$REGISTRY"
  for image in "${IMAGES[@]}"; do
    ! crane digest "$(image "$image")" >/dev/null 2>&1 || continue
    layout=$(kept "images/$image" "${IMAGE_KEYS[$image]}" make_image "$image")
    cp --archive --link --no-clobber "$layout/blobs/sha256/." "$STATE/registry/sha256/" 2>/dev/null ||
      cp --archive --no-clobber "$layout/blobs/sha256/." "$STATE/registry/sha256/"
    logged "$STATE/logs/push-$image.log" "the image $image could not be pushed" "read the log above" crane push "$layout" "$(image "$image")"
  done
}

# pull_images: lets the node have them before pods ask, so that what a test sees of a rollout is not the pull. Those two bring the others' layers.
pull_images() {
  local image
  await "containerd" containerd 20 ctr version
  for image in package-builder worker operator; do
    logged "$STATE/logs/pull-$image.log" "the node could not pull the image $image" "read the log above" \
      ctr --namespace k8s.io images pull --plain-http "$(image "$image")"
    # By the name that the charts and the example use, as if it had been published.
    logged "$STATE/logs/pull-$image.log" "the node could not name the image $image" "read the log above" \
      ctr --namespace k8s.io images tag --force "$(image "$image")" "docker.io/warpline/$image:$(published "$image")"
  done
}

# published IMAGE: the version that it would be published as.
published() {
  case $1 in
    package-builder) sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$EXAMPLE/activities/package.json" ;;
    *) sed -n '0,/^version/s/^version = "\(.*\)"$/\1/p' "$REPOSITORY/Cargo.toml" ;;
  esac
}

# make_image IMAGE FOLDER: makes an image in the registry, then takes it into a folder of the cache.
make_image() {
  local stage=$2/stage
  say "Making the image $1"
  mkdir "$stage"
  logged "$CACHE/logs/image-$1.log" "the image $1 could not be made" "read the log above" "make_$1" "$stage"
  rm -rf "$stage"
  crane pull --format=oci "$(image "$1")" "$2"
}

make_pause() {
  install -D "$PROGRAMS/pause" "$1/layer/pause"
  append pause - "$1" --entrypoint=/pause --user=65535
}

make_debian() {
  need_tools mmdebstrap=mmdebstrap
  local sources=() source
  for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do [[ ! -s $source ]] || sources+=("$source"); done
  # mmdebstrap leaves the same bytes for the same packages where it is told the time.
  SOURCE_DATE_EPOCH=0 mmdebstrap --variant=essential --include=ca-certificates,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='echo warpline:x:10001:10001::/tmp:/usr/sbin/nologin >>"$1/etc/passwd"' \
    --customize-hook='echo warpline:x:10001: >>"$1/etc/group"' \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1/layer.tar" "${sources[@]}"
  append debian - "$1"
}

make_base() {
  cp "$REPOSITORY"/src/local/pins/node/package*.json "$1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund
  install -D "$(realpath "$1/node_modules/.bin/node")" "$1/layer/usr/local/bin/node"
  append base debian "$1"
}

make_worker() {
  local at=$1/layer/opt/warpline/worker release
  mkdir -p "$at"
  cp --archive "$WORKER_FILES"/{package.json,dist,base-bundle.js} "$at"
  cp --archive "$PACKAGES" "$at/node_modules"
  # What runs workflows needs neither the checker nor the SDK's core for other machines.
  rm -rf "$at"/node_modules/{typescript,@typescript}
  for release in "$at"/node_modules/@temporalio/core-bridge/releases/*; do [[ $release == */$(uname -m)-unknown-linux-gnu ]] || rm -rf "$release"; done
  mkdir -p "$1/layer/usr/local/"{bin,lib/node_modules}
  (
    cd "$1"
    npm pack --silent "npm@$NPM"
    [[ $(openssl dgst -sha512 -binary "npm-$NPM.tgz" | base64 -w0) == "$NPM_SHA512" ]] || { echo "npm $NPM is not what was pinned" && exit 1; }
    tar -xzf "npm-$NPM.tgz" && mv package layer/usr/local/lib/node_modules/npm
    ln -s ../lib/node_modules/npm/bin/npm-cli.js layer/usr/local/bin/npm
  )
  append worker base "$1" --entrypoint=node,dist/main.js --workdir=/opt/warpline/worker --user=10001
}

make_operator() {
  local modules=$1/layer/opt/warpline/typescript/node_modules
  install -D "$WARPLINE" "$1/layer/usr/local/bin/warpline"
  strip "$1/layer/usr/local/bin/warpline"
  mkdir -p "$modules/@typescript"
  cp --archive "$PACKAGES"/@typescript/typescript-linux-* "$modules/@typescript/"
  (cd "$PACKAGES" && find @temporalio/{activity,common,proto,workflow} nexus-rpc long protobufjs \
    \( -name '*.d.ts' -o -name package.json \) -exec cp --parents {} "$modules" \;)
  append operator debian "$1" --entrypoint=/usr/local/bin/warpline --user=10001
}

make_package-builder() {
  local at=$1/layer/activities
  mkdir -p "$at"
  cp --archive "$EXAMPLE"/activities/{package.json,dist} "$EXAMPLE/workspace" "$at"
  # One copy of the SDK serves the worker and the activities: an activity's context is known to its own copy only.
  ln -s /opt/warpline/worker/node_modules "$at/node_modules"
  (
    cd "$1"
    # Git alone: what it is told to depend on beyond the base serves remotes, which these activities don't have.
    package_lists
    apt-get download -o APT::Sandbox::User=root git
    dpkg --fsys-tarfile git_*.deb | tar -x -C layer --exclude='./usr/share/*' ./usr
  )
  append package-builder worker "$1"
}

# append IMAGE ON FOLDER CONFIG…: the image ON (- for none) and a layer of FOLDER/layer.tar or FOLDER/layer, with crane's options for its configuration.
append() {
  local name=$1 on=$2 stage=$3 base=(--oci-empty-base --platform "linux/$(dpkg --print-architecture)")
  shift 3
  [[ $on == - ]] || base=(--base "$(image "$on")")
  [[ -f $stage/layer.tar ]] || layer "$stage/layer" >"$stage/layer.tar"
  gzip -1 --no-name "$stage/layer.tar"
  crane append "${base[@]}" --new_layer "$stage/layer.tar.gz" --new_tag "$(image "$name")"
  crane mutate "$(image "$name")" --tag "$(image "$name")" --set-platform "linux/$(dpkg --print-architecture)" "$@"
}

# layer FOLDER: a tar of its content that is the same for the same content.
layer() {
  (cd "$1" && tar --create --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
    --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -- *)
}
