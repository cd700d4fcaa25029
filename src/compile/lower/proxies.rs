//! Which activities are called and with which options: one `proxyActivities` for each module and set of options.

use super::{Activities, Lower, pascal};
use crate::compile::expr::Function;
use crate::compile::program::{ActivityOptions, ModuleInfo};
use crate::compile::ts::build::ident;
use crate::compile::ts::{Decl, Expr, Pattern, Type};
use crate::definition::{Fields, Text};
use crate::diagnostic::{Code, Diagnostic};
use std::collections::{BTreeMap, BTreeSet};

/// The activities that a workflow calls.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// By module and options: each activity and what it is called in the file.
    groups: BTreeMap<(usize, ActivityOptions), BTreeMap<String, String>>,
}

/// An activity that is called.
pub struct Called<'a> {
    /// The function in the generated file.
    pub function: Expr,
    /// The name of the activity.
    pub name: String,
    /// The parameters and result, where they are known.
    pub signature: Option<&'a Function>,
    /// The module that has it.
    pub module: &'a ModuleInfo,
}

impl<'a> Lower<'a> {
    /// The activity `name`, with the options that node `at` gives in `fields` over those of the activity and its module.
    /// Reports an activity that no module has, or that several have.
    pub fn activity(&mut self, at: usize, name: &Text, fields: &Fields) -> Option<Called<'a>> {
        let own = ActivityOptions::read(fields, &self.node(at).id, self.report);
        self.activity_of(Some(at), name, fields, own)
    }

    /// The same, for a call that may belong to no node, with options of its own.
    pub fn activity_of(&mut self, at: Option<usize>, name: &Text, fields: &Fields, own: ActivityOptions) -> Option<Called<'a>> {
        let chosen = fields.text("module");
        let (index, module) = self.module_of(at, name, chosen.as_ref())?;
        let activity = module.activities.get(&name.text);
        let inherited = activity.map_or_else(|| module.options.clone(), |activity| activity.options.over(&module.options));
        let function = self.proxy(at, index, &name.text, own.over(&inherited));
        Some(Called { function: ident(&function), name: name.text.clone(), signature: activity.and_then(|a| a.signature.as_ref()), module })
    }

    fn module_of(&self, at: Option<usize>, name: &Text, chosen: Option<&Text>) -> Option<(usize, &'a ModuleInfo)> {
        let modules = &self.program.modules;
        if let Some(chosen) = chosen
            && !modules.iter().any(|module| module.name == chosen.text)
        {
            let message = format!("there is no ActivityModule `{}`", chosen.text);
            let names = modules.iter().map(|module| module.name.as_str());
            self.report_at(at, Diagnostic::error(Code::UNKNOWN_ACTIVITY, &chosen.path, message).suggest_near(&chosen.text, names));
            return None;
        }
        let candidates: Vec<(usize, &ModuleInfo)> = modules
            .iter()
            .enumerate()
            .filter(|(_, module)| chosen.is_none_or(|chosen| module.name == chosen.text) && module.activities.contains_key(&name.text))
            .collect();
        match candidates.as_slice() {
            [found] => Some(*found),
            [] => {
                let place = chosen.map_or_else(
                    || "no ActivityModule has".to_owned(),
                    |chosen| format!("the ActivityModule `{}` does not have", chosen.text),
                );
                let known: BTreeSet<&str> = modules.iter().flat_map(|module| module.activities.keys().map(String::as_str)).collect();
                let diagnostic = Diagnostic::error(Code::UNKNOWN_ACTIVITY, &name.path, format!("{place} an activity `{}`", name.text))
                    .excerpt(&name.text, 0..name.text.len());
                let diagnostic = diagnostic.suggest_near_or(&name.text, known.iter().copied(), || {
                    if known.is_empty() {
                        "add an ActivityModule that has it to the files"
                    } else {
                        "declare it under `activities` of an ActivityModule, or export it from the module's package"
                    }
                });
                self.report_at(at, diagnostic);
                None
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(_, module)| module.name.as_str()).collect();
                let message = format!("the activity `{}` is in {}", name.text, names.join(" and in "));
                let suggestion = format!("say which one: `module: {}`", names.first().unwrap_or(&""));
                self.report_at(at, Diagnostic::error(Code::AMBIGUOUS_ACTIVITY, &name.path, message).suggest(suggestion));
                None
            }
        }
    }

    /// What the activity is called in the file when it has these options.
    fn proxy(&mut self, at: Option<usize>, module: usize, activity: &str, options: ActivityOptions) -> String {
        let key = (module, options);
        if let Some(name) = self.proxies.groups.get(&key).and_then(|group| group.get(activity)) {
            return name.clone();
        }
        let taken = self.proxies.groups.values().any(|group| group.values().any(|name| name == activity));
        let name = if taken {
            let wanted = format!("{activity}For{}", at.map_or_else(|| "Cleanup".to_owned(), |at| pascal(&self.node(at).id)));
            self.names.free(&wanted, "")
        } else {
            activity.to_owned()
        };
        self.proxies.groups.entry(key).or_default().insert(activity.to_owned(), name.clone());
        name
    }

    /// What the types of a module are called in the file.
    #[must_use]
    pub fn types_of(&self, module: &ModuleInfo) -> String {
        self.aliases.get(&module.name).cloned().unwrap_or_default()
    }

    /// The modules whose activities are called.
    #[must_use]
    pub fn called_modules(&self) -> Vec<&'a ModuleInfo> {
        let indices: BTreeSet<usize> = self.proxies.groups.keys().map(|(module, _)| *module).collect();
        indices.into_iter().filter_map(|index| self.program.modules.get(index)).collect()
    }

    /// The activities that are called.
    #[must_use]
    pub fn called_activities(&self) -> Activities {
        let mut called = Activities::new();
        for ((module, options), activities) in &self.proxies.groups {
            if let Some(module) = self.program.modules.get(*module) {
                called
                    .entry((options.task_queue().map(str::to_owned), module.name.clone()))
                    .or_default()
                    .extend(activities.keys().cloned());
            }
        }
        called
    }

    /// The declarations of the proxies.
    #[must_use]
    pub fn proxy_declarations(&self) -> Vec<Decl> {
        let declarations = self.proxies.groups.iter().filter_map(|((module, options), activities)| {
            let module = self.program.modules.get(*module)?;
            let fields = activities.iter().map(|(activity, local)| (activity.clone(), Pattern::Ident(local.clone()))).collect();
            let types = vec![Type::TypeOf(self.types_of(module))];
            let init = ident("proxyActivities").call_typed(types, vec![options.to_expr()]);
            Some(Decl::Const { export: false, pattern: Pattern::Object(fields), ty: None, init })
        });
        declarations.collect()
    }
}
