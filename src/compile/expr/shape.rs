//! What is known of the structure of types: for arguments by name, push or append, carrying Map and Set, inference.
//! Depends on `ts` only for printing a shape as a type; knows nothing of oxc.

use super::super::ts::Type;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many names are followed, one after the other, before the answer is "unknown".
const DEEPEST: usize = 24;

/// How many parts of shapes are looked at for one answer before it is "unknown".
const FUEL: usize = 10_000;

/// The structure of a type, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Nothing is known: `unknown`, `any`, or a type that is only the type-checker's to understand.
    Unknown,
    /// A primitive type's name (`string`, `number`, `undefined`, …), or the text of a literal type (`'PLAN'`, `42`).
    Primitive(String),
    /// `T[]`
    Array(Box<Shape>),
    /// `[A, B]`
    Tuple(Vec<Shape>),
    /// `Map<K, V>`
    Map(Box<Shape>, Box<Shape>),
    /// `Set<T>`
    Set(Box<Shape>),
    /// `{a: A; b?: B}`
    Object(Vec<Field>),
    /// `A | B`
    Union(Vec<Shape>),
    /// A name, with its type arguments; [`Shapes::resolve`] follows it.
    Named(String, Vec<Shape>),
    /// `Promise<T>`
    Promise(Box<Shape>),
    /// A function.
    Function,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// Its type.
    pub shape: Shape,
}

/// A function that a helper, an activity module or a signature declares.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name; empty for a signature.
    pub name: String,
    /// Its parameters, in order.
    pub params: Vec<FunctionParam>,
    /// Its result; [`Shape::Promise`] for an activity.
    pub ret: Shape,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionParam {
    /// Its name; empty if it is a pattern.
    pub name: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Its type.
    pub shape: Shape,
}

/// A declared name: `interface Name<params> extends … { … }`, `type Name<params> = …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Names of its type parameters.
    pub params: Vec<String>,
    /// What it extends, or is intersected with.
    pub extends: Vec<Shape>,
    /// Its own structure.
    pub shape: Shape,
}

/// The shapes of declared names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes(BTreeMap<String, Declared>);

impl Shapes {
    /// Declares `name` with the structure `shape`.
    pub fn insert(&mut self, name: &str, shape: Shape) {
        self.declare(name, Declared { params: Vec::new(), extends: Vec::new(), shape });
    }

    /// Declares `name`; an interface that is declared twice has the fields of both.
    pub fn declare(&mut self, name: &str, mut declared: Declared) {
        if let Some(before) = self.0.remove(name)
            && let (Shape::Object(mut fields), Shape::Object(more)) = (before.shape, &declared.shape)
        {
            override_fields(&mut fields, more.clone());
            declared.shape = Shape::Object(fields);
            declared.extends.splice(0..0, before.extends);
        }
        self.0.insert(name.to_owned(), declared);
    }

    /// Adds everything of `other`, which wins where both declare a name.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The declaration of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Declared> {
        self.0.get(name)
    }

    /// Every declared name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// `shape` with its outermost names followed, up to a limit, so that its structure shows.
    #[must_use]
    pub fn resolve(&self, shape: &Shape) -> Shape {
        self.follow(shape, 0, &mut Fuel(FUEL))
    }

    /// The fields of an object, also through names, and past `undefined` and `null`; `None` if it is no object.
    #[must_use]
    pub fn fields(&self, shape: &Shape) -> Option<Vec<Field>> {
        match present(self.resolve(shape)) {
            Shape::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The type of the field `name`; with `undefined` where it may be absent.
    #[must_use]
    pub fn field(&self, shape: &Shape, name: &str) -> Option<Shape> {
        match present(self.resolve(shape)) {
            Shape::Object(fields) => {
                let field = fields.into_iter().find(|field| field.name == name)?;
                Some(if field.optional { union(vec![field.shape, undefined()]) } else { field.shape })
            }
            Shape::Named(record, args) if record == "Record" => args.into_iter().nth(1),
            Shape::Union(members) => {
                let members: Option<Vec<_>> = members.iter().map(|member| self.field(member, name)).collect();
                members.map(union)
            }
            _ => None,
        }
    }

    /// The type of the elements of an array, tuple or Set, or of the entries of a Map.
    #[must_use]
    pub fn element(&self, shape: &Shape) -> Option<Shape> {
        match present(self.resolve(shape)) {
            Shape::Array(element) | Shape::Set(element) => Some(*element),
            Shape::Tuple(elements) => Some(union(elements)),
            Shape::Map(key, value) => Some(Shape::Tuple(vec![*key, *value])),
            _ => None,
        }
    }

    fn follow(&self, shape: &Shape, depth: usize, fuel: &mut Fuel) -> Shape {
        if depth >= DEEPEST || !fuel.burn(1) {
            return Shape::Unknown;
        }
        let (name, args) = match shape {
            Shape::Named(name, args) => (name, args),
            Shape::Union(members) => {
                return union(members.iter().map(|member| self.follow(member, depth + 1, fuel)).collect());
            }
            other => return other.clone(),
        };
        let Some(declared) = self.0.get(name) else {
            return self.utility(name, args, depth, fuel).unwrap_or_else(|| shape.clone());
        };
        let own = substitute(&declared.shape, &declared.params, args, fuel);
        let own = self.follow(&own, depth + 1, fuel);
        if declared.extends.is_empty() {
            return own;
        }
        let mut fields = Vec::new();
        for base in &declared.extends {
            let base = substitute(base, &declared.params, args, fuel);
            if let Shape::Object(more) = self.follow(&base, depth + 1, fuel) {
                override_fields(&mut fields, more);
            }
        }
        if let Shape::Object(more) = own {
            override_fields(&mut fields, more);
        }
        Shape::Object(fields)
    }

    /// What one of TypeScript's utility types makes of its arguments.
    fn utility(&self, name: &str, args: &[Shape], depth: usize, fuel: &mut Fuel) -> Option<Shape> {
        let first = self.follow(args.first()?, depth + 1, fuel);
        let keys = args.get(1).map(|keys| literals(&self.follow(keys, depth + 1, fuel))).unwrap_or_default();
        let fields = |keep: &dyn Fn(&Field) -> bool, optional: Option<bool>| match &first {
            Shape::Object(fields) => {
                let fields = fields.iter().filter(|field| keep(field)).cloned();
                let fields = fields.map(|field| Field { optional: optional.unwrap_or(field.optional), ..field });
                Some(Shape::Object(fields.collect()))
            }
            _ => None,
        };
        match name {
            "Partial" => fields(&|_| true, Some(true)),
            "Required" => fields(&|_| true, Some(false)),
            "Readonly" | "NoInfer" => Some(first),
            "Pick" => fields(&|field| keys.contains(&field.name), None),
            "Omit" => fields(&|field| !keys.contains(&field.name), None),
            "NonNullable" => Some(present(first)),
            "Awaited" => Some(awaited(first)),
            _ => None,
        }
    }
}

/// The names that a union of string literals lists.
fn literals(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::Primitive(text) => literal_text(text).into_iter().collect(),
        Shape::Union(members) => members.iter().flat_map(literals).collect(),
        _ => Vec::new(),
    }
}

/// The string of a string literal type's text.
fn literal_text(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { chars.next()? } else { char });
    }
    Some(plain)
}

/// The text of the string literal type `text`.
pub(super) fn literal(text: &str) -> Shape {
    Shape::Primitive(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")))
}

fn undefined() -> Shape {
    Shape::Primitive("undefined".into())
}

fn is_nothing(shape: &Shape) -> bool {
    matches!(shape, Shape::Primitive(name) if matches!(name.as_str(), "undefined" | "null" | "void" | "never"))
}

/// `shape` without `undefined` and `null`.
pub(super) fn present(shape: Shape) -> Shape {
    match shape {
        Shape::Union(members) => union(members.into_iter().filter(|member| !is_nothing(member)).collect()),
        other => other,
    }
}

/// What `await` makes of `shape`.
pub(super) fn awaited(shape: Shape) -> Shape {
    match shape {
        Shape::Promise(inner) => awaited(*inner),
        Shape::Union(members) => union(members.into_iter().map(awaited).collect()),
        other => other,
    }
}

/// The union of `members`, flat, none twice, and just the member where there is but one.
pub(super) fn union(members: Vec<Shape>) -> Shape {
    let parts = members.into_iter().flat_map(|member| if let Shape::Union(parts) = member { parts } else { vec![member] });
    let mut seen = HashSet::new();
    let mut flat: Vec<Shape> = parts.filter(|part| seen.insert(part.clone())).collect();
    match flat.len() {
        0 => Shape::Unknown,
        1 => flat.swap_remove(0),
        _ if seen.contains(&Shape::Unknown) => Shape::Unknown,
        _ => Shape::Union(flat),
    }
}

/// Puts `more` into `fields`; a field of `more` wins over one of the same name.
pub(super) fn override_fields(fields: &mut Vec<Field>, more: Vec<Field>) {
    let mut places: HashMap<String, usize> = HashMap::new();
    places.extend(fields.iter().enumerate().map(|(place, field)| (field.name.clone(), place)));
    for field in more {
        let known = *places.entry(field.name.clone()).or_insert(fields.len());
        match fields.get_mut(known) {
            Some(before) => *before = field,
            None => fields.push(field),
        }
    }
}

/// What may still be done for one answer: types can be written that double at every name.
struct Fuel(usize);

impl Fuel {
    fn burn(&mut self, cost: usize) -> bool {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// How many parts a shape has.
fn size(shape: &Shape) -> usize {
    1 + match shape {
        Shape::Unknown | Shape::Primitive(_) | Shape::Function => 0,
        Shape::Array(inner) | Shape::Set(inner) | Shape::Promise(inner) => size(inner),
        Shape::Map(key, value) => size(key) + size(value),
        Shape::Tuple(parts) | Shape::Union(parts) | Shape::Named(_, parts) => parts.iter().map(size).sum(),
        Shape::Object(fields) => fields.iter().map(|field| size(&field.shape)).sum(),
    }
}

/// `shape` with `args` in place of the type parameters `params`.
fn substitute(shape: &Shape, params: &[String], args: &[Shape], fuel: &mut Fuel) -> Shape {
    if params.is_empty() {
        return shape.clone();
    }
    if !fuel.burn(1) {
        return Shape::Unknown;
    }
    let mut inner = |shape: &Shape| substitute(shape, params, args, fuel);
    match shape {
        Shape::Named(name, own) => match params.iter().position(|param| param == name) {
            Some(position) => match args.get(position) {
                Some(arg) if fuel.burn(size(arg)) => arg.clone(),
                _ => Shape::Unknown,
            },
            None => Shape::Named(name.clone(), own.iter().map(inner).collect()),
        },
        Shape::Array(element) => Shape::Array(Box::new(inner(element))),
        Shape::Set(element) => Shape::Set(Box::new(inner(element))),
        Shape::Promise(element) => Shape::Promise(Box::new(inner(element))),
        Shape::Map(key, value) => Shape::Map(Box::new(inner(key)), Box::new(inner(value))),
        Shape::Tuple(elements) => Shape::Tuple(elements.iter().map(inner).collect()),
        Shape::Union(members) => union(members.iter().map(inner).collect()),
        Shape::Object(fields) => Shape::Object(fields.iter().map(|field| Field { shape: inner(&field.shape), ..field.clone() }).collect()),
        Shape::Unknown | Shape::Primitive(_) | Shape::Function => shape.clone(),
    }
}

/// The type that `shape` is the structure of; `unknown` where nothing is known.
#[must_use]
pub fn to_type(shape: &Shape) -> Type {
    match shape {
        Shape::Unknown => named("unknown", Vec::new()),
        Shape::Primitive(text) => literal_text(text).map_or_else(|| named(text, Vec::new()), Type::Literal),
        Shape::Array(element) => Type::Array(Box::new(to_type(element))),
        Shape::Tuple(elements) => Type::Tuple(elements.iter().map(to_type).collect()),
        Shape::Map(key, value) => named("Map", vec![to_type(key), to_type(value)]),
        Shape::Set(element) => named("Set", vec![to_type(element)]),
        Shape::Object(fields) => {
            Type::Object(fields.iter().map(|field| (field.name.clone(), field.optional, to_type(&field.shape))).collect())
        }
        Shape::Union(members) => Type::Union(members.iter().map(to_type).collect()),
        Shape::Named(name, args) => named(name, args.iter().map(to_type).collect()),
        Shape::Promise(inner) => named("Promise", vec![to_type(inner)]),
        Shape::Function => named("Function", Vec::new()),
    }
}

fn named(name: &str, args: Vec<Type>) -> Type {
    Type::Named(name.to_owned(), args)
}
