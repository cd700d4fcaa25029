//! The side of Temporal: gRPC on HTTP/2. All of its calls have one request and one answer.

use super::{Fault, State, Write};
use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::client::SendRequest;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response, Uri};
use serde_json::Value;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

/// What begins the name of a call that changes something.
const CHANGES: [&str; 12] =
    ["Set", "Delete", "Update", "Create", "Patch", "Start", "Signal", "Terminate", "Request", "Reset", "Pause", "Unpause"];

pub async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        let (outside, _) = listener.accept().await.unwrap();
        let state = state.clone();
        tokio::spawn(async move {
            let Ok(mut outside) = h2::server::handshake(outside).await else { return };
            let Ok(inside) = TcpStream::connect(&state.temporal).await else { return };
            let Ok((inside, connection)) = h2::client::handshake(inside).await else { return };
            // It ends with the last call on it: also what a killed operator has asked for is done, and counts.
            tokio::spawn(connection);
            while let Some(Ok((request, respond))) = outside.accept().await {
                tokio::spawn(hand_on(request, respond, inside.clone(), state.clone()));
            }
        });
    }
}

async fn hand_on(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    inside: SendRequest<Bytes>,
    state: Arc<State>,
) -> Option<()> {
    let (mut parts, body) = request.into_parts();
    let (body, _) = whole(body).await?;
    let path = parts.uri.path().to_owned();
    let what = path.rsplit('/').next().unwrap_or_default().to_owned();
    state.hear(&what);
    let is_write = CHANGES.iter().any(|begin| what.starts_with(begin));
    let mut fault = if is_write { state.strike(&what) } else { None };
    state.before(&what, fault);
    let refused = match fault {
        Some(Fault::Conflict) => Some((10, "the workflow changed meanwhile")),
        Some(Fault::TooMany) => Some((8, "namespace rate limit exceeded")),
        Some(Fault::Broken) => Some((13, "an error of the server's own")),
        _ => None,
    };
    if let Some((code, message)) = refused {
        return refuse(&mut respond, code, message);
    }
    if fault == Some(Fault::KillBefore) {
        return None;
    }
    parts.uri = Uri::builder().scheme("http").authority("temporal").path_and_query(path).build().ok()?;
    let (answer, mut upwards) = inside.ready().await.ok()?.send_request(Request::from_parts(parts, ()), false).ok()?;
    upwards.send_data(body, true).ok()?;
    let (parts, answered) = answer.await.ok()?.into_parts();
    let (answered, trailers) = whole(answered).await?;
    if is_write {
        let says_ok = |headers: &HeaderMap| headers.get("grpc-status").is_some_and(|status| status == "0");
        let changed = says_ok(&parts.headers) || trailers.as_ref().is_some_and(says_ok);
        fault = state.wrote(Write { what, changed, body: Value::Null }, fault);
    }
    match fault {
        // Lists are the API server's.
        Some(Fault::KillAfter | Fault::StaleLists) => state.kill(),
        Some(Fault::Late) => return refuse(&mut respond, 4, "context deadline exceeded"),
        _ => {}
    }
    let is_all = answered.is_empty() && trailers.is_none();
    let mut downwards = respond.send_response(Response::from_parts(parts, ()), is_all).ok()?;
    if is_all {
        return Some(());
    }
    downwards.send_data(answered, trailers.is_none()).ok()?;
    trailers.map_or(Some(()), |trailers| downwards.send_trailers(trailers).ok())
}

fn refuse(respond: &mut SendResponse<Bytes>, code: u8, message: &str) -> Option<()> {
    let answer = Response::builder().header("content-type", "application/grpc").header("grpc-status", code.to_string());
    respond.send_response(answer.header("grpc-message", message).body(()).unwrap(), true).ok().map(|_| ())
}

async fn whole(mut body: RecvStream) -> Option<(Bytes, Option<HeaderMap>)> {
    let mut all = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part.ok()?;
        body.flow_control().release_capacity(part.len()).ok()?;
        all.extend_from_slice(&part);
    }
    Some((all.freeze(), body.trailers().await.ok()?))
}
