//! Who may what: users with passwords, tokens of a token server, and those who are nobody.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::hosted::{Hosted, anonymous, push_base};
use crate::program::pack;
use crate::token::TokenServer;
use crate::tree::{Tree, acme};
use warpline::registry::{Credentials, Options, PlainHttp, Registry};

fn config(registry: &str, user: &str, password: &str) -> String {
    json!({"auths": {registry: {"auth": STANDARD.encode(format!("{user}:{password}"))}}}).to_string()
}

fn client(config: &str) -> Registry {
    let credentials = Credentials::from_docker_config(config.as_bytes()).unwrap();
    Registry::new(Options { plain_http: PlainHttp::All, credentials, ..Options::default() }).unwrap()
}

#[tokio::test]
async fn a_password_opens_and_a_wrong_one_is_refused_at_once() {
    let registry = Hosted::with_users();
    let right = config(&registry.address, "robot", "correct horse");
    let base = push_base(&client(&right), &registry.at("warpline/worker")).await;
    let tree = acme();
    let with = |tree: &Tree, config: &str| {
        let file = tree.file("config.json", config);
        pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &["--registry-config", file.to_str().unwrap()])
    };
    let packed = with(&tree, &right).unwrap();
    assert!(client(&right).exists(&packed.image).await.unwrap());

    let wrong = with(&tree, &config(&registry.address, "robot", "wrong")).unwrap_err();
    assert_eq!(wrong.reason, "Unauthorized");
    assert!(wrong.message.contains("refuses the user robot") && !wrong.message.contains("wrong"), "{}", wrong.message);
    let nobody = with(&tree, "{}").unwrap_err();
    assert_eq!((nobody.reason.as_str(), nobody.message.contains("refuses anonymous access")), ("Unauthorized", true), "{}", nobody.message);
    let other = with(&tree, &config("registry.example", "robot", "correct horse")).unwrap_err();
    assert_eq!(other.reason, "Unauthorized", "the login of one registry is not shown to another");
    let broken = with(&tree, "{").unwrap_err();
    assert_eq!(broken.reason, "CredentialsInvalid");
    for answer in [anonymous().exists(&packed.image).await.map(drop), anonymous().delete(&packed.image).await] {
        assert_eq!(answer.unwrap_err().reason(), "Unauthorized");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_asked_for_just_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let server = TokenServer::start(folder.path()).await;
    let registry = Hosted::with_tokens(&server.realm, &server.roots);
    let login = config(&registry.address, "robot", "correct horse");
    let client = client(&login);
    let base = push_base(&client, &registry.at("warpline/worker")).await;
    server.forget();
    let tree = acme();
    let file = tree.file("config.json", &login);
    let arguments = ["--registry-config", file.to_str().unwrap()];
    let packed = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &arguments).unwrap();
    assert_eq!(packed.mounted, 500_000, "a token for both repositories lets layers be taken over");
    let scopes = server.asked();
    assert!(scopes.contains(&"repository:warpline/worker:pull".to_owned()), "{scopes:?}");
    assert!(scopes.contains(&"repository:acme/activities:pull,push repository:warpline/worker:pull".to_owned()), "{scopes:?}");
    assert!(!scopes.iter().any(|scope| scope.contains("warpline/worker:pull,push") || scope.contains("delete")), "{scopes:?}");
    assert!(scopes.len() < 6, "tokens are kept: {scopes:?}");

    client.delete(&packed.image).await.unwrap();
    assert!(server.asked().contains(&"repository:acme/activities:pull,push,delete".to_owned()));
    let file = tree.file("config.json", config(&registry.address, "robot", "wrong"));
    let wrong =
        pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &["--registry-config", file.to_str().unwrap()]).unwrap_err();
    assert_eq!(wrong.reason, "Unauthorized");
    let nobody = pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &[]).unwrap_err();
    assert_eq!(nobody.reason, "Unauthorized");
}
