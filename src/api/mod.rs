//! The custom resources: one file per kind, and the definitions that a cluster needs of them.
//! Depends on kube's derive only; must not know how an object is read, compiled or reconciled.

mod activity_module;
mod open;
mod workflow;

pub use activity_module::{ActivityModule, ActivityModuleSpec, DeclaredActivity, NpmPackage, Retry, Timeout};
pub use workflow::{VersioningBehavior, Workflow, WorkflowSpec};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The definitions of all kinds, in the order to apply them.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![Workflow::crd(), ActivityModule::crd()]
}
