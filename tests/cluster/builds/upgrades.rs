//! A package's newer versions: those in flight end on the old one, which then goes; what breaks a Workflow is refused.

use super::{accepted, calling, calling_later, has_image, stalled};
use crate::ground::npm::{Package, module};
use crate::ground::{Namespace, message, task_queue};
use serde_json::{Value, json};

fn greeter(namespace: &Namespace, version: &str) -> Package {
    let code = format!("exports.greet = async (name) => `{version} greets ${{name}}`;");
    Package::new(namespace, "greeter", version).code(&code, "export declare function greet(name: string): Promise<string>;")
}

/// A queue whose drained versions go at once.
fn quick(namespace: &Namespace) -> Value {
    task_queue(namespace, json!({"sunset": {"scaleDownDelay": "0s", "deleteDelay": "0s"}}))
}

/// A package whose activity is served on a queue of its module's own.
fn lifter(namespace: &Namespace, version: &str) -> Package {
    let code = format!("exports.lift = async (said) => `${{said}}, lifted by {version}`;");
    Package::new(namespace, "lifter", version).code(&code, "export declare function lift(said: string): Promise<string>;")
}

/// Waits for `go`, greets on its own pods, and has that lifted on the other queue.
fn greeting_and_lifting(namespace: &Namespace) -> Value {
    let mut object = calling_later(namespace, "greeting", "greet");
    let definition = &mut object["spec"]["definition"];
    let nodes = definition["nodes"].as_array_mut().unwrap();
    nodes.retain(|node| node["id"] != "end");
    nodes.push(json!({"id": "lift", "type": "activity", "config": {"activityName": "lift", "args": ["call"]}}));
    nodes.push(json!({"id": "end", "type": "exit", "config": {"returnValue": "lift"}}));
    let edges = definition["edges"].as_array_mut().unwrap();
    edges.retain(|edge| edge["target"] != "end");
    edges.extend([json!({"source": "call", "target": "lift"}), json!({"source": "lift", "target": "end"})]);
    object
}

#[tokio::test]
async fn executions_in_flight_end_on_the_old_code_on_both_queues_and_then_its_images_go() {
    let namespace = Namespace::new("upgrade").await;
    greeter(&namespace, "1.0.0").publish(&namespace);
    lifter(&namespace, "1.0.0").publish(&namespace);
    let ada = json!({"name": "Ada"});
    let mut own = module(&namespace, "lifter", "lifter", "^1.0.0");
    let other_queue = format!("{}-lifting", namespace.name);
    own["spec"]["taskQueue"] = json!(other_queue);
    let mut other = quick(&namespace);
    other["metadata"]["name"] = json!(other_queue);
    let greeter_module = module(&namespace, "greeter", "greeter", "^1.0.0");
    namespace.apply(&[quick(&namespace), other, greeter_module, own, greeting_and_lifting(&namespace)]);
    let one = namespace.live("greeting").await;
    let accepted_of = |module: &str| namespace.get("activitymodule", module)["status"]["accepted"].clone();
    let old = [accepted_of("greeter"), accepted_of("lifter")];
    assert!(old.iter().all(|accepted| accepted["version"] == "1.0.0"), "{old:?}");
    let early = namespace.start("GreetingWorkflow", "early", ada.clone()).await;
    assert_eq!(namespace.begun(&early).await, one);

    greeter(&namespace, "1.1.0").publish(&namespace);
    lifter(&namespace, "1.1.0").publish(&namespace);
    namespace.kubectl(&["annotate", "activitymodule", "greeter", "lifter", "warpline.dev/update=1"]);
    namespace
        .eventually("both modules to be 1.1.0", || {
            ["greeter", "lifter"].iter().all(|name| accepted_of(name)["version"] == "1.1.0").then_some(())
        })
        .await;
    // What new executions begin on has both: its activities name their images.
    let images = ["greeter", "lifter"].map(|name| accepted_of(name)["image"].as_str().unwrap().to_owned());
    let two = namespace
        .eventually("the newest version to be current", || {
            let build_id = namespace.get("workflow", "greeting")["status"]["buildId"].as_str()?.to_owned();
            let versions = namespace.list("workerversions");
            let current = versions.iter().find(|version| version["spec"]["buildId"] == build_id.as_str())?;
            let lifting = versions.iter().find(|version| version["spec"]["image"] == images[1].as_str())?;
            let calls_it = current["spec"]["calls"].as_array()?.contains(&lifting["metadata"]["name"]);
            (calls_it && current["spec"]["activities"][0]["image"] == images[0].as_str()).then_some(build_id)
        })
        .await;
    let late = namespace.start("GreetingWorkflow", "late", ada).await;
    assert_eq!(namespace.begun(&late).await, two);
    for accepted in &old {
        assert!(has_image(&namespace, accepted["image"].as_str().unwrap()), "an execution needs it");
    }

    for id in [&early, &late] {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
    }
    assert_eq!(namespace.result(&early).await, "1.0.0 greets Ada, lifted by 1.0.0");
    assert_eq!(namespace.result(&late).await, "1.1.0 greets Ada, lifted by 1.1.0");
    namespace
        .eventually("the old version, its pods on both queues, its images and their records to go", || {
            let old_images: Vec<&str> = old.iter().filter_map(|accepted| accepted["image"].as_str()).collect();
            let names_old =
                |object: &Value| object["spec"].to_string().contains(old_images[0]) || object["spec"].to_string().contains(old_images[1]);
            let is_left =
                namespace.list("workerversions").iter().any(|version| version["spec"]["buildId"] == one.as_str() || names_old(version));
            let has_pods = namespace
                .list("pods")
                .iter()
                .any(|pod| pod["metadata"]["labels"]["warpline.dev/build-id"] == one.as_str() || names_old(pod));
            let is_kept = old.iter().any(|accepted| {
                let image = accepted["image"].as_str().unwrap_or_default();
                let record = format!("{}@{}", image.split('@').next().unwrap_or_default(), accepted["record"].as_str().unwrap_or_default());
                has_image(&namespace, image) || has_image(&namespace, &record)
            });
            (!is_left && !has_pods && !is_kept).then_some(())
        })
        .await;
    assert!(images.iter().all(|image| has_image(&namespace, image)));
}

#[tokio::test]
async fn a_version_that_breaks_a_workflow_is_refused_and_the_last_good_one_serves_on() {
    let namespace = Namespace::new("breaks").await;
    greeter(&namespace, "1.1.0").publish(&namespace);
    let ada = json!({"name": "Ada"});
    namespace.apply(&[quick(&namespace), module(&namespace, "greeter", "greeter", "1.1.0"), calling(&namespace, "greeting", "greet")]);
    let good = namespace.live("greeting").await;

    let wanting = "export declare function greet(who: {first: string; last: string}): Promise<string>;";
    let code = "exports.greet = async (who) => `${who.first} ${who.last}`;";
    Package::new(&namespace, "greeter", "1.2.0").code(code, wanting).publish(&namespace);
    namespace.apply(&[module(&namespace, "greeter", "greeter", "1.2.0")]);
    let why = stalled(&namespace, "greeter", "BreaksWorkflow").await;
    for word in ["Workflow/greeting", "node call", "args", "greeter@1.2.0", "activity `greet`", "greeter@1.1.0 serves on"] {
        assert!(why.contains(word), "{word}: {why}");
    }
    let object = namespace.get("activitymodule", "greeter");
    assert_eq!(object["status"]["accepted"]["version"], "1.1.0");
    assert!(message(&object, "Ready").contains("the last good build"), "{}", message(&object, "Ready"));
    assert_eq!(namespace.live("greeting").await, good);
    assert_eq!(namespace.execute("GreetingWorkflow", "still", ada.clone()).await, "1.1.0 greets Ada");

    // The Workflow is changed to fit: then the build is taken, and both roll out as one.
    let mut fits = calling(&namespace, "greeting", "greet");
    fits["spec"]["definition"]["nodes"][1]["config"]["args"] = json!([{"first": "input.name", "last": {"$literal": "Lovelace"}}]);
    namespace.apply(&[fits]);
    let better = namespace.live("greeting").await;
    assert_ne!(better, good);
    assert_eq!(namespace.execute("GreetingWorkflow", "fits", ada).await, "Ada Lovelace");
    assert_eq!(accepted(&namespace, "greeter").await["accepted"]["version"], "1.2.0");
}

#[tokio::test]
async fn what_would_change_is_said_and_the_same_build_is_the_same_bytes() {
    let namespace = Namespace::new("again").await;
    greeter(&namespace, "1.0.0").publish(&namespace);
    let mut object = module(&namespace, "greeter", "greeter", "^1.0.0");
    object["spec"]["updateInterval"] = json!("30s");
    let mut twin = module(&namespace, "twin", "greeter", "1.0.0");
    twin["spec"]["timeout"]["startToClose"] = json!("2m");
    namespace.apply(&[object, twin]);
    let digest = |status: &Value| status["accepted"]["image"].as_str().unwrap().split_once('@').unwrap().1.to_owned();
    let (first, second) = (accepted(&namespace, "greeter").await, accepted(&namespace, "twin").await);
    assert_eq!(digest(&first), digest(&second), "two Jobs, one digest");
    assert_eq!(first["accepted"]["record"], second["accepted"]["record"]);

    greeter(&namespace, "1.3.0").publish(&namespace);
    let seen = namespace
        .eventually("the newer version to be seen", || {
            let status = namespace.get("activitymodule", "greeter")["status"].clone();
            (status["available"]["version"] == "1.3.0").then_some(status)
        })
        .await;
    assert_eq!((&seen["accepted"], &seen["resolved"]), (&first["accepted"], &first["resolved"]), "it is said, and nothing moves");
}
