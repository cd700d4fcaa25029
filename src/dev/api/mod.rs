//! A small Kubernetes API server in memory, as far as the operator, `warpline`'s commands and kubectl need one.
//! Knows the kinds and their schemas; must not know what an object means, nor who acts on it.
//!
//! What it relies on being the same as a cluster's server is in its tests (`tests.rs`), one line each. What differs: rules in CEL are not checked, nothing
//! defaults Kubernetes' own kinds, lists have one owner each, deletion in the foreground is one in the background, and nobody but the file's owner may ask.

mod discovery;
mod events;
mod fields;
mod kinds;
mod refusal;
mod request;
mod schema;
mod select;
mod serve;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod write;

use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use write::{Change, Write};

/// The namespace that everything is in.
pub const NAMESPACE: &str = "default";

/// A running API server. Dropped, it ends.
#[derive(Debug)]
pub struct ApiServer {
    /// Where it is: an URL with a secret in it.
    pub url: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl ApiServer {
    /// Starts one on a free port of the loopback interface, with the namespace [`NAMESPACE`].
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let store = Arc::new(Store::new(kinds::kinds()));
        make_namespace(&store).map_err(|refusal| std::io::Error::other(refusal.status().to_string()))?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let url = format!("http://{}/{secret}", listener.local_addr()?);
        let task = tokio::spawn(async move { serve::serve(listener, store, &secret).await });
        Ok(Self { url, task })
    }

    /// How clients reach it.
    ///
    /// # Errors
    /// A defect: the URL is none.
    pub fn config(&self) -> Result<kube::Config, String> {
        let mut config = kube::Config::new(self.url.parse().map_err(|error| format!("{}: {error}", self.url))?);
        config.default_namespace = NAMESPACE.to_owned();
        Ok(config)
    }

    /// Writes a kubeconfig file that only its owner can read.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write_kubeconfig(&self, folder: &Path) -> std::io::Result<PathBuf> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let name = "warpline-dev";
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "contexts": [{"name": name, "context": {"cluster": name, "namespace": NAMESPACE, "user": name}}],
            "users": [{"name": name, "user": {}}],
        });
        let path = folder.join("kubeconfig");
        // A file that is there may be open to others.
        let _ = std::fs::remove_file(&path);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(format!("{config:#}\n").as_bytes())?;
        Ok(path)
    }
}

fn make_namespace(store: &Store) -> Result<(), refusal::Refusal> {
    let Some(kind) = store.kinds.iter().position(|kind| kind.kind == "Namespace") else { return Ok(()) };
    let write = Write { key: (kind, String::new(), NAMESPACE.to_owned()), is_status: false, manager: "server", is_dry: false };
    store.write(&write, Change::Create(json!({"metadata": {"name": NAMESPACE}}))).map(drop)
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
