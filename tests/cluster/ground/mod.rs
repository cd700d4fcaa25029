//! What every test stands on: the cluster with Warpline installed by Helm, a namespace of its own, a client of Temporal.

pub mod gateway;
pub mod namespace;
pub mod npm;
pub mod npm_door;
pub mod objects;
pub mod own_temporal;
pub mod private_registry;

pub use gateway::Gateway;
pub use namespace::Namespace;
pub use objects::{condition, message, saying, task_queue, waiting, workflow};
pub use own_temporal::OwnTemporal;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// The cluster, with Warpline installed.
pub struct Cluster {
    env: HashMap<String, String>,
}

/// The cluster that all tests of this process share; the first to ask makes it.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let script = root().join("tests/cluster/ground/cluster");
        let up =
            Command::new(&script).args(["up"]).env("WARPLINE", env!("CARGO_BIN_EXE_warpline")).status().expect("the cluster's script runs");
        assert!(up.success(), "the cluster could not be made; `tests/cluster/ground/cluster up` says why");
        let printed = run(Command::new(&script).arg("env"));
        let lines = printed.lines().filter_map(|line| line.split_once('='));
        let cluster = Cluster { env: lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() };
        cluster.install(&[]);
        cluster
    })
}

/// Held for reading by every namespace, and for writing by who takes the installation away.
pub static INSTALLATION: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Cluster {
    pub fn get(&self, name: &str) -> &str {
        self.env.get(name).unwrap_or_else(|| panic!("`cluster env` prints no {name}"))
    }

    pub fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.get("KUBECTL"));
        command.args(arguments).env("KUBECONFIG", self.get("KUBECONFIG"));
        command
    }

    fn helm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.get("HELM"));
        command.args(arguments).args(["--namespace", "warpline-system"]).env("KUBECONFIG", self.get("KUBECONFIG")).current_dir(root());
        command
    }

    /// Installs or upgrades both charts, as docs/install.md says.
    pub fn install(&self, more: &[&str]) {
        run(&mut self.helm(&["upgrade", "--install", "warpline-crds", "charts/warpline-crds", "--create-namespace"]));
        run(&mut self.kubectl(&["label", "namespace", "warpline-system", "pod-security.kubernetes.io/enforce=restricted", "--overwrite"]));
        let image = |name: &str, variable: &str| {
            let (repository, tag) = self.get(variable).rsplit_once(':').expect("an image with a tag");
            [format!("{name}.repository={repository}"), format!("{name}.tag={tag}")]
        };
        let mut values = vec!["temporal.address=temporal-frontend.temporal.svc:7233".to_owned()];
        values.extend(image("image", "OPERATOR_IMAGE"));
        values.extend(image("workerImage", "WORKER_IMAGE"));
        values.push(format!("builds.imageRepository={}/modules", self.get("REGISTRY")));
        values.push(format!("builds.plainHttpRegistries={{{}}}", self.get("REGISTRY")));
        values.push(format!("builds.npmRegistry={}", self.get("NPM_REGISTRY")));
        values.extend(more.iter().map(|value| (*value).to_owned()));
        let mut helm = self.helm(&["upgrade", "--install", "warpline", "charts/warpline", "--wait", "--timeout", "90s"]);
        for value in &values {
            helm.args(["--set", value]);
        }
        run(&mut helm);
    }

    pub fn uninstall(&self) {
        run(&mut self.helm(&["uninstall", "warpline", "--wait", "--timeout", "90s"]));
    }

    /// The reference of an image, by the name of its variable, as `WORKER_IMAGE`.
    pub fn image(&self, variable: &str) -> &str {
        self.get(variable)
    }

    pub async fn temporal(&self) -> warpline::temporal::Client {
        warpline::temporal::Client::connect(self.get("TEMPORAL_ADDRESS"), "default").await.expect("the Temporal server answers")
    }
}

/// Runs a program that must succeed; what it printed.
pub fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

/// Asks again and again until there is an answer; fails with what `describe` says when patience ends.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>, describe: impl Fn() -> String) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {} s for {what}\n{}", PATIENCE.as_secs(), describe());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// A folder of the repository.
pub fn folder(path: &str) -> PathBuf {
    root().join(path)
}
