//! What software an image holds besides its base: a CycloneDX 1.6 document, made of the lockfile. Pure; says no time, so that the same tree has the
//! same document.

use super::lock::{Locked, purl, roots};
use super::package::Package;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The document.
#[must_use]
pub fn sbom(package: &Package, lockfile: &Value, locked: &[Locked]) -> Value {
    let refs: BTreeMap<&str, String> = locked.iter().map(|package| (package.path.as_str(), package.purl())).collect();
    let main = purl(&package.name, &package.version);
    // A package may be at several places in the tree: it is one component.
    let mut components: BTreeMap<String, Value> = BTreeMap::new();
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let purls = |paths: &BTreeSet<String>| paths.iter().filter_map(|path| refs.get(path.as_str()).cloned()).collect::<BTreeSet<_>>();
    for each in locked {
        let purl = each.purl();
        dependencies.entry(purl.clone()).or_default().extend(purls(&each.dependencies));
        if each.path != package.at {
            components.entry(purl).or_insert_with(|| component(each, "library"));
        }
    }
    if package.at.is_empty() {
        dependencies.insert(main.clone(), purls(&roots(lockfile, locked)));
    }
    let own = locked.iter().find(|each| each.path == package.at);
    let subject = own.map_or_else(|| described(&package.name, &package.version, "application"), |own| component(own, "application"));
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "warpline", "version": env!("CARGO_PKG_VERSION")}]},
            "component": subject,
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_iter().map(|(from, to)| json!({"ref": from, "dependsOn": to})).collect::<Vec<_>>(),
    })
}

fn described(name: &str, version: &str, kind: &str) -> Value {
    let purl = purl(name, version);
    let mut component = json!({"type": kind, "bom-ref": purl});
    match name.split_once('/') {
        Some((group, name)) => {
            component["group"] = group.into();
            component["name"] = name.into();
        }
        None => component["name"] = name.into(),
    }
    component["version"] = version.into();
    component["purl"] = purl.into();
    component
}

fn component(locked: &Locked, kind: &str) -> Value {
    let mut component = described(&locked.name, &locked.version, kind);
    let known = [("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha384", "SHA-384"), ("sha512", "SHA-512")];
    let name = |algorithm: &str| known.iter().find(|(ours, _)| *ours == algorithm).map(|(_, theirs)| *theirs);
    let hashes = locked.digests.iter().filter_map(|(algorithm, digits)| Some(json!({"alg": name(algorithm)?, "content": digits})));
    let hashes: Vec<Value> = hashes.collect();
    if !hashes.is_empty() {
        component["hashes"] = hashes.into();
    }
    if let Some(licence) = &locked.licence {
        component["licenses"] = match spdx::Expression::parse(licence) {
            Ok(_) => json!([{"expression": licence}]),
            Err(_) => json!([{"license": {"name": licence}}]),
        };
    }
    if let Some(resolved) = locked.resolved.as_ref().filter(|resolved| resolved.starts_with("http")) {
        component["externalReferences"] = json!([{"type": "distribution", "url": resolved}]);
    }
    component
}
