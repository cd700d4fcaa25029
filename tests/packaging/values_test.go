// Values: what is wrong is refused, in words that say where and what; and every value is documented and in the schema.

package packaging

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestValuesThatAreWrongAreRefusedWithAMessageThatNamesThem(t *testing.T) {
	table := []struct {
		name   string
		values []string
		// says are parts of the message.
		says []string
	}{
		{"nothing", []string{"replicas=1"}, []string{"temporal.address is missing", "--set temporal.address=HOST:PORT", "image.repository is missing", "workerImage.repository is missing"}},
		{"no Temporal", required[1:], []string{"temporal.address is missing: where is Temporal?"}},
		{"a key that there is not", with("replicaCount=2"), []string{"replicaCount"}},
		{"a key that there is not, deeper", with("temporal.adress=a:1"), []string{"temporal", "adress"}},
		{"an address without a port", with("temporal.address=temporal"), []string{"temporal", "address"}},
		{"an address with a scheme", with("temporal.address=https://temporal:7233"), []string{"temporal", "address"}},
		{"text for a number", with("replicas=\"two\""), []string{"replicas", "integer"}},
		{"a number for text", with("temporal.namespace=7"), []string{"temporal", "namespace", "string"}},
		{"text for a truth", with(`leaderElection="yes"`), []string{"leaderElection", "boolean"}},
		{"a pull policy that there is not", with("image.pullPolicy=Sometimes"), []string{"pullPolicy", "IfNotPresent"}},
		{"a tag in the repository", with("image.repository=example.com/operator:1"), []string{"image", "repository"}},
		{"a digest that is none", with("image.digest=latest"), []string{"image", "digest"}},
		{"a namespace that can't be", with(`watchNamespaces=["Builds"]`), []string{"watchNamespaces", "0"}},
		{"a namespace twice", with(`watchNamespaces=["builds","builds"]`), []string{"watchNamespaces"}},
		{"a log format that there is not", with("log.format=xml"), []string{"format", "json"}},
		{"a collector without a port", with("traces.endpoint=http://collector"), []string{"traces", "endpoint"}},
		{"an environment variable without a name", with(`env=[{"value":"a"}]`), []string{"env", "name"}},
		{"no compiler", with("compile.concurrency=0"), []string{"concurrency"}},
		{"a label that selects the pods", with(`podLabels={"app.kubernetes.io/name":"mine"}`), []string{"podLabels/app.kubernetes.io"}},
		{"several without a lease", with("replicas=2", "leaderElection=false"), []string{"replicas is more than 1 without leaderElection"}},
		{"no account", with("serviceAccount.create=false"), []string{"serviceAccount.name is missing"}},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			arguments := []string{"template", "warpline", operatorChart, "--kube-version", oldest}
			for _, value := range row.values {
				arguments = append(arguments, "--set-json", jsonValue(value))
			}
			stdout, stderr, err := run(t, arguments...)
			if err == nil {
				t.Fatalf("it was rendered:\n%s", stdout)
			}
			for _, part := range row.says {
				if !strings.Contains(stderr, part) {
					t.Errorf("the message does not say %q:\n%s", part, stderr)
				}
			}
		})
	}
}

func with(values ...string) []string { return append(required[:3:3], values...) }

func TestEveryInstallationPassesTheStrictLint(t *testing.T) {
	for _, installed := range installations {
		t.Run(installed.name, func(t *testing.T) {
			arguments := []string{"lint", "--strict", "--quiet", "--kube-version", oldest, operatorChart}
			for _, value := range with(installed.values...) {
				arguments = append(arguments, "--set-json", jsonValue(value))
			}
			if stdout, stderr, err := run(t, arguments...); err != nil {
				t.Errorf("%s%s", stdout, stderr)
			}
		})
	}
}

func TestValuesAndSchemaHaveTheSameKeysAndEveryKeyIsExplained(t *testing.T) {
	text := read(t, "charts/warpline/values.yaml")
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(read(t, "charts/warpline/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema["properties"].(map[string]any), "global")
	sameKeys(t, "", values, schema)
	// A key may stand below the comment of the key before it, as tolerations and affinity do.
	key := regexp.MustCompile(`^ *[A-Za-z]+:`)
	explained := false
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "# "):
			explained = true
		case trimmed == "":
			explained = false
		case key.MatchString(line) && !explained && !strings.HasSuffix(trimmed, ":"):
			t.Errorf("no line explains `%s`", trimmed)
		}
	}
}

// sameKeys compares the keys of the defaults with those of the schema, as deep as the schema closes them.
func sameKeys(t *testing.T, path string, values map[string]any, schema map[string]any) {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok || schema["additionalProperties"] != false {
		return
	}
	have, known := slices.Sorted(maps.Keys(values)), slices.Sorted(maps.Keys(properties))
	// What Kubernetes defines is not listed in the defaults.
	if path == "/resources" || path == "/affinity" {
		return
	}
	if !slices.Equal(have, known) {
		t.Errorf("%s: values.yaml has %v, the schema %v", path, have, known)
	}
	for name, inner := range values {
		if nested, ok := inner.(map[string]any); ok {
			sameKeys(t, path+"/"+name, nested, properties[name].(map[string]any))
		}
	}
}
