//! Blobs: read with a limit and verified; pushed only where they aren't there, and taken over from another repository of the same
//! registry where that has them.

use super::manifest::Descriptor;
use super::send::{Body, Call, accepted, bounded, failed};
use super::{Error, Reference, Registry, digest};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use std::path::Path;

/// The largest blob that is read into memory, in bytes.
const BLOB: u64 = 64 * 1024 * 1024;

/// Where the bytes of a blob come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'s> {
    /// From memory.
    Bytes(&'s [u8]),
    /// From a file.
    File(&'s Path),
    /// From a repository: taken over where that is of the same registry, else copied.
    Repository(&'s Reference),
}

/// What it took to have a blob in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It was there.
    Present,
    /// It was taken over from another repository of the registry.
    Mounted,
    /// It was sent.
    Sent,
}

impl Registry {
    /// A blob of a repository, of at most 64 MiB.
    ///
    /// # Errors
    /// It isn't there, damaged or larger; the registry's refusals.
    pub async fn blob(&self, repository: &Reference, wanted: &str) -> Result<Vec<u8>, Error> {
        let call = self.on_blob(Method::GET, repository, wanted);
        self.patiently(|| async {
            let response = accepted(self.once(&call, Body::empty()).await?, &call, self).await?;
            let bytes = bounded(response, BLOB, &call.registry, &call.about, self.options.idle).await?;
            let found = digest(&bytes);
            if found == wanted {
                return Ok(bytes);
            }
            Err(Error::Damaged { registry: call.registry.clone(), about: call.about.clone(), wanted: wanted.to_owned(), found })
        })
        .await
    }

    /// Whether the repository has the blob.
    ///
    /// # Errors
    /// The registry's refusals, other than that it isn't there.
    pub async fn has_blob(&self, repository: &Reference, digest: &str) -> Result<bool, Error> {
        match self.call(&self.on_blob(Method::HEAD, repository, digest)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has the blob in the repository. A registry refuses what has another digest than the descriptor says.
    ///
    /// # Errors
    /// The registry's refusals; a file that can't be read.
    pub async fn push_blob(&self, repository: &Reference, blob: &Descriptor, source: Source<'_>) -> Result<Pushed, Error> {
        if self.has_blob(repository, &blob.digest).await? {
            return Ok(Pushed::Present);
        }
        self.patiently(|| self.send_blob(repository, blob, source)).await
    }

    async fn send_blob(&self, repository: &Reference, blob: &Descriptor, source: Source<'_>) -> Result<Pushed, Error> {
        let mut call = self.on_blob(Method::POST, repository, &blob.digest);
        call.url = self.url(&call.registry, &call.repository, "blobs/uploads/");
        if let Source::Repository(from) = source
            && from.resolve_registry() == repository.resolve_registry()
        {
            call.scope = format!("{} repository:{}:pull", call.scope, from.repository());
            call.url = format!("{}?mount={}&from={}", call.url, blob.digest, from.repository());
        }
        let response = accepted(self.once(&call, Body::empty()).await?, &call, self).await?;
        if response.status() == StatusCode::CREATED {
            return Ok(Pushed::Mounted);
        }
        let malformed = |problem: &str| Error::Malformed {
            registry: call.registry.clone(),
            about: format!("the place to send {} to", call.about),
            problem: problem.to_owned(),
        };
        let location = response.headers().get("Location").and_then(|location| location.to_str().ok());
        let location = location.ok_or_else(|| malformed("it gave none"))?;
        let base = reqwest::Url::parse(&call.url).map_err(|error| malformed(&error.to_string()))?;
        let mut place = base.join(location).map_err(|error| malformed(&error.to_string()))?;
        place.query_pairs_mut().append_pair("digest", &blob.digest);
        let body = self.body(repository, blob, source).await?;
        let upload =
            Call { method: Method::PUT, url: place.into(), headers: vec![("Content-Type", "application/octet-stream".to_owned())], ..call };
        accepted(self.once(&upload, body).await?, &upload, self).await?;
        Ok(Pushed::Sent)
    }

    async fn body(&self, repository: &Reference, blob: &Descriptor, source: Source<'_>) -> Result<Body, Error> {
        match source {
            Source::Bytes(bytes) => Ok(Body::bytes(bytes)),
            Source::File(path) => {
                let file = tokio::fs::File::open(path).await.map_err(|source| Error::File { path: path.to_owned(), source })?;
                Ok(Body { body: reqwest::Body::from(file), length: blob.size })
            }
            Source::Repository(from) => {
                let call = self.on_blob(Method::GET, from, &blob.digest);
                let response = accepted(self.once(&call, Body::empty()).await?, &call, self).await?;
                let (registry, idle) = (repository.resolve_registry().to_owned(), self.options.idle);
                let stream = response.bytes_stream().map(move |chunk| chunk.map_err(|error| failed(&error, &registry, "a layer", idle)));
                Ok(Body { body: reqwest::Body::wrap_stream(stream), length: blob.size })
            }
        }
    }

    fn on_blob(&self, method: Method, repository: &Reference, digest: &str) -> Call {
        let (registry, path) = (repository.resolve_registry(), repository.repository());
        let rights = if method == Method::POST { "pull,push" } else { "pull" };
        Call {
            method,
            registry: registry.to_owned(),
            repository: path.to_owned(),
            scope: format!("repository:{path}:{rights}"),
            url: self.url(registry, path, &format!("blobs/{digest}")),
            headers: Vec::new(),
            about: format!("{path}@{digest}"),
        }
    }
}
