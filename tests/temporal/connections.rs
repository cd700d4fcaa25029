//! Connections that are shared: how many there are, when they go, and what happens when none can be made.

use std::sync::Arc;
use std::time::Duration;

use warpline::temporal::{Client, Connections, Error, Target, Tls};

use crate::authority::Authority;
use crate::ground::{Ground, eventually};
use crate::played::Played;
use crate::proxy::Proxy;

#[tokio::test]
async fn one_address_with_one_secret_is_one_connection() {
    let server = Played::start(|_| None).await;
    let connections = Arc::new(Connections::new("operator"));
    let with = |namespace: &str, key: &str| Target {
        api_key: Some(key.to_owned()),
        ..Target::plain(format!("http://{}", server.address), namespace)
    };
    let clients = (0..20).map(|number| {
        let (connections, target) = (connections.clone(), with(&format!("namespace-{number}"), "old"));
        tokio::spawn(async move { connections.client(&target).await.unwrap() })
    });
    let clients: Vec<Client> = futures::future::try_join_all(clients).await.unwrap();
    for client in &clients {
        client.check_namespace().await.unwrap();
    }
    assert_eq!(server.opened(), 1);
    let asked: Vec<_> = server.calls().into_iter().filter_map(|call| call.namespace).collect();
    assert_eq!(asked, (0..20).map(|number| format!("namespace-{number}")).collect::<Vec<_>>());

    connections.client(&with("namespace-1", "new")).await.unwrap().check_namespace().await.unwrap();
    assert_eq!((server.opened(), server.open()), (2, vec![1, 2]));
    assert_eq!(server.calls().last().unwrap().authorization.as_deref(), Some("Bearer new"));
}

#[tokio::test]
async fn a_rotated_secret_is_a_new_connection_and_the_old_one_goes() {
    let ground = Ground::lay().await;
    let (authority, clients) = (Authority::new(), Authority::new());
    let proxy = Proxy::start(&ground.server.address, &authority.certificate("localhost"), Some(&clients), &[b"h2"]).await;
    let with = |certificate| {
        let tls = Tls { server_name: None, ca: Some(authority.pem()), certificate: Some(certificate) };
        Target { tls: Some(tls), ..Target::plain(format!("localhost:{}", proxy.port), "default") }
    };
    // Nothing is kept that nobody asks for.
    let connections = Connections::idle_after("operator", Duration::ZERO);
    let (old, new) = (with(clients.certificate("operator")), with(clients.certificate("operator")));
    let held = connections.client(&old).await.unwrap();
    held.check_namespace().await.unwrap();
    connections.client(&new).await.unwrap().check_namespace().await.unwrap();
    // Whoever works with the old one ends their work on it.
    held.check_namespace().await.unwrap();
    assert_eq!(proxy.open(), 2);
    drop(held);
    eventually("the old connection is closed", async || (proxy.open() == 1).then_some(())).await;
    connections.client(&new).await.unwrap().check_namespace().await.unwrap();
    assert_eq!(proxy.open(), 1);
    ground.clear(vec![]).await;
}

#[tokio::test]
async fn what_cannot_connect_is_not_tried_at_once_again() {
    let server = Played::start(|call| (call.authorization.is_none()).then_some((16, "who are you"))).await;
    let connections = Connections::new("operator");
    let target = Target::plain(&server.address, "default");
    for _ in 0..50 {
        let error = connections.client(&target).await.unwrap_err();
        assert!(matches!(&error, Error::Unauthenticated { problem, .. } if problem == "who are you"), "{error:?}");
    }
    assert_eq!(server.opened(), 1);
    // Who has a key is another: nothing holds it back.
    let known = Target { address: format!("http://{}", server.address), api_key: Some("key".to_owned()), ..target.clone() };
    connections.client(&known).await.unwrap().check_namespace().await.unwrap();
    // After the pause it is tried again.
    eventually("another try", async || {
        connections.client(&target).await.unwrap_err();
        (server.opened() == 3).then_some(())
    })
    .await;
}
