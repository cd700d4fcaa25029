//! Mutual TLS and an API key, from Secrets: for the operator and for the workers; changed while both run.

use crate::authority::Authority;
use crate::ground::{Gateway, Namespace, condition, message, task_queue, waiting};
use base64::Engine;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn credentials_come_from_secrets_and_change_without_a_restart() {
    let namespace = Namespace::new("secrets").await;
    let cluster = namespace.cluster;
    let (authority, clients) = (Authority::new(), Authority::new());
    let gateway = Gateway::start(cluster.get("HOST_ADDRESS"), cluster.get("TEMPORAL_ADDRESS"), &authority, &clients, &["one"]).await;
    let temporal = json!({"address": gateway.address, "tls": {"secretName": "temporal-tls"}, "apiKeySecret": {"name": "temporal-key"}});
    let queue = task_queue(&namespace, json!({"temporal": temporal}));

    // Each that is missing or wrong is named.
    namespace.apply(&[queue.clone(), waiting(&namespace, "first")]);
    let object = namespace.until("taskqueue", &namespace.queue(), "Connected", "False/SecretMissing").await;
    assert!(message(&object, "Connected").contains("temporal-tls"), "{object}");
    let (certificate, key) = Authority::new().certificate("stranger");
    let stranger = secret("temporal-tls", &[("ca.crt", &authority.pem()), ("tls.crt", &certificate), ("tls.key", &key)]);
    namespace.apply(&[secret("temporal-key", &[("apiKey", b"zero")]), stranger]);
    namespace.until("taskqueue", &namespace.queue(), "Connected", "False/TemporalTLSFailed").await;
    let (certificate, key) = clients.certificate("warpline");
    namespace.apply(&[secret("temporal-tls", &[("ca.crt", &authority.pem()), ("tls.crt", &certificate), ("tls.key", &key)])]);
    let object = namespace.until("taskqueue", &namespace.queue(), "Connected", "False/TemporalUnauthenticated").await;
    assert!(!object.to_string().contains("zero"), "{object}");
    namespace.apply(&[secret("temporal-key", &[("apiKey", b"one")])]);
    let first = namespace.live("waiting").await;

    // While an execution waits, the key is changed: the pod that has it goes on with the new one.
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    gateway.take(&["one", "two"]);
    namespace.apply(&[secret("temporal-key", &[("apiKey", b"two")])]);
    namespace.apply(&[waiting(&namespace, "second")]);
    let second = namespace.live("waiting").await;
    // The kubelet brings it to a pod within a minute or so: until then both count, as whoever changes a key lets them.
    let is_left = || (gateway.unseen("one")? > Duration::from_secs(12)).then_some(());
    namespace.eventually("nobody to use the old key any more", is_left).await;
    gateway.take(&["two"]);
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "first");
    assert_eq!(namespace.execute_waiting("after").await, "second");
    assert_ne!(first, second);
    for pod in namespace.list("pods") {
        assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0, "{pod}");
    }

    // A key that no longer counts: what serves is kept, and the status says why nothing goes on.
    gateway.take(&["three"]);
    namespace.apply(&[waiting(&namespace, "third")]);
    namespace.until("taskqueue", &namespace.queue(), "Connected", "False/TemporalUnauthenticated").await;
    let object = namespace.get("workflow", "waiting");
    assert_eq!(object["status"]["buildId"], second.as_str());
    assert!(condition(&object, "Ready").starts_with("True/"), "{object}");
    namespace.apply(&[secret("temporal-key", &[("apiKey", b"three")])]);
    namespace.live("waiting").await;
    assert_eq!(namespace.execute_waiting("last").await, "third");
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_named_and_what_runs_waits_for_its_renewal() {
    let namespace = Namespace::new("expired").await;
    let cluster = namespace.cluster;
    let (authority, clients) = (Authority::new(), Authority::new());
    let gateway = Gateway::start(cluster.get("HOST_ADDRESS"), cluster.get("TEMPORAL_ADDRESS"), &authority, &clients, &["one"]).await;
    let temporal = json!({"address": gateway.address, "tls": {"secretName": "temporal-tls"}, "apiKeySecret": {"name": "temporal-key"}});
    let until = |year: i32| {
        let (certificate, key) = clients.certificate_until("warpline", year);
        secret("temporal-tls", &[("ca.crt", &authority.pem()), ("tls.crt", &certificate), ("tls.key", &key)])
    };
    namespace.apply(&[secret("temporal-key", &[("apiKey", b"one")]), until(4096)]);
    namespace.apply(&[task_queue(&namespace, json!({"temporal": temporal})), waiting(&namespace, "first")]);
    let first = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;

    namespace.apply(&[until(2001)]);
    namespace.apply(&[waiting(&namespace, "second")]);
    let object = namespace.until("taskqueue", &namespace.queue(), "Connected", "False/TemporalTLSFailed").await;
    assert!(message(&object, "Connected").contains("CertificateExpired"), "{object}");
    let object = namespace.get("workflow", "waiting");
    assert_eq!(object["status"]["buildId"], first.as_str());
    assert!(condition(&object, "Ready").starts_with("True/"), "{object}");

    namespace.apply(&[until(4096)]);
    namespace.live("waiting").await;
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "first");
    assert_eq!(namespace.build_id_of(&held).await, first);
    assert_eq!(namespace.execute_waiting("after").await, "second");
}

fn secret(name: &str, data: &[(&str, &[u8])]) -> Value {
    let encoded = data.iter().map(|(key, value)| ((*key).to_owned(), json!(base64::engine::general_purpose::STANDARD.encode(value))));
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": Value::Object(encoded.collect())})
}
