//! A Temporal server of one test's own on the cluster's machine, which can be ended and started again: its data outlive it.

use super::{Cluster, root, run};
use std::process::Command;
use warpline::temporal::Client;

/// The server. Dropped, it ends.
pub struct OwnTemporal {
    cluster: &'static Cluster,
    name: String,
    port: u16,
}

impl OwnTemporal {
    /// Starts it on a port that no other test takes.
    pub async fn start(cluster: &'static Cluster, port: u16) -> Self {
        let server = Self { cluster, name: format!("temporal-{}-{port}", std::process::id()), port };
        server.launch().await;
        server
    }

    /// `host:port`, for pods and for us.
    pub fn address(&self) -> String {
        format!("{}:{}", self.cluster.get("NODE_ADDRESS"), self.port)
    }

    /// Ends it and starts it again, on the same data.
    pub async fn restart(&self) {
        self.stop();
        self.launch().await;
    }

    fn stop(&self) {
        run(script().args(["stop", &self.name]));
    }

    async fn launch(&self) {
        let Self { name, port, .. } = self;
        let quick = "--dynamic-config-value 'matching.longPollExpirationInterval=\"5s\"' --dynamic-config-value 'matching.PollerHistoryTTL=\"10s\"'";
        let temporal = self.cluster.get("TEMPORAL");
        let server = format!(
            "setsid {temporal} server start-dev --headless --ip 0.0.0.0 --port {port} --log-level warn --db-filename /var/lib/{name}.db {quick} \
             >>logs/{name}.log 2>&1 </dev/null & echo $! >pids/{name}"
        );
        run(script().args(["inside", "bash", "-c", &server]));
        let begun = std::time::Instant::now();
        while Client::connect(&self.address(), "default").await.is_err() {
            assert!(begun.elapsed() < super::PATIENCE, "{name} does not answer; its log is in the cluster's logs");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

impl Drop for OwnTemporal {
    fn drop(&mut self) {
        self.stop();
    }
}

fn script() -> Command {
    Command::new(root().join("tests/cluster/ground/cluster"))
}
