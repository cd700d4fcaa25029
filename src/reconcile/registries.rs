//! Registries of images as a namespace may use them: with the credentials of the Secret that the installation names.
//! Uses the doors to the API server and to registries.

use super::Settings;
use crate::cluster::Cluster;
use crate::registry::{Credentials, Options, PlainHttp, Registry};
use k8s_openapi::api::core::v1::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a call is tried again before the reconciliation is: it must not hold others up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clients by what they log in with.
pub struct Registries {
    cluster: Cluster,
    secret: Option<String>,
    plain_http: Vec<String>,
    known: Mutex<HashMap<Vec<u8>, Registry>>,
}

/// Why there is no client: reason and message.
pub type Missing = (String, String);

impl Registries {
    /// As the installation says.
    #[must_use]
    pub fn new(cluster: Cluster, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            cluster,
            secret: settings.builds.image_secret.clone(),
            plain_http: settings.builds.plain_http_registries.clone(),
            known: Mutex::default(),
        })
    }

    /// This client, whatever the namespace.
    #[must_use]
    pub fn only(cluster: Cluster, registry: Registry) -> Arc<Self> {
        let known = HashMap::from([(Vec::new(), registry)]);
        Arc::new(Self { cluster, secret: None, plain_http: Vec::new(), known: Mutex::new(known) })
    }

    /// The client of a namespace.
    ///
    /// # Errors
    /// The Secret can't be read, or holds no credentials.
    pub async fn of(&self, namespace: &str) -> Result<Registry, Missing> {
        let config = match &self.secret {
            None => Vec::new(),
            Some(name) => self.secret(namespace, name).await?,
        };
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&config) {
            return Ok(known.clone());
        }
        let refused = |error: crate::registry::Error| (error.reason().to_owned(), error.to_string());
        let credentials =
            if config.is_empty() { Credentials::default() } else { Credentials::from_docker_config(&config).map_err(refused)? };
        let plain_http = if self.plain_http.is_empty() { PlainHttp::None } else { PlainHttp::Only(self.plain_http.clone()) };
        let registry = Registry::new(Options { plain_http, credentials, patience: PATIENCE, ..Options::default() }).map_err(refused)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Credentials that rotate leave old ones behind.
        if known.len() > MOST_CLIENTS {
            known.clear();
        }
        known.insert(config, registry.clone());
        Ok(registry)
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Vec<u8>, Missing> {
        let found = self.cluster.get::<Secret>(namespace, name).await.map_err(|error| (error.reason().to_owned(), error.to_string()))?;
        let content = found.and_then(|secret| secret.data.unwrap_or_default().remove(".dockerconfigjson"));
        content.map(|content| content.0).ok_or_else(|| {
            let message = format!(
                "the Secret {name} with credentials of the image registry is not in the namespace, or has no .dockerconfigjson: \
                 kubectl --namespace {namespace} create secret docker-registry {name} …"
            );
            ("SecretMissing".to_owned(), message)
        })
    }
}

const MOST_CLIENTS: usize = 200;
