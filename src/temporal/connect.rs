//! Connecting: an address and credentials become a connection, or an error that says what to change.

use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use temporalio_client::errors::ClientConnectError;
use temporalio_client::tonic::codegen::http::uri::Authority;
use temporalio_client::{ClientTlsOptions, Connection, ConnectionOptions, RetryOptions, TlsOptions, Url};
use tokio::time::timeout;

use super::call::Limits;
use super::error::{self, Error};
use super::{Target, Tls};

/// How long the network may take to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// The port of a frontend where the address names none.
const PORT: u16 = 7233;

/// Connects, and asks the server what it can do: an answer shows that it is a Temporal server and takes our credentials.
pub(super) async fn connect(target: &Target, identity: &str, limits: &Limits) -> Result<Connection, Error> {
    let url = url(target)?;
    let options = ConnectionOptions::new(url.clone())
        .identity(identity)
        .connect_timeout(CONNECT)
        .retry_options(RetryOptions::builder().max_elapsed_time(Some(limits.retries)).max_retries(20).build())
        .maybe_api_key(api_key(target)?)
        .maybe_tls_options(if url.scheme() == "https" { Some(tls_options(target)?) } else { None })
        // One address, given by name or number: nothing to balance.
        .dns_load_balancing(None)
        .build();
    match timeout(limits.attempt, Connection::connect(options)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(read(target, &error)),
        Err(_) => {
            let problem = format!("it takes connections, but said nothing within {} s", limits.attempt.as_secs());
            Err(Error::Unreachable { address: target.address.clone(), problem })
        }
    }
}

fn read(target: &Target, error: &ClientConnectError) -> Error {
    let address = target.address.clone();
    match error {
        ClientConnectError::SystemInfoCallError(status) => {
            Error::from_status(&address, &target.namespace, "the first call".to_owned(), status)
        }
        ClientConnectError::TonicTransportError(error) => error::transport(&address, error),
        error => Error::Address { address, problem: error::chain(error) },
    }
}

/// The address with scheme and port.
fn url(target: &Target) -> Result<Url, Error> {
    let wrong = |problem: String| Error::Address { address: target.address.clone(), problem };
    let (scheme, authority) = match target.address.split_once("://") {
        Some((scheme @ ("http" | "https"), authority)) => (scheme, authority),
        Some((scheme, _)) => return Err(wrong(format!("the scheme `{scheme}` is neither `http` nor `https`"))),
        None if target.tls.is_some() || target.api_key.is_some() => ("https", target.address.as_str()),
        None => ("http", target.address.as_str()),
    };
    if scheme == "http" && target.tls.is_some() {
        return Err(wrong("it says `http`, but TLS is asked for".to_owned()));
    }
    let authority: Authority = authority.trim_end_matches('/').parse().map_err(|error| wrong(format!("{error}")))?;
    if authority.as_str().contains('@') {
        return Err(wrong("it names a user".to_owned()));
    }
    let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
        None => PORT,
        Some(port) => port.parse().map_err(|_| wrong(format!("its port `{port}` is no number from 1 to 65535")))?,
    };
    let text = format!("{scheme}://{}:{port}", authority.host());
    Url::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn api_key(target: &Target) -> Result<Option<String>, Error> {
    let Some(key) = &target.api_key else { return Ok(None) };
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = if key.is_empty() { "it is empty" } else { "it holds a character that no key has, a space or line break say" };
        return Err(Error::Credentials { what: "the API key", problem: problem.to_owned() });
    }
    Ok(Some(key.clone()))
}

/// What is wrong with PEM texts is found here, where it can be said which of them it is.
fn tls_options(target: &Target) -> Result<TlsOptions, Error> {
    let Tls { server_name, ca, certificate } = target.tls.clone().unwrap_or_default();
    if let Some(ca) = &ca {
        certificates("the certificate of the server's authority (ca.crt)", ca)?;
    }
    let certificate = match certificate {
        Some((certificate, key)) => {
            certificates("our certificate (tls.crt)", &certificate)?;
            PrivateKeyDer::from_pem_slice(&key).map_err(|error| unreadable("the key of our certificate (tls.key)", &error))?;
            Some(ClientTlsOptions::builder().client_cert(certificate).client_private_key(key).build())
        }
        None => None,
    };
    Ok(TlsOptions::builder().maybe_server_root_ca_cert(ca).maybe_domain(server_name).maybe_client_tls_options(certificate).build())
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<(), Error> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        certificate.map_err(|error| unreadable(what, &error))?;
        count += 1;
    }
    if count == 0 {
        return Err(Error::Credentials { what, problem: "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned() });
    }
    Ok(())
}

fn unreadable(what: &'static str, error: &rustls::pki_types::pem::Error) -> Error {
    use rustls::pki_types::pem::Error as Pem;
    let problem = match error {
        Pem::NoItemsFound => "it holds no key in PEM form (-----BEGIN PRIVATE KEY-----)".to_owned(),
        error => format!("it is no PEM ({error})"),
    };
    Error::Credentials { what, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Result<String, String> {
        url(&Target::plain(address, "default")).map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_are_understood_as_people_write_them() {
        assert_eq!(at("here:1"), Ok("http://here:1/".to_owned()));
        assert_eq!(at("here"), Ok("http://here:7233/".to_owned()));
        assert_eq!(at("http://here:80"), Ok("http://here/".to_owned()));
        assert_eq!(at("https://here/"), Ok("https://here:7233/".to_owned()));
        assert_eq!(at("[::1]:7233"), Ok("http://[::1]:7233/".to_owned()));
        assert_eq!(at("[::1]"), Ok("http://[::1]:7233/".to_owned()));
        for wrong in ["", "not an address", "here:", "here:port", "here:70000", "me@here:1", "here/path", "grpc://here:1"] {
            assert!(at(wrong).is_err_and(|error| error.contains(wrong)), "{wrong}");
        }
    }

    #[test]
    fn an_api_key_is_kept_from_the_clear() {
        let with_key = |address: &str| Target { api_key: Some("k".to_owned()), ..Target::plain(address, "default") };
        assert_eq!(url(&with_key("here")).map(|url| url.scheme().to_owned()).ok().as_deref(), Some("https"));
        assert_eq!(url(&with_key("http://here")).map(|url| url.scheme().to_owned()).ok().as_deref(), Some("http"));
        let target = Target { api_key: Some("k\n".to_owned()), ..with_key("here") };
        assert!(api_key(&target).is_err_and(|error| error.to_string().contains("line break")));
    }

    #[test]
    fn tls_and_a_scheme_without_it_contradict() {
        let target = Target { tls: Some(Tls::default()), ..Target::plain("http://here", "default") };
        assert!(url(&target).is_err());
    }

    #[test]
    fn a_pem_that_is_none_is_named() {
        let with = |tls| Target { tls: Some(tls), ..Target::plain("here", "default") };
        let ca = with(Tls { ca: Some(b"no pem".to_vec()), ..Tls::default() });
        assert!(tls_options(&ca).is_err_and(|error| error.to_string().contains("ca.crt")));
        let certificate = with(Tls { certificate: Some((b"no pem".to_vec(), b"none".to_vec())), ..Tls::default() });
        assert!(tls_options(&certificate).is_err_and(|error| error.to_string().contains("tls.crt")));
    }
}
