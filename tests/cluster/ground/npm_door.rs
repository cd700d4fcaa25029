//! A door before the cluster's npm registry that hands everything on, or the packages' archives damaged, or none of them ever.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it does to archives.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Open,
    /// Their last byte is another one.
    Damaged,
    /// They never come.
    Silent,
}

/// A door. Dropped, it closes.
pub struct NpmDoor {
    /// The registry's URL through it.
    pub registry: String,
    way: Arc<Mutex<Way>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Behind {
    registry: String,
    client: reqwest::Client,
    way: Arc<Mutex<Way>>,
}

impl NpmDoor {
    /// A door on a host's address before `registry`.
    pub async fn start(host: &str, registry: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = Arc::new(Mutex::new(Way::Open));
        let behind = Behind { registry: registry.trim_end_matches('/').to_owned(), client: super::npm::client(), way: way.clone() };
        let router = Router::new().fallback(hand_on).with_state(behind);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { registry: format!("http://{address}/"), way, task }
    }

    pub fn turn(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }
}

impl Drop for NpmDoor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hand_on(State(behind): State<Behind>, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let is_archive = target.contains("/-/") && target.contains(".tgz");
    let way = if is_archive { *behind.way.lock().unwrap() } else { Way::Open };
    if way == Way::Silent {
        std::future::pending::<()>().await;
    }
    // By the door's own name: the registry tells where archives are by the name that it is asked under.
    let mut asked = behind.client.get(format!("{}{target}", behind.registry));
    for name in [header::HOST, header::ACCEPT, header::AUTHORIZATION] {
        if let Some(value) = request.headers().get(&name) {
            asked = asked.header(name, value);
        }
    }
    let answer = asked.send().await.expect("the registry answers");
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let mut bytes = answer.bytes().await.expect("a whole answer").to_vec();
    if let (Way::Damaged, Some(last)) = (way, bytes.last_mut()) {
        *last ^= 1;
    }
    let status = StatusCode::from_u16(status.as_u16()).unwrap();
    let mut response = (status, Body::from(bytes)).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
