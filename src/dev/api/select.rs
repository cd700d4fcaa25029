//! Label and field selectors, as queries write them.
//! Pure.

use serde_json::Value;

/// What objects are chosen by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Selector {
    /// Reads both; none where one of them can't be read.
    pub fn read(labels: &str, fields: &str) -> Option<Self> {
        Some(Self { labels: requirements(labels)?, fields: requirements(fields)? })
    }

    /// Whether it chooses an object.
    pub fn chooses(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let field = |path: &str| path.split('.').try_fold(object, |value, key| value.get(key)).and_then(Value::as_str);
        self.labels.iter().all(|requirement| requirement.holds(labels.get(&requirement.key).and_then(Value::as_str)))
            // A field that is not there is as good as an empty one.
            && self.fields.iter().all(|requirement| requirement.holds(Some(field(&requirement.key).unwrap_or_default())))
    }
}

impl Requirement {
    fn holds(&self, found: Option<&str>) -> bool {
        let is_one_of = |values: &[String]| found.is_some_and(|found| values.iter().any(|value| value == found));
        match &self.test {
            Test::In(values) => is_one_of(values),
            Test::NotIn(values) => !is_one_of(values),
            Test::Exists => found.is_some(),
            Test::Absent => found.is_none(),
        }
    }
}

fn requirements(text: &str) -> Option<Vec<Requirement>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        });
        let (one, more) = end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]));
        found.push(requirement(one.trim())?);
        rest = more.trim();
    }
    Some(found)
}

fn requirement(text: &str) -> Option<Requirement> {
    let one =
        |key: &str, test: Test| Some(Requirement { key: key.trim().to_owned(), test }).filter(|requirement| !requirement.key.is_empty());
    let list = |text: &str| {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>())
    };
    if let Some((key, values)) = text.split_once(" notin ") {
        return one(key, Test::NotIn(list(values)?));
    }
    if let Some((key, values)) = text.split_once(" in ") {
        return one(key, Test::In(list(values)?));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return one(key, Test::NotIn(vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = text.split_once('=') {
        return one(key, Test::In(vec![value.trim_start_matches('=').trim().to_owned()]));
    }
    match text.strip_prefix('!') {
        Some(key) => one(key, Test::Absent),
        None => one(text, Test::Exists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_choose_as_kubernetes_does() {
        let object = json!({"metadata": {"name": "n", "labels": {"a": "1", "b": "2"}}});
        let cases = [
            ("", "", true),
            ("a=1", "", true),
            ("a==1,b=2", "", true),
            ("a=2", "", false),
            ("a!=2,c!=1", "", true),
            ("a in (1,3), b notin (3)", "", true),
            ("a", "", true),
            ("!a", "", false),
            ("!c", "", true),
            ("", "metadata.name=n", true),
            ("", "metadata.name!=n", false),
            ("a=1", "metadata.name=other", false),
        ];
        for (labels, fields, expected) in cases {
            assert_eq!(Selector::read(labels, fields).unwrap().chooses(&object), expected, "{labels} {fields}");
        }
        assert_eq!(Selector::read("a in 1", ""), None);
    }
}
