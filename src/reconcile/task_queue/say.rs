//! Saying how it stands: the statuses of the queue and its versions, events on transitions, what is counted.

use super::carry_out;
use super::content::Target;
use super::observe::Scene;
use super::own::Own;
use super::scale::Decided;
use super::states::Takes;
use crate::api::conditions::{CONNECTED, READY, RECONCILING, ROLLED_OUT, STALLED, Status, find_true, is_true};
use crate::api::{Conditions, TaskQueueStatus, TemporalReference, VersionReference, VersionState, WorkerVersion, WorkerVersionStatus};
use crate::cluster::Told;
use crate::plan::rollout::{Observed, Plan, Pods, Standing, VersionPlan};
use crate::reconcile::temporal_target::Temporal;
use crate::reconcile::{Context, Error};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

/// Writes what changed; whether the queue did.
pub async fn say(
    scene: &Scene,
    context: &Context,
    target: &Target,
    observed: &Observed,
    plan: &Plan,
    (own, scaled, takes): (&Own, &Decided, &Takes),
) -> Result<bool, Error> {
    carry_out::own_default(scene, context).await?;
    for version in &scene.versions {
        if let Some(wanted) = plan.versions.get(&version.name_any()) {
            let seen = observed.versions.iter().find(|seen| seen.name == version.name_any());
            let pods = seen.map(|seen| seen.pods.clone()).unwrap_or_default();
            say_version(context, version, wanted, Seen { pods, open: seen.and_then(|seen| seen.open) }, (scaled, takes)).await?;
        }
    }
    for (version, seen) in scene.own.iter().zip(&own.versions) {
        if let Some(wanted) = own.plan.versions.get(&seen.name) {
            say_version(context, version, wanted, Seen { pods: seen.pods.clone(), open: None }, (scaled, takes)).await?;
        }
    }
    let last = scene.queue.status.clone().unwrap_or_default();
    let status = status(scene, target, observed, plan, own, &last);
    for told in transitions(&last, &status) {
        context.cluster.tell(scene.queue.as_ref(), told).await;
    }
    if let Some(started) = last.rollout.as_ref().filter(|_| is_rolled_out(&status) && !is_rolled_out(&last)) {
        let took = Timestamp::now().duration_since(started.started_at.0);
        context.metrics.rollout(took.as_secs_f64());
    }
    Ok(context.cluster.write_status(scene.queue.as_ref(), scene.queue.status.as_ref(), &status).await?)
}

fn is_rolled_out(status: &TaskQueueStatus) -> bool {
    is_true(&status.conditions, ROLLED_OUT)
}

fn status(scene: &Scene, target: &Target, observed: &Observed, plan: &Plan, own: &Own, last: &TaskQueueStatus) -> TaskQueueStatus {
    let mut conditions = Conditions::from(&last.conditions, scene.queue.metadata.generation, observed.now);
    let reference = |build_id: &str| {
        let version = scene.versions.iter().find(|version| version.spec.build_id == build_id)?;
        Some(VersionReference { name: version.name_any(), build_id: build_id.to_owned() })
    };
    let current = match &observed.server {
        Some(server) => server.current.as_deref().and_then(reference),
        None => last.current.clone(),
    };
    connected(scene, &mut conditions);
    standing(scene, target, observed, plan, own, current.as_ref(), &mut conditions);
    let ramping = observed.server.as_ref().and_then(|server| server.ramping.as_ref());
    TaskQueueStatus {
        observed_generation: scene.queue.metadata.generation,
        conditions: conditions.into_list(),
        deployment_name: last.deployment_name.clone().or_else(|| scene.is_answered.then(|| scene.deployment.clone())),
        temporal: scene.temporal.as_ref().map(reference_to).or_else(|| last.temporal.clone()),
        current,
        target: target.build_id().as_deref().and_then(reference).or_else(|| match target {
            Target::Undecided(..) => last.target.clone(),
            _ => None,
        }),
        rollout: plan.progress.clone(),
        ramping_percentage: ramping.map(|(_, percentage)| format!("{percentage}%")),
        versions: i32::try_from(scene.versions.len() + scene.own.len()).unwrap_or(i32::MAX),
        open_executions: observed.versions.iter().filter_map(|version| version.open).sum(),
    }
}

fn reference_to(temporal: &Temporal) -> TemporalReference {
    TemporalReference { address: temporal.reach.address.clone(), namespace: temporal.reach.namespace.clone() }
}

fn connected(scene: &Scene, conditions: &mut Conditions) {
    match (&scene.problem, &scene.temporal) {
        (Some((reason, message)), _) => conditions.set(CONNECTED, false, reason, message.clone()),
        (None, Some(temporal)) => {
            let message = format!("namespace {} at {}", temporal.reach.namespace, temporal.reach.address);
            conditions.set(CONNECTED, true, "Connected", message);
        }
        (None, None) => conditions.set(CONNECTED, Status::Unknown, "Pending", ""),
    }
}

fn standing(
    scene: &Scene,
    target: &Target,
    observed: &Observed,
    plan: &Plan,
    own: &Own,
    current: Option<&VersionReference>,
    conditions: &mut Conditions,
) {
    let refused = match target {
        Target::Undecided(_, refused) => refused.clone(),
        _ => None,
    };
    let template = template_problem(scene);
    let stuck = scene.problem.clone().filter(|_| !scene.is_passing).or(refused).or_else(|| scene.unreadable.clone()).or(template).or(
        match &plan.standing {
            Standing::Stuck(word) => Some((word.reason.clone(), word.message.clone())),
            _ => None,
        },
    );
    let waits = match (&plan.standing, target) {
        _ if scene.problem.is_some() => scene.problem.clone(),
        (Standing::Waits(word), _) => Some((word.reason.clone(), word.message.clone())),
        (_, Target::Undecided(..)) => Some(("Compiling".to_owned(), "definitions are being compiled".to_owned())),
        _ => None,
    };
    let rolled_out = plan.standing == Standing::Current && stuck.is_none() && matches!(target, Target::Version(_));
    let build_id = current.map(|current| current.build_id.as_str()).unwrap_or_default();
    let contents = own.serving();
    let (reason, message) = match (&stuck, &waits) {
        (Some(word), _) | (None, Some(word)) => word.clone(),
        (None, None) if rolled_out => ("Current".to_owned(), format!("new executions begin on version {build_id}")),
        (None, None) if contents > 0 => {
            let content = if contents == 1 { "one content".to_owned() } else { format!("{contents} contents") };
            ("ActivitiesOnly".to_owned(), format!("no Workflow names this queue; it serves {content} of its modules"))
        }
        (None, None) => ("NoWorkflows".to_owned(), "no Workflow names this queue".to_owned()),
    };
    conditions.set(ROLLED_OUT, rolled_out, &reason, message.clone());
    let is_empty = stuck.is_none() && waits.is_none() && !rolled_out;
    conditions.set(RECONCILING, stuck.is_none() && waits.is_some(), &reason, if waits.is_some() { message.clone() } else { String::new() });
    conditions.set(STALLED, stuck.is_some(), &reason, if stuck.is_some() { message.clone() } else { String::new() });
    let serving = current.and_then(|current| observed.versions.iter().find(|version| version.build_id == current.build_id));
    match (serving, own.unready()) {
        (Some(version), _) if version.pods.ready > 0 => conditions.set(READY, true, "Serving", format!("version {build_id} serves")),
        (Some(version), _) => {
            let why = version.pods.problem.as_ref().map(|(reason, message)| format!(": {reason}: {message}")).unwrap_or_default();
            conditions.set(READY, false, "NoReadyPods", format!("no pod of the current version {build_id} is ready{why}"));
        }
        (None, Some(unready)) => conditions.set(READY, false, "NoReadyPods", unready),
        (None, None) if is_empty => conditions.set(READY, true, &reason, message),
        (None, None) if stuck.is_some() => conditions.set(READY, false, &reason, message),
        (None, None) => conditions.set(READY, Status::Unknown, &reason, message),
    }
}

/// A pod template that can't be merged.
fn template_problem(scene: &Scene) -> Option<(String, String)> {
    let template = scene.queue.spec.pod_template.clone()?;
    let error = serde_json::from_value::<k8s_openapi::api::core::v1::PodTemplateSpec>(template).err()?;
    Some(("PodTemplateInvalid".to_owned(), format!("spec.podTemplate is no PodTemplateSpec: {error}; workers run without it")))
}

/// What was found of a version.
struct Seen {
    pods: Pods,
    open: Option<i64>,
}

async fn say_version(
    context: &Context,
    version: &WorkerVersion,
    plan: &VersionPlan,
    seen: Seen,
    (scaled, takes): (&Decided, &Takes),
) -> Result<(), Error> {
    let Seen { pods: Pods { ready, problem, .. }, open } = seen;
    let scaled = scaled.get(&version.name_any());
    let last = version.status.clone().unwrap_or_default();
    let mut conditions = Conditions::from(&last.conditions, version.metadata.generation, Timestamp::now());
    let is_settled = matches!(
        plan.state,
        VersionState::Current | VersionState::Serving | VersionState::Drained | VersionState::Draining | VersionState::Retiring
    );
    let state = plan.state.name();
    let trouble = problem.filter(|_| plan.replicas > 0).map(|(reason, message)| (reason.clone(), format!("{reason}: {message}")));
    let message = trouble.as_ref().map_or(&plan.message, |(_, message)| message);
    let is_news = last.conditions.iter().all(|condition| condition.type_ != READY || condition.message != *message);
    conditions.set(READY, ready > 0 || plan.replicas == 0, state, message.clone());
    conditions.set(RECONCILING, !is_settled && plan.state != VersionState::Failed, state, "");
    let is_failed = plan.state == VersionState::Failed;
    conditions.set(STALLED, is_failed, state, if is_failed { plan.message.clone() } else { String::new() });
    let status = WorkerVersionStatus {
        observed_generation: version.metadata.generation,
        conditions: conditions.into_list(),
        state: plan.state,
        open_executions: open.unwrap_or(last.open_executions),
        pods: Some(format!("{ready}/{}", plan.replicas)),
        was_current: plan.was_current,
        files_stored: last.files_stored,
        same_definitions: last.same_definitions,
        takes: takes.get(&version.name_any()).cloned().unwrap_or(last.takes),
        scaled_to: scaled.map(|scaled| scaled.replicas),
        quiet_since: scaled.and_then(|scaled| scaled.quiet_since).map(Time),
        drained_since: plan.drained_since.map(Time),
        scaled_down_since: plan.scaled_down_since.map(Time),
    };
    if last.state != status.state || version.status.is_none() {
        let told = Told { reason: state.to_owned(), message: plan.message.clone(), is_warning: is_failed };
        context.cluster.tell(version, told).await;
    }
    if let Some((reason, message)) = trouble.filter(|_| is_news) {
        context.cluster.tell(version, Told { reason, message, is_warning: true }).await;
    }
    context.cluster.write_status(version, version.status.as_ref(), &status).await?;
    Ok(())
}

/// What changed, in words.
fn transitions(last: &TaskQueueStatus, status: &TaskQueueStatus) -> Vec<Told> {
    let mut told = Vec::new();
    let build_id = |reference: &Option<VersionReference>| reference.as_ref().map(|reference| reference.build_id.clone());
    if build_id(&last.target) != build_id(&status.target)
        && let Some(target) = &status.target
    {
        told.push(Told {
            reason: "NewTarget".to_owned(),
            message: format!("the Workflows ask for version {}", target.build_id),
            is_warning: false,
        });
    }
    if build_id(&last.current) != build_id(&status.current) {
        let message = status.current.as_ref().map_or_else(
            || "no new execution begins".to_owned(),
            |current| format!("new executions begin on version {}", current.build_id),
        );
        told.push(Told { reason: "CurrentChanged".to_owned(), message, is_warning: false });
    }
    let stalled = |status: &TaskQueueStatus| find_true(&status.conditions, STALLED).cloned();
    if let Some(now) = stalled(status)
        && stalled(last).map(|before| before.reason) != Some(now.reason.clone())
    {
        told.push(Told { reason: now.reason, message: now.message, is_warning: true });
    }
    told
}
