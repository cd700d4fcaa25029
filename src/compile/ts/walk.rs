//! Going through the tree: one visit of every expression, and the names that are used.
//! Depends on the tree only.

use super::super::origin::Origin;
use super::{ArrowBody, Decl, Expr, ExprKind, Module, Pattern, Prop, Stmt, Type};

/// Calls `visit` on the expressions that `expr` is made of, not on `expr` itself.
pub fn children_mut(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Ident(_) | ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::Regex(..) => {}
        ExprKind::Template { exprs, .. } => exprs.iter_mut().for_each(visit),
        ExprKind::Array(items) => items.iter_mut().for_each(|item| visit(&mut item.expr)),
        ExprKind::Object(props) => {
            for prop in props {
                match prop {
                    Prop::KeyValue(_, value) | Prop::Spread(value) => visit(value),
                    Prop::Computed(key, value) => {
                        visit(key);
                        visit(value);
                    }
                }
            }
        }
        ExprKind::Member { object: inner, .. }
        | ExprKind::Unary(_, inner)
        | ExprKind::Await(inner)
        | ExprKind::As(inner, _)
        | ExprKind::Satisfies(inner, _)
        | ExprKind::NonNull(inner) => visit(inner),
        ExprKind::Index { object, index, .. } => {
            visit(object);
            visit(index);
        }
        ExprKind::Call { callee, args, .. } | ExprKind::New { callee, args, .. } => {
            visit(callee);
            args.iter_mut().for_each(|item| visit(&mut item.expr));
        }
        ExprKind::Binary(left, _, right) | ExprKind::Assign(left, _, right) => {
            visit(left);
            visit(right);
        }
        ExprKind::Conditional(test, then, other) => {
            visit(test);
            visit(then);
            visit(other);
        }
        ExprKind::Arrow { params, body, .. } => {
            params.iter_mut().for_each(|param| pattern_mut(&mut param.pattern, visit));
            match body {
                ArrowBody::Expr(expr) => visit(expr),
                ArrowBody::Block(body) => body.iter_mut().for_each(|stmt| statement_mut(stmt, visit)),
            }
        }
    }
}

fn pattern_mut(pattern: &mut Pattern, visit: &mut dyn FnMut(&mut Expr)) {
    match pattern {
        Pattern::Ident(_) => {}
        Pattern::Array(elements) => elements.iter_mut().flatten().for_each(|element| pattern_mut(element, visit)),
        Pattern::Object(fields) => fields.iter_mut().for_each(|(_, field)| pattern_mut(field, visit)),
        Pattern::Default(inner, default) => {
            pattern_mut(inner, visit);
            visit(default);
        }
        Pattern::Rest(inner) => pattern_mut(inner, visit),
    }
}

/// Calls `visit` on the outermost expressions of a statement and of the statements in it.
pub fn statement_mut(stmt: &mut Stmt, visit: &mut dyn FnMut(&mut Expr)) {
    let all = |body: &mut Vec<Stmt>, visit: &mut dyn FnMut(&mut Expr)| body.iter_mut().for_each(|stmt| statement_mut(stmt, visit));
    match stmt {
        Stmt::Const(pattern, _, init) => {
            pattern_mut(pattern, visit);
            visit(init);
        }
        Stmt::Let(_, _, init) | Stmt::Return(init) => init.iter_mut().for_each(visit),
        Stmt::Expr(expr) | Stmt::Throw(expr) => visit(expr),
        Stmt::If(test, then, other) => {
            visit(test);
            all(then, visit);
            all(other, visit);
        }
        Stmt::While(_, test, body) => {
            visit(test);
            all(body, visit);
        }
        Stmt::ForOf(_, _, iterable, body) => {
            visit(iterable);
            all(body, visit);
        }
        Stmt::For(_, _, init, test, update, body) => {
            visit(init);
            visit(test);
            visit(update);
            all(body, visit);
        }
        Stmt::Try { body, catch, finally } => {
            all(body, visit);
            catch.iter_mut().for_each(|(_, body)| all(body, visit));
            finally.iter_mut().for_each(|body| all(body, visit));
        }
        Stmt::Labeled(_, body) => all(body, visit),
        Stmt::Break(_) | Stmt::Continue(_) | Stmt::Comment(_) | Stmt::Blank | Stmt::Mark(_) => {}
    }
}

/// Calls `name` with every name that the module's own code uses as a value (not the user's types and helpers), and with the roots of `typeof` types.
pub fn names(module: &mut Module, name: &mut dyn FnMut(&str)) {
    for decl in &mut module.body {
        match decl {
            Decl::Const { init, .. } => expr_names(init, name),
            Decl::Stmt(stmt) => statement_mut(stmt, &mut |expr| expr_names(expr, name)),
            Decl::Function { body, params, .. } => {
                params.iter_mut().for_each(|param| pattern_mut(&mut param.pattern, &mut |expr| expr_names(expr, name)));
                body.iter_mut().for_each(|stmt| statement_mut(stmt, &mut |expr| expr_names(expr, name)));
            }
            Decl::Import { .. } | Decl::ImportAll { .. } | Decl::TypeAlias { .. } | Decl::User(_) | Decl::Comment(_) | Decl::Blank => {}
        }
    }
}

fn expr_names(expr: &mut Expr, name: &mut dyn FnMut(&str)) {
    if let ExprKind::Ident(text) = &expr.kind {
        name(text);
    }
    children_mut(expr, &mut |child| expr_names(child, name));
}

/// Gives `origin` to the calls in `expr` that have none, and to what awaits them.
pub fn calls_from(expr: &mut Expr, origin: Origin) {
    if matches!(expr.kind, ExprKind::Call { .. } | ExprKind::New { .. } | ExprKind::Await(_)) {
        expr.origin.get_or_insert(origin);
    }
    children_mut(expr, &mut |child| calls_from(child, origin));
}

/// Whether `expr` mentions the name `wanted`.
#[must_use]
pub fn mentions(expr: &Expr, wanted: &str) -> bool {
    let mut found = false;
    expr_names(&mut expr.clone(), &mut |name| found |= name == wanted);
    found
}

/// Whether an arrow with statements stands in `expr`.
#[must_use]
pub fn has_statements(expr: &Expr) -> bool {
    fn any(expr: &mut Expr) -> bool {
        let mut found = matches!(&expr.kind, ExprKind::Arrow { body: ArrowBody::Block(body), .. } if !body.is_empty());
        children_mut(expr, &mut |child| found |= any(child));
        found
    }
    any(&mut expr.clone())
}

/// The place in the definition that the first of a user's types in `ty` came from.
#[must_use]
pub fn type_origin(ty: &Type) -> Option<Origin> {
    match ty {
        Type::User(_, origin) => *origin,
        Type::Array(inner) => type_origin(inner),
        Type::Named(_, all) | Type::Tuple(all) | Type::Union(all) | Type::Intersection(all) => all.iter().find_map(type_origin),
        Type::Object(fields) => fields.iter().find_map(|(_, _, ty)| type_origin(ty)),
        Type::Index(object, _) => type_origin(object),
        Type::Function(_, ret) => type_origin(ret),
        Type::Literal(_) | Type::TypeOf(_) => None,
    }
}
