// The installations that the other tests look at: one row for each way to install the operator.

package packaging

import "testing"

// installation is a way to install the operator.
type installation struct {
	// name says what it is.
	name string
	// values are beside those that are required.
	values []string
	// kinds is how many objects of each kind there are, hooks not counted.
	kinds map[string]int
}

// installations are rendered, linted and looked at by every test of the operator's chart.
var installations = []installation{
	{
		name:  "defaults",
		kinds: map[string]int{"ServiceAccount": 1, "ClusterRole": 4, "ClusterRoleBinding": 1, "Role": 1, "RoleBinding": 1, "Service": 1, "Deployment": 1},
	},
	{
		name:   "two namespaces",
		values: []string{`watchNamespaces=["builds","reports"]`, "aggregateRoles=false"},
		kinds:  map[string]int{"ServiceAccount": 1, "Role": 3, "RoleBinding": 3, "Service": 1, "Deployment": 1},
	},
	{
		name:   "three replicas",
		values: []string{"replicas=3"},
		kinds: map[string]int{"ServiceAccount": 1, "ClusterRole": 4, "ClusterRoleBinding": 1, "Role": 1, "RoleBinding": 1, "Service": 1, "Deployment": 1,
			"PodDisruptionBudget": 1},
	},
	{
		name:   "without a lease, with an account of one's own",
		values: []string{"leaderElection=false", "serviceAccount.create=false", "serviceAccount.name=robot", "uninstall.release=false"},
		kinds:  map[string]int{"ClusterRole": 4, "ClusterRoleBinding": 1, "Service": 1, "Deployment": 1},
	},
	{
		name:   "everything",
		values: everything,
		kinds: map[string]int{"ServiceAccount": 1, "ClusterRole": 4, "ClusterRoleBinding": 1, "Role": 1, "RoleBinding": 1, "Service": 1, "Deployment": 1,
			"PodDisruptionBudget": 1, "ServiceMonitor": 1, "NetworkPolicy": 1, "ConfigMap": 1},
	},
}

// everything sets every value to something that is not its default.
var everything = []string{
	"temporal.namespace=engine",
	"temporal.maxVersions=1000",
	"image.digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"image.pullPolicy=Always",
	`workerImage.tag="2"`,
	"replicas=2",
	"log.format=text",
	"log.level=warpline=debug,info",
	"traces.endpoint=http://collector.observability.svc:4317",
	`env=[{"name":"OTEL_TRACES_SAMPLER","value":"always_on"}]`,
	"compile.concurrency=4",
	`resources={"limits":{"memory":"1Gi","cpu":2}}`,
	`nodeSelector={"disk":"fast"}`,
	`tolerations=[{"key":"spot","operator":"Exists"}]`,
	`affinity={"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"spot","operator":"DoesNotExist"}]}}]}}`,
	`podAnnotations={"example.com/note":"a: b"}`,
	`podLabels={"team":"builds"}`,
	`imagePullSecrets=[{"name":"registry"}]`,
	`serviceAccount.annotations={"example.com/identity":"warpline"}`,
	"serviceAccount.name=pilot",
	"metrics.serviceMonitor.enabled=true",
	"metrics.serviceMonitor.interval=1m30s",
	`metrics.serviceMonitor.labels={"release":"prometheus"}`,
	"networkPolicy.enabled=true",
	`networkPolicy.ingressFrom=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]`,
	`networkPolicy.egress=[{"ports":[{"port":7234,"protocol":"TCP"}]}]`,
	"dashboard.enabled=true",
	`dashboard.annotations={"folder":"Temporal"}`,
	"fullnameOverride=pilot",
	`global={"of":"another chart"}`,
}

// each runs a test on every installation.
func each(t *testing.T, test func(t *testing.T, installed installation, objects []object)) {
	t.Helper()
	for _, installed := range installations {
		t.Run(installed.name, func(t *testing.T) {
			test(t, installed, decode(t, render(t, operatorChart, append(required[:3:3], installed.values...))))
		})
	}
}

// isHook tells whether Helm runs an object at a moment of a release, and it is no part of it.
func isHook(o object) bool { return o.meta.GetAnnotations()["helm.sh/hook"] != "" }
