//! The door to Temporal as an operator uses it, on real parts: a dev server, workers of several versions, TLS that ends
//! before the server. Only what a real server never does is played, by a server that tests look into.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod authority;
mod connections;
mod credentials;
mod deployments;
mod ground;
mod limits;
mod open;
mod outage;
mod played;
mod proxy;
mod schedules;
mod versioning;
