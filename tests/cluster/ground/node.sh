# The node: containerd, the pods' network, kubelet, kube-proxy and the cluster's DNS, all on the cluster's own machine.
# Uses words.sh, machine.sh, control-plane.sh; needs PROGRAMS, POLICIES, RUNTIME, certificates, the registry's address.

start_containerd() {
  mkdir -p "$STATE/containerd/certs.d/$REGISTRY" "$STATE/network"
  # Pods are routed, not bridged: so a service's answer always comes back the way it went, on kernels without bridge filters too.
  cat >"$STATE/network/10-pods.conflist" <<NETWORK
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipMasq": true,
   "ipam": {"type": "host-local", "dataDir": "$STATE/network/addresses", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
NETWORK
  cat >"$STATE/containerd/certs.d/$REGISTRY/hosts.toml" <<HOSTS
server = "http://$REGISTRY"
[host."http://$REGISTRY"]
HOSTS
  # Unpacked images lie in the machine's memory (its /var/lib): half a gigabyte, written and forgotten at once.
  # Without restrict_oom_score_adj, runc fails where we may not lower a score; a profile of AppArmor would outlive the machine.
  cat >"$STATE/containerd/config.toml" <<CONTAINERD
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  sandbox_image = "$REGISTRY/warpline/pause:${IMAGE_KEYS[pause]}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$RUNTIME/usr/lib/cni"
    conf_dir = "$STATE/network"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$STATE/containerd/certs.d"
CONTAINERD
  launch containerd env PATH="$RUNTIME/usr/bin:$RUNTIME/usr/sbin:$PATH" containerd --config "$STATE/containerd/config.toml"
}

# ctr ARGUMENT…: containerd's own client.
ctr() { inside "$RUNTIME/usr/bin/ctr" "$@"; }

start_kubelet() {
  await "containerd" containerd 20 ctr version
  echo "nameserver $NODE_ADDRESS" >"$STATE/resolv.conf"
  mkdir -p "$STATE/kubelet" "$STATE/pod-logs"
  # Disks of test machines are nearly full at times: the kubelet evicts late and collects no images.
  cat >"$STATE/kubelet.yaml" <<KUBELET
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_ADDRESS
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $STATE/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $STATE/pki/kubelet.crt
tlsPrivateKeyFile: $STATE/pki/kubelet.key
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$MACHINE
failCgroupV1: false
failSwapOn: false
clusterDNS: [$NODE_ADDRESS]
clusterDomain: cluster.local
resolvConf: $STATE/resolv.conf
podLogsDir: $STATE/pod-logs
volumePluginDir: $STATE/kubelet/volume-plugins
serializeImagePulls: false
maxPods: 250
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
KUBELET
  launch kubelet "$PROGRAMS/kubelet" --config "$STATE/kubelet.yaml" --kubeconfig "$STATE/kubeconfigs/kubelet" --root-dir "$STATE/kubelet" \
    --hostname-override "$NODE" --node-ip "$NODE_ADDRESS"
}

start_kube-proxy() {
  # Zeros: the limits of connection tracking are the kernel's, and stay as they are.
  cat >"$STATE/proxy.yaml" <<PROXY
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: $PODS
hostnameOverride: $NODE
clientConnection: {kubeconfig: $STATE/kubeconfigs/proxy}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
PROXY
  launch kube-proxy "$PROGRAMS/kube-proxy" --config "$STATE/proxy.yaml"
}

# Enforces network policies by the machine's own packet filter.
start_policies() { launch policies "$POLICIES/policies" "$STATE/kubeconfigs/admin" "$NODE" "$SERVICES"; }

start_names() {
  cat >"$STATE/Corefile" <<COREFILE
.:53 {
  bind $NODE_ADDRESS
  ready 127.0.0.1:8181
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $STATE/kubeconfigs/names
  }
}
COREFILE
  launch names "$PROGRAMS/names" -conf "$STATE/Corefile"
}

# await_node: waits until pods can run.
await_node() {
  await "the node" kubelet 60 kube wait --for=condition=Ready "node/$NODE" --timeout=1s
  await "the cluster's DNS" names 20 inside bash -c "exec 3<>/dev/tcp/$NODE_ADDRESS/53"
}
