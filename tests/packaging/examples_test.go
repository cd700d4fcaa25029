// Objects that we show are what the definitions take: the health scripts' test data and the example's manifests, checked by the API server's own code.

package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"sigs.k8s.io/yaml"
)

func TestObjectsThatWeShowAreTakenByTheDefinitions(t *testing.T) {
	schemas := map[string]*apiextensions.JSONSchemaProps{}
	for _, definition := range committed(t) {
		var schema apiextensions.JSONSchemaProps
		versioned := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(versioned, &schema, nil); err != nil {
			t.Fatal(err)
		}
		schemas[definition.Spec.Names.Kind] = &schema
	}
	checked := 0
	for _, pattern := range []string{healthFolder + "/*/testdata/*.yaml", root + "/manifests/examples/*/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("there is nothing at %s", pattern)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range documents(string(text)) {
				var shown map[string]any
				if err := yaml.Unmarshal([]byte(document), &shown); err != nil {
					t.Fatalf("%s: %s", path, err)
				}
				if shown["apiVersion"] != "warpline.dev/v1alpha1" {
					decode(t, document)
					continue
				}
				checkAgainst(t, strings.TrimPrefix(path, root+"/"), shown, schemas)
				checked++
			}
		}
	}
	if checked < len(schemas) {
		t.Errorf("only %d objects were checked", checked)
	}
}

// checkAgainst does what the API server does with an object: it drops unknown fields, which here is an error, and validates the rest.
func checkAgainst(t *testing.T, path string, shown map[string]any, schemas map[string]*apiextensions.JSONSchemaProps) {
	t.Helper()
	schema, ok := schemas[shown["kind"].(string)]
	if !ok {
		t.Errorf("%s: there is no kind %s", path, shown["kind"])
		return
	}
	structural, err := structuralschema.NewStructural(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range pruning.PruneWithOptions(shown, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		t.Errorf("%s: there is no field %s", path, field)
	}
	validator, _, err := validation.NewSchemaValidator(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range validation.ValidateCustomResource(nil, shown, validator) {
		t.Errorf("%s: %s", path, problem)
	}
}
