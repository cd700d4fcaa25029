//! A server that is played: it answers every call with nothing, or with an error of the test's choice, and remembers who
//! called. For what a dev server never does (it knows no API keys, and answers while it runs) or doesn't show.

use std::sync::{Arc, Mutex};

use h2::server::SendResponse;
use temporalio_client::tonic::codegen::{Bytes, http};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A call, as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which connection it came on, from 1.
    pub connection: usize,
    /// The method's name.
    pub method: String,
    /// The `authorization` header.
    pub authorization: Option<String>,
    /// The `temporal-namespace` header.
    pub namespace: Option<String>,
}

/// An answer that is an error: its gRPC code and words.
pub type Refusal = (u16, &'static str);

/// In place of a code: no answer at all.
const SILENCE: u16 = u16::MAX;

#[derive(Default)]
struct Record {
    calls: Vec<Call>,
    opened: usize,
    open: Vec<usize>,
}

/// The server. Dropped, it takes no more connections.
pub struct Played {
    pub address: String,
    record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

impl Played {
    /// A server that answers with nothing where `refuse` says nothing.
    pub async fn start(refuse: impl Fn(&Call) -> Option<Refusal> + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), refuse)
    }

    /// A server that never answers the calls of one method.
    pub async fn silent_on(method: &'static str) -> Self {
        Self::start(move |call| (call.method == method).then_some((SILENCE, ""))).await
    }

    /// As [`Self::start`], where somebody listens already.
    pub fn on(listener: TcpListener, refuse: impl Fn(&Call) -> Option<Refusal> + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let record = Arc::new(Mutex::new(Record::default()));
        let task = tokio::spawn(accept(listener, record.clone(), Arc::new(refuse)));
        Self { address, record, task }
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.record.lock().unwrap().calls.clone()
    }

    /// The connections that are open.
    pub fn open(&self) -> Vec<usize> {
        self.record.lock().unwrap().open.clone()
    }

    /// How many connections were ever opened.
    pub fn opened(&self) -> usize {
        self.record.lock().unwrap().opened
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Refuse = Arc<dyn Fn(&Call) -> Option<Refusal> + Send + Sync>;

async fn accept(listener: TcpListener, record: Arc<Mutex<Record>>, refuse: Refuse) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = {
            let mut record = record.lock().unwrap();
            record.opened += 1;
            let connection = record.opened;
            record.open.push(connection);
            connection
        };
        let (record, refuse) = (record.clone(), refuse.clone());
        tokio::spawn(async move {
            serve(stream, connection, &record, &refuse).await;
            record.lock().unwrap().open.retain(|&open| open != connection);
        });
    }
}

async fn serve(stream: TcpStream, connection: usize, record: &Mutex<Record>, refuse: &Refuse) {
    let Ok(mut incoming) = h2::server::handshake(stream).await else { return };
    let mut unanswered = Vec::new();
    while let Some(Ok((request, respond))) = incoming.accept().await {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let call = Call {
            connection,
            method: request.uri().path().rsplit('/').next().unwrap_or_default().to_owned(),
            authorization: header("authorization"),
            namespace: header("temporal-namespace"),
        };
        record.lock().unwrap().calls.push(call.clone());
        match refuse(&call) {
            Some((SILENCE, _)) => unanswered.push(respond),
            // Who called may be gone.
            refusal => drop(answer(respond, refusal)),
        }
    }
}

fn answer(mut respond: SendResponse<Bytes>, refusal: Option<Refusal>) -> Result<(), h2::Error> {
    let response = http::Response::builder().header("content-type", "application/grpc");
    if let Some((code, words)) = refusal {
        let response = response.header("grpc-status", code).header("grpc-message", words).body(()).unwrap();
        return respond.send_response(response, true).map(|_| ());
    }
    let mut body = respond.send_response(response.body(()).unwrap(), false)?;
    // A message of no bytes, not compressed.
    body.send_data(Bytes::from_static(&[0; 5]), false)?;
    let trailers = [(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from_static("0"))];
    body.send_trailers(trailers.into_iter().collect())
}
