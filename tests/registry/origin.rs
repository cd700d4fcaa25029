//! What is said of an image: what software is in it, how it was made, and who signed that.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::hosted::{Hosted, anonymous};
use crate::program::{Packed, pack};
use crate::tree::acme;
use warpline::registry::media;

/// The blob of the image's referrers of a kind.
async fn said(registry: &Hosted, packed: &Packed, kind: &str) -> Vec<Value> {
    let client = anonymous();
    let mut found = Vec::new();
    for referrer in client.referrers(&packed.image, packed.image.digest().unwrap()).await.unwrap() {
        if referrer.artifact_type.as_deref() == Some(kind) {
            let place = packed.image.clone_with_digest(referrer.digest);
            let manifest = client.manifest(&place).await.unwrap().manifest;
            assert_eq!(manifest.subject.unwrap().digest, packed.image.digest().unwrap());
            let bytes = client.blob(&registry.at(packed.image.repository()), &manifest.layers[0].digest).await.unwrap();
            found.push(serde_json::from_slice(&bytes).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn the_software_of_an_image_is_named() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme().with(
        "node_modules/greeting/node_modules/odd",
        json!({"name": "odd", "version": "1.0.0+b", "license": "SEE LICENSE IN terms"}),
        &[("index.js", "")],
    );
    let packed = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let [document] = said(&registry, &packed, media::CYCLONEDX).await.try_into().unwrap();
    valid(&document);
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

/// Asks the validator of those who make CycloneDX.
fn valid(document: &Value) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cyclonedx");
    if !folder.join("node_modules/.package-lock.json").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let packages = ["@cyclonedx/cyclonedx-library@8.5.0", "ajv@8.17.1", "ajv-formats@3.0.1", "ajv-formats-draft2019@1.6.1"];
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).args(packages);
        assert!(npm.status().unwrap().success(), "npm could not install the validator");
    }
    let script = "
        const { Validation, Spec } = require('@cyclonedx/cyclonedx-library');
        const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
        validator.validate(require('fs').readFileSync(0, 'utf8')).then((problem) => {
            if (problem !== null) { console.error(JSON.stringify(problem, null, 1)); process.exit(1); }
        });
    ";
    let file = folder.join("document.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let output =
        Command::new("node").args(["-e", script]).current_dir(&folder).stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn how_an_image_was_made_is_said_and_signed_once() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    for (name, arguments) in
        [("ed25519", &["-algorithm", "ed25519"][..]), ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])]
    {
        let key = tree.path().join(format!("{name}.pem"));
        openssl(&[&["genpkey", "-out", key.to_str().unwrap()], arguments].concat());
        let to = registry.at(&format!("acme/{name}"));
        let more = ["--sign-key", key.to_str().unwrap()];
        let packed = pack(tree.path(), "@acme/activities", &base, &to, &more).unwrap();
        let again = pack(tree.path(), "@acme/activities", &base, &to, &more).unwrap();
        assert_eq!((&packed.image, again.pushed), (&again.image, 0), "what is signed is not signed again");
        let [envelope] = said(&registry, &packed, media::IN_TOTO).await.try_into().unwrap();
        let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let payload = decoded(&envelope["payload"]);
        assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
        verified(
            tree.path(),
            &key,
            &payload,
            &decoded(&envelope["signatures"][0]["sig"]),
            &envelope["signatures"][0]["keyid"],
            name == "ed25519",
        );

        let statement: Value = serde_json::from_slice(&payload).unwrap();
        let digits = |digest: &str| digest.strip_prefix("sha256:").unwrap().to_owned();
        assert_eq!(statement["subject"][0]["digest"]["sha256"], digits(packed.image.digest().unwrap()));
        assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
        let definition = &statement["predicate"]["buildDefinition"];
        let base_digest = anonymous().manifest(&base).await.unwrap().descriptor.digest;
        let lockfile = anonymous().record(&packed.image, &packed.record).await.unwrap().lockfile;
        let dependencies = definition["resolvedDependencies"].as_array().unwrap();
        let digest_of = |name: &str| dependencies.iter().find(|each| each["name"] == name).unwrap()["digest"]["sha256"].clone();
        assert_eq!((digest_of("base"), digest_of("package-lock.json")), (digits(&base_digest).into(), digits(&lockfile).into()));
        let uris: Vec<&str> = dependencies.iter().filter_map(|each| each["uri"].as_str()).filter(|uri| uri.starts_with("pkg:")).collect();
        assert_eq!(uris, ["pkg:npm/%40acme/activities@1.0.0"]);
        assert_eq!(definition["externalParameters"]["package"], "@acme/activities");
    }
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_refused_before_anything_is_pushed() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    let key = tree.path().join("key.pem");
    let path = key.to_str().unwrap();
    let makers: [&[&str]; 3] = [
        &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", path],
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path],
        &["rand", "-hex", "-out", path, "32"],
    ];
    for (maker, words) in makers.into_iter().zip(["neither Ed25519 nor ECDSA", "openssl pkcs8 -topk8", "no private key in PEM"]) {
        openssl(maker);
        let refused = pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &["--sign-key", path]).unwrap_err();
        assert_eq!(refused.reason, "KeyInvalid");
        assert!(refused.message.contains(words), "{}", refused.message);
    }
    assert!(!std::fs::exists(registry.storage.join("docker/registry/v2/repositories/a")).unwrap());
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Verifies a DSSE signature as anybody would who has the public key and OpenSSL.
fn verified(folder: &Path, key: &Path, payload: &[u8], signature: &[u8], id: &Value, is_raw: bool) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (public, signed, sig) = (path("public.pem"), path("signed"), path("signature"));
    openssl(&["pkey", "-in", key.to_str().unwrap(), "-pubout", "-out", &public]);
    let kind = "application/vnd.in-toto+json";
    let text = format!("DSSEv1 {} {kind} {} {}", kind.len(), payload.len(), String::from_utf8_lossy(payload));
    std::fs::write(&signed, text).unwrap();
    std::fs::write(&sig, signature).unwrap();
    let how: &[&str] = if is_raw { &["-rawin"] } else { &["-rawin", "-digest", "sha256"] };
    openssl(&[&["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-in", &signed, "-sigfile", &sig], how].concat());
    let der = openssl(&["pkey", "-in", key.to_str().unwrap(), "-pubout", "-outform", "DER"]);
    assert_eq!(id.as_str().unwrap(), warpline::registry::digest(&der).strip_prefix("sha256:").unwrap());
}
