//! Registries and networks that fail: each a reason, in bounded time, and never half an image.

use std::time::Duration;

use crate::hosted::{Hosted, anonymous, noise, push_base};
use crate::program::pack;
use crate::proxy::{Proxy, Way};
use crate::tree::acme;
use tokio::net::TcpListener;
use warpline::pack::{Request, pack as pack_here};
use warpline::registry::{Descriptor, Options, PlainHttp, Registry, Source, media, reference};
use warpline::typecheck::Checker;

/// A client with little patience.
fn hasty() -> Registry {
    let options = Options {
        plain_http: PlainHttp::All,
        patience: Duration::from_millis(600),
        idle: Duration::from_millis(400),
        ..Options::default()
    };
    Registry::new(options).unwrap()
}

#[tokio::test]
async fn no_registry_at_all() {
    // A port that nobody listens on: it was given to us, and is given back.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let image = reference(&format!("{}/a:1", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = hasty().manifest(&image).await.unwrap_err();
    assert_eq!(error.reason(), "RegistryUnreachable");
    assert!(error.to_string().contains(&format!("the registry {} does not answer", image.registry())), "{error}");
    let nowhere = hasty().exists(&reference("registry.invalid/a:1").unwrap()).await.unwrap_err();
    assert_eq!(nowhere.reason(), "RegistryUnreachable");
}

#[tokio::test]
async fn a_server_that_speaks_tls_or_does_not() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let client = Registry::new(Options { patience: Duration::from_millis(300), ..Options::default() }).unwrap();
    let error = client.manifest(&base).await.unwrap_err();
    assert_eq!(error.reason(), "RegistryUnreachable");
    assert!(error.to_string().contains("whether it speaks TLS"), "{error}");
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_too_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let image = reference(&format!("{}/a:1", listener.local_addr().unwrap())).unwrap();
    assert_eq!(hasty().manifest(&image).await.unwrap_err().reason(), "TooSlow");
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_falls_silent_in_an_upload_is_too_slow_and_leaves_no_image() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let proxy = Proxy::start(&registry.address, Way::SilentAfter(100_000)).await;
    let bytes = noise(1_000_000, 3);
    let error = hasty().push_blob(&proxy.at("a"), &Descriptor::of(media::LAYER, &bytes), Source::Bytes(&bytes)).await.unwrap_err();
    assert_eq!(error.reason(), "TooSlow", "{error}");
    assert!(!anonymous().has_blob(&registry.at("a"), &warpline::registry::digest(&bytes)).await.unwrap());
    assert!(anonymous().exists(&base).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_again() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    tree.file("node_modules/greeting/data.bin", noise(600_000, 5));
    let proxy = Proxy::start(&registry.address, Way::BreaksOnceAfter(300_000)).await;
    let through = reference(&base.to_string().replace(&registry.address, &proxy.address)).unwrap();
    let packed = pack(tree.path(), "@acme/activities", &through, &proxy.at("acme/activities"), &[]).unwrap();
    assert!(proxy.sent() > 900_000, "the layer went out again: {}", proxy.sent());
    let direct = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    assert_eq!((packed.image.digest(), direct.pushed < 8_000), (direct.image.digest(), true), "{direct:?}");
}

#[tokio::test]
async fn a_full_registry_says_so() {
    let registry = Hosted::on_a_small_disk(2);
    let base = push_base(&anonymous(), &registry.at("warpline/worker")).await;
    let tree = acme();
    tree.file("node_modules/greeting/data.bin", noise(3_000_000, 5));
    let full = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap_err();
    assert_eq!(full.reason, "NoSpace", "{}", full.message);
    assert!(full.message.contains("has no space left"), "{}", full.message);
}

#[tokio::test]
async fn a_full_disk_of_our_own_says_so() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    tree.file("node_modules/greeting/data.bin", noise(3_000_000, 5));
    // A device that is always full, in place of the first file that is written.
    let scratch = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", scratch.path().join("dependencies.tar.gz")).unwrap();
    let request = Request {
        tree: tree.path().to_owned(),
        package: "@acme/activities".into(),
        exports: Vec::new(),
        is_declared: false,
        resolution: None,
        base,
        repository: registry.at("a"),
        scratch: scratch.path().to_owned(),
        key: None,
    };
    let checker = Checker::installed(crate::program::typescript()).unwrap();
    let full = pack_here(&request, &checker, &anonymous()).await.unwrap_err();
    assert_eq!(full.reason(), "NoSpace", "{full}");
}

#[tokio::test]
async fn what_became_damaged_in_the_registry_is_never_used() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let client = anonymous();
    let packed = pack(acme().path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let record = client.record(&packed.image, &packed.record).await.unwrap();

    let file = registry.blob(&record.lockfile);
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replacen("sha512", "sha513", 1)).unwrap();
    let error = client.blob(&packed.image, &record.lockfile).await.unwrap_err();
    assert_eq!(error.reason(), "DigestMismatch");
    assert!(error.to_string().contains(&record.lockfile), "{error}");

    let manifest = registry.blob(packed.image.digest().unwrap());
    std::fs::write(&manifest, std::fs::read_to_string(&manifest).unwrap().replacen("schemaVersion\":2", "schemaVersion\":2 ", 1)).unwrap();
    let error = client.compose(&base, std::slice::from_ref(&packed.image), &registry.at("b")).await.unwrap_err();
    assert_ne!(error.reason(), "ImageInvalid", "{error}");
    assert!(!std::fs::exists(registry.storage.join("docker/registry/v2/repositories/b/_manifests")).unwrap());
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_no_image_is_no_base() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    let missing = pack(tree.path(), "@acme/activities", &registry.at("warpline/other"), &registry.at("a"), &[]).unwrap_err();
    assert_eq!(missing.reason, "NotFound");
    assert!(missing.message.contains("warpline/other:latest is not in the registry"), "{}", missing.message);
    let packed = pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &[]).unwrap();
    let artifact = packed.image.clone_with_digest(packed.record);
    assert_eq!(pack(tree.path(), "@acme/activities", &artifact, &registry.at("a"), &[]).unwrap_err().reason, "BaseInvalid");
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_its_limit() {
    let registry = Hosted::debian();
    let client = anonymous();
    let bytes = vec![0; 65 * 1024 * 1024];
    let descriptor = Descriptor::of(media::LAYER, &bytes);
    client.push_blob(&registry.at("a"), &descriptor, Source::Bytes(&bytes)).await.unwrap();
    let error = client.blob(&registry.at("a"), &descriptor.digest).await.unwrap_err();
    assert_eq!(error.reason(), "TooLarge");
}
