// Package packaging tests what an installation is made of: charts, manifests, health scripts, with the programs and libraries that
// users' clusters run: Helm, kustomize, Kubernetes' own types and pod security checks, the Lua of Argo CD.
// This file runs Helm and reads what it renders. It must not know what the charts are about.
package packaging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientgo "k8s.io/client-go/kubernetes/scheme"
)

const (
	// root is the repository.
	root = "../.."
	// oldest is the oldest API server that the charts take.
	oldest = "1.34.0"
	// operatorChart and crdChart are the charts.
	operatorChart = root + "/charts/warpline"
	crdChart      = root + "/charts/warpline-crds"
)

// required are the values without which nothing can be installed.
var required = []string{
	"temporal.address=temporal-frontend.temporal.svc:7233",
	"image.repository=registry.example.com/warpline/operator",
	"workerImage.repository=registry.example.com:5000/warpline/worker",
}

// helm is the program: that of $HELM, or the one that go.mod pins.
var helm string

func TestMain(m *testing.M) {
	helm = os.Getenv("HELM")
	if helm == "" {
		build := exec.Command("go", "tool", "-n", "helm")
		// The path alone is on standard output; what is downloaded the first time is said beside it.
		build.Stderr = os.Stderr
		path, err := build.Output()
		if err != nil {
			fmt.Fprintf(os.Stderr, "Helm could not be built: %s; set HELM to a Helm 3 or 4\n", err)
			os.Exit(1)
		}
		helm = strings.TrimSpace(string(path))
	}
	os.Exit(m.Run())
}

// run runs Helm and returns what it prints to stdout, and to stderr.
func run(t *testing.T, arguments ...string) (string, string, error) {
	t.Helper()
	command := exec.Command(helm, arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	// Nothing of this machine's: no plugins, no repositories, no cluster.
	home := t.TempDir()
	command.Env = append(os.Environ(), "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+filepath.Join(home, "none"))
	err := command.Run()
	return stdout.String(), stderr.String(), err
}

// render renders a chart as release `warpline` in `warpline-system`.
func render(t *testing.T, chart string, values []string, more ...string) string {
	t.Helper()
	arguments := append([]string{"template", "warpline", chart, "--namespace", "warpline-system", "--kube-version", oldest}, more...)
	for _, value := range values {
		arguments = append(arguments, "--set-json", jsonValue(value))
	}
	stdout, stderr, err := run(t, arguments...)
	if err != nil {
		t.Fatalf("helm %s: %s\n%s", strings.Join(arguments, " "), err, stderr)
	}
	return stdout
}

// jsonValue makes `a=text` into `a="text"`; what is JSON already stays.
func jsonValue(value string) string {
	key, text, _ := strings.Cut(value, "=")
	if json.Valid([]byte(text)) {
		return value
	}
	return fmt.Sprintf("%s=%q", key, text)
}

// object is a Kubernetes object with its own Go type.
type object struct {
	runtime.Object
	meta metav1.Object
	kind string
}

func (o object) String() string { return o.kind + " " + o.meta.GetName() }

// decode reads a stream of objects into Kubernetes' own types, strictly: a field that the type has not, a wrong type or a double key fails.
func decode(t *testing.T, stream string) []object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgo.AddToScheme, apiextensions.AddToScheme, monitoring.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []object
	for _, text := range documents(stream) {
		decoded, kind, err := decoder.Decode([]byte(text), nil, nil)
		if err != nil {
			t.Fatalf("%s\n%s", err, text)
		}
		accessor, err := meta.Accessor(decoded)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object{decoded, accessor, kind.Kind})
	}
	return objects
}

// documents are the documents of a stream that hold something.
func documents(stream string) []string {
	var found []string
	for _, text := range strings.Split("\n"+stream, "\n---") {
		for _, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				found = append(found, text)
				break
			}
		}
	}
	return found
}

// find returns the one object of a type with that name.
func find[T runtime.Object](t *testing.T, objects []object, name string) T {
	t.Helper()
	found := all[T](objects)
	for _, typed := range found {
		if accessor, err := meta.Accessor(typed); err == nil && accessor.GetName() == name {
			return typed
		}
	}
	t.Fatalf("there is no %T %s among %v", *new(T), name, objects)
	return *new(T)
}

// all returns the objects of a type.
func all[T runtime.Object](objects []object) []T {
	var found []T
	for _, o := range objects {
		if typed, ok := o.Object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// read reads a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
