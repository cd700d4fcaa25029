//! Modules that are deleted: their images go with the last version that needs them, and nothing holds the objects up.

use super::{accepted, calling_later, has_image};
use crate::ground::npm::{Package, module};
use crate::ground::{Namespace, task_queue};
use serde_json::{Value, json};

#[tokio::test]
async fn images_of_a_deleted_module_go_when_no_version_needs_them() {
    let namespace = Namespace::new("leaving").await;
    for (name, activity) in [("greeter", "greet"), ("spare", "spare")] {
        let code = format!("exports.{activity} = async (name) => `{activity} ${{name}}`;");
        let types = format!("export declare function {activity}(name: string): Promise<string>;");
        Package::new(&namespace, name, "1.0.0").code(&code, &types).publish(&namespace);
    }
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        module(&namespace, "greeter", "greeter", "1.0.0"),
        module(&namespace, "spare", "spare", "1.0.0"),
        calling_later(&namespace, "greeting", "greet"),
    ]);
    let image = |status: Value| status["accepted"]["image"].as_str().unwrap().to_owned();
    let (greeter, spare) = (image(accepted(&namespace, "greeter").await), image(accepted(&namespace, "spare").await));
    namespace.live("greeting").await;
    let held = namespace.start("GreetingWorkflow", "held", json!({"name": "Ada"})).await;
    namespace.begun(&held).await;
    assert!(has_image(&namespace, &greeter) && has_image(&namespace, &spare));

    // Deleted at once; what no version has goes, what a version serves stays.
    namespace.kubectl(&["delete", "activitymodule", "greeter", "spare", "--timeout=20s"]);
    namespace.eventually("the image that nothing calls to be gone", || (!has_image(&namespace, &spare)).then_some(())).await;
    assert!(has_image(&namespace, &greeter));
    namespace.kubectl(&["delete", "workflow", "greeting", "--wait=false"]);
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "greet Ada");
    namespace.eventually("the image to go with its last version", || (!has_image(&namespace, &greeter)).then_some(())).await;
    assert_eq!(namespace.list("workerversions").len(), 0);
}
