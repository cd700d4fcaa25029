//! The record of a module of activities: an artifact that refers to the module's image and says what is in it.

use super::manifest::media;
use super::{Error, Reference, Registry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an image of a module holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The package's name.
    pub package: String,
    /// The package's exact version.
    pub version: String,
    /// The package's integrity, as `sha512-…`; none for sources that came from no registry.
    #[serde(default)]
    pub integrity: Option<String>,
    /// 16 hexadecimal digits: what the digest of the whole tree begins with.
    pub mark: String,
    /// The package's folder in the image.
    pub folder: String,
    /// The exports that can be modules of activities, by their names in `exports` (`.`, `./build`).
    pub exports: BTreeMap<String, Export>,
    /// The digest of the blob with the package-lock.json.
    pub lockfile: String,
    /// The digest of the blob with the declarations of all exports, a tar.gz; `None` where no export has any.
    pub declarations: Option<String>,
}

/// An export of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The exported functions, sorted; none where there are no declarations to say.
    pub activities: Vec<String>,
    /// The file with its declarations, in the archive.
    pub declarations: Option<String>,
}

impl Registry {
    /// The record with this digest, in the repository of `image`.
    ///
    /// # Errors
    /// It isn't there, damaged or no record; the registry's refusals.
    pub async fn record(&self, image: &Reference, digest: &str) -> Result<Record, Error> {
        let place = image.clone_with_digest(digest.to_owned());
        let malformed = |problem: String| Error::Malformed {
            registry: image.resolve_registry().to_owned(),
            about: format!("the record {place}"),
            problem,
        };
        let manifest = self.manifest(&place).await?.manifest;
        let blob = manifest.layers.iter().find(|layer| layer.media_type == media::RECORD);
        let blob = blob.ok_or_else(|| malformed("it has no record in it".into()))?;
        let bytes = self.blob(image, &blob.digest).await?;
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))
    }
}
