//! The word that was probably meant.

/// Returns the candidate closest to `word`, if any is close enough to be what was
/// meant. Case does not count.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Comparing takes time by the product of the lengths.
    const LONGEST: usize = 64;
    let word = word.to_lowercase();
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let length = word.chars().count();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > LONGEST {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
        // About one slip in three letters; of a very short word one.
        let allowed = (length.max(candidate.chars().count()) / 3).max(1);
        let better = best.is_none_or(|(least, _)| distance < least);
        if distance <= allowed && distance < length && better {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_guesses_are_not_made() {
        let keys = ["executable", "args", "cwd", "env", "env_file"];
        for (word, expected) in [
            ("exectuable", Some("executable")),
            ("Args", Some("args")),
            ("arg", Some("args")),
            ("envfile", Some("env_file")),
            ("evn", Some("env")),
            ("zzz", None),
            ("", None),
            ("xy", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
        assert_eq!(
            nearest("rust-mian", ["dune", "rust-main", "rust-main2"]),
            Some("rust-main")
        );
    }
}
