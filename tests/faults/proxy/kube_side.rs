//! The side of the API server: HTTP, one request after the other on a connection; watches are streams of lines.

use super::{Fault, State, Watching, Write};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Given};
use axum::response::Response;
use futures::stream::{self, BoxStream, StreamExt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener, state: Arc<State>) {
    axum::serve(listener, Router::new().fallback(answer).with_state(state)).await.unwrap();
}

async fn answer(Given(state): Given<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return refusal(400, "BadRequest", "a body that ended early") };
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let is_watch = parts.method == Method::GET && query.contains("watch=true");
    let mut request = http::Request::builder().method(parts.method.clone()).uri(target(&state, &parts.method, &path, &query, is_watch));
    for (name, value) in &parts.headers {
        if name != "host" && name != "content-length" && name != "authorization" {
            request = request.header(name, value);
        }
    }
    let request = request.body(kube::client::Body::from(body.clone())).unwrap();
    let what = state.named(&format!("{} {}", parts.method, object(&path)));
    let is_aside = path.contains("/events") || path.contains("/leases");
    if is_watch {
        return watch(&state, request).await;
    }
    if !is_aside {
        state.hear(&what);
    }
    if parts.method == Method::GET || is_aside || path.contains("selfsubject") {
        return handed_on(&state, request).await.unwrap_or_else(|answer| answer);
    }
    // Also what a killed operator has asked for is done, and counts.
    tokio::spawn(async move { write(&state, request, what, &path, &body).await }).await.unwrap()
}

/// A write, and the fault that may be for it.
async fn write(state: &State, request: http::Request<kube::client::Body>, what: String, path: &str, body: &[u8]) -> Response {
    let fault = state.strike(&what);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let version = if fault == Some(Fault::StaleLists) { current_version(state, path).await } else { String::new() };
    state.before(&what, fault);
    match fault {
        Some(Fault::KillBefore) => return refusal(503, "ServiceUnavailable", "nobody hears this"),
        Some(Fault::Conflict) => return refusal(409, "Conflict", "the object has been modified"),
        Some(Fault::TooMany) => return refusal(429, "TooManyRequests", "too many requests"),
        Some(Fault::Broken) => return refusal(500, "InternalError", "etcdserver: leader changed"),
        _ => {}
    }
    let is_delete = request.method() == Method::DELETE;
    let before = read(state, path).await;
    let answer = match handed_on(state, request).await {
        Ok(answer) | Err(answer) => answer,
    };
    let (parts, answered) = answer.into_parts();
    let answered = to_bytes(answered, usize::MAX).await.unwrap_or_default();
    let after: Value = serde_json::from_slice(&answered).unwrap_or_default();
    let changed = parts.status.is_success()
        && if is_delete {
            !before.is_null() && before["metadata"]["deletionTimestamp"].is_null()
        } else {
            before.is_null() || written(&before, path) != written(&after, path)
        };
    match state.wrote(Write { what, changed, body }, fault) {
        Some(Fault::KillAfter) => state.kill(),
        Some(Fault::StaleLists) => {
            state.kill();
            state.grow_stale(version);
        }
        Some(Fault::Late) => return refusal(504, "Timeout", "Timeout: request did not complete within the allotted duration"),
        _ => {}
    }
    Response::from_parts(parts, Body::from(answered))
}

/// What a write is about: the status, or all but it. What others write at the same moment is not this write's.
fn written(object: &Value, path: &str) -> Value {
    if path.ends_with("/status") {
        return object["status"].clone();
    }
    let mut object = object.clone();
    object["status"] = Value::Null;
    for aside in ["resourceVersion", "managedFields", "generation"] {
        object["metadata"][aside] = Value::Null;
    }
    object
}

/// The path and query that the server gets.
fn target(state: &State, method: &Method, path: &str, query: &str, is_watch: bool) -> String {
    let stale = state.stale.lock().unwrap().clone().filter(|(_, until)| *until > Instant::now());
    let is_list =
        method == Method::GET && !is_watch && path.rsplit('/').nth(1).is_some_and(|part| part != "namespaces") && is_collection(path);
    match stale {
        Some((version, _)) if is_list => {
            let kept = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("resourceVersion"));
            let query: Vec<String> =
                kept.map(str::to_owned).chain([format!("resourceVersion={version}&resourceVersionMatch=Exact")]).collect();
            format!("{path}?{}", query.join("&"))
        }
        _ if query.is_empty() => path.to_owned(),
        _ => format!("{path}?{query}"),
    }
}

/// Whether a path below a namespace ends with a kind.
fn is_collection(path: &str) -> bool {
    path.split_once("/namespaces/").is_some_and(|(_, rest)| rest.split('/').count() == 2)
}

/// What of a path names the object: what comes after the namespace.
fn object(path: &str) -> String {
    let below = path.split_once("/namespaces/").and_then(|(_, rest)| rest.split_once('/'));
    below.map_or(path, |(_, object)| object).to_owned()
}

/// The server's resource version now.
async fn current_version(state: &State, path: &str) -> String {
    let (group, rest) = path.split_once("/namespaces/").unwrap();
    let mut rest = rest.split('/');
    let collection = format!("{group}/namespaces/{}/{}", rest.next().unwrap(), rest.next().unwrap());
    read(state, &collection).await["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned()
}

async fn read(state: &State, path: &str) -> Value {
    let path = path.trim_end_matches("/status");
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    state.kube.request::<Value>(request).await.unwrap_or_default()
}

async fn handed_on(state: &State, request: http::Request<kube::client::Body>) -> Result<Response, Response> {
    match state.kube.send(request).await {
        Ok(mut answer) => {
            // How long it is, and how that is told, is a matter of this side's own.
            answer.headers_mut().remove("transfer-encoding");
            answer.headers_mut().remove("content-length");
            Ok(answer.map(Body::new))
        }
        Err(error) => Err(refusal(503, "ServiceUnavailable", &error.to_string())),
    }
}

async fn watch(state: &State, request: http::Request<kube::client::Body>) -> Response {
    let watching = state.watching.subscribe();
    let answer = match handed_on(state, request).await {
        Ok(answer) | Err(answer) => answer,
    };
    let (parts, body) = answer.into_parts();
    let lines = lines(body.into_data_stream().boxed());
    let disturbed = stream::unfold((lines, watching, false), |(mut lines, mut watching, ended)| async move {
        if ended {
            return None;
        }
        let line = loop {
            let now = *watching.borrow_and_update();
            match now {
                Watching::LostUntil(until) if until > Instant::now() => {
                    tokio::select! {
                        line = lines.next() => { line?; }
                        () = tokio::time::sleep_until(until.into()) => {
                            let gone = json!({"type": "ERROR", "object": status(410, "Expired", "too old resource version")});
                            return Some((Ok::<_, std::io::Error>(Bytes::from(format!("{gone}\n"))), (lines, watching, true)));
                        }
                    }
                }
                _ => tokio::select! {
                    line = lines.next() => break line?,
                    _ = watching.changed() => {}
                },
            }
        };
        let now = *watching.borrow();
        if let Watching::LateUntil(until) = now {
            tokio::time::sleep_until(until.into()).await;
        }
        Some((Ok(line), (lines, watching, false)))
    });
    Response::from_parts(parts, Body::from_stream(disturbed))
}

/// The lines of a stream, each with its end.
fn lines(parts: BoxStream<'static, Result<Bytes, axum::Error>>) -> BoxStream<'static, Bytes> {
    stream::unfold((parts, Vec::<u8>::new()), |(mut parts, mut rest)| async move {
        loop {
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let after = rest.split_off(end + 1);
                return Some((Bytes::from(rest), (parts, after)));
            }
            rest.extend_from_slice(&parts.next().await?.ok()?);
        }
    })
    .boxed()
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code})
}

fn refusal(code: u16, reason: &str, message: &str) -> Response {
    let mut answer = Response::new(Body::from(status(code, reason, message).to_string()));
    *answer.status_mut() = StatusCode::from_u16(code).unwrap();
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    if code == 429 {
        answer.headers_mut().insert("retry-after", "1".parse().unwrap());
    }
    answer
}
