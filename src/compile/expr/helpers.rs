//! Helpers: a user's TypeScript functions, checked, and printed from their tree with a mapping for every part.
//! Depends on the parser's tree, the rules, the printer and shapes.

use super::super::origin::Sources;
use super::super::ts::UserCode;
use super::fault::{self, Fault};
use super::shape::{Function, Shape};
use super::{names, parse, print, rules, shape_of, types};
use crate::diagnostic::{Code, JsonPath, Report};
use oxc::allocator::Allocator;
use oxc::ast::ast::{BindingIdentifier, BindingPattern, CallExpression, Declaration, Expression, Program};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk_mut};
use oxc::semantic::Semantic;
use oxc::span::{GetSpan, Span};
use std::cell::RefCell;

/// The helpers of a Workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Helpers {
    /// The functions as printed; empty if anything is wrong.
    pub code: UserCode,
    /// What is declared: functions, and constants that hold one.
    pub functions: Vec<Function>,
}

/// Reads helpers. They may use their own names, the globals of [`names::GLOBALS`] and `known`. What is wrong goes to `report`.
pub fn helpers(text: &str, path: &JsonPath, known: &[String], sources: &RefCell<Sources>, report: &Report) -> Helpers {
    let source = sources.borrow_mut().add(path, None, text);
    let read = parse::module(text, false, |mut program, allocator| {
        random_uuid(&mut program, allocator);
        let program: &Program<'_> = allocator.alloc(program);
        let functions = program.body.iter().filter_map(|statement| statement.as_declaration()).flat_map(functions).collect();
        let mut faults = rules::broken(program);
        faults.extend(types::check_module(program));
        if faults.is_empty() {
            match parse::semantic(program) {
                Ok(semantic) => faults.extend(unknown_names(&semantic, known)),
                Err(more) => faults.extend(more),
            }
        }
        let code = if faults.is_empty() { print::program(program, source) } else { UserCode::default() };
        (Helpers { code, functions }, faults)
    });
    let (helpers, faults) = read.unwrap_or_else(|faults| (Helpers::default(), faults));
    fault::tell(faults, text, path, None, report);
    helpers
}

/// The functions that a declaration declares.
pub(super) fn functions(declaration: &Declaration<'_>) -> Vec<Function> {
    match declaration {
        Declaration::FunctionDeclaration(function) => {
            let name = function.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
            vec![shape_of::function(name, &function.params, function.return_type.as_deref())]
        }
        Declaration::VariableDeclaration(variable) => variable
            .declarations
            .iter()
            .filter_map(|declarator| {
                let BindingPattern::BindingIdentifier(id) = &declarator.id else { return None };
                let annotation = declarator.type_annotation.as_deref();
                if let Some(function) = annotation.and_then(|annotation| shape_of::function_type(&id.name, &annotation.type_annotation)) {
                    return Some(function);
                }
                match &declarator.init {
                    Some(Expression::ArrowFunctionExpression(arrow)) => {
                        Some(shape_of::function(&id.name, &arrow.params, arrow.return_type.as_deref()))
                    }
                    Some(Expression::FunctionExpression(function)) => {
                        Some(shape_of::function(&id.name, &function.params, function.return_type.as_deref()))
                    }
                    _ if shape_of::annotated(annotation) == Shape::Function => {
                        Some(Function { name: id.name.to_string(), params: Vec::new(), ret: Shape::Unknown })
                    }
                    _ => None,
                }
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The free names, used as values, that are neither globals nor `known`.
fn unknown_names(semantic: &Semantic<'_>, known: &[String]) -> Vec<Fault> {
    let scoping = semantic.scoping();
    let references = scoping.root_unresolved_references_ids().flatten().map(|id| scoping.get_reference(id));
    let mut unknown: Vec<(Span, &str)> = references
        .filter(|reference| reference.is_value())
        .map(|reference| (semantic.reference_span(reference), semantic.reference_name(reference)))
        .filter(|(_, name)| !names::is_global(name) && !known.iter().any(|known| known == name))
        .collect();
    // The resolver keeps names in a hash map: the order of the text is the only one that is always the same.
    unknown.sort_by_key(|(span, _)| span.start);
    unknown.truncate(fault::MOST);
    let own: Vec<&str> = scoping.symbol_names().collect();
    let near = own.into_iter().chain(known.iter().map(String::as_str)).chain(names::GLOBALS.iter().copied());
    unknown.into_iter().map(|(span, name)| unknown_name(name, span, near.clone())).collect()
}

fn unknown_name<'n>(name: &str, span: Span, near: impl Iterator<Item = &'n str>) -> Fault {
    if let Some(advice) = names::advice(name) {
        let what = format!("`{name}` is not allowed in a workflow");
        return Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(advice);
    }
    if matches!(name, "input" | "state" | "result") {
        let fault = Fault::new(Code::UNKNOWN_NAME, span, format!("a helper does not see `{name}`")).label("unknown name");
        return fault.suggest(format!("make it a parameter, and pass `{name}` where the helper is called"));
    }
    Fault::unknown(name, span, near)
}

/// Writes `uuid4()` for `crypto.randomUUID()`, unless the program has a `crypto` or `uuid4` of its own.
fn random_uuid<'a>(program: &mut Program<'a>, allocator: &'a Allocator) {
    let mut own = OwnNames(false);
    own.visit_program(program);
    if !own.0 {
        RandomUuid { builder: AstBuilder::new(allocator) }.visit_program(program);
    }
}

/// Whether `crypto` or `uuid4` is declared.
struct OwnNames(bool);

impl<'a> Visit<'a> for OwnNames {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.0 |= matches!(it.name.as_str(), "crypto" | "uuid4");
    }
}

struct RandomUuid<'a> {
    builder: AstBuilder<'a>,
}

impl<'a> VisitMut<'a> for RandomUuid<'a> {
    fn visit_call_expression(&mut self, it: &mut CallExpression<'a>) {
        let random = matches!(&it.callee, Expression::StaticMemberExpression(member)
            if member.property.name == "randomUUID"
            && matches!(&member.object, Expression::Identifier(object) if object.name == "crypto"));
        if random {
            it.callee = Expression::new_identifier(it.callee.span(), "uuid4", &self.builder);
        }
        walk_mut::walk_call_expression(self, it);
    }
}
