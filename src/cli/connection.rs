//! Where a Temporal server is and how we show it who we are, as options of the command line.

use super::Stop;
use super::kubernetes::Connected;
use crate::api::TaskQueue;
use crate::reconcile::temporal_target::{Defaults, resolve, secrets_of, with_defaults};
use crate::temporal::{Client, Error, Target, Tls};
use clap::Args;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A namespace of a Temporal server.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// Where the Temporal server is: host:port, or an URL.
    #[arg(long, value_name = "HOST:PORT", env = "WARPLINE_TEMPORAL_ADDRESS")]
    temporal_address: Option<String>,
    /// The Temporal namespace.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_TEMPORAL_NAMESPACE")]
    temporal_namespace: Option<String>,
    /// Use TLS, with the system's authorities where none are given.
    #[arg(long)]
    tls: bool,
    /// The authorities that may have signed the server's certificate, PEM; implies TLS.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Our certificate, PEM; implies TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of our certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The name that the server's certificate is checked against; implies TLS.
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// A file that holds the API key.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

impl Connection {
    /// Connects to the server that is named; to one on this machine where none is.
    pub(super) async fn client(&self) -> Result<Client, Stop> {
        let plain = Target::plain("127.0.0.1:7233", "default");
        connect(&self.over(plain)?).await.map_err(Stop::machine)
    }

    /// Connects to the server of a task queue on a cluster. What the options say is taken in place of what the cluster says.
    pub(super) async fn client_of(&self, cluster: &Connected, queue: &TaskQueue) -> Result<Client, Stop> {
        let about = format!("TaskQueue {}/{}", cluster.namespace, queue.name_any());
        let status = queue.status.as_ref().and_then(|status| status.temporal.as_ref());
        let defaults = Defaults {
            address: status.map(|temporal| temporal.address.as_str()).or(self.temporal_address.as_deref()),
            namespace: status.map_or("default", |temporal| temporal.namespace.as_str()),
        };
        let missing = |(reason, message)| Stop::Machine(format!("{about}: {reason}: {message}"));
        let mut connection = with_defaults(queue, defaults).map_err(missing)?;
        if self.has_credentials() {
            (connection.tls, connection.api_key_secret) = (None, None);
        }
        let mut secrets = BTreeMap::new();
        for name in secrets_of(&connection) {
            secrets.insert(name.to_owned(), cluster.get::<Secret>(name).await?);
        }
        let temporal = resolve(&cluster.namespace, &connection, &secrets).map_err(missing)?;
        let hint = if self.temporal_address.is_none() {
            "; that is how the cluster's pods reach it: make a way to it from here (kubectl port-forward) and name that with --temporal-address"
        } else {
            ""
        };
        connect(&self.over(temporal.target)?).await.map_err(|error| Stop::Machine(format!("{about}: {error}{hint}")))
    }

    fn has_credentials(&self) -> bool {
        self.asks_for_tls() || self.api_key_file.is_some()
    }

    fn asks_for_tls(&self) -> bool {
        let files = [&self.tls_ca, &self.tls_cert, &self.tls_key];
        self.tls || self.tls_server_name.is_some() || files.iter().any(|file| file.is_some())
    }

    /// The target with what the options say.
    fn over(&self, mut target: Target) -> Result<Target, Stop> {
        let read = |file: &Option<PathBuf>| file.as_deref().map(read_file).transpose();
        if let Some(address) = &self.temporal_address {
            target.address.clone_from(address);
        }
        if let Some(namespace) = &self.temporal_namespace {
            target.namespace.clone_from(namespace);
        }
        if self.asks_for_tls() {
            let certificate = read(&self.tls_cert)?.zip(read(&self.tls_key)?);
            target.tls = Some(Tls { server_name: self.tls_server_name.clone(), ca: read(&self.tls_ca)?, certificate });
        }
        if let Some(file) = &self.api_key_file {
            let key = String::from_utf8(read_file(file)?).map_err(|_| Stop::Usage(format!("{} holds no text", file.display())))?;
            target.api_key = Some(key.trim_end_matches(['\r', '\n']).to_owned());
        }
        Ok(target)
    }
}

async fn connect(target: &Target) -> Result<Client, Error> {
    let client = Client::connect_with(target).await?;
    client.check_namespace().await?;
    Ok(client)
}

fn read_file(file: &Path) -> Result<Vec<u8>, Stop> {
    std::fs::read(file).map_err(|error| Stop::Usage(format!("cannot read {}: {error}", file.display())))
}
