//! The code of a queue's workflows: kept from a version that has it, or else compiled.
//! A definition that did not change keeps its code, also where a newer compiler would print other code.

use super::content::Part;
use super::observe::Scene;
use crate::api::{StateForm, WorkerVersion};
use crate::compile::Activities;
use crate::plan::objects::group;
use crate::reconcile::compiler::{Unit, inputs};
use crate::reconcile::{Context, Error};
use crate::version;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The code of one workflow.
pub struct Code {
    /// The JavaScript.
    pub script: String,
    /// The activities that it calls.
    pub activities: Activities,
    /// The forms of its state, where its runs go on on newer versions.
    pub forms: Vec<StateForm>,
    /// The files of a version that hold all this, and what people want to read.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why there is no code.
pub enum Lack {
    /// It is being compiled, or a newer definition is on its way.
    NotYet,
    /// Reason and message.
    Gone(String, String),
}

/// The files of versions that were read, by the versions' names: each is read once.
pub type Read = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// The code of a part.
///
/// # Errors
/// The API server's.
pub async fn code(scene: &Scene, context: &Context, part: &Part, read: &mut Read) -> Result<Result<Code, Lack>, Error> {
    let holds = |version: &&Arc<WorkerVersion>| super::content::is_stored(version) && version.has(&part.workflow_type, &part.digest);
    if let Some(version) = part.from.as_ref().or_else(|| scene.versions.iter().find(holds)) {
        let all = match read.entry(version.name_any()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(files(context, &scene.namespace, version).await?),
        };
        let entry = version.spec.workflows.iter().find(|entry| entry.workflow_type == part.workflow_type);
        let forms = entry.map(|entry| entry.forms.clone()).unwrap_or_default();
        match kept(&part.workflow_type, all, forms) {
            Some(code) => return Ok(Ok(code)),
            None if part.from.is_some() => {
                let message = format!(
                    "the code of {} is gone from the ConfigMaps of {}: correct the definition",
                    part.workflow_type,
                    version.name_any()
                );
                return Ok(Err(Lack::Gone("LastGoodCodeGone".to_owned(), message)));
            }
            None => {}
        }
    }
    let inputs = inputs(context, &part.workflow);
    if inputs.digest != part.digest {
        // What it refers to has moved on since its status was written: nobody has checked that yet, and its digest names other code.
        return Ok(Err(Lack::NotYet));
    }
    let compiled = context.compiler.compile_checked_before(inputs).await;
    Ok(compiled.unit.as_ref().map(|unit| compiled_now(&part.workflow_type, unit)).ok_or(Lack::NotYet))
}

/// The endings of a workflow's files.
const SCRIPT: &str = "js";
const SOURCE_MAP: &str = "js.map";
const TYPESCRIPT: &str = "ts";
const ACTIVITIES: &str = "activities.json";

fn compiled_now(workflow_type: &str, unit: &Unit) -> Code {
    let list: Vec<_> = unit.activities.iter().map(|((queue, module), names)| (queue, module, names)).collect();
    let activities = serde_json::to_string(&list).unwrap_or_default();
    let texts = [(SCRIPT, &unit.script), (SOURCE_MAP, &unit.source_map), (TYPESCRIPT, &unit.typescript), (ACTIVITIES, &activities)];
    Code {
        script: unit.script.clone(),
        activities: unit.activities.clone(),
        forms: unit.forms.clone(),
        files: texts.into_iter().map(|(ending, text)| (format!("{workflow_type}.{ending}"), text.as_bytes().to_vec())).collect(),
    }
}

/// The code of a workflow among the files of a version; none where any of it is missing.
pub fn kept(workflow_type: &str, files: &BTreeMap<String, Vec<u8>>, forms: Vec<StateForm>) -> Option<Code> {
    let file = |ending: &str| {
        let name = format!("{workflow_type}.{ending}");
        files.get(&name).map(|content| (name, content.clone()))
    };
    let found: Vec<_> = [SCRIPT, SOURCE_MAP, TYPESCRIPT, ACTIVITIES].into_iter().map(file).collect::<Option<_>>()?;
    let text = |at: usize| found.get(at).and_then(|(_, content)| String::from_utf8(content.clone()).ok());
    let list: Vec<(Option<String>, String, BTreeSet<String>)> = serde_json::from_str(&text(3)?).ok()?;
    let activities = list.into_iter().map(|(queue, module, names)| ((queue, module), names)).collect();
    Some(Code { script: text(0)?, activities, forms, files: found })
}

/// All files of a version.
///
/// # Errors
/// The API server's.
pub async fn files(context: &Context, namespace: &str, version: &WorkerVersion) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut groups = Vec::new();
    for name in &version.spec.config_maps {
        let Some(found) = context.cluster.get::<ConfigMap>(namespace, name).await? else { continue };
        groups.push(group(found));
    }
    // Pieces of which one is missing are as good as none.
    Ok(version::files(groups).unwrap_or_default().into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_compiled() {
        let activities = Activities::from([
            ((None, "build".to_owned()), BTreeSet::from(["run".to_owned()])),
            ((Some("q".to_owned()), "x".to_owned()), BTreeSet::new()),
        ]);
        let forms = vec![StateForm { form: "f".into(), types: None }];
        let unit = Unit { script: "s".into(), source_map: "m".into(), typescript: "t".into(), activities, forms: forms.clone() };
        let code = compiled_now("A", &unit);
        let mut files: BTreeMap<_, _> = code.files.iter().cloned().collect();
        let kept_code = kept("A", &files, forms.clone()).unwrap();
        assert_eq!((&kept_code.script, &kept_code.activities, &kept_code.files), (&code.script, &code.activities, &code.files));
        files.remove("A.js.map");
        assert!(kept("A", &files, forms).is_none());
    }
}
