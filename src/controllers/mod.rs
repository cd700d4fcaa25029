//! Wiring: watches feed the stores and the index, changes wake reconcilers, failures back off.
//! A shell: knows which kind concerns which; must not know what a reconciler does.

mod concern;
mod run;
mod watch;

pub use run::{Options, run, run_with};
