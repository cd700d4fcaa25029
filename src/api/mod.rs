//! The custom resources: one file per kind, and the definitions that a cluster needs of them.
//! Depends on kube's derive only; must not know how an object is read, compiled or reconciled.

#![allow(clippy::duplicated_attributes, reason = "each printcolumn has its own type")]

mod activity_module;
pub mod conditions;
mod diagnostic;
pub mod labels;
mod module_source;
mod module_status;
mod open;
mod schedule;
mod task_queue;
mod worker_version;
mod workflow;

pub use activity_module::{ActivityModule, ActivityModuleSpec, DeclaredActivity, Retry, Timeout};
pub use conditions::{Condition, Conditions};
pub use diagnostic::StatusDiagnostic;
pub use module_source::{ExternalWorkers, ModuleBuild, ModuleSource, NpmPackage, UpdatePolicy};
pub use module_status::{
    AcceptedBuild, ActivityModuleStatus, AvailablePackage, BuildFailure, BuildStatus, DeclarationsReference, ResolvedPackage,
};
pub use schedule::{
    AppliedSchedule, CalendarTimes, DriftPolicy, OverlapPolicy, Schedule, ScheduleSpec, ScheduleStatus, ScheduledRun, SeenAnnotations,
};
pub use task_queue::{
    Gate, Rollout, RolloutFailure, RolloutStatus, SecretKey, Step, Strategy, Sunset, TaskQueue, TaskQueueSpec, TaskQueueStatus,
    TemporalConnection, TemporalReference, TemporalTls, VersionReference,
};
pub use worker_version::{
    SameDefinitions, StateForm, TakenState, VersionState, VersionedActivities, VersionedWorkflow, WorkerVersion, WorkerVersionSpec,
    WorkerVersionStatus,
};
pub use workflow::{DeletionPolicy, Migration, OnContinueAsNew, VersioningBehavior, Workflow, WorkflowSpec, WorkflowStatus};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// What the API server takes as the name of a Secret or ConfigMap: a DNS subdomain (RFC 1123). Of no other text a request is made.
const OBJECT_NAME: &str = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$";

/// The definitions of all kinds, in the order to apply them.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![Workflow::crd(), ActivityModule::crd(), TaskQueue::crd(), WorkerVersion::crd(), Schedule::crd()]
}
