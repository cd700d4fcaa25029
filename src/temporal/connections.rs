//! Where a server is and how to show who we are; connections shared by all that mean the same.

use super::{Client, Error};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a connection that nobody asks for is kept.
const IDLE: Duration = Duration::from_secs(600);
/// How long a failure to connect is answered with itself, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How to reach a namespace of a Temporal server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// `host:port`, or an URL.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// TLS, where the server speaks it.
    pub tls: Option<Tls>,
    /// The API key.
    pub api_key: Option<String>,
}

/// TLS to a server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The name that the server's certificate is checked against; the address's host where absent.
    pub server_name: Option<String>,
    /// The server's authority, PEM; the system's where absent.
    pub ca: Option<Vec<u8>>,
    /// Our certificate and its key, PEM.
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("address", &self.address).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// Connections, one for each target: changed credentials are another target.
pub struct Connections {
    identity: String,
    known: Mutex<HashMap<Target, Known>>,
}

struct Known {
    state: State,
    used: Instant,
}

enum State {
    Connected(Client),
    /// What went wrong, until when that is the answer, and how long the next pause is.
    Failed {
        reason: String,
        until: Instant,
        pause: Duration,
    },
}

impl Connections {
    /// No connection yet; `identity` is who we say we are.
    #[must_use]
    pub fn new(identity: &str) -> Self {
        Self { identity: identity.to_owned(), known: Mutex::default() }
    }

    /// A client for the target. One that could not connect is not tried again at once.
    ///
    /// # Errors
    /// [`Error::Address`] or [`Error::Unreachable`].
    pub async fn client(&self, target: &Target) -> Result<Client, Error> {
        let mut pause = FIRST_PAUSE;
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, known| known.used.elapsed() < IDLE);
            if let Some(known) = known.get_mut(target) {
                known.used = Instant::now();
                match &known.state {
                    State::Connected(client) => return Ok(client.clone()),
                    State::Failed { reason, until, .. } if Instant::now() < *until => {
                        return Err(Error::Unreachable { address: target.address.clone(), problem: reason.clone() });
                    }
                    State::Failed { pause: next, .. } => pause = *next,
                }
            }
        }
        let connected = Client::connect_to(target, &self.identity).await;
        let state = match &connected {
            Ok(client) => State::Connected(client.clone()),
            Err(Error::Unreachable { problem, .. }) => {
                State::Failed { reason: problem.clone(), until: Instant::now() + pause, pause: (pause * 2).min(LONGEST_PAUSE) }
            }
            Err(error) => State::Failed { reason: error.to_string(), until: Instant::now() + pause, pause: (pause * 2).min(LONGEST_PAUSE) },
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(target.clone(), Known { state, used: Instant::now() });
        connected
    }
}
