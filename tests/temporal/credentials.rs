//! TLS, mutual TLS and API keys: what works, and what is said when it doesn't.

use warpline::temporal::{Client, Error, Target, Tls};

use crate::authority::Authority;
use crate::ground::Ground;
use crate::played::Played;
use crate::proxy::Proxy;

fn target(address: String, tls: Tls) -> Target {
    Target { tls: Some(tls), ..Target::plain(address, "default") }
}

/// The error of TLS, with a part of what it says.
async fn refused(target: &Target, words: &[&str]) {
    let error = Client::connect_to(target, "operator").await.expect_err("it must not connect");
    assert!(matches!(error, Error::Tls { .. }) && error.reason() == "TemporalTLSFailed" && !error.is_transient(), "{error:?}");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
    eprintln!("{text}");
}

#[tokio::test]
async fn tls_is_spoken_and_its_failures_say_what_to_change() {
    let ground = Ground::lay().await;
    let (authority, stranger) = (Authority::new(), Authority::new());
    let proxy = Proxy::start(&ground.server.address, &authority.certificate("localhost"), None, &[b"h2"]).await;
    let address = format!("localhost:{}", proxy.port);
    let trusting = Tls { ca: Some(authority.pem()), ..Tls::default() };

    let client = Client::connect_to(&target(address.clone(), trusting.clone()), "operator").await.unwrap();
    client.check_namespace().await.unwrap();
    assert_eq!(client.deployment("shop/orders").await.unwrap(), None);
    let explicit = Client::connect_to(&target(format!("https://{address}"), trusting.clone()), "operator").await.unwrap();
    explicit.check_namespace().await.unwrap();

    let unknown = Tls { ca: Some(stranger.pem()), ..Tls::default() };
    refused(&target(address.clone(), unknown), &["authority that isn't trusted", "ca.crt"]).await;
    refused(&target(address.clone(), Tls::default()), &["ca.crt"]).await;
    let misnamed = Tls { server_name: Some("temporal.example".to_owned()), ..trusting.clone() };
    refused(&target(address.clone(), misnamed), &["another name", "temporal.example", "server name"]).await;

    // By its number the server's certificate is for another name, unless the name is given.
    let by_number = format!("127.0.0.1:{}", proxy.port);
    refused(&target(by_number.clone(), trusting.clone()), &["another name"]).await;
    let named = Tls { server_name: Some("localhost".to_owned()), ..trusting.clone() };
    Client::connect_to(&target(by_number, named), "operator").await.unwrap().check_namespace().await.unwrap();

    // One speaks TLS, the other doesn't.
    refused(&target(ground.server.address.clone(), trusting.clone()), &["no TLS"]).await;
    let plain = Client::connect_to(&Target::plain(&address, "default"), "operator").await.unwrap_err();
    assert!(matches!(plain, Error::Unreachable { .. }) && plain.to_string().contains("whether it wants TLS"), "{plain}");

    let old = Proxy::start(&ground.server.address, &authority.certificate_until("localhost", 2001), None, &[b"h2"]).await;
    refused(&target(format!("localhost:{}", old.port), trusting.clone()), &["has expired"]).await;
    for protocols in [&[b"http/1.1".as_slice()][..], &[]] {
        let dated = Proxy::start(&ground.server.address, &authority.certificate("localhost"), None, protocols).await;
        refused(&target(format!("localhost:{}", dated.port), trusting.clone()), &["no HTTP/2"]).await;
    }
    ground.clear(vec![]).await;
}

#[tokio::test]
async fn mutual_tls_asks_for_a_certificate_of_the_right_authority() {
    let ground = Ground::lay().await;
    let (authority, clients, stranger) = (Authority::new(), Authority::new(), Authority::new());
    let proxy = Proxy::start(&ground.server.address, &authority.certificate("localhost"), Some(&clients), &[b"h2"]).await;
    let with = |certificate| target(format!("localhost:{}", proxy.port), Tls { server_name: None, ca: Some(authority.pem()), certificate });

    let ours = clients.certificate("operator");
    let client = Client::connect_to(&with(Some(ours.clone())), "operator").await.unwrap();
    client.check_namespace().await.unwrap();
    drop(client);
    refused(&with(None), &["client certificate", "tls.crt"]).await;
    refused(&with(Some(stranger.certificate("operator"))), &["doesn't accept our certificate"]).await;
    refused(&with(Some(clients.certificate_until("operator", 2001))), &["doesn't accept our certificate"]).await;
    let other_key = clients.certificate("operator").1;
    refused(&with(Some((ours.0, other_key))), &["don't belong together"]).await;
    ground.clear(vec![]).await;
}

#[tokio::test]
async fn an_api_key_is_sent_with_every_call() {
    let server = Played::start(|call| {
        let is_known = call.authorization.as_deref() == Some("Bearer good");
        (!is_known).then_some((16, "Request unauthorized."))
    });
    let server = server.await;
    // A server of one's own on a machine of one's own: only there a key is sent in the clear.
    let with_key = |key: &str| Target { api_key: Some(key.to_owned()), ..Target::plain(format!("http://{}", server.address), "shop") };
    let client = Client::connect_to(&with_key("good"), "operator").await.unwrap();
    client.check_namespace().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["GetSystemInfo", "DescribeNamespace"]);
    assert!(calls.iter().all(|call| call.authorization.as_deref() == Some("Bearer good")), "{calls:?}");
    // A gateway for many namespaces chooses by this one.
    assert_eq!(calls[1].namespace.as_deref(), Some("shop"));

    let error = Client::connect_to(&with_key("bad"), "operator").await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("API key") && !error.to_string().contains("bad"), "{error}");

    let before = server.opened();
    for unusable in ["", "good\n", "göod", "go od"] {
        let error = Client::connect_to(&with_key(unusable), "operator").await.unwrap_err();
        assert!(matches!(error, Error::Credentials { .. }) && error.to_string().contains("the API key"), "{error}");
    }
    // Without `http://` a key goes through TLS only: this server can't have it.
    let silent = Target { address: server.address.clone(), ..with_key("good") };
    let error = Client::connect_to(&silent, "operator").await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert_eq!((server.opened(), server.calls().len()), (before + 1, 3));
}
