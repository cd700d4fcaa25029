//! What tests stand on: a dev server that is quick to notice things, and workers of as many versions as are asked for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use warpline::local::{Server, Toolchain, Worker, server, worker};
use warpline::temporal::{Client, Deployment, ExecutionId, Start, Target};

/// How long something that comes by itself may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(90);

/// What makes minutes seconds: polls end and begin again, pollers are forgotten, executions of a version are counted.
const QUICK: [&str; 4] = [
    "matching.longPollExpirationInterval=\"1s\"",
    "matching.PollerHistoryTTL=\"4s\"",
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod=\"1s\"",
    "matching.wv.VersionDrainageStatusRefreshInterval=\"1s\"",
];

pub struct Ground {
    pub toolchain: Toolchain,
    pub server: Server,
    pub client: Client,
    directory: TempDir,
}

impl Ground {
    /// A server with its defaults, but quick.
    pub async fn lay() -> Self {
        Self::with(&[]).await
    }

    /// A server with more dynamic configuration.
    pub async fn with(dynamic_config: &[&str]) -> Self {
        let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut options = server::Options::new(directory.path().join("server.log"));
        options.dynamic_config = QUICK.iter().chain(dynamic_config).map(|&value| value.to_owned()).collect();
        let server = Server::start(&toolchain.temporal, &options).await.unwrap();
        let client = connected(&server.address, "operator").await;
        Self { toolchain, server, client, directory }
    }

    /// The same server for somebody else.
    pub async fn client_of(&self, identity: &str) -> Client {
        connected(&self.server.address, identity).await
    }

    /// A worker of a version, and the deployment once the server knows that its workers poll for workflows and activities.
    pub async fn serve(&self, deployment: &str, build_id: &str, task_queue: &str) -> (Worker, Deployment) {
        let version = self.version(deployment, build_id, task_queue);
        let options = worker::Options {
            log: version.with_extension("log"),
            versions: vec![version],
            address: self.server.address.clone(),
            namespace: self.server.namespace.clone(),
            grace: Duration::from_secs(5),
            max_concurrent_activities: None,
            environment: vec![],
            directory: None,
            arguments: vec![],
        };
        let worker = Worker::start(&self.toolchain, &options).await.unwrap();
        let known = eventually("the server knows the version's task queues", async || {
            let version = self.client.version(deployment, build_id).await.unwrap();
            version.filter(|version| version.task_queues.len() == 2)
        });
        known.await;
        (worker, self.deployment(deployment).await)
    }

    /// The deployment as it is now.
    pub async fn deployment(&self, name: &str) -> Deployment {
        self.client.deployment(name).await.unwrap().expect("the server knows the deployment")
    }

    /// Makes a version current, and waits until every task queue knows.
    pub async fn set_current(&self, name: &str, build_id: Option<&str>) {
        self.client.set_current(&self.deployment(name).await, build_id).await.unwrap();
        self.propagated(name).await;
    }

    /// Waits until every task queue knows the routing.
    pub async fn propagated(&self, name: &str) {
        eventually("the routing is everywhere", async || self.deployment(name).await.is_propagated.then_some(())).await;
    }

    /// Starts an execution that waits, and waits until it does.
    pub async fn waiting(&self, start: &Start) -> ExecutionId {
        let id = self.client.start(start).await.unwrap();
        assert_eq!(self.client.query(&id, "isWaiting", &[]).await.unwrap(), json!(true));
        id
    }

    /// Ends an execution that waits.
    pub async fn go_on(&self, id: &ExecutionId) {
        self.client.signal(id, "goOn", &[]).await.unwrap();
        self.client.outcome(id).await.unwrap();
    }

    fn version(&self, deployment: &str, build_id: &str, task_queue: &str) -> PathBuf {
        let place = self.directory.path().join(format!("{}-{build_id}", deployment.replace('/', "-")));
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("WaitingWorkflow.js"), include_str!("WaitingWorkflow.js")).unwrap();
        std::fs::write(place.join("activities.cjs"), "exports.greet = async ({ name }) => `Hello, ${name}!`;\n").unwrap();
        std::os::unix::fs::symlink(&self.toolchain.node_modules, place.join("node_modules")).unwrap();
        let manifest = json!({
            "deploymentName": deployment, "buildId": build_id, "taskQueue": task_queue,
            "workflows": ["WaitingWorkflow"],
            "activities": [{"module": "greetings", "path": place.join("activities.cjs"), "names": ["greet"]}],
        });
        std::fs::write(place.join("version.json"), manifest.to_string()).unwrap();
        place
    }

    /// Ends everything.
    pub async fn clear(self, workers: Vec<Worker>) {
        for worker in workers {
            worker.stop().await.unwrap();
        }
        self.server.stop().await.unwrap();
    }
}

/// A client, once the server, which may be short of time, has answered it.
async fn connected(address: &str, identity: &str) -> Client {
    eventually("a connection", async || match Client::connect_to(&Target::plain(address, "default"), identity).await {
        Ok(client) => Some(client),
        Err(error) => {
            eprintln!("{error}");
            None
        }
    })
    .await
}

/// A start of the workflow that waits.
pub fn waiting(id: &str, task_queue: &str) -> Start {
    Start::new("WaitingWorkflow", id, task_queue, vec![])
}

/// What comes by itself, once it has come.
pub async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "this never came: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
