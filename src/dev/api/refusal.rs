//! What the API server answers when it refuses: Kubernetes' `Status`.

use super::store::{Key, Store};
use serde_json::{Value, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    reason: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into() }
    }

    /// There is no such object.
    pub fn not_found(store: &Store, key: &Key) -> Self {
        Self::new(404, "NotFound", format!("{} \"{}\" not found", store.kinds[key.0].resource(), key.2))
    }

    /// There is no such path.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// There is one already.
    pub fn exists(store: &Store, key: &Key) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{}\" already exists", store.kinds[key.0].resource(), key.2))
    }

    /// It is not as the writer thinks.
    pub fn conflict(store: &Store, key: &Key, why: &str) -> Self {
        let resource = store.kinds[key.0].resource();
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {resource} \"{}\": {why}", key.2))
    }

    /// The schema refuses it.
    pub fn invalid(store: &Store, key: &Key, why: &[String]) -> Self {
        let kind = &store.kinds[key.0];
        let why = if why.len() == 1 { why.concat() } else { format!("[{}]", why.join(", ")) };
        Self::new(422, "Invalid", format!("{}.{} \"{}\" is invalid: {why}", kind.kind, kind.group, key.2))
    }

    /// What is asked makes no sense.
    pub fn bad_request(why: &str) -> Self {
        Self::new(400, "BadRequest", why)
    }

    /// What is asked can't be done here.
    pub fn not_here(what: &str) -> Self {
        Self::new(405, "MethodNotAllowed", format!("the API server of `warpline dev` doesn't do that: {what}"))
    }

    /// A patch of a type that is not known here.
    pub fn media_type(which: &str) -> Self {
        Self::new(415, "UnsupportedMediaType", format!("the API server of `warpline dev` takes merge patches and applies, not {which}"))
    }

    /// A watch from too long ago.
    pub fn expired() -> Self {
        Self::new(410, "Expired", "too old resource version")
    }

    /// As it is sent.
    pub fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        })
    }
}
