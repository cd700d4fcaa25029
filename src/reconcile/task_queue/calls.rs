//! Which versions of activities on other queues a version calls: those that there are, and those that have to be made with it.

use super::carry_out::object_name;
use super::code::Lack;
use super::observe::Scene;
use crate::compile::Activities;
use crate::plan::objects::version_name;
use crate::reconcile::activities;
use crate::reconcile::own_queue::{self, Callee};
use crate::reconcile::{Context, Stores};
use kube::ResourceExt;

/// What a version calls on other queues.
#[derive(Default)]
pub struct Calls {
    /// The names of the versions.
    pub names: Vec<String>,
    /// Those of them that are not there.
    pub callees: Vec<Callee>,
}

impl Calls {
    /// Adds what a workflow's code calls. Queues that are not named by a content are served by others, whenever they want.
    pub async fn add(&mut self, scene: &Scene, context: &Context, activities: &Activities) -> Result<(), Lack> {
        for (queue, module) in activities.keys() {
            let Some(queue) = queue.as_ref().filter(|queue| **queue != scene.name) else { continue };
            self.add_queue(scene, context, queue, module).await?;
        }
        self.names.sort();
        self.names.dedup();
        Ok(())
    }

    async fn add_queue(&mut self, scene: &Scene, context: &Context, queue: &str, module: &str) -> Result<(), Lack> {
        if self.callees.iter().any(|callee| callee.spec.content_queue.as_deref() == Some(queue)) {
            return Ok(());
        }
        if let Some(version) = own_queue::version_of(context, &scene.namespace, queue).filter(|version| super::content::is_stored(version))
        {
            self.names.push(version.name_any());
            return Ok(());
        }
        let module = Stores::find(&context.stores.modules, &scene.namespace, module);
        let Some(base) = module.and_then(|module| module.spec.task_queue.clone()).filter(|base| base != queue) else { return Ok(()) };
        let lacking = |lack| match lack {
            activities::Lack::NotYet => Lack::NotYet,
            activities::Lack::Never(reason, message) => Lack::Gone(reason, message),
        };
        let refused = |(reason, message)| Lack::Gone(reason, message);
        match own_queue::find(context, &scene.namespace, &base).map_err(lacking)? {
            Some(own) if own.name() == queue => {
                let object = context.queue(&scene.namespace, &base).map_or_else(|| object_name(&base), |object| object.name_any());
                let callee = own_queue::callee(context, &scene.namespace, own, &object).await.map_err(refused)?;
                self.names.push(version_name(&object, &callee.spec.build_id));
                self.callees.push(callee);
                Ok(())
            }
            // The modules have moved on: the workflow is being compiled against them.
            _ => Err(Lack::NotYet),
        }
    }
}
