//! A registry of images that wants credentials, and becomes full: each is said by the module that it concerns, and what runs goes on.

use super::{accepted, calling, stalled};
use crate::ground::npm::{Package, module};
use crate::ground::private_registry::{PrivateRegistry, SECRET};
use crate::ground::{Namespace, condition, task_queue};
use serde_json::json;

#[tokio::test]
async fn builds_push_and_workers_pull_with_a_secret_and_a_full_registry_stops_only_what_is_new() {
    let registry = PrivateRegistry::start().await;
    let namespace = Namespace::under("private", ()).await;
    let greet = "export declare function greet(name: string): Promise<string>;";
    let part = "export declare function part(name: string): Promise<string>;";
    Package::new(&namespace, "greeter", "1.0.0").code("exports.greet = async (name) => `hello ${name}`;", greet).publish(&namespace);
    Package::new(&namespace, "parter", "1.0.0").code("exports.part = async (name) => `goodbye ${name}`;", part).publish(&namespace);

    // Without the Secret no build begins; with the wrong words in it, the registry says whom it refuses.
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        module(&namespace, "greeter", "greeter", "1.0.0"),
        calling(&namespace, "greeting", "greet"),
    ]);
    let why = stalled(&namespace, "greeter", "SecretMissing").await;
    assert!(why.contains(&format!("kubectl --namespace {} create secret docker-registry {SECRET}", namespace.name)), "{why}");
    assert_eq!(namespace.list("jobs").len(), 0);
    registry.login(&namespace, "wrong");
    let why = stalled(&namespace, "greeter", "Unauthorized").await;
    assert!(why.contains(&format!("the registry {} refuses the user robot", registry.address())) && !why.contains("wrong"), "{why}");

    // The right ones are taken as they come: nothing else is asked of anybody.
    registry.login(&namespace, "correct horse");
    let greeter = accepted(&namespace, "greeter").await;
    assert!(greeter["accepted"]["image"].as_str().unwrap().starts_with(&format!("{}/modules/", registry.address())), "{greeter}");
    let first = namespace.live("greeting").await;
    assert_eq!(namespace.execute("GreetingWorkflow", "pulled", json!({"name": "Ada"})).await, "hello Ada");
    for pod in namespace.list("pods").iter().filter(|pod| pod["metadata"]["labels"]["warpline.dev/build-id"] == first.as_str()) {
        assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": SECRET}]));
    }

    // A full registry is said of what could not be pushed, and of nothing else.
    registry.fill();
    namespace.apply(&[module(&namespace, "parter", "parter", "1.0.0"), calling(&namespace, "parting", "part")]);
    let why = stalled(&namespace, "parter", "NoSpace").await;
    assert!(why.contains(&format!("the registry {} has no space left", registry.address())) && why.contains("remove images"), "{why}");
    let object = namespace.get("activitymodule", "greeter");
    assert_eq!((&object["status"]["accepted"], condition(&object, "Ready").as_str()), (&greeter["accepted"], "True/Accepted"));
    let object = namespace.get("workflow", "greeting");
    assert_eq!((condition(&object, "Live").as_str(), &object["status"]["buildId"]), ("True/Current", &json!(first)));
    assert_eq!(namespace.execute("GreetingWorkflow", "full", json!({"name": "Ada"})).await, "hello Ada");

    registry.make_room();
    namespace.kubectl(&["annotate", "activitymodule", "parter", "warpline.dev/retry=1"]);
    accepted(&namespace, "parter").await;
    namespace.live("parting").await;
    assert_eq!(namespace.execute("PartingWorkflow", "room", json!({"name": "Ada"})).await, "goodbye Ada");
    assert_eq!(namespace.execute("GreetingWorkflow", "room", json!({"name": "Ada"})).await, "hello Ada");

    // A module that nothing calls goes at once; its image, which nobody may delete without the Secret, is told.
    let spare = "export declare function spare(name: string): Promise<string>;";
    Package::new(&namespace, "spare", "1.0.0").code("exports.spare = async (name) => name;", spare).publish(&namespace);
    namespace.apply(&[module(&namespace, "spare", "spare", "1.0.0")]);
    let image = accepted(&namespace, "spare").await["accepted"]["image"].as_str().unwrap().to_owned();
    namespace.kubectl(&["delete", "secret", SECRET]);
    namespace.kubectl(&["delete", "activitymodule", "spare", "--timeout=20s"]);
    namespace
        .eventually("the event ImagesLeft", || {
            let told = namespace.list("events").into_iter().find(|event| event["reason"] == "ImagesLeft")?;
            let said = told["message"].as_str().unwrap_or_default();
            (said.contains(&image) && said.contains(SECRET)).then_some(())
        })
        .await;
}
