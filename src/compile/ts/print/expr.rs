//! Printing expressions: parentheses by precedence, one line where it fits, else broken as a person would.

use super::super::{ArrowBody, Expr, ExprKind, Item, Param, Pattern, Prop, walk};
use super::{Awaited, Printer, Tell, key, quote};

/// How tightly an expression binds; a looser one inside a tighter one needs parentheses.
fn precedence(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Arrow { .. } | ExprKind::Assign(..) => 2,
        ExprKind::Conditional(..) => 3,
        ExprKind::Binary(_, op, _) => operator(op),
        // A type takes what follows it for its own: `T | b`, `T < b`, `T ? b : c`. So it never stands bare before an operator.
        ExprKind::As(..) | ExprKind::Satisfies(..) => 3,
        ExprKind::Unary(..) | ExprKind::Await(_) => 15,
        ExprKind::Num(_) => 18,
        ExprKind::New { .. } | ExprKind::Call { .. } | ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::NonNull(_) => 19,
        _ => 20,
    }
}

fn operator(op: &str) -> u8 {
    match op {
        "??" | "||" => 4,
        "&&" => 5,
        "|" => 6,
        "^" => 7,
        "&" => 8,
        "==" | "!=" | "===" | "!==" => 9,
        "<" | ">" | "<=" | ">=" | "instanceof" | "in" => 10,
        "<<" | ">>" | ">>>" => 11,
        "+" | "-" => 12,
        "*" | "/" | "%" => 13,
        _ => 14,
    }
}

impl Printer {
    /// Prints `expr` where an expression of at least precedence `least` is expected.
    pub(super) fn expr(&mut self, expr: &Expr, least: u8) {
        if self.overflow {
            return;
        }
        if precedence(&expr.kind) < least {
            self.push("(");
            self.expr(expr, 0);
            self.push(")");
            return;
        }
        if !self.try_flat(|p| p.expr_as(expr)) {
            self.expr_as(expr);
        }
    }

    fn expr_as(&mut self, expr: &Expr) {
        self.map(expr.origin);
        match &expr.kind {
            ExprKind::Ident(name) => self.push(name),
            ExprKind::Str(text) => self.push(&quote(text)),
            ExprKind::Num(text) => self.push(text),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::Null => self.push("null"),
            ExprKind::Regex(pattern, flags) => self.push(&format!("/{pattern}/{flags}")),
            ExprKind::Template { quasis, exprs } => self.template(quasis, exprs),
            ExprKind::Array(items) => self.items("[", "]", items),
            ExprKind::Object(props) => self.object(props),
            ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::Call { .. } | ExprKind::NonNull(_) => self.chain(expr),
            ExprKind::New { callee, types, args } => {
                self.push("new ");
                self.expr(callee, 20);
                self.type_args(types);
                self.args(args);
            }
            ExprKind::Unary(op, operand) => {
                self.push(op);
                if op.len() > 1 {
                    self.push(" ");
                }
                // `- -a` must not become `--a`.
                let nested = matches!(&operand.kind, ExprKind::Unary(inner, _) if inner == op && op.len() == 1 && *op != "!");
                self.expr(operand, if nested { 20 } else { 15 });
            }
            ExprKind::Binary(left, op, right) => self.binary(left, op, right),
            ExprKind::Conditional(test, then, other) => self.conditional(test, then, other),
            ExprKind::Assign(target, op, value) => {
                let start = self.position();
                self.expr(target, 3);
                // A wrong value is reported at the target's beginning: that leads to the value, the rest of the target to itself.
                let first =
                    self.mappings.iter_mut().rev().take_while(|m| (m.line, m.column) >= start).find(|m| (m.line, m.column) == start);
                if let (Some(first), Some(origin)) = (first, value.origin) {
                    first.origin = origin;
                }
                self.push(&format!(" {op} "));
                self.expr(value, 2);
            }
            ExprKind::Arrow { is_async, params, body } => self.arrow(*is_async, params, body),
            ExprKind::Await(operand) => {
                self.push("await ");
                let settles = std::mem::take(&mut self.settles);
                settles.iter().rev().for_each(|&node| self.tell(Tell::Settles(node)));
                self.tell(Tell::Await(expr.origin, awaited(operand)));
                self.expr(operand, 15);
                self.tell(Tell::Close);
                settles.iter().for_each(|_| self.tell(Tell::Close));
                self.settles = settles;
            }
            ExprKind::As(operand, ty) => {
                self.expr(operand, 10);
                self.push(" as ");
                self.ty(ty);
            }
            ExprKind::Satisfies(operand, ty) => {
                self.expr(operand, 10);
                self.push(" satisfies ");
                self.ty(ty);
            }
        }
    }

    fn template(&mut self, quasis: &[String], exprs: &[Expr]) {
        let flat = std::mem::replace(&mut self.flat, true);
        self.push("`");
        for (position, quasi) in quasis.iter().enumerate() {
            self.push(quasi);
            if let Some(expr) = exprs.get(position) {
                self.push("${");
                // A template is never broken for its length, only for the statements of an arrow, which have lines of their own.
                self.overflow = false;
                self.flat = !walk::has_statements(expr);
                self.expr(expr, 0);
                self.flat = true;
                self.push("}");
            }
        }
        self.push("`");
        self.flat = flat;
        self.overflow = flat && self.overflow;
    }

    fn items(&mut self, open: &str, close: &str, items: &[Item]) {
        let branches = std::mem::take(&mut self.branches);
        let item = if branches { Self::promise } else { Self::item };
        if self.flat || items.is_empty() {
            self.push(open);
            self.flat_list(items, item);
            self.push(close);
        } else {
            self.broken_list(open, close, items, item);
        }
        self.branches = branches;
    }

    /// One of several promises: a call is told of, but not a function that is made and called here, which tells of itself.
    fn promise(&mut self, item: &Item) {
        match &item.expr.kind {
            ExprKind::Call { callee, .. } if !item.spread && !matches!(callee.kind, ExprKind::Arrow { .. }) => {
                self.tell(Tell::Branch(item.expr.origin));
                self.item(item);
                self.tell(Tell::Close);
            }
            _ => self.item(item),
        }
    }

    fn item(&mut self, item: &Item) {
        if item.spread {
            self.push("...");
        }
        self.expr(&item.expr, 2);
    }

    fn object(&mut self, props: &[Prop]) {
        if props.is_empty() {
            self.push("{}");
        } else if self.flat {
            self.push("{ ");
            self.flat_list(props, Self::prop);
            self.push(" }");
        } else {
            self.broken_list("{", "}", props, Self::prop);
        }
    }

    fn prop(&mut self, prop: &Prop) {
        match prop {
            Prop::KeyValue(name, Expr { kind: ExprKind::Ident(value), origin }) if name == value => {
                self.map(*origin);
                self.push(name);
            }
            Prop::KeyValue(name, value) => {
                // A type error of a property is reported at its key: it leads to the value, too.
                self.map(value.origin);
                self.push(&key(name));
                self.push(": ");
                self.expr(value, 2);
            }
            Prop::Computed(name, value) => {
                // Where the value is wrong, checkers point at the bracket.
                self.map(name.origin);
                self.push("[");
                self.expr(name, 2);
                self.push("]: ");
                self.expr(value, 2);
            }
            Prop::Spread(value) => {
                self.push("...");
                self.expr(value, 2);
            }
        }
    }

    /// Arguments: on one line; or with only the last broken, if it is a literal or function; or each on a line.
    fn args(&mut self, args: &[Item]) {
        if self.flat || args.is_empty() {
            self.push("(");
            self.flat_list(args, Self::item);
            self.push(")");
            return;
        }
        if self.try_flat(|p| p.args(args)) {
            return;
        }
        if let Some((last, rest)) = args.split_last()
            && !last.spread
            && matches!(last.expr.kind, ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Arrow { .. })
        {
            let hugged = self.try_flat(|p| {
                p.push("(");
                for item in rest {
                    p.item(item);
                    p.push(", ");
                }
            });
            if hugged {
                self.arrow_broken = false;
                self.expr(&last.expr, 2);
                if std::mem::take(&mut self.arrow_broken) {
                    self.push(",");
                    self.newline();
                }
                self.push(")");
                return;
            }
        }
        self.broken_list("(", ")", args, Self::item);
    }

    /// Members and calls: `a.b(…).c(…)`, broken before each call where several do not fit on a line.
    fn chain(&mut self, expr: &Expr) {
        let mut links = Vec::new();
        let mut head = expr;
        while let ExprKind::Member { object, .. }
        | ExprKind::Index { object, .. }
        | ExprKind::NonNull(object)
        | ExprKind::Call { callee: object, .. } = &head.kind
        {
            links.push(head);
            head = object;
        }
        links.reverse();
        let calls = links.iter().filter(|link| matches!(link.kind, ExprKind::Call { .. })).count();
        let broken = !self.flat && calls > 1;
        self.expr(head, 19);
        if broken {
            self.indent += 1;
        }
        for (position, link) in links.iter().enumerate() {
            let called = links.get(position + 1).is_some_and(|next| matches!(next.kind, ExprKind::Call { .. }));
            if broken && called && position > 0 && matches!(link.kind, ExprKind::Member { .. }) {
                self.newline();
            }
            self.link(link);
        }
        if broken {
            self.indent -= 1;
        }
    }

    fn link(&mut self, link: &Expr) {
        match &link.kind {
            ExprKind::Member { property, optional, .. } => {
                self.push(if *optional { "?." } else { "." });
                self.map(link.origin);
                self.push(property);
            }
            ExprKind::Index { index, optional, .. } => {
                self.push(if *optional { "?.[" } else { "[" });
                self.expr(index, 0);
                self.push("]");
            }
            ExprKind::Call { callee, types, args, optional } => {
                if *optional {
                    self.push("?.");
                }
                self.type_args(types);
                self.branches = joins_promises(callee, args);
                self.args(args);
                self.branches = false;
            }
            _ => self.push("!"),
        }
    }

    fn binary(&mut self, left: &Expr, op: &'static str, right: &Expr) {
        if self.flat {
            self.operands(left, op, right);
            return;
        }
        if std::mem::replace(&mut self.indented_already, true) {
            self.operands(left, op, right);
        } else {
            self.indented(|p| p.operands(left, op, right));
        }
        self.indented_already = false;
    }

    fn operands(&mut self, left: &Expr, op: &'static str, right: &Expr) {
        let level = operator(op);
        let mixes = |side: &Expr| matches!(&side.kind, ExprKind::Binary(_, inner, _) if (*inner == "??") != (op == "??") && matches!(*inner, "??" | "||" | "&&") && matches!(op, "??" | "||" | "&&"));
        let (left_least, right_least) = if op == "**" { (16, level) } else { (level, level + 1) };
        self.expr(left, if mixes(left) { 20 } else { left_least });
        self.push(" ");
        self.push(op);
        if self.flat {
            self.push(" ");
            self.expr(right, if mixes(right) { 20 } else { right_least });
        } else {
            self.indented_already = false;
            self.newline();
            self.expr(right, if mixes(right) { 20 } else { right_least });
        }
    }

    fn conditional(&mut self, test: &Expr, then: &Expr, other: &Expr) {
        self.expr(test, 4);
        if self.flat {
            self.push(" ? ");
            self.expr(then, 2);
            self.push(" : ");
            self.expr(other, 2);
        } else {
            self.indented(|p| {
                p.newline();
                p.push("? ");
                p.indented(|p| p.expr(then, 2));
                p.newline();
                p.push(": ");
                p.indented(|p| p.expr(other, 2));
            });
        }
    }

    fn arrow(&mut self, is_async: bool, params: &[Param], body: &ArrowBody) {
        if is_async {
            self.push("async ");
        }
        self.params(params);
        self.push(" =>");
        match body {
            ArrowBody::Expr(expr) if !leftmost_is_object(expr) => return self.arrow_expr(expr),
            _ => self.push(" "),
        }
        match body {
            ArrowBody::Expr(expr) => {
                self.push("(");
                self.expr(expr, 0);
                self.push(")");
            }
            ArrowBody::Block(body) => self.block(body),
        }
    }

    /// The expression of an arrow: on the same line, or on the next one where it fits there, or else broken.
    fn arrow_expr(&mut self, expr: &Expr) {
        let same_line = |p: &mut Self| {
            p.push(" ");
            p.expr(expr, 2);
        };
        if self.try_flat(same_line) {
            return;
        }
        self.indent += 1;
        let next_line = format!("\n{}", super::INDENT.repeat(self.indent));
        let fits = self.try_flat(|p| {
            p.push(&next_line);
            p.overflow = false;
            p.expr(expr, 2);
        });
        self.indent -= 1;
        if fits {
            self.arrow_broken = true;
        } else if matches!(expr.kind, ExprKind::Binary(..) | ExprKind::Conditional(..)) {
            self.indented(|p| {
                p.newline();
                p.indented_already = true;
                p.expr(expr, 2);
                p.indented_already = false;
            });
            self.arrow_broken = true;
        } else {
            self.push(" ");
            self.expr(expr, 2);
        }
    }

    pub(super) fn params(&mut self, params: &[Param]) {
        let one_line = |p: &mut Self| {
            p.push("(");
            p.flat_list(params, Self::param);
            p.push(")");
        };
        if !self.try_flat(one_line) {
            self.broken_list("(", ")", params, Self::param);
        }
    }

    fn param(&mut self, param: &Param) {
        // `a: T = default`: the type stands between the name and its default.
        let (pattern, default) = match &param.pattern {
            Pattern::Default(inner, default) => (&**inner, Some(default)),
            pattern => (pattern, None),
        };
        self.pattern(pattern);
        if param.optional {
            self.push("?");
        }
        if let Some(ty) = &param.ty {
            self.push(": ");
            self.ty(ty);
        }
        if let Some(default) = default {
            self.push(" = ");
            self.expr(default, 2);
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Ident(name) => self.push(name),
            Pattern::Array(elements) => {
                self.push("[");
                self.flat_list(elements, |p, element| {
                    if let Some(element) = element {
                        p.pattern(element);
                    }
                });
                self.push("]");
            }
            Pattern::Object(fields) => {
                let one_line = |p: &mut Self| {
                    p.push("{ ");
                    p.flat_list(fields, Self::pattern_field);
                    p.push(" }");
                };
                if !self.try_flat(one_line) {
                    self.broken_list("{", "}", fields, Self::pattern_field);
                }
            }
            Pattern::Default(inner, default) => {
                self.pattern(inner);
                self.push(" = ");
                self.expr(default, 2);
            }
            Pattern::Rest(inner) => {
                self.push("...");
                self.pattern(inner);
            }
        }
    }

    pub(super) fn pattern_field(&mut self, (name, pattern): &(String, Pattern)) {
        let bound = match pattern {
            Pattern::Default(inner, _) => inner,
            pattern => pattern,
        };
        let shorthand = matches!(bound, Pattern::Rest(_)) || matches!(bound, Pattern::Ident(bound) if bound == name);
        if !shorthand {
            self.push(&key(name));
            self.push(": ");
        }
        self.pattern(pattern);
    }
}

/// Whether `callee(args)` is `Promise.all([…])` or `Promise.race([…])`.
fn joins_promises(callee: &Expr, args: &[Item]) -> bool {
    let is_array = matches!(args, [Item { spread: false, expr: Expr { kind: ExprKind::Array(_), .. } }]);
    let ExprKind::Member { object, property, .. } = &callee.kind else { return false };
    is_array && matches!(property.as_str(), "all" | "race") && object.kind == ExprKind::Ident("Promise".into())
}

/// What is awaited, as far as the code says it.
fn awaited(operand: &Expr) -> Awaited {
    let name = |expr: &Expr, wanted: &str| matches!(&expr.kind, ExprKind::Ident(name) if name == wanted);
    match &operand.kind {
        ExprKind::Ident(name) if name == "wake" => Awaited::Signal,
        ExprKind::Call { callee, args, .. } if name(callee, "condition") => match args.as_slice() {
            [only] if name(&only.expr, "allHandlersFinished") => Awaited::Handlers,
            _ => Awaited::Condition,
        },
        _ => Awaited::Call,
    }
}

/// Whether the text of `expr` would begin with `{`.
pub(super) fn leftmost_is_object(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Object(_) => true,
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } | ExprKind::NonNull(object) => leftmost_is_object(object),
        ExprKind::Call { callee, .. } => leftmost_is_object(callee),
        ExprKind::Binary(left, ..) | ExprKind::Conditional(left, ..) | ExprKind::As(left, _) | ExprKind::Satisfies(left, _) => {
            leftmost_is_object(left)
        }
        ExprKind::Assign(target, ..) => leftmost_is_object(target),
        _ => false,
    }
}
