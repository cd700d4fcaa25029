// The hook that lets objects go before the operator is deleted: it is there before its Job, and nothing of it stays.

package packaging

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTheReleaseHookRunsBeforeTheOperatorIsDeletedAndLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		weights := map[string][]int{}
		for _, o := range objects {
			if !isHook(o) {
				continue
			}
			annotations := o.meta.GetAnnotations()
			if annotations["helm.sh/hook"] != "pre-delete" || annotations["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
				t.Errorf("%s is a hook with %v", o, annotations)
			}
			weight, err := strconv.Atoi(annotations["helm.sh/hook-weight"])
			if err != nil {
				t.Fatalf("%s: %s", o, err)
			}
			step := "roles"
			if strings.HasSuffix(o.kind, "Binding") {
				step = "bindings"
			} else if o.kind == "Job" {
				step = "job"
			}
			weights[step] = append(weights[step], weight)
		}
		if slices.Contains(installed.values, "uninstall.release=false") {
			if len(weights) > 0 {
				t.Errorf("there are hooks: %v", weights)
			}
			return
		}
		if steps := slices.Sorted(maps.Keys(weights)); !slices.Equal(steps, []string{"bindings", "job", "roles"}) {
			t.Fatalf("the hook consists of %v", steps)
		}
		if slices.Max(weights["roles"]) >= slices.Min(weights["bindings"]) || slices.Max(weights["bindings"]) >= slices.Min(weights["job"]) {
			t.Errorf("the Job may start before its rights: %v", weights)
		}
	})
}

func TestTheReleaseJobKnowsTheOperatorAndEndsBeforeHelmGivesUp(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		for _, job := range jobs(objects) {
			told := map[string]string{}
			for _, variable := range job.Spec.Template.Spec.Containers[0].Env {
				told[variable.Name] = variable.Value
			}
			operator := deployments(objects)[0]
			if told["WARPLINE_DEPLOYMENT"] != operator.Name || told["WARPLINE_WATCH_NAMESPACES"] != environment(operator)["WARPLINE_WATCH_NAMESPACES"] {
				t.Errorf("the Job is told %v", told)
			}
			if job.Spec.Template.Spec.Containers[0].Image != operator.Spec.Template.Spec.Containers[0].Image {
				t.Error("the Job runs another image than the operator")
			}
			if helmWaits := int64(300); *job.Spec.ActiveDeadlineSeconds >= helmWaits {
				t.Errorf("the Job may run %d s, and Helm waits %d", *job.Spec.ActiveDeadlineSeconds, helmWaits)
			}
		}
	})
}
