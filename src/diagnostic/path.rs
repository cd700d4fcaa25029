//! Where in a document something stands: a JSON path that is cheap to extend and to share.
//! Depends on nothing; knows nothing of what the document means.

use std::fmt;
use std::sync::Arc;

/// A path into a JSON document, such as `spec.definition.nodes[7].data.config.expression`.
///
/// Extending a path shares its head, so keeping one for every value costs one small allocation.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct JsonPath(Option<Arc<Step>>);

#[derive(PartialEq, Eq, Hash)]
struct Step {
    parent: JsonPath,
    segment: Segment,
}

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// The value of a key in an object.
    Key(Arc<str>),
    /// An element of an array, from 0.
    Index(usize),
}

impl JsonPath {
    /// The path of the document itself.
    #[must_use]
    pub fn root() -> Self {
        Self(None)
    }

    /// The path of the value of `key` in the object at `self`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Segment::Key(key.into()))
    }

    /// The path of element `index` of the array at `self`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Segment::Index(index))
    }

    fn step(&self, segment: Segment) -> Self {
        Self(Some(Arc::new(Step { parent: self.clone(), segment })))
    }

    /// The path of the object or array that holds the value at `self`; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<&Self> {
        self.0.as_deref().map(|step| &step.parent)
    }

    /// The steps from the root to the value.
    #[must_use]
    pub fn segments(&self) -> Vec<&Segment> {
        let mut segments = Vec::new();
        let mut at = self;
        while let Some(step) = at.0.as_deref() {
            segments.push(&step.segment);
            at = &step.parent;
        }
        segments.reverse();
        segments
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments().into_iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_plain(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonPath({self})")
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_kubectl_explain() {
        let path = JsonPath::root().key("spec").key("nodes").index(7).key("a b");
        assert_eq!(path.to_string(), r#"spec.nodes[7]["a b"]"#);
        assert_eq!(path.parent().map(ToString::to_string), Some("spec.nodes[7]".to_owned()));
    }
}
