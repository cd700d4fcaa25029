//! The operator between servers that fail it: a real API server and a real Temporal server, with a proxy before each that counts writes and disturbs
//! the one that it is told to. No kubelet: pods are played, all but their pollers, which are real.
//! `tests/cluster/ground/cluster servers` starts the servers where they don't run; each run works in a namespace of its own.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod by_hand;
mod crowds;
mod enumeration;
mod ground;
mod leaders;
mod operator;
mod place;
mod pods;
mod proxy;
mod served;
mod story;
