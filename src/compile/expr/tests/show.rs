//! A terse rendering of trees for assertions: every operation in brackets, so that structure shows.

use crate::compile::ts::{ArrowBody, Expr, ExprKind, Item, Pattern, Prop, Stmt, Type};

pub(super) fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Ident(name) => name.clone(),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Num(text) => text.clone(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Null => "null".into(),
        ExprKind::Regex(pattern, flags) => format!("/{pattern}/{flags}"),
        ExprKind::Template { quasis, exprs } => {
            let parts = quasis.iter().enumerate();
            let parts = parts.map(|(at, quasi)| quasi.clone() + &exprs.get(at).map_or(String::new(), |e| format!("${{{}}}", show(e))));
            format!("`{}`", parts.collect::<String>())
        }
        ExprKind::Array(elements) => format!("[{}]", items(elements)),
        ExprKind::Object(props) => format!("{{{}}}", props.iter().map(prop).collect::<Vec<_>>().join(", ")),
        ExprKind::Member { object, property, optional } => format!("{}{}{property}", show(object), dot(*optional)),
        ExprKind::Index { object, index, optional } => {
            format!("{}{}[{}]", show(object), if *optional { "?." } else { "" }, show(index))
        }
        ExprKind::Call { callee, types, args, optional } => {
            format!("{}{}{}({})", show(callee), if *optional { "?." } else { "" }, generics(types), items(args))
        }
        ExprKind::New { callee, types, args } => format!("new {}{}({})", show(callee), generics(types), items(args)),
        ExprKind::Unary(operator, inner) => format!("({operator} {})", show(inner)),
        ExprKind::Binary(left, operator, right) | ExprKind::Assign(left, operator, right) => {
            format!("({} {operator} {})", show(left), show(right))
        }
        ExprKind::Conditional(test, then, other) => format!("({} ? {} : {})", show(test), show(then), show(other)),
        ExprKind::Arrow { params, body, .. } => {
            let params: Vec<_> = params
                .iter()
                .map(|param| pattern(&param.pattern) + &param.ty.as_ref().map_or(String::new(), |t| format!(": {}", ty(t))))
                .collect();
            match body {
                ArrowBody::Expr(body) => format!("(({}) => {})", params.join(", "), show(body)),
                ArrowBody::Block(body) => format!("(({}) => {{{}}})", params.join(", "), statements(body)),
            }
        }
        ExprKind::Await(inner) => format!("(await {})", show(inner)),
        ExprKind::As(inner, as_type) => format!("({} as {})", show(inner), ty(as_type)),
        ExprKind::Satisfies(inner, as_type) => format!("({} satisfies {})", show(inner), ty(as_type)),
        ExprKind::NonNull(inner) => format!("{}!", show(inner)),
    }
}

fn dot(optional: bool) -> &'static str {
    if optional { "?." } else { "." }
}

fn items(items: &[Item]) -> String {
    items.iter().map(|item| format!("{}{}", if item.spread { "..." } else { "" }, show(&item.expr))).collect::<Vec<_>>().join(", ")
}

fn generics(types: &[Type]) -> String {
    if types.is_empty() { String::new() } else { format!("<{}>", types.iter().map(ty).collect::<Vec<_>>().join(", ")) }
}

fn prop(prop: &Prop) -> String {
    match prop {
        Prop::KeyValue(key, value) => format!("{key:?}: {}", show(value)).replacen('"', "", 2),
        Prop::Computed(key, value) => format!("[{}]: {}", show(key), show(value)),
        Prop::Spread(value) => format!("...{}", show(value)),
    }
}

pub(super) fn pattern(of: &Pattern) -> String {
    match of {
        Pattern::Ident(name) => name.clone(),
        Pattern::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| element.as_ref().map_or(String::new(), pattern)).collect();
            format!("[{}]", elements.join(", "))
        }
        Pattern::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}: {}", pattern(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Pattern::Default(inner, default) => format!("{} = {}", pattern(inner), show(default)),
        Pattern::Rest(inner) => format!("...{}", pattern(inner)),
    }
}

pub(super) fn ty(of: &Type) -> String {
    match of {
        Type::User(text, _) | Type::Literal(text) => text.clone(),
        Type::Named(name, args) => name.clone() + &generics(args),
        Type::Array(element) => format!("{}[]", ty(element)),
        Type::Tuple(elements) => format!("[{}]", elements.iter().map(ty).collect::<Vec<_>>().join(", ")),
        Type::Object(fields) => {
            let fields = fields.iter().map(|(name, optional, field)| format!("{name}{}: {}", if *optional { "?" } else { "" }, ty(field)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join("; "))
        }
        Type::Union(types) => types.iter().map(ty).collect::<Vec<_>>().join(" | "),
        Type::Intersection(types) => types.iter().map(ty).collect::<Vec<_>>().join(" & "),
        Type::TypeOf(name) => format!("typeof {name}"),
        Type::Index(object, key) => format!("{}[{}]", ty(object), ty(key)),
        Type::Function(params, ret) => {
            let params = params.iter().map(|(name, optional, param)| format!("{name}{}: {}", if *optional { "?" } else { "" }, ty(param)));
            format!("({}) => {}", params.collect::<Vec<_>>().join(", "), ty(ret))
        }
    }
}

fn statements(statements: &[Stmt]) -> String {
    let shown = statements.iter().map(|statement| match statement {
        Stmt::Const(bound, _, init) => format!("const {} = {};", pattern(bound), show(init)),
        Stmt::Return(value) => format!("return {};", value.as_ref().map_or(String::new(), show)),
        Stmt::If(test, then, other) => {
            format!("if {} {{{}}} else {{{}}}", show(test), self::statements(then), self::statements(other))
        }
        other => format!("{other:?}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}
