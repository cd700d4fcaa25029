//! A door to OCI registries: manifests, blobs, referrers, credentials, patience. What goes into an image it does not know.
//! Depends on no other room. Everything that is read has a limit, everything that waits has an end, and every failure a reason.

mod blobs;
mod compose;
mod credentials;
mod error;
mod login;
mod manifest;
mod manifests;
mod record;
mod send;

pub use blobs::{Pushed, Source};
pub use compose::{Composed, Layer};
pub use credentials::Credentials;
pub use error::Error;
pub use manifest::{ARTIFACT_CONFIG, Descriptor, Index, MODULE_MARK, Manifest, Platform, image, media};
pub use manifests::Fetched;
pub use oci_spec::distribution::Reference;
pub use record::{Export, Record};

use login::Logins;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How registries are talked to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which registries speak HTTP without TLS.
    pub plain_http: PlainHttp,
    /// Who we are, for each registry.
    pub credentials: Credentials,
    /// How long a call is tried again after failures that may pass: no answer, an overloaded or failing server.
    pub patience: Duration,
    /// How long a connection may be silent before the call counts as failed.
    pub idle: Duration,
}

impl Default for Options {
    /// TLS, nobody, one minute, 30 seconds.
    fn default() -> Self {
        Self {
            plain_http: PlainHttp::None,
            credentials: Credentials::default(),
            patience: Duration::from_secs(60),
            idle: Duration::from_secs(30),
        }
    }
}

/// Which registries speak HTTP without TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// None of them.
    #[default]
    None,
    /// All of them.
    All,
    /// These, each as `HOST` or `HOST:PORT`.
    Only(Vec<String>),
}

impl PlainHttp {
    fn covers(&self, registry: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(registries) => registries.iter().any(|each| each == registry),
        }
    }
}

/// A client of registries: it keeps connections and logins. Clones share them.
#[derive(Clone, Debug)]
pub struct Registry {
    http: reqwest::Client,
    options: Arc<Options>,
    logins: Arc<Logins>,
}

impl Registry {
    /// A client; talks to nobody yet.
    ///
    /// # Errors
    /// The system's certificate authorities can't be read.
    pub fn new(options: Options) -> Result<Self, Error> {
        // The provider is the same in the whole program: where another door has set it, this one has nothing to do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("warpline/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.idle)
            .read_timeout(options.idle)
            .build()
            .map_err(|source| Error::Client { problem: error::chain(&source) })?;
        Ok(Self { http, options: Arc::new(options), logins: Arc::default() })
    }
}

/// Reads the name of an image or a repository: `REGISTRY/PATH`, `…:TAG`, `…@sha256:DIGEST`.
///
/// # Errors
/// It is no such name.
pub fn reference(text: &str) -> Result<Reference, Error> {
    text.parse()
        .map_err(|problem: oci_spec::distribution::ParseError| Error::Reference { text: text.to_owned(), problem: problem.to_string() })
}

/// The digest of `bytes`, as `sha256:…`.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    named(&Sha256::digest(bytes))
}

/// A SHA-256 as registries write it.
fn named(hash: &[u8]) -> String {
    hash.iter().fold(String::from("sha256:"), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_does_can_be_done_in_a_task_of_its_own() {
        fn sent<T: Send>(_: T) {}
        let registry = Registry::new(Options::default()).unwrap();
        let image = reference("registry.example:5000/team/image:1").unwrap();
        sent(registry.record(&image, ""));
        sent(registry.blob(&image, ""));
        sent(registry.compose(&image, std::slice::from_ref(&image), &image));
        sent(registry.exists(&image));
        sent(registry.delete(&image));
        sent(registry.push_blob(&image, &Descriptor::default(), Source::Repository(&image)));
    }

    #[test]
    fn names_of_images_are_read_and_refused() {
        let read = |text: &str| reference(text).map(|reference| reference.to_string()).map_err(|error| error.reason());
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(read("registry.example:5000/a/b"), Ok("registry.example:5000/a/b:latest".to_owned()));
        assert_eq!(read(&format!("r.example/a@{digest}")), Ok(format!("r.example/a@{digest}")));
        assert_eq!(read("node:22"), Ok("docker.io/library/node:22".to_owned()));
        for wrong in ["", "r.example/A", "r.example/a@sha256:1", "https://r.example/a"] {
            assert_eq!(read(wrong), Err("ReferenceInvalid"), "{wrong}");
        }
    }
}
