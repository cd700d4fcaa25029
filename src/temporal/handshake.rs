//! Why a TLS handshake failed, found among the causes of an error, in words that say what to change.

use std::error::Error as StdError;

use rustls::{CertificateError, Error as Rustls};

use super::Error;
use super::error::{causes, chain};

const NOT_TLS: &str = "the server speaks no TLS there, so ask for none, or give another address";
const OURS: &str = "give a certificate and its key (tls.crt, tls.key) that an authority of the server's has signed";
const HTTP2: &str = "the server, or a proxy before it, must offer HTTP/2 (ALPN `h2`)";
const SETTINGS: &str = "check the server's TLS settings against ours";

/// The error of TLS among the causes of `error`, if there is one.
pub(super) fn tls(address: &str, error: &(dyn StdError + 'static)) -> Option<Error> {
    let failed = |(problem, advice)| Error::Tls { address: address.to_owned(), problem, advice };
    let rustls = causes(error).find_map(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause.downcast_ref::<Rustls>().or_else(|| inner.and_then(|inner| inner.downcast_ref()))
    });
    if let Some(rustls) = rustls {
        return Some(failed(read(rustls)));
    }
    // Errors that come as words only.
    let words = chain(error);
    if let Some((_, alert)) = words.split_once("received fatal alert: ") {
        return Some(failed(read_alert(alert.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())));
    }
    if words.contains("HTTP/2 was not negotiated") {
        return Some(failed(("it speaks no HTTP/2".to_owned(), HTTP2)));
    }
    words.contains("no native certs found").then(|| {
        failed(("this system has no list of authorities".to_owned(), "give the server's authority (ca.crt), or install ca-certificates"))
    })
}

fn read(error: &Rustls) -> (String, &'static str) {
    match error {
        Rustls::InvalidCertificate(error) => certificate(error),
        Rustls::AlertReceived(alert) => read_alert(&format!("{alert:?}")),
        Rustls::InvalidMessage(_) => (format!("its answer isn't TLS ({error})"), NOT_TLS),
        Rustls::InconsistentKeys(_) => ("our certificate and key don't belong together".to_owned(), "give the key of that certificate"),
        error => (error.to_string(), SETTINGS),
    }
}

/// What the server's alert says, by its name.
fn read_alert(alert: &str) -> (String, &'static str) {
    match alert {
        "CertificateRequired" => ("it asks for a client certificate".to_owned(), OURS),
        "UnknownCA"
        | "BadCertificate"
        | "UnsupportedCertificate"
        | "CertificateUnknown"
        | "CertificateRevoked"
        | "CertificateExpired"
        | "DecryptError"
        | "AccessDenied" => (format!("it doesn't accept our certificate ({alert})"), OURS),
        "NoApplicationProtocol" => ("it speaks no HTTP/2".to_owned(), HTTP2),
        "UnrecognisedName" => ("it serves no such name".to_owned(), "set the server name to one that it serves"),
        _ => (format!("it gave up the handshake ({alert})"), SETTINGS),
    }
}

fn certificate(error: &CertificateError) -> (String, &'static str) {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            ("its certificate is signed by an authority that isn't trusted here".to_owned(), "give that authority's certificate (ca.crt)")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (format!("its certificate is for another name ({error})"), "set the server name to one of the certificate's")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired".to_owned(), "renew the server's certificate, or set this machine's clock")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("its certificate isn't valid yet".to_owned(), "set this machine's clock, or the server's")
        }
        error => (format!("its certificate can't be trusted ({error})"), "check the server's certificate"),
    }
}
