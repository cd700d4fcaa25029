//! Connections that many share: one for each address and credentials, made when it is first needed, dropped when nobody
//! has asked for it for a while.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::call::{Limits, Line};
use super::pause::Pause;
use super::{Client, Error, Target, connect};

/// How long a connection that nobody asks for is kept.
const IDLE: Duration = Duration::from_secs(600);

/// Connections shared per address and credentials. A secret that changed makes another connection; the old one is dropped
/// once it has been idle. After a connection could not be made the same error is the answer for a while, longer each time.
pub struct Connections {
    identity: String,
    idle: Duration,
    known: std::sync::Mutex<HashMap<Target, Known>>,
}

struct Known {
    slot: Arc<tokio::sync::Mutex<Slot>>,
    used: Instant,
}

/// One connection; whoever holds its lock makes it, while the others wait.
#[derive(Default)]
struct Slot {
    line: Option<Arc<Line>>,
    failed: Pause<Error>,
}

impl Connections {
    /// No connection yet. `identity` is who we say we are: the same for all replicas and restarts of a program, as it is
    /// what a worker deployment remembers as its manager.
    #[must_use]
    pub fn new(identity: &str) -> Self {
        Self::idle_after(identity, IDLE)
    }

    /// As [`Self::new`], with how long a connection is kept that nobody asks for. Whoever asks for one makes the others go
    /// whose time is over.
    #[must_use]
    pub fn idle_after(identity: &str, idle: Duration) -> Self {
        Self { identity: identity.to_owned(), idle, known: std::sync::Mutex::default() }
    }

    /// A client for the target, on the connection that everybody with this address and these credentials shares.
    ///
    /// # Errors
    /// As [`Client::connect_to`]; the last error again, without a try, while its pause lasts.
    pub async fn client(&self, target: &Target) -> Result<Client, Error> {
        let slot = self.slot(target);
        let mut slot = slot.lock().await;
        if let Some(line) = &slot.line {
            return Ok(Client::on(line, target));
        }
        if let Some(error) = slot.failed.why() {
            return Err(error);
        }
        match connect::connect(target, &self.identity, &Limits::SHARED).await {
            Ok(connection) => {
                let line = Arc::new(Line::new(connection, Limits::SHARED));
                let client = Client::on(&line, target);
                slot.line = Some(line);
                Ok(client)
            }
            Err(error) => {
                slot.failed.begin(error.clone());
                Err(error)
            }
        }
    }

    /// The slot of the target, which counts as used now; the idle ones go.
    fn slot(&self, target: &Target) -> Arc<tokio::sync::Mutex<Slot>> {
        // The namespace is no matter of the connection.
        let key = Target { namespace: String::new(), ..target.clone() };
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|other, entry| *other == key || now.duration_since(entry.used) < self.idle);
        let entry = known.entry(key).or_insert_with(|| Known { slot: Arc::default(), used: now });
        entry.used = now;
        entry.slot.clone()
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("identity", &self.identity).finish_non_exhaustive()
    }
}
