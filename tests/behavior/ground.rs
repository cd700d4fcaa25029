//! What every test here stands on, once for the process: tool chain, one server, one worker, and the versions of the example and of the small
//! definitions. The system ends server and worker with us (`warpline::local`); their logs stay in the target folder for a look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use warpline::diagnostic::render;
use warpline::local::{Server, Toolchain, Worker, server, worker};
use warpline::project::{self, Loaded, Staged};
use warpline::temporal::{Client, ExecutionId, Start};
use warpline::typecheck::Checker;

use crate::execution::Execution;

/// Server, worker and connection live on a runtime that outlives every test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime can be made"));
static GROUND: LazyLock<Ground> = LazyLock::new(|| RUNTIME.block_on(Ground::lay()));

/// A test that hangs fails in this time.
const LONGEST: Duration = Duration::from_secs(300);

/// Runs a test on the ground that all share.
pub fn on_ground(test: impl AsyncFnOnce(&'static Ground)) {
    let ground = &*GROUND;
    RUNTIME.block_on(async {
        tokio::time::timeout(LONGEST, test(ground))
            .await
            .unwrap_or_else(|_| panic!("not over after {LONGEST:?}; logs: {}", ground.folder.display()));
    });
}

pub struct Ground {
    pub toolchain: Toolchain,
    pub client: Client,
    pub server: Server,
    /// For logs, versions, workspaces and histories; emptied at the beginning.
    pub folder: PathBuf,
    /// What is served, by task queue.
    versions: BTreeMap<String, Staged>,
    /// The task queues, by workflow type.
    queues: BTreeMap<String, String>,
    runtime: String,
    _worker: Worker,
}

impl Ground {
    async fn lay() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("behavior");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.unwrap();
        build_activities();
        let runtime = warpline::version::digest([("bundle", std::fs::read(&toolchain.bundle).unwrap().as_slice())]);
        let mut versions = BTreeMap::new();
        let mut queues = BTreeMap::new();
        for files in [vec![example()], crate::definitions::files(&folder.join("definitions"))] {
            let loaded = compile(&files, &toolchain).await;
            queues.extend(loaded.output.workflows.iter().map(|workflow| (workflow.workflow_type.clone(), workflow.task_queue.clone())));
            let staged = project::stage(&loaded, &runtime, &folder.join("versions")).unwrap();
            versions.extend(staged.into_iter().map(|version| (version.task_queue.clone(), version)));
        }
        let server = Server::start(&toolchain.temporal, &server::Options::new(folder.join("server.log"))).await.unwrap();
        let client = Client::connect(&server.address, &server.namespace).await.unwrap();
        let worker = serve(&toolchain, &server, versions.values(), folder.join("worker.log")).await;
        for version in versions.values() {
            client.set_current_version(&version.deployment, &version.build_id).await.unwrap();
        }
        Self { toolchain, client, server, folder, versions, queues, runtime, _worker: worker }
    }

    /// Starts a workflow on the current version.
    pub async fn start(&'static self, workflow_type: &str, id: &str, input: Value) -> Execution {
        let queue = self.queues.get(workflow_type).unwrap_or_else(|| panic!("no definition has the workflow {workflow_type}"));
        let id = self.client.start(&Start::new(workflow_type, id, queue.clone(), vec![input])).await.unwrap();
        Execution::new(self, id)
    }

    /// An execution that something else started: its newest run.
    pub async fn found(&'static self, id: &str) -> Execution {
        let id = eventually(&format!("workflow {id}"), async || self.client.describe(&ExecutionId::newest(id)).await.ok()).await.id;
        Execution::new(self, id)
    }

    /// The folder of the version that runs a queue's executions.
    pub fn version(&self, queue: &str) -> &Path {
        &self.versions.get(queue).unwrap_or_else(|| panic!("nothing serves the queue {queue}")).folder
    }

    /// Compiles one more version, of `text`, and lays it out.
    pub async fn stage(&self, name: &str, text: &str) -> Staged {
        let file = self.folder.join("definitions").join(format!("{name}.yaml"));
        std::fs::write(&file, text).unwrap();
        let loaded = compile(&[file], &self.toolchain).await;
        project::stage(&loaded, &self.runtime, &self.folder.join("versions")).unwrap().pop().unwrap()
    }

    /// Serves one more version with a worker of its own, and makes it current.
    pub async fn serve(&self, version: &Staged) -> Worker {
        let worker = serve(&self.toolchain, &self.server, [version], self.folder.join(format!("worker-{}.log", version.build_id))).await;
        self.client.set_current_version(&version.deployment, &version.build_id).await.unwrap();
        worker
    }
}

async fn serve(toolchain: &Toolchain, server: &Server, versions: impl IntoIterator<Item = &Staged>, log: PathBuf) -> Worker {
    let options = worker::Options {
        versions: versions.into_iter().map(|version| version.folder.clone()).collect(),
        address: server.address.clone(),
        namespace: server.namespace.clone(),
        log,
        grace: Duration::from_secs(5),
        max_concurrent_activities: None,
        environment: vec![],
        directory: None,
        arguments: vec![],
    };
    Worker::start(toolchain, &options).await.unwrap()
}

/// Compiles and type-checks files in which nothing is wrong.
async fn compile(files: &[PathBuf], toolchain: &Toolchain) -> Loaded {
    let mut loaded = project::load(files).unwrap();
    if !warpline::diagnostic::has_errors(&loaded.diagnostics) {
        loaded.check(&Checker { tsc: toolchain.tsc.clone(), packages: toolchain.node_modules.clone() }).await.unwrap();
    }
    let shown = render::text(&loaded.diagnostics, &|file: &str| loaded.documents.text_of(file).map(str::to_owned), false);
    assert!(loaded.diagnostics.is_empty(), "{shown}");
    loaded
}

/// Waits until `look` finds something; hangs no longer than half a minute.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come about");
}

/// The folder of the example.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/examples/package-builder")
}

/// Builds the example's activities with npm where their code is not there or older than its source.
fn build_activities() {
    let package = example().join("activities");
    let changed = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    let source = std::fs::read_dir(package.join("src")).unwrap().filter_map(|entry| changed(&entry.unwrap().path())).max();
    if changed(&package.join("dist/build.activities.js")) >= source {
        return;
    }
    let steps: &[&[&str]] = if package.join("node_modules/@temporalio").is_dir() {
        &[&["run", "build"]]
    } else {
        &[&["ci", "--ignore-scripts"], &["run", "build"]]
    };
    for arguments in steps {
        eprintln!("npm {} in {}", arguments.join(" "), package.display());
        let ended = Command::new("npm").args(*arguments).current_dir(&package).status().expect("npm is on the PATH");
        assert!(ended.success(), "`npm {}` failed in {}", arguments.join(" "), package.display());
    }
}
