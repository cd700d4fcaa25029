//! The ConfigMaps that hold a version's files.

use super::{Owner, config_map_name};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::BTreeMap;

/// Immutable ConfigMaps, one for each group of files; what is text is kept as text, so that people can read it.
#[must_use]
pub fn config_maps(owner: &Owner, groups: Vec<BTreeMap<String, Vec<u8>>>) -> Vec<ConfigMap> {
    groups.into_iter().enumerate().map(|(number, files)| config_map(owner, number, files)).collect()
}

fn config_map(owner: &Owner, number: usize, files: BTreeMap<String, Vec<u8>>) -> ConfigMap {
    let (mut data, mut binary_data) = (BTreeMap::new(), BTreeMap::new());
    for (name, content) in files {
        match String::from_utf8(content) {
            Ok(text) => {
                data.insert(name, text);
            }
            Err(bytes) => {
                binary_data.insert(name, ByteString(bytes.into_bytes()));
            }
        }
    }
    ConfigMap {
        metadata: owner.metadata(&config_map_name(owner.version, number)),
        immutable: Some(true),
        data: (!data.is_empty()).then_some(data),
        binary_data: (!binary_data.is_empty()).then_some(binary_data),
    }
}

/// What a ConfigMap holds: one group of files.
#[must_use]
pub fn group(map: ConfigMap) -> BTreeMap<String, Vec<u8>> {
    let text = map.data.into_iter().flatten().map(|(name, text)| (name, text.into_bytes()));
    text.chain(map.binary_data.into_iter().flatten().map(|(name, bytes)| (name, bytes.0))).collect()
}
