//! Requests and answers: HTTP on a port of this machine's own, below a path that only the kubeconfig file knows.
//! Knows HTTP and Kubernetes' ways of asking; must not know what an object means.

use super::discovery::discovery;
use super::events;
use super::refusal::Refusal;
use super::request::{Place, Query, place};
use super::select::Selector;
use super::store::{Key, Store};
use super::table;
use super::write::{Change, Write};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// How often a watch that shows nothing says how far it is.
const BOOKMARK: Duration = Duration::from_secs(30);
/// How long a watch lasts that says nothing of it.
const WATCH: Duration = Duration::from_secs(300);

/// The store, and the path that whoever asks must know.
#[derive(Clone)]
struct Served {
    store: Arc<Store>,
    secret: Arc<str>,
}

/// Serves the store to whoever knows the secret, for ever.
pub async fn serve(listener: TcpListener, store: Arc<Store>, secret: &str) -> std::io::Result<()> {
    let served = Served { store, secret: format!("/{secret}/").into() };
    axum::serve(listener, Router::new().fallback(answer).with_state(served)).await
}

async fn answer(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let Some(path) = uri.path().strip_prefix(&*served.secret) else { return sent(404, &Refusal::no_such_path().status()) };
    let query = Query::read(uri.query().unwrap_or_default());
    let (store, place) = (&served.store, place(path, &served.store.kinds));
    let answered = match (place, method.as_str()) {
        (Place::Discovery(parts), "GET") => discovery(&parts, &store.kinds).ok_or_else(Refusal::no_such_path),
        (Place::All(kind, namespace), "GET") if query.is("watch") => {
            return watch(served.store.clone(), kind, namespace.map(str::to_owned), &query);
        }
        (Place::All(kind, namespace), "GET") => list(store, kind, namespace, &query, accepted(&headers)),
        (Place::OlderEvents(namespace), "GET") if !query.is("watch") => older_events(store, namespace, &query, accepted(&headers)),
        (Place::OlderEvents(_), _) => Err(Refusal::not_here("events of the group v1 but listing them; take those of events.k8s.io")),
        (Place::All(kind, namespace), "POST") => {
            read(&body).and_then(|object| create(store, kind, namespace.unwrap_or_default(), object, &query))
        }
        (Place::One(kind, namespace, name, is_status), method) => {
            one(store, (key(store, kind, namespace, name), is_status), method, &query, &headers, &body)
        }
        (Place::All(..), "DELETE") => Err(Refusal::not_here("deleting all objects of a kind at once")),
        _ => Err(Refusal::no_such_path()),
    };
    match answered {
        Ok(object) => sent(if method == Method::POST { 201 } else { 200 }, &object),
        Err(refusal) => sent(refusal.code, &refusal.status()),
    }
}

fn key(store: &Store, kind: usize, namespace: &str, name: &str) -> Key {
    let namespace = if store.kinds[kind].namespaced { namespace } else { "" };
    (kind, namespace.to_owned(), name.to_owned())
}

fn sent(code: u16, object: &Value) -> Response {
    let response = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(object.to_string())).unwrap_or_else(|_| failed())
}

fn failed() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(&format!("the body is no JSON: {error}")))
}

fn accepted(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default()
}

/// Who writes: the field manager that is named, or the program.
fn manager<'r>(query: &'r Query, headers: &'r HeaderMap) -> &'r str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("unknown");
    Some(query.get("fieldManager")).filter(|name| !name.is_empty()).unwrap_or_else(|| agent.split('/').next().unwrap_or(agent))
}

fn one(
    store: &Store,
    (key, is_status): (Key, bool),
    method: &str,
    query: &Query,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, Refusal> {
    let is_dry = query.get("dryRun") == "All";
    let write = Write { key: key.clone(), is_status, manager: manager(query, headers), is_dry };
    let written = match method {
        "GET" => {
            let found = store.state().objects.get(&key).map(|stored| stored.object.clone());
            let found = found.ok_or_else(|| Refusal::not_found(store, &key))?;
            return Ok(shown(store, key.0, Value::clone(&found), accepted(headers)));
        }
        "PUT" => store.write(&write, Change::Replace(read(body)?)),
        "PATCH" => {
            let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
            let patch = read(body)?;
            match media.split(';').next().unwrap_or_default().trim() {
                // kubectl's patches of Kubernetes' own kinds; lists that it merges by keys are taken whole here.
                "application/merge-patch+json" | "application/strategic-merge-patch+json" => store.write(&write, Change::Merge(&patch)),
                "application/apply-patch+yaml" | "application/apply-patch+cbor" => {
                    store.write(&write, Change::Apply(&patch, query.is("force")))
                }
                other => Err(Refusal::media_type(other)),
            }
        }
        "DELETE" => {
            let options = if body.is_empty() { Value::Null } else { read(body)? };
            let is_dry = is_dry || options["dryRun"].as_array().is_some_and(|dry| !dry.is_empty());
            let (object, is_there) = store.delete(&key, &options["preconditions"], is_dry)?;
            if is_there {
                return Ok(Value::clone(&object));
            }
            let details = json!({"name": key.2, "kind": store.kinds[key.0].plural, "uid": object["metadata"]["uid"]});
            return Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}));
        }
        other => Err(Refusal::not_here(other)),
    };
    written.map(|object| Value::clone(&object))
}

fn create(store: &Store, kind: usize, namespace: &str, object: Value, query: &Query) -> Result<Value, Refusal> {
    let metadata = &object["metadata"];
    let name = match (metadata["name"].as_str(), metadata["generateName"].as_str()) {
        (Some(name), _) if !name.is_empty() => name.to_owned(),
        (_, Some(prefix)) => format!("{prefix}{}", &uuid::Uuid::new_v4().simple().to_string()[..5]),
        _ => return Err(Refusal::bad_request("metadata.name is missing")),
    };
    let write =
        Write { key: key(store, kind, namespace, &name), is_status: false, manager: "create", is_dry: query.get("dryRun") == "All" };
    store.write(&write, Change::Create(object)).map(|object| Value::clone(&object))
}

fn list(store: &Store, kind: usize, namespace: Option<&str>, query: &Query, accept: &str) -> Result<Value, Refusal> {
    let selector = selector(query)?;
    let (objects, version) = {
        let state = store.state();
        (state.list(kind, namespace, &selector), state.version)
    };
    let named = &store.kinds[kind];
    let metadata = json!({"resourceVersion": version.to_string()});
    if accept.contains("as=Table") {
        return Ok(table::table(named, &objects, metadata));
    }
    let items: Vec<Value> = objects.iter().map(|object| shown(store, kind, Value::clone(object), accept)).collect();
    Ok(json!({"kind": format!("{}List", named.kind), "apiVersion": named.api_version(), "metadata": metadata, "items": items}))
}

fn older_events(store: &Store, namespace: Option<&str>, query: &Query, accept: &str) -> Result<Value, Refusal> {
    let selector = selector(query)?;
    let number = store.kinds.iter().position(|kind| kind.kind == "Event").ok_or_else(Refusal::no_such_path)?;
    let (found, version) = {
        let state = store.state();
        (state.list(number, namespace, &Selector::default()), state.version)
    };
    let older: Vec<Arc<Value>> = found.iter().map(|event| Arc::new(events::older(event))).filter(|event| selector.chooses(event)).collect();
    let metadata = json!({"resourceVersion": version.to_string()});
    if accept.contains("as=Table") {
        return Ok(table::table(&events::kind(), &older, metadata));
    }
    let items: Vec<&Value> = older.iter().map(Arc::as_ref).collect();
    Ok(json!({"kind": "EventList", "apiVersion": "v1", "metadata": metadata, "items": items}))
}

/// An object as it is asked for: whole, as a row of a table, or its metadata alone.
fn shown(store: &Store, kind: usize, object: Value, accept: &str) -> Value {
    if accept.contains("as=Table") {
        let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
        return table::table(&store.kinds[kind], &[Arc::new(object)], metadata);
    }
    if accept.contains("as=PartialObjectMetadata") {
        return json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
    }
    object
}

fn selector(query: &Query) -> Result<Selector, Refusal> {
    Selector::read(query.get("labelSelector"), query.get("fieldSelector")).ok_or_else(|| Refusal::bad_request("a selector can't be read"))
}

/// A watch under way.
struct Watch {
    store: Arc<Store>,
    changes: tokio::sync::watch::Receiver<u64>,
    kind: usize,
    namespace: Option<String>,
    selector: Selector,
    /// What was told up to now.
    version: u64,
    /// Lines to send.
    lines: VecDeque<String>,
    until: Instant,
    is_over: bool,
}

fn watch(store: Arc<Store>, kind: usize, namespace: Option<String>, query: &Query) -> Response {
    let selector = match selector(query) {
        Ok(selector) => selector,
        Err(refusal) => return sent(refusal.code, &refusal.status()),
    };
    let lasts = query.get("timeoutSeconds").parse().map_or(WATCH, Duration::from_secs);
    let changes = store.changes();
    let from: Option<u64> = query.get("resourceVersion").parse().ok().filter(|version| *version > 0);
    let mut watch = Watch {
        changes,
        kind,
        namespace,
        selector,
        version: 0,
        lines: VecDeque::new(),
        until: Instant::now() + lasts,
        is_over: false,
        store,
    };
    match from.filter(|_| !query.is("sendInitialEvents")) {
        Some(version) => watch.version = version,
        None => watch.begin(query.is("sendInitialEvents")),
    }
    let lines =
        stream::unfold(
            watch,
            |mut watch| async move { watch.next().await.map(|line| (Ok::<_, std::io::Error>(Bytes::from(line)), watch)) },
        );
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from_stream(lines)).unwrap_or_else(|_| failed())
}

fn line(what: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": what, "object": object}))
}

impl Watch {
    /// Tells of what is there already.
    fn begin(&mut self, marks_end: bool) {
        let store = self.store.clone();
        let state = store.state();
        self.version = state.version;
        let there = state.list(self.kind, self.namespace.as_deref(), &self.selector);
        self.lines.extend(there.iter().map(|object| line("ADDED", object)));
        drop(state);
        if marks_end {
            self.mark(json!({"k8s.io/initial-events-end": "true"}));
        }
    }

    fn mark(&mut self, annotations: Value) {
        let kind = &self.store.kinds[self.kind];
        let metadata = json!({"resourceVersion": self.version.to_string(), "annotations": annotations});
        self.lines.push_back(line("BOOKMARK", &json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata})));
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.is_over {
                return None;
            }
            self.changes.mark_unchanged();
            self.look();
            if !self.lines.is_empty() {
                continue;
            }
            tokio::select! {
                _ = self.changes.changed() => {}
                () = tokio::time::sleep(BOOKMARK) => self.mark(json!({})),
                () = tokio::time::sleep_until(self.until) => return None,
            }
        }
    }

    /// Takes in what changed.
    fn look(&mut self) {
        let (changes, version) = {
            let state = self.store.state();
            (state.since(self.version), state.version)
        };
        let Some(changes) = changes else {
            self.lines.push_back(line("ERROR", &Refusal::expired().status()));
            self.is_over = true;
            return;
        };
        let concerns = |change: &&super::store::Change| {
            change.kind == self.kind && self.namespace.as_ref().is_none_or(|namespace| *namespace == change.namespace)
        };
        let told: Vec<String> = changes
            .iter()
            .filter(concerns)
            .filter_map(|change| change.told(&self.selector))
            .map(|(what, object)| line(what, &object))
            .collect();
        self.lines.extend(told);
        self.version = version;
    }
}
