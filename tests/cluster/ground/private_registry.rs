//! The installation with a registry of images that wants credentials, and that can become full: for whoever is alone on the cluster.

use super::{Cluster, INSTALLATION, Namespace, cluster, root, run};
use std::process::Command;
use tokio::sync::RwLockWriteGuard;

/// The Secret that the installation names.
pub const SECRET: &str = "warpline-registry";

/// The registry, and the installation that pushes there. Dropped, both are as before.
pub struct PrivateRegistry {
    cluster: &'static Cluster,
    _alone: RwLockWriteGuard<'static, ()>,
}

impl PrivateRegistry {
    /// Starts it, and lets every build of the installation push there: nobody else could build without the Secret, so nobody else may be there.
    pub async fn start() -> Self {
        let alone = INSTALLATION.write().await;
        let started = Self { cluster: cluster(), _alone: alone };
        started.script(&["start", "private-registry"]);
        let (open, private) = (started.cluster.get("REGISTRY"), started.address());
        started.cluster.install(&[
            &format!("builds.imageRepository={private}/modules"),
            &format!("builds.imageSecret={SECRET}"),
            &format!("builds.plainHttpRegistries={{{open},{private}}}"),
        ]);
        started
    }

    /// Its host and port.
    pub fn address(&self) -> &'static str {
        self.cluster.get("PRIVATE_REGISTRY")
    }

    /// Makes the Secret anew, with that password of its user.
    pub fn login(&self, namespace: &Namespace, password: &str) {
        namespace.kubectl(&["delete", "secret", SECRET, "--ignore-not-found"]);
        let (server, password) = (format!("--docker-server={}", self.address()), format!("--docker-password={password}"));
        namespace.kubectl(&["create", "secret", "docker-registry", SECRET, "--docker-username=robot", &server, &password]);
    }

    /// Leaves no byte free on its disk.
    pub fn fill(&self) {
        self.script(&["inside", "sh", "-c", "cat /dev/zero >/var/lib/private-registry/filler 2>/dev/null || true"]);
    }

    /// Room again.
    pub fn make_room(&self) {
        self.script(&["inside", "rm", "/var/lib/private-registry/filler"]);
    }

    fn script(&self, arguments: &[&str]) {
        let script = root().join("tests/cluster/ground/cluster");
        run(Command::new(script).args(arguments).env("WARPLINE", env!("CARGO_BIN_EXE_warpline")));
    }
}

impl Drop for PrivateRegistry {
    fn drop(&mut self) {
        self.cluster.install(&[]);
        self.script(&["stop", "private-registry"]);
    }
}
