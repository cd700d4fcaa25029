//! The places of the state that a Workflow names as not to be shown: each must be one, as far as the state's type tells.

use super::Lower;
use crate::compile::expr::Shape;
use crate::compile::inside::segments;
use crate::definition::Text;
use crate::diagnostic::{Code, Diagnostic};

impl Lower<'_> {
    /// Reports redactions that would hide nothing.
    pub(super) fn check_redactions(&self) {
        for path in &self.workflow.redact {
            match &self.env.state {
                Some(state) => self.check_redaction(path, state),
                None => self.report.push(
                    Diagnostic::error(Code::TARGET, &path.path, "the workflow has no state, so there is nothing to redact")
                        .suggest("remove `redact`, or keep in a `state-variable` what is not to be shown"),
                ),
            }
        }
    }

    fn check_redaction(&self, path: &Text, state: &Shape) {
        let mut shape = state.clone();
        let mut before = "the state".to_owned();
        let mut offset = 0;
        for name in segments(&path.text) {
            let start = offset + path.text.get(offset..).and_then(|rest| rest.find(name)).unwrap_or(0);
            offset = start + name.len();
            let wrong = |message: String| {
                Diagnostic::error(Code::TARGET, &path.path, message).excerpt(&path.text, start..(start + name.len()).min(path.text.len()))
            };
            if name.is_empty() {
                self.report
                    .push(wrong("a name is missing in the path".into()).suggest("write names with dots between, as in `login.token`"));
                return;
            }
            let (element, fields) = (self.shapes.element(&shape), self.shapes.fields(&shape));
            let resolved = self.shapes.resolve(&shape);
            shape = match (name, &resolved, element, fields) {
                (_, Shape::Unknown, ..) => return,
                (_, Shape::Map(_, value), ..) => (**value).clone(),
                ("*", _, Some(element), _) => element,
                // The values of an object: of each field something else is known.
                ("*", _, _, Some(_)) => return,
                (_, _, Some(_), _) => {
                    self.report.push(wrong(format!("{before} is a list")).suggest("write `*` for each of its elements"));
                    return;
                }
                (name, _, _, Some(fields)) => match fields.iter().find(|field| field.name == name) {
                    Some(field) => field.shape.clone(),
                    None => {
                        let known = fields.iter().map(|field| field.name.as_str());
                        let all =
                            || format!("{before} has {}", fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "));
                        self.report.push(wrong(format!("{before} has no field `{name}`")).suggest_near_or(name, known, all));
                        return;
                    }
                },
                (_, Shape::Union(_) | Shape::Named(..) | Shape::Promise(_), ..) => return,
                _ => {
                    self.report.push(wrong(format!("{before} has no fields")).suggest("redact it as a whole"));
                    return;
                }
            };
            before = format!("`{}`", &path.text[..offset]);
        }
    }
}
