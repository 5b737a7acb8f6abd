//! The tasks of AMP, such as an update, while it prepares an application.

use serde::Deserialize;

use super::listing::plain;

/// A task of an instance, as AMP tells of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawTask {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    progress_percent: Option<f64>,
    #[serde(default)]
    is_indeterminate: Option<bool>,
    #[serde(default)]
    is_primary_task: Option<bool>,
    #[serde(rename = "HideFromUI", default)]
    is_hidden: Option<bool>,
    #[serde(default)]
    end_time: Option<serde_json::Value>,
}

impl RawTask {
    fn is_shown(&self) -> bool {
        let has_ended = self.end_time.as_ref().is_some_and(|time| !time.is_null());
        !has_ended && self.is_hidden != Some(true)
    }

    fn text(&self) -> Option<String> {
        let name = plain(self.name.as_deref()?);
        if name.is_empty() {
            return None;
        }
        let percent = self.progress_percent.filter(|percent| (0.0..=100.0).contains(percent));
        Some(match percent {
            Some(percent) if self.is_indeterminate != Some(true) => format!("{name}, {percent:.0} %"),
            _ => name,
        })
    }
}

/// Returns the task that matters most and how far it is; `None` if there is none, or the
/// answer is not a list of tasks.
pub(super) fn main_task(answer: &[u8]) -> Option<String> {
    let tasks: Vec<RawTask> = serde_json::from_slice(answer).ok()?;
    let shown = || tasks.iter().filter(|task| task.is_shown());
    let primary = shown().find(|task| task.is_primary_task == Some(true));
    primary.or_else(|| shown().next())?.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_task_is_told_before_others() {
        for (answer, told) in [
            (
                r#"[{"Name":"Updating","ProgressPercent":40.4}]"#,
                Some("Updating, 40 %"),
            ),
            (
                r#"[{"Name":"A","ProgressPercent":1},{"Name":"B","IsPrimaryTask":true,"ProgressPercent":100}]"#,
                Some("B, 100 %"),
            ),
            (
                r#"[{"Name":"A","HideFromUI":true},{"Name":"B","EndTime":"/Date(1)/"},{"Name":"C","EndTime":null}]"#,
                Some("C"),
            ),
            (
                r#"[{"Name":"A","IsIndeterminate":true,"ProgressPercent":0}]"#,
                Some("A"),
            ),
            (r#"[{"Name":"A","ProgressPercent":-1}]"#, Some("A")),
            (r#"[{"Name":"A","ProgressPercent":1e300}]"#, Some("A")),
            ("[{\"Name\":\"A\\u001b[2J\"}]", Some("A[2J")),
            (r#"[{"Name":""}]"#, None),
            ("[{}]", None),
            ("[]", None),
            ("null", None),
            ("", None),
            (r#"{"Title":"Unauthorized Access"}"#, None),
            (r#"[{"Name":7}]"#, None),
            (r#"[{"Name":"cut"#, None),
        ] {
            assert_eq!(main_task(answer.as_bytes()).as_deref(), told, "{answer}");
        }
    }
}
