// The chart of the definitions: those of crds/, kept when it is uninstalled, also when it is packaged.

package packaging

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// committed are the definitions in crds/, by name.
func committed(t *testing.T) map[string]*apiextensions.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob(root + "/crds/*.warpline.dev.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no definitions in crds/: %v", err)
	}
	found := map[string]*apiextensions.CustomResourceDefinition{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		definition := decode(t, string(text))[0].Object.(*apiextensions.CustomResourceDefinition)
		found[definition.Name] = definition
	}
	return found
}

func TestTheChartHoldsTheDefinitionsAndKeepsThem(t *testing.T) {
	folder := t.TempDir()
	if stdout, stderr, err := run(t, "package", crdChart, "--destination", folder); err != nil {
		t.Fatalf("%s%s", stdout, stderr)
	}
	packages, err := filepath.Glob(folder + "/warpline-crds-*.tgz")
	if err != nil || len(packages) != 1 {
		t.Fatalf("the package is not there: %v", packages)
	}
	for name, chart := range map[string]string{"from the repository": crdChart, "from its package": packages[0]} {
		t.Run(name, func(t *testing.T) {
			definitions := committed(t)
			for _, definition := range all[*apiextensions.CustomResourceDefinition](decode(t, render(t, chart, nil))) {
				if definition.Annotations["helm.sh/resource-policy"] != "keep" {
					t.Errorf("%s would go with the chart, and everything of its kind with it", definition.Name)
				}
				expected, ok := definitions[definition.Name]
				if !ok || !reflect.DeepEqual(definition.Spec, expected.Spec) {
					t.Errorf("%s is not as in crds/", definition.Name)
				}
				delete(definitions, definition.Name)
			}
			for name := range definitions {
				t.Errorf("%s is not in the chart", name)
			}
		})
	}
}

func TestTheChartOfTheDefinitionsPassesTheStrictLint(t *testing.T) {
	if stdout, stderr, err := run(t, "lint", "--strict", "--quiet", "--kube-version", oldest, crdChart); err != nil {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// appVersion is the version of the program that a chart is for.
func appVersion(t *testing.T, chart string) string {
	t.Helper()
	text, err := os.ReadFile(chart + "/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var about struct{ Version, AppVersion string }
	if err := yaml.Unmarshal(text, &about); err != nil {
		t.Fatal(err)
	}
	if about.Version != about.AppVersion {
		t.Errorf("%s: the version %s is not the appVersion %s", chart, about.Version, about.AppVersion)
	}
	return about.AppVersion
}

func TestChartsHaveTheVersionOfTheProgram(t *testing.T) {
	version := regexp.MustCompile(`(?m)^version = "(.+)"$`).FindStringSubmatch(read(t, "Cargo.toml"))[1]
	for _, chart := range []string{operatorChart, crdChart} {
		if found := appVersion(t, chart); found != version {
			t.Errorf("%s is for %s, and Cargo.toml says %s", chart, found, version)
		}
	}
}
