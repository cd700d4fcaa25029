//! The operator on a real cluster: a real API server, kubelet and containerd, real worker pods, a real Temporal server.
//! `tests/cluster/ground/cluster` makes the cluster where there is none; each test works in a namespace of its own, under restricted pod security.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod argo_cd;
#[path = "../temporal/authority.rs"]
mod authority;
mod bad_input;
mod broken_edits;
mod builds;
mod by_hand;
mod command_line;
mod crashes;
mod credentials;
mod deletion;
mod ground;
mod long_runs;
mod other_images;
mod outages;
mod own_queues;
mod package_builder;
mod quiet_edits;
mod schedules;
mod tenants;
mod traces;
mod uninstalling;
mod upgrading;
mod versions;
