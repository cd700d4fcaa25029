//! The operator's rights, beside what it asked of a real API server while every test of the cluster ran: nothing was refused, and no right is unused.
//! Together: take any verb away, and what asked for it is refused. What no request shows is shown in `unseen`.
//! Runs after `tests/cluster`, on the same cluster, whose audit log it reads; `make test-cluster` does both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

mod unseen;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use unseen::UNSEEN;

/// One right: the API group, the resource (with its subresource), the verb.
type Right = (String, String, String);

const OPERATOR: &str = "system:serviceaccount:warpline-system:warpline";

fn cluster() -> String {
    std::env::var("WARPLINE_CLUSTER").expect("WARPLINE_CLUSTER names the cluster on which tests/cluster ran: `make test-cluster`")
}

fn env(name: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/ground/cluster");
    let output = Command::new(script).arg("env").output().expect("the cluster's script runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("the cluster is not up: {text}")).to_owned()
}

/// A request of the operator: the right that it took, the code of the answer, and whether the right was lacking (what is refused for another reason, as
/// a namespace that is being deleted takes nothing new, has been let through first).
struct Request {
    right: Right,
    code: u64,
    is_forbidden: bool,
}

/// Every request of the operator.
fn requests() -> Vec<Request> {
    let log = std::fs::read_to_string(Path::new(&cluster()).join("logs/audit.log")).expect("an audit log");
    let read = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("a line of the audit log");
        let object = &event["objectRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subresource = object["subresource"].as_str().map(|name| format!("/{name}")).unwrap_or_default();
        let right = (text(&object["apiGroup"]), format!("{}{subresource}", text(&object["resource"])), text(&event["verb"]));
        let is_ours = event["user"]["username"] == OPERATOR && !object.is_null();
        is_ours.then(|| Request {
            right,
            code: event["responseStatus"]["code"].as_u64().unwrap_or(0),
            is_forbidden: event["annotations"]["authorization.k8s.io/decision"] == "forbid",
        })
    };
    log.lines().filter_map(read).collect()
}

/// The rights that the chart gives.
fn given() -> BTreeSet<Right> {
    let role = |arguments: &[&str]| -> Value {
        let output = Command::new(env("KUBECTL")).args(arguments).args(["--output", "json"]).env("KUBECONFIG", env("KUBECONFIG")).output();
        serde_json::from_slice(&output.expect("kubectl runs").stdout).expect("a role")
    };
    let roles = [role(&["get", "clusterrole", "warpline"]), role(&["get", "role", "warpline-lease", "--namespace", "warpline-system"])];
    let list =
        |value: &Value| -> Vec<String> { value.as_array().into_iter().flatten().map(|entry| entry.as_str().unwrap().to_owned()).collect() };
    let mut rights = BTreeSet::new();
    for rule in roles.iter().flat_map(|role| role["rules"].as_array().expect("rules")) {
        for group in list(&rule["apiGroups"]) {
            for resource in list(&rule["resources"]) {
                rights.extend(list(&rule["verbs"]).into_iter().map(|verb| (group.clone(), resource.clone(), verb)));
            }
        }
    }
    rights
}

fn shown(rights: impl IntoIterator<Item = Right>) -> String {
    rights.into_iter().map(|(group, resource, verb)| format!("  {verb} {resource} ({group})")).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_refused() {
    let (forbidden, let_through): (Vec<Request>, Vec<Request>) = requests().into_iter().partition(|request| request.is_forbidden);
    let let_through: BTreeSet<Right> = let_through.into_iter().map(|request| request.right).collect();
    // A pod that ends while the chart is uninstalled has lost what it had.
    let refused: BTreeSet<Right> =
        forbidden.into_iter().map(|request| request.right).filter(|right| !let_through.contains(right)).collect();
    assert!(refused.is_empty(), "the API server refused what the operator needs:\n{}", shown(refused));
}

#[test]
fn no_right_is_unused() {
    let mut used = BTreeSet::new();
    for Request { right: (group, resource, verb), code, .. } in requests() {
        // An apply that makes an object needs the right to create it.
        if verb == "patch" && code == 201 {
            used.insert((group.clone(), resource.clone(), "create".to_owned()));
        }
        used.insert((group, resource, verb));
    }
    let is_seen = |(_, resource, verb): &Right| !UNSEEN.iter().any(|unseen| resource == unseen.resource && verb == unseen.verb);
    let unused: BTreeSet<Right> = given().difference(&used).filter(|right| is_seen(right)).cloned().collect();
    assert!(unused.is_empty(), "the operator has rights that no test needs; take them away, or show what they are for:\n{}", shown(unused));
}
