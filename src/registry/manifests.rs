//! Manifests: fetched and verified, pushed, deleted with all that refers to them.

use super::manifest::{Descriptor, Index, Manifest, media};
use super::send::{Body, Call, accepted, bounded};
use super::{Error, Pushed, Reference, Registry, digest};
use reqwest::Method;

/// More than registries take for a manifest.
const MANIFEST: u64 = 4 * 1024 * 1024;

/// An image's manifest, as a registry has it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What it says.
    pub manifest: Manifest,
    /// Its media type, digest and size.
    pub descriptor: Descriptor,
}

impl Registry {
    /// The manifest of an image or artifact; of an image for several machines, the one for Linux on this program's architecture.
    ///
    /// # Errors
    /// It isn't there, damaged, too large or no manifest; the registry's refusals.
    pub async fn manifest(&self, reference: &Reference) -> Result<Fetched, Error> {
        let (bytes, kind) = self.manifest_bytes(reference).await?;
        if !matches!(kind.as_str(), media::INDEX | media::DOCKER_LIST) {
            return read(reference, &bytes, &kind);
        }
        let index: Index = serde_json::from_slice(&bytes).map_err(|error| malformed(reference, error.to_string()))?;
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let is_ours = |platform: &super::Platform| platform.os == "linux" && platform.architecture == architecture;
        let Some(entry) = index.manifests.iter().find(|entry| entry.platform.as_ref().is_some_and(is_ours)) else {
            return Err(malformed(reference, format!("it has no image for linux/{architecture}")));
        };
        let place = reference.clone_with_digest(entry.digest.clone());
        let (bytes, kind) = self.manifest_bytes(&place).await?;
        read(&place, &bytes, &kind)
    }

    /// Whether there is such a manifest.
    ///
    /// # Errors
    /// The registry's refusals, other than that it isn't there.
    pub async fn exists(&self, reference: &Reference) -> Result<bool, Error> {
        let call = self.on_manifest(Method::HEAD, reference, name(reference), "pull");
        match self.call(&call).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Pushes a manifest by its digest, and by `tag` where one is given; what it refers to must be there. A manifest with a subject is found
    /// among its referrers afterwards, with a registry that knows of referrers and with one that doesn't.
    ///
    /// # Errors
    /// The registry's refusals.
    pub async fn push_manifest(
        &self,
        repository: &Reference,
        manifest: &Manifest,
        tag: Option<&str>,
    ) -> Result<(Descriptor, Pushed), Error> {
        let bytes = manifest.bytes();
        let mut descriptor = Descriptor::of(media::MANIFEST, &bytes);
        let mut knows_subjects = false;
        let is_there = self.exists(&repository.clone_with_digest(descriptor.digest.clone())).await?;
        if !is_there {
            knows_subjects = self.put(repository, &descriptor.digest, &bytes, media::MANIFEST).await?;
        }
        if let Some(tag) = tag {
            self.put(repository, tag, &bytes, media::MANIFEST).await?;
        }
        if let Some(subject) = manifest.subject.as_ref().filter(|_| !knows_subjects) {
            descriptor.artifact_type.clone_from(&manifest.artifact_type);
            self.refer_by_tag(repository, &subject.digest, &descriptor).await?;
            descriptor.artifact_type = None;
        }
        Ok((descriptor, if is_there { Pushed::Present } else { Pushed::Sent }))
    }

    /// What refers to the manifest with this digest.
    ///
    /// # Errors
    /// The registry's refusals.
    pub async fn referrers(&self, repository: &Reference, digest: &str) -> Result<Vec<Descriptor>, Error> {
        match self.listed(repository, digest).await? {
            Some(referrers) => Ok(referrers),
            None => Ok(self.tagged(repository, digest).await?.map(|(index, _)| index.manifests).unwrap_or_default()),
        }
    }

    /// Deletes a manifest, and what refers to it; what isn't there is as good as deleted. Blobs go when the registry collects its garbage.
    ///
    /// # Errors
    /// The registry's refusals: not every registry deletes.
    pub async fn delete(&self, reference: &Reference) -> Result<(), Error> {
        let digest = match reference.digest() {
            Some(digest) => digest.to_owned(),
            None => match self.manifest_bytes(reference).await {
                Ok((bytes, _)) => digest(&bytes),
                Err(Error::NotFound { .. }) => return Ok(()),
                Err(error) => return Err(error),
            },
        };
        let mut doomed: Vec<String> = self.referrers(reference, &digest).await?.into_iter().map(|referrer| referrer.digest).collect();
        if let Some((_, index)) = self.tagged(reference, &digest).await? {
            // The tag first: some registries keep it when its manifest goes. Others don't delete tags at all, and lose them with the manifest.
            let tag = self.on_manifest(Method::DELETE, reference, &digest.replace(':', "-"), "pull,push,delete");
            match self.call(&tag).await {
                Ok(_) | Err(Error::NotFound { .. } | Error::Unsupported { .. } | Error::Refused { .. }) => doomed.push(index),
                Err(error) => return Err(error),
            }
        }
        doomed.push(digest);
        for digest in doomed {
            let call = self.on_manifest(Method::DELETE, reference, &digest, "pull,push,delete");
            match self.call(&call).await {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The bytes of a manifest, verified, and its media type.
    async fn manifest_bytes(&self, reference: &Reference) -> Result<(Vec<u8>, String), Error> {
        let call = self.on_manifest(Method::GET, reference, name(reference), "pull");
        self.patiently(|| async {
            let response = accepted(self.once(&call, Body::empty()).await?, &call, self).await?;
            let kind = response.headers().get("Content-Type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
            let bytes = bounded(response, MANIFEST, &call.registry, &call.about, self.options.idle).await?;
            let found = digest(&bytes);
            match reference.digest() {
                Some(wanted) if wanted != found => {
                    Err(Error::Damaged { registry: call.registry.clone(), about: call.about.clone(), wanted: wanted.to_owned(), found })
                }
                _ => Ok((bytes, kind)),
            }
        })
        .await
    }

    /// Whether the registry has noted the manifest's subject.
    async fn put(&self, repository: &Reference, name: &str, bytes: &[u8], kind: &str) -> Result<bool, Error> {
        // Learns how we show who we are before a body goes out.
        let mut call = self.on_manifest(Method::HEAD, repository, name, "pull,push");
        self.patiently(|| async { self.once(&call, Body::empty()).await.map(drop) }).await?;
        call.method = Method::PUT;
        call.headers.push(("Content-Type", kind.to_owned()));
        let response = self.patiently(|| async { accepted(self.once(&call, Body::bytes(bytes)).await?, &call, self).await }).await?;
        Ok(response.headers().contains_key("OCI-Subject"))
    }

    /// What the registry lists as referrers; `None` where it has no such list.
    async fn listed(&self, repository: &Reference, digest: &str) -> Result<Option<Vec<Descriptor>>, Error> {
        let mut call = self.on_manifest(Method::GET, repository, digest, "pull");
        call.url = self.url(&call.registry, &call.repository, &format!("referrers/{digest}"));
        let response = match self.call(&call).await {
            Ok(response) => response,
            Err(Error::NotFound { .. } | Error::Unsupported { .. } | Error::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let bytes = bounded(response, MANIFEST, &call.registry, &call.about, self.options.idle).await?;
        let index: Index = serde_json::from_slice(&bytes).map_err(|error| malformed(repository, format!("its referrers: {error}")))?;
        Ok(Some(index.manifests))
    }

    /// What a tag lists as referrers, and the digest of that list: the way of registries without an API for it.
    async fn tagged(&self, repository: &Reference, digest: &str) -> Result<Option<(Index, String)>, Error> {
        match self.manifest_bytes(&tag_of(repository, digest)).await {
            Ok((bytes, _)) => {
                let index = serde_json::from_slice(&bytes).map_err(|error| malformed(repository, format!("its referrers: {error}")))?;
                Ok(Some((index, super::digest(&bytes))))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn refer_by_tag(&self, repository: &Reference, subject: &str, descriptor: &Descriptor) -> Result<(), Error> {
        if self.listed(repository, subject).await?.is_some() {
            return Ok(());
        }
        let known = self.tagged(repository, subject).await?.map(|(index, _)| index.manifests).unwrap_or_default();
        if known.iter().any(|each| each.digest == descriptor.digest) {
            return Ok(());
        }
        let mut manifests: Vec<Descriptor> = known.into_iter().chain([descriptor.clone()]).collect();
        manifests.sort_by(|a, b| a.digest.cmp(&b.digest));
        let index = Index { schema_version: 2, media_type: media::INDEX.to_owned(), manifests };
        let bytes = serde_json::to_vec(&index).unwrap_or_default();
        self.put(repository, name(&tag_of(repository, subject)), &bytes, media::INDEX).await.map(drop)
    }

    fn on_manifest(&self, method: Method, reference: &Reference, name: &str, rights: &str) -> Call {
        let (registry, repository) = (reference.resolve_registry(), reference.repository());
        Call {
            method,
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            scope: format!("repository:{repository}:{rights}"),
            url: self.url(registry, repository, &format!("manifests/{name}")),
            headers: vec![("Accept", [media::MANIFEST, media::INDEX, media::DOCKER_MANIFEST, media::DOCKER_LIST].join(", "))],
            about: format!("{repository}{}{name}", if name.starts_with("sha256:") { "@" } else { ":" }),
        }
    }
}

/// The digest of a reference, else its tag.
fn name(reference: &Reference) -> &str {
    reference.digest().or(reference.tag()).unwrap_or("latest")
}

fn tag_of(repository: &Reference, digest: &str) -> Reference {
    Reference::with_tag(repository.registry().to_owned(), repository.repository().to_owned(), digest.replace(':', "-"))
}

fn malformed(reference: &Reference, problem: String) -> Error {
    Error::Malformed { registry: reference.resolve_registry().to_owned(), about: reference.to_string(), problem }
}

fn read(reference: &Reference, bytes: &[u8], kind: &str) -> Result<Fetched, Error> {
    if !matches!(kind, media::MANIFEST | media::DOCKER_MANIFEST) {
        return Err(malformed(reference, format!("it is no image but `{kind}`")));
    }
    let manifest = serde_json::from_slice(bytes).map_err(|error| malformed(reference, error.to_string()))?;
    Ok(Fetched { manifest, descriptor: Descriptor::of(kind, bytes) })
}
