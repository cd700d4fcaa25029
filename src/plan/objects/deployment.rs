//! The Deployment of a version's workers, and what protects it from being evicted all at once.

use super::pod::{self, InvalidTemplate};
use super::{Owner, Run};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

/// The Deployment: what `run` says, with the version's files mounted, `template` merged into its pods.
///
/// # Errors
/// A template that is no PodTemplateSpec.
pub fn deployment(owner: &Owner, run: Run, replicas: i32, template: Option<&Value>) -> Result<Deployment, InvalidTemplate> {
    let selector = owner.selector();
    let template = pod::template(owner, run, template)?;
    let spec = DeploymentSpec {
        replicas: Some(replicas),
        revision_history_limit: Some(1),
        selector: LabelSelector { match_labels: Some(selector), ..LabelSelector::default() },
        // A worker that ends while another one is not ready yet would leave executions waiting.
        strategy: Some(DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: Some(IntOrString::Int(1)),
                max_unavailable: Some(IntOrString::Int(0)),
            }),
        }),
        template,
        ..DeploymentSpec::default()
    };
    Ok(Deployment { metadata: owner.metadata(owner.version), spec: Some(spec), status: None })
}

/// One pod of a version at a time may be evicted, and one that never got ready always.
#[must_use]
pub fn disruption_budget(owner: &Owner) -> PodDisruptionBudget {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: Some(LabelSelector { match_labels: Some(owner.selector()), ..LabelSelector::default() }),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget { metadata: owner.metadata(owner.version), spec: Some(spec), status: None }
}
