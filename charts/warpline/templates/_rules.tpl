{{- /* What the operator may do, each rule with its reason: in a ClusterRole, or in a Role of each watched namespace. */ -}}
{{- define "warpline.rules" -}}
# Workflows and modules are the users': it reads them, and holds them by a finalizer until they are drained.
- apiGroups: [warpline.dev]
  resources: [workflows, activitymodules]
  verbs: [get, list, watch, patch, update]
# It makes a TaskQueue where a Workflow names one that nobody wrote, a Schedule where a trigger node has a cronSchedule, and every WorkerVersion; it
# deletes what is no longer asked for.
- apiGroups: [warpline.dev]
  resources: [taskqueues, schedules, workerversions]
  verbs: [get, list, watch, create, patch, update, delete]
# What it found out: conditions, diagnostics, the state of a rollout.
- apiGroups: [warpline.dev]
  resources: [workflows/status, activitymodules/status, schedules/status, taskqueues/status, workerversions/status]
  verbs: [patch, update]
# Owner references that block deletion, where the cluster checks them (OwnerReferencesPermissionEnforcement).
- apiGroups: [warpline.dev]
  resources: [workflows/finalizers, activitymodules/finalizers, schedules/finalizers, taskqueues/finalizers, workerversions/finalizers]
  verbs: [update]
# A version's workers.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# That a node's drain leaves a version's last worker running until another is ready.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# A version's files.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch, delete]
# Replay checks of open executions on a new version, and builds of modules.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# What the pods of builds may reach.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create, patch, delete]
# The credentials for Temporal that a TaskQueue names, and for the registry of images: read by name, never listed.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# Why a worker doesn't start: an image that can't be pulled, a Secret that is missing.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# What happened, for `kubectl describe`.
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
