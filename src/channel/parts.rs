//! A reply that comes in numbered parts: in any order, some of them twice.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NumberedParts {
    parts: Vec<Option<Vec<u8>>>,
}

impl NumberedParts {
    /// Takes a part; returns the whole once no part is missing. What contradicts the
    /// parts that are here is passed over.
    pub(super) fn take(&mut self, part: usize, parts: usize, text: &[u8]) -> Option<Vec<u8>> {
        if self.parts.is_empty() {
            self.parts = vec![None; parts];
        }
        if self.parts.len() != parts {
            return None;
        }
        self.parts.get_mut(part)?.get_or_insert_with(|| text.to_vec());
        if self.parts.iter().any(Option::is_none) {
            return None;
        }
        Some(
            std::mem::take(&mut self.parts)
                .into_iter()
                .flatten()
                .flatten()
                .collect(),
        )
    }

    /// Takes what is here of a whole of which parts are missing.
    pub(super) fn flush(&mut self) -> Option<Vec<u8>> {
        if self.parts.iter().all(Option::is_none) {
            return None;
        }
        Some(
            std::mem::take(&mut self.parts)
                .into_iter()
                .flatten()
                .flatten()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_and_repetition_make_no_difference(
            texts in proptest::collection::vec("[a-z]{0,4}", 1..12),
            order in proptest::collection::vec(0_usize..12, 0..40),
        ) {
            let mut parts = NumberedParts::default();
            let order: Vec<usize> = order.into_iter().filter(|at| *at < texts.len()).collect();
            let all = order.iter().copied().chain(0..texts.len());
            let mut whole = None;
            for at in all {
                whole = parts.take(at, texts.len(), texts[at].as_bytes());
                if whole.is_some() {
                    break;
                }
            }
            prop_assert_eq!(whole, Some(texts.concat().into_bytes()));
        }
    }

    #[test]
    fn what_contradicts_is_passed_over_and_what_is_missing_is_left_out() {
        let mut parts = NumberedParts::default();
        assert_eq!(parts.flush(), None);
        assert_eq!(parts.take(2, 3, b"c"), None);
        assert_eq!(parts.take(0, 2, b"x"), None);
        assert_eq!(parts.take(7, 3, b"x"), None);
        assert_eq!(parts.take(0, 3, b"a"), None);
        assert_eq!(parts.take(0, 3, b"other"), None);
        assert_eq!(parts.flush(), Some(b"ac".to_vec()));
        assert_eq!(parts.flush(), None);
        assert_eq!(parts.take(0, 0, b""), None);
    }
}
