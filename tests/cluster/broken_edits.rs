//! A broken edit changes the status and nothing else: what serves goes on serving, and a corrected file heals it.

use crate::ground::{Namespace, condition, message, saying, task_queue, workflow};
use serde_json::{Value, json};

/// Applies `broken` over a good version: it is refused for `reason`, with words that hold `hint`; then the good one is applied again.
async fn heals(about: &str, broken: impl FnOnce(&Namespace) -> Vec<Value>, reason: &str, hint: &str) {
    let namespace = Namespace::new(about).await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "good")]);
    let good = namespace.live("saying").await;
    let broken = broken(&namespace);
    namespace.apply(&broken);
    let object = namespace.until("workflow", "saying", "Stalled", &format!("True/{reason}")).await;
    assert!(message(&object, "Stalled").contains(hint), "{}", message(&object, "Stalled"));
    assert_eq!(condition(&object, "Ready"), "True/LastGoodVersion");
    assert_eq!(object["status"]["buildId"], good.as_str());
    assert_eq!(namespace.execute("SayingWorkflow", "while-broken", Value::Null).await, "good");

    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "better")]);
    let better = namespace.live("saying").await;
    assert_ne!(better, good);
    assert_eq!(namespace.execute("SayingWorkflow", "healed", Value::Null).await, "better");
}

fn returning(namespace: &Namespace, value: Value) -> Value {
    workflow(
        namespace,
        "saying",
        json!({
            "nodes": [{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"returnValue": value}}],
            "edges": [{"source": "start", "target": "end"}],
        }),
    )
}

#[tokio::test]
async fn an_expression_that_cannot_be_parsed() {
    heals("syntax", |namespace| vec![returning(namespace, json!({"$expr": "1 +"}))], "DefinitionBroken", "W0301").await;
}

#[tokio::test]
async fn a_type_error() {
    let broken = |namespace: &Namespace| {
        let mut object = returning(namespace, json!({"$expr": "input.count.length"}));
        object["spec"]["input"] = json!({"count": "number"});
        vec![object]
    };
    heals("type", broken, "DefinitionBroken", "W0501").await;
}

#[tokio::test]
async fn a_gate_that_fails() {
    let broken = |namespace: &Namespace| {
        let gate = workflow(
            namespace,
            "gate",
            json!({
                "nodes": [{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"error": "'the smoke test failed'"}}],
                "edges": [{"source": "start", "target": "end"}],
            }),
        );
        vec![
            task_queue(namespace, json!({"rollout": {"gate": {"workflowType": "GateWorkflow", "timeout": "30s"}}})),
            gate,
            saying(namespace, "saying", "bad"),
        ]
    };
    heals("gate", broken, "GateFailed", "the smoke test failed").await;
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled() {
    let broken = |namespace: &Namespace| {
        vec![task_queue(namespace, json!({"workerImage": namespace.image_that_is_not_there()})), saying(namespace, "saying", "bad")]
    };
    let namespace = Namespace::new("image").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "good")]);
    let good = namespace.live("saying").await;
    namespace.apply(&broken(&namespace));
    let object = namespace
        .eventually("the image to be missed", || {
            let object = namespace.get("workflow", "saying");
            matches!(condition(&object, "Stalled").as_str(), "True/ImagePullBackOff" | "True/ErrImagePull").then_some(object)
        })
        .await;
    assert!(message(&object, "Stalled").contains("warpline/nothing:1"), "{}", message(&object, "Stalled"));
    assert_eq!((condition(&object, "Ready").as_str(), object["status"]["buildId"].as_str()), ("True/LastGoodVersion", Some(good.as_str())));
    assert_eq!(namespace.execute("SayingWorkflow", "while-broken", Value::Null).await, "good");
    namespace.apply(&[task_queue(&namespace, json!({}))]);
    let healed = namespace.live("saying").await;
    assert_ne!(healed, good);
    assert_eq!(namespace.execute("SayingWorkflow", "healed", Value::Null).await, "bad");
}

#[tokio::test]
async fn others_of_the_queue_go_on_being_changed_beside_a_broken_one() {
    let namespace = Namespace::new("beside").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "good"), saying(&namespace, "other", "one")]);
    namespace.live("saying").await;
    namespace.live("other").await;
    namespace.apply(&[returning(&namespace, json!({"$expr": "1 +"})), saying(&namespace, "other", "two")]);
    namespace.until("workflow", "saying", "Stalled", "True/DefinitionBroken").await;
    namespace.live("other").await;
    assert_eq!(namespace.execute("OtherWorkflow", "other", Value::Null).await, "two");
    assert_eq!(namespace.execute("SayingWorkflow", "saying", Value::Null).await, "good");
}
