//! A tree becomes an image in a registry, with what is said of it: the way from a folder to a digest.

use super::Error;
use super::layer::Layer;
use super::lock::{Locked, locked};
use super::package::{Exports, Package, kept};
use super::place::{OTHERS_MAY_HAVE, Placed, place};
use super::provenance::{Origin, envelope, says, statement};
use super::sbom::sbom;
use super::sign::Key;
use super::tree::{Limits, Tree};
use crate::registry::{self, ARTIFACT_CONFIG, Composed, Descriptor, Fetched, Manifest, Pushed, Record, Reference, Registry, Source, media};
use crate::typecheck::Checker;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is packed, and where it goes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The folder of the tree.
    pub tree: PathBuf,
    /// The package in it.
    pub package: String,
    /// The exports that are wanted; all where there are none.
    pub exports: Vec<String>,
    /// Whether the activities' signatures are declared elsewhere.
    pub is_declared: bool,
    /// How the tree was resolved; a file.
    pub resolution: Option<PathBuf>,
    /// The image that it stands on.
    pub base: Reference,
    /// Where the image goes.
    pub repository: Reference,
    /// A folder for what is made on the way; it must be there.
    pub scratch: PathBuf,
    /// The key that the provenance is signed with; a PEM file.
    pub key: Option<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The image, by its digest.
    pub image: Reference,
    /// The digest of its record.
    pub record: String,
    /// What was sent, in bytes.
    pub pushed: u64,
    /// What was taken over from other repositories of the registry, in bytes.
    pub mounted: u64,
}

/// Packs a tree and pushes it. The same tree on the same base gives the same image, and sends nothing the second time.
///
/// # Errors
/// What is wrong with the tree or the package; the compiler; the registry.
pub async fn pack(request: &Request, checker: &Checker, registry: &Registry) -> Result<Packed, Error> {
    // First what may fail without any work.
    let key = request.key.as_deref().map(Key::read).transpose()?;
    let base = registry.manifest(&request.base).await?;
    let config = registry.config(&request.base, &base.manifest).await?;
    let made = make(request, checker).await?;
    let mut push = Push { registry, repository: &request.repository, pushed: 0, mounted: 0 };
    let image = push.image(request, &base, &config, &made).await?;
    let record = push.record(&image, &made).await?;
    push.sbom(&image, &made).await?;
    push.provenance(request, &image, &base, &made, key.as_ref()).await?;
    Ok(Packed { image: at(&request.repository, &image.digest), record: record.digest, pushed: push.pushed, mounted: push.mounted })
}

/// What a tree was made into.
struct Made {
    package: Package,
    exports: Exports,
    placed: Placed,
    layers: Vec<Layer>,
    lockfile: Value,
    locked: Vec<Locked>,
}

async fn make(request: &Request, checker: &Checker) -> Result<Made, Error> {
    let wanted = request.clone();
    let (tree, package) = blocking(move || {
        let tree = Tree::read(&wanted.tree, &Limits::default())?;
        let package = Package::read(&tree, &wanted.package, wanted.resolution.as_deref())?;
        Ok((tree, package))
    })
    .await?;
    let probe = request.scratch.join("types");
    let exports = package.exports(&tree, checker, &request.exports, request.is_declared, &probe).await?;
    let (packages, scratch) = (checker.packages.clone(), request.scratch.clone());
    blocking(move || {
        let kept = kept(&tree, &packages, OTHERS_MAY_HAVE);
        let placed = place(&tree.entries, &package.at, &registry::digest(&package.lockfile), &kept)?;
        let layers = write(&tree, &placed, &scratch)?;
        let lockfile = serde_json::from_slice(&package.lockfile).map_err(|error| Error::NoLockfile { problem: error.to_string() })?;
        let folders: BTreeSet<&str> = tree.entries.iter().map(|entry| entry.path.as_str()).collect();
        let locked = locked(&lockfile, |path| folders.contains(path));
        Ok(Made { package, exports, placed, layers, lockfile, locked })
    })
    .await
}

/// Writes both layers, at the same time.
fn write(tree: &Tree, placed: &Placed, scratch: &Path) -> Result<Vec<Layer>, Error> {
    let package = || Layer::write(tree, &placed.package, &placed.mark, &scratch.join("package.tar.gz"));
    std::thread::scope(|scope| {
        let package = scope.spawn(package);
        let dependencies = Layer::write(tree, &placed.dependencies, &placed.dependencies_mark, &scratch.join("dependencies.tar.gz"))?;
        let package = package.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(vec![dependencies, package])
    })
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn at(repository: &Reference, digest: &str) -> Reference {
    Reference::with_digest(repository.registry().to_owned(), repository.repository().to_owned(), digest.to_owned())
}

/// Pushing to one repository, with the bytes that it took.
struct Push<'p> {
    registry: &'p Registry,
    repository: &'p Reference,
    pushed: u64,
    mounted: u64,
}

impl Push<'_> {
    async fn image(&mut self, request: &Request, base: &Fetched, config: &Value, made: &Made) -> Result<Descriptor, Error> {
        let layers: Vec<registry::Layer> = made
            .layers
            .iter()
            .map(|layer| registry::Layer { descriptor: layer.descriptor.clone(), diff_id: layer.diff_id.clone() })
            .collect();
        let composed = Composed::on(base, config, &layers).map_err(|problem| Error::Base { image: request.base.to_string(), problem })?;
        for layer in &base.manifest.layers {
            self.blob(layer, Source::Repository(&request.base)).await?;
        }
        for layer in &made.layers {
            self.blob(&layer.descriptor, Source::File(&layer.file)).await?;
        }
        self.blob(&composed.manifest.config, Source::Bytes(&composed.config)).await?;
        self.manifest(&composed.manifest).await
    }

    async fn record(&mut self, image: &Descriptor, made: &Made) -> Result<Descriptor, Error> {
        let Made { package, exports, placed, .. } = made;
        let record = Record {
            package: package.name.clone(),
            version: package.version.clone(),
            integrity: package.integrity.clone(),
            mark: placed.mark.clone(),
            folder: placed.folder.clone(),
            exports: exports.exports.clone(),
            lockfile: registry::digest(&package.lockfile),
            declarations: exports.digest(),
        };
        // Strings and lists are always written.
        let record = serde_json::to_vec(&record).unwrap_or_default();
        let mut blobs = vec![(media::RECORD, record.as_slice()), (media::LOCKFILE, package.lockfile.as_slice())];
        blobs.extend(exports.declarations.as_deref().map(|bytes| (media::DECLARATIONS, bytes)));
        self.artifact(media::RECORD, &blobs, image).await
    }

    async fn sbom(&mut self, image: &Descriptor, made: &Made) -> Result<(), Error> {
        let document = sbom(&made.package, &made.lockfile, &made.locked).to_string();
        self.artifact(media::CYCLONEDX, &[(media::CYCLONEDX, document.as_bytes())], image).await.map(drop)
    }

    /// Says how the image was made, unless that is said already: a signature is another one each time.
    async fn provenance(
        &mut self,
        request: &Request,
        image: &Descriptor,
        base: &Fetched,
        made: &Made,
        key: Option<&Key>,
    ) -> Result<(), Error> {
        let repository = format!("{}/{}", self.repository.registry(), self.repository.repository());
        let statement = statement(&Origin {
            repository: &repository,
            image: &image.digest,
            base: &request.base.to_string(),
            base_digest: &base.descriptor.digest,
            package: &made.package,
            exports: &request.exports,
            lockfile: &registry::digest(&made.package.lockfile),
        });
        for referrer in self.registry.referrers(self.repository, &image.digest).await? {
            // Some registries give the type of the configuration in place of the artifact's.
            if referrer.artifact_type.as_deref().is_some_and(|kind| !matches!(kind, media::IN_TOTO | media::EMPTY)) {
                continue;
            }
            let manifest = self.registry.manifest(&at(self.repository, &referrer.digest)).await?.manifest;
            let Some(blob) = manifest.layers.first().filter(|_| manifest.artifact_type.as_deref() == Some(media::IN_TOTO)) else {
                continue;
            };
            if says(&self.registry.blob(self.repository, &blob.digest).await?, &statement, key) {
                return Ok(());
            }
        }
        let sealed = envelope(&statement, key).map_err(|problem| Error::Key { path: request.key.clone().unwrap_or_default(), problem })?;
        self.artifact(media::IN_TOTO, &[(media::DSSE, &sealed)], image).await.map(drop)
    }

    /// Pushes an artifact about the image.
    async fn artifact(&mut self, kind: &str, blobs: &[(&str, &[u8])], subject: &Descriptor) -> Result<Descriptor, Error> {
        let mut descriptors = Vec::new();
        for (kind, bytes) in blobs {
            let blob = Descriptor::of(kind, bytes);
            self.blob(&blob, Source::Bytes(bytes)).await?;
            descriptors.push(blob);
        }
        self.blob(&Descriptor::of(media::EMPTY, ARTIFACT_CONFIG), Source::Bytes(ARTIFACT_CONFIG)).await?;
        self.manifest(&Manifest::artifact(kind, descriptors, Some(subject.clone()))).await
    }

    async fn blob(&mut self, blob: &Descriptor, source: Source<'_>) -> Result<(), Error> {
        self.count(self.registry.push_blob(self.repository, blob, source).await?, blob.size);
        Ok(())
    }

    async fn manifest(&mut self, manifest: &Manifest) -> Result<Descriptor, Error> {
        let (descriptor, pushed) = self.registry.push_manifest(self.repository, manifest, None).await?;
        self.count(pushed, descriptor.size);
        Ok(descriptor)
    }

    fn count(&mut self, pushed: Pushed, size: u64) {
        match pushed {
            Pushed::Present => {}
            Pushed::Mounted => self.mounted += size,
            Pushed::Sent => self.pushed += size,
        }
    }
}
