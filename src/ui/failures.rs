//! The failures of a verb, one after another.

use super::paint::Look;
use super::result;
use crate::event::VerbResult;

/// Renders failures, and leaves out a hint that has just been given: where a host does not
/// answer, all its instances fail with the same one.
#[derive(Default)]
pub(super) struct Failures {
    last_hint: Option<String>,
}

impl Failures {
    /// Returns the lines of a result that failed, and an empty text for one that did not.
    pub(super) fn render(&mut self, result: &VerbResult, look: Look) -> String {
        let Some(failure) = &result.error else {
            return String::new();
        };
        let mut out = result::failed(&result.id, failure, look);
        if let Some(hint) = &failure.hint
            && self.last_hint.as_ref() != Some(hint)
        {
            out.push_str(&result::hint(hint, look));
        }
        self.last_hint.clone_from(&failure.hint);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    const PLAIN: Look = Look {
        color: false,
        symbols: false,
        columns: None,
    };

    fn failed(id: &str, message: &str, hint: &str) -> VerbResult {
        VerbResult::failed(id, Failure::failed(message).hint(hint))
    }

    #[test]
    fn a_hint_is_given_once_for_those_that_fail_alike_in_a_row() {
        let mut failures = Failures::default();
        let results = [
            failed("a", "box: it is away", "switch it on"),
            failed("b", "box: it is away", "switch it on"),
            failed("c", "the disk is full", "make room"),
            failed("d", "box: it is away", "switch it on"),
        ];
        let shown: String = results.iter().map(|one| failures.render(one, PLAIN)).collect();
        let expected = "error: a: box: it is away\nhint: switch it on\nerror: b: box: it is away\n\
             error: c: the disk is full\nhint: make room\nerror: d: box: it is away\nhint: switch it on\n";
        assert_eq!(shown, expected);
    }
}
