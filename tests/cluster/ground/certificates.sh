# The cluster's certificate authority, a certificate for each of its programs, and their kubeconfigs. They live and end with the state folder.
# Uses words.sh, machine.sh (the addresses).

# certificates: makes what is not there yet.
certificates() {
  [[ ! -f $STATE/pki/done ]] || return 0
  mkdir -p "$STATE/pki" "$STATE/kubeconfigs"
  openssl_run req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$STATE/pki/ca.key" -out "$STATE/pki/ca.crt" -days 365 -subj /CN=warpline-cluster
  certificate apiserver /CN=kube-apiserver \
    "IP:127.0.0.1,IP:$NODE_ADDRESS,IP:$API_ADDRESS,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
  certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  certificate kubelet "/O=system:nodes/CN=system:node:$NODE" "IP:$NODE_ADDRESS,DNS:$NODE"
  certificate admin /O=system:masters/CN=kubernetes-admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy /CN=system:kube-proxy
  certificate names /CN=system:coredns
  for name in kubelet admin controller-manager scheduler proxy names; do kubeconfig "$name"; done
  openssl_run genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$STATE/pki/service-accounts.key"
  openssl_run pkey -in "$STATE/pki/service-accounts.key" -pubout -out "$STATE/pki/service-accounts.pub"
  touch "$STATE/pki/done"
}

openssl_run() { logged "$STATE/logs/openssl.log" "openssl $1 failed" "read the log above" openssl "$@"; }

# certificate NAME SUBJECT [ALTERNATIVE-NAMES]: pki/NAME.crt and pki/NAME.key, signed by the authority.
certificate() {
  local at=$STATE/pki/$1 names=${3:-}
  openssl_run req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$at.key" -out "$at.csr" -subj "$2"
  cat >"$at.extensions" <<EXTENSIONS
basicConstraints=CA:FALSE
keyUsage=digitalSignature
extendedKeyUsage=serverAuth,clientAuth
${names:+subjectAltName=$names}
EXTENSIONS
  openssl_run x509 -req -in "$at.csr" -CA "$STATE/pki/ca.crt" -CAkey "$STATE/pki/ca.key" -CAcreateserial -days 365 -extfile "$at.extensions" -out "$at.crt"
  rm "$at.csr" "$at.extensions"
}

# kubeconfig NAME: kubeconfigs/NAME for the holder of that certificate; it holds all it needs, so that it can be copied.
kubeconfig() {
  local at=$STATE/pki/$1
  cat >"$STATE/kubeconfigs/$1" <<KUBECONFIG
apiVersion: v1
kind: Config
current-context: warpline
contexts: [{name: warpline, context: {cluster: warpline, user: $1}}]
clusters: [{name: warpline, cluster: {server: "https://$NODE_ADDRESS:6443", certificate-authority-data: $(base64 -w0 "$STATE/pki/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$at.crt"), client-key-data: $(base64 -w0 "$at.key")}}]
KUBECONFIG
  chmod 600 "$STATE/kubeconfigs/$1"
}
