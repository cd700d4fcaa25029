//! `warpline dev`: the operator's own reconcilers without a cluster, with other doors.
//! A shell: wires doors to the operator; must not decide anything that a reconciler decides.

pub mod api;
