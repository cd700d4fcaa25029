//! What kubectl asks before it asks anything else: which groups, versions and kinds there are.
//! Pure.

use super::kinds::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The answer to a path of discovery.
pub fn discovery(parts: &[&str], kinds: &[Kind]) -> Option<Value> {
    Some(match parts {
        ["version"] => {
            json!({"major": "1", "minor": "35", "gitVersion": concat!("v1.35.0+warpline-dev-", env!("CARGO_PKG_VERSION")), "platform": "warpline/dev"})
        }
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
        ["apis"] => {
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups(kinds).keys().map(|group| described(group, kinds)).collect::<Vec<_>>()})
        }
        ["api", version] => resources("", version, kinds)?,
        ["apis", group] if groups(kinds).contains_key(group) => described(group, kinds),
        ["apis", group, version] => resources(group, version, kinds)?,
        _ => return None,
    })
}

/// The groups, but the first one, with their version: each has one here.
fn groups(kinds: &[Kind]) -> BTreeMap<&str, &str> {
    kinds.iter().filter(|kind| !kind.group.is_empty()).map(|kind| (kind.group.as_str(), kind.version.as_str())).collect()
}

fn described(group: &str, kinds: &[Kind]) -> Value {
    let version = groups(kinds).get(group).copied().unwrap_or_default().to_owned();
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str, version: &str, kinds: &[Kind]) -> Option<Value> {
    let mut of_group = kinds.iter().filter(|kind| kind.group == group && kind.version == version).peekable();
    let name = of_group.peek()?.api_version();
    let mut resources: Vec<Value> = of_group.flat_map(Kind::discovered).collect();
    if group.is_empty() {
        let verbs = ["list"];
        resources.push(
            json!({"name": "events", "singularName": "event", "namespaced": true, "kind": "Event", "verbs": verbs, "shortNames": ["ev"]}),
        );
    }
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": resources}))
}
