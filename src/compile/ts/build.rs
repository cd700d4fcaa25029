//! Short constructors for the syntax tree, so that code that builds it reads like what it builds.
//! Depends on the tree only.

use super::{ArrowBody, Expr, ExprKind, Item, Param, Pattern, Prop, Stmt, Type};
use crate::compile::origin::Origin;

impl Expr {
    /// An expression with no origin.
    #[must_use]
    pub fn new(kind: ExprKind) -> Self {
        Self { kind, origin: None }
    }

    /// The same expression, from `origin`.
    #[must_use]
    pub fn at(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// `self.property`
    #[must_use]
    pub fn member(self, property: &str) -> Self {
        let origin = self.origin;
        Self { kind: ExprKind::Member { object: Box::new(self), property: property.into(), optional: false }, origin }
    }

    /// `self(args)`
    #[must_use]
    pub fn call(self, args: Vec<Expr>) -> Self {
        self.call_typed(Vec::new(), args)
    }

    /// `self<types>(args)`
    #[must_use]
    pub fn call_typed(self, types: Vec<Type>, args: Vec<Expr>) -> Self {
        let args = args.into_iter().map(Item::from).collect();
        Self::new(ExprKind::Call { callee: Box::new(self), types, args, optional: false })
    }

    /// `self.method(args)`
    #[must_use]
    pub fn method(self, method: &str, args: Vec<Expr>) -> Self {
        self.member(method).call(args)
    }

    /// `await self`
    #[must_use]
    pub fn awaited(self) -> Self {
        let origin = self.origin;
        Self { kind: ExprKind::Await(Box::new(self)), origin }
    }

    /// `!self`, simplified where `self` is a negation already.
    #[must_use]
    pub fn negated(self) -> Self {
        let origin = self.origin;
        match self.kind {
            ExprKind::Unary("!", inner) => *inner,
            ExprKind::Bool(value) => Self { kind: ExprKind::Bool(!value), origin },
            ExprKind::Binary(left, "===", right) => Self { kind: ExprKind::Binary(left, "!==", right), origin },
            ExprKind::Binary(left, "!==", right) => Self { kind: ExprKind::Binary(left, "===", right), origin },
            kind => Self { kind: ExprKind::Unary("!", Box::new(Self { kind, origin })), origin },
        }
    }

    /// `self op other`
    #[must_use]
    pub fn binary(self, op: &'static str, other: Expr) -> Self {
        Self::new(ExprKind::Binary(Box::new(self), op, Box::new(other)))
    }

    /// `self = value`
    #[must_use]
    pub fn assign(self, value: Expr) -> Self {
        self.assign_op("=", value)
    }

    /// `self op value` for an assignment operator
    #[must_use]
    pub fn assign_op(self, op: &'static str, value: Expr) -> Self {
        Self::new(ExprKind::Assign(Box::new(self), op, Box::new(value)))
    }

    /// `self;`
    #[must_use]
    pub fn stmt(self) -> Stmt {
        Stmt::Expr(self)
    }
}

/// A name.
#[must_use]
pub fn ident(name: &str) -> Expr {
    Expr::new(ExprKind::Ident(name.into()))
}

/// A string.
#[must_use]
pub fn string(text: &str) -> Expr {
    Expr::new(ExprKind::Str(text.into()))
}

/// A number.
#[must_use]
pub fn number(value: impl ToString) -> Expr {
    Expr::new(ExprKind::Num(value.to_string()))
}

/// `{ … }` from keys and values.
#[must_use]
pub fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Expr)>) -> Expr {
    Expr::new(ExprKind::Object(entries.into_iter().map(|(key, value)| Prop::KeyValue(key.into(), value)).collect()))
}

/// `[ … ]`
#[must_use]
pub fn array(items: Vec<Expr>) -> Expr {
    Expr::new(ExprKind::Array(items.into_iter().map(Item::from).collect()))
}

/// `...expr`
#[must_use]
pub fn spread(expr: Expr) -> Item {
    Item { spread: true, expr }
}

/// `new Name(args)`
#[must_use]
pub fn new(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(Item::from).collect();
    Expr::new(ExprKind::New { callee: Box::new(ident(name)), types: Vec::new(), args })
}

/// `(params) => body`
#[must_use]
pub fn arrow(params: Vec<Param>, body: Expr) -> Expr {
    Expr::new(ExprKind::Arrow { is_async: false, params, body: ArrowBody::Expr(Box::new(body)) })
}

/// `(params) => { body }`, with `async` before it where `is_async`.
#[must_use]
pub fn arrow_block(is_async: bool, params: Vec<Param>, body: Vec<Stmt>) -> Expr {
    Expr::new(ExprKind::Arrow { is_async, params, body: ArrowBody::Block(body) })
}

/// A parameter `name`.
#[must_use]
pub fn param(name: &str) -> Param {
    Param { pattern: Pattern::Ident(name.into()), ty: None, optional: false }
}

/// A parameter `name: ty`.
#[must_use]
pub fn typed_param(name: &str, ty: Type) -> Param {
    Param { pattern: Pattern::Ident(name.into()), ty: Some(ty), optional: false }
}

/// `const name = init;`
#[must_use]
pub fn constant(name: &str, init: Expr) -> Stmt {
    Stmt::Const(Pattern::Ident(name.into()), None, init)
}

/// The type `name`.
#[must_use]
pub fn named(name: &str) -> Type {
    Type::Named(name.into(), Vec::new())
}

impl From<Expr> for Item {
    fn from(expr: Expr) -> Self {
        Self { spread: false, expr }
    }
}
