//! Deciding: from what was observed to what is to be, one file or folder per subject.
//! Pure; may use `api` and `version`. Must not know how anything is observed or done.
#![deny(clippy::disallowed_methods)]

pub mod build;
pub mod objects;
pub mod own_queue;
pub mod rollout;
pub mod workflow;
