// The operator's chart: what is made, that its parts fit together, and that the values arrive.

package packaging

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestEachInstallationHasTheObjectsThatItNeedsAndNoOther(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		kinds := map[string]int{}
		for _, o := range objects {
			if !isHook(o) {
				kinds[o.kind]++
			}
		}
		if !maps.Equal(kinds, installed.kinds) {
			t.Errorf("there are %v, and not %v", kinds, installed.kinds)
		}
	})
}

func TestEveryObjectIsInANamespaceAndSaysWhatItBelongsTo(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		for _, o := range objects {
			if isClusterWide := strings.HasPrefix(o.kind, "Cluster"); isClusterWide != (o.meta.GetNamespace() == "") {
				t.Errorf("%s is in the namespace %q", o, o.meta.GetNamespace())
			}
			for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "app.kubernetes.io/version"} {
				if o.meta.GetLabels()[label] == "" {
					t.Errorf("%s has no label %s", o, label)
				}
			}
		}
	})
}

func TestSelectorsFindTheOperatorsPods(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		deployment := all[*apps.Deployment](objects)[0]
		pod := labels.Set(deployment.Spec.Template.Labels)
		container := deployment.Spec.Template.Spec.Containers[0]
		selectors := map[string]labels.Selector{"Deployment": labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels)}
		for _, service := range all[*core.Service](objects) {
			selectors["Service"] = labels.SelectorFromSet(service.Spec.Selector)
			if port := service.Spec.Ports[0].TargetPort; port != intstr.FromString(container.Ports[0].Name) {
				t.Errorf("the Service leads to the port %s, which is none of the container's", port.String())
			}
			for _, monitor := range all[*monitoring.ServiceMonitor](objects) {
				if !labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels).Matches(labels.Set(service.Labels)) || monitor.Spec.Endpoints[0].Port != service.Spec.Ports[0].Name {
					t.Error("the ServiceMonitor does not find the Service")
				}
			}
		}
		for _, budget := range all[*policy.PodDisruptionBudget](objects) {
			selectors["PodDisruptionBudget"] = labels.SelectorFromSet(budget.Spec.Selector.MatchLabels)
		}
		for _, spread := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
			selectors["topology spread"] = labels.SelectorFromSet(spread.LabelSelector.MatchLabels)
		}
		for _, network := range all[*networking.NetworkPolicy](objects) {
			selectors["NetworkPolicy"] = labels.SelectorFromSet(network.Spec.PodSelector.MatchLabels)
		}
		for who, selector := range selectors {
			if selector.Empty() || !selector.Matches(pod) {
				t.Errorf("the selector of the %s, %s, does not match the pod's labels %s", who, selector, pod)
			}
		}
		for _, job := range jobs(objects) {
			for who, selector := range selectors {
				if finds := selector.Matches(labels.Set(job.Spec.Template.Labels)); finds != (who == "NetworkPolicy") {
					t.Errorf("that the %s finds the pod of `warpline release` is %v", who, finds)
				}
			}
		}
	})
}

// environment is what the operator's container is told.
func environment(deployment *apps.Deployment) map[string]string {
	found := map[string]string{}
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		found[variable.Name] = variable.Value
		if variable.ValueFrom != nil {
			found[variable.Name] = variable.ValueFrom.FieldRef.FieldPath
		}
	}
	return found
}

func TestTheDefaultsArriveAtTheOperator(t *testing.T) {
	deployment := find[*apps.Deployment](t, decode(t, render(t, operatorChart, required)), "warpline")
	version := appVersion(t, operatorChart)
	expected := map[string]string{
		"WARPLINE_TEMPORAL_ADDRESS":    "temporal-frontend.temporal.svc:7233",
		"WARPLINE_TEMPORAL_NAMESPACE":  "default",
		"WARPLINE_WORKER_IMAGE":        "registry.example.com:5000/warpline/worker:" + version,
		"WARPLINE_LEADER_ELECTION":     "true",
		"WARPLINE_LEASE_NAME":          "warpline",
		"WARPLINE_LISTEN":              "0.0.0.0:8080",
		"WARPLINE_LOG_FORMAT":          "json",
		"WARPLINE_LOG_LEVEL":           "info",
		"WARPLINE_MAX_VERSIONS":        "100",
		"WARPLINE_COMPILE_CONCURRENCY": "2",
		"POD_NAME":                     "metadata.name",
		"POD_NAMESPACE":                "metadata.namespace",
	}
	if found := environment(deployment); !maps.Equal(found, expected) {
		t.Errorf("the operator is told\n%v\nand not\n%v", found, expected)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	if image := "registry.example.com/warpline/operator:" + version; container.Image != image {
		t.Errorf("the image is %s, and not %s", container.Image, image)
	}
	if memory := container.Resources; memory.Requests.Memory().String() != "64Mi" || memory.Limits.Memory().String() != "512Mi" {
		t.Errorf("the memory is %v", memory)
	}
	if *deployment.Spec.Replicas != 1 || deployment.Spec.Strategy.Type == apps.RecreateDeploymentStrategyType {
		t.Errorf("with a lease, an upgrade starts the new instance first: %v", deployment.Spec.Strategy)
	}
	probes := []string{container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path}
	if !slices.Equal(probes, []string{"/health", "/ready"}) || container.Ports[0].ContainerPort != 8080 {
		t.Errorf("the probes are %v on %v", probes, container.Ports)
	}
}

func TestEveryValueArrives(t *testing.T) {
	rendered := render(t, operatorChart, append(required[:3:3], everything...))
	objects := decode(t, rendered)
	deployment := find[*apps.Deployment](t, objects, "pilot")
	pod, container := deployment.Spec.Template, deployment.Spec.Template.Spec.Containers[0]
	told := environment(deployment)
	monitor := find[*monitoring.ServiceMonitor](t, objects, "pilot")
	network := find[*networking.NetworkPolicy](t, objects, "pilot")
	dashboard := find[*core.ConfigMap](t, objects, "pilot-dashboard")
	var ports []int
	for _, rule := range network.Spec.Egress {
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.IntValue())
		}
	}
	for what, holds := range map[string]bool{
		"the Temporal namespace": told["WARPLINE_TEMPORAL_NAMESPACE"] == "engine",
		"the worker's tag":       told["WARPLINE_WORKER_IMAGE"] == "registry.example.com:5000/warpline/worker:2",
		"the digest":             strings.HasPrefix(container.Image, "registry.example.com/warpline/operator@sha256:0123"),
		"the pull policy":        container.ImagePullPolicy == core.PullAlways,
		"the log":                told["WARPLINE_LOG_FORMAT"] == "text" && told["WARPLINE_LOG_LEVEL"] == "warpline=debug,info",
		"the most versions":      told["WARPLINE_MAX_VERSIONS"] == "1000",
		"concurrency":            told["WARPLINE_COMPILE_CONCURRENCY"] == "4",
		"the collector":          told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.observability.svc:4317",
		"more environment":       told["OTEL_TRACES_SAMPLER"] == "always_on",
		"resources":              container.Resources.Limits.Memory().String() == "1Gi",
		"the lease":              told["WARPLINE_LEASE_NAME"] == "pilot",
		"node selector":          pod.Spec.NodeSelector["disk"] == "fast",
		"tolerations":            pod.Spec.Tolerations[0].Key == "spot",
		"affinity":               pod.Spec.Affinity.NodeAffinity != nil,
		"pod annotations":        pod.Annotations["example.com/note"] == "a: b",
		"pod labels":             pod.Labels["team"] == "builds",
		"pull secrets":           pod.Spec.ImagePullSecrets[0].Name == "registry",
		"the account":            pod.Spec.ServiceAccountName == "pilot" && find[*core.ServiceAccount](t, objects, "pilot").Annotations["example.com/identity"] == "warpline",
		"the scrape interval":    monitor.Spec.Endpoints[0].Interval == "1m30s" && monitor.Labels["release"] == "prometheus",
		"who may scrape":         network.Spec.Ingress[0].From[0].NamespaceSelector != nil,
		"where it may go":        slices.Equal(ports, []int{53, 53, 443, 6443, 7233, 4317, 7234}),
		"the dashboard":          dashboard.Labels["grafana_dashboard"] == "1" && dashboard.Data["warpline.json"] == read(t, "manifests/grafana/dashboard.json"),
		"the dashboard's folder": dashboard.Annotations["folder"] == "Temporal",
	} {
		if !holds {
			t.Errorf("%s: not as the values say\n", what)
		}
	}
}

func TestWithoutALeaseTheOldInstanceEndsFirst(t *testing.T) {
	deployment := find[*apps.Deployment](t, decode(t, render(t, operatorChart, append(required[:3:3], "leaderElection=false"))), "warpline")
	if deployment.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType || environment(deployment)["WARPLINE_LEADER_ELECTION"] != "false" {
		t.Errorf("two instances may run at a time: %v", deployment.Spec.Strategy)
	}
}

func TestNamesFollowTheRelease(t *testing.T) {
	for release, name := range map[string]string{"warpline": "warpline", "warpline-pilot": "warpline-pilot", "pilot": "pilot-warpline"} {
		arguments := []string{"template", release, operatorChart, "--kube-version", oldest}
		for _, value := range required {
			arguments = append(arguments, "--set", value)
		}
		stdout, stderr, err := run(t, arguments...)
		if err != nil {
			t.Fatal(stderr)
		}
		find[*apps.Deployment](t, decode(t, stdout), name)
	}
}

func TestTheProgramReadsWhatItsContainersAreTold(t *testing.T) {
	objects := decode(t, render(t, operatorChart, append(required[:3:3], `watchNamespaces=["builds"]`)))
	containers := map[string]core.Container{
		"src/cli/operator.rs": deployments(objects)[0].Spec.Template.Spec.Containers[0],
		"src/cli/release.rs":  jobs(objects)[0].Spec.Template.Spec.Containers[0],
	}
	for path, container := range containers {
		source := read(t, path)
		if subcommand := strings.TrimSuffix(filepath.Base(path), ".rs"); !slices.Equal(container.Args, []string{subcommand}) {
			t.Errorf("%s is started with %v", container.Name, container.Args)
		}
		for _, variable := range container.Env {
			if !strings.Contains(source, fmt.Sprintf("env = %q", variable.Name)) {
				t.Errorf("%s does not read %s", path, variable.Name)
			}
		}
	}
}
