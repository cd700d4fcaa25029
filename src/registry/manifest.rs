//! What manifests hold, as the OCI image specification has it, written in one fixed order of fields: the same manifest is the same bytes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Media types.
pub mod media {
    /// A manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// A list of manifests.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// Docker's manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's list of manifests.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// An image's configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A layer: tar, compressed with gzip.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// Docker's name for the same.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// The configuration of an artifact that has none.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// An artifact: the record of a module.
    pub const RECORD: &str = "application/vnd.warpline.module.v1+json";
    /// A blob of it: the package-lock.json.
    pub const LOCKFILE: &str = "application/vnd.warpline.module.lockfile.v1+json";
    /// A blob of it: the declarations of its exports.
    pub const DECLARATIONS: &str = "application/vnd.warpline.module.declarations.v1.tar+gzip";
    /// An artifact: a folder of sources.
    pub const SOURCE: &str = "application/vnd.warpline.source.v1+json";
    /// A blob of it: the files.
    pub const SOURCE_FILES: &str = "application/vnd.warpline.source.v1.tar+gzip";
    /// An artifact and its blob: what software the image holds.
    pub const CYCLONEDX: &str = "application/vnd.cyclonedx+json";
    /// An artifact: how the image was made; its blob is a DSSE envelope.
    pub const IN_TOTO: &str = "application/vnd.in-toto+json";
    /// A DSSE envelope.
    pub const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
}

/// The annotation of a layer that belongs to a module of activities: the module's mark.
pub const MODULE_MARK: &str = "dev.warpline.module.mark";

/// The bytes of an artifact's configuration.
pub const ARTIFACT_CONFIG: &[u8] = b"{}";

/// Annotations of images.
pub mod image {
    /// The digest of the base image.
    pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
}

/// What a blob or manifest is, and how it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// `sha256:…`
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// The machine that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What kind of artifact it is, for a manifest of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// The descriptor of these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self { media_type: media_type.to_owned(), digest: super::digest(bytes), size: bytes.len() as u64, ..Self::default() }
    }

    /// The mark of the module that the layer belongs to.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.annotations.as_ref()?.get(MODULE_MARK).map(String::as_str)
    }
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// As `amd64`.
    pub architecture: String,
    /// As `linux`.
    pub os: String,
    /// As `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// The manifest of an image or artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u8,
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// What kind of artifact it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, from the ground up; an artifact's blobs.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// The manifest of an artifact about `subject`, or of one that stands alone. Its configuration is the empty one.
    #[must_use]
    pub fn artifact(kind: &str, blobs: Vec<Descriptor>, subject: Option<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: media::MANIFEST.to_owned(),
            artifact_type: Some(kind.to_owned()),
            config: Descriptor::of(media::EMPTY, ARTIFACT_CONFIG),
            layers: blobs,
            subject,
            annotations: None,
        }
    }

    /// The bytes that are pushed.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        // Strings and numbers are always written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A list of manifests: an image for several machines, or the referrers of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u8,
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// The manifests.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
}
