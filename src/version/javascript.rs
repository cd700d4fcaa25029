//! TypeScript files → one CommonJS script, as the worker's slot takes it: each file in a function of its own, types removed, the SDK by `require`.
//! Depends on oxc's parser, transformer and printer; the files are our own, so what they may hold is known.

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

/// The script of a version's workflows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The text.
    pub text: String,
    /// Where its parts came from, ascending: line and column (from 0) in the script; the index of the file; line and column in it.
    pub mappings: Vec<(u32, u32, usize, u32, u32)>,
}

/// The script of `workflows`, whose code is in `files`.
///
/// # Errors
/// What could not be parsed: a defect of the compiler, since the files are its own.
pub fn script(files: &[GeneratedFile], workflows: &[&CompiledWorkflow]) -> Result<Script, String> {
    let mut script = Script { text: "'use strict';\n".to_owned(), mappings: Vec::new() };
    let mut line = 1;
    for workflow in workflows {
        let Some((index, file)) = files.iter().enumerate().find(|(_, file)| file.path == workflow.path) else { continue };
        let module = module(&file.path, &file.printed.text)?;
        let head = if module.imports.is_empty() {
            "(() => {\n".to_owned()
        } else {
            format!("(() => {{\nconst {{ {} }} = require('@temporalio/workflow');\n", module.imports.join(", "))
        };
        line += count_lines(&head);
        let mapped = module.mappings.iter().map(|&(at, column, src_line, src_column)| (line + at, column, index, src_line, src_column));
        script.mappings.extend(mapped);
        script.text.push_str(&head);
        script.text.push_str(&module.text);
        let tail = format!("exports.{0} = {0};\n}})();\n", workflow.workflow_type);
        line += count_lines(&module.text) + count_lines(&tail);
        let _ = write!(script.text, "{tail}");
    }
    Ok(script)
}

fn count_lines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
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
