{{- /* What the operator may do, each rule with its reason, none without use (tests/rights): in a ClusterRole, or in a Role of each watched namespace. */ -}}
{{- define "warpline.rules" -}}
# Workflows are the users': it reads them, and holds them by a finalizer until they are drained.
- apiGroups: [warpline.dev]
  resources: [workflows]
  verbs: [list, watch, patch]
# Modules are the users', too: it only reads them.
- apiGroups: [warpline.dev]
  resources: [activitymodules]
  verbs: [list, watch]
# It makes a TaskQueue where a Workflow names one that nobody wrote, and holds each until Temporal knows it no more. Its owners are the Workflows on it,
# which only somebody changes who may delete it, where the cluster checks that (OwnerReferencesPermissionEnforcement).
- apiGroups: [warpline.dev]
  resources: [taskqueues]
  verbs: [list, watch, create, patch, delete]
# It makes a Schedule where a trigger node has a cronSchedule, and every WorkerVersion; it deletes what is no longer asked for.
- apiGroups: [warpline.dev]
  resources: [schedules, workerversions]
  verbs: [list, watch, create, patch, delete]
# What it found out: conditions, diagnostics, the state of a rollout.
- apiGroups: [warpline.dev]
  resources: [workflows/status, activitymodules/status, schedules/status, taskqueues/status, workerversions/status]
  verbs: [patch]
# Owner references that block deletion, where the cluster checks them (OwnerReferencesPermissionEnforcement).
- apiGroups: [warpline.dev]
  resources: [activitymodules/finalizers, taskqueues/finalizers, workerversions/finalizers]
  verbs: [update]
# A version's workers; they go with it.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list, watch, create, patch]
# That a node's drain leaves a version's last worker running until another is ready.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [create, patch]
# A version's files; what a build is given. That the files of a module's source changed: of all others the names alone are watched.
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
  verbs: [create, patch]
# The credentials for Temporal that a TaskQueue names, and for the registry of images: read by name, never listed.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# Why a worker doesn't start: an image that can't be pulled, a Secret that is missing; the pods of builds.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# What happened, for `kubectl describe`.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
