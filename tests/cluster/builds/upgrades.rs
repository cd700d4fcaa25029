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

#[tokio::test]
async fn executions_in_flight_end_on_the_old_code_whose_image_then_goes() {
    let namespace = Namespace::new("upgrade").await;
    greeter(&namespace, "1.0.0").publish(&namespace);
    let ada = json!({"name": "Ada"});
    namespace.apply(&[
        quick(&namespace),
        module(&namespace, "greeter", "greeter", "^1.0.0"),
        calling_later(&namespace, "greeting", "greet"),
    ]);
    let one = namespace.live("greeting").await;
    let old = namespace.get("activitymodule", "greeter")["status"]["accepted"].clone();
    assert_eq!(old["version"], "1.0.0");
    let early = namespace.start("GreetingWorkflow", "early", ada.clone()).await;
    assert_eq!(namespace.begun(&early).await, one);

    greeter(&namespace, "1.1.0").publish(&namespace);
    namespace.kubectl(&["annotate", "activitymodule", "greeter", "warpline.dev/update=1"]);
    let two = namespace
        .eventually("the new version to be current", || {
            let workflow = namespace.get("workflow", "greeting");
            let build_id = workflow["status"]["buildId"].as_str()?.to_owned();
            (build_id != one).then_some(build_id)
        })
        .await;
    let status = accepted(&namespace, "greeter").await;
    assert_eq!((status["accepted"]["version"].as_str(), status["resolved"]["version"].as_str()), (Some("1.1.0"), Some("1.1.0")));
    let late = namespace.start("GreetingWorkflow", "late", ada).await;
    assert_eq!(namespace.begun(&late).await, two);
    assert!(has_image(&namespace, old["image"].as_str().unwrap()), "an execution needs it");

    for id in [&early, &late] {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
    }
    assert_eq!(namespace.result(&early).await, "1.0.0 greets Ada");
    assert_eq!(namespace.result(&late).await, "1.1.0 greets Ada");
    namespace
        .eventually("the old version, its pods, its image and its record to go", || {
            let is_left = namespace.list("workerversions").iter().any(|version| version["spec"]["buildId"] == one.as_str());
            let has_pods = namespace.list("pods").iter().any(|pod| pod["metadata"]["labels"]["warpline.dev/build-id"] == one.as_str());
            let image = old["image"].as_str()?;
            let (repository, _) = image.split_once('@')?;
            let record = format!("{repository}@{}", old["record"].as_str()?);
            let is_gone = !is_left && !has_pods && !has_image(&namespace, image) && !has_image(&namespace, &record);
            is_gone.then_some(())
        })
        .await;
    assert!(has_image(&namespace, status["accepted"]["image"].as_str().unwrap()));
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
