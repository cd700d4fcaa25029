//! An upgrade of the operator makes no new version; what was applied is what is there.

use crate::ground::{INSTALLATION, Namespace, saying, task_queue, waiting};
use serde_json::json;

#[tokio::test]
async fn an_operator_of_another_version_makes_no_new_version() {
    let namespace = Namespace::under("other", INSTALLATION.write().await).await;
    let objects = [task_queue(&namespace, json!({})), waiting(&namespace, "one")];
    namespace.apply(&objects);
    let build_id = namespace.live("waiting").await;
    let (unchanged, said) = namespace.diff(&objects);
    assert!(unchanged, "{said}");

    // An operator of another version brings another image for new versions.
    let image = namespace.cluster.image("PACKAGE_BUILDER_IMAGE").rsplit_once(':').unwrap();
    let (repository, tag) = (format!("workerImage.repository={}", image.0), format!("workerImage.tag={}", image.1));
    namespace.cluster.install(&[&repository, &tag]);
    namespace.apply(&[saying(&namespace, "unrelated", "one")].map(|mut object| {
        object["spec"]["taskQueue"] = json!("another-queue");
        object
    }));
    namespace.live("unrelated").await;
    let versions =
        namespace.list("workerversions").into_iter().filter(|version| version["spec"]["taskQueue"] == namespace.queue().as_str());
    assert_eq!(versions.map(|version| version["spec"]["buildId"].clone()).collect::<Vec<_>>(), [json!(build_id)]);
    namespace.cluster.install(&[]);
}
