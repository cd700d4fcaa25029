//! The queue's versions of activities alone: who calls them, and how long they stay.

use super::carry_out;
use super::observe::{self, Scene};
use crate::api::{VersionState, WorkerVersion};
use crate::plan::own_queue::{self, Plan, Policy, Version};
use crate::plan::rollout;
use crate::reconcile::{Context, Error, Stores};
use jiff::Timestamp;
use kube::ResourceExt;

/// What was found of them, and what becomes of them.
pub struct Own {
    /// As they were found.
    pub versions: Vec<Version>,
    /// What becomes of them.
    pub plan: Plan,
}

/// Looks at the versions, and decides.
pub async fn decide(scene: &Scene, context: &Context, policy: &rollout::Policy, leaving: bool) -> Result<Own, Error> {
    let mut versions = Vec::new();
    for version in &scene.own {
        versions.push(observed(scene, context, version).await?);
    }
    let policy =
        Policy { replicas: policy.replicas, scale_down_delay: policy.scale_down_delay, delete_delay: policy.delete_delay, leaving };
    let plan = own_queue::plan(Timestamp::now(), &policy, &versions);
    Ok(Own { versions, plan })
}

async fn observed(scene: &Scene, context: &Context, version: &WorkerVersion) -> Result<Version, Error> {
    let status = version.status.clone().unwrap_or_default();
    Ok(Version {
        name: version.name_any(),
        made: version.metadata.creation_timestamp.as_ref().map(|made| made.0),
        callers: context.index.callers(&scene.namespace, &version.name_any()),
        was_called: status.was_current,
        pods: observe::pods(scene, context, version, status.state).await?,
        drained_since: status.drained_since.map(|since| since.0),
        scaled_down_since: status.scaled_down_since.map(|since| since.0),
    })
}

/// Carries out what was decided.
pub async fn carry_out(scene: &Scene, context: &Context, own: &Own) -> Result<(), Error> {
    for version in &scene.own {
        if let Some(wanted) = own.plan.versions.get(&version.name_any()) {
            carry_out::scale(scene, context, version, wanted.replicas).await?;
        }
    }
    for name in &own.plan.delete {
        carry_out::forget_composed(scene, context, name).await;
        context.cluster.delete::<WorkerVersion>(&scene.namespace, name).await?;
    }
    Ok(())
}

/// What a version waits for before it takes executions: pods of the activities that it calls on other queues.
pub fn waits_for(context: &Context, namespace: &str, version: &WorkerVersion) -> Option<String> {
    version.spec.calls.iter().find_map(|name| {
        let Some(called) = Stores::find(&context.stores.versions, namespace, name) else {
            return Some(format!("the WorkerVersion {name}, whose activities it calls, is not there"));
        };
        let deployment = Stores::find(&context.stores.deployments, namespace, name);
        // Scaled to none, it gets a pod when a task waits.
        let is_none_wanted = called.status.as_ref().is_some_and(|status| status.scaled_to == Some(0));
        let is_ready = is_none_wanted
            || deployment.is_some_and(|deployment| {
                let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
                ready >= observe::wanted(&deployment).min(1)
            });
        let said = called.status.as_ref().and_then(|status| status.conditions.iter().find(|condition| condition.type_ == "Ready"));
        let said = said.map(|ready| format!(" ({})", ready.message)).unwrap_or_default();
        (!is_ready).then(|| format!("no pod of {name}, whose activities it calls, is ready{said}"))
    })
}

impl Own {
    /// How many versions are called.
    pub fn serving(&self) -> usize {
        self.plan.versions.values().filter(|version| version.state == VersionState::Serving).count()
    }

    /// A version that is called and has no ready pod: its name, and what is known of why.
    pub fn unready(&self) -> Option<String> {
        let is_serving = |version: &&Version| {
            self.plan.versions.get(&version.name).is_some_and(|plan| plan.state == VersionState::Serving && plan.replicas > 0)
        };
        let version = self.versions.iter().filter(is_serving).find(|version| version.pods.ready == 0)?;
        let why = version.pods.problem.as_ref().map(|(reason, message)| format!(": {reason}: {message}")).unwrap_or_default();
        Some(format!("no pod of {} is ready{why}", version.name))
    }
}
