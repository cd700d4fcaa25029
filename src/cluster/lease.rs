//! The lease that one instance of the operator holds, and what the others wait for.

use super::Error;
use crate::api::labels::{NAME, OPERATOR};
use futures::{Stream, StreamExt, pin_mut};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease as K8sLease;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watch_object};
use kube::{Client, ResourceExt};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long a lease holds without being renewed, in seconds; how long before that it is renewed.
const DURATION: u64 = 15;
const GRACE: u64 = 10;
/// How long after its last renewal the holder still acts: less than others wait, by what a write may be on its way, and clocks may differ.
const ACTS: Duration = Duration::from_secs(10);

/// Which lease, and who we are.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// The namespace of the lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who we are: the pod's name.
    pub identity: String,
}

/// A lease that is being held, or waited for.
#[derive(Debug)]
pub struct Lease {
    task: JoinHandle<Result<LeaseManager, LeaseManagerError>>,
}

impl Lease {
    /// Begins to wait for the lease. The receiver tells whether we hold it, as the server's own record says, and whether that was renewed lately, by our
    /// own clock: cut off from the server, we stop before others begin. What was lost once stays lost. When the last receiver is dropped the lease is released.
    /// `watching` is a client for watches.
    ///
    /// # Errors
    /// The API server can't be reached, or refuses the lease.
    pub async fn take(client: Client, watching: Client, options: &LeaseOptions) -> Result<(Self, watch::Receiver<bool>), Error> {
        let manager = LeaseManagerBuilder::new(client, &options.name)
            .with_namespace(&options.namespace)
            .with_identity(&options.identity)
            .with_duration(DURATION)
            .with_grace(GRACE)
            .with_field_manager(format!("warpline-{}", options.identity))
            .build()
            .await
            .map_err(|error| Error::Lease { name: format!("{}/{}", options.namespace, options.name), problem: error.to_string() })?;
        let (kept, task) = manager.watch().await;
        let (sender, leads) = watch::channel(false);
        let records = watch_object(Api::<K8sLease>::namespaced(watching, &options.namespace), &options.name).default_backoff();
        let identity = options.identity.clone();
        tokio::spawn(async move {
            attest(records, &identity, &sender).await;
            // It is renewed no longer.
            drop(kept);
        });
        Ok((Self { task }, leads))
    }

    /// Gives the lease to the owner of our pod, so that it goes with the installation, and the label by which `warpline doctor` finds it. Where that
    /// can't be done, the lease stays: that is logged.
    pub async fn belong_to_owner_of(client: Client, options: &LeaseOptions, namespace: &str, pod: &str) {
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let owners = match pods.get(pod).await {
            Ok(pod) => pod.owner_references().iter().filter(|owner| owner.controller == Some(true)).map(unblocked).collect::<Vec<_>>(),
            Err(error) => return tracing::warn!(%error, pod, "our pod can't be read, so the lease gets no owner"),
        };
        let leases: Api<K8sLease> = Api::namespaced(client, &options.namespace);
        let patch = json!({"metadata": {"ownerReferences": owners, "labels": {NAME: OPERATOR}}});
        if let Err(error) = leases.patch(&options.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            tracing::warn!(%error, lease = options.name, "the lease gets no owner");
        }
    }

    /// Waits until the lease is released, for a moment at most. All receivers must be gone.
    pub async fn released(self) {
        if tokio::time::timeout(Duration::from_secs(5), self.task).await.is_err() {
            tracing::warn!("the lease could not be released; the next leader waits until it expires");
        }
    }
}

/// The owner, without a say in when it goes: that would take the right to update its finalizers, where a cluster checks that.
fn unblocked(owner: &OwnerReference) -> OwnerReference {
    OwnerReference { block_owner_deletion: None, ..owner.clone() }
}

/// Tells from the lease's records whether we lead, until we did and no longer do, or nobody asks.
async fn attest(records: impl Stream<Item = Result<Option<K8sLease>, watcher::Error>>, identity: &str, sender: &watch::Sender<bool>) {
    pin_mut!(records);
    let mut until: Option<Instant> = None;
    loop {
        let over = tokio::time::sleep_until(until.unwrap_or_else(Instant::now));
        tokio::select! {
            () = sender.closed() => return,
            () = over, if until.is_some() => until = None,
            record = records.next() => match record {
                Some(Ok(record)) => until = remaining(record.as_ref(), identity, Timestamp::now()).map(|left| Instant::now() + left),
                Some(Err(error)) => tracing::warn!(%error, "the watch of the lease was interrupted"),
                None => until = None,
            },
        }
        let led = sender.send_replace(until.is_some());
        if led && until.is_none() {
            return;
        }
    }
}

/// For how long `identity` may still act, if it may.
fn remaining(lease: Option<&K8sLease>, identity: &str, now: Timestamp) -> Option<Duration> {
    let spec = lease?.spec.as_ref()?;
    let renewed = spec.renew_time.as_ref()?.0;
    let is_ours = spec.holder_identity.as_deref() == Some(identity);
    // A renewal that is still to come is of another clock, or of this one before it was set back.
    let passed = Duration::try_from(now.duration_since(renewed)).ok()?;
    ACTS.checked_sub(passed).filter(|left| is_ours && !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::mpsc::unbounded;
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    fn held(by: &str, renewed: Timestamp) -> K8sLease {
        let spec = LeaseSpec { holder_identity: Some(by.to_owned()), renew_time: Some(MicroTime(renewed)), ..LeaseSpec::default() };
        K8sLease { spec: Some(spec), ..K8sLease::default() }
    }

    #[test]
    fn the_holder_acts_for_a_while_after_a_renewal() {
        let now = Timestamp::from_second(1000).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let table = [
            (Some(held("us", at(1000))), Some(10)),
            (Some(held("us", at(994))), Some(4)),
            (Some(held("us", at(990))), None),
            (Some(held("us", at(100))), None),
            (Some(held("us", at(1001))), None),
            (Some(held("them", at(1000))), None),
            (Some(K8sLease::default()), None),
            (None, None),
        ];
        for (lease, seconds) in table {
            assert_eq!(remaining(lease.as_ref(), "us", now), seconds.map(Duration::from_secs), "{lease:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_of_which_nothing_is_heard_is_lost_by_our_own_clock() {
        let (records, heard) = unbounded();
        let (sender, mut leads) = watch::channel(false);
        let attested = tokio::spawn(async move { attest(heard, "us", &sender).await });
        let begun = Instant::now();
        records.unbounded_send(Ok(Some(held("them", Timestamp::now())))).unwrap();
        records.unbounded_send(Ok(Some(held("us", Timestamp::now())))).unwrap();
        leads.wait_for(|leads| *leads).await.unwrap();
        leads.wait_for(|leads| !*leads).await.unwrap();
        assert!((ACTS.saturating_sub(Duration::from_secs(1))..=ACTS).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        attested.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn another_holder_ends_it_at_once() {
        let (records, heard) = unbounded();
        let (sender, mut leads) = watch::channel(false);
        let attested = tokio::spawn(async move { attest(heard, "us", &sender).await });
        records.unbounded_send(Ok(Some(held("us", Timestamp::now())))).unwrap();
        leads.wait_for(|leads| *leads).await.unwrap();
        records.unbounded_send(Ok(Some(held("them", Timestamp::now())))).unwrap();
        attested.await.unwrap();
        assert!(!*leads.borrow());
    }
}
