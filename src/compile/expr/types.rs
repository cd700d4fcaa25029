//! Type declarations, type expressions and signatures. Depends on the parser's tree, the printer and shapes.

use super::super::origin::{Origin, SourceId, Sources};
use super::super::ts::{Type, UserCode};
use super::fault::{self, Fault};
use super::shape::{Field, Function, Shape, Shapes};
use super::{parse, print, shape_of};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use oxc::ast::ast::{
    Declaration, ImportDeclaration, ImportDeclarationSpecifier, ImportOrExportKind, ModuleExportName, Program, Statement, TSImportType,
    TSType,
};
use oxc::ast_visit::Visit;
use oxc::span::{GetSpan, Span};
use serde_json::Value;
use std::cell::RefCell;

/// The `types` of a Workflow or an ActivityModule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Types {
    /// The declarations, without the imports.
    pub code: UserCode,
    /// `import type {names} from 'from'`: the names, where from, and where it is written.
    pub imports: Vec<(Vec<String>, String, Origin)>,
    /// The names that are declared.
    pub shapes: Shapes,
}

/// Reads type declarations: interfaces, type aliases and `import type`. What is wrong goes to `report`; the result has
/// whatever is right.
pub fn types(text: &str, path: &JsonPath, sources: &RefCell<Sources>, report: &Report) -> Types {
    let source = sources.borrow_mut().add(path, None, text);
    let read = parse::module(text, false, |mut program, _| {
        let mut types = Types::default();
        let mut faults = Vec::new();
        for statement in &program.body {
            declare(statement, source, &mut types, &mut faults);
        }
        faults.extend(check_module(&program));
        if faults.is_empty() {
            program.body.retain(|statement| !matches!(statement, Statement::ImportDeclaration(_)));
            types.code = print::program(&program, source);
        }
        (types, faults)
    });
    let (types, faults) = read.unwrap_or_else(|faults| (Types::default(), faults));
    fault::tell(faults, text, path, None, report);
    types
}

fn declare(statement: &Statement<'_>, source: SourceId, types: &mut Types, faults: &mut Vec<Fault>) {
    let declaration = match statement {
        Statement::ImportDeclaration(import) => {
            match imported(import) {
                Ok(names) => {
                    let origin = source.span(import.span.start, import.span.end);
                    types.imports.push((names, import.source.value.to_string(), origin));
                }
                Err(fault) => faults.push(fault),
            }
            return;
        }
        Statement::ExportDeclaration(export) => Some(&export.declaration),
        Statement::EmptyStatement(_) => return,
        other => other.as_declaration(),
    };
    match declaration {
        Some(Declaration::TSInterfaceDeclaration(interface)) => {
            types.shapes.declare(&interface.id.name, shape_of::interface(interface));
        }
        Some(Declaration::TSTypeAliasDeclaration(alias)) => {
            types.shapes.declare(&alias.id.name, shape_of::alias(alias));
        }
        other => faults.push(refused(other, statement.span())),
    }
}

fn refused(declaration: Option<&Declaration<'_>>, span: Span) -> Fault {
    let (what, instead) = match declaration {
        Some(Declaration::TSEnumDeclaration(_)) => {
            ("an enum exists at run time", "write a union of strings: type Phase = 'PLAN' | 'BUILD'")
        }
        Some(Declaration::FunctionDeclaration(_) | Declaration::VariableDeclaration(_)) => {
            ("only types may be declared here", "put functions and constants into `helpers`")
        }
        Some(Declaration::ClassDeclaration(_)) => ("a class exists at run time", "write an interface"),
        _ => ("only types may be declared here", "write interfaces, type aliases or `import type {…} from '…'`"),
    };
    Fault::new(Code::FORBIDDEN, span, what).label("not allowed").suggest(instead)
}

/// The names of `import type {A, B} from '…'`.
fn imported(import: &ImportDeclaration<'_>) -> Result<Vec<String>, Fault> {
    let refuse = |span: Span, what: &str| {
        let fault = Fault::new(Code::FORBIDDEN, span, what).label("not allowed");
        Err(fault.suggest("write `import type {Name} from 'module-name'`"))
    };
    let mut names = Vec::new();
    for specifier in import.specifiers.iter().flatten() {
        let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier else {
            return refuse(specifier.span(), "types are imported by their names");
        };
        let all_types = import.import_kind == ImportOrExportKind::Type;
        if !all_types && specifier.import_kind != ImportOrExportKind::Type {
            return refuse(import.span, "only types may be imported");
        }
        let name = export_name(&specifier.imported);
        if name != specifier.local.name.as_str() {
            return refuse(specifier.span, "an imported type keeps its name");
        }
        names.push(name);
    }
    if names.is_empty() { refuse(import.span, "the import names no type") } else { Ok(names) }
}

/// The name that is exported or imported.
pub(super) fn export_name(name: &ModuleExportName<'_>) -> String {
    name.name().to_string()
}

/// Reads a type: a string that holds a type expression, or a map of field names (`?` at the end: may be absent) to
/// types. What is wrong goes to `report`.
pub fn type_of(json: &Value, path: &JsonPath, node: Option<&str>, sources: &RefCell<Sources>, report: &Report) -> Option<(Type, Shape)> {
    fields_of(json, path, node, sources, report, 0)
}

fn fields_of(
    json: &Value,
    path: &JsonPath,
    node: Option<&str>,
    sources: &RefCell<Sources>,
    report: &Report,
    depth: usize,
) -> Option<(Type, Shape)> {
    let wrong = |message: &str| {
        let mut error = Diagnostic::error(Code::SHAPE, path, message);
        error.node = node.map(str::to_owned);
        report.push(error.suggest("write a type, such as 'string[]', or a map of fields, such as {name: 'string'}"));
        None
    };
    match json {
        Value::String(text) => {
            let source = sources.borrow_mut().add(path, node, text);
            let read = parse::ty(text, |ty| Ok((user(ty, text, source), shape_of::shape_of(ty))));
            report.ok(read.map_err(|fault| fault.at(text, path, node)))
        }
        Value::Object(entries) if depth < super::depth::LIMIT / 2 => {
            let fields = entries.iter().map(|(key, json)| {
                let (name, optional) = key.strip_suffix('?').map_or((key.as_str(), false), |name| (name, true));
                let (ty, shape) = fields_of(json, &path.key(key), node, sources, report, depth + 1)?;
                Some(((name.to_owned(), optional, ty), Field { name: name.to_owned(), optional, shape }))
            });
            // Every field is read, so that every error is reported.
            let fields: Vec<_> = fields.collect();
            let (types, shapes) = fields.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
            Some((Type::Object(types), Shape::Object(shapes)))
        }
        Value::Object(_) => wrong("the type is nested too deep"),
        _ => wrong("this is not a type"),
    }
}

/// Reads a signature such as `(input: {a: string}) => Promise<X>`. What is wrong goes to `report`.
pub fn signature(text: &str, path: &JsonPath, sources: &RefCell<Sources>, report: &Report) -> Option<(Type, Function)> {
    let source = sources.borrow_mut().add(path, None, text);
    let read = parse::ty(text, |ty| match ty {
        TSType::TSFunctionType(function) if function.type_parameters.is_none() => {
            let declared = shape_of::function("", &function.params, Some(&function.return_type));
            Ok((user(ty, text, source), declared))
        }
        _ => Err(Fault::new(Code::TYPE_SYNTAX, ty.span(), "this is not the signature of a function")
            .suggest("write it like `(input: {name: string}) => Promise<string>`")),
    });
    report.ok(read.map_err(|fault| fault.at(text, path, None)))
}

fn user(ty: &TSType<'_>, text: &str, source: SourceId) -> Type {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    Type::User(print::ty(ty), Some(source.span(0, end)))
}

/// The structure of the type that `text` is.
pub(super) fn shape_of_text(text: &str) -> Shape {
    parse::ty(text, |ty| Ok(shape_of::shape_of(ty))).unwrap_or(Shape::Unknown)
}

/// Accepts a type that may stand in an expression or declaration: any that imports nothing.
///
/// # Errors
/// [`Code::FORBIDDEN`] at the first `import('…')`.
pub(super) fn check(ty: &TSType<'_>) -> Result<(), Fault> {
    let mut imports = Imports::default();
    imports.visit_ts_type(ty);
    imports.0.map_or(Ok(()), Err)
}

/// Whether a module imports a type in place.
pub(super) fn check_module(program: &Program<'_>) -> Option<Fault> {
    let mut imports = Imports::default();
    imports.visit_program(program);
    imports.0
}

/// Finds types that are imported in place.
#[derive(Default)]
struct Imports(Option<Fault>);

impl<'a> Visit<'a> for Imports {
    fn visit_ts_import_type(&mut self, it: &TSImportType<'a>) {
        let fault = Fault::new(Code::FORBIDDEN, it.span, "a type may not be imported in place").label("not allowed");
        let advice = "write `import type {T} from '…'` in `types` and use its name";
        self.0.get_or_insert(fault.suggest(advice));
    }
}
