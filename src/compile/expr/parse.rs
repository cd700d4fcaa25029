//! Calls the parser. The tree lives only as long as the closure that it is given to.
//! Depends on oxc; knows nothing of what is allowed in the tree.

use super::depth::{self, Kind, Stack};
use super::fault::Fault;
use super::guard;
use crate::diagnostic::Code;
use oxc::allocator::Allocator;
use oxc::ast::ast::{Expression, Program, Statement, TSType};
use oxc::diagnostics::{Diagnostics, OxcDiagnostic, Severity};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Semantic, SemanticBuilder};
use oxc::span::{GetSpan, SourceType, Span};

/// The longest string that is parsed, in bytes; an object of the API cannot hold a longer one.
const LONGEST: usize = 8 << 20;

/// Parses `text` as one expression and gives the tree to `work`.
///
/// # Errors
/// The first syntax error, or that the text is nested too deep.
pub(super) fn expression<T>(text: &str, work: impl FnOnce(&Expression<'_>) -> T) -> Result<T, Fault> {
    let stack = bounded(text, Kind::Expression)?;
    if text.trim().is_empty() {
        return Err(Fault::new(Code::EXPRESSION, Span::new(0, 0), "the expression is empty"));
    }
    depth::with_stack(stack, || {
        let allocator = Allocator::default();
        let parser = Parser::new(&allocator, text, SourceType::ts().with_module(true)).with_options(options());
        match parser.parse_expression() {
            Ok(expression) => match guard::deep_expression(&expression) {
                Some(span) => Err(too_deep(span)),
                None => Ok(work(&expression)),
            },
            Err(found) => Err(first(Code::EXPRESSION, &found)),
        }
    })
}

/// Parses `text` as a module of TypeScript (`declarations`: as a `.d.ts`) and gives the tree to `work`, with an
/// allocator for changes to it.
///
/// # Errors
/// Every syntax error, or that the text is nested too deep.
pub(super) fn module<T>(
    text: &str,
    declarations: bool,
    work: impl for<'a> FnOnce(Program<'a>, &'a Allocator) -> T,
) -> Result<T, Vec<Fault>> {
    let stack = bounded(text, Kind::Module).map_err(|fault| vec![Fault { code: Code::TYPE_SYNTAX, ..fault }])?;
    depth::with_stack(stack, || {
        let allocator = Allocator::default();
        let kind = if declarations { SourceType::d_ts() } else { SourceType::ts().with_module(true) };
        let parsed = Parser::new(&allocator, text, kind).with_options(options()).parse();
        let mut faults = errors(&parsed.diagnostics);
        faults.extend(guard::deep_module(&parsed.program).map(too_deep));
        if faults.is_empty() { Ok(work(parsed.program, &allocator)) } else { Err(faults) }
    })
}

/// Parses `text` as one type, which imports nothing, and gives the tree to `work`. Spans in the tree are behind by the
/// length of [`BEFORE_TYPE`]; those of faults are put right here.
///
/// # Errors
/// The first syntax error, that the text is nested too deep, that it imports a type, or the fault of `work`.
pub(super) fn ty<T>(text: &str, work: impl FnOnce(&TSType<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let declaration = format!("{BEFORE_TYPE}{text}");
    let read = module(&declaration, false, |program, _| match program.body.as_slice() {
        [Statement::TSTypeAliasDeclaration(alias)] => {
            super::types::check(&alias.type_annotation).and_then(|()| work(&alias.type_annotation))
        }
        [_, more, ..] => Err(Fault::new(Code::TYPE_SYNTAX, more.span(), "there is more than one type")),
        _ => Err(Fault::new(Code::TYPE_SYNTAX, Span::new(0, 0), "this is not a type")),
    });
    let fault = match read {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(fault)) => fault,
        Err(mut faults) if !text.trim().is_empty() && !faults.is_empty() => faults.swap_remove(0),
        Err(_) => Fault::new(Code::TYPE_SYNTAX, Span::new(0, 0), "the type is empty"),
    };
    let span = fault.span.start.saturating_sub(BEFORE_TYPE.len())..fault.span.end.saturating_sub(BEFORE_TYPE.len());
    Err(Fault { span, ..fault })
}

/// What makes a declaration of a type.
const BEFORE_TYPE: &str = "type T = ";

/// Resolves the names of `program`.
///
/// # Errors
/// Every error that shows only there, such as a name that is declared twice.
pub(super) fn semantic<'a>(program: &'a Program<'a>) -> Result<Semantic<'a>, Vec<Fault>> {
    let built = SemanticBuilder::new().with_check_syntax_error(true).with_build_nodes(true).build(program);
    let faults = errors(&built.diagnostics);
    if faults.is_empty() { Ok(built.semantic) } else { Err(faults) }
}

fn options() -> ParseOptions {
    ParseOptions { parse_regular_expression: true, ..ParseOptions::default() }
}

/// Refuses what is too long or too deep to be parsed, and tells the stack that the rest needs.
fn bounded(text: &str, kind: Kind) -> Result<Stack, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(Code::EXPRESSION, Span::new(0, 0), "the text is longer than 8 MiB"));
    }
    depth::check(text, kind).map_err(|at| too_deep(Span::sized(u32::try_from(at).unwrap_or(0), 1)))
}

/// That something is nested deeper than [`depth::LIMIT`].
pub(super) fn too_deep(span: Span) -> Fault {
    Fault::new(Code::FORBIDDEN, span, format!("this is nested more than {} levels deep", depth::LIMIT))
        .label("too deep")
        .suggest("split it: name a part in a state field or a helper")
}

fn errors(found: &Diagnostics) -> Vec<Fault> {
    let mut faults: Vec<Fault> = found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| Fault::syntax(Code::TYPE_SYNTAX, diagnostic))
        .collect();
    faults.sort_by_key(|fault| fault.span.start);
    faults
}

fn first(code: Code, found: &Diagnostics) -> Fault {
    let nothing = OxcDiagnostic::error("the expression cannot be parsed");
    Fault::syntax(code, found.iter().next().unwrap_or(&nothing))
}
