//! Doing what was decided: versions made, pods scaled, routing written, what is needed no more removed.

use super::content::{Made, Target, Wanted};
use super::keep;
use super::observe::{self, Scene};
use crate::api::labels::{FINALIZER, MANAGED_BY, OPERATOR};
use crate::api::{TaskQueue, TaskQueueSpec, WorkerVersion, WorkerVersionSpec, WorkerVersionStatus};
use crate::cluster::Told;
use crate::definition::Duration as Span;
use crate::plan::objects::{Owner, Run, config_maps, deployment, disruption_budget, version_name};
use crate::plan::rollout::{Plan, Routing, Stray};
use crate::reconcile::own_queue::Callee;
use crate::reconcile::temporal_target::Temporal;
use crate::reconcile::{Again, Context, Error, Stores};
use crate::temporal;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::LocalObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::ObjectMeta;
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// On a Deployment: what was applied last, so that nothing is applied twice.
const APPLIED: &str = "warpline.dev/applied";

/// Makes the wanted version, if it isn't there; the target.
pub async fn settle(scene: &mut Scene, context: &Context, wanted: Wanted) -> Result<Target, Error> {
    let last = || scene.queue.status.as_ref().and_then(|status| status.target.as_ref()).map(|target| target.build_id.clone());
    Ok(match wanted {
        Wanted::Nothing => Target::Nothing,
        Wanted::Known(version, callees, same) => {
            make_callees(scene, context, callees).await?;
            let Some(same) = same else { return Ok(Target::Version(version)) };
            let status = WorkerVersionStatus { same_definitions: Some(same), ..version.status.clone().unwrap_or_default() };
            context.cluster.write_status(version.as_ref(), version.status.as_ref(), &status).await?;
            Target::Version(seen(scene, WorkerVersion { status: Some(status), ..WorkerVersion::clone(&version) }))
        }
        Wanted::Wait => Target::Undecided(last(), None),
        Wanted::Refused(reason, message) => Target::Undecided(last(), Some((reason, message))),
        Wanted::Make(made) => {
            let Made { spec, groups, callees } = *made;
            make_callees(scene, context, callees).await?;
            let version = make(&scene.queue, context, spec, groups).await?;
            Target::Version(seen(scene, version))
        }
    })
}

/// A version as it was just written.
fn seen(scene: &mut Scene, version: WorkerVersion) -> Arc<WorkerVersion> {
    let version = Arc::new(version);
    scene.versions.retain(|other| other.name_any() != version.name_any());
    scene.versions.push(version.clone());
    version
}

/// What a version calls is there before it.
async fn make_callees(scene: &Scene, context: &Context, callees: Vec<Callee>) -> Result<(), Error> {
    for callee in callees {
        let queue = super::ensure(context, &scene.namespace, &callee.queue).await?;
        make(&queue, context, callee.spec, callee.groups).await?;
    }
    Ok(())
}

/// The object first, then its files, then the word that they are stored: a crash between leaves nothing that has no owner.
async fn make(
    queue: &TaskQueue,
    context: &Context,
    spec: WorkerVersionSpec,
    groups: Vec<BTreeMap<String, Vec<u8>>>,
) -> Result<WorkerVersion, Error> {
    let namespace = queue.namespace().unwrap_or_default();
    let owners = keep::owners(queue, context).await?;
    let name = version_name(&spec.task_queue, &spec.build_id);
    let mut version = WorkerVersion::new(&name, spec);
    version.metadata = ObjectMeta {
        name: Some(name),
        namespace: Some(namespace.clone()),
        labels: Some([(MANAGED_BY.to_owned(), OPERATOR.to_owned())].into()),
        owner_references: Some(owners),
        ..ObjectMeta::default()
    };
    let mut version = context.cluster.apply(&version).await?;
    for config_map in config_maps(&owner(&version, &namespace), groups) {
        context.cluster.apply(&config_map).await?;
    }
    let status = WorkerVersionStatus { files_stored: true, ..version.status.clone().unwrap_or_default() };
    context.cluster.write_status(&version, version.status.as_ref(), &status).await?;
    version.status = Some(status);
    Ok(version)
}

/// The version as an owner of objects.
pub fn owner<'a>(version: &'a WorkerVersion, namespace: &'a str) -> Owner<'a> {
    Owner {
        namespace,
        task_queue: &version.spec.task_queue,
        version: version.metadata.name.as_deref().unwrap_or_default(),
        build_id: &version.spec.build_id,
        reference: version.controller_owner_ref(&()).unwrap_or_default(),
    }
}

/// Writes a plan's routing, if there is any; whether it did. Before all else: a version gives up its pods only after executions go elsewhere.
pub async fn route(scene: &Scene, plan: &Plan) -> Result<bool, Error> {
    if let (Some(routing), Some(client), Some(server)) = (&plan.routing, &scene.client, &scene.server) {
        match routing {
            Routing::Current(build_id) => client.set_current(server, build_id.as_deref()).await?,
            Routing::Ramp(build_id, percentage) => client.set_ramping(server, Some(build_id), *percentage).await?,
            Routing::ClearRamp => client.set_ramping(server, None, 0.0).await?,
        }
        return Ok(true);
    }
    Ok(false)
}

/// Carries the rest of a plan out, what is harmless to do twice first.
pub async fn carry_out(scene: &Scene, context: &Context, plan: &Plan) -> Result<(), Error> {
    for version in &scene.versions {
        if let Some(wanted) = plan.versions.get(&version.name_any()) {
            scale(scene, context, version, wanted.replicas).await?;
        }
    }
    if let Some(begin) = &plan.begin {
        super::checks::begin(scene, context, begin).await?;
    }
    if let Some(client) = &scene.client {
        for build_id in &plan.forget {
            // What the server refuses now (pollers that it still remembers, say) is asked again.
            if let temporal::Deleted::NotYet { reason } = client.delete_version(&scene.deployment, build_id, false).await? {
                tracing::debug!(build_id, reason, "the server keeps the version's record for now");
            }
        }
    }
    for name in &plan.delete {
        forget_composed(scene, context, name).await;
        context.cluster.delete::<WorkerVersion>(&scene.namespace, name).await?;
    }
    Ok(())
}

/// Images that we built are pulled with the credentials that they were pushed with.
fn pull_with(context: &Context, version: &WorkerVersion, deployment: &mut Deployment) {
    let is_built = version.spec.activities.iter().any(|entry| entry.image.is_some());
    let secret = context.settings.builds.image_secret.as_ref().filter(|_| is_built);
    let pod = deployment.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
    if let (Some(name), Some(pod)) = (secret, pod) {
        pod.image_pull_secrets.get_or_insert_default().push(LocalObjectReference { name: name.clone() });
    }
}

/// The image that was put together for a version goes with the last version that has it.
pub async fn forget_composed(scene: &Scene, context: &Context, name: &str) {
    let Some(version) = scene.versions.iter().chain(&scene.own).find(|version| version.name_any() == *name) else { return };
    let image = version.spec.image.as_str();
    let others = context.index.versions_in(&scene.namespace);
    let mut others =
        others.iter().filter(|other| *other != name).filter_map(|other| Stores::find(&context.stores.versions, &scene.namespace, other));
    if context.is_composed(&scene.namespace, image) && !others.any(|other| other.spec.image == image) {
        context.forget_image(&scene.namespace, image).await;
    }
}

/// What a version's pods run.
pub fn run<'a>(scene: &Scene, version: &'a WorkerVersion, temporal: &'a Temporal) -> Run<'a> {
    let grace = Span::parse(&scene.queue.spec.grace_period).map_or(25, |span| i64::try_from(span.millis.div_ceil(1000)).unwrap_or(25));
    Run { image: &version.spec.image, config_maps: &version.spec.config_maps, reach: &temporal.reach, grace }
}

/// The Deployment of a version, with so many pods. One that has none and needs none is not made.
pub async fn scale(scene: &Scene, context: &Context, version: &WorkerVersion, replicas: i32) -> Result<(), Error> {
    let name = version.name_any();
    let there = Stores::find(&context.stores.deployments, &scene.namespace, &name);
    let is_stored = version.status.as_ref().is_some_and(|status| status.files_stored);
    let Some(temporal) = scene.temporal.as_ref().filter(|_| there.is_some() || (is_stored && replicas > 0)) else { return Ok(()) };
    let owner = owner(version, &scene.namespace);
    let template = scene.queue.spec.pod_template.as_ref();
    let run = run(scene, version, temporal);
    let mut wanted = match deployment(&owner, run, replicas, template) {
        Ok(wanted) => wanted,
        // The status says so; what runs goes on, scaled as it must be.
        Err(_) => deployment(&owner, run, replicas, None).map_err(|error| Error::Defect(error.to_string()))?,
    };
    pull_with(context, version, &mut wanted);
    let text = serde_json::to_vec(&wanted).map_err(|error| Error::Defect(error.to_string()))?;
    let digest = crate::version::digest([("deployment", text.as_slice())]);
    let is_applied =
        there.as_ref().is_some_and(|there| there.annotations().get(APPLIED) == Some(&digest) && observe::wanted(there) == replicas);
    if is_applied {
        return Ok(());
    }
    wanted.metadata.annotations = Some([(APPLIED.to_owned(), digest)].into());
    // First: what is applied last says that all of it is. It may be gone with a version of the same name, whose Deployment stays.
    context.cluster.apply(&disruption_budget(&owner)).await?;
    context.cluster.apply(&wanted).await?;
    Ok(())
}

/// A `TaskQueue` with the defaults, owned by the workflows and modules that name it.
pub async fn make_default(context: &Context, namespace: &str, queue: &str) -> Result<Arc<TaskQueue>, Error> {
    let name = object_name(queue);
    let spec = TaskQueueSpec { task_queue: (name != queue).then(|| queue.to_owned()), ..TaskQueueSpec::default() };
    let mut object = TaskQueue::new(&name, spec);
    object.metadata = ObjectMeta {
        name: Some(name),
        namespace: Some(namespace.to_owned()),
        labels: Some([(MANAGED_BY.to_owned(), OPERATOR.to_owned())].into()),
        owner_references: Some(owners(context, namespace, queue)),
        ..ObjectMeta::default()
    };
    Ok(Arc::new(context.cluster.apply(&object).await?))
}

/// The workflows and modules that keep a defaulted queue alive.
fn owners(context: &Context, namespace: &str, queue: &str) -> Vec<OwnerReference> {
    let workflows = context.workflows_on(namespace, queue).into_iter().filter_map(|workflow| workflow.owner_ref(&()));
    let modules = context.index.modules_on(namespace, queue).into_iter();
    let modules = modules.filter_map(|name| Stores::find(&context.stores.modules, namespace, &name)?.owner_ref(&()));
    workflows.chain(modules).collect()
}

/// Keeps the owners of a defaulted queue current.
pub async fn own_default(scene: &Scene, context: &Context) -> Result<(), Error> {
    let is_ours = scene.queue.labels().get(MANAGED_BY).is_some_and(|by| by == OPERATOR);
    let owners = owners(context, &scene.namespace, &scene.name);
    let known: Vec<&str> = scene.queue.owner_references().iter().map(|owner| owner.uid.as_str()).collect();
    let is_current = owners.len() == known.len() && owners.iter().all(|owner| known.contains(&owner.uid.as_str()));
    // Without any workflow the garbage collector removes it, by the owners that it had.
    if !is_ours || is_current || owners.is_empty() || scene.queue.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let patch = serde_json::json!({"metadata": {"ownerReferences": owners}});
    context.cluster.merge(scene.queue.as_ref(), &patch).await?;
    Ok(())
}

/// The object's name for a queue whose name in Temporal may be any text.
pub fn object_name(queue: &str) -> String {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_name = queue.len() <= 200
        && queue.starts_with(is_inner)
        && queue.ends_with(is_inner)
        && queue.chars().all(|c| is_inner(c) || matches!(c, '-' | '.'));
    if is_name {
        return queue.to_owned();
    }
    let slug: String = queue.to_lowercase().chars().map(|c| if is_inner(c) { c } else { '-' }).take(100).collect();
    let mark: String = crate::version::digest([("queue", queue.as_bytes())]).chars().take(8).collect();
    format!("queue-{}-{mark}", slug.trim_matches('-')).replace("--", "-")
}

/// The queue is being deleted, and nothing of it is left but, at most, the records of executions that nobody can serve.
pub async fn leave(scene: &Scene, context: &Context, strays: &[Stray]) -> Result<Again, Error> {
    let stuck: Vec<&Stray> = strays.iter().filter(|stray| stray.open > 0).collect();
    if !stuck.is_empty() {
        context.cluster.tell(scene.queue.as_ref(), left_open(&scene.deployment, &stuck)).await;
    } else if let (Some(client), Some(_)) = (&scene.client, &scene.server)
        && let temporal::Deleted::NotYet { reason } = client.delete_deployment(&scene.deployment).await?
    {
        tracing::debug!(reason, "the server keeps the deployment's record for now");
        return Ok(Some(Duration::from_secs(5)));
    }
    context.cluster.hold(scene.queue.as_ref(), FINALIZER, false).await?;
    Ok(None)
}

fn left_open(deployment: &str, stuck: &[&Stray]) -> Told {
    let open: i64 = stuck.iter().map(|stray| stray.open).sum();
    let versions = stuck.iter().map(|stray| stray.build_id.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "{open} executions of worker deployment {deployment} are open on versions whose objects were deleted ({versions}): nothing serves them until \
         the same definition is applied again; if it never will be, end them with `temporal workflow terminate`"
    );
    Told { reason: "ExecutionsLeft".to_owned(), message, is_warning: true }
}

/// The namespace is being deleted: its pods end whatever we do, and nothing can be made. Open executions stay on the server, and go on when the same
/// definitions are applied again. New ones are not sent where nobody serves them.
pub async fn leave_namespace(queue: &Arc<TaskQueue>, context: &Context) -> Result<Again, Error> {
    let scene = observe::scene(queue, context).await?;
    if let (Some(client), Some(server)) = (&scene.client, &scene.server)
        && server.current.is_some()
        && let Err(error) = client.set_current(server, None).await
    {
        tracing::warn!(%error, queue = queue.name_any(), "the routing could not be taken back while the namespace is deleted");
    }
    context.cluster.hold(queue.as_ref(), FINALIZER, false).await?;
    Ok(None)
}
