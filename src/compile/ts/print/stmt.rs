//! Printing statements and declarations.

use super::super::walk;
use super::super::{Decl, Expr, ExprKind, Mark, Pattern, Stmt, Type, UserCode, is_silent};
use super::expr::leftmost_is_object;
use super::{Mapping, Printer, Tell, quote};

/// Whether the flow goes elsewhere after `stmt`.
fn leaves(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Return(_) | Stmt::Throw(_) | Stmt::Break(_) | Stmt::Continue(_))
}

/// The nodes that are over after the first statement of `rest`, where that returns what it awaits.
fn settled_by(rest: &[Stmt]) -> Vec<usize> {
    let [Stmt::Return(Some(Expr { kind: ExprKind::Await(_), .. })), after @ ..] = rest else { return Vec::new() };
    let over = |stmt: &Stmt| if let Stmt::Mark(Mark::Leave(node)) = stmt { Some(*node) } else { None };
    after.iter().map_while(over).collect()
}

impl Printer {
    pub(super) fn decls(&mut self, decls: &[Decl]) {
        for decl in decls {
            self.decl(decl);
            if !matches!(decl, Decl::User(_)) {
                self.push("\n");
            }
        }
    }

    fn decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Import { type_only, names, from } => {
                let head = if *type_only { "import type " } else { "import " };
                let one_line = |p: &mut Self| {
                    p.push(head);
                    p.push("{ ");
                    p.flat_list(names, |p, name| p.push(name));
                    p.push(" }");
                    p.push(&format!(" from {};", quote(from)));
                };
                if !self.try_flat(one_line) {
                    self.push(head);
                    self.broken_list("{", "}", names, |p, name| p.push(name));
                    self.push(&format!(" from {};", quote(from)));
                }
            }
            Decl::ImportAll { name, from } => self.push(&format!("import type * as {name} from {};", quote(from))),
            Decl::Const { export, pattern, ty, init } => {
                self.export(*export);
                let head = if self.ambient { "declare const " } else { "const " };
                self.binding(head, |p| p.names(pattern), ty.as_ref(), (!self.ambient).then_some(init));
            }
            Decl::TypeAlias { export, name, ty } => {
                self.export(*export);
                if let Type::Object(fields) = ty {
                    self.push(&format!("interface {name} "));
                    self.members(fields);
                } else {
                    self.push(&format!("type {name} = "));
                    self.ty(ty);
                    self.push(";");
                }
            }
            Decl::Function { export, is_async, name, params, ret, body } => {
                self.export(*export);
                self.push(if *is_async { "async function " } else { "function " });
                self.push(name);
                self.params(params);
                if let Some(ret) = ret {
                    self.push(": ");
                    self.map(walk::type_origin(ret));
                    self.ty(ret);
                }
                self.push(" ");
                self.block(body);
            }
            Decl::User(code) => self.user(code),
            Decl::Comment(lines) => self.comment(lines),
            Decl::Stmt(stmt) => self.stmt(stmt),
            Decl::Blank => {}
        }
    }

    /// A pattern; one of many names has each on a line, so that what follows it has room.
    fn names(&mut self, pattern: &Pattern) {
        const WIDEST: usize = 50;
        match pattern {
            Pattern::Object(fields) if fields.iter().map(|(name, _)| name.len() + 2).sum::<usize>() > WIDEST => {
                self.broken_list("{", "}", fields, Self::pattern_field);
            }
            pattern => self.pattern(pattern),
        }
    }

    fn export(&mut self, export: bool) {
        if export {
            self.push("export ");
        }
    }

    /// The user's declarations, with an empty line after each that ends with a brace. (A template literal may hold such a line, so code with one
    /// stays as it is.)
    fn user(&mut self, code: &UserCode) {
        let spaced = !code.text.contains('`');
        let mut mappings = code.mappings.iter().peekable();
        let mut lines = code.text.split_inclusive('\n').zip(0_u32..).peekable();
        while let Some((text, number)) = lines.next() {
            while let Some(&(_, column, origin)) = mappings.next_if(|(line, ..)| *line == number) {
                self.mappings.push(Mapping { line: self.line, column, origin });
            }
            self.push(text);
            let ends = matches!(text.trim_end_matches('\n'), "}" | "};" | "}[];");
            if spaced && ends && lines.peek().is_some_and(|(next, _)| !next.trim().is_empty()) {
                self.push("\n");
            }
        }
    }

    fn binding(&mut self, head: &str, pattern: impl FnOnce(&mut Self), ty: Option<&Type>, init: Option<&Expr>) {
        // A type error of a declaration is reported at its name: it leads to the value.
        if let Some(init) = init {
            self.map(init.origin);
        }
        self.push(head);
        pattern(self);
        if let Some(ty) = ty {
            self.push(": ");
            self.ty(ty);
        }
        if let Some(init) = init {
            self.push(" = ");
            self.expr(init, 2);
        }
        self.push(";");
    }

    /// `{ … }` with each statement on its line.
    pub(super) fn block(&mut self, body: &[Stmt]) {
        self.push("{");
        if is_silent(body) {
            self.marks(body);
            self.push("}");
            return;
        }
        self.indented(|p| {
            // What is told stands before the next statement: behind a comment it would be part of it.
            let mut marks = 0..0;
            for (at, stmt) in body.iter().enumerate() {
                match stmt {
                    Stmt::Mark(_) => {
                        marks.end = at + 1;
                        continue;
                    }
                    Stmt::Blank if !p.flat => p.push("\n"),
                    stmt => {
                        p.newline();
                        if !matches!(stmt, Stmt::Comment(_)) {
                            p.marks(&body[std::mem::replace(&mut marks, at + 1..at + 1)]);
                        }
                        p.settles = settled_by(&body[at..]);
                        p.stmt(stmt);
                        p.settles.clear();
                    }
                }
                if p.overflow {
                    return;
                }
            }
        });
        self.newline();
        let last = body.iter().rposition(|stmt| !matches!(stmt, Stmt::Mark(_) | Stmt::Comment(_) | Stmt::Blank));
        if !last.and_then(|last| body.get(last)).is_some_and(leaves) {
            self.marks(&body[last.map_or(0, |last| last + 1)..]);
        }
        self.push("}");
    }

    fn marks(&mut self, body: &[Stmt]) {
        for stmt in body {
            if let Stmt::Mark(mark) = stmt {
                self.tell(Tell::Mark(*mark));
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Const(pattern, ty, init) => self.binding("const ", |p| p.pattern(pattern), ty.as_ref(), Some(init)),
            Stmt::Let(name, ty, init) => self.binding("let ", |p| p.pattern(&Pattern::Ident(name.clone())), ty.as_ref(), init.as_ref()),
            Stmt::Expr(expr) => {
                let parens = leftmost_is_object(expr);
                self.wrapped(parens, |p| p.expr(expr, 0));
                self.push(";");
            }
            Stmt::If(test, then, other) => self.branch(test, then, other),
            Stmt::While(label, test, body) => {
                self.label(label.as_deref());
                self.push("while ");
                self.head(test);
                self.block(body);
            }
            Stmt::ForOf(label, pattern, iterable, body) => {
                self.label(label.as_deref());
                self.push("for (const ");
                self.pattern(pattern);
                self.push(" of ");
                self.expr(iterable, 2);
                self.push(") ");
                self.block(body);
            }
            Stmt::For(label, name, init, test, update, body) => {
                self.label(label.as_deref());
                self.push(&format!("for (let {name} = "));
                self.expr(init, 2);
                self.push("; ");
                if test.kind != ExprKind::Bool(true) {
                    self.expr(test, 0);
                }
                self.push("; ");
                self.expr(update, 0);
                self.push(") ");
                self.block(body);
            }
            Stmt::Return(value) => self.keyword("return", value.as_ref()),
            Stmt::Throw(value) => self.keyword("throw", Some(value)),
            Stmt::Try { body, catch, finally } => {
                self.push("try ");
                self.block(body);
                if let Some((name, body)) = catch {
                    self.push(&format!(" catch ({name}) "));
                    self.block(body);
                }
                if let Some(body) = finally {
                    self.push(" finally ");
                    self.block(body);
                }
            }
            Stmt::Labeled(label, body) => {
                self.label(Some(label));
                self.block(body);
            }
            Stmt::Break(label) => self.jump("break", label.as_deref()),
            Stmt::Continue(label) => self.jump("continue", label.as_deref()),
            Stmt::Comment(lines) => self.comment(lines),
            Stmt::Blank | Stmt::Mark(_) => {}
        }
    }

    fn branch(&mut self, test: &Expr, then: &[Stmt], other: &[Stmt]) {
        self.push("if ");
        self.head(test);
        self.block(then);
        match other {
            [] => {}
            [Stmt::If(test, then, other)] => {
                self.push(" else ");
                self.branch(test, then, other);
            }
            other => {
                self.push(" else ");
                self.block(other);
            }
        }
    }

    /// The test of an `if` or `while`, in parentheses.
    fn head(&mut self, test: &Expr) {
        let one_line = |p: &mut Self| {
            p.push("(");
            p.tell(Tell::Test(test.origin));
            p.expr(test, 0);
            p.push(") ");
        };
        if !self.try_flat(one_line) {
            self.push("(");
            self.indented(|p| {
                p.newline();
                p.indented_already = true;
                p.tell(Tell::Test(test.origin));
                p.expr(test, 0);
                p.indented_already = false;
            });
            self.newline();
            self.push(") ");
        }
    }

    fn label(&mut self, label: Option<&str>) {
        if let Some(label) = label {
            self.push(label);
            self.push(": ");
        }
    }

    fn keyword(&mut self, keyword: &str, value: Option<&Expr>) {
        if let Some(value) = value {
            self.map(value.origin);
        }
        self.push(keyword);
        if let Some(value) = value {
            self.push(" ");
            self.expr(value, 0);
        }
        self.push(";");
    }

    fn jump(&mut self, keyword: &str, label: Option<&str>) {
        self.push(keyword);
        if let Some(label) = label {
            self.push(" ");
            self.push(label);
        }
        self.push(";");
    }

    fn comment(&mut self, lines: &[String]) {
        for (position, line) in lines.iter().enumerate() {
            if position > 0 {
                self.newline();
            }
            let line: String = line.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
            self.push("// ");
            self.push(line.trim());
        }
    }
}
