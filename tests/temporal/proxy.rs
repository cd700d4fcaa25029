//! TLS that ends before the server: authorities, certificates, and a proxy that hands on what is inside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// No two authorities have one name.
static NUMBER: AtomicUsize = AtomicUsize::new(1);

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("authority {}", NUMBER.fetch_add(1, Ordering::SeqCst)));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// A certificate for `name`, and its key.
    pub fn certificate(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        self.certificate_until(name, 4096)
    }

    /// A certificate that ends with a year.
    pub fn certificate_until(&self, name: &str, year: i32) -> (Vec<u8>, Vec<u8>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

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
