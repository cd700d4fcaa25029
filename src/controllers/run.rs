//! The operator, from start to end: the lease, the watches, the reconcilers, and a graceful stop.

use super::concern::{self, Facts, Wake};
use super::watch::{api, follow, pass};
use crate::api::{TaskQueue, labels};
use crate::cluster::{Cluster, Lease, LeaseOptions, Written};
use crate::reconcile::{self, Again, BuildQueue as Queue, Compiler, Context, Error, Index, Registries, Settings, Stores};
use crate::telemetry::{Metrics, Readiness, serve};
use crate::temporal::Connections;
use crate::typecheck::Checker;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::future::{BoxFuture, select_all};
use futures::{FutureExt, StreamExt};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch as channel;
use tracing::Instrument;

/// How long changes of an object are gathered before it is reconciled: edits that come together make one version.
const GATHER: Duration = Duration::from_millis(200);
/// How many objects of a kind are reconciled at a time.
const AT_ONCE: u16 = 16;
/// The same for Workflows, which wait most of the time for the type checker: it checks together what waits together.
const WORKFLOWS_AT_ONCE: u16 = 64;
/// The longest wait before something that failed is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long the API server may take to answer: what is never answered is asked again, and holds nothing else up.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a watch may say nothing: longer than it is asked to last.
const WATCH: Duration = Duration::from_secs(330);

/// How the operator is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it was installed.
    pub settings: Settings,
    /// The TypeScript checker.
    pub checker: Checker,
    /// Where files for the checker go.
    pub scratch: PathBuf,
    /// How many definitions are compiled at a time.
    pub compile_concurrency: usize,
    /// The namespaces that are watched; all where empty.
    pub namespaces: Vec<String>,
    /// Where health, readiness and metrics are served.
    pub listen: SocketAddr,
    /// The lease; none where only one instance is ever run.
    pub lease: Option<LeaseOptions>,
    /// The pod's name, for events.
    pub pod: Option<String>,
    /// The pod's namespace.
    pub pod_namespace: String,
}

/// Runs until `stop` resolves, or the lease is lost, with the API server of the pod or of KUBECONFIG.
///
/// # Errors
/// In a sentence: the API server can't be reached, the lease was lost, the port is taken.
pub async fn run(options: Options, stop: impl Future<Output = ()> + Send) -> Result<(), String> {
    let config = kube::Config::infer().await.map_err(|error| no_server(&error))?;
    run_with(config, options, stop).await
}

fn no_server(error: &dyn std::fmt::Display) -> String {
    format!("no Kubernetes API server: {error}; run in a pod, or set KUBECONFIG")
}

/// As [`run`], with this API server.
///
/// # Errors
/// As [`run`].
pub async fn run_with(config: kube::Config, options: Options, stop: impl Future<Output = ()> + Send) -> Result<(), String> {
    let client = client(config.clone(), ANSWER).map_err(|error| no_server(&error))?;
    let watching = self::client(config, WATCH).map_err(|error| no_server(&error))?;
    let (metrics, readiness) = (Metrics::default(), Readiness::default());
    let scopes: Vec<Option<String>> =
        if options.namespaces.is_empty() { vec![None] } else { options.namespaces.iter().cloned().map(Some).collect() };
    let all: Arc<Mutex<Vec<Stores>>> = Arc::default();
    let served = serve(options.listen, readiness.clone(), metrics.clone(), scrape(all.clone(), metrics.clone()));
    let stop = stop.shared();
    let work = async {
        let (lease, leads) = lead(&client, &watching, &options, &readiness, &metrics).await?;
        let mut scoped: Vec<BoxFuture<'_, Result<(), String>>> = Vec::new();
        for namespace in scopes {
            scoped.push(
                scope(
                    (client.clone(), watching.clone()),
                    namespace,
                    &options,
                    leads.clone(),
                    readiness.clone(),
                    metrics.clone(),
                    all.clone(),
                )
                .boxed(),
            );
        }
        let lost = lost(leads);
        let ended = tokio::select! {
            (ended, ..) = select_all(scoped) => ended,
            () = lost => Err("the lease was lost: another instance leads now, or it could not be renewed in time".to_owned()),
            () = stop.clone() => Ok(()),
        };
        if let Some(lease) = lease {
            lease.released().await;
        }
        ended
    };
    tokio::select! {
        served = served => Err(format!("cannot serve {}: {}", options.listen, served.err().map(|error| error.to_string()).unwrap_or_default())),
        ended = work => ended,
        () = stop.clone() => Ok(()),
    }
}

/// Waits for the lease.
async fn lead(
    client: &Client,
    watching: &Client,
    options: &Options,
    readiness: &Readiness,
    metrics: &Metrics,
) -> Result<(Option<Lease>, channel::Receiver<bool>), String> {
    let Some(lease_options) = &options.lease else {
        metrics.leads(true);
        let (sender, leads) = channel::channel(true);
        // Nobody ever takes it away.
        std::mem::forget(sender);
        return Ok((None, leads));
    };
    readiness.await_for("the API server");
    let (lease, mut leads) = loop {
        match Lease::take(client.clone(), watching.clone(), lease_options).await {
            Ok(taken) => break taken,
            Err(error) => {
                tracing::warn!(%error, "the lease can't be taken yet");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    };
    readiness.arrived("the API server");
    tracing::info!(lease = lease_options.name, "waiting for the lease");
    leads.wait_for(|leads| *leads).await.map_err(|error| format!("the lease can't be watched: {error}"))?;
    metrics.leads(true);
    tracing::info!(lease = lease_options.name, identity = lease_options.identity, "this instance leads");
    if let Some(pod) = &options.pod {
        Lease::belong_to_owner_of(client.clone(), lease_options, &options.pod_namespace, pod).await;
    }
    Ok((Some(lease), leads))
}

async fn lost(mut leads: channel::Receiver<bool>) {
    // An error means that nobody can tell any more: that counts as lost.
    let _ = leads.wait_for(|leads| !*leads).await;
}

/// Gauges of what there is, worked out when somebody asks.
fn scrape(all: Arc<Mutex<Vec<Stores>>>, metrics: Metrics) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let stores = all.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let versions = stores.iter().flat_map(|stores| stores.versions.state()).map(|version| {
            let status = version.status.clone().unwrap_or_default();
            (
                version.namespace().unwrap_or_default(),
                version.spec.task_queue.clone(),
                version.spec.build_id.clone(),
                status.state.name(),
                status.open_executions,
            )
        });
        metrics.versions(versions);
    }
}

/// A client that waits so long for an answer.
fn client(mut config: kube::Config, answer: Duration) -> Result<Client, kube::Error> {
    config.read_timeout = Some(answer);
    // The time that a connection had nothing to do doesn't count.
    config.reset_reader_on_write = true;
    Client::try_from(config)
}

/// Watches and reconciles one namespace, or all.
async fn scope(
    (client, watching): (Client, Client),
    namespace: Option<String>,
    options: &Options,
    leads: channel::Receiver<bool>,
    readiness: Readiness,
    metrics: Metrics,
    all: Arc<Mutex<Vec<Stores>>>,
) -> Result<(), String> {
    let (workflows, workflow_writer) = reflector::store();
    let (modules, module_writer) = reflector::store();
    let (queues, queue_writer) = reflector::store();
    let (schedules, schedule_writer) = reflector::store();
    let (versions, version_writer) = reflector::store();
    let (deployments, deployment_writer) = reflector::store();
    let (builds, build_writer) = reflector::store();
    let (build_pods, build_pod_writer) = reflector::store();
    let (namespaces, namespace_writer) = reflector::store();
    let namespaces = namespace.is_none().then_some(namespaces);
    let stores = Stores { workflows, modules, queues, schedules, versions, deployments, builds, build_pods, namespaces };
    all.lock().unwrap_or_else(PoisonError::into_inner).push(stores.clone());
    let (workflow_sender, workflow_wakes) = unbounded();
    let (module_sender, module_wakes) = unbounded();
    let (queue_sender, queue_wakes) = unbounded();
    let cluster = Cluster::new(client.clone(), options.pod.clone(), leads);
    let registries = Registries::new(cluster.clone(), &options.settings);
    let context = Arc::new(Context {
        cluster,
        stores: stores.clone(),
        index: Index::default(),
        compiler: Compiler::new(
            options.checker.clone(),
            options.scratch.clone(),
            options.compile_concurrency,
            registries.clone(),
            options.settings.builds.local.clone(),
        ),
        registries,
        modules_to_wake: module_sender.clone(),
        queue_of_builds: Mutex::new(Queue::new(options.settings.builds.concurrency)),
        temporal: Connections::new("warpline-operator"),
        awaited: reconcile::schedule::Awaited::default(),
        settings: options.settings.clone(),
        metrics,
    });
    let (schedule_sender, schedule_wakes) = unbounded();
    let (image_sender, left_images) = unbounded();
    let wake =
        Wake { workflows: workflow_sender, modules: module_sender, queues: queue_sender, schedules: schedule_sender, images: image_sender };
    let (index, written, within) = (&context.index, context.cluster.written(), namespace.as_deref());
    let (workflow_generations, callable, queue_generations) = (Facts::default(), Facts::default(), Facts::default());
    let (startable, asked, serving) = (Facts::default(), Facts::default(), Facts::default());
    let ours = watcher::Config::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::OPERATOR));
    let built = watcher::Config::default().labels(&format!("{}={}", labels::NAME, labels::BUILD));
    let every = watcher::Config::default;
    let watches = futures::future::join5(
        follow(written, api(&watching, within), every(), workflow_writer, |o, there| {
            concern::workflow(o, there, index, &wake, &workflow_generations);
            concern::started(o, there, index, &wake, &startable);
        }),
        follow(written, api(&watching, within), every(), module_writer, |o, there| concern::module(o, there, index, &wake, &callable)),
        follow(written, api(&watching, within), every(), queue_writer, |o, there| {
            concern::queue(o, there, index, &wake, &queue_generations);
        }),
        follow(written, api(&watching, within), every(), version_writer, |o, there| concern::version(o, there, index, &wake, &serving)),
        follow(written, api(&watching, within), ours, deployment_writer, |o, _| concern::deployment(o, &stores, index, &wake)),
    );
    let build_watches = futures::future::join(
        follow(written, api(&watching, within), built.clone(), build_writer, |o: &Job, there| {
            concern::build(o.namespace(), index.build(o, there), &wake);
        }),
        follow(written, api(&watching, within), built, build_pod_writer, |o: &Pod, there| {
            concern::build(o.namespace(), index.build_pod(o, there), &wake);
        }),
    );
    let schedule_watch =
        follow(written, api(&watching, within), every(), schedule_writer, |o, there| concern::schedule(o, there, index, &wake, &asked));
    let namespace_watch = async {
        match &namespace {
            None => {
                follow(written, kube::Api::all(watching.clone()), every(), namespace_writer, |o, _| concern::namespace(o, &stores, &wake))
                    .await;
            }
            Some(_) => std::future::pending().await,
        }
    };
    let controllers = async {
        until_known(&stores, &readiness).await?;
        tokio::join!(
            control(context.clone(), WORKFLOWS_AT_ONCE, stores.workflows.clone(), workflow_wakes, reconcile::workflow::reconcile),
            control(context.clone(), AT_ONCE, stores.modules.clone(), module_wakes, reconcile::activity_module::reconcile),
            control(context.clone(), AT_ONCE, stores.queues.clone(), queue_wakes, reconcile::task_queue::reconcile),
            control(context.clone(), AT_ONCE, stores.schedules.clone(), schedule_wakes, reconcile::schedule::reconcile),
            reconcile::delete_left(&context, left_images),
        );
        Ok(())
    };
    tokio::select! {
        _ = watches => Err("a watch ended".to_owned()),
        _ = build_watches => Err("a watch ended".to_owned()),
        () = schedule_watch => Err("a watch ended".to_owned()),
        () = watch_sources(&watching, within, &context, &wake) => Err("a watch ended".to_owned()),
        () = namespace_watch => Err("a watch ended".to_owned()),
        ended = controllers => ended,
    }
}

/// Watches `ConfigMap`s, by their names, for sources of modules.
async fn watch_sources(watching: &Client, within: Option<&str>, context: &Context, wake: &Wake) {
    // Where nothing is built, nobody reads any.
    if context.settings.builds.image_repository.is_none() {
        return std::future::pending().await;
    }
    // Our own hold no sources.
    let others = watcher::Config::default().labels(&format!("{}!={}", labels::MANAGED_BY, labels::OPERATOR));
    pass(api(watching, within), others, |o: &PartialObjectMeta<ConfigMap>| concern::config_map(o, &context.index, wake)).await;
}

/// Nothing is decided before everything was seen.
async fn until_known(stores: &Stores, readiness: &Readiness) -> Result<(), String> {
    async fn known<K>(store: &Store<K>, readiness: &Readiness) -> Result<(), String>
    where
        K: Resource<DynamicType = ()> + Clone + 'static,
    {
        let what = format!("the watch of {}", K::plural(&()));
        store.wait_until_ready().await.map_err(|_| format!("{what} ended"))?;
        readiness.arrived(&what);
        Ok(())
    }
    for what in ["workflows", "activitymodules", "taskqueues", "schedules", "workerversions", "deployments", "jobs", "pods"] {
        readiness.await_for(format!("the watch of {what}"));
    }
    known(&stores.workflows, readiness).await?;
    known(&stores.modules, readiness).await?;
    known(&stores.queues, readiness).await?;
    known(&stores.schedules, readiness).await?;
    known(&stores.versions, readiness).await?;
    known(&stores.deployments, readiness).await?;
    known(&stores.builds, readiness).await?;
    known(&stores.build_pods, readiness).await?;
    if let Some(namespaces) = &stores.namespaces {
        namespaces.wait_until_ready().await.map_err(|_| "the watch of namespaces ended".to_owned())?;
    }
    tracing::info!("everything that is watched is known");
    Ok(())
}

/// How often each object failed in a row.
type Failures<K> = Mutex<HashMap<ObjectRef<K>, u32>>;

/// Reconciles the objects of a kind that are woken, so many at once, until there are no more wakes.
async fn control<K, R, F>(context: Arc<Context>, at_once: u16, store: Store<K>, wakes: UnboundedReceiver<ObjectRef<K>>, reconcile: R)
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    ObjectRef<K>: Hash + Eq,
    R: Fn(Arc<K>, Arc<Context>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Again, Error>> + Send,
{
    let failures: Arc<Failures<K>> = Arc::default();
    let failed = failures.clone();
    let kind = kind_name::<K>();
    let reconciled = move |object: Arc<K>, context: Arc<Context>| {
        let (reconcile, failures) = (reconcile.clone(), failures.clone());
        async move {
            if context.cluster.written().lacks(object.as_ref()) {
                return Ok(Action::requeue(GATHER));
            }
            let begun = Instant::now();
            let span = tracing::info_span!(
                "reconcile",
                kind,
                namespace = object.namespace(),
                name = object.name_any(),
                generation = object.meta().generation,
                error = tracing::field::Empty
            );
            let ended = Written::during(object.as_ref(), reconcile(object.clone(), context.clone())).instrument(span.clone()).await;
            if let Err(error) = &ended {
                span.record("error", error.reason());
            }
            context.metrics.reconciled(kind, begun.elapsed(), ended.as_ref().err().map(Error::reason));
            let again = ended?;
            failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&ObjectRef::from_obj(object.as_ref()));
            Ok::<_, Error>(again.map_or_else(Action::await_change, Action::requeue))
        }
        .boxed()
    };
    let policy = move |object: Arc<K>, error: &Error, _: Arc<Context>| {
        let mut failures = failed.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.entry(ObjectRef::from_obj(object.as_ref())).or_default();
        *times = times.saturating_add(1);
        let wait = Duration::from_millis(500).saturating_mul(1 << (*times).min(10)).min(LONGEST_WAIT);
        tracing::warn!(%error, reason = error.reason(), kind, namespace = object.namespace(), name = object.name_any(), times = *times, "a reconciliation failed");
        Action::requeue(wait)
    };
    let config = Config::default().debounce(GATHER).concurrency(at_once);
    applier(reconciled, policy, context, store, wakes.map(Ok::<_, Infallible>), config).for_each(|_| async {}).await;
}

fn kind_name<K: Resource<DynamicType = ()> + 'static>() -> &'static str {
    match K::plural(&()).as_ref() {
        "workflows" => "Workflow",
        "activitymodules" => "ActivityModule",
        "schedules" => "Schedule",
        plural if plural == TaskQueue::plural(&()) => "TaskQueue",
        _ => "Other",
    }
}
