//! What names mean at the place that code is being made for: parameters, values of nodes, input, state, helpers.
//! Also notes which values are used, and where from, so that each is declared in the right block.

use crate::compile::expr::{Resolution, Scope, Shape};
use crate::compile::ts::build::ident;
use crate::compile::ts::{Expr, Type};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Identifies a block of statements.
pub type BlockId = usize;

/// A name that stands for an expression in some place.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name in the definition.
    pub name: String,
    /// What it is printed as.
    pub expr: Expr,
    /// What is known of its type.
    pub shape: Shape,
}

impl Binding {
    /// `name` stands for `expr`.
    #[must_use]
    pub fn new(name: &str, expr: Expr, shape: Shape) -> Self {
        Self { name: name.to_owned(), expr, shape }
    }
}

/// Names that a container or handler adds.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The names.
    pub bindings: Vec<Binding>,
    /// Whether the values of nodes are out of reach: a handler can run before any node.
    pub handler: bool,
}

/// The value of a node that has run.
#[derive(Clone, Debug)]
pub struct Value {
    /// The node.
    pub node: usize,
    /// The variable that holds it.
    pub variable: String,
    /// The blocks that it is declared in, the outermost first.
    pub blocks: Vec<BlockId>,
    /// What is known of its type.
    pub shape: Shape,
    /// Its type, for a declaration that stands away from the value.
    pub ty: Type,
}

/// The value of the node before.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Last {
    /// No node with a value has run.
    #[default]
    None,
    /// The value of the node with this name (its id in camelCase).
    Known(String),
    /// One of several.
    Ambiguous,
}

impl Last {
    /// The value after two ways have met.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if self == other { self } else { Self::Ambiguous }
    }
}

/// What the first pass over a workflow found out for the second.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The nodes whose values are used.
    pub used: BTreeSet<usize>,
    /// The nodes whose values must be declared in an outer block, and which.
    pub hoisted: BTreeMap<usize, BlockId>,
}

/// What names mean.
#[derive(Debug)]
pub struct Env {
    /// Names of containers and handlers, the innermost last.
    pub frames: Vec<Frame>,
    /// Values of the nodes that have run, by their names.
    pub values: BTreeMap<String, Value>,
    /// The names of values in the order in which they were declared.
    pub order: Vec<String>,
    /// Which name's value each variable holds.
    pub variables: BTreeMap<String, String>,
    /// The value of the node before.
    pub last: Last,
    /// The blocks that are open, the outermost first.
    pub blocks: Vec<BlockId>,
    /// How many blocks there were.
    pub block_count: usize,
    /// The type of the input.
    pub input: Shape,
    /// The type of the state; `None` where the workflow has none.
    pub state: Option<Shape>,
    /// The fields of the state.
    pub state_fields: Vec<String>,
    /// The helper functions.
    pub helpers: Vec<String>,
    /// A block that does not run again after continue-as-new: its values cannot be used outside.
    pub first_run: Option<BlockId>,
    /// What was found out so far.
    pub facts: RefCell<Facts>,
    /// Names whose values do not outlive continue-as-new but were used after it.
    pub lost: RefCell<BTreeSet<String>>,
}

impl Env {
    /// The names of a workflow with an input of shape `input`.
    #[must_use]
    pub fn new(input: Shape, helpers: Vec<String>) -> Self {
        Self {
            frames: Vec::new(),
            values: BTreeMap::new(),
            order: Vec::new(),
            variables: BTreeMap::new(),
            last: Last::None,
            blocks: Vec::new(),
            block_count: 0,
            input,
            state: None,
            state_fields: Vec::new(),
            helpers,
            first_run: None,
            facts: RefCell::default(),
            lost: RefCell::default(),
        }
    }

    /// The frame's meaning of `name`, and whether a handler hides the values of nodes.
    fn framed(&self, name: &str) -> (Option<&Binding>, bool) {
        let mut hidden = false;
        for frame in self.frames.iter().rev() {
            if let Some(binding) = frame.bindings.iter().find(|binding| binding.name == name) {
                return (Some(binding), hidden);
            }
            hidden |= frame.handler;
        }
        (None, hidden)
    }

    /// Whether a container or handler gives `name` a meaning.
    #[must_use]
    pub fn binds(&self, name: &str) -> bool {
        self.framed(name).0.is_some()
    }

    /// The value that `name` means, if it is the name of a node that has run, or `result`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        match (name, &self.last) {
            ("result", Last::Known(name)) => self.values.get(name),
            ("result", _) => None,
            _ => self.values.get(name),
        }
    }

    fn note_use(&self, name: &str, value: &Value) {
        let mut facts = self.facts.borrow_mut();
        facts.used.insert(value.node);
        let common = value.blocks.iter().zip(&self.blocks).take_while(|(a, b)| a == b).count();
        if let Some(first_run) = self.first_run
            && value.blocks.contains(&first_run)
            && !self.blocks.contains(&first_run)
        {
            self.lost.borrow_mut().insert(name.to_owned());
        }
        if common < value.blocks.len()
            && let Some(&block) = common.checked_sub(1).and_then(|at| self.blocks.get(at))
        {
            let outer = facts.hoisted.get(&value.node).copied().map_or(block, |known| known.min(block));
            facts.hoisted.insert(value.node, outer);
        }
    }

    /// What is known of the type of a variable of the generated code.
    #[must_use]
    pub fn shape_of(&self, variable: &str) -> Option<Shape> {
        for binding in self.frames.iter().rev().flat_map(|frame| &frame.bindings) {
            if matches!(&binding.expr.kind, crate::compile::ts::ExprKind::Ident(name) if name == variable) {
                return Some(binding.shape.clone());
            }
        }
        match variable {
            "input" => Some(self.input.clone()),
            "state" => self.state.clone(),
            _ => self.values.get(self.variables.get(variable)?).map(|value| value.shape.clone()),
        }
    }
}

impl Scope for Env {
    fn resolve(&self, name: &str) -> Option<Resolution> {
        let (binding, hidden) = self.framed(name);
        if let Some(binding) = binding {
            return Some(Resolution { expr: binding.expr.clone(), lone: true });
        }
        if !hidden && let Some(value) = self.value(name) {
            self.note_use(name, value);
            return Some(Resolution { expr: ident(&value.variable), lone: true });
        }
        if name == "input" || name == "state" && self.state.is_some() {
            return Some(Resolution { expr: ident(name), lone: true });
        }
        if self.helpers.iter().any(|helper| helper == name) {
            return Some(Resolution { expr: ident(name), lone: false });
        }
        if self.state_fields.iter().any(|field| field == name) {
            return Some(Resolution { expr: ident("state").member(name), lone: false });
        }
        None
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.frames.iter().flat_map(|frame| &frame.bindings).map(|binding| binding.name.clone()).collect();
        names.push("input".to_owned());
        if self.state.is_some() {
            names.push("state".to_owned());
        }
        if !self.frames.iter().any(|frame| frame.handler) {
            names.extend(self.values.keys().cloned());
            if matches!(self.last, Last::Known(_)) {
                names.push("result".to_owned());
            }
        }
        names.extend(self.helpers.iter().cloned());
        names.extend(self.state_fields.iter().cloned());
        names
    }
}

/// What names mean in the target of a state update: only the state can be changed, so that the name that the target begins with is the state's field,
/// whatever parameter or node is called the same.
pub struct TargetScope<'a> {
    env: &'a Env,
    field: Option<&'a str>,
}

impl<'a> TargetScope<'a> {
    /// The scope of the target `text`.
    pub fn new(env: &'a Env, text: &'a str) -> Self {
        let text = text.trim_start();
        let name = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next().unwrap_or_default();
        Self { env, field: Some(name).filter(|name| *name != "state" && env.state_fields.iter().any(|field| field == name)) }
    }
}

impl Scope for TargetScope<'_> {
    fn resolve(&self, name: &str) -> Option<Resolution> {
        if self.field == Some(name) {
            return Some(Resolution { expr: ident("state").member(name), lone: false });
        }
        self.env.resolve(name)
    }

    fn names(&self) -> Vec<String> {
        self.env.names()
    }
}
