//! The node types and fields that the five production workflows don't show, each in a definition of a few nodes.

mod activities;
mod children;
mod cleanup;
mod continuing;
mod loops;
mod parallel;
mod raw_export;
mod retry;
mod signals;
mod state;
mod upgrading;

/// The definitions, as file name and text. They are compiled together, so their workflow types differ.
pub fn definitions() -> Vec<(&'static str, &'static str)> {
    [
        activities::DEFINITIONS,
        children::DEFINITIONS,
        cleanup::DEFINITIONS,
        continuing::DEFINITIONS,
        loops::DEFINITIONS,
        parallel::DEFINITIONS,
        raw_export::DEFINITIONS,
        retry::DEFINITIONS,
        signals::DEFINITIONS,
        state::DEFINITIONS,
    ]
    .concat()
}
