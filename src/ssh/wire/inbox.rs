//! The reading of the asking end: first anything, then the magic line, the greeting, and
//! answers.

use super::OUTPUT_MAX;
use super::answer::{Say, ServeAnswer};
use super::greeting::{Greeting, MAGIC};
use super::lines::{Garbled, Lines};

/// The most bytes that may come before the magic line.
const BEFORE_MAX: usize = 256 * 1024;

/// A message that has come whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ServeMessage {
    Greeting(Greeting),
    /// An answer, with the output that it announces.
    Answer(ServeAnswer, Vec<u8>),
}

/// The bytes that have come, and how far they were understood.
#[derive(Debug, Default)]
pub struct Inbox {
    lines: Lines,
    place: Place,
}

#[derive(Debug, Default)]
enum Place {
    /// Before the magic line, where nothing counts.
    #[default]
    Before,
    Magic,
    Greeted,
    /// After the line that announces output.
    Output(ServeAnswer, usize),
}

impl Inbox {
    /// Adds bytes that have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// Returns true once the other end has shown that it is a gamectl.
    pub fn is_served(&self) -> bool {
        !matches!(self.place, Place::Before)
    }

    /// Takes the next message; `None` when there is no whole one yet.
    ///
    /// # Errors
    /// When it is none; nothing after it can be understood.
    pub fn take(&mut self) -> Result<Option<ServeMessage>, Garbled> {
        loop {
            if let Place::Output(answer, count) = &self.place {
                let Some(bytes) = self.lines.bytes(*count) else {
                    return Ok(None);
                };
                let answer = answer.clone();
                self.place = Place::Greeted;
                return Ok(Some(ServeMessage::Answer(answer, bytes)));
            }
            let Some(line) = self.lines.line()? else {
                return match self.is_served() || self.lines.waiting() <= BEFORE_MAX {
                    true => Ok(None),
                    false => Err(Garbled(
                        "something there prints without an end before gamectl begins".into(),
                    )),
                };
            };
            match self.place {
                Place::Before if line.trim_ascii() == MAGIC.as_bytes() => self.place = Place::Magic,
                Place::Before => {}
                Place::Magic => {
                    let greeting = serde_json::from_slice(&line).map_err(|error| not_understood(&error))?;
                    self.place = Place::Greeted;
                    return Ok(Some(ServeMessage::Greeting(greeting)));
                }
                Place::Greeted | Place::Output(..) => {
                    if let Some(answer) = answer(&line)? {
                        match answer.say {
                            Say::Output { bytes } if bytes > OUTPUT_MAX => {
                                return Err(Garbled(format!("it announces {bytes} bytes of output at once")));
                            }
                            Say::Output { bytes } => self.place = Place::Output(answer, bytes),
                            _ => return Ok(Some(ServeMessage::Answer(answer, Vec::new()))),
                        }
                    }
                }
            }
        }
    }
}

/// Reads an answer; `None` for one that a newer gamectl gives and this one does not know.
fn answer(line: &[u8]) -> Result<Option<ServeAnswer>, Garbled> {
    match serde_json::from_slice(line) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match serde_json::from_slice::<serde_json::Value>(line) {
            Ok(value) if value["id"].is_u64() && value["say"].is_object() => Ok(None),
            _ => Err(not_understood(&error)),
        },
    }
}

fn not_understood(error: &serde_json::Error) -> Garbled {
    Garbled(format!("what it says is not understood ({error})"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line;
    use super::*;

    fn all(inbox: &mut Inbox, bytes: &[u8], size: usize) -> Result<Vec<ServeMessage>, Garbled> {
        let mut seen = Vec::new();
        for piece in bytes.chunks(size.max(1)) {
            inbox.push(piece);
            while let Some(message) = inbox.take()? {
                seen.push(message);
            }
        }
        Ok(seen)
    }

    fn served() -> Vec<u8> {
        [format!("{MAGIC}\n").as_bytes(), &line(&Greeting::asking())].concat()
    }

    #[test]
    fn what_a_shell_prints_first_does_no_harm() {
        let noise = b"Welcome!\n{\"id\":1,\"say\":{\"end\":{}}}\n\xff\xfe\n\n";
        let bytes = [noise.as_slice(), &served()].concat();
        let seen = all(&mut Inbox::default(), &bytes, 3).unwrap();
        assert_eq!(seen, [ServeMessage::Greeting(Greeting::asking())]);
        let endless = vec![b'x'; BEFORE_MAX + 1];
        assert!(all(&mut Inbox::default(), &endless, 4096).is_err());
    }

    #[test]
    fn hostile_answers_are_refused() {
        for bad in [
            "nonsense\n",
            "{}\n",
            "[1]\n",
            "{\"id\":-1,\"say\":{\"beat\":{}}}\n",
            "{\"id\":1,\"say\":{\"output\":{\"bytes\":99999999}}}\n",
            "{\"id\":1}\n",
        ] {
            let bytes = [served(), bad.into()].concat();
            assert!(all(&mut Inbox::default(), &bytes, 7).is_err(), "{bad}");
        }
        let newer = [served(), b"{\"id\":1,\"say\":{\"sang\":{}}}\n".to_vec()].concat();
        assert_eq!(all(&mut Inbox::default(), &newer, 9).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn output_comes_as_it_was(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5),
            size in 1_usize..90,
        ) {
            let mut bytes = served();
            for piece in &pieces {
                bytes.extend(line(&ServeAnswer { id: 3, say: Say::Output { bytes: piece.len() } }));
                bytes.extend(piece);
            }
            let seen = all(&mut Inbox::default(), &bytes, size).unwrap();
            let outputs: Vec<Vec<u8>> = seen
                .into_iter()
                .filter_map(|message| match message {
                    ServeMessage::Answer(_, bytes) => Some(bytes),
                    ServeMessage::Greeting(_) => None,
                })
                .collect();
            prop_assert_eq!(outputs, pieces);
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(&mut Inbox::default(), &bytes, 5);
            let _ = all(&mut Inbox::default(), &[served(), bytes].concat(), 5);
        }
    }
}
