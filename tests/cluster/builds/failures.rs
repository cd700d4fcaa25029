//! What goes wrong on the way to a build: a reason, what to do, and no harm to what serves.

use super::{accepted, calling, stalled};
use crate::ground::npm::{Package, module, package_name, publish_all, scratch};
use crate::ground::npm_door::{NpmDoor, Way};
use crate::ground::{Namespace, condition, message, run, task_queue};
use serde_json::{Value, json};
use std::process::Command;

const GREET: (&str, &str) =
    ("exports.greet = async (name) => `hello ${name}`;", "export declare function greet(name: string): Promise<string>;");

#[tokio::test]
async fn what_a_registry_does_not_have_or_does_not_give() {
    let namespace = Namespace::new("refusals").await;
    Package::new(&namespace, "greeter", "1.0.0").code(GREET.0, GREET.1).publish(&namespace);
    Package::new(&namespace, "@private/greeter", "1.0.0").code(GREET.0, GREET.1).publish(&namespace);
    let with = |name: &str, package: &str, version: &str, edit: &dyn Fn(&mut Value)| {
        let mut object = module(&namespace, name, package, version);
        edit(&mut object["spec"]);
        object
    };
    namespace.kubectl(&["create", "secret", "generic", "wrong", "--from-literal=token=wrong"]);
    namespace.apply(&[
        with("nowhere", "nowhere", "1.0.0", &|_| {}),
        with("no-version", "greeter", "^9", &|_| {}),
        with("nobody", "@private/greeter", "1.0.0", &|_| {}),
        with("no-secret", "@private/greeter", "1.0.0", &|spec| spec["npm"]["secretName"] = json!("nothing")),
        with("wrong-token", "@private/greeter", "1.0.0", &|spec| spec["npm"]["secretName"] = json!("wrong")),
        with("no-export", "greeter", "1.0.0", &|spec| spec["module"] = json!("./other")),
        with("no-lock", "greeter", "1.0.0", &|spec| spec["build"] = json!({"requireLockfile": true})),
        with("elsewhere", "greeter", "1.0.0", &|spec| spec["build"] = json!({"allowedRegistries": ["https://registry.example/"]})),
        with("unknown-activity", "greeter", "1.0.0", &|spec| spec["activities"] = json!({"gret": {"timeout": {"startToClose": "5s"}}})),
    ]);
    for (name, reason, word) in [
        ("nowhere", "PackageNotFound", "nowhere"),
        ("no-version", "VersionNotFound", "^9"),
        ("nobody", "Unauthorized", "spec.npm.secretName"),
        ("no-secret", "SecretMissing", "create secret generic nothing"),
        ("wrong-token", "Unauthorized", "spec.npm.secretName"),
        ("no-export", "NoSuchExport", "./other"),
        ("no-lock", "LockfileMissing", "npm-shrinkwrap.json"),
        ("elsewhere", "RegistryRefused", "registry.example"),
        ("unknown-activity", "NoSuchActivity", "greet"),
    ] {
        let why = stalled(&namespace, name, reason).await;
        assert!(why.contains(word), "{name}: {why}");
    }

    // The right credentials, in place of the wrong ones, are taken as they come.
    let users = format!("{}-/user/org.couchdb.user:{}", namespace.cluster.get("NPM_REGISTRY"), namespace.name);
    let body = json!({"name": namespace.name, "password": "a long password"}).to_string();
    let said = run(Command::new("curl").args([
        "--silent",
        "--fail",
        "--request",
        "PUT",
        "--header",
        "content-type: application/json",
        "--data",
        &body,
        &users,
    ]));
    let token = serde_json::from_str::<Value>(&said).unwrap()["token"].as_str().unwrap().to_owned();
    namespace.kubectl(&["delete", "secret", "wrong"]);
    namespace.kubectl(&["create", "secret", "generic", "wrong", &format!("--from-literal=token={token}")]);
    accepted(&namespace, "wrong-token").await;
}

#[tokio::test]
async fn a_version_that_was_replaced_names_both_hashes_and_what_was_built_serves_on() {
    let namespace = Namespace::new("replaced").await;
    Package::new(&namespace, "greeter", "1.0.0").code(GREET.0, GREET.1).publish(&namespace);
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        module(&namespace, "greeter", "greeter", "1.0.0"),
        calling(&namespace, "greeting", "greet"),
    ]);
    namespace.live("greeting").await;
    let before = accepted(&namespace, "greeter").await;

    let name = package_name(&namespace, "greeter");
    let folder = scratch(&namespace, "unpublish");
    run(crate::ground::npm::npm(&namespace, &folder).args(["unpublish", "--force", &format!("{name}@1.0.0")]));
    Package::new(&namespace, "greeter", "1.0.0").code("exports.greet = async () => 'stolen';", GREET.1).publish(&namespace);
    // Something that is built anew, of the same version.
    let mut object = module(&namespace, "greeter", "greeter", "1.0.0");
    object["spec"]["build"] = json!({"allowScripts": ["nothing"]});
    namespace.apply(&[object]);
    let why = stalled(&namespace, "greeter", "IntegrityMismatch").await;
    let integrity = before["resolved"]["integrity"].as_str().unwrap();
    assert!(why.contains(integrity) && why.matches("sha512-").count() >= 2, "{why}");
    let object = namespace.get("activitymodule", "greeter");
    assert_eq!(object["status"]["accepted"], before["accepted"]);
    assert_eq!(condition(&object, "Ready"), "True/LastGoodBuild");
    assert_eq!(namespace.execute("GreetingWorkflow", "still", json!({"name": "Ada"})).await, "hello Ada");
}

#[tokio::test]
async fn a_signature_that_is_edited_is_held_against_the_build_that_is_in_use() {
    let namespace = Namespace::new("signature").await;
    Package::new(&namespace, "greeter", "1.0.0").code(GREET.0, GREET.1).publish(&namespace);
    let declared = |signature: &str| {
        let mut object = module(&namespace, "greeter", "greeter", "1.0.0");
        object["spec"]["activities"] = json!({"greet": {"signature": signature}});
        object
    };
    namespace.apply(&[declared("(name: string) => Promise<string>")]);
    let build = accepted(&namespace, "greeter").await["build"].clone();
    namespace.apply(&[declared("(name: number) => Promise<string>")]);
    let why = stalled(&namespace, "greeter", "SignatureMismatch").await;
    assert!(why.contains("greet"), "{why}");
    let object = namespace.get("activitymodule", "greeter");
    assert_eq!(condition(&object, "Ready"), "True/LastGoodBuild");
    assert_eq!(object["status"]["build"], build, "nothing is built for it");
    namespace.apply(&[declared("(name: string) => Promise<string | number>")]);
    accepted(&namespace, "greeter").await;
}

#[tokio::test]
async fn a_registry_that_is_down_is_tried_again() {
    let namespace = Namespace::new("down").await;
    let registry = format!("http://{}:4874/", namespace.cluster.get("NODE_ADDRESS"));
    let mut object = module(&namespace, "greeter", "greeter", "1.0.0");
    object["spec"]["npm"]["registry"] = json!(registry);
    namespace.apply(&[object]);
    let object = namespace.until("activitymodule", "greeter", "Reconciling", "True/RegistryUnreachable").await;
    assert!(message(&object, "Reconciling").contains(&registry), "{}", message(&object, "Reconciling"));
    assert_eq!(condition(&object, "Ready"), "Unknown/RegistryUnreachable");
    namespace
        .eventually("another try", || {
            let tries = namespace.get("activitymodule", "greeter")["status"]["build"]["attempts"].as_i64()?;
            (tries >= 2).then_some(())
        })
        .await;
}

/// An addon in machine code, as npm packages bring it ready: `add(a, b)` of 32 bits. What it takes of Node's interface is declared here.
const ADDON: &str = r#"
#include <stdint.h>
#include <stddef.h>
typedef void *ref;
int napi_get_cb_info(ref, ref, size_t *, ref *, ref *, void **);
int napi_get_value_int32(ref, ref, int32_t *);
int napi_create_int32(ref, int32_t, ref *);
int napi_create_function(ref, const char *, size_t, ref (*)(ref, ref), void *, ref *);
static ref add(ref env, ref info) {
  ref arguments[2], sum; size_t count = 2; int32_t a = 0, b = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_int32(env, arguments[0], &a);
  napi_get_value_int32(env, arguments[1], &b);
  napi_create_int32(env, a + b, &sum);
  return sum;
}
ref napi_register_module_v1(ref env, ref exports) {
  ref function;
  napi_create_function(env, "add", (size_t)-1, add, NULL, &function);
  return function;
}
"#;

/// The addon, built by the compiler that Rust links with.
fn addon(namespace: &Namespace) -> Vec<u8> {
    let folder = scratch(namespace, "addon");
    std::fs::write(folder.join("addon.c"), ADDON).unwrap();
    run(Command::new("cc").current_dir(&folder).args(["-shared", "-fPIC", "-O1", "-o", "addon.node", "addon.c"]));
    let built = std::fs::read(folder.join("addon.node")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    built
}

#[tokio::test]
async fn a_registry_that_damages_packages_then_falls_silent_and_a_tree_of_five_hundred_with_an_addon() {
    let namespace = Namespace::new("many").await;
    let door = NpmDoor::start(namespace.cluster.get("HOST_ADDRESS"), namespace.cluster.get("NPM_REGISTRY")).await;
    let names: Vec<String> = (0..500).map(|number| package_name(&namespace, &format!("part-{number}"))).collect();
    let parts = (0..500).map(|number| {
        Package::new(&namespace, &format!("part-{number}"), "1.0.0").code(&format!("module.exports = {number};"), "export {};")
    });
    let wanted: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), json!("1.0.0"))).collect();
    let list = json!(names);
    let code = format!(
        "const add = require('./addon.node');\nconst parts = {list}.map((name) => require(name));\nexports.sum = async (name) => `${{name}} ${{parts.reduce((a, b) => add(a, b))}}`;"
    );
    let many = Package::new(&namespace, "many", "1.0.0").with(json!({"dependencies": wanted})).file("addon.node", addon(&namespace));
    let many = many.code(&code, "export declare function sum(name: string): Promise<string>;");
    let greeter = Package::new(&namespace, "greeter", "1.0.0").code(GREET.0, GREET.1);
    publish_all(&namespace, parts.chain([many, greeter]).collect()).await;

    let through = |attempt: &str, deadline: &str| {
        let mut object = module(&namespace, "greeter", "greeter", "1.0.0");
        object["metadata"]["annotations"] = json!({"warpline.dev/retry": attempt});
        object["spec"]["npm"]["registry"] = json!(door.registry);
        object["spec"]["build"] = json!({"deadline": deadline});
        object
    };
    door.turn(Way::Damaged);
    let large = module(&namespace, "many", "many", "1.0.0");
    namespace.apply(&[through("1", "10m"), large, task_queue(&namespace, json!({})), calling(&namespace, "summing", "sum")]);
    let why = stalled(&namespace, "greeter", "IntegrityMismatch").await;
    assert!(why.contains(&door.registry) && why.matches("sha512-").count() >= 2, "{why}");

    door.turn(Way::Silent);
    namespace.apply(&[through("2", "25s")]);
    let object = namespace.until("activitymodule", "greeter", "Reconciling", "True/TooSlow").await;
    assert!(message(&object, "Reconciling").contains("spec.build.deadline"), "{}", message(&object, "Reconciling"));

    door.turn(Way::Open);
    namespace.apply(&[through("3", "10m")]);
    accepted(&namespace, "greeter").await;
    namespace.live("summing").await;
    assert_eq!(namespace.execute("SummingWorkflow", "sum", json!({"name": "Ada"})).await, "Ada 124750");
}

#[tokio::test]
async fn a_build_that_takes_too_long_or_too_much_memory_and_an_edit_that_cancels_it() {
    let namespace = Namespace::new("limits").await;
    Package::new(&namespace, "sleeper", "1.0.0")
        .with(json!({"scripts": {"postinstall": "sleep 600"}}))
        .code(GREET.0, GREET.1)
        .publish(&namespace);
    Package::new(&namespace, "eater", "1.0.0")
        .with(json!({"scripts": {"postinstall": "node -e \"const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))\""}}))
        .code(GREET.0, GREET.1)
        .publish(&namespace);
    let running = |name: &str, limits: Value| {
        let mut object = module(&namespace, name, name, "1.0.0");
        object["spec"]["build"] =
            json!({"allowScripts": [package_name(&namespace, name)], "deadline": "30s", "resources": {"limits": limits}});
        object
    };
    namespace.apply(&[running("eater", json!({"memory": "300Mi"}))]);
    let why = stalled(&namespace, "eater", "OutOfMemory").await;
    assert!(why.contains("spec.build.resources"), "{why}");

    namespace.apply(&[running("sleeper", json!({}))]);
    let first = namespace.until("activitymodule", "sleeper", "Reconciling", "True/Building").await["status"]["build"]["job"].clone();
    let object = namespace.until("activitymodule", "sleeper", "Reconciling", "True/TooSlow").await;
    assert!(message(&object, "Reconciling").contains("spec.build.deadline"), "{}", message(&object, "Reconciling"));
    // Without the script it builds; what runs for the older edit is cancelled.
    namespace.apply(&[module(&namespace, "sleeper", "sleeper", "1.0.0")]);
    accepted(&namespace, "sleeper").await;
    assert!(namespace.get("job", first.as_str().unwrap()).is_null());
}
