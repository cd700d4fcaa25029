//! The node types and fields that the five production workflows don't show, each in a definition of a few nodes.

mod loops;

/// The definitions, as file name and text. They are compiled together, so their workflow types differ.
pub fn definitions() -> Vec<(&'static str, &'static str)> {
    [loops::DEFINITIONS].concat()
}
