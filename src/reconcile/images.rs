//! Images of versions: put together from those of modules, and deleted when nothing needs them any more.
//! Uses the door to registries.

use super::activities::{self, Image, Served};
use super::{Context, Stores};
use crate::registry::{self, Reference};
use std::collections::BTreeSet;
use std::path::Path;

/// The part of a namespace's repository that images of several modules are in.
const COMPOSED: &str = "versions";
/// The part below which each module has its own.
const MODULES: &str = "modules";

/// What stands before the names of packages that are kept on this machine.
pub const LOCAL: &str = "local/";

/// The name that stands for a package that is kept on this machine, in place of an image's.
pub(super) fn local_image(package: &str, digest: &str) -> String {
    format!("{LOCAL}{}:{digest}", package.trim_start_matches('@'))
}

fn forget_local(kept: &Path, image: &str) -> bool {
    let Some((_, digest)) = image.rsplit_once(':').filter(|(_, digest)| digest.bytes().all(|byte| byte.is_ascii_alphanumeric())) else {
        return true;
    };
    match std::fs::remove_dir_all(kept.join(digest)) {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

impl Context {
    /// The repository of a module's images; none where nothing is built.
    pub(super) fn module_repository(&self, namespace: &str, module: &str) -> Option<String> {
        self.repository(namespace, &format!("{MODULES}/{module}"))
    }

    fn repository(&self, namespace: &str, part: &str) -> Option<String> {
        let root = self.settings.builds.image_repository.as_ref()?;
        Some(format!("{}/{namespace}/{part}", root.trim_end_matches('/')))
    }

    /// The image of a version: one that there is, or one put together from the modules' images.
    ///
    /// # Errors
    /// Reason and message.
    pub(super) async fn image_of(&self, namespace: &str, served: &Served, worker: &str) -> Result<String, (String, String)> {
        match activities::image(served, worker)? {
            Image::Ready(image) => Ok(image),
            Image::Composed { base, images } => self.compose(namespace, &base, &images).await,
        }
    }

    async fn compose(&self, namespace: &str, base: &str, images: &BTreeSet<String>) -> Result<String, (String, String)> {
        if self.settings.builds.local.is_some() && images.iter().all(|image| image.starts_with(LOCAL)) {
            let all = images.iter().map(|image| (image.as_str(), base.as_bytes()));
            return Ok(local_image("joined", &crate::version::digest(all)));
        }
        let Some(repository) = self.repository(namespace, COMPOSED) else {
            return Err((
                "NoImageRepository".to_owned(),
                "the installation has no builds.imageRepository any more, where images of several modules go".to_owned(),
            ));
        };
        let fail = |error: registry::Error| (error.reason().to_owned(), format!("the image of the version can't be put together: {error}"));
        let registry = self.registries.of(namespace).await?;
        let images: Vec<Reference> = images.iter().map(|image| registry::reference(image)).collect::<Result<_, _>>().map_err(fail)?;
        let (base, repository) = (registry::reference(base).map_err(fail)?, registry::reference(&repository).map_err(fail)?);
        registry.compose(&base, &images, &repository).await.map(|image| image.to_string()).map_err(fail)
    }

    /// Whether a version in the namespace, or a module's newest or accepted build, needs an image.
    pub(super) fn needs(&self, namespace: &str, image: &str) -> bool {
        let versions = self.index.versions_in(namespace);
        let is_in_version = versions.iter().filter_map(|name| Stores::find(&self.stores.versions, namespace, name)).any(|version| {
            version.spec.image == image || version.spec.activities.iter().any(|entry| entry.image.as_deref() == Some(image))
        });
        is_in_version
            || self.index.modules_in(namespace).iter().filter_map(|name| Stores::find(&self.stores.modules, namespace, name)).any(
                |module| {
                    let Some(status) = &module.status else { return false };
                    let accepted = status.accepted.as_ref().is_some_and(|accepted| accepted.image == image);
                    accepted || status.build.as_ref().is_some_and(|build| build.image.as_deref() == Some(image))
                },
            )
    }

    /// Whether an image is one that we put together for a version.
    pub(super) fn is_composed(&self, namespace: &str, image: &str) -> bool {
        let repository = self.repository(namespace, COMPOSED);
        repository.is_some_and(|repository| image.starts_with(&format!("{repository}@")))
    }

    /// Deletes an image that nothing needs, with its record. Whether it is gone: what the registry refuses is tried again.
    pub(super) async fn forget_image(&self, namespace: &str, image: &str) -> bool {
        match self.delete_image(namespace, image).await {
            Ok(()) => true,
            // A registry that does not delete won't later either.
            Err(undeleted) => !undeleted.may_pass,
        }
    }

    /// The same; else why it is not gone.
    pub(super) async fn delete_image(&self, namespace: &str, image: &str) -> Result<(), Undeleted> {
        if let Some(kept) = self.settings.builds.local.as_ref().filter(|_| image.starts_with(LOCAL)) {
            let left = || Undeleted { message: "this machine refuses it; the log says more".to_owned(), may_pass: true };
            return forget_local(kept, image).then_some(()).ok_or_else(left);
        }
        let registry = self.registries.of(namespace).await.map_err(|(_, message)| Undeleted { message, may_pass: true })?;
        let Ok(reference) = registry::reference(image) else { return Ok(()) };
        registry.delete(&reference).await.map_err(|error| {
            tracing::warn!(%error, reason = error.reason(), image, "an image that no version needs can't be deleted");
            Undeleted { message: error.to_string(), may_pass: error.may_pass() }
        })?;
        tracing::info!(namespace, image, "an image that no version needs is deleted");
        Ok(())
    }
}

/// Why an image is not deleted.
pub(super) struct Undeleted {
    pub message: String,
    /// Whether it may go well later.
    pub may_pass: bool,
}
