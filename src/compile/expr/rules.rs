//! The rules that helpers must keep: pure, synchronous functions that use no name that leads out of the workflow.
//! Depends on the parser's tree and `names`; free names are checked in `helpers`, where they are resolved.

use super::fault::Fault;
use super::names;
use crate::diagnostic::Code;
use oxc::ast::ast::{
    ArrowFunctionExpression, AssignmentTargetProperty, AwaitExpression, BigIntLiteral, BindingProperty, Class, ComputedMemberExpression,
    DebuggerStatement, Declaration, Expression, ForOfStatement, Function, IdentifierReference, ImportExpression, ImportMeta, NewTarget,
    ObjectProperty, PrivateFieldExpression, Program, PropertyKey, Statement, StaticMemberExpression, Super, ThisExpression,
    VariableDeclarationKind, WithStatement, YieldExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};
use oxc::syntax::scope::ScopeFlags;

/// Everything in `program` that breaks the rules of helpers.
pub(super) fn broken(program: &Program<'_>) -> Vec<Fault> {
    let mut rules = Rules::default();
    for statement in &program.body {
        rules.top(statement);
    }
    rules.faults
}

#[derive(Default)]
struct Rules {
    faults: Vec<Fault>,
    /// How many functions are open around the place.
    functions: usize,
}

impl Rules {
    fn refuse(&mut self, span: Span, what: &str, instead: &str) {
        self.faults.push(Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(instead));
    }

    fn member(&mut self, name: &str, span: Span) {
        if names::is_refused_member(name) {
            let what = format!("`{name}` leads out of the data into the code behind it");
            self.refuse(span, &what, "use the fields of your own types only");
        }
    }

    fn key(&mut self, key: &PropertyKey<'_>, computed: bool) {
        let name = match key {
            PropertyKey::StaticIdentifier(name) if !computed => Some(name.name.to_string()),
            other => other.as_expression().and_then(constant),
        };
        if let Some(name) = name {
            self.member(&name, key.span());
        }
    }

    fn top(&mut self, statement: &Statement<'_>) {
        let declaration = match statement {
            Statement::EmptyStatement(_) => return,
            Statement::ExportDeclaration(_) | Statement::ExportNamedDeclaration(_) | Statement::ExportDefaultDeclaration(_) => {
                self.refuse(statement.span(), "helpers are not exported", "leave `export` out: every expression sees them");
                return;
            }
            Statement::ImportDeclaration(import) => {
                let advice = "put the code in an activity; types go into `types`";
                self.refuse(import.span, "helpers import nothing", advice);
                return;
            }
            other => other.as_declaration(),
        };
        match declaration {
            Some(Declaration::FunctionDeclaration(_) | Declaration::TSTypeAliasDeclaration(_) | Declaration::TSInterfaceDeclaration(_)) => {
                self.visit_statement(statement);
            }
            Some(Declaration::VariableDeclaration(variable)) if variable.kind == VariableDeclarationKind::Const && !variable.declare => {
                self.visit_statement(statement);
            }
            Some(Declaration::VariableDeclaration(variable)) => {
                let what = "a variable beside the functions would be state outside the state";
                self.refuse(variable.span, what, "write `const`, or keep it in the state");
            }
            Some(Declaration::TSEnumDeclaration(it)) => {
                self.refuse(it.span, "an enum is not allowed", "write a union of strings: type Phase = 'PLAN' | 'BUILD'");
            }
            Some(Declaration::ClassDeclaration(class)) => self.visit_class(class),
            _ => self.refuse(statement.span(), "only functions and constants may stand here", "move it into a function"),
        }
    }

    /// Refuses what would be computed when the code is loaded, not when the workflow runs.
    fn at_load(&mut self, what: &str, span: Span) {
        if self.functions == 0 {
            let message = format!("`{what}` would be computed when the code is loaded, not when the workflow runs");
            self.refuse(span, &message, "move it into a function");
        }
    }
}

impl<'a> Visit<'a> for Rules {
    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        if it.r#async {
            self.refuse(Span::sized(it.span.start, 5), "a helper cannot be `async`", names::ASYNC);
        }
        if it.generator {
            let span = it.id.as_ref().map_or(it.span, |id| id.span);
            self.refuse(span, "a helper cannot be a generator", "return an array");
        }
        if it.body.is_none() {
            self.refuse(it.span, "the function has no body", "write its body; overloads are not needed");
        }
        self.functions += 1;
        walk::walk_function(self, it, flags);
        self.functions -= 1;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        if it.r#async {
            self.refuse(Span::sized(it.span.start, 5), "a helper cannot be `async`", names::ASYNC);
        }
        self.functions += 1;
        walk::walk_arrow_function_expression(self, it);
        self.functions -= 1;
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        self.refuse(it.span, "a class is not allowed", "use plain objects, and functions that work on them");
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.refuse(it.span, "a helper cannot `await`", names::ASYNC);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        self.refuse(it.span, "a helper cannot `yield`", "return an array");
    }

    fn visit_this_expression(&mut self, it: &ThisExpression) {
        self.refuse(it.span, "`this` has no meaning in a helper", "pass what it needs as a parameter");
    }

    fn visit_super(&mut self, it: &Super) {
        self.refuse(it.span, "`super` has no meaning in a helper", "call the function by its name");
    }

    fn visit_new_target(&mut self, it: &NewTarget) {
        self.refuse(it.span, "`new.target` has no meaning in a helper", "pass what it needs as a parameter");
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.refuse(it.span, "`import` is not allowed", "put the code in an activity");
    }

    fn visit_import_meta(&mut self, it: &ImportMeta) {
        self.refuse(it.span, "`import.meta` is not allowed", "pass what it needs as a parameter");
    }

    fn visit_debugger_statement(&mut self, it: &DebuggerStatement) {
        self.refuse(it.span, "`debugger` is not allowed", "leave it out");
    }

    fn visit_with_statement(&mut self, it: &WithStatement<'a>) {
        self.refuse(it.span, "`with` is not allowed", "name the object");
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.refuse(it.span, "a helper cannot `await`", names::ASYNC);
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_big_int_literal(&mut self, it: &BigIntLiteral<'a>) {
        self.refuse(it.span, "a BigInt cannot be carried by Temporal", "use a number, or a string");
    }

    fn visit_private_field_expression(&mut self, it: &PrivateFieldExpression<'a>) {
        self.refuse(it.span, "private names are not allowed", "leave the `#` out");
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        self.member(&it.property.name, it.property.span);
        if it.property.name == "random" && matches!(&it.object, Expression::Identifier(object) if object.name == "Math") {
            self.at_load("Math.random", it.span);
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_computed_member_expression(&mut self, it: &ComputedMemberExpression<'a>) {
        if let Some(name) = constant(&it.expression) {
            self.member(&name, it.expression.span());
        }
        walk::walk_computed_member_expression(self, it);
    }

    fn visit_binding_property(&mut self, it: &BindingProperty<'a>) {
        self.key(&it.key, it.computed);
        walk::walk_binding_property(self, it);
    }

    fn visit_assignment_target_property(&mut self, it: &AssignmentTargetProperty<'a>) {
        match it {
            AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(name) => self.member(&name.binding.name, name.span),
            AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => self.key(&property.name, property.computed),
        }
        walk::walk_assignment_target_property(self, it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        let plain = match &it.key {
            PropertyKey::StaticIdentifier(name) => !it.computed && name.name == "__proto__",
            PropertyKey::StringLiteral(text) => !it.computed && text.value == "__proto__",
            _ => false,
        };
        if plain {
            self.member("__proto__", it.key.span());
        }
        walk::walk_object_property(self, it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        if matches!(it.name.as_str(), "Date" | "uuid4" | "workflowInfo") {
            self.at_load(&it.name, it.span);
        }
    }
}

/// The string that `expression` is for certain, if it is one.
fn constant(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::StringLiteral(text) => Some(text.value.to_string()),
        Expression::TemplateLiteral(template) => {
            let mut text = String::new();
            for (position, quasi) in template.quasis.iter().enumerate() {
                text.push_str(quasi.value.cooked.as_ref()?);
                if let Some(part) = template.expressions.get(position) {
                    text.push_str(&constant(part)?);
                }
            }
            Some(text)
        }
        Expression::BinaryExpression(binary) if binary.operator.as_str() == "+" => {
            Some(constant(&binary.left)? + &constant(&binary.right)?)
        }
        Expression::ParenthesizedExpression(inner) => constant(&inner.expression),
        Expression::TSAsExpression(inner) => constant(&inner.expression),
        Expression::TSSatisfiesExpression(inner) => constant(&inner.expression),
        Expression::TSNonNullExpression(inner) => constant(&inner.expression),
        _ => None,
    }
}
