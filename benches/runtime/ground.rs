//! What the bench stands on: tool chain, server, and a worker that serves the generated and the hand-written version.

use crate::history::Events;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use warpline::local::{Server, Toolchain, Worker, server, worker};
use warpline::project;
use warpline::temporal::{Client, ExecutionId, Outcome, Start};

pub struct Ground {
    client: Client,
    server: Server,
    worker: Worker,
    sdk_version: String,
    started: AtomicUsize,
    _folder: TempDir,
}

impl Ground {
    /// Server and worker up, `more` (a Workflow) served beside those in `definitions/`, both versions current.
    pub async fn lay(more: &Value) -> Self {
        let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.expect("the tool chain");
        let folder = tempfile::tempdir().expect("a folder");
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/runtime");
        let generated = generated(&here, more, folder.path());
        let handwritten = handwritten(&here, folder.path());
        let server = Server::start(&toolchain.temporal, &server::Options::new(folder.path().join("server.log"))).await.expect("a server");
        let client = Client::connect(&server.address, &server.namespace).await.expect("a connection");
        let options = worker::Options {
            versions: vec![generated.folder, handwritten],
            address: server.address.clone(),
            namespace: server.namespace.clone(),
            log: folder.path().join("worker.log"),
            grace: Duration::from_secs(10),
            max_concurrent_activities: None,
            environment: Vec::new(),
            directory: None,
            arguments: vec![],
        };
        let worker = Worker::start(&toolchain, &options).await.expect("a worker");
        client.set_current_version(&generated.deployment, &generated.build_id).await.expect("a current version");
        client.set_current_version("handwritten", "handwritten").await.expect("a current version");
        Self { client, server, worker, sdk_version: toolchain.sdk_version, started: AtomicUsize::new(0), _folder: folder }
    }

    pub fn about(&self) -> String {
        format!("SDK {}, one worker for both versions", self.sdk_version)
    }

    /// Runs a workflow to its end, which must be good; answers its history.
    pub async fn run(&self, queue: &str, workflow_type: &str, input: Value) -> Events {
        let id = input["orderId"]
            .as_str()
            .map_or_else(|| format!("{workflow_type}-{}", self.started.fetch_add(1, Ordering::Relaxed)), str::to_owned);
        let id = self.client.start(&Start::new(workflow_type, id, queue, vec![input])).await.expect("a start");
        match self.client.outcome(&id).await.expect("an outcome") {
            Outcome::Completed { .. } => Events::of(&self.client.history(&id).await.expect("a history")),
            other => panic!("{workflow_type} did not end well: {other:?}"),
        }
    }

    /// The history of the newest run of a workflow.
    pub async fn history(&self, workflow_id: &str) -> Events {
        Events::of(&self.client.history(&ExecutionId::newest(workflow_id)).await.expect("a history"))
    }

    pub async fn clear(self) {
        self.worker.stop().await.expect("the worker ends well");
        self.server.stop().await.expect("the server ends well");
    }
}

/// The version that Warpline makes.
fn generated(here: &Path, more: &Value, folder: &Path) -> project::Staged {
    let file = folder.join("more.json");
    std::fs::write(&file, more.to_string()).expect("a file");
    let loaded = project::load(&[here.join("definitions"), file]).expect("readable definitions");
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let staged = project::stage(&loaded, "bench", &folder.join("versions")).expect("a version");
    staged.into_iter().next().expect("one task queue")
}

/// The version that a person wrote.
fn handwritten(here: &Path, folder: &Path) -> PathBuf {
    let version = folder.join("handwritten");
    std::fs::create_dir(&version).expect("a folder");
    for file in ["OrderWorkflow.js", "PartWorkflow.js"] {
        std::fs::copy(here.join("handwritten").join(file), version.join(file)).expect("a copy");
    }
    let activities = json!({"module": "bench-activities", "path": here.join("activities/index.js"), "names": ["nothing", "buildPart"]});
    let manifest = json!({
        "deploymentName": "handwritten", "buildId": "handwritten", "taskQueue": "handwritten",
        "workflows": ["OrderWorkflow", "PartWorkflow"], "activities": [activities],
    });
    std::fs::write(version.join("version.json"), manifest.to_string()).expect("a file");
    version
}
