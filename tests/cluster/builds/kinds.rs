//! Packages of every kind: both module systems, native code, without types, several in one image, from a source.

use super::{calling, stalled};
use crate::ground::npm::{Package, module, package_name, scratch};
use crate::ground::{Namespace, run, task_queue, workflow};
use serde_json::{Value, json};
use std::process::Command;

#[tokio::test]
async fn modules_of_both_systems_share_a_pod() {
    let namespace = Namespace::new("systems").await;
    let greet = "export declare function greet(name: string): Promise<string>;";
    let part = "export declare function part(name: string): Promise<string>;";
    Package::new(&namespace, "common", "1.0.0").code("exports.greet = async (name) => `hello ${name}`;", greet).publish(&namespace);
    Package::new(&namespace, "modern", "1.0.0")
        .with(json!({"type": "module", "exports": {"./parting": {"types": "./index.d.ts", "import": "./index.js"}}}))
        .code("export async function part(name) { return `goodbye ${name}`; }", part)
        .publish(&namespace);
    let mut modern = module(&namespace, "modern", "modern", "1.0.0");
    modern["spec"]["module"] = json!("./parting");
    let both = json!({
        "nodes": [
            {"id": "start", "type": "trigger"},
            {"id": "greet", "type": "activity", "config": {"activityName": "greet", "args": ["input.name"]}},
            {"id": "part", "type": "activity", "config": {"activityName": "part", "args": ["greet"]}},
            {"id": "end", "type": "exit", "config": {"returnValue": "part"}},
        ],
        "edges": [{"source": "start", "target": "greet"}, {"source": "greet", "target": "part"}, {"source": "part", "target": "end"}],
    });
    let mut object = workflow(&namespace, "both", both);
    object["spec"]["input"] = json!({"name": "string"});
    namespace.apply(&[task_queue(&namespace, json!({})), module(&namespace, "common", "common", "1.0.0"), modern, object]);
    namespace.live("both").await;
    assert_eq!(namespace.execute("BothWorkflow", "both", json!({"name": "Ada"})).await, "goodbye hello Ada");
    let version = namespace.list("workerversions").into_iter().next().unwrap();
    let activities = version["spec"]["activities"].as_array().unwrap();
    assert!(activities.iter().all(|entry| entry["image"].is_string() && entry["record"].is_string()), "{activities:?}");
    assert!(version["spec"]["image"].as_str().unwrap().contains("/versions@sha256:"), "{}", version["spec"]["image"]);
}

#[tokio::test]
async fn a_package_without_types_wants_them_declared() {
    let namespace = Namespace::new("untyped").await;
    let code = "exports.greet = async (name) => `hello ${name}`;";
    Package::new(&namespace, "bare", "1.0.0").with(json!({"types": null})).file("index.js", code).publish(&namespace);
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        module(&namespace, "bare", "bare", "1.0.0"),
        calling(&namespace, "greeting", "greet"),
    ]);
    let why = stalled(&namespace, "bare", "NoTypes").await;
    assert!(why.contains(".d.ts"), "{why}");
    let mut declared = module(&namespace, "bare", "bare", "1.0.0");
    declared["spec"]["activities"] = json!({"greet": {"signature": "(name: string) => Promise<string>"}});
    namespace.apply(&[declared]);
    namespace.kubectl(&["annotate", "activitymodule", "bare", "warpline.dev/retry=1"]);
    namespace.live("greeting").await;
    assert_eq!(namespace.execute("GreetingWorkflow", "declared", json!({"name": "Ada"})).await, "hello Ada");
}

#[tokio::test]
async fn a_source_in_a_config_map_or_a_registry_is_built_by_its_lock_file() {
    let namespace = Namespace::new("source").await;
    let manifest = json!({"name": "own", "version": "3.0.0", "main": "src/index.js", "types": "src/index.d.ts"});
    let lock = json!({"name": "own", "version": "3.0.0", "lockfileVersion": 3, "packages": {"": manifest}});
    let files = |lock: Option<&Value>| {
        let mut data = json!({
            "package.json": manifest.to_string(),
            "src__index.js": "exports.greet = async (name) => `own ${name}`;",
            "src__index.d.ts": "export declare function greet(name: string): Promise<string>;",
        });
        if let Some(lock) = lock {
            data["package-lock.json"] = json!(lock.to_string());
        }
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own-files"}, "data": data})
    };
    let object = json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "own"},
        "spec": {"source": {"configMap": "own-files"}, "timeout": {"startToClose": "1m"}},
    });
    namespace.apply(&[files(None), object.clone(), task_queue(&namespace, json!({})), calling(&namespace, "greeting", "greet")]);
    let why = stalled(&namespace, "own", "LockfileMissing").await;
    assert!(why.contains("package-lock.json"), "{why}");
    namespace.apply(&[files(Some(&lock))]);
    namespace.kubectl(&["annotate", "activitymodule", "own", "warpline.dev/retry=1"]);
    let first = namespace.live("greeting").await;
    assert_eq!(namespace.execute("GreetingWorkflow", "own", json!({"name": "Ada"})).await, "own Ada");

    // The same package in a registry, by its digest: what was pushed is built and runs.
    let folder = scratch(&namespace, "pushed");
    std::fs::create_dir(folder.join("src")).unwrap();
    let written = files(Some(&lock));
    for (name, text) in written["data"].as_object().unwrap() {
        let text = text.as_str().unwrap().replace("`own ", "`pushed ");
        std::fs::write(folder.join(name.replace("__", "/")), text).unwrap();
    }
    let to = format!("{}/sources/{}", namespace.cluster.get("REGISTRY"), namespace.name);
    let push = |to: &str| run(Command::new(env!("CARGO_BIN_EXE_warpline")).arg("push").arg(&folder).args(["--plain-http", "--to", to]));
    let artifact = push(&to).trim().to_owned();
    let from = |source: Value| {
        let mut changed = object.clone();
        changed["spec"]["source"] = source;
        changed
    };
    for (source, word) in [
        (json!({"oci": format!("{to}:main")}), "spec.source.oci"),
        (json!({"oci": artifact, "configMap": "own-files"}), "give one of configMap and oci"),
        (json!({"path": "a"}), "give one of configMap and oci"),
    ] {
        let (is_taken, said) = namespace.try_apply(&[from(source)]);
        assert!(!is_taken && said.contains(word), "{said}");
    }
    let nowhere = format!("{to}@sha256:{}", "0".repeat(64));
    namespace.apply(&[from(json!({"oci": nowhere}))]);
    let why = stalled(&namespace, "own", "NotFound").await;
    assert!(why.contains("@sha256:0000") && why.contains("is not in the registry"), "{why}");
    namespace.apply(&[from(json!({"oci": artifact}))]);
    namespace
        .eventually("the version of what was pushed", || {
            let status = namespace.get("activitymodule", "own")["status"].clone();
            let workflow = namespace.get("workflow", "greeting")["status"].clone();
            (status["source"] == format!("oci:{artifact}") && workflow["buildId"] != first.as_str()).then_some(())
        })
        .await;
    assert_eq!(namespace.execute("GreetingWorkflow", "pushed", json!({"name": "Ada"})).await, "pushed Ada");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn install_scripts_do_not_run_and_those_allowed_run_in_a_sandbox() {
    let namespace = Namespace::new("scripts").await;
    namespace.kubectl(&["create", "secret", "generic", "npm", "--from-literal=token=no-secret-of-yours"]);
    // What a script could find, it writes into the package; its activity tells that, and what it reaches itself.
    let listener = std::net::TcpListener::bind((namespace.cluster.get("HOST_ADDRESS"), 0)).unwrap();
    let (node, elsewhere) = (namespace.cluster.get("NODE_ADDRESS"), listener.local_addr().unwrap());
    let (npm, kubernetes) = (format!("{node}:4873"), format!("{node}:6443"));
    let addresses = json!([npm, elsewhere.to_string(), "10.96.0.1:443", kubernetes, namespace.cluster.get("TEMPORAL_ADDRESS")]);
    let script = r"
const fs = require('fs');
const net = require('net');
const attempt = (act) => { try { return String(act()); } catch (error) { return error.code; } };
const reached = (address) => new Promise((resolve) => {
  const [host, port] = address.split(':');
  const socket = net.connect({ host, port, timeout: 3000 });
  socket.once('connect', () => { socket.destroy(); resolve('reached'); });
  socket.once('timeout', () => { socket.destroy(); resolve('silent'); });
  socket.once('error', ({ code }) => resolve(code));
});
exports.look = () => Promise.all(ADDRESSES.map(reached));
if (require.main === module) exports.look().then((answers) => fs.writeFileSync('found.json', JSON.stringify({
  answers,
  env: Object.keys(process.env).filter((name) => /TOKEN|_auth|KUBERNETES_SERVICE/i.test(name)),
  serviceAccount: attempt(() => fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token')),
  npmToken: attempt(() => fs.readFileSync('/credentials/npm/token')),
  registryLogin: attempt(() => fs.readFileSync('/credentials/registry/config.json')),
  root: attempt(() => fs.writeFileSync('/usr/local/bin/node', '')),
  worker: attempt(() => fs.writeFileSync('/opt/warpline/worker/dist/main.js', '')),
  user: process.getuid(),
})));
";
    let script = format!("const ADDRESSES = {addresses};\n{script}");
    let code = r"
const fs = require('fs');
exports.found = async () => {
  const file = __dirname + '/found.json';
  return JSON.stringify({ script: fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null, pod: await require('./look.js').look() });
};
";
    let everywhere = ["reached"; 5];
    Package::new(&namespace, "curious", "1.0.0")
        .with(json!({"scripts": {"postinstall": "node look.js"}}))
        .file("look.js", script)
        .code(code, "export declare function found(name: string): Promise<string>;")
        .publish(&namespace);
    let mut object = module(&namespace, "curious", "curious", "1.0.0");
    object["spec"]["npm"]["secretName"] = json!("npm");
    namespace.apply(&[task_queue(&namespace, json!({})), object.clone(), calling(&namespace, "asking", "found")]);
    let first = namespace.live("asking").await;
    let found = async |id: &str| {
        let said = namespace.execute("AskingWorkflow", id, json!({"name": ""})).await;
        serde_json::from_str::<Value>(said.as_str().unwrap()).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    assert_eq!(found("refused").await, json!({"script": null, "pod": everywhere}));
    // Whoever came by then was the activity.
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.incoming().take_while(Result::is_ok).count(), 1);

    object["spec"]["build"] = json!({"allowScripts": [package_name(&namespace, "curious")]});
    namespace.apply(&[object]);
    namespace
        .eventually("the version with what the script found", || {
            let build_id = namespace.get("workflow", "asking")["status"]["buildId"].as_str()?.to_owned();
            (build_id != first).then_some(())
        })
        .await;
    assert_eq!(listener.incoming().take_while(Result::is_ok).count(), 0, "a build came");
    let refused = "ECONNREFUSED";
    assert_eq!(
        found("allowed").await,
        json!({
            "script": {
                "answers": ["reached", refused, refused, refused, refused], "env": [], "serviceAccount": "ENOENT", "npmToken": "ENOENT",
                "registryLogin": "ENOENT", "root": "EROFS", "worker": "EROFS", "user": 10001,
            },
            "pod": everywhere,
        })
    );
    let policy = namespace.get("networkpolicy", "curious-build");
    let node = format!("{node}/32");
    let reached: Vec<_> = policy["spec"]["egress"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["to"][0]["ipBlock"]["cidr"].clone(), rule["ports"][0]["port"].clone()))
        .collect();
    assert_eq!(reached, [(Value::Null, json!(53)), (json!(node), json!(4873)), (json!(node), json!(5000))]);
}
