//! The declarations of modules that were built: fetched once by digest, kept in the scratch folder, the oldest forgotten first.

use crate::api::{AcceptedBuild, DeclarationsReference};
use crate::project::{Declarations, declarations};
use crate::reconcile::registries::Registries;
use crate::registry;
use flate2::read::GzDecoder;
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How many archives are kept.
const KEPT: usize = 64;
/// How many bytes an archive may unpack to.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Archives of declarations on disk.
pub struct DeclarationFiles {
    folder: PathBuf,
    registries: Arc<Registries>,
    /// Where builds are folders of this machine: those below it.
    local: Option<PathBuf>,
    /// Digests, the oldest first; the lock also keeps two from unpacking at a time.
    kept: Mutex<VecDeque<String>>,
}

impl DeclarationFiles {
    /// Below `scratch`; what another run left there is removed.
    #[must_use]
    pub fn new(scratch: &Path, registries: Arc<Registries>, local: Option<PathBuf>) -> Self {
        let folder = scratch.join(format!("declarations-{}", std::process::id()));
        Self { folder, registries, local, kept: Mutex::default() }
    }

    /// The declarations of builds, by the modules' names; modules without any are left out.
    ///
    /// # Errors
    /// In a sentence: they can't be fetched or unpacked.
    pub async fn of(&self, namespace: &str, builds: &BTreeMap<String, AcceptedBuild>) -> Result<BTreeMap<String, Declarations>, String> {
        let mut found = BTreeMap::new();
        for (module, build) in builds {
            let Some(reference) = &build.declarations else { continue };
            let file = self
                .ensure(namespace, build, reference)
                .await
                .map_err(|why| format!("the declarations of ActivityModule/{module}: {why}"))?;
            let subpath = build.export.strip_prefix("./").map(|subpath| format!("/{subpath}")).unwrap_or_default();
            found.insert(module.clone(), declarations(format!("{}{subpath}", build.package), file));
        }
        Ok(found)
    }

    async fn ensure(&self, namespace: &str, build: &AcceptedBuild, reference: &DeclarationsReference) -> Result<PathBuf, String> {
        if let Some(local) = self.local.as_ref().filter(|local| Path::new(&build.folder).starts_with(local)) {
            return within(&local.join(&reference.digest), reference);
        }
        let place = self.folder.join(reference.digest.replace(':', "-"));
        let mut kept = self.kept.lock().await;
        if !kept.contains(&reference.digest) {
            let registry = self.registries.of(namespace).await.map_err(|(_, message)| message)?;
            let image = registry::reference(&build.image).map_err(|error| error.to_string())?;
            let archive = registry.blob(&image, &reference.digest).await.map_err(|error| error.to_string())?;
            let to = place.clone();
            tokio::task::spawn_blocking(move || unpack(&archive, &to)).await.map_err(|error| error.to_string())??;
            kept.push_back(reference.digest.clone());
            while kept.len() > KEPT {
                if let Some(oldest) = kept.pop_front() {
                    // What is left behind in a scratch folder harms nobody.
                    let _ = tokio::fs::remove_dir_all(self.folder.join(oldest.replace(':', "-"))).await;
                }
            }
        }
        within(&place, reference)
    }
}

/// The file of a reference, where it is below `place`.
fn within(place: &Path, reference: &DeclarationsReference) -> Result<PathBuf, String> {
    let file = place.join(&reference.file);
    let is_within = Path::new(&reference.file).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if is_within && file.is_file() { Ok(file) } else { Err(format!("there is no {} in the archive {}", reference.file, reference.digest)) }
}

/// Unpacks an archive; nothing of it lands outside of `to`.
fn unpack(archive: &[u8], to: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("the archive can't be unpacked: {error}");
    // Another run may have been cut off in the middle.
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).map_err(fail)?;
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(LARGEST));
    for entry in archive.entries().map_err(fail)? {
        let mut entry = entry.map_err(fail)?;
        if matches!(entry.header().entry_type(), tar::EntryType::Regular | tar::EntryType::Directory) {
            entry.unpack_in(to).map_err(fail)?;
        }
    }
    Ok(())
}
