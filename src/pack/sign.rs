//! Signing with a key from a file: ECDSA on P-256 or Ed25519, in PKCS#8 as `openssl genpkey` writes it. Knows not what is signed.

use super::{Error, hex};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a public key of P-256 begins with, as DER of SubjectPublicKeyInfo; the point follows.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00,
];

/// The same for Ed25519.
const EDWARDS: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key that signs.
#[derive(Debug)]
pub struct Key(Pair);

#[derive(Debug)]
enum Pair {
    P256(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl Key {
    /// Reads the key from a PEM file.
    ///
    /// # Errors
    /// The file can't be read, or holds no such key.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let fail = |problem: &str| Error::Key { path: path.to_owned(), problem: problem.to_owned() };
        let text = std::fs::read(path).map_err(Error::file("read", path))?;
        let key = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|_| fail("it is no private key in PEM; make one with `openssl genpkey -algorithm ed25519`"))?;
        let PrivateKeyDer::Pkcs8(key) = key else {
            return Err(fail("it is not PKCS#8; turn it into that with `openssl pkcs8 -topk8 -nocrypt`"));
        };
        let der = key.secret_pkcs8_der();
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self(Pair::Edwards(pair)));
        }
        match EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &SystemRandom::new()) {
            Ok(pair) => Ok(Self(Pair::P256(pair))),
            Err(_) => Err(fail("it is neither Ed25519 nor ECDSA on P-256")),
        }
    }

    /// The SHA-256 of the public key, as hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        let (prefix, point) = match &self.0 {
            Pair::P256(pair) => (P256, pair.public_key().as_ref()),
            Pair::Edwards(pair) => (EDWARDS, pair.public_key().as_ref()),
        };
        hex(&Sha256::new().chain_update(prefix).chain_update(point).finalize())
    }

    /// The signature of `bytes`: ASN.1 for ECDSA.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match &self.0 {
            Pair::Edwards(pair) => Ok(pair.sign(bytes).as_ref().to_vec()),
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), bytes).map_err(|_| "the system has no randomness to give")?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// Whether the signature is this key's.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Pair::P256(pair) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key()).verify(bytes, signature).is_ok(),
            Pair::Edwards(pair) => UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(bytes, signature).is_ok(),
        }
    }
}
