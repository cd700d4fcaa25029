//! One image of several: the layers of a base, and the layers of modules that were built on it, or on another. Nothing but a manifest and a
//! configuration is sent where the repository has the layers, or another one of the registry.

use super::manifest::{Descriptor, Manifest, image, media};
use super::{Error, Fetched, Reference, Registry, Source};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An image's configuration and manifest, ready to be pushed.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The configuration's bytes.
    pub config: Vec<u8>,
    /// The manifest.
    pub manifest: Manifest,
}

/// A layer above a base.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What it is; its annotation names the module.
    pub descriptor: Descriptor,
    /// The digest of the tar in it.
    pub diff_id: String,
}

impl Composed {
    /// The base with these layers on it. What the base says of time is left out; what is given twice is there once.
    ///
    /// # Errors
    /// The base's configuration is not one of an image; says why.
    pub fn on(base: &Fetched, config: &Value, layers: &[Layer]) -> Result<Self, String> {
        let mut config = config.as_object().cloned().ok_or("its configuration is no object")?;
        let count = base.manifest.layers.len();
        let below = config.get("rootfs").and_then(|root| root["diff_ids"].as_array()).cloned().unwrap_or_default();
        if below.len() != count {
            return Err(format!("it has {count} layers, and its configuration names {}", below.len()));
        }
        let mut seen = BTreeSet::new();
        let layers: Vec<&Layer> = layers.iter().filter(|layer| seen.insert(&layer.descriptor.digest)).collect();
        let diff_ids = below.into_iter().chain(layers.iter().map(|layer| Value::from(layer.diff_id.as_str())));
        config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids.collect::<Vec<_>>()}));
        config.shift_remove("created");
        let mut history = config.get("history").and_then(Value::as_array).cloned().unwrap_or_default();
        for entry in history.iter_mut().filter_map(Value::as_object_mut) {
            entry.shift_remove("created");
        }
        history.extend(
            layers.iter().map(|layer| json!({"created_by": format!("warpline pack {}", layer.descriptor.mark().unwrap_or_default())})),
        );
        config.insert("history".into(), Value::from(history));
        let config = serde_json::to_vec(&config).map_err(|error| error.to_string())?;
        let taken = base.manifest.layers.iter().map(oci).chain(layers.iter().map(|layer| layer.descriptor.clone())).collect();
        let annotations = BTreeMap::from([(image::BASE_DIGEST.to_owned(), base.descriptor.digest.clone())]);
        let manifest = Manifest {
            schema_version: 2,
            media_type: media::MANIFEST.to_owned(),
            artifact_type: None,
            config: Descriptor::of(media::CONFIG, &config),
            layers: taken,
            subject: None,
            annotations: Some(annotations),
        };
        Ok(Self { config, manifest })
    }
}

/// A base's layer under the name that the OCI specification has for it: the bytes are the same.
fn oci(layer: &Descriptor) -> Descriptor {
    let media_type = if layer.media_type == media::DOCKER_LAYER { media::LAYER } else { &layer.media_type };
    Descriptor { media_type: media_type.to_owned(), annotations: None, ..layer.clone() }
}

impl Registry {
    /// One image with the layers of `base` and the module layers of all `images`, in `repository` (its tag and digest don't matter). The same
    /// images in any order give the same image. One image alone that stands on this base is the result itself.
    ///
    /// # Errors
    /// An image that was not made by `warpline pack`; the registry's refusals.
    pub async fn compose(&self, base: &Reference, images: &[Reference], repository: &Reference) -> Result<Reference, Error> {
        let base_manifest = self.manifest(base).await?;
        let mut layers: BTreeMap<String, Vec<(Layer, &Reference)>> = BTreeMap::new();
        for reference in images {
            let fetched = self.manifest(reference).await?;
            if images.len() == 1 && stands_on(&fetched.manifest, &base_manifest.manifest) && is_in(reference, repository) {
                return Ok(reference.clone_with_digest(fetched.descriptor.digest));
            }
            for layer in self.module_layers(reference, &fetched).await? {
                let mark = layer.descriptor.mark().unwrap_or_default().to_owned();
                layers.entry(mark).or_default().push((layer, reference));
            }
        }
        let layers: Vec<(Layer, &Reference)> = layers.into_values().flatten().collect();
        let config = self.config(base, &base_manifest.manifest).await?;
        let given: Vec<Layer> = layers.iter().map(|(layer, _)| layer.clone()).collect();
        let composed =
            Composed::on(&base_manifest, &config, &given).map_err(|problem| Error::Compose { image: base.to_string(), problem })?;
        let reference = self.pushed_already(repository, &composed).await?;
        if let Some(reference) = reference {
            return Ok(reference);
        }
        for layer in &base_manifest.manifest.layers {
            self.push_blob(repository, layer, Source::Repository(base)).await?;
        }
        for (layer, from) in &layers {
            self.push_blob(repository, &layer.descriptor, Source::Repository(from)).await?;
        }
        self.push_blob(repository, &composed.manifest.config, Source::Bytes(&composed.config)).await?;
        let (descriptor, _) = self.push_manifest(repository, &composed.manifest, None).await?;
        Ok(at(repository, descriptor.digest))
    }

    /// The configuration of an image, as JSON.
    ///
    /// # Errors
    /// It isn't there, damaged or no JSON; the registry's refusals.
    pub async fn config(&self, reference: &Reference, manifest: &Manifest) -> Result<Value, Error> {
        let bytes = self.blob(reference, &manifest.config.digest).await?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Malformed {
            registry: reference.resolve_registry().to_owned(),
            about: format!("the configuration of {reference}"),
            problem: error.to_string(),
        })
    }

    async fn pushed_already(&self, repository: &Reference, composed: &Composed) -> Result<Option<Reference>, Error> {
        let reference = at(repository, super::digest(&composed.manifest.bytes()));
        Ok(self.exists(&reference).await?.then_some(reference))
    }

    async fn module_layers(&self, reference: &Reference, fetched: &Fetched) -> Result<Vec<Layer>, Error> {
        let fail = |problem: &str| Error::Compose { image: reference.to_string(), problem: problem.to_owned() };
        let config = self.config(reference, &fetched.manifest).await?;
        let diff_ids = config["rootfs"]["diff_ids"].as_array().ok_or_else(|| fail("its configuration names no layers"))?;
        if diff_ids.len() != fetched.manifest.layers.len() {
            return Err(fail("its configuration names other layers than its manifest"));
        }
        let pairs = fetched.manifest.layers.iter().zip(diff_ids).filter(|(layer, _)| layer.mark().is_some());
        let layers: Vec<Layer> = pairs
            .map(|(layer, diff_id)| Layer { descriptor: layer.clone(), diff_id: diff_id.as_str().unwrap_or_default().to_owned() })
            .collect();
        if layers.is_empty() { Err(fail("it has no layers of a module")) } else { Ok(layers) }
    }
}

/// Whether the image is the base with nothing but module layers on it.
fn stands_on(manifest: &Manifest, base: &Manifest) -> bool {
    let (below, above) = manifest.layers.split_at(base.layers.len().min(manifest.layers.len()));
    below.iter().map(|layer| &layer.digest).eq(base.layers.iter().map(|layer| &layer.digest))
        && above.iter().all(|layer| layer.mark().is_some())
}

fn is_in(reference: &Reference, repository: &Reference) -> bool {
    reference.resolve_registry() == repository.resolve_registry() && reference.repository() == repository.repository()
}

/// The manifest with this digest, in the repository; a tag goes.
fn at(repository: &Reference, digest: String) -> Reference {
    Reference::with_digest(repository.registry().to_owned(), repository.repository().to_owned(), digest)
}
