//! What users write in strings (expressions, values, targets, types, helpers) → syntax trees: the only place in Warpline
//! that knows oxc. Every string is parsed, checked by a whitelist and converted or printed from its tree; none is pasted.
//! Depends on `diagnostic`, `origin` and the tree of `ts`; must not know of nodes, graphs, Temporal or files.

mod arrows;
mod convert;
mod declarations;
mod depth;
mod fault;
mod guard;
mod helpers;
mod infer;
mod json_schema;
mod literals;
mod names;
mod operators;
mod parse;
mod patterns;
mod print;
mod refused;
mod rules;
mod shape;
mod shape_of;
mod target;
mod types;
mod value;

pub use declarations::{Declarations, Import, Reexport, SyntaxError, declarations};
pub use helpers::{Helpers, helpers};
pub use infer::infer;
pub use json_schema::from_json_schema;
pub use names::GLOBALS;
pub use shape::{Declared, Field, Function, FunctionParam, Shape, Shapes, to_type};
pub use target::target;
pub use types::{Types, signature, type_of, types};
pub use value::{expression, value};

use super::origin::Sources;
use super::ts;
use std::cell::RefCell;

/// What an identifier means at a place.
pub trait Scope {
    /// The meaning of the free name `name`, or `None` if it is unknown here. The globals of [`GLOBALS`] need not be
    /// known: they are tried after the scope.
    fn resolve(&self, name: &str) -> Option<Resolution>;
    /// Every name that `resolve` knows, for suggestions.
    fn names(&self) -> Vec<String>;
}

/// The meaning of a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// What it is printed as, such as `state.queue`.
    pub expr: ts::Expr,
    /// Whether the word alone, in a value position, is an expression: false for bare fields of the state, globals and
    /// helpers, whose names are ordinary words.
    pub lone: bool,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What names mean there.
    pub scope: &'a dyn Scope,
    /// The table that the strings are added to.
    pub sources: &'a RefCell<Sources>,
    /// The node that the expression belongs to.
    pub node: Option<&'a str>,
}

#[cfg(test)]
mod tests;
