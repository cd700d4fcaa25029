//! The example's activities as an npm package, in modules on two queues: built, typed, run.

use super::accepted;
use crate::ground::npm::{npm, publish, scratch};
use crate::ground::{Namespace, PATIENCE, folder, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use warpline::temporal::{Outcome, Start};

/// The packages of the SDK that activities ask for, and what these ask for: a registry in use has them, or passes them on.
fn publish_sdk(namespace: &Namespace) {
    let packages = Path::new(namespace.cluster.get("NODE_PACKAGES"));
    let (mut waiting, mut seen) = (vec![packages.join("@temporalio/activity")], BTreeSet::new());
    while let Some(folder) = waiting.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("package.json")).expect("a package")).expect("JSON");
        for (name, _) in manifest["dependencies"].as_object().into_iter().flatten() {
            // As Node finds it: beside the package's own, else beside the package.
            let own = folder.join("node_modules").join(name);
            waiting.push(if own.is_dir() { own } else { packages.join(name) });
        }
        let text = |field: &str| manifest[field].as_str().expect("a text").to_owned();
        let wanted = format!("{}@{}", text("name"), text("version"));
        let is_there =
            npm(namespace, packages).args(["view", &wanted, "version", "--loglevel=silent"]).output().expect("npm runs").status.success();
        if !is_there {
            publish(namespace, &folder);
        }
    }
}

#[tokio::test]
async fn the_examples_activities_come_from_a_package_on_two_queues() {
    let namespace = Namespace::new("from-npm").await;
    publish_sdk(&namespace);
    let (example, variant) = (folder("manifests/examples/package-builder"), folder("manifests/examples/package-builder-from-npm"));
    let package = scratch(&namespace, "activities");
    run(std::process::Command::new("cp")
        .arg("-r")
        .arg(example.join("activities/dist"))
        .arg(example.join("activities/package.json"))
        .arg(&package));
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(package.join("package.json")).unwrap()).unwrap();
    manifest.as_object_mut().unwrap().remove("private");
    let name = format!("@warpline-examples/{}", namespace.name);
    manifest["name"] = json!(name);
    std::fs::write(package.join("package.json"), manifest.to_string()).unwrap();
    publish(&namespace, &package);
    std::fs::remove_dir_all(package).unwrap();

    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let modules = text(&variant.join("activity-modules.yaml")).replace("@warpline-examples/package-builder-activities", &name);
    let image = namespace.cluster.image("PACKAGE_BUILDER_IMAGE");
    let queues = text(&variant.join("task-queues.yaml")).replace("registry.example.com/warpline/package-builder:1.0.0", image);
    // One Temporal server is for all tests: the queues get names there that no other test has.
    let (engine, agents) = (format!("{}-engine", namespace.name), format!("{}-agents", namespace.name));
    let ours = |text: String| {
        text.replace("taskQueue: engine", &format!("taskQueue: {engine}")).replace("taskQueue: agents", &format!("taskQueue: {agents}"))
    };
    let queues = queues.replace("{name: engine}", &format!("{{name: {engine}}}")).replace("{name: agents}", &format!("{{name: {agents}}}"));
    let mut all =
        vec![text(&example.join("cluster-workspace.yaml")).replace("{name: engine}", &format!("{{name: {engine}}}")), queues, modules];
    all.extend(
        ["package-build", "package-builder", "coordinator", "continuous-builder", "mcp-poller"]
            .map(|name| text(&example.join(format!("{name}.yaml")))),
    );
    let folder = scratch(&namespace, "manifests");
    for (number, text) in all.into_iter().enumerate() {
        let file = folder.join(format!("{number}.yaml"));
        std::fs::write(&file, ours(text)).unwrap();
        namespace.kubectl(&["apply", "--filename", &file.display().to_string()]);
    }
    std::fs::remove_dir_all(folder).unwrap();

    let names = ["build-activities", "agent-activities", "report-activities", "agent-registry-activities", "mcp-activities"];
    for module in names {
        let status = accepted(&namespace, module).await;
        assert_eq!(status["accepted"]["version"], "1.0.0");
        assert!(status["activities"].as_i64().unwrap() > 0, "{status}");
    }
    for workflow in ["package-build", "package-builder", "coordinator"] {
        namespace.live(workflow).await;
    }
    namespace.kubectl(&["wait", "--for=condition=Complete", "job/prepare-workspace", "--timeout=90s"]);
    let typescript =
        namespace.list("configmaps").iter().find_map(|map| map["data"]["PackageBuildWorkflow.ts"].as_str().map(str::to_owned)).unwrap();
    for timeout in ["'10 minutes'", "'30 minutes'", "'1 minute'"] {
        assert!(typescript.contains(&format!("startToCloseTimeout: {timeout}")), "{typescript}");
    }
    let input = json!({"buildId": "pods", "workspaceRoot": "/workspace/demo", "config": {"maxConcurrentBuilds": 4}});
    let start = Start::new("PackageBuilderWorkflow", format!("{}/build", namespace.name), engine, vec![input]);
    let id = namespace.temporal.start(&start).await.unwrap();
    let outcome = tokio::time::timeout(PATIENCE, namespace.temporal.outcome(&id)).await.expect("a result in time").unwrap();
    let Outcome::Completed { result } = outcome else { panic!("{outcome:?}\n{}", namespace.story()) };
    let count = |list: &str| result[list].as_array().map_or(0, Vec::len);
    assert_eq!((count("completed"), count("failed"), count("blocked")), (16, 1, 2), "{result}");
}
