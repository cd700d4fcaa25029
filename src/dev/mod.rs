//! `warpline dev`: the operator's own reconcilers without a cluster, with other doors.
//! A shell: wires doors to the operator; must not decide anything that a reconciler decides.

pub mod api;
mod directory;
mod heartbeat;
mod place;
mod pods;
mod say;
mod told;

pub use say::{Ready, Say, Told};

use crate::controllers;
use crate::local::{Server, Toolchain};
use crate::reconcile::{BuildSettings, MAX_VERSIONS, Settings};
use crate::telemetry::init_file_logs;
use crate::typecheck::Checker;
use crate::version::digest;
use api::{ApiServer, NAMESPACE};
use directory::Directory;
use kube::Client;
use place::Place;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tokio::sync::oneshot;

/// How it is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory with definitions.
    pub folder: PathBuf,
    /// Whether Temporal's page is served.
    pub ui: bool,
}

/// Runs until `stop` resolves; then ends all processes that it started.
///
/// # Errors
/// In a sentence: what on this machine keeps it from running.
pub async fn run(options: &Options, toolchain: Toolchain, say: Say, stop: impl Future<Output = ()>) -> Result<(), String> {
    let place = Place::take(&options.folder)?;
    log_to(&place)?;
    let mut server = Server::start(&toolchain.temporal, &place.server(options.ui)).await.map_err(|error| error.to_string())?;
    let api = ApiServer::start().await.map_err(|error| format!("no port for the API server: {error}"))?;
    let kubeconfig = api.write_kubeconfig(&place.state).map_err(|error| format!("cannot write the kubeconfig file: {error}"))?;
    let config = api.config()?;
    let client = Client::try_from(config.clone()).map_err(|error| error.to_string())?;
    let worker_image = worker_image(&toolchain)?;
    let checker = Checker { tsc: toolchain.tsc.clone(), packages: toolchain.node_modules.clone() };
    let ready = Ready { temporal: server.address.clone(), ui: server.ui_url.clone(), kubeconfig, logs: place.logs() };
    let operator = controllers::run_with(config, operator(&place, &checker, &server.address, &worker_image), std::future::pending());
    let ground = pods::Ground { client: client.clone(), toolchain, worker_image, folder: place.state.clone(), say: say.clone() };
    let (end, ends) = oneshot::channel::<()>();
    let pods = tokio::spawn(pods::run(ground, NAMESPACE, async { drop(ends.await) }));
    let directory = Directory::new(place.folder.clone(), client.clone(), checker, say.clone());
    say.ready(ready);
    let ended = tokio::select! {
        () = stop => Ok(()),
        error = server.failure() => Err(error.to_string()),
        ended = operator => Err(ended.err().unwrap_or_else(|| "the operator ended; please report it".to_owned())),
        () = directory.follow() => Ok(()),
        () = told::tell(client.clone(), say.clone()) => Ok(()),
        () = heartbeat::beat(client.clone()) => Ok(()),
    };
    say.line("ending: activities that run have time to end");
    drop(end);
    let pods = pods.await.map_err(|error| format!("pods ended badly: {error}"));
    let stopped = server.stop().await.map_err(|error| error.to_string());
    ended.and(pods).and(stopped)
}

/// What the operator logs goes to a file: people are told otherwise.
fn log_to(place: &Place) -> Result<(), String> {
    let path = place.logs().join("operator.log");
    let file = std::fs::File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    init_file_logs(file, "info")
}

/// What stands for the worker of this machine in place of an image: another worker is another one.
fn worker_image(toolchain: &Toolchain) -> Result<String, String> {
    let bundle = std::fs::read(&toolchain.bundle).map_err(|error| format!("cannot read {}: {error}", toolchain.bundle.display()))?;
    let digest: String = digest([("bundle", bundle.as_slice())]).chars().take(16).collect();
    Ok(format!("local/worker:{digest}"))
}

/// How the operator is started: as on a cluster, but that packages are taken from folders.
fn operator(place: &Place, checker: &Checker, temporal: &str, worker_image: &str) -> controllers::Options {
    controllers::Options {
        settings: Settings {
            temporal_address: Some(temporal.to_owned()),
            temporal_namespace: "default".to_owned(),
            worker_image: worker_image.to_owned(),
            max_versions: MAX_VERSIONS,
            builds: BuildSettings { concurrency: 1, local: Some(place.packages()), ..BuildSettings::default() },
        },
        checker: checker.clone(),
        scratch: place.scratch(),
        compile_concurrency: 2,
        namespaces: Vec::new(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        lease: None,
        pod: None,
        pod_namespace: NAMESPACE.to_owned(),
    }
}
