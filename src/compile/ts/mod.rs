//! The syntax tree of the TypeScript that Warpline writes: just the part of the language that it uses.
//! Every expression of a user is converted into this tree ([`super::expr`]) and printed from it ([`print`]);
//! nothing is ever pasted as text. Knows nothing of definitions or Temporal.

pub mod build;
pub mod print;
pub mod walk;

use super::origin::Origin;

/// An expression and the place in the definition that it came from, if it came from one.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it came from; carried into source maps and to where type errors are reported.
    pub origin: Option<Origin>,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the code in a variant's doc names its fields")]
pub enum ExprKind {
    /// A name, already resolved to what it is called in the generated code.
    Ident(String),
    /// A string, printed with single quotes.
    Str(String),
    /// A number, as it is to be printed.
    Num(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A regular expression: pattern and flags.
    Regex(String, String),
    /// A template literal: `quasis` has one element more than `exprs`; raw text, as between the backquotes.
    Template { quasis: Vec<String>, exprs: Vec<Expr> },
    /// `[a, ...b]`
    Array(Vec<Item>),
    /// `{a: 1, b, ...c}`
    Object(Vec<Prop>),
    /// `object.property`, or `object?.property`
    Member { object: Box<Expr>, property: String, optional: bool },
    /// `object[index]`, or `object?.[index]`
    Index { object: Box<Expr>, index: Box<Expr>, optional: bool },
    /// `callee<T>(args)`, or `callee?.(args)`
    Call { callee: Box<Expr>, types: Vec<Type>, args: Vec<Item>, optional: bool },
    /// `new Callee<T>(args)`
    New { callee: Box<Expr>, types: Vec<Type>, args: Vec<Item> },
    /// A prefix operator: `!`, `-`, `+`, `~`, `typeof`, `void`.
    Unary(&'static str, Box<Expr>),
    /// A binary or logical operator.
    Binary(Box<Expr>, &'static str, Box<Expr>),
    /// `test ? then : other`
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// An assignment: `=`, `+=`, `-=`, …
    Assign(Box<Expr>, &'static str, Box<Expr>),
    /// An arrow function.
    Arrow { is_async: bool, params: Vec<Param>, body: ArrowBody },
    /// `await expr`
    Await(Box<Expr>),
    /// `expr as T`
    As(Box<Expr>, Type),
    /// `expr satisfies T`
    Satisfies(Box<Expr>, Type),
    /// `expr!`
    NonNull(Box<Expr>),
}

/// An element of an array or an argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Whether it is `...expr`.
    pub spread: bool,
    /// The expression.
    pub expr: Expr,
}

/// A part of an object literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Prop {
    /// `key: value`; printed in short where the value is a name equal to the key.
    KeyValue(String, Expr),
    /// `[key]: value`
    Computed(Expr, Expr),
    /// `...expr`
    Spread(Expr),
}

/// What an arrow function does.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrowBody {
    /// `=> expr`
    Expr(Box<Expr>),
    /// `=> { … }`
    Block(Vec<Stmt>),
}

/// A parameter of a function or arrow.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name or pattern.
    pub pattern: Pattern,
    /// Its type, where one is written.
    pub ty: Option<Type>,
    /// Whether it is written with `?`.
    pub optional: bool,
}

/// What a parameter or declaration binds.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// A name.
    Ident(String),
    /// `[a, , b]`
    Array(Vec<Option<Pattern>>),
    /// `{a, b: c}`: keys and what their values bind.
    Object(Vec<(String, Pattern)>),
    /// `pattern = default`
    Default(Box<Pattern>, Box<Expr>),
    /// `...pattern`, last of an array, object (then its key is empty) or parameter list.
    Rest(Box<Pattern>),
}

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `Name<args>`; the name may be qualified.
    Named(String, Vec<Type>),
    /// `T[]`
    Array(Box<Type>),
    /// `[A, B]`
    Tuple(Vec<Type>),
    /// `{a: T; b?: U}`: name, whether optional, type.
    Object(Vec<(String, bool, Type)>),
    /// `A | B`
    Union(Vec<Type>),
    /// `A & B`
    Intersection(Vec<Type>),
    /// A string literal type.
    Literal(String),
    /// `typeof name`
    TypeOf(String),
    /// `T['key']`, or `T[number]` for the key `number` in [`Type::Named`] form.
    Index(Box<Type>, Box<Type>),
    /// `(a: A) => R`
    Function(Vec<(String, bool, Type)>, Box<Type>),
    /// A type of the user's, parsed and printed by the parser's own printer; where it came from.
    User(String, Option<Origin>),
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the code in a variant's doc names its fields")]
pub enum Stmt {
    /// `const pattern: T = init;`
    Const(Pattern, Option<Type>, Expr),
    /// `let name: T = init;`
    Let(String, Option<Type>, Option<Expr>),
    /// `expr;`
    Expr(Expr),
    /// `if (test) { … } else { … }`; no `else` where it is empty.
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `label: while (test) { … }`
    While(Option<String>, Expr, Vec<Stmt>),
    /// `label: for (const pattern of iterable) { … }`
    ForOf(Option<String>, Pattern, Expr, Vec<Stmt>),
    /// `label: for (let name = init; test; update) { … }`
    For(Option<String>, String, Expr, Expr, Expr, Vec<Stmt>),
    /// `return expr;`
    Return(Option<Expr>),
    /// `throw expr;`
    Throw(Expr),
    /// `try { … } catch (name) { … } finally { … }`
    Try { body: Vec<Stmt>, catch: Option<(String, Vec<Stmt>)>, finally: Option<Vec<Stmt>> },
    /// `label: { … }`
    Labeled(String, Vec<Stmt>),
    /// `break label;`
    Break(Option<String>),
    /// `continue label;`
    Continue(Option<String>),
    /// `// line`, one for each line; line breaks within a line are made spaces.
    Comment(Vec<String>),
    /// An empty line.
    Blank,
    /// A note for who records what the code does; TypeScript doesn't show it.
    Mark(Mark),
}

/// What is noted at a place of the code, of a node by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The node begins.
    Enter(usize),
    /// The node is over.
    Leave(usize),
    /// The node is done at once.
    Visit(usize),
    /// The node begins a round of what it repeats.
    Round(usize),
    /// Something in the node failed, and the node handles it.
    Caught(usize),
    /// The node has failed.
    Failed(usize),
    /// The state is there from now on.
    State,
    /// The cleanup begins.
    Cleanup,
}

impl Stmt {
    /// Whether it is a mark.
    #[must_use]
    pub fn is_mark(&self) -> bool {
        matches!(self, Self::Mark(_))
    }
}

/// Whether `body` does nothing: it holds marks alone, if anything.
#[must_use]
pub fn is_silent(body: &[Stmt]) -> bool {
    body.iter().all(Stmt::is_mark)
}

/// A declaration at the top of a file.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the code in a variant's doc names its fields")]
pub enum Decl {
    /// `import { names } from 'from';`, `import type { names } …`
    Import { type_only: bool, names: Vec<String>, from: String },
    /// `import type * as name from 'from';`
    ImportAll { name: String, from: String },
    /// `export const pattern: T = init;` (or without `export`)
    Const { export: bool, pattern: Pattern, ty: Option<Type>, init: Expr },
    /// `export type Name = T;`, printed as an interface where `T` is an object.
    TypeAlias { export: bool, name: String, ty: Type },
    /// `export async function name(params): ret { … }`
    Function { export: bool, is_async: bool, name: String, params: Vec<Param>, ret: Option<Type>, body: Vec<Stmt> },
    /// Declarations of a user (types, helpers), parsed and printed by the parser's own printer.
    User(UserCode),
    /// `// line`
    Comment(Vec<String>),
    /// A statement at the top level.
    Stmt(Stmt),
    /// An empty line.
    Blank,
}

/// Text that the parser's own printer made from a tree of the user's declarations.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UserCode {
    /// The text, ending in a line break.
    pub text: String,
    /// Pairs of a position in the text (line and UTF-16 column, from 0) and the place it came from, ascending.
    pub mappings: Vec<(u32, u32, Origin)>,
}

/// A file of generated TypeScript.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Module {
    /// Its declarations, in order.
    pub body: Vec<Decl>,
}
