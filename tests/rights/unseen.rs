//! Rights that no request shows: admission (OwnerReferencesPermissionEnforcement, which the cluster has on) asks for them where an object is made or
//! changed that names an owner. An account with all rights but one of them is refused what the operator does with it.

use super::{env, given};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "rights";

/// A right that no request shows: the resource and the verb, and what the operator does with it.
pub struct Unseen {
    pub resource: &'static str,
    pub verb: &'static str,
    act: fn() -> Value,
}

pub const UNSEEN: &[Unseen] = &[
    Unseen { resource: "activitymodules/finalizers", verb: "update", act: || owned("ActivityModule") },
    Unseen { resource: "taskqueues/finalizers", verb: "update", act: || owned("TaskQueue") },
    Unseen { resource: "workerversions/finalizers", verb: "update", act: || owned("WorkerVersion") },
    Unseen { resource: "taskqueues", verb: "delete", act: || with_owner("warpline.dev/v1alpha1", "TaskQueue", "Workflow") },
    Unseen { resource: "leases", verb: "delete", act: || with_owner("coordination.k8s.io/v1", "Lease", "ReplicaSet") },
];

/// An object that is made with an owner that waits for it.
fn owned(kind: &str) -> Value {
    let mut object = with_owner("v1", "ConfigMap", kind);
    object["metadata"]["name"] = json!("another");
    object["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = json!(true);
    object
}

/// An object that is there, with an owner.
fn with_owner(version: &str, kind: &str, owner: &str) -> Value {
    let group = if owner == "ReplicaSet" { "apps/v1" } else { "warpline.dev/v1alpha1" };
    let owner = json!({"apiVersion": group, "kind": owner, "name": "owner", "uid": "00000000-0000-4000-8000-000000000000"});
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "there", "namespace": NAMESPACE, "ownerReferences": [owner]}})
}

fn kubectl(arguments: &[&str], object: &Value) -> Result<String, String> {
    let mut command = Command::new(env("KUBECTL"));
    command.args(arguments).env("KUBECONFIG", env("KUBECONFIG")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("kubectl runs");
    child.stdin.take().expect("piped").write_all(object.to_string().as_bytes()).expect("it is written");
    let output = child.wait_with_output().expect("kubectl ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What becomes of the act for an account that has the operator's rights without one, or all of them.
fn tried(unseen: &Unseen, is_taken: bool) -> Result<String, String> {
    let account = format!("{}-{}", unseen.resource.replace('/', "-"), if is_taken { "taken" } else { "whole" });
    let mut verbs: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (group, resource, verb) in given() {
        if !(is_taken && resource == unseen.resource && verb == unseen.verb) {
            verbs.entry((group, resource)).or_default().push(verb);
        }
    }
    let rules: Vec<Value> =
        verbs.iter().map(|((group, resource), verbs)| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})).collect();
    let metadata = json!({"name": account, "namespace": NAMESPACE});
    let group = "rbac.authorization.k8s.io";
    let about = json!([
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": metadata, "rules": rules},
        {"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": account}, "subjects": [{"kind": "User", "name": account}]},
        {"apiVersion": "warpline.dev/v1alpha1", "kind": "TaskQueue", "metadata": {"name": "there", "namespace": NAMESPACE}, "spec": {}},
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "there", "namespace": NAMESPACE}, "spec": {}},
    ]);
    kubectl(&["apply", "--server-side", "--filename", "-"], &json!({"apiVersion": "v1", "kind": "List", "items": about}))
        .expect("it is made");
    let arguments = ["apply", "--server-side", "--dry-run=server", "--field-manager=rights", "--as", &account, "--filename", "-"];
    kubectl(&arguments, &(unseen.act)())
}

#[test]
fn each_right_that_no_request_shows_is_needed() {
    for unseen in UNSEEN {
        let name = format!("{} {}", unseen.verb, unseen.resource);
        // A role counts a little after it was written.
        let begun = Instant::now();
        let mut whole = tried(unseen, false);
        while whole.is_err() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(200));
            whole = tried(unseen, false);
        }
        whole.unwrap_or_else(|why| panic!("{name}: refused to who has it: {why}"));
        tried(unseen, true).expect_err(&name);
        std::thread::sleep(Duration::from_secs(1));
        let refused = tried(unseen, true).expect_err(&name);
        assert!(refused.contains("cannot set"), "{name}: refused for another reason: {refused}");
    }
}
