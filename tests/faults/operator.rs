//! The operator as a process, behind a proxy; when a fault has killed it, another one begins.

use super::ground::Servers;
use super::proxy::Proxy;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// An operator that is started again whenever it has ended. Dropped, it is killed.
pub struct Operator {
    task: JoinHandle<()>,
    pub log: PathBuf,
}

impl Operator {
    /// Begins to run in a namespace, behind a proxy.
    pub fn start(servers: &'static Servers, namespace: &str, proxy: Arc<Proxy>, more: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(namespace);
        std::fs::create_dir_all(&folder).unwrap();
        let log = folder.join("operator.log");
        let mut command = command(servers, namespace, &proxy, &folder);
        command.args(more);
        let written = log.clone();
        let task = tokio::spawn(async move {
            loop {
                let mut child = begin(&mut command, &written);
                proxy.kills(child.id().expect("it runs"));
                let ended = child.wait().await;
                tracing::debug!(?ended, "the operator ended");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { task, log }
    }

    /// What it said last.
    pub fn said(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Ends it.
    pub async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// An operator that is not started again. Dropped, it is killed.
pub struct Once {
    child: Child,
    log: PathBuf,
}

impl Once {
    /// Begins to run in a namespace, behind a proxy, under a name.
    pub fn start(servers: &Servers, namespace: &str, name: &str, proxy: &Proxy, more: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{namespace}-{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        let log = folder.join("operator.log");
        let mut command = command(servers, namespace, proxy, &folder);
        command.args(more).env("POD_NAME", name);
        Self { child: begin(&mut command, &log), log }
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id().expect("it runs")).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        tokio::time::timeout(super::ground::PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
    }

    /// What it said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn begin(command: &mut Command, log: &Path) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let also = log.try_clone().unwrap();
    command.stdin(Stdio::null()).stdout(log).stderr(also).kill_on_drop(true).spawn().unwrap()
}

fn command(servers: &Servers, namespace: &str, proxy: &Proxy, folder: &Path) -> Command {
    let kubeconfig = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\nclusters: [{{name: a, cluster: {{server: \"http://{}\"}}}}]\nusers: [{{name: a, user: {{}}}}]\n",
        proxy.kube
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    command.args(["operator", "--log-format", "text", "--listen", "127.0.0.1:0", "--compile-concurrency", "1"]);
    command.args(["--temporal-address", &proxy.temporal, "--worker-image", "registry.example/worker:1", "--watch-namespace", namespace]);
    command
        .arg("--typescript")
        .arg(&servers.typescript)
        .env("KUBECONFIG", kubeconfig)
        .env("NO_COLOR", "1")
        .env("TOKIO_WORKER_THREADS", "2");
    command
}
