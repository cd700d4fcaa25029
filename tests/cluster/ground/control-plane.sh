# The control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, configured as kubeadm does it by default where that bears on what
# runs in the cluster (admission, authorization, service accounts, signers).
# Uses words.sh, machine.sh; needs PROGRAMS, certificates.

NODE=warpline
SERVICES=10.96.0.0/16
API_ADDRESS=10.96.0.1
PODS=10.244.0.0/24

start_etcd() {
  launch etcd "$PROGRAMS/etcd" --data-dir /var/lib/etcd --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380
}

start_kube-apiserver() {
  local pki=$STATE/pki
  launch kube-apiserver "$PROGRAMS/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
    --bind-address="$NODE_ADDRESS" --advertise-address="$NODE_ADDRESS" --secure-port=6443 --service-cluster-ip-range="$SERVICES" \
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --service-account-key-file="$pki/service-accounts.pub" --service-account-signing-key-file="$pki/service-accounts.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" --kubelet-client-key="$pki/apiserver-kubelet-client.key" \
    --kubelet-preferred-address-types=InternalIP --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement \
    --enable-bootstrap-token-auth --allow-privileged \
    --audit-policy-file="$GROUND/audit-policy.yaml" --audit-log-path="$STATE/logs/audit.log" --audit-log-maxsize=2000
}

start_kube-controller-manager() {
  launch kube-controller-manager "$PROGRAMS/kube-controller-manager" \
    --kubeconfig "$STATE/kubeconfigs/controller-manager" --bind-address=127.0.0.1 --leader-elect=false --controllers='*,bootstrapsigner,tokencleaner' \
    --use-service-account-credentials --service-account-private-key-file="$STATE/pki/service-accounts.key" --root-ca-file="$STATE/pki/ca.crt" \
    --cluster-signing-cert-file="$STATE/pki/ca.crt" --cluster-signing-key-file="$STATE/pki/ca.key" --service-cluster-ip-range="$SERVICES"
}

start_kube-scheduler() {
  launch kube-scheduler "$PROGRAMS/kube-scheduler" --kubeconfig "$STATE/kubeconfigs/scheduler" --bind-address=127.0.0.1 --leader-elect=false
}

# kube ARGUMENT…: kubectl as the cluster's administrator.
kube() { "$PROGRAMS/kubectl" --kubeconfig "$STATE/kubeconfigs/admin" "$@"; }

# await_api: waits until the API server serves.
await_api() { await "the API server" kube-apiserver 60 kube get --raw /readyz; }

# await_controllers: waits until the controllers give a namespace what its pods need.
await_controllers() { await "the controllers" kube-controller-manager 30 kube get serviceaccount default; }
