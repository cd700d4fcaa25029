//! Where a task queue's Temporal is: the spec, the operator's defaults, and what Secrets hold.

use super::{Context, Error};
use crate::api::{TaskQueue, TemporalConnection};
use crate::plan::objects::Reach;
use crate::temporal::{Target, Tls};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use std::collections::BTreeMap;

/// How the operator and the workers reach Temporal.
pub struct Temporal {
    /// For us: with what is secret.
    pub target: Target,
    /// For the workers: with the names of Secrets.
    pub reach: Reach,
}

/// What is missing, as reason and message: somebody has to give it.
pub type Missing = (String, String);

/// Where Temporal is for task queues that don't say.
#[derive(Clone, Copy, Debug)]
pub struct Defaults<'a> {
    /// The address.
    pub address: Option<&'a str>,
    /// The namespace.
    pub namespace: &'a str,
}

/// Where the queue's Temporal is.
///
/// # Errors
/// The API server's.
pub async fn find(context: &Context, queue: &TaskQueue) -> Result<Result<Temporal, Missing>, Error> {
    match connection(context, queue) {
        Ok(connection) => at(context, &queue.namespace().unwrap_or_default(), &connection).await,
        Err(missing) => Ok(Err(missing)),
    }
}

/// The queue's connection, with the operator's defaults.
///
/// # Errors
/// Nobody says where Temporal is.
pub fn connection(context: &Context, queue: &TaskQueue) -> Result<TemporalConnection, Missing> {
    let settings = &context.settings;
    with_defaults(queue, Defaults { address: settings.temporal_address.as_deref(), namespace: &settings.temporal_namespace })
}

/// The queue's connection, with these defaults.
///
/// # Errors
/// Nobody says where Temporal is.
pub fn with_defaults(queue: &TaskQueue, defaults: Defaults) -> Result<TemporalConnection, Missing> {
    let given = queue.spec.temporal.clone().unwrap_or_default();
    let Some(address) = given.address.or_else(|| defaults.address.map(str::to_owned)) else {
        let message = "no Temporal address is known: set spec.temporal.address, or temporal.address where the operator was installed";
        return Err(("TemporalAddressMissing".to_owned(), message.to_owned()));
    };
    let namespace = given.namespace.unwrap_or_else(|| defaults.namespace.to_owned());
    Ok(TemporalConnection { address: Some(address), namespace: Some(namespace), ..given })
}

/// Whether two connections, defaults included, are to the same namespace of the same server, as far as their words tell.
pub fn is_same(one: &TemporalConnection, other: &TemporalConnection) -> bool {
    let place = |connection: &TemporalConnection| (connection.address.as_deref().map(host_and_port), connection.namespace.clone());
    place(one) == place(other)
}

/// A Temporal by its connection, defaults included, with what Secrets of `namespace` hold.
///
/// # Errors
/// The API server's.
pub async fn at(context: &Context, namespace: &str, connection: &TemporalConnection) -> Result<Result<Temporal, Missing>, Error> {
    let mut secrets = BTreeMap::new();
    for name in secrets_of(connection) {
        secrets.extend(context.cluster.get::<Secret>(namespace, name).await?.map(|secret| (name.to_owned(), secret)));
    }
    Ok(resolve(namespace, connection, &secrets))
}

/// The names of the Secrets that a connection needs.
pub fn secrets_of(connection: &TemporalConnection) -> Vec<&str> {
    let tls = connection.tls.as_ref().and_then(|tls| tls.secret_name.as_deref());
    tls.into_iter().chain(connection.api_key_secret.as_ref().map(|key| key.name.as_str())).collect()
}

/// A Temporal by its connection, defaults included, with these Secrets of `namespace`.
///
/// # Errors
/// What is missing.
pub fn resolve(namespace: &str, connection: &TemporalConnection, secrets: &BTreeMap<String, Secret>) -> Result<Temporal, Missing> {
    let (address, temporal_namespace) = (connection.address.clone().unwrap_or_default(), connection.namespace.clone().unwrap_or_default());
    let tls = connection.tls.is_some() || address.starts_with("https://");
    let mut reach = Reach { address: host_and_port(&address), namespace: temporal_namespace.clone(), tls, ..Reach::default() };
    let mut target = Target { address, namespace: temporal_namespace, tls: None, api_key: None };
    let secret = |name: &str| {
        let missing = || ("SecretMissing".to_owned(), format!("there is no Secret {namespace}/{name}; make it, or change spec.temporal"));
        secrets.get(name).ok_or_else(missing)
    };
    if let Some(tls) = &connection.tls {
        reach.server_name.clone_from(&tls.server_name);
        let mut found = Tls { server_name: tls.server_name.clone(), ca: None, certificate: None };
        if let Some(name) = &tls.secret_name {
            let secret = secret(name)?;
            found.ca = value(secret, "ca.crt");
            found.certificate = value(secret, "tls.crt").zip(value(secret, "tls.key"));
            reach.tls_secret = Some((name.clone(), secret.data.iter().flatten().map(|(key, _)| key.clone()).collect()));
        }
        target.tls = Some(found);
    }
    if let Some(key) = &connection.api_key_secret {
        let Some(api_key) = value(secret(&key.name)?, &key.key).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            let message = format!("the Secret {namespace}/{} has no text at the key `{}`", key.name, key.key);
            return Err(("SecretKeyMissing".to_owned(), message));
        };
        target.api_key = Some(api_key.trim().to_owned());
        reach.api_key = Some((key.name.clone(), key.key.clone()));
        // As our own connection: a key is not sent in the clear, unless the address says so.
        reach.tls = reach.tls || !target.address.starts_with("http://");
    }
    Ok(Temporal { target, reach })
}

/// An address as workers take it: without a scheme, with a port.
fn host_and_port(address: &str) -> String {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest).trim_end_matches('/');
    let has_port = bare.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    if has_port { bare.to_owned() } else { format!("{bare}:7233") }
}

fn value(secret: &Secret, key: &str) -> Option<Vec<u8>> {
    secret.data.as_ref()?.get(key).map(|bytes| bytes.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_as_workers_take_them() {
        for (address, expected) in [
            ("temporal:7233", "temporal:7233"),
            ("https://temporal.example/", "temporal.example:7233"),
            ("http://10.0.0.1:7000", "10.0.0.1:7000"),
            ("temporal", "temporal:7233"),
        ] {
            assert_eq!(host_and_port(address), expected);
        }
    }
}
