//! A lease that is renewed as long as the operator runs here: by it `warpline status` and `warpline doctor` see that somebody is at work.

use super::api::NAMESPACE;
use crate::api::labels::{NAME, OPERATOR};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use std::time::Duration;

/// How often it is renewed.
const BEAT: Duration = Duration::from_secs(10);

/// Renews it, for ever.
pub async fn beat(client: Client) {
    let leases: Api<Lease> = Api::namespaced(client, NAMESPACE);
    let name = "warpline-dev";
    loop {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "labels": {NAME: OPERATOR}},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 60, "renewTime": now},
        });
        if let Err(error) = leases.patch(name, &PatchParams::apply(name).force(), &Patch::Apply(lease)).await {
            tracing::warn!(%error, "the lease can't be renewed");
        }
        tokio::time::sleep(BEAT).await;
    }
}
