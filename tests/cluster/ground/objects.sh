# What the cluster has before anything is installed: objects.yaml, and volumes that pods may share.
# Uses control-plane.sh; needs the addresses.

VOLUMES=20

# objects: creates what is not there, and empties the volumes whose claims are gone.
objects() {
  local volume
  for volume in $(kube get persistentvolumes --output jsonpath='{range .items[?(@.status.phase=="Released")]}{.metadata.name} {end}'); do
    kube delete persistentvolume "$volume" >/dev/null
    rm -rf "$STATE/volumes/$volume"
  done
  {
    sed "s/NODE_ADDRESS/$NODE_ADDRESS/" "$GROUND/objects.yaml"
    for volume in $(seq --format 'shared-%02g' "$VOLUMES"); do persistent_volume "$volume"; done
  } | kube apply --server-side --force-conflicts --filename - >"$STATE/logs/objects.log" 2>&1 ||
    fail "the cluster's first objects could not be made" "read the log above" "$STATE/logs/objects.log"
}

# A folder that any user may write: who runs pods here is never root.
persistent_volume() {
  mkdir -p -m 777 "$STATE/volumes/$1"
  cat <<VOLUME
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1}
spec:
  storageClassName: standard
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce, ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: "$STATE/volumes/$1", type: Directory}
VOLUME
}
