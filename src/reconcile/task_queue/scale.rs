//! The pods of versions whose number follows what waits in their queue.

use super::observe::Scene;
use crate::api::{VersionState, WorkerVersion};
use crate::definition::Duration as Span;
use crate::plan::rollout::VersionPlan;
use crate::plan::scale::{Load, Scaled, Scaling, scale};
use crate::reconcile::Error;
use crate::temporal;
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a queue that scales by itself is looked at: the server tells nobody that tasks wait.
pub const LOOK: Duration = Duration::from_secs(10);

/// What was decided for each version, by its object's name.
pub type Decided = BTreeMap<String, Scaled>;

/// Decides for the versions that serve, and changes their plans.
///
/// # Errors
/// Temporal's.
pub async fn apply(scene: &Scene, versions: &[Arc<WorkerVersion>], plans: &mut BTreeMap<String, VersionPlan>) -> Result<Decided, Error> {
    let mut decided = Decided::new();
    for version in versions {
        let is_of_workflows = version.spec.content_queue.is_none();
        let Some(scaling) = scaling(scene, is_of_workflows) else { continue };
        let serves = |plan: &&mut VersionPlan| {
            matches!(plan.state, VersionState::Current | VersionState::Ramping | VersionState::Draining | VersionState::Serving)
        };
        let Some(plan) = plans.get_mut(&version.name_any()).filter(serves) else { continue };
        let last = version
            .status
            .as_ref()
            .and_then(|status| Some(Scaled { replicas: status.scaled_to?, quiet_since: status.quiet_since.as_ref().map(|since| since.0) }));
        let scaled = scale(Timestamp::now(), &scaling, last, load(scene, version).await?);
        plan.replicas = scaled.replicas;
        decided.insert(version.name_any(), scaled);
    }
    Ok(decided)
}

fn scaling(scene: &Scene, is_of_workflows: bool) -> Option<Scaling> {
    let spec = scene.queue.spec.autoscaling.as_ref()?;
    Some(Scaling {
        min: if is_of_workflows { spec.min_replicas.max(1) } else { spec.min_replicas },
        max: spec.max_replicas,
        backlog_per_pod: spec.backlog_per_pod,
        scale_down_delay: Span::parse(&spec.scale_down_delay).map_or(Duration::from_secs(300), |span| Duration::from_millis(span.millis)),
    })
}

async fn load(scene: &Scene, version: &WorkerVersion) -> Result<Option<Load>, Error> {
    let Some(client) = &scene.client else { return Ok(None) };
    let temporal::Load { backlog, rate } = match &version.spec.content_queue {
        Some(queue) => client.activity_load(queue).await?,
        None => client.version_load(&scene.deployment, &version.spec.build_id).await?,
    };
    Ok(Some(Load { backlog, is_quiet: rate <= 0.0 }))
}
