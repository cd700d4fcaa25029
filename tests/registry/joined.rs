//! One image of several modules; what refers to images; and how all of it goes.

use crate::hosted::{Hosted, anonymous, push_base};
use crate::program::{Packed, pack};
use crate::tree::{acme, acme_at};
use warpline::registry::{Error, Reference, media};

async fn two(registry: &Hosted, base: &Reference) -> [Packed; 2] {
    [acme(), acme_at("2.0.0", "exports.build = async () => 2;")]
        .map(|tree| pack(tree.path(), "@acme/activities", base, &registry.at("acme/activities"), &[]).unwrap())
}

#[tokio::test]
async fn modules_are_joined_in_any_order_and_share_their_dependencies() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let [one, other] = two(&registry, &base).await;
    let client = anonymous();
    let repository = registry.at("acme/joined");
    let images = [one.image.clone(), other.image.clone()];
    let joined = client.compose(&base, &images, &repository).await.unwrap();
    assert_eq!(joined.repository(), "acme/joined");
    let reversed = [other.image.clone(), one.image.clone(), one.image.clone()];
    assert_eq!(client.compose(&base, &reversed, &repository).await.unwrap(), joined);
    let layers = async |image: &Reference| client.manifest(image).await.unwrap().manifest.layers;
    let (joined_layers, base_layers) = (layers(&joined).await, layers(&base).await);
    assert_eq!(joined_layers.len(), base_layers.len() + 3, "the dependencies are the same, and there once");
    for image in [&one.image, &other.image] {
        for layer in layers(image).await {
            assert!(joined_layers.contains(&layer));
        }
    }
    let config = client.config(&joined, &client.manifest(&joined).await.unwrap().manifest).await.unwrap();
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), joined_layers.len());
    assert_eq!(config["config"]["User"], "10001:10001");
    assert!(!config.to_string().contains("2026-01-01"), "no times");

    let alone = client.compose(&base, std::slice::from_ref(&one.image), &registry.at("acme/activities")).await.unwrap();
    assert_eq!(alone, one.image, "one alone is itself");
    let moved = client.compose(&base, std::slice::from_ref(&one.image), &repository).await.unwrap();
    assert_eq!((moved.digest(), moved.repository()), (one.image.digest(), "acme/joined"));
}

#[tokio::test]
async fn a_module_moves_to_another_base_without_being_built_again() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let [one, _] = two(&registry, &base).await;
    let client = anonymous();
    let newer = acme_base(&registry).await;
    let moved = client.compose(&newer, std::slice::from_ref(&one.image), &registry.at("acme/activities")).await.unwrap();
    assert_ne!(moved, one.image);
    let layers = client.manifest(&moved).await.unwrap().manifest.layers;
    let before = client.manifest(&one.image).await.unwrap().manifest.layers;
    assert_eq!(layers[layers.len() - 2..], before[before.len() - 2..]);
}

/// Another base: an image with one layer more.
async fn acme_base(registry: &Hosted) -> Reference {
    let client = anonymous();
    let place = registry.at("warpline/newer");
    let base = push_base(&client, &place).await;
    pack(acme_at("9.0.0", "").path(), "@acme/activities", &base, &place, &[]).unwrap().image
}

#[tokio::test]
async fn what_is_no_module_is_not_joined() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let [one, _] = two(&registry, &base).await;
    let error = anonymous().compose(&base, &[one.image, base.clone()], &registry.at("a")).await.unwrap_err();
    assert_eq!(error.reason(), "ImageInvalid");
    assert!(error.to_string().contains("warpline/worker:1"), "{error}");
}

#[tokio::test]
async fn referrers_are_found_and_go_with_the_image_in_a_registry_that_knows_them_and_in_one_that_does_not() {
    let client = anonymous();
    for registry in [Hosted::debian(), Hosted::with_referrers()] {
        let base = push_base(&client, &registry.at("warpline/worker")).await;
        let [one, other] = two(&registry, &base).await;
        for packed in [&one, &other] {
            let referrers = client.referrers(&packed.image, packed.image.digest().unwrap()).await.unwrap();
            let mut kinds = Vec::new();
            for referrer in &referrers {
                let place = packed.image.clone_with_digest(referrer.digest.clone());
                kinds.push(client.manifest(&place).await.unwrap().manifest.artifact_type.unwrap());
            }
            kinds.sort_unstable();
            assert_eq!(kinds, [media::CYCLONEDX, media::IN_TOTO, media::RECORD]);
            assert!(referrers.iter().any(|referrer| referrer.digest == packed.record));
        }
        assert!(client.exists(&one.image).await.unwrap());
        client.delete(&one.image).await.unwrap();
        assert!(!client.exists(&one.image).await.unwrap());
        assert!(matches!(client.record(&one.image, &one.record).await, Err(Error::NotFound { .. })));
        assert_eq!(client.referrers(&one.image, one.image.digest().unwrap()).await.unwrap(), []);
        client.delete(&one.image).await.unwrap();
        assert_eq!(client.record(&other.image, &other.record).await.unwrap().version, "2.0.0", "the other one stays");
        let again = pack(acme().path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
        assert_eq!((again.image, again.record), (one.image, one.record), "what went can be made again");
    }
}
