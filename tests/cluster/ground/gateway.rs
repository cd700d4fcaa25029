//! A gateway before the Temporal server, as Temporal Cloud has: mutual TLS, and an API key in every call.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{Request, Response, Uri};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// The API keys that count now, and when each key came last.
#[derive(Default)]
struct Keys {
    taken: Vec<String>,
    seen: HashMap<String, Instant>,
}

/// A gateway. Dropped, it takes no more connections.
pub struct Gateway {
    pub address: String,
    keys: Arc<Mutex<Keys>>,
    task: JoinHandle<()>,
}

impl Gateway {
    /// A gateway on a host's address before `server`; who connects needs a certificate that `clients` signed.
    pub async fn start(host: &str, server: &str, own: &Authority, clients: &Authority, keys: &[&str]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(clients.roots(), provider.clone()).build().unwrap();
        let (certificate, key) = own.certificate(host);
        let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>().unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(&key).unwrap())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let held = Arc::<Mutex<Keys>>::default();
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), server.to_owned(), held.clone()));
        let gateway = Self { address, keys: held, task };
        gateway.take(keys);
        gateway
    }

    /// From now on these keys count, and no others.
    pub fn take(&self, keys: &[&str]) {
        self.keys.lock().unwrap().taken = keys.iter().map(|key| format!("Bearer {key}")).collect();
    }

    /// Since when no call has come with a key; none where none ever did.
    pub fn unseen(&self, key: &str) -> Option<Duration> {
        self.keys.lock().unwrap().seen.get(&format!("Bearer {key}")).map(Instant::elapsed)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: String, keys: Arc<Mutex<Keys>>) {
    loop {
        let (plain, _) = listener.accept().await.unwrap();
        let (acceptor, server, keys) = (acceptor.clone(), server.clone(), keys.clone());
        tokio::spawn(async move {
            // A handshake that fails is what the other side tells of.
            let Ok(outside) = acceptor.accept(plain).await else { return };
            let Ok(mut outside) = h2::server::handshake(outside).await else { return };
            let Ok(inside) = TcpStream::connect(&server).await else { return };
            let (inside, connection) = h2::client::handshake(inside).await.unwrap();
            let connection = tokio::spawn(connection);
            while let Some(Ok((request, respond))) = outside.accept().await {
                tokio::spawn(hand_on(request, respond, inside.clone(), keys.clone()));
            }
            connection.abort();
        });
    }
}

/// Hands one call on, where its key counts.
async fn hand_on(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    inside: SendRequest<Bytes>,
    keys: Arc<Mutex<Keys>>,
) -> Option<()> {
    let (mut parts, body) = request.into_parts();
    let key = parts.headers.get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let counts = {
        let mut keys = keys.lock().unwrap();
        keys.seen.insert(key.clone(), Instant::now());
        keys.taken.contains(&key)
    };
    if !counts {
        let refused = Response::builder().header("content-type", "application/grpc").header("grpc-status", "16");
        respond.send_response(refused.header("grpc-message", "Request unauthorized.").body(()).unwrap(), true).ok()?;
        return None;
    }
    let path = parts.uri.path().to_owned();
    parts.uri = Uri::builder().scheme("http").authority("temporal").path_and_query(path).build().unwrap();
    let (answer, upwards) = inside.ready().await.ok()?.send_request(Request::from_parts(parts, ()), false).ok()?;
    let up = pump(body, upwards);
    let down = async {
        let (parts, body) = answer.await.ok()?.into_parts();
        let downwards = respond.send_response(Response::from_parts(parts, ()), false).ok()?;
        pump(body, downwards).await
    };
    tokio::join!(up, down).1
}

async fn pump(mut from: RecvStream, mut to: SendStream<Bytes>) -> Option<()> {
    while let Some(part) = from.data().await {
        let part = part.ok()?;
        from.flow_control().release_capacity(part.len()).ok()?;
        to.send_data(part, false).ok()?;
    }
    match from.trailers().await.ok()? {
        Some(trailers) => to.send_trailers(trailers).ok(),
        None => to.send_data(Bytes::new(), true).ok(),
    }
}
