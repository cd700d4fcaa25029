//! One call of a registry: with who we are, with an end, and tried again while that may help.

use super::{Error, Registry, error};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};

/// More than any registry says of an error.
const REFUSAL: u64 = 64 * 1024;

/// The slowest transfer that is waited for, in bytes a second: a larger body has more time.
const SLOWEST: u64 = 64 * 1024;

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) registry: String,
    pub(super) repository: String,
    /// What a token must allow, as `repository:PATH:pull,push`; several with spaces between.
    pub(super) scope: String,
    /// The whole URL.
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What errors say that the call was about.
    pub(super) about: String,
}

/// What goes with a call, besides headers.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) body: reqwest::Body,
    /// Its length in bytes.
    pub(super) length: u64,
}

impl Body {
    pub(super) fn empty() -> Self {
        Self { body: reqwest::Body::from(Vec::new()), length: 0 }
    }

    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self { body: reqwest::Body::from(bytes.to_vec()), length: bytes.len() as u64 }
    }
}

impl Registry {
    /// Where the registry's API of a repository is.
    pub(super) fn url(&self, registry: &str, repository: &str, rest: &str) -> String {
        let scheme = if self.options.plain_http.covers(registry) { "http" } else { "https" };
        format!("{scheme}://{registry}/v2/{repository}/{rest}")
    }

    /// Does the call without a body, as often as patience allows; the answer is one of success.
    pub(super) async fn call(&self, call: &Call) -> Result<Response, Error> {
        self.patiently(|| async { accepted(self.once(call, Body::empty()).await?, call, self).await }).await
    }

    /// Does `attempt` until it goes well, or fails for a reason that won't pass, or patience is at its end.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Error>>>(&self, attempt: impl Fn() -> F) -> Result<T, Error> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(200);
        loop {
            let error = match attempt().await {
                Err(error) if error.may_pass() => error,
                done => return done,
            };
            let asked = if let Error::Busy { after, .. } = &error { *after } else { None };
            let wait = asked.unwrap_or(pause).max(pause);
            if start.elapsed() + wait > self.options.patience {
                return Err(error);
            }
            tracing::debug!(%error, ?wait, "a registry call is tried again");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Does the call once, answering a challenge; the answer may be a refusal. A body is sent once: where it may meet a challenge, an
    /// empty call comes before it.
    pub(super) async fn once(&self, call: &Call, body: Body) -> Result<Response, Error> {
        let known = self.logins.known(&call.registry, &call.scope);
        let is_repeatable = body.length == 0;
        let response = self.send(call, body, known.as_deref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !is_repeatable || !self.is_at_home(call) {
            return Ok(response);
        }
        self.logins.forget(&call.registry, &call.scope);
        let challenges: Vec<String> =
            response.headers().get_all("WWW-Authenticate").iter().filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
        match self.answer(&call.registry, &call.repository, &call.scope, &challenges).await? {
            Some(header) => self.send(call, Body::empty(), Some(&header)).await,
            None => Ok(response),
        }
    }

    async fn send(&self, call: &Call, body: Body, login: Option<&str>) -> Result<Response, Error> {
        let time = self.options.idle + Duration::from_secs(body.length / SLOWEST);
        let mut request = self.http.request(call.method.clone(), &call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(login) = login.filter(|_| self.is_at_home(call)) {
            request = request.header("Authorization", login);
        }
        if !matches!(call.method, Method::GET | Method::HEAD) {
            request = request.header("Content-Length", body.length).body(body.body);
        }
        // An answer has as long as it needs to come, as long as something comes: the client's read time-out sees to that.
        let sent = tokio::time::timeout(time, request.send()).await;
        let about = call.about.clone();
        match sent {
            Err(_) => Err(Error::TooSlow { registry: call.registry.clone(), about, waited: time }),
            Ok(Err(error)) => Err(failed(&error, &call.registry, &about, self.options.idle)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// Whether the call goes to the registry itself: an upload may be sent elsewhere, and who we are concerns nobody there.
    fn is_at_home(&self, call: &Call) -> bool {
        let home = reqwest::Url::parse(&self.url(&call.registry, "", ""));
        let place = reqwest::Url::parse(&call.url);
        home.is_ok_and(|home| place.is_ok_and(|place| home.origin() == place.origin()))
    }
}

/// The response, where it is one of success.
pub(super) async fn accepted(response: Response, call: &Call, registry: &Registry) -> Result<Response, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let after = response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = bounded(response, REFUSAL, &call.registry, &call.about, registry.options.idle).await.unwrap_or_default();
    let (about, problem, at) = (call.about.clone(), words(&body, status), call.registry.clone());
    let is_full = status == StatusCode::INSUFFICIENT_STORAGE || status.is_server_error() && says_full(&body);
    Err(match status {
        _ if is_full => Error::NoSpace { registry: at, about, problem },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::Unauthorized { registry: at, who: registry.who(&call.registry, &call.repository), about, problem }
        }
        StatusCode::NOT_FOUND => Error::NotFound { registry: at, about },
        StatusCode::METHOD_NOT_ALLOWED => Error::Unsupported { registry: at, about, problem },
        StatusCode::TOO_MANY_REQUESTS => Error::Busy { registry: at, about, problem, after },
        StatusCode::REQUEST_TIMEOUT => Error::TooSlow { registry: at, about, waited: registry.options.idle },
        status if status.is_server_error() => Error::Unreachable { registry: at, about, problem },
        status => Error::Refused { registry: at, about, status: status.as_u16(), problem },
    })
}

/// A registry on a file system says it in words, or with the number of the system's error.
fn says_full(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_lowercase();
    text.contains("no space left") || text.contains("quota exceeded") || text.contains("\"err\":28")
}

/// What a registry says of an error: the messages of its answer, or its first words, or the status.
pub(super) fn words(body: &[u8], status: StatusCode) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let said = parsed.as_ref().and_then(|answer| answer["errors"].as_array()).map(|errors| {
        let text = |error: &Value| {
            let [code, message] = ["code", "message"].map(|field| error[field].as_str().unwrap_or_default());
            if message.is_empty() { code.to_lowercase() } else { message.to_owned() }
        };
        errors.iter().map(text).collect::<Vec<_>>().join("; ")
    });
    let plain = || String::from_utf8_lossy(body).trim().to_owned();
    let said: String = said.unwrap_or_else(plain).chars().filter(|c| !c.is_control()).take(300).collect();
    if said.is_empty() { status.to_string() } else { format!("{said} ({})", status.as_u16()) }
}

/// The body of an answer, which is refused where it is longer than `limit` bytes.
pub(super) async fn bounded(mut response: Response, limit: u64, registry: &str, about: &str, idle: Duration) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(failed(&error, registry, about, idle)),
        }
        if body.len() as u64 > limit {
            return Err(Error::TooLarge { registry: registry.to_owned(), about: about.to_owned(), limit });
        }
    }
}

/// What a failure of the network is.
pub(super) fn failed(error: &reqwest::Error, registry: &str, about: &str, idle: Duration) -> Error {
    let (registry, about) = (registry.to_owned(), about.to_owned());
    if error.is_timeout() && !error.is_connect() {
        return Error::TooSlow { registry, about, waited: idle };
    }
    // Without the URL, which may hold the key of an upload.
    let problem = std::error::Error::source(error).map_or_else(|| "the connection failed".to_owned(), error::chain);
    Error::Unreachable { registry, about, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_shown_shortly() {
        let status = StatusCode::NOT_FOUND;
        assert_eq!(
            words(br#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}"#, status),
            "repository name not known (404)"
        );
        assert_eq!(words(br#"{"errors":[{"code":"DENIED"}]}"#, status), "denied (404)");
        assert_eq!(words(b"<html>\x1b[31m</html>", status), "<html>[31m</html> (404)");
        assert_eq!(words(b"", status), "404 Not Found");
    }

    #[test]
    fn a_full_disk_is_seen_in_words_and_numbers() {
        assert!(says_full(br#"{"errors":[{"code":"UNKNOWN","detail":{"DriverName":"filesystem","Enclosed":{"Op":"write","Err":28}}}]}"#));
        assert!(says_full(b"write /data/x: No space left on device"));
        assert!(!says_full(br#"{"errors":[{"code":"UNKNOWN","detail":{"Err":2}}]}"#));
    }
}
