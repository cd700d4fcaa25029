//! Deciding: from what was observed to what is to be, one file or folder per subject.
//! Pure; may use `api`, `version` and, for what users write, `definition` and `schedule`. Must not know how anything is observed or done.
#![deny(clippy::disallowed_methods)]

pub mod build;
pub mod executions;
pub mod objects;
pub mod overview;
pub mod own_queue;
pub mod pod_problem;
pub mod rollout;
pub mod scale;
pub mod schedule;
pub mod states;
pub mod workflow;
