//! Expressions of the parser → expressions of our tree, by a whitelist: what has no arm here is refused.
//! Depends on the parser's tree, `names` and the scope; knows nothing of where the expression stands.

use super::super::origin::{Origin, SourceId};
use super::super::ts::{Expr, ExprKind, Item, Type, build, walk};
use super::fault::{self, Fault};
use super::{Resolution, Scope, depth, literals, names, operators, parse, print};
use crate::diagnostic::Code;
use oxc::ast::ast::{
    Argument, AssignmentTarget, BindingIdentifier, CallExpression, ChainElement, Expression, IdentifierReference, MemberExpression,
    NewExpression, SimpleAssignmentTarget, TSType, TSTypeParameterInstantiation,
};
use oxc::ast_visit::Visit;
use oxc::span::{GetSpan, Span};
use std::collections::BTreeSet;

/// The global whose `randomUUID()` is written as [`UUID`]`()`.
const RANDOM: &str = "crypto";
const UUID: &str = "uuid4";

/// What was seen of an expression while it was converted: decides whether a string is an expression or text.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What is wrong, unknown names included.
    pub(super) faults: Vec<Fault>,
    /// Whether a name is unknown here, or refused.
    pub(super) unknown: bool,
    /// Whether any free name stands in it.
    pub(super) names: bool,
    /// Whether anything stands in it that words, operators and literals don't make: a member access, call, index,
    /// template with an expression, arrow, ….
    pub(super) code: bool,
    /// Whether a dot and a space stand in it, as at the end of a sentence.
    pub(super) sentence: bool,
    /// Whether a literal stands in it that a bare word isn't: a string, array, object or template.
    pub(super) literal: bool,
    /// Whether an operator stands in it that text hardly has, such as `===`.
    pub(super) operator_of_code: bool,
    /// Whether an operator stands in it that text hardly reads as a word, such as `+` (but not `in`).
    pub(super) operator: bool,
}

/// Converts one expression.
pub(super) struct Converter<'c> {
    scope: &'c dyn Scope,
    source: SourceId,
    /// The locals, innermost block last: names as written and as printed.
    locals: Vec<Vec<(String, String)>>,
    /// Names that a local may not be printed as, since what a free name stands for begins with them.
    taken: BTreeSet<String>,
    /// Every name in the expression: a local that is renamed may not be renamed to one.
    written: BTreeSet<String>,
    text: &'c str,
    depth: usize,
    pub(super) seen: Seen,
}

impl<'c> Converter<'c> {
    /// A converter for `expression`, a part of `source`.
    pub(super) fn new(scope: &'c dyn Scope, source: SourceId, text: &'c str, expression: &Expression<'_>) -> Self {
        let mut written = Names::default();
        written.visit_expression(expression);
        let Names(written) = written;
        let mut taken = BTreeSet::new();
        for name in &written {
            let resolved = if name == RANDOM { scope.resolve(UUID) } else { scope.resolve(name) };
            let mut names = BTreeSet::new();
            match resolved {
                Some(resolution) => names_in(resolution.expr, &mut names),
                None if name == RANDOM => names.extend([UUID.to_owned()]),
                None => {}
            }
            names.remove(name);
            taken.append(&mut names);
        }
        Self { scope, source, locals: Vec::new(), taken, written, text, depth: 0, seen: Seen::default() }
    }

    fn origin(&self, span: Span) -> Origin {
        self.source.span(span.start, span.end)
    }

    /// Whether there is room for one level more.
    pub(super) fn deeper(&mut self, span: Span) -> bool {
        if self.depth >= depth::LIMIT {
            if !self.seen.faults.iter().any(|fault| fault.label.as_deref() == Some("too deep")) {
                self.seen.faults.push(parse::too_deep(span));
            }
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
    }

    /// Notes that something is not allowed.
    pub(super) fn refuse(&mut self, span: Span, what: &str, instead: &str) {
        self.seen.code = true;
        self.seen.faults.push(Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(instead));
    }

    pub(super) fn refuse_member(&mut self, name: &str, span: Span) {
        let what = format!("`{name}` leads out of the data into the code behind it");
        self.refuse(span, &what, "use the fields of your own types only");
    }

    /// Opens a block of locals.
    pub(super) fn open_block(&mut self) {
        self.locals.push(Vec::new());
    }

    pub(super) fn close_block(&mut self) {
        self.locals.pop();
    }

    /// Makes `name`, which is written at `span`, a local of the innermost block.
    pub(super) fn local(&mut self, name: &str, span: Span) {
        if self.locals.last().is_some_and(|block| block.iter().any(|(local, _)| local == name)) {
            self.refuse(span, &format!("`{name}` is declared twice"), "give one of them another name");
            return;
        }
        let mut printed = name.to_owned();
        while self.taken.contains(&printed) || (printed != name && self.written.contains(&printed)) {
            printed.push('_');
        }
        if let Some(block) = self.locals.last_mut() {
            block.push((name.to_owned(), printed));
        }
    }

    fn find_local(&self, name: &str) -> Option<&str> {
        let found = self.locals.iter().rev().find_map(|block| block.iter().rev().find(|(local, _)| local == name));
        found.map(|(_, printed)| printed.as_str())
    }

    /// What the local `name` is printed as.
    pub(super) fn printed(&self, name: &str) -> String {
        self.find_local(name).unwrap_or(name).to_owned()
    }

    /// Converts an expression; what is wrong is in `seen`.
    pub(super) fn convert(&mut self, expression: &Expression<'_>) -> Expr {
        let span = expression.span();
        if !self.deeper(span) {
            return build::ident("undefined");
        }
        let converted = self.dispatch(expression);
        self.shallower();
        converted
    }

    fn dispatch(&mut self, expression: &Expression<'_>) -> Expr {
        let span = expression.span();
        let kind = match expression {
            Expression::Identifier(name) => return self.name(name),
            Expression::ParenthesizedExpression(inner) => return self.convert(&inner.expression),
            Expression::CallExpression(call) => self.call(call),
            Expression::StaticMemberExpression(_) | Expression::ComputedMemberExpression(_) | Expression::PrivateFieldExpression(_) => {
                self.member_or_refuse(expression.as_member_expression(), span)
            }
            Expression::ChainExpression(chain) => self.chain(&chain.expression),
            Expression::NewExpression(new) => self.construct(new),
            Expression::ArrowFunctionExpression(arrow) => self.arrow(arrow),
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::ArrayExpression(array) => self.array(array),
            Expression::ObjectExpression(object) => self.object(object),
            Expression::StringLiteral(text) => self.string(text),
            Expression::NumericLiteral(number) => literals::numeric(number),
            Expression::BooleanLiteral(literal) => ExprKind::Bool(literal.value),
            Expression::NullLiteral(_) => ExprKind::Null,
            Expression::RegExpLiteral(regex) => ExprKind::Regex(regex.regex.pattern.text.to_string(), regex.regex.flags.to_string()),
            Expression::TSAsExpression(inner) => {
                self.seen.operator = true;
                let value = self.convert(&inner.expression);
                ExprKind::As(Box::new(value), self.ty(&inner.type_annotation))
            }
            Expression::TSSatisfiesExpression(inner) => {
                self.seen.operator = true;
                let value = self.convert(&inner.expression);
                ExprKind::Satisfies(Box::new(value), self.ty(&inner.type_annotation))
            }
            Expression::TSNonNullExpression(inner) => {
                self.seen.code = true;
                self.broken_chain(&inner.expression);
                ExprKind::NonNull(Box::new(self.convert(&inner.expression)))
            }
            _ => return self.operation(expression),
        };
        Expr::new(kind).at(self.origin(span))
    }

    fn operation(&mut self, expression: &Expression<'_>) -> Expr {
        let span = expression.span();
        let kind = match expression {
            Expression::UnaryExpression(unary) => {
                self.seen.operator = true;
                let Some(operator) = operators::unary(unary.operator) else { return self.refused(expression) };
                ExprKind::Unary(operator, Box::new(self.convert(&unary.argument)))
            }
            Expression::BinaryExpression(binary) => {
                let left = self.convert(&binary.left);
                self.binary(left, binary.operator.as_str(), &binary.right)
            }
            Expression::LogicalExpression(logical) => {
                let left = self.convert(&logical.left);
                self.binary(left, logical.operator.as_str(), &logical.right)
            }
            Expression::ConditionalExpression(conditional) => {
                self.seen.operator = true;
                self.seen.operator_of_code = true;
                let test = self.convert(&conditional.test);
                let then = self.convert(&conditional.consequent);
                let other = self.convert(&conditional.alternate);
                ExprKind::Conditional(Box::new(test), Box::new(then), Box::new(other))
            }
            _ => return self.refused(expression),
        };
        Expr::new(kind).at(self.origin(span))
    }

    fn binary(&mut self, left: Expr, operator: &'static str, right: &Expression<'_>) -> ExprKind {
        self.seen.operator |= operator != "in";
        self.seen.operator_of_code |= operators::is_of_code(operator);
        let right = self.convert(right);
        ExprKind::Binary(Box::new(left), operator, Box::new(right))
    }

    fn name(&mut self, name: &IdentifierReference<'_>) -> Expr {
        let (text, origin) = (name.name.as_str(), self.origin(name.span));
        if let Some(local) = self.find_local(text) {
            return build::ident(local).at(origin);
        }
        self.seen.names = true;
        if let Some(Resolution { expr, .. }) = self.scope.resolve(text) {
            return relocated(expr, origin);
        }
        if !names::is_global(text) {
            self.seen.unknown = true;
            if self.seen.faults.len() < fault::MOST {
                let fault = self.unknown(text, name.span);
                self.seen.faults.push(fault);
            }
        }
        build::ident(text).at(origin)
    }

    fn unknown(&self, name: &str, span: Span) -> Fault {
        if let Some(advice) = names::advice(name) {
            let what = format!("`{name}` is not allowed in a workflow");
            return Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(advice);
        }
        let known = self.scope.names();
        let locals = self.locals.iter().flatten().map(|(name, _)| name.as_str());
        Fault::unknown(name, span, locals.chain(known.iter().map(String::as_str)).chain(names::GLOBALS.iter().copied()))
    }

    fn chain(&mut self, chain: &ChainElement<'_>) -> ExprKind {
        match chain {
            ChainElement::CallExpression(call) => self.call(call),
            ChainElement::TSNonNullExpression(inner) => ExprKind::NonNull(Box::new(self.convert(&inner.expression))),
            _ => self.member_or_refuse(chain.as_member_expression(), Span::new(0, 0)),
        }
    }

    /// Refuses `(a?.b).c`: without the brackets, which our tree has not, it would mean another thing.
    fn broken_chain(&mut self, object: &Expression<'_>) {
        let mut inner = object;
        while let Expression::ParenthesizedExpression(parenthesized) = inner {
            inner = &parenthesized.expression;
        }
        if !std::ptr::eq(inner, object) && matches!(inner, Expression::ChainExpression(_)) {
            self.refuse(object.span(), "brackets around an optional chain are not allowed", "write `a?.b.c` or `a?.b!.c`");
        }
    }

    fn member_or_refuse(&mut self, member: Option<&MemberExpression<'_>>, span: Span) -> ExprKind {
        match member {
            Some(MemberExpression::StaticMemberExpression(member)) => {
                // A dot and a space end a sentence (`e.g. this`); in code nobody writes them.
                let between = member.object.span().end as usize..member.property.span.start as usize;
                self.seen.sentence |= self.text.get(between).is_some_and(|between| between.ends_with(". "));
                self.seen.code = true;
                self.broken_chain(&member.object);
                let object = Box::new(self.convert(&member.object));
                let property = member.property.name.to_string();
                if names::is_refused_member(&property) {
                    self.refuse_member(&property, member.property.span);
                }
                ExprKind::Member { object, property, optional: member.optional }
            }
            Some(MemberExpression::ComputedMemberExpression(member)) => {
                self.seen.code = true;
                self.broken_chain(&member.object);
                let object = Box::new(self.convert(&member.object));
                let index = Box::new(self.convert(&member.expression));
                if let Some(property) = constant(&index).filter(|property| names::is_refused_member(property)) {
                    self.refuse_member(&property, member.expression.span());
                }
                ExprKind::Index { object, index, optional: member.optional }
            }
            _ => {
                self.refuse(span, "private names are not allowed", "use a field of the state");
                ExprKind::Null
            }
        }
    }

    fn call(&mut self, call: &CallExpression<'_>) -> ExprKind {
        self.seen.code = true;
        if let Some(uuid) = self.random_uuid(call) {
            return uuid;
        }
        self.broken_chain(&call.callee);
        let callee = Box::new(self.convert(&call.callee));
        let types = self.types(call.type_arguments.as_deref());
        let args = self.arguments(&call.arguments);
        ExprKind::Call { callee, types, args, optional: call.optional }
    }

    /// `uuid4()` for `crypto.randomUUID()`.
    fn random_uuid(&mut self, call: &CallExpression<'_>) -> Option<ExprKind> {
        let Expression::StaticMemberExpression(member) = &call.callee else { return None };
        let Expression::Identifier(object) = &member.object else { return None };
        let (object, property) = (object.name.as_str(), member.property.name.as_str());
        let free = self.find_local(object).is_none() && self.scope.resolve(object).is_none();
        if !free || object != RANDOM || property != "randomUUID" {
            return None;
        }
        self.seen.names = true;
        let resolved = self.scope.resolve(UUID).map_or_else(|| build::ident(UUID), |resolution| resolution.expr);
        let callee = relocated(resolved, self.origin(member.span));
        Some(ExprKind::Call { callee: Box::new(callee), types: Vec::new(), args: Vec::new(), optional: false })
    }

    fn construct(&mut self, new: &NewExpression<'_>) -> ExprKind {
        // `new stuff` is as well text; `new Stuff()` is not.
        self.seen.code |= new.span.end > new.callee.span().end;
        self.seen.literal = true;
        self.broken_chain(&new.callee);
        let callee = Box::new(self.convert(&new.callee));
        if !matches!(callee.kind, ExprKind::Ident(_) | ExprKind::Member { .. }) {
            self.refuse(new.callee.span(), "only a name can be constructed", "write `new Map()` or the like");
        }
        let types = self.types(new.type_arguments.as_deref());
        ExprKind::New { callee, types, args: self.arguments(&new.arguments) }
    }

    fn arguments(&mut self, arguments: &[Argument<'_>]) -> Vec<Item> {
        let mut items = Vec::new();
        for argument in arguments {
            let item = match argument {
                Argument::SpreadElement(spread) => Some(build::spread(self.convert(&spread.argument))),
                _ => argument.as_expression().map(|expression| Item::from(self.convert(expression))),
            };
            items.extend(item);
        }
        items
    }

    fn types(&mut self, types: Option<&TSTypeParameterInstantiation<'_>>) -> Vec<Type> {
        types.map(|types| types.params.iter().map(|ty| self.ty(ty)).collect()).unwrap_or_default()
    }

    /// Converts a type that stands in an expression.
    pub(super) fn ty(&mut self, ty: &TSType<'_>) -> Type {
        let span = ty.span();
        match super::types::check(ty) {
            Ok(()) => Type::User(print::ty(ty), Some(self.origin(span))),
            Err(fault) => {
                self.seen.code = true;
                self.seen.faults.push(fault);
                build::named("unknown")
            }
        }
    }

    fn refused(&mut self, expression: &Expression<'_>) -> Expr {
        self.parts(expression);
        self.seen.code |= super::refused::is_code(expression);
        let (what, instead) = super::refused::advice(expression);
        let span = expression.span();
        self.seen.faults.push(Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(instead));
        build::ident("undefined").at(self.origin(span))
    }

    /// Looks at the parts of an expression that is refused: they decide whether it is text (`key=value`) or code
    /// (`state.count = 1`).
    fn parts(&mut self, expression: &Expression<'_>) {
        match expression {
            Expression::SequenceExpression(sequence) => {
                for part in &sequence.expressions {
                    self.convert(part);
                }
            }
            Expression::AssignmentExpression(assignment) => {
                match &assignment.left {
                    AssignmentTarget::AssignmentTargetIdentifier(name) => self.part(name),
                    _ => self.seen.code = true,
                }
                self.convert(&assignment.right);
            }
            Expression::UpdateExpression(update) => match &update.argument {
                SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => self.part(name),
                _ => self.seen.code = true,
            },
            Expression::UnaryExpression(unary) => {
                self.convert(&unary.argument);
            }
            Expression::TSTypeAssertion(assertion) => {
                self.convert(&assertion.expression);
            }
            _ => {}
        }
    }

    fn part(&mut self, name: &IdentifierReference<'_>) {
        self.seen.operator = true;
        self.name(name);
    }
}

/// The string that `expr` is for certain, if it is one.
fn constant(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text.clone()),
        ExprKind::Template { quasis, exprs } => {
            let mut text = String::new();
            for (position, quasi) in quasis.iter().enumerate() {
                text.push_str(quasi);
                if let Some(part) = exprs.get(position) {
                    text.push_str(&constant(part)?);
                }
            }
            Some(text)
        }
        ExprKind::Binary(left, "+", right) => Some(constant(left)? + &constant(right)?),
        ExprKind::As(inner, _) | ExprKind::Satisfies(inner, _) | ExprKind::NonNull(inner) => constant(inner),
        _ => None,
    }
}

/// The name that a chain of members, indexes and calls begins with.
pub(super) fn root(expr: &Expr) -> Option<&str> {
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Ident(name) => return Some(name),
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => object,
            ExprKind::Call { callee, .. } => callee,
            ExprKind::NonNull(inner) | ExprKind::As(inner, _) | ExprKind::Await(inner) => inner,
            _ => return None,
        };
    }
}

/// `expr`, which a name was resolved to, as if it stood where the name stands.
fn relocated(mut expr: Expr, origin: Origin) -> Expr {
    fn relocate(expr: &mut Expr, origin: Origin) {
        expr.origin = Some(origin);
        walk::children_mut(expr, &mut |child| relocate(child, origin));
    }
    relocate(&mut expr, origin);
    expr
}

/// Adds every name in `expr` to `into`.
fn names_in(mut expr: Expr, into: &mut BTreeSet<String>) {
    fn collect(expr: &mut Expr, into: &mut BTreeSet<String>) {
        if let ExprKind::Ident(name) = &expr.kind {
            into.insert(name.clone());
        }
        walk::children_mut(expr, &mut |child| collect(child, into));
    }
    collect(&mut expr, into);
}

/// Every name that an expression refers to or binds.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'a> Visit<'a> for Names {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.0.insert(name.name.to_string());
    }

    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        self.0.insert(name.name.to_string());
    }
}
