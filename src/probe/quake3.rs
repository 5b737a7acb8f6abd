//! `getinfo`, as Quake III Arena and the games made from its engine answer it, and
//! DarkPlaces too. See <https://github.com/ioquake/ioq3>, `SVC_Info`.

use super::datagram::Datagram;
use crate::supervisor::Players;

pub(super) const QUESTION: &[u8] = b"\xff\xff\xff\xffgetinfo gamectl";

const ANSWER: &[u8] = b"\xff\xff\xff\xffinfoResponse";

pub(super) fn understood(bytes: &[u8]) -> Datagram {
    match bytes.strip_prefix(ANSWER) {
        Some(info) => Datagram::Answer(players(info)),
        None => Datagram::Nonsense,
    }
}

/// Reads the counts of an info string, `\key\value\key\value`. People are told apart from
/// bots by `g_humanplayers`, or by `bots`.
fn players(info: &[u8]) -> Option<Players> {
    let text = String::from_utf8_lossy(info);
    let words: Vec<&str> = text.trim().strip_prefix('\\')?.split('\\').collect();
    let value = |name: &str| {
        let mut pairs = words.chunks_exact(2);
        pairs.find_map(|pair| match pair {
            [key, value] if key.eq_ignore_ascii_case(name) => value.trim().parse::<u32>().ok(),
            _ => None,
        })
    };
    let people = value("clients").map(|all| all.saturating_sub(value("bots").unwrap_or(0)));
    Some(Players {
        online: value("g_humanplayers").or(people)?,
        max: value("sv_maxclients"),
    })
}

/// Checks that what is counted was said.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Datagram::Answer(Some(_)) = understood(bytes) {
        assert!(bytes.starts_with(ANSWER) && bytes.contains(&b'\\'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_answers() {
        let counted = |online, max| Datagram::Answer(Some(Players { online, max }));
        for (info, wanted) in [
            (r"\clients\3\sv_maxclients\20\mapname\q3dm1", counted(3, Some(20))),
            (
                "\n\\game\\baseoa\\clients\\5\\g_humanplayers\\2\\sv_maxclients\\8",
                counted(2, Some(8)),
            ),
            (r"\bots\4\clients\4\sv_maxclients\8", counted(0, Some(8))),
            (r"\clients\1\bots\4", counted(1_u32.saturating_sub(4), None)),
            (r"\clients\3\sv_maxclients", counted(3, None)),
            (r"\clients\", Datagram::Answer(None)),
            (r"\clients\-1", Datagram::Answer(None)),
            (r"\hostname\clients\3", Datagram::Answer(None)),
            ("", Datagram::Answer(None)),
        ] {
            let bytes = [ANSWER, info.as_bytes()].concat();
            assert_eq!(understood(&bytes), wanted, "{info}");
        }
        for bytes in [
            &b""[..],
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\xffinfoRespons",
            b"\xff\xff\xff\xffprint\nno",
            b"\\clients\\3",
        ] {
            assert_eq!(understood(bytes), Datagram::Nonsense, "{bytes:?}");
        }
    }
}
