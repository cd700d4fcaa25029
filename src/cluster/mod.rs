//! The door to the Kubernetes API: apply, write a status, delete, tell an event, hold the lease.
//! A door: knows objects and their metadata; must not know what any of them means.

mod error;
mod event;
mod lease;
mod release;
mod write;
mod written;

pub use error::Error;
pub use event::Told;
pub use lease::{Lease, LeaseOptions};
pub use release::{disown, let_go, stop_operator};
pub use write::NAMESPACE;
pub use written::Written;

use kube::Client;
use std::sync::Arc;
use tokio::sync::watch;

/// A client of the API server that writes only while this program leads.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    /// The program in events.
    pod: String,
    counts: event::Counts,
    leads: watch::Receiver<bool>,
    written: Arc<Written>,
}

impl Cluster {
    /// `leads` is whether this program holds the lease; `pod` names the program in events.
    #[must_use]
    pub fn new(client: Client, pod: Option<String>, leads: watch::Receiver<bool>) -> Self {
        let pod = pod.unwrap_or_else(|| "warpline".to_owned());
        Self { client, pod, counts: event::Counts::default(), leads, written: Arc::default() }
    }

    /// What it wrote, until watches show it.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// The client, for reading.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Only who leads may write.
    fn check_lead(&self) -> Result<(), Error> {
        if *self.leads.borrow() { Ok(()) } else { Err(Error::NotLeading) }
    }
}
