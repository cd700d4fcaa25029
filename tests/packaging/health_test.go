// The health scripts, run by the Lua that Argo CD has (gopher-lua), with no more of its library than Argo CD opens to them.
// The tables are in the form of Argo CD's own resource_customizations/.

package packaging

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"sigs.k8s.io/yaml"
)

const healthFolder = root + "/manifests/argo-cd/health/warpline.dev"

// health is what a script returns.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func TestHealthScripts(t *testing.T) {
	for name := range committedKinds(t) {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(healthFolder, name)
			script, err := os.ReadFile(filepath.Join(folder, "health.lua"))
			if err != nil {
				t.Fatal(err)
			}
			var table struct {
				Tests []struct {
					InputPath    string `json:"inputPath"`
					HealthStatus health `json:"healthStatus"`
				} `json:"tests"`
			}
			if err := strictly(filepath.Join(folder, "health_test.yaml"), &table); err != nil {
				t.Fatal(err)
			}
			statuses := []string{}
			inputs := []string{}
			for _, row := range table.Tests {
				var input map[string]any
				path := filepath.Join(folder, row.InputPath)
				if err := strictly(path, &input); err != nil {
					t.Fatal(err)
				}
				if input["kind"] != name || input["apiVersion"] != "warpline.dev/v1alpha1" {
					t.Errorf("%s is no %s", row.InputPath, name)
				}
				if found := evaluate(t, string(script), input); found != row.HealthStatus {
					t.Errorf("%s: %v, and not %v", row.InputPath, found, row.HealthStatus)
				}
				statuses, inputs = append(statuses, row.HealthStatus.Status), append(inputs, path)
			}
			for _, status := range []string{"Healthy", "Progressing", "Degraded"} {
				if !slices.Contains(statuses, status) {
					t.Errorf("no row is %s", status)
				}
			}
			files, err := filepath.Glob(folder + "/testdata/*.yaml")
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(inputs)
			if !slices.Equal(files, inputs) {
				t.Errorf("testdata/ has %v, and the table %v", files, inputs)
			}
		})
	}
}

// committedKinds are the kinds that there are, by name.
func committedKinds(t *testing.T) map[string]bool {
	kinds := map[string]bool{}
	for _, definition := range committed(t) {
		kinds[definition.Spec.Names.Kind] = true
	}
	return kinds
}

func strictly(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(text, into)
}

// evaluate runs a script on an object.
func evaluate(t *testing.T, script string, input map[string]any) health {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", value(state, input))
	if err := state.DoString(script); err != nil {
		t.Fatal(err)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns %v", state.Get(-1))
	}
	found := map[string]string{}
	table.ForEach(func(key, value lua.LValue) {
		if value.Type() != lua.LTString {
			t.Errorf("%s is a %s", key, value.Type())
		}
		found[key.String()] = value.String()
	})
	var result health
	text, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// value makes a Lua value of what was read from YAML.
func value(state *lua.LState, from any) lua.LValue {
	switch from := from.(type) {
	case bool:
		return lua.LBool(from)
	case float64:
		return lua.LNumber(from)
	case string:
		return lua.LString(from)
	case []any:
		list := state.NewTable()
		for _, item := range from {
			list.Append(value(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range from {
			table.RawSetString(key, value(state, item))
		}
		return table
	}
	return lua.LNil
}
