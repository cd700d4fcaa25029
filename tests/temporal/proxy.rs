//! TLS that ends before the server: a proxy that hands on what is inside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// A proxy that ends TLS. Dropped, it takes no more connections.
pub struct Proxy {
    pub port: u16,
    open: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before `server` with a certificate; where `clients` is given, who connects must have one that it signed.
    pub async fn start(server: &str, certificate: &(Vec<u8>, Vec<u8>), clients: Option<&Authority>, protocols: &[&[u8]]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            Some(authority) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(authority.roots(), provider).build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let chain = CertificateDer::pem_slice_iter(&certificate.0).collect::<Result<_, _>>().unwrap();
        let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(&certificate.1).unwrap()).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, open) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), server.to_owned(), open.clone()));
        Self { port, open, task }
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: String, open: Arc<AtomicUsize>) {
    loop {
        let (inner, _) = listener.accept().await.unwrap();
        let (acceptor, server, open) = (acceptor.clone(), server.clone(), open.clone());
        tokio::spawn(async move {
            // A handshake that fails is what the other side tells of.
            let Ok(mut outside) = acceptor.accept(inner).await else { return };
            let mut inside = TcpStream::connect(&server).await.unwrap();
            open.fetch_add(1, Ordering::SeqCst);
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
