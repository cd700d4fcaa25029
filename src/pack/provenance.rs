//! How an image was made: an in-toto statement with SLSA provenance (v1) in a DSSE envelope. Pure; says no time, so that the same build says the same.

use super::lock::{digests, purl};
use super::package::Package;
use super::sign::Key;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The type of what is in the envelope.
pub const PAYLOAD: &str = "application/vnd.in-toto+json";

/// What a build was made from.
#[derive(Clone, Debug)]
pub struct Origin<'o> {
    /// The image's repository.
    pub repository: &'o str,
    /// The image's digest.
    pub image: &'o str,
    /// The base, as it was named.
    pub base: &'o str,
    /// The digest of the base.
    pub base_digest: &'o str,
    /// The package.
    pub package: &'o Package,
    /// The exports that were asked for.
    pub exports: &'o [String],
    /// The digest of the lockfile.
    pub lockfile: &'o str,
}

/// The statement.
#[must_use]
pub fn statement(origin: &Origin<'_>) -> Value {
    let Origin { package, .. } = origin;
    let sha256 = |digest: &str| json!({"sha256": digest.strip_prefix("sha256:").unwrap_or(digest)});
    let mut dependencies = vec![
        json!({"name": "base", "uri": format!("oci://{}", origin.base), "digest": sha256(origin.base_digest)}),
        json!({"name": "package-lock.json", "digest": sha256(origin.lockfile)}),
    ];
    // The lockfile's digest stands for all that is installed with it, which the image's SBOM lists.
    let archive: serde_json::Map<String, Value> =
        package.integrity.as_deref().map(digests).unwrap_or_default().into_iter().map(|(name, digits)| (name, digits.into())).collect();
    if !archive.is_empty() {
        dependencies.push(json!({"uri": purl(&package.name, &package.version), "digest": archive}));
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": origin.repository, "digest": sha256(origin.image)}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://warpline.dev/build/npm/v1",
                "externalParameters": {
                    "package": package.name, "version": package.version, "registry": package.registry, "exports": origin.exports, "base": origin.base,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": "https://warpline.dev/build/pack/v1", "version": {"warpline": env!("CARGO_PKG_VERSION")}},
            },
        },
    })
}

/// The statement in an envelope, signed where there is a key.
///
/// # Errors
/// The key can't sign; says why.
pub fn envelope(statement: &Value, key: Option<&Key>) -> Result<Vec<u8>, String> {
    let payload = statement.to_string();
    let signatures = match key {
        Some(key) => vec![json!({"keyid": key.id(), "sig": STANDARD.encode(key.sign(&authenticated(payload.as_bytes()))?)})],
        None => Vec::new(),
    };
    Ok(json!({"payloadType": PAYLOAD, "payload": STANDARD.encode(&payload), "signatures": signatures}).to_string().into_bytes())
}

/// Whether the envelope says just this, with a signature of the key where there is one.
#[must_use]
pub fn says(envelope: &[u8], statement: &Value, key: Option<&Key>) -> bool {
    let Ok(envelope) = serde_json::from_slice::<Value>(envelope) else { return false };
    let decoded = |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let payload = decoded(&envelope["payload"]);
    let signed = |key: &Key| {
        let signatures = envelope["signatures"].as_array().into_iter().flatten();
        signatures.into_iter().any(|signature| key.verify(&authenticated(&payload), &decoded(&signature["sig"])))
    };
    payload == statement.to_string().as_bytes() && key.is_none_or(signed)
}

/// What a signature is made over.
fn authenticated(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {PAYLOAD} {} ", PAYLOAD.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
