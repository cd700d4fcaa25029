//! `onContinueAsNew: Upgrade`: what a run says of the state that it carries, which states a version takes, and what brings older ones up.
//! What a state is, is told by the digest of its type (a *form*): the next run takes it where it knows one of the forms that come with it.

use super::Lower;
use super::carry::Carry;
use crate::compile::expr::{self, Context, Resolution, Scope};
use crate::compile::program::module_alias;
use crate::compile::ts::build::{
    array, arrow, arrow_block, constant, ident, named, new, number, object, param, spread, string, typed_param,
};
use crate::compile::ts::print;
use crate::compile::ts::{Decl, Expr, ExprKind, Module, Pattern, Stmt, Type};
use crate::diagnostic::{Code, Diagnostic};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The types of the states that runs of a workflow carry, and that it takes from runs of other versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateForms {
    /// What its own runs carry.
    pub own: StateForm,
    /// What its migrations bring up, the oldest first.
    pub earlier: Vec<StateForm>,
}

/// The type of a state as continue-as-new carries it, with that of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateForm {
    /// 16 hexadecimal digits of the SHA-256 of the type.
    pub digest: String,
    /// A file of declarations, of which `WarplineInput` and `WarplineState` are what runs are given; none where a type is of a package, whose
    /// declarations are elsewhere.
    pub text: Option<String>,
}

/// What the code of a workflow that upgrades is called.
pub(super) struct Going {
    /// The constant that holds the form of the state.
    form: String,
    /// The activity that asks where the next run can go on.
    ask: String,
    /// The variable for its answer.
    taken: String,
}

/// Where the next run can go on: an activity that each worker has.
pub const ASK: &str = "warplineForms";
/// What each worker does for a run that carries what its version does not take.
pub const SINK: &str = "warpline";

impl Lower<'_> {
    /// The state that a run begins with: `decode` of its own form, what migrations make of earlier ones. `ty` is the state's type, `declared` its
    /// declaration where it was inferred.
    pub(super) fn taken(&mut self, ty: &Type, declared: Option<&Decl>, carry: &Carry, declarations: &mut Vec<Decl>) -> Expr {
        let Some(upgrade) = self.workflow.upgrade.clone() else { return carry.decode.clone() };
        let own = self.form_of(&carry.ty(ty), declared);
        let form = self.names.free("stateForm", "");
        let refused = self.names.free("refused", "State");
        let going = Going { form: form.clone(), ask: self.names.free(ASK, ""), taken: self.names.free("taken", "By") };
        declarations.extend(self.worker_side(&going, &own, &refused));
        let mut earlier = Vec::new();
        let mut steps = Vec::new();
        for (at, migration) in upgrade.migrations.iter().enumerate() {
            let from = expr::type_of(&migration.from.value, &migration.from.path, None, self.sources, self.report);
            let Some((from, shape)) = from else { continue };
            let alias = self.names.free(&format!("Earlier{}", at + 1), "State");
            let carried = self.carry_of(Some(&shape));
            earlier.push(self.form_of(&carried.ty(&from), declared));
            if at == 0 {
                declarations.push(Decl::Comment(vec!["The states of earlier versions, and what brings each up to the next.".into()]));
            }
            declarations.push(Decl::TypeAlias { export: false, name: alias.clone(), ty: from });
            declarations.push(Decl::Blank);
            let migrate = self.names.free(&format!("migration{}", at + 1), "State");
            steps.push((alias, carried, migrate, self.migration(&migration.migrate)));
        }
        let next: Vec<Type> = steps.iter().skip(1).map(|(alias, ..)| named(alias)).chain([ty.clone()]).collect();
        for ((alias, _, migrate, function), result) in steps.iter().zip(next) {
            let ty = Type::Function(vec![("old".to_owned(), false, named(alias))], Box::new(result));
            declarations.push(Decl::Const {
                export: false,
                pattern: Pattern::Ident(migrate.clone()),
                ty: Some(ty),
                init: function.clone(),
            });
        }
        if !steps.is_empty() {
            declarations.push(Decl::Blank);
        }
        let forms = || ident("forms");
        let mut value = ident(&refused).call(vec![forms()]);
        for (at, form) in earlier.iter().enumerate() {
            let (alias, carried, ..) = &steps[at];
            let arrived = self.arrived(alias, carried, declarations);
            let brought = steps[at..].iter().fold(arrived, |state, (_, _, migrate, _)| ident(migrate).call(vec![state]));
            let knows = forms().method("includes", vec![string(&form.digest)]);
            value = Expr::new(ExprKind::Conditional(Box::new(knows), Box::new(brought), Box::new(value)));
        }
        let is_own = forms().negated().binary("||", forms().method("includes", vec![ident(&form)]));
        self.going = Some(going);
        self.forms = Some(StateForms { own, earlier });
        Expr::new(ExprKind::Conditional(Box::new(is_own), Box::new(carry.decode.clone()), Box::new(value)))
    }

    /// An earlier state, from what was carried.
    fn arrived(&mut self, alias: &str, carried: &Carry, declarations: &mut Vec<Decl>) -> Expr {
        let never = Expr::new(ExprKind::As(Box::new(ident("carried")), named("never")));
        if carried.fields.is_empty() {
            return never;
        }
        let read = self.names.free(&format!("read{alias}"), "State");
        let ty = Type::Function(vec![("carried".to_owned(), false, carried.ty(&named(alias)))], Box::new(named(alias)));
        let init = arrow(vec![param("carried")], carried.decode.clone());
        declarations.push(Decl::Const { export: false, pattern: Pattern::Ident(read.clone()), ty: Some(ty), init });
        declarations.push(Decl::Blank);
        ident(&read).call(vec![never])
    }

    /// What the worker does for runs that upgrade: declarations of it, and of the state's form.
    fn worker_side(&self, going: &Going, own: &StateForm, refused: &str) -> Vec<Decl> {
        let forms = || Type::Array(Box::new(named("string")));
        let answer = Type::Named("Promise".into(), vec![Type::Union(vec![forms(), named("null")])]);
        let asks = Type::Function(vec![("form".to_owned(), false, named("string"))], Box::new(answer));
        let options = object([("startToCloseTimeout", string("10 seconds")), ("retry", object([("maximumAttempts", number(3))]))]);
        let sink = Type::Object(vec![(
            "refused".to_owned(),
            false,
            Type::Function(vec![("forms".to_owned(), false, forms())], Box::new(named("void"))),
        )]);
        let declared = |pattern: Pattern, ty: Option<Type>, init: Expr| Decl::Const { export: false, pattern, ty, init };
        let taking = |name: &str, as_name: &str| Pattern::Object(vec![(name.to_owned(), Pattern::Ident(as_name.to_owned()))]);
        let sinks = ident("proxySinks").call_typed(vec![Type::Object(vec![(SINK.to_owned(), false, sink)])], Vec::new());
        let message = "this version does not take a state of that form: the run goes back to the version that it came from";
        let failure = new("Error", vec![string(message)]);
        let refusing = vec![sinks.member(SINK).method("refused", vec![ident("forms")]).stmt(), Stmt::Throw(failure)];
        let never = Type::Function(vec![("forms".to_owned(), false, forms())], Box::new(named("never")));
        vec![
            Decl::Comment(vec!["The form of the state: runs say what they carry, and take what they know.".into()]),
            declared(Pattern::Ident(going.form.clone()), None, string(&own.digest)),
            declared(
                taking(ASK, &going.ask),
                None,
                ident("proxyLocalActivities").call_typed(vec![Type::Object(vec![(ASK.to_owned(), false, asks)])], vec![options]),
            ),
            declared(Pattern::Ident(refused.to_owned()), Some(never), arrow_block(false, vec![typed_param("forms", forms())], refusing)),
            Decl::Blank,
        ]
    }

    /// A migration's function.
    fn migration(&self, text: &crate::definition::Text) -> Expr {
        let helpers = Helpers(self.workflow.functions.iter().map(|function| function.name.as_str()).collect());
        let context = Context { scope: &helpers, sources: self.sources, node: None };
        match expr::expression(&text.text, &text.path, &context) {
            Ok(function) if matches!(function.kind, ExprKind::Arrow { .. } | ExprKind::Ident(_)) => function,
            Ok(_) => {
                let diagnostic = Diagnostic::error(Code::SHAPE, &text.path, "a migration is a function of the older state");
                self.report.push(diagnostic.suggest("write `(old) => ({...old, retries: 0})`, or the name of a helper"));
                ident("undefined")
            }
            Err(diagnostic) => {
                self.report.push(diagnostic);
                ident("undefined")
            }
        }
    }

    /// The type of what is carried, with the input's, as a file of its own.
    fn form_of(&self, carried: &Type, declared: Option<&Decl>) -> StateForm {
        let input = self.workflow.input.clone().unwrap_or_else(|| Type::Named("Record".into(), vec![named("string"), named("any")]));
        let alias = |name: &str, ty: &Type| Decl::TypeAlias { export: true, name: name.to_owned(), ty: ty.clone() };
        let mut text = String::new();
        let mut packages = String::new();
        let mut body = Vec::new();
        for (names, from) in &self.workflow.imports {
            let Some(module) = self.program.modules.iter().find(|module| module.name == *from) else { continue };
            let Some(declared) = &module.declarations else {
                module.package.iter().for_each(|file| packages.push_str(file));
                continue;
            };
            let namespace = module_alias(&module.name);
            let inner = print::declarations(&Module { body: declared.clone() }).text;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "declare namespace {namespace} {{\n{inner}}}");
            body.extend(names.iter().map(|name| Decl::TypeAlias {
                export: false,
                name: name.clone(),
                ty: named(&format!("{namespace}.{name}")),
            }));
        }
        if !self.workflow.types.text.is_empty() {
            body.push(Decl::User(self.workflow.types.clone()));
        }
        body.extend(declared.cloned());
        body.extend([alias("WarplineInput", &input), alias("WarplineState", carried)]);
        text.push_str(&print::module(&Module { body }).text);
        let mut hash = Sha256::new();
        hash.update(text.as_bytes());
        hash.update(packages.as_bytes());
        let digest = hash.finalize().iter().take(8).fold(String::new(), |mut digest, byte| {
            let _ = write!(digest, "{byte:02x}");
            digest
        });
        StateForm { digest, text: packages.is_empty().then_some(text) }
    }

    /// `continueAsNew` with the state, on the current version where that takes it.
    pub(super) fn continue_upgrading(&self, state: Expr) -> Option<(Stmt, Expr)> {
        let Going { form, ask, taken } = self.going.as_ref()?;
        let stays = arrow(Vec::new(), Expr::new(ExprKind::Null));
        let asked = ident(ask).call(vec![ident(form)]).method("catch", vec![stays]).awaited();
        let question = constant(taken, asked);
        let upgrades = object([("initialVersioningBehavior", string("AUTO_UPGRADE"))]);
        let options = Expr::new(ExprKind::Conditional(Box::new(ident(taken)), Box::new(upgrades), Box::new(object([]))));
        let none = Expr::new(ExprKind::Array(Vec::new()));
        let more = ident(taken).binary("??", none);
        let mut forms = array(vec![ident(form)]);
        if let ExprKind::Array(items) = &mut forms.kind {
            items.push(spread(more));
        }
        let types = vec![Type::TypeOf(self.workflow.workflow_type.clone())];
        let going = ident("makeContinueAsNewFunc").call_typed(types, vec![options]).call(vec![ident("input"), state, forms]);
        Some((question, going))
    }
}

/// What a migration's function sees: helpers, and nothing of a run.
struct Helpers<'a>(Vec<&'a str>);

impl Scope for Helpers<'_> {
    fn resolve(&self, name: &str) -> Option<Resolution> {
        self.0.contains(&name).then(|| Resolution { expr: ident(name), lone: true })
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|&name| name.to_owned()).collect()
    }
}
