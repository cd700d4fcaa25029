//! What there is: the queue's versions with their pods, and what Temporal says.

use super::content::Target;
use crate::api::labels;
use crate::api::{TaskQueue, VersionState, WorkerVersion};
use crate::definition::Duration as Span;
use crate::plan::pod_problem::pod_problem;
use crate::plan::rollout::{Check, Observed, Pods, Policy, Requests, Server, ServerStatus, Stray, Version};
use crate::reconcile::temporal_target::{self, Temporal};
use crate::reconcile::{Context, Error, Stores};
use crate::temporal::{self, Client, OpenFilter, VersionStatus};
use crate::version::deployment_name;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Everything around a queue, as it was found.
pub struct Scene {
    /// The queue.
    pub queue: Arc<TaskQueue>,
    /// Its namespace.
    pub namespace: String,
    /// Its name in Temporal.
    pub name: String,
    /// Its worker deployment.
    pub deployment: String,
    /// Its versions.
    pub versions: Vec<Arc<WorkerVersion>>,
    /// Its versions of activities alone, each on a queue that is named by its content.
    pub own: Vec<Arc<WorkerVersion>>,
    /// How Temporal is reached; none where something for that is missing.
    pub temporal: Option<Temporal>,
    /// A connection; none while there is none.
    pub client: Option<Client>,
    /// What the server says of the worker deployment; none where it says nothing, or knows none.
    pub server: Option<temporal::Deployment>,
    /// Whether the server answered.
    pub is_answered: bool,
    /// The other worker deployment that holds the queue.
    pub holder: Option<String>,
    /// What keeps us from Temporal: reason and message.
    pub problem: Option<(String, String)>,
    /// Whether that may pass by itself.
    pub is_passing: bool,
    /// What in the spec cannot be read: reason and message.
    pub unreadable: Option<(String, String)>,
}

impl Scene {
    /// Whether the server may know anything of the queue: it answered once, about a namespace that is still there.
    pub fn may_be_known(&self) -> bool {
        let has_answered = self.is_answered || self.queue.status.as_ref().is_some_and(|status| status.deployment_name.is_some());
        let has_namespace = self.problem.as_ref().is_none_or(|(reason, _)| reason != "TemporalNamespaceNotFound");
        has_answered && has_namespace
    }
}

/// What there is around a queue.
pub async fn scene(queue: &Arc<TaskQueue>, context: &Context) -> Result<Scene, Error> {
    let namespace = queue.namespace().unwrap_or_default();
    let name = queue.temporal_name().to_owned();
    let names = context.index.versions_of(&namespace, &queue.name_any());
    let versions = names.iter().filter_map(|name| Stores::find(&context.stores.versions, &namespace, name));
    let (own, versions) = versions
        .filter(|version| version.metadata.deletion_timestamp.is_none())
        .partition(|version: &Arc<WorkerVersion>| version.spec.content_queue.is_some());
    let mut scene = Scene {
        deployment: deployment_name(&format!("{namespace}/{name}")),
        versions,
        own,
        queue: queue.clone(),
        namespace,
        name,
        temporal: None,
        client: None,
        server: None,
        is_answered: false,
        holder: None,
        problem: None,
        is_passing: false,
        unreadable: None,
    };
    match temporal_target::find(context, queue).await? {
        Ok(temporal) => scene.temporal = Some(temporal),
        Err(missing) => scene.problem = Some(missing),
    }
    scene.unreadable = unreadable(queue);
    if let Some(temporal) = &scene.temporal {
        match ask(context, temporal, &scene.deployment, &scene.name).await {
            Ok((client, server, holder)) => {
                (scene.client, scene.server, scene.holder, scene.is_answered) = (Some(client), server, holder, true);
            }
            Err(error) => {
                scene.problem = Some((error.reason().to_owned(), error.to_string()));
                scene.is_passing = error.is_transient();
            }
        }
    }
    Ok(scene)
}

async fn ask(
    context: &Context,
    temporal: &Temporal,
    deployment: &str,
    queue: &str,
) -> Result<(Client, Option<temporal::Deployment>, Option<String>), temporal::Error> {
    let client = context.temporal.client(&temporal.target).await?;
    let server = client.deployment(deployment).await?;
    let holder = client.task_queue_owner(queue).await?.filter(|holder| holder != deployment);
    Ok((client, server, holder))
}

/// What the plan is made from.
pub async fn observed(scene: &Scene, context: &Context, target: &Target, leaving: bool) -> Result<Observed, Error> {
    let requests = requests(&scene.queue);
    let mut versions = Vec::new();
    for version in &scene.versions {
        versions.push(observed_version(scene, context, version, (target, &requests)).await?);
    }
    let server = scene.is_answered.then(|| server(scene));
    Ok(Observed {
        now: Timestamp::now(),
        policy: policy(&scene.queue),
        target: target.build_id(),
        leaving,
        versions,
        // Only a queue that goes has to know.
        strays: if leaving { strays(scene).await? } else { Vec::new() },
        server,
        progress: scene.queue.status.as_ref().and_then(|status| status.rollout.clone()),
        requests,
    })
}

/// What the server knows without there being an object of it.
async fn strays(scene: &Scene) -> Result<Vec<Stray>, Error> {
    let (Some(client), Some(server)) = (&scene.client, &scene.server) else { return Ok(Vec::new()) };
    let is_stray = |build_id: &String| scene.versions.iter().all(|version| version.spec.build_id != *build_id);
    let unknown: Vec<String> = server.versions.iter().map(|known| known.build_id.clone()).filter(is_stray).collect();
    let mut strays = Vec::new();
    for build_id in unknown {
        strays.push(Stray { open: open(client, &scene.deployment, &build_id).await?, build_id });
    }
    Ok(strays)
}

/// How many executions are open on a version.
async fn open(client: &Client, deployment: &str, build_id: &str) -> Result<i64, Error> {
    let filter = OpenFilter { deployment: Some(deployment), build_id: Some(build_id), ..OpenFilter::default() };
    Ok(i64::try_from(client.count_open(&filter).await?).unwrap_or(i64::MAX))
}

fn requests(queue: &TaskQueue) -> Requests {
    let annotation = |name: &str| queue.annotations().get(name).filter(|value| !value.is_empty()).cloned();
    Requests {
        promote: annotation(labels::PROMOTE),
        abort: annotation(labels::ABORT),
        retry: annotation(labels::RETRY),
        rollback: annotation(labels::ROLLBACK).as_deref().and_then(Requests::rollback),
    }
}

fn server(scene: &Scene) -> Server {
    let Some(server) = &scene.server else { return Server { holder: scene.holder.clone(), ..Server::default() } };
    let identity = scene.client.as_ref().map(|client| client.identity().to_owned());
    Server {
        current: server.current.clone(),
        ramping: server.ramping.as_ref().and_then(|ramp| Some((ramp.build_id.clone()?, ramp.percentage))),
        manager: server.manager.clone().filter(|manager| Some(manager) != identity.as_ref()),
        holder: scene.holder.clone(),
        known: server.versions.iter().map(|version| version.build_id.clone()).collect(),
    }
}

async fn observed_version(
    scene: &Scene,
    context: &Context,
    version: &WorkerVersion,
    (target, requests): (&Target, &Requests),
) -> Result<Version, Error> {
    let status = version.status.clone().unwrap_or_default();
    let build_id = version.spec.build_id.as_str();
    let known = scene.server.as_ref().and_then(|server| server.versions.iter().find(|known| known.build_id == build_id));
    let is_target = target.build_id().as_deref() == Some(build_id);
    let is_back = requests.rollback.as_ref().is_some_and(|(_, to)| to == build_id);
    let open = match (&scene.client, known) {
        (Some(client), Some(known)) if known.status != VersionStatus::Drained || status.open_executions > 0 => {
            Some(open(client, &scene.deployment, build_id).await?)
        }
        (Some(_), _) => Some(0),
        (None, _) => None,
    };
    let (gate, replay) =
        if is_target && known.is_some() { super::checks::look(scene, context, version).await? } else { (Check::NotStarted, Check::Passed) };
    Ok(Version {
        name: version.name_any(),
        build_id: build_id.to_owned(),
        was_current: status.was_current,
        pods: pods(scene, context, version, status.state).await?,
        waits_for: if is_target || is_back { super::own::waits_for(context, &scene.namespace, version) } else { None },
        server: known.map(|known| server_status(known.status)),
        open,
        drained_since: status.drained_since.map(|since| since.0),
        scaled_down_since: status.scaled_down_since.map(|since| since.0),
        gate,
        replay,
    })
}

fn server_status(status: VersionStatus) -> ServerStatus {
    match status {
        VersionStatus::Current => ServerStatus::Current,
        VersionStatus::Ramping => ServerStatus::Ramping,
        VersionStatus::Draining => ServerStatus::Draining,
        VersionStatus::Drained => ServerStatus::Drained,
        _ => ServerStatus::Inactive,
    }
}

/// What to do about files that somebody deleted, where the definitions ask for another version now.
const FILES_GONE: &str = "a ConfigMap with its code was deleted: apply the definitions that it was made from again, and it is made anew; until then its \
                          executions wait";

/// The pods of a version. They are only listed while something is wrong with them: the Deployment's status says the rest.
pub async fn pods(scene: &Scene, context: &Context, version: &WorkerVersion, state: VersionState) -> Result<Pods, Error> {
    let name = version.name_any();
    let Some(deployment) = Stores::find(&context.stores.deployments, &scene.namespace, &name) else { return Ok(Pods::default()) };
    let wanted = wanted(&deployment);
    let status = deployment.status.clone().unwrap_or_default();
    let is_observed = status.observed_generation >= deployment.metadata.generation;
    let ready = if is_observed { status.ready_replicas.unwrap_or(0).min(status.updated_replicas.unwrap_or(0)) } else { 0 };
    let mut pods = Pods { wanted: Some(wanted), existing: status.replicas.unwrap_or(0), ready, problem: None };
    if ready < wanted && !super::content::is_stored(version) {
        pods.problem = Some(("FilesGone".to_owned(), FILES_GONE.to_owned()));
    } else if ready < wanted && state != VersionState::Retiring {
        let list = context.cluster.labelled::<Pod>(&scene.namespace, labels::WORKER_VERSION, &version_label(&deployment)).await?;
        pods.problem = list.iter().find_map(pod_problem).or_else(|| refused(&deployment));
    }
    Ok(pods)
}

fn version_label(deployment: &Deployment) -> String {
    deployment.labels().get(labels::WORKER_VERSION).cloned().unwrap_or_default()
}

/// How many pods a Deployment asks for.
pub fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// Why no pod could be made.
fn refused(deployment: &Deployment) -> Option<(String, String)> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let failure = conditions.iter().find(|condition| condition.type_ == "ReplicaFailure" && condition.status == "True")?;
    Some((failure.reason.clone().unwrap_or_else(|| "FailedCreate".to_owned()), failure.message.clone().unwrap_or_default()))
}

/// The queue's policy, with times worked out; a time that is none is the default one, and [`unreadable`] says so.
pub fn policy(queue: &TaskQueue) -> Policy {
    let (rollout, sunset) = (&queue.spec.rollout, &queue.spec.sunset);
    let time = |value: &Value, otherwise: u64| {
        Span::parse(value).map_or(Duration::from_secs(otherwise), |span| Duration::from_millis(span.millis))
    };
    Policy {
        strategy: rollout.strategy,
        steps: rollout.steps.iter().map(|step| (step.percentage, time(&step.pause, 60))).collect(),
        has_gate: rollout.gate.is_some(),
        progress_deadline: time(&rollout.progress_deadline, 600),
        paused: rollout.paused,
        replicas: queue.spec.autoscaling.as_ref().map_or(queue.spec.replicas, |autoscaling| autoscaling.min_replicas.max(1)),
        scale_down_delay: time(&sunset.scale_down_delay, 3600),
        delete_delay: time(&sunset.delete_delay, 86_400),
    }
}

/// A time of the spec that cannot be read: reason and message.
fn unreadable(queue: &TaskQueue) -> Option<(String, String)> {
    let (rollout, sunset) = (&queue.spec.rollout, &queue.spec.sunset);
    let steps = rollout.steps.iter().map(|step| ("rollout.steps[].pause", &step.pause));
    let gate = rollout.gate.iter().map(|gate| ("rollout.gate.timeout", &gate.timeout));
    let delay = queue.spec.autoscaling.iter().map(|autoscaling| ("autoscaling.scaleDownDelay", &autoscaling.scale_down_delay));
    let times = [
        ("gracePeriod", &queue.spec.grace_period),
        ("rollout.progressDeadline", &rollout.progress_deadline),
        ("sunset.scaleDownDelay", &sunset.scale_down_delay),
        ("sunset.deleteDelay", &sunset.delete_delay),
    ];
    let (field, value) = times.into_iter().chain(steps).chain(gate).chain(delay).find(|(_, value)| Span::parse(value).is_none())?;
    Some(("DurationInvalid".to_owned(), format!("spec.{field} is {value}, which is no length of time: write `30s`, `10m` or `1h30m`")))
}
