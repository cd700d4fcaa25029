// What the operator, its release Job and people may do: written a second time here, so that no right is added by the way.

package packaging

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	rbac "k8s.io/api/rbac/v1"
)

// inNamespaces is what the operator may do in the namespaces that it looks after.
var inNamespaces = []string{
	"/configmaps: get list watch create patch delete",
	"/pods: list watch",
	"/secrets: get",
	"apps/deployments: list watch create patch",
	"batch/jobs: get list watch create patch delete",
	"events.k8s.io/events: create patch",
	"networking.k8s.io/networkpolicies: create patch",
	"policy/poddisruptionbudgets: create patch",
	"warpline.dev/activitymodules/finalizers: update",
	"warpline.dev/activitymodules/status: patch",
	"warpline.dev/activitymodules: list watch",
	"warpline.dev/schedules/status: patch",
	"warpline.dev/schedules: list watch create patch delete",
	"warpline.dev/taskqueues/finalizers: update",
	"warpline.dev/taskqueues/status: patch",
	"warpline.dev/taskqueues: list watch create patch delete",
	"warpline.dev/workerversions/finalizers: update",
	"warpline.dev/workerversions/status: patch",
	"warpline.dev/workerversions: list watch create patch delete",
	"warpline.dev/workflows/status: patch",
	"warpline.dev/workflows: list watch patch",
}

// inCluster is the same, where it looks after all of them.
var inCluster = sorted(append(inNamespaces[:len(inNamespaces):len(inNamespaces)], "/namespaces: get list watch"))

// inNamespace is the same, where it looks after this one by its name.
func inNamespace(name string) []string {
	return sorted(append(inNamespaces[:len(inNamespaces):len(inNamespaces)], "/namespaces ["+name+"]: get"))
}

// forLease is what it may do in its own namespace.
var forLease = []string{
	"/pods: get",
	"coordination.k8s.io/leases [warpline]: get list watch patch delete",
	"coordination.k8s.io/leases: create",
}

// forRelease and forReleaseAtHome are what `warpline release` may do, to the objects and in its own namespace.
var (
	forRelease       = []string{"warpline.dev/schedules: list patch", "warpline.dev/taskqueues: list patch", "warpline.dev/workerversions: list patch delete", "warpline.dev/workflows: list patch"}
	forReleaseAtHome = []string{"/pods: list", "apps/deployments/scale [warpline]: patch"}
)

func TestRightsAreThoseThatAreWrittenHere(t *testing.T) {
	table := []struct {
		name, release string
		values        []string
		rights        map[string][]string
	}{
		{name: "the whole cluster", rights: map[string][]string{
			"ClusterRole warpline": inCluster, "Role warpline-system/warpline-lease": forLease,
			"ClusterRole warpline-release": forRelease, "Role warpline-system/warpline-release": forReleaseAtHome,
			"ClusterRole warpline-view":  {"warpline.dev/activitymodules: get list watch", "warpline.dev/schedules: get list watch", "warpline.dev/taskqueues: get list watch", "warpline.dev/workerversions: get list watch", "warpline.dev/workflows: get list watch"},
			"ClusterRole warpline-edit":  {"warpline.dev/activitymodules: create update patch delete deletecollection", "warpline.dev/schedules: create update patch delete deletecollection", "warpline.dev/taskqueues: create update patch delete deletecollection", "warpline.dev/workflows: create update patch delete deletecollection"},
			"ClusterRole warpline-admin": {"warpline.dev/workerversions: delete deletecollection"},
		}},
		{name: "two namespaces, and nothing that is cluster-wide", values: []string{`watchNamespaces=["builds","reports"]`, "aggregateRoles=false"}, rights: map[string][]string{
			"Role builds/warpline": inNamespace("builds"), "Role reports/warpline": inNamespace("reports"), "Role warpline-system/warpline-lease": forLease,
			"Role builds/warpline-release-finalizers": forRelease, "Role reports/warpline-release-finalizers": forRelease,
			"Role warpline-system/warpline-release": forReleaseAtHome,
		}},
		{name: "no lease, no release", values: []string{"leaderElection=false", "uninstall.release=false", "aggregateRoles=false"}, rights: map[string][]string{
			"ClusterRole warpline": inCluster,
		}},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			found := rights(decode(t, render(t, operatorChart, append(required[:3:3], row.values...))))
			for role, expected := range row.rights {
				if !slices.Equal(found[role], expected) {
					t.Errorf("%s:\n  %s\nand not\n  %s", role, strings.Join(found[role], "\n  "), strings.Join(expected, "\n  "))
				}
				delete(found, role)
			}
			if len(found) > 0 {
				t.Errorf("and further rights: %v", found)
			}
		})
	}
}

func TestEveryRoleIsBoundToTheAccountOfThePodThatNeedsIt(t *testing.T) {
	each(t, func(t *testing.T, installed installation, objects []object) {
		roles := rights(objects)
		accounts := map[bool]string{}
		for _, deployment := range deployments(objects) {
			accounts[false] = deployment.Spec.Template.Spec.ServiceAccountName
		}
		for _, job := range jobs(objects) {
			accounts[true] = job.Spec.Template.Spec.ServiceAccountName
		}
		bind := func(o object, role string, subjects []rbac.Subject) {
			if _, ok := roles[role]; !ok {
				t.Errorf("%s binds %s, which there is not", o, role)
			}
			delete(roles, role)
			expected := rbac.Subject{Kind: "ServiceAccount", Name: accounts[isHook(o)], Namespace: "warpline-system"}
			if !slices.Equal(subjects, []rbac.Subject{expected}) {
				t.Errorf("%s is for %v, and not for %v", o, subjects, expected)
			}
		}
		for _, o := range objects {
			switch binding := o.Object.(type) {
			case *rbac.ClusterRoleBinding:
				bind(o, "ClusterRole "+binding.RoleRef.Name, binding.Subjects)
			case *rbac.RoleBinding:
				bind(o, "Role "+binding.Namespace+"/"+binding.RoleRef.Name, binding.Subjects)
			}
		}
		for role := range roles {
			if !strings.HasSuffix(role, "-view") && !strings.HasSuffix(role, "-edit") && !strings.HasSuffix(role, "-admin") {
				t.Errorf("%s is bound to nobody", role)
			}
		}
	})
}

func TestEveryRuleHasItsReasonBesideIt(t *testing.T) {
	rendered := render(t, operatorChart, required, "--show-only", "templates/rbac.yaml", "--show-only", "templates/release.yaml")
	lines := strings.Split(rendered, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "- apiGroups:") && !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "# ") {
			t.Errorf("no reason is beside the rule\n%s\n%s", line, lines[i+1])
		}
	}
}

// rights are the rules of all roles: `group/resource [names]: verbs`, sorted.
func rights(objects []object) map[string][]string {
	found := map[string][]string{}
	add := func(role string, rules []rbac.PolicyRule) {
		found[role] = []string{}
		for _, rule := range rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					names := ""
					if len(rule.ResourceNames) > 0 {
						names = fmt.Sprintf(" %v", rule.ResourceNames)
					}
					found[role] = append(found[role], fmt.Sprintf("%s/%s%s: %s", group, resource, names, strings.Join(rule.Verbs, " ")))
				}
			}
		}
		sorted(found[role])
	}
	for _, o := range objects {
		switch role := o.Object.(type) {
		case *rbac.ClusterRole:
			add("ClusterRole "+role.Name, role.Rules)
		case *rbac.Role:
			add("Role "+role.Namespace+"/"+role.Name, role.Rules)
		}
	}
	return found
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
