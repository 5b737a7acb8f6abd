//! The word that somebody probably meant.

/// The candidate that is most like `word`, if any is like it at all.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LIKE: f64 = 0.78;
    let lower = word.to_lowercase();
    let likeness = |candidate: &str| {
        let edits = strsim::normalized_damerau_levenshtein(&lower, candidate);
        strsim::jaro_winkler(&lower, candidate).max(edits)
    };
    candidates
        .into_iter()
        .map(|candidate| (likeness(&candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard() {
        let words = ["executable", "args", "cwd", "env", "env_file", "user", "tty", "log"];
        for (word, wanted) in [
            ("executible", Some("executable")),
            ("exectuable", Some("executable")),
            ("arg", Some("args")),
            ("Env", Some("env")),
            ("envfile", Some("env_file")),
            ("usr", Some("user")),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), wanted, "{word}");
        }
    }
}
