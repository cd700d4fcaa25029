//! What every test here stands on: tool chain, server, worker, client, in a directory of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use warpline::local::{Server, Toolchain, Worker, server, worker};
use warpline::temporal::{Client, History};

pub struct Ground {
    pub toolchain: Toolchain,
    pub client: Client,
    pub worker: Option<Worker>,
    pub server: Server,
    pub directory: TempDir,
}

impl Ground {
    /// Everything up, `version-1` current.
    pub async fn lay() -> Self {
        let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(&toolchain.temporal, &server::Options::new(directory.path().join("server.log"))).await.unwrap();
        let client = Client::connect(&server.address, &server.namespace).await.unwrap();
        let mut ground = Self { toolchain, client, worker: None, server, directory };
        let version = ground.version("version-1");
        ground.worker = Some(ground.start_worker(version).await);
        ground.client.set_current_version("engine", "version-1").await.unwrap();
        ground
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A worker that serves `version`.
    pub async fn start_worker(&self, version: PathBuf) -> Worker {
        Worker::start(&self.toolchain, &self.worker_options(version)).await.unwrap()
    }

    pub fn worker_options(&self, version: PathBuf) -> worker::Options {
        worker::Options {
            log: version.with_extension("log"),
            versions: vec![version],
            address: self.server.address.clone(),
            namespace: self.server.namespace.clone(),
            grace: Duration::from_secs(10),
            max_concurrent_activities: None,
            environment: vec![],
            directory: None,
            arguments: vec![],
        }
    }

    /// A version directory of the hand-written workflows.
    pub fn version(&self, build_id: &str) -> PathBuf {
        let place = self.path().join(build_id);
        std::fs::create_dir(&place).unwrap();
        for (file, text) in [
            ("ParentWorkflow.js", include_str!("version/ParentWorkflow.js")),
            ("ChildWorkflow.js", include_str!("version/ChildWorkflow.js")),
            ("CrowdWorkflow.js", include_str!("version/CrowdWorkflow.js")),
            ("FailingWorkflow.js", include_str!("version/FailingWorkflow.js")),
        ] {
            std::fs::write(place.join(file), text).unwrap();
        }
        std::fs::write(place.join("activities.cjs"), include_str!("version/activities.cjs")).unwrap();
        std::os::unix::fs::symlink(&self.toolchain.node_modules, place.join("node_modules")).unwrap();
        let manifest = json!({
            "deploymentName": "engine", "buildId": build_id, "taskQueue": "engine",
            "workflows": ["ParentWorkflow", "ChildWorkflow", "CrowdWorkflow", "FailingWorkflow"],
            "activities": [{"module": "greetings", "path": place.join("activities.cjs"), "names": ["flaky", "greet"]}],
        });
        std::fs::write(place.join("version.json"), manifest.to_string()).unwrap();
        place
    }

    /// The same, as a pod finds it: a workflow that is too large for a ConfigMap, the files distributed over volumes and mounted by links.
    pub fn version_in_volumes(&self, build_id: &str) -> PathBuf {
        let place = self.version(build_id);
        let large = place.join("ParentWorkflow.js");
        let noise = (0u64..).map(|number| warpline::version::digest([("", number.to_be_bytes().as_slice())])).take(30_000);
        let padding: String = noise.map(|line| format!("// {line}\n")).collect();
        std::fs::write(&large, std::fs::read_to_string(&large).unwrap() + &padding).unwrap();

        let mut files = Vec::new();
        for entry in std::fs::read_dir(&place).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && name != "activities.cjs" {
                files.push((name, std::fs::read(entry.path()).unwrap()));
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        std::fs::create_dir(place.join("..mounted")).unwrap();
        std::os::unix::fs::symlink("..mounted", place.join("..data")).unwrap();
        let volumes = warpline::version::volumes(&files);
        assert!(volumes.len() > 1 && volumes.iter().any(|volume| volume.contains_key("ParentWorkflow.js.gz.1")), "it is cut");
        for (name, content) in volumes.into_iter().flatten() {
            std::fs::write(place.join("..mounted").join(&name), content).unwrap();
            std::os::unix::fs::symlink(Path::new("..data").join(&name), place.join(&name)).unwrap();
        }
        place
    }

    /// What the worker's replay says of each history.
    pub async fn replay(&self, histories: &[(&str, &History)]) -> Vec<Value> {
        let mut command = Command::new(&self.toolchain.node);
        command.arg(self.toolchain.worker.join("replay.js"));
        command.arg("--bundle").arg(&self.toolchain.bundle).arg("--version").arg(self.path().join("version-1"));
        for (name, history) in histories {
            let file = self.path().join(format!("{name}.json"));
            std::fs::write(&file, history.to_json().unwrap()).unwrap();
            command.arg(file);
        }
        let output = command.stderr(Stdio::inherit()).output().await.unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Ends everything, in order.
    pub async fn clear(mut self) {
        if let Some(worker) = self.worker.take() {
            worker.stop().await.unwrap();
        }
        self.server.stop().await.unwrap();
    }
}
