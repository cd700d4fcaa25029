//! A TypeScript file → a CommonJS script, as the worker's slot takes it: types removed, the SDK by `require`.
//! Depends on oxc's parser, transformer and printer; the files are our own, so what they may hold is known.

use super::told::telling;
use crate::compile::{CompiledWorkflow, GeneratedFile};
use oxc::allocator::Allocator;
use oxc::ast::ast::{ImportDeclarationSpecifier, Program, Statement};
use oxc::codegen::{Codegen, CodegenOptions, IndentChar};
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use oxc::transformer::{TransformOptions, Transformer};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The script of a workflow: strict CommonJS that assigns the workflow's function to `exports`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The text.
    pub text: String,
    /// Where its parts came from, ascending: line and column (from 0) in the script; line and column in the file of TypeScript.
    pub mappings: Vec<(u32, u32, u32, u32)>,
}

/// The script of `workflow`, whose code is in `file`.
///
/// # Errors
/// What could not be parsed: a defect of the compiler, since the file is its own.
pub fn script(file: &GeneratedFile, workflow: &CompiledWorkflow) -> Result<Script, String> {
    let telling = telling(&file.printed, &file.sources, &workflow.inside);
    let module =
        module(&file.path, &telling.text).map_err(|error| format!("generated code is not JavaScript: {error}; please report it"))?;
    let mut text = "'use strict';\n".to_owned();
    if !module.imports.is_empty() {
        let _ = writeln!(text, "const {{ {} }} = require('@temporalio/workflow');", module.imports.join(", "));
    }
    let inside = serde_json::to_string(&workflow.inside).map_err(|error| format!("the drawing is no JSON: {error}; please report it"))?;
    // A worker that can't look inside gives no recorder; then nothing is told.
    let _ = writeln!(text, "const $ = require.inside?.({inside});");
    if telling.hands_over {
        text.push_str("const $of = $?.of ?? ((node, promise) => promise);\n");
    }
    let head = u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
    text.push_str(&module.text);
    let _ = writeln!(text, "exports.{0} = {0};", workflow.workflow_type);
    let mappings = module
        .mappings
        .into_iter()
        .map(|(line, column, from_line, from_column)| (head + line, column, from_line, telling.column(from_line, from_column)));
    Ok(Script { text, mappings: mappings.collect() })
}

/// The source map of a script: to its TypeScript, whose text is in the map, with the nodes as names.
#[must_use]
pub fn source_map(script: &Script, file: &GeneratedFile) -> String {
    let mut map = sourcemap::SourceMapBuilder::new(None);
    for &(line, column, from_line, from_column) in &script.mappings {
        let origin = file.origin_on_line(from_line, from_column);
        let node = origin.and_then(|origin| file.sources.get(origin.source)?.node.as_deref());
        map.add(line, column, from_line, from_column, Some(&file.path), node, false);
    }
    let source = map.add_source(&file.path);
    map.set_source_contents(source, Some(&file.printed.text));
    source_map_text(&map.into_sourcemap())
}

/// A source map, as it is written to a file.
#[must_use]
pub fn source_map_text(map: &sourcemap::SourceMap) -> String {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = map.to_writer(&mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

struct PlainModule {
    imports: Vec<String>,
    text: String,
    mappings: Vec<(u32, u32, u32, u32)>,
}

fn module(path: &str, text: &str) -> Result<PlainModule, String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::ts()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(format!("{path}: {error}"));
    }
    let mut program = parsed.program;
    let scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
    let transformed = Transformer::new(&allocator, Path::new(path), &TransformOptions::default()).build_with_scoping(scoping, &mut program);
    if let Some(error) = transformed.diagnostics.first() {
        return Err(format!("{path}: {error}"));
    }
    let imports = plain(&allocator, &mut program);
    let options = CodegenOptions {
        single_quote: true,
        indent_char: IndentChar::Space,
        indent_width: 2,
        source_map_path: Some(PathBuf::from(path)),
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(&program);
    let tokens = printed.map.iter().flat_map(|map| map.get_tokens());
    let mappings = tokens.map(|token| (token.get_dst_line(), token.get_dst_col(), token.get_src_line(), token.get_src_col())).collect();
    Ok(PlainModule { imports, text: printed.code, mappings })
}

/// Removes imports and the `export` of declarations; gives the names that were imported as values.
fn plain<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> Vec<String> {
    let mut imports = Vec::new();
    let body = std::mem::replace(&mut program.body, oxc::allocator::Vec::new_in(&allocator));
    for statement in body {
        match statement {
            Statement::ImportDeclaration(import) => {
                for specifier in import.specifiers.iter().flatten() {
                    if let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier {
                        imports.push(specifier.local.name.to_string());
                    }
                }
            }
            Statement::ExportDeclaration(export) => {
                program.body.push(Statement::from(export.unbox().declaration));
            }
            Statement::ExportNamedDeclaration(_) => {}
            statement => program.body.push(statement),
        }
    }
    imports
}
