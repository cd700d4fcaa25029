// manifests/ is what the charts render, written down for those who use kustomize; `UPDATE=1 make test-packaging` writes it anew.

package packaging

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// placeholders stand for what an overlay says: `.invalid` is a name that never is one.
var placeholders = []string{
	"temporal.address=temporal-frontend.temporal.svc:7233",
	"image.repository=registry.invalid/warpline/operator",
	"workerImage.repository=registry.invalid/warpline/worker",
}

// written are the files that are rendered: what of the chart each holds.
var written = map[string][]string{
	"manifests/base/operator.yaml":   {"--no-hooks"},
	"manifests/service-monitor.yaml": {"--set", "metrics.serviceMonitor.enabled=true", "--show-only", "templates/service-monitor.yaml"},
	"manifests/network-policy.yaml":  {"--set", "networkPolicy.enabled=true", "--show-only", "templates/network-policy.yaml"},
}

func TestManifestsAreCurrent(t *testing.T) {
	// What says that Helm manages them, and the blank lines that some of its versions put between documents.
	helms := regexp.MustCompile(`(?m)^ *(app\.kubernetes\.io/managed-by|helm\.sh/chart): .*\n|^# Source: .*\n|^\n`)
	for path, arguments := range written {
		t.Run(path, func(t *testing.T) {
			text := "# Generated from charts/warpline; `UPDATE=1 make test-packaging` writes it anew.\n" +
				helms.ReplaceAllString(render(t, operatorChart, placeholders, arguments...), "")
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if read(t, path) != text {
				t.Errorf("%s is not current: run `UPDATE=1 make test-packaging`", path)
			}
		})
	}
}

// build builds a kustomization.
func build(t *testing.T, files filesys.FileSystem, path string) string {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheBaseIsTheOperatorWithItsNamespace(t *testing.T) {
	objects := decode(t, build(t, filesys.MakeFsOnDisk(), root+"/manifests/base"))
	find[*apps.Deployment](t, objects, "warpline")
	namespace := find[*core.Namespace](t, objects, "warpline-system")
	for _, o := range objects {
		if isHook(o) || len(jobs(objects)) > 0 {
			t.Errorf("%s is run by Helm when a release is deleted; applied, it would run at once", o)
		}
		if in := o.meta.GetNamespace(); in != "" && in != namespace.Name {
			t.Errorf("%s is in %s", o, in)
		}
	}
}

func TestTheDefinitionsAreACompleteKustomizationThatPruningLeavesAlone(t *testing.T) {
	definitions := committed(t)
	for _, definition := range all[*apiextensions.CustomResourceDefinition](decode(t, build(t, filesys.MakeFsOnDisk(), root+"/crds"))) {
		if definition.Annotations["helm.sh/resource-policy"] != "keep" || definition.Annotations["kustomize.toolkit.fluxcd.io/prune"] != "disabled" {
			t.Errorf("%s may be pruned: %v", definition.Name, definition.Annotations)
		}
		delete(definitions, definition.Name)
	}
	if len(definitions) > 0 {
		t.Errorf("crds/kustomization.yaml does not name %v", slices.Sorted(maps.Keys(definitions)))
	}
}

func TestTheOverlayOfTheInstallationGuideWorks(t *testing.T) {
	overlay := regexp.MustCompile("(?s)```yaml\n(# kustomization.yaml\n.*?)```").FindStringSubmatch(read(t, "docs/install.md"))
	if overlay == nil {
		t.Fatal("docs/install.md has no overlay: a block of yaml whose first line is `# kustomization.yaml`")
	}
	folder, err := os.MkdirTemp(filepath.Join(root, "manifests"), "overlay-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	text := strings.NewReplacer("warpline/crds", "../../crds", "warpline/manifests/base", "../base").Replace(overlay[1])
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	objects := decode(t, build(t, filesys.MakeFsOnDisk(), folder))
	deployment := find[*apps.Deployment](t, objects, "warpline")
	image, told := deployment.Spec.Template.Spec.Containers[0].Image, environment(deployment)
	if strings.Contains(image, "invalid") || strings.Contains(told["WARPLINE_WORKER_IMAGE"], "invalid") || told["POD_NAME"] != "metadata.name" {
		t.Errorf("the image is %s, and the operator is told %v", image, told)
	}
	if found := len(all[*apiextensions.CustomResourceDefinition](objects)); found != len(committed(t)) {
		t.Errorf("there are %d definitions", found)
	}
}

func TestArgoCDGetsTheHealthOfEveryKind(t *testing.T) {
	settings := find[*core.ConfigMap](t, decode(t, build(t, filesys.MakeFsOnDisk(), root+"/manifests/argo-cd/health")), "argocd-cm")
	kinds := committedKinds(t)
	for kind := range kinds {
		script := read(t, "manifests/argo-cd/health/warpline.dev/"+kind+"/health.lua")
		if settings.Data["resource.customizations.health.warpline.dev_"+kind] != script {
			t.Errorf("argocd-cm does not have the health of %s", kind)
		}
	}
	if len(settings.Data) != len(kinds) || settings.Namespace != "argocd" || settings.Labels["app.kubernetes.io/part-of"] != "argocd" {
		t.Errorf("argocd-cm is %v in %s with %v", slices.Sorted(maps.Keys(settings.Data)), settings.Namespace, settings.Labels)
	}
}

func TestTheArgoCDApplicationsInstallTheCharts(t *testing.T) {
	installed := []string{}
	for _, text := range documents(read(t, "manifests/argo-cd/application.yaml")) {
		var application struct {
			Spec struct {
				Destination struct{ Namespace string }
				Source      struct {
					Path string
					Helm struct {
						ReleaseName  string
						ValuesObject json.RawMessage
					}
				}
			}
		}
		if err := yaml.Unmarshal([]byte(text), &application); err != nil {
			t.Fatal(err)
		}
		source := application.Spec.Source
		values := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(values, source.Helm.ValuesObject, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, o := range decode(t, render(t, filepath.Join(root, source.Path), nil, "--values", values)) {
			if in := o.meta.GetNamespace(); in != "" && in != application.Spec.Destination.Namespace {
				t.Errorf("%s is in %s", o, in)
			}
		}
		installed = append(installed, source.Path)
	}
	if !slices.Equal(installed, []string{"charts/warpline-crds", "charts/warpline"}) {
		t.Errorf("the applications install %v", installed)
	}
}
