//! A token server as registries know them: gives tokens that allow what is asked for to who has the password. Its tokens are signed by a key that a
//! real registry verifies.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, SigningKey};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The server. Dropped, it ends.
pub struct TokenServer {
    pub realm: String,
    /// The certificate that tokens are verified with.
    pub roots: PathBuf,
    state: Arc<Server>,
    task: JoinHandle<()>,
}

struct Server {
    key: KeyPair,
    certificate: String,
    asked: Mutex<Vec<String>>,
}

impl TokenServer {
    pub async fn start(folder: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["tests".to_owned()]).unwrap().self_signed(&key).unwrap();
        let roots = folder.join("roots.pem");
        std::fs::write(&roots, certificate.pem()).unwrap();
        let state = Arc::new(Server { key, certificate: STANDARD.encode(certificate.der()), asked: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let realm = format!("http://{}/token", listener.local_addr().unwrap());
        let router = Router::new().route("/token", get(token)).with_state(state.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { realm, roots, state, task }
    }

    /// The scopes that tokens were asked for since it was forgotten, each once.
    pub fn asked(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.state.asked.lock().unwrap().iter().filter(|scope| seen.insert((*scope).clone())).cloned().collect()
    }

    pub fn forget(&self) {
        self.state.asked.lock().unwrap().clear();
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn token(State(server): State<Arc<Server>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<String, StatusCode> {
    let login = format!("Basic {}", STANDARD.encode("robot:correct horse"));
    if headers.get("Authorization").is_none_or(|given| given != login.as_str()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let url = reqwest::Url::parse(&format!("http://tests/?{}", query.unwrap_or_default())).unwrap();
    let scopes: Vec<String> = url.query_pairs().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.into_owned()).collect();
    server.asked.lock().unwrap().push(scopes.join(" "));
    let access: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            let [kind, name, actions] = scope.splitn(3, ':').collect::<Vec<_>>().try_into().unwrap();
            json!({"type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>()})
        })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "iss": "tests", "aud": "tests", "sub": "robot", "iat": now, "nbf": now - 60, "exp": now + 300, "jti": now.to_string(), "access": access,
    });
    let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [server.certificate]});
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = plain(&server.key.sign(signed.as_bytes()).unwrap());
    Ok(json!({"token": format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))}).to_string())
}

/// Both numbers of an ECDSA signature, as tokens have it, from its ASN.1.
fn plain(der: &[u8]) -> Vec<u8> {
    let number = |at: usize| {
        let length = usize::from(der[at + 1]);
        let digits = &der[at + 2..at + 2 + length];
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        let padded = [vec![0; 32 - digits.len()], digits.to_vec()].concat();
        (padded, at + 2 + length)
    };
    let (first, next) = number(2);
    [first, number(next).0].concat()
}
