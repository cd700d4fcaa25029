//! A network between: hands bytes on, counts them, slows them down or stops handing them on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use warpline::registry::{Reference, reference};

/// What it does to what is sent.
#[derive(Clone, Copy)]
pub enum Way {
    /// Nothing.
    Open,
    /// After so many bytes to the server, no more come through, and nothing says so.
    SilentAfter(u64),
    /// After so many bytes to the server, in all connections together, the connection breaks; the next goes through.
    BreaksOnceAfter(u64),
}

/// A proxy before a server. Dropped, it ends.
pub struct Proxy {
    pub address: String,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: &str, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let sent = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept(listener, server.to_owned(), way, sent.clone()));
        Self { address, sent, task }
    }

    /// Bytes that went to the server.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// A repository, through the proxy.
    pub fn at(&self, path: &str) -> Reference {
        reference(&format!("{}/{path}", self.address)).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, way: Way, sent: Arc<AtomicU64>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let Ok(upstream) = TcpStream::connect(&server).await else { continue };
        tokio::spawn(hand_on(client, upstream, way, sent.clone()));
    }
}

async fn hand_on(client: TcpStream, server: TcpStream, way: Way, sent: Arc<AtomicU64>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        // Whoever hangs up has what it wanted.
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from_client.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let before = sent.fetch_add(count as u64, Ordering::SeqCst);
        let after = before + count as u64;
        match way {
            Way::SilentAfter(limit) if after > limit => tokio::time::sleep(Duration::from_secs(3600)).await,
            Way::BreaksOnceAfter(limit) if before <= limit && after > limit => break,
            _ => {}
        }
        if to_server.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    answers.abort();
}
