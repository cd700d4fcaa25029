//! What a package-lock.json says of each installed package: exact version, integrity, licence, what it depends on. Pure.

use super::place::SHARED;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A package in a tree, as its lockfile has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Its folder, from the tree.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The digests of its archive: algorithm as `sha512`, hexadecimal digits.
    pub digests: Vec<(String, String)>,
    /// Its licence, as it says itself.
    pub licence: Option<String>,
    /// Where it came from.
    pub resolved: Option<String>,
    /// What it depends on, by their folders from the tree.
    pub dependencies: BTreeSet<String>,
}

impl Locked {
    /// Its package URL.
    #[must_use]
    pub fn purl(&self) -> String {
        purl(&self.name, &self.version)
    }
}

/// The package URL of an npm package: `pkg:npm/%40acme/activities@1.0.0`.
#[must_use]
pub fn purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{}", name.replacen('@', "%40", 1), version.replace('+', "%2B"))
}

/// The packages of a lockfile that are there, sorted by their folders; those that are the worker's are left out, for they are not in the image.
#[must_use]
pub fn locked(lockfile: &Value, is_there: impl Fn(&str) -> bool) -> Vec<Locked> {
    let Some(packages) = lockfile["packages"].as_object() else { return Vec::new() };
    let is_shared = |path: &str| SHARED.iter().any(|name| path.ends_with(&format!("node_modules/{name}")));
    let there: BTreeMap<&str, &Value> = packages
        .iter()
        .filter(|(path, entry)| path.contains("node_modules/") && entry["link"] != true && is_there(path) && !is_shared(path))
        .map(|(path, entry)| (path.as_str(), entry))
        .collect();
    there
        .iter()
        .map(|(path, entry)| {
            let text = |field: &str| entry[field].as_str().map(str::to_owned);
            let folder_name = path.rsplit("node_modules/").next().unwrap_or_default();
            Locked {
                path: (*path).to_owned(),
                name: text("name").unwrap_or_else(|| folder_name.to_owned()),
                version: text("version").unwrap_or_default(),
                digests: text("integrity").map(|integrity| digests(&integrity)).unwrap_or_default(),
                licence: text("license"),
                resolved: text("resolved"),
                dependencies: dependencies(path, entry, &there),
            }
        })
        .collect()
}

/// What the tree's own package.json depends on, by folders.
#[must_use]
pub fn roots(lockfile: &Value, locked: &[Locked]) -> BTreeSet<String> {
    let there = locked.iter().map(|package| (package.path.as_str(), &Value::Null)).collect();
    dependencies("", &lockfile["packages"][""], &there)
}

fn dependencies(path: &str, entry: &Value, there: &BTreeMap<&str, &Value>) -> BTreeSet<String> {
    let named = |field: &str| entry[field].as_object().into_iter().flat_map(Map::keys);
    let names = ["dependencies", "optionalDependencies", "peerDependencies"].into_iter().flat_map(named);
    names.filter_map(|name| found(path, name, there)).collect()
}

/// The folder in which Node finds `name` from a module in `path`.
fn found(path: &str, name: &str, there: &BTreeMap<&str, &Value>) -> Option<String> {
    let mut folder = path;
    loop {
        let candidate = if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
        if there.contains_key(candidate.as_str()) {
            return Some(candidate);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once("/node_modules/").map(|(above, _)| above).unwrap_or_default();
    }
}

/// `sha512-BASE64 sha1-BASE64` → algorithms and hexadecimal digits.
#[must_use]
pub fn digests(integrity: &str) -> Vec<(String, String)> {
    let one = |text: &str| {
        let (algorithm, rest) = text.split_once('-')?;
        let encoded = rest.split('?').next()?;
        Some((algorithm.to_owned(), super::hex(&STANDARD.decode(encoded).ok()?)))
    };
    integrity.split_whitespace().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dependencies_are_found_as_node_finds_them() {
        let lockfile = json!({"packages": {
            "": {"dependencies": {"a": "1"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1", "@s/c": "1", "@temporalio/activity": "1"}, "integrity": "sha512-AAE="},
            "node_modules/a/node_modules/b": {"version": "1.0.0", "dependencies": {"@s/c": "1"}},
            "node_modules/b": {"version": "2.0.0"},
            "node_modules/@s/c": {"version": "3.0.0+x", "license": "MIT", "optionalDependencies": {"gone": "1"}},
            "node_modules/@temporalio/activity": {"version": "1.24.0"},
            "node_modules/gone": {"version": "1.0.0", "optional": true},
            "packages/own": {"version": "1.0.0"},
            "node_modules/own": {"resolved": "packages/own", "link": true},
        }});
        let found = locked(&lockfile, |path| path != "node_modules/gone");
        let paths: Vec<&str> = found.iter().map(|package| package.path.as_str()).collect();
        assert_eq!(paths, ["node_modules/@s/c", "node_modules/a", "node_modules/a/node_modules/b", "node_modules/b"]);
        let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(found[1].dependencies, set(&["node_modules/a/node_modules/b", "node_modules/@s/c"]));
        assert_eq!(found[2].dependencies, set(&["node_modules/@s/c"]));
        assert_eq!(found[0].dependencies, set(&[]));
        assert_eq!(found[0].purl(), "pkg:npm/%40s/c@3.0.0%2Bx");
        assert_eq!(found[1].digests, [("sha512".to_owned(), "0001".to_owned())]);
        assert_eq!(roots(&lockfile, &found), set(&["node_modules/a"]));
    }
}
