//! Selectors of labels, as they are written and as objects have them.

use std::collections::BTreeMap;

use serde_json::Value;

/// The requirements that labels must meet, all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl LabelSelector {
    /// Reads one as kubectl takes it: `app=lobby,tier!=db,map in (a, b),!old`; `None` if it
    /// is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut requirements = Vec::new();
        for part in parts(text) {
            requirements.push(requirement(part.trim())?);
        }
        (!requirements.is_empty()).then_some(Self { requirements })
    }

    /// Returns the selector of an object; `None` if it has none.
    pub(super) fn of_object(spec: &Value) -> Option<Self> {
        let selector = spec.get("selector")?;
        let mut requirements = Vec::new();
        for (key, value) in selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            requirements.push(Requirement::In(key.clone(), vec![value.as_str()?.to_owned()]));
        }
        for one in selector
            .get("matchExpressions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let key = one.get("key")?.as_str()?.to_owned();
            let values = one.get("values").and_then(Value::as_array).into_iter().flatten();
            let values = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
            requirements.push(match one.get("operator")?.as_str()? {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Missing(key),
                _ => return None,
            });
        }
        (!requirements.is_empty()).then_some(Self { requirements })
    }

    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let is_one_of = |key: &String, values: &[String]| labels.get(key).is_some_and(|own| values.contains(own));
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => is_one_of(key, values),
            Requirement::NotIn(key, values) => !is_one_of(key, values),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Missing(key) => !labels.contains_key(key),
        })
    }
}

/// Returns the parts between the commas that stand outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    text.split(move |c: char| {
        is_inside = c == '(' || is_inside && c != ')';
        c == ',' && !is_inside
    })
    .collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let key = |word: &str| {
        let word = word.trim();
        let is_key = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        (!word.is_empty() && word.chars().all(is_key)).then(|| word.to_owned())
    };
    if let Some((head, list)) = part.split_once('(') {
        let values = list
            .strip_suffix(')')?
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        let mut words = head.split_whitespace();
        let name = key(words.next()?)?;
        return match (words.next()?, words.next()) {
            ("in", None) => Some(Requirement::In(name, values)),
            ("notin", None) => Some(Requirement::NotIn(name, values)),
            _ => None,
        };
    }
    if let Some((name, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, value)) = part.split_once('=') {
        let value = value.trim_start_matches('=').trim();
        return Some(Requirement::In(key(name)?, vec![value.to_owned()]));
    }
    match part.strip_prefix('!') {
        Some(name) => Some(Requirement::Missing(key(name)?)),
        None => Some(Requirement::Exists(key(part)?)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_selected_as_kubectl_does() {
        let labels: BTreeMap<String, String> = [("app", "lobby"), ("map", "b")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        for (text, wanted) in [
            ("app=lobby", Some(true)),
            ("app==lobby, map = b", Some(true)),
            ("app=other", Some(false)),
            ("app!=other", Some(true)),
            ("tier!=db", Some(true)),
            ("map in (a, b),app", Some(true)),
            ("map in (a)", Some(false)),
            ("map notin (a,c)", Some(true)),
            ("!app", Some(false)),
            ("!tier", Some(true)),
            ("app in lobby", None),
            ("map in (a", None),
            ("=x", None),
            ("a b", None),
            (",", None),
        ] {
            assert_eq!(
                LabelSelector::read(text).map(|one| one.matches(&labels)),
                wanted,
                "{text}"
            );
        }
        let spec = json!({ "selector": { "matchLabels": { "app": "lobby" }, "matchExpressions": [
            { "key": "map", "operator": "NotIn", "values": ["a"] }, { "key": "tier", "operator": "DoesNotExist" } ] } });
        assert!(LabelSelector::of_object(&spec).unwrap().matches(&labels));
        assert_eq!(
            LabelSelector::of_object(&json!({ "selector": {} })),
            None,
            "it would select everything"
        );
    }
}
