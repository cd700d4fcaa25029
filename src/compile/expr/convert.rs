//! Expressions of the parser → expressions of our tree, by a whitelist: what has no arm here is refused.
//! Depends on the parser's tree, `names` and the scope; knows nothing of where the expression stands.

use super::super::origin::{Origin, SourceId};
use super::super::ts::{ArrowBody, Expr, ExprKind, Item, Prop, Stmt, Type, build};
use super::fault::{self, Fault};
use super::{Resolution, Scope, depth, names, operators, parse, print};
use crate::diagnostic::Code;
use oxc::ast::ast::{
    Argument, ArrayExpression, ArrayExpressionElement, ArrowFunctionBody, ArrowFunctionExpression, AssignmentTarget, BindingIdentifier,
    CallExpression, ChainElement, Expression, IdentifierReference, MemberExpression, NewExpression, NumericLiteral, ObjectExpression,
    ObjectPropertyKind, PropertyKey, PropertyKind, SimpleAssignmentTarget, Statement, StringLiteral, TSType, TSTypeParameterInstantiation,
    TemplateLiteral, VariableDeclaration, VariableDeclarationKind,
};
use oxc::ast_visit::Visit;
use oxc::span::{GetSpan, Span};
use std::collections::BTreeSet;

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
            let root = scope.resolve(name).and_then(|resolution| root(&resolution.expr).map(str::to_owned));
            taken.extend(root.filter(|root| root != name));
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

    /// Makes `name` a local of the innermost block.
    pub(super) fn local(&mut self, name: &str) {
        let mut printed = name.to_owned();
        while self.taken.contains(&printed) || (printed != name && self.written.contains(&printed)) {
            printed.push('_');
        }
        match self.locals.last_mut() {
            Some(block) => block.push((name.to_owned(), printed)),
            None => self.locals.push(vec![(name.to_owned(), printed)]),
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
            Expression::NumericLiteral(number) => numeric(number),
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
        if !free || object != "crypto" || property != "randomUUID" {
            return None;
        }
        self.seen.names = true;
        let resolved = self.scope.resolve("uuid4").map_or_else(|| build::ident("uuid4"), |resolution| resolution.expr);
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

    fn array(&mut self, array: &ArrayExpression<'_>) -> ExprKind {
        self.seen.literal = true;
        let mut items = Vec::new();
        for element in &array.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => items.push(build::spread(self.convert(&spread.argument))),
                ArrayExpressionElement::Elision(hole) => self.refuse(hole.span, "an array has a hole", "write `undefined`"),
                _ => items.extend(element.as_expression().map(|expression| Item::from(self.convert(expression)))),
            }
        }
        ExprKind::Array(items)
    }

    fn object(&mut self, object: &ObjectExpression<'_>) -> ExprKind {
        self.seen.literal = true;
        let mut props = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => props.push(Prop::Spread(self.convert(&spread.argument))),
                ObjectPropertyKind::ObjectProperty(property) => {
                    if property.method || property.kind != PropertyKind::Init {
                        self.refuse(property.span, "methods and accessors are not allowed", "write an arrow, or a helper");
                        continue;
                    }
                    let value = self.convert(&property.value);
                    props.push(self.property(&property.key, property.computed, value));
                }
            }
        }
        ExprKind::Object(props)
    }

    fn property(&mut self, key: &PropertyKey<'_>, computed: bool, value: Expr) -> Prop {
        let name = match key {
            PropertyKey::StaticIdentifier(name) => name.name.to_string(),
            PropertyKey::StringLiteral(text) if !computed && !text.lone_surrogates => text.value.to_string(),
            PropertyKey::PrivateIdentifier(name) => {
                self.refuse(name.span, "private names are not allowed", "leave the `#` out");
                return Prop::KeyValue(String::new(), value);
            }
            _ => {
                let Some(key) = key.as_expression() else { return Prop::KeyValue(String::new(), value) };
                let converted = self.convert(key);
                return Prop::Computed(converted, value);
            }
        };
        if name == "__proto__" {
            self.refuse_member(&name, key.span());
        }
        Prop::KeyValue(name, value)
    }

    fn string(&mut self, text: &StringLiteral<'_>) -> ExprKind {
        self.seen.literal = true;
        if text.lone_surrogates {
            self.refuse(text.span, "the string has half a character (a lone surrogate)", "write the whole character");
        }
        ExprKind::Str(text.value.to_string())
    }

    fn template(&mut self, template: &TemplateLiteral<'_>) -> ExprKind {
        self.seen.literal = true;
        self.seen.code |= !template.expressions.is_empty();
        let quasis = template.quasis.iter().map(|quasi| quasi.value.raw.replace("\r\n", "\n").replace('\r', "\n"));
        let quasis = quasis.collect();
        ExprKind::Template { quasis, exprs: template.expressions.iter().map(|part| self.convert(part)).collect() }
    }

    fn arrow(&mut self, arrow: &ArrowFunctionExpression<'_>) -> ExprKind {
        self.seen.code = true;
        if arrow.r#async {
            self.refuse(Span::sized(arrow.span.start, 5), "`async` is not allowed in an expression", names::ASYNC);
        }
        if let Some(generics) = &arrow.type_parameters {
            self.refuse(generics.span, "an arrow with type parameters is not allowed", "write a helper");
        }
        if let Some(ret) = &arrow.return_type {
            self.refuse(ret.span, "an arrow's result type is not allowed", "leave it out, or write `satisfies` after the result");
        }
        self.locals.push(Vec::new());
        let params = self.parameters(arrow);
        let body = match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => ArrowBody::Block(self.block(&body.statements)),
            body => match body.as_expression() {
                Some(body) => ArrowBody::Expr(Box::new(self.convert(body))),
                None => ArrowBody::Block(Vec::new()),
            },
        };
        self.locals.pop();
        ExprKind::Arrow { is_async: false, params, body }
    }

    /// Converts the statements of an arrow's body: `const`, `if` and `return`.
    fn block(&mut self, statements: &[Statement<'_>]) -> Vec<Stmt> {
        self.locals.push(Vec::new());
        for statement in statements {
            if let Statement::VariableDeclaration(declaration) = statement {
                for declarator in &declaration.declarations {
                    self.bind(&declarator.id);
                }
            }
        }
        let mut converted = Vec::new();
        for statement in statements {
            if self.deeper(statement.span()) {
                self.statement(statement, &mut converted);
                self.shallower();
            }
        }
        self.locals.pop();
        converted
    }

    fn statement(&mut self, statement: &Statement<'_>, into: &mut Vec<Stmt>) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.declaration(declaration, into),
            Statement::ReturnStatement(ret) => {
                let value = ret.argument.as_ref().map(|value| self.convert(value));
                into.push(Stmt::Return(value));
            }
            Statement::IfStatement(branch) => {
                let test = self.convert(&branch.test);
                let then = self.branch(&branch.consequent);
                let other = branch.alternate.as_ref().map(|other| self.branch(other)).unwrap_or_default();
                into.push(Stmt::If(test, then, other));
            }
            Statement::EmptyStatement(_) => {}
            other => self.refuse(
                other.span(),
                "only `const`, `if` and `return` are allowed in an arrow",
                "write a helper: helpers may hold any statement",
            ),
        }
    }

    fn branch(&mut self, statement: &Statement<'_>) -> Vec<Stmt> {
        match statement {
            Statement::BlockStatement(block) => self.block(&block.body),
            single => self.block(std::slice::from_ref(single)),
        }
    }

    fn declaration(&mut self, declaration: &VariableDeclaration<'_>, into: &mut Vec<Stmt>) {
        if declaration.kind != VariableDeclarationKind::Const {
            self.refuse(declaration.span, "only `const` is allowed in an arrow", "write `const`, or a helper");
        }
        for declarator in &declaration.declarations {
            let Some(init) = &declarator.init else { continue };
            let init = self.convert(init);
            let ty = declarator.type_annotation.as_ref().map(|annotation| self.ty(&annotation.type_annotation));
            let pattern = self.pattern(&declarator.id);
            into.push(Stmt::Const(pattern, ty, init));
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

fn numeric(number: &NumericLiteral<'_>) -> ExprKind {
    ExprKind::Num(number.raw.as_ref().map_or_else(|| number.value.to_string(), ToString::to_string))
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
    let mut at = &mut expr;
    loop {
        at.origin = Some(origin);
        at = match &mut at.kind {
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => object,
            ExprKind::NonNull(inner) | ExprKind::As(inner, _) => inner,
            _ => return expr,
        };
    }
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
