// Every pod passes Kubernetes' own check of the standard `restricted`, and more than that.

package packaging

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func deployments(objects []object) []*apps.Deployment { return all[*apps.Deployment](objects) }

func jobs(objects []object) []*batch.Job { return all[*batch.Job](objects) }

func TestEveryPodIsRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, installed installation, objects []object) {
		var pods []core.PodTemplateSpec
		for _, deployment := range deployments(objects) {
			pods = append(pods, deployment.Spec.Template)
		}
		for _, job := range jobs(objects) {
			pods = append(pods, job.Spec.Template)
		}
		if len(pods) == 0 {
			t.Fatal("there is no pod")
		}
		for _, pod := range pods {
			results := evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec)
			if verdict := policy.AggregateCheckResults(results); !verdict.Allowed {
				t.Errorf("%s: %s", pod.Spec.Containers[0].Name, verdict.ForbiddenDetail())
			}
			for _, container := range pod.Spec.Containers {
				if security := container.SecurityContext; security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
					t.Errorf("%s can write to its root file system", container.Name)
				}
				if container.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s has no limit of memory", container.Name)
				}
			}
		}
	})
}
