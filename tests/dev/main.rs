//! `warpline dev` as a user starts it: the operator's reconcilers with a directory, processes and an embedded Temporal server. The files of tests/cluster that
//! need nothing else run here as they do there, each `Namespace` a directory of its own.
//!
//! Not shared, as there is nothing of it here: builds, images and registries, other installations of the operator, tenants, rights, Secrets of Temporal,
//! servers that fail, Argo CD.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

#[path = "../cluster/broken_edits.rs"]
mod broken_edits;
mod directory;
mod ground;
mod packages;
#[path = "../cluster/quiet_edits.rs"]
mod quiet_edits;
#[path = "../cluster/upgrading.rs"]
mod upgrading;
#[path = "../cluster/versions.rs"]
mod versions;
