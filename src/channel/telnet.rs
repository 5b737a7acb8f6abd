//! A client of the line-based consoles that games call telnet: Soulmask's
//! EchoPort, 7 Days to Die.
//!
//! See RFC 854 (<https://www.rfc-editor.org/rfc/rfc854>) for the little there
//! is of a protocol. Everything that is negotiated is refused. Neither the
//! greeting nor a reply has a marked end, so each ends when nothing more comes;
//! or, where a game mirrors its log and is never silent, after a while.
//!
//! A password that is given is always sent before the line: at the prompt for it, in the
//! command that the server names, or after a short silence. So a prompt that comes late
//! does not take the line for a password, and the line is sent once.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{AskError, Heard, Question, Reply, read, silent, write, wrong_password};
use super::gather::Gathered;
use super::telnet_login::{asks_for_login, asks_for_user, is_asked, prompts, refuses};
use crate::failure::Failure;
use crate::text;

/// A reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(500);

/// The longest wait for the end of a greeting, or of the answer to a login.
const GREETING_BUDGET: Duration = Duration::from_millis(400);

/// The longest wait for a reply and its end.
const REPLY_BUDGET: Duration = Duration::from_millis(800);

/// The bytes of a greeting that are looked at.
const GREETING_MAX: usize = 16 * 1024;

/// The longest reply that may tell of a login instead of being one, in bytes: a
/// list of commands may have one to log in by.
const TOLD_MAX: usize = 300;

/// Means nothing, wherever it stands.
const NUL: u8 = 0;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SUBNEGOTIATION: u8 = 250;
const END: u8 = 240;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Text,
    Command,
    Option(u8),
    Inside,
    InsideCommand,
}

/// Takes the text out of a telnet stream, and says what to answer to the rest.
#[derive(Debug, Default)]
struct Decoder {
    at: At,
}

impl Decoder {
    /// Returns the text in these bytes, and the refusals that they call for.
    fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut text, mut refusals) = (Vec::new(), Vec::new());
        for &byte in bytes {
            self.at = match (self.at, byte) {
                (At::Text, IAC) => At::Command,
                (At::Text, NUL) => At::Text,
                (At::Text, byte) => {
                    text.push(byte);
                    At::Text
                }
                (At::Command, IAC) => {
                    text.push(IAC);
                    At::Text
                }
                (At::Command, WILL | WONT | DO | DONT) => At::Option(byte),
                (At::Command, SUBNEGOTIATION) | (At::InsideCommand, IAC) => At::Inside,
                (At::Command, _) | (At::InsideCommand, END) => At::Text,
                (At::Option(command), option) => {
                    match command {
                        WILL => refusals.extend_from_slice(&[IAC, DONT, option]),
                        DO => refusals.extend_from_slice(&[IAC, WONT, option]),
                        _ => {}
                    }
                    At::Text
                }
                (At::Inside, IAC) => At::InsideCommand,
                (At::Inside | At::InsideCommand, _) => At::Inside,
            };
        }
        (text, refusals)
    }
}

/// The way in which a password was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    NotAtAll,
    /// At a prompt, or as a command.
    Asked,
    /// After a silence: nothing had asked for it.
    Unasked,
}

/// A connection past its greeting and its login.
#[derive(Debug)]
pub(super) struct Telnet<S> {
    stream: S,
    decoder: Decoder,
    given: Given,
    /// True once it has said anything.
    has_spoken: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Telnet<S> {
    /// Waits for the greeting, and gives the password, if there is one.
    pub(super) async fn login(
        stream: S,
        greeting: Option<&str>,
        password: &str,
        until: Instant,
    ) -> Result<Self, Failure> {
        let mut new = Self {
            stream,
            decoder: Decoder::default(),
            given: Given::NotAtAll,
            has_spoken: false,
        };
        let mut said = new.greeting(Vec::new(), greeting, until).await?;
        if !password.is_empty() && greeting.is_some() && !is_asked(&shown(&said)) {
            said = new.greeting(said, None, until).await?;
        }
        let said = shown(&said);
        if asks_for_user(&said) {
            return Err(Failure::failed("it asks for a user, and only a password can be given")
                .hint("have the game ask for a password alone, or use another channel"));
        }
        if password.is_empty() {
            return match is_asked(&said) || asks_for_login(&said) {
                true => Err(Failure::failed("it asks for a password, and none is given")
                    .hint("give it as `password` of `telnet`")),
                false => Ok(new),
            };
        }
        let command = format!("login {password}");
        if !is_asked(&said) && asks_for_login(&said) {
            new.give(&command, Given::Asked, None, until).await?;
            return Ok(new);
        }
        let given = if is_asked(&said) { Given::Asked } else { Given::Unasked };
        let answer = new.give(password, given, greeting, until).await?;
        if asks_for_login(&answer) {
            new.give(&command, Given::Asked, None, until).await?;
        }
        Ok(new)
    }

    /// Reads until nothing more comes, until `greeting` has come, or until a
    /// password is asked for. Returns that behind what had come before.
    async fn greeting(
        &mut self,
        mut said: Vec<u8>,
        greeting: Option<&str>,
        until: Instant,
    ) -> Result<Vec<u8>, Failure> {
        let over_at = match greeting {
            Some(_) => until,
            None => until.min(Instant::now() + GREETING_BUDGET),
        };
        loop {
            let text = shown(&said);
            if greeting.is_some_and(|greeting| text.contains(greeting)) || is_asked(&text) {
                return Ok(said);
            }
            match self.hear(over_at).await {
                Heard::Part(bytes) => said.extend_from_slice(&bytes),
                Heard::Closed => return Err(Failure::failed("it closed the connection at once")),
                Heard::Nothing if greeting.is_some() => return Err(silent("its greeting did not come in time")),
                Heard::Nothing => return Ok(said),
            }
            let old = said.len().saturating_sub(GREETING_MAX);
            said.drain(..old);
        }
    }

    /// Gives the password, and reads what becomes of it until nothing more comes or
    /// `greeting` has come. Returns what was said.
    async fn give(
        &mut self,
        login: &str,
        given: Given,
        greeting: Option<&str>,
        until: Instant,
    ) -> Result<String, Failure> {
        self.given = given;
        self.send(login.as_bytes(), until).await?;
        let over_at = until.min(Instant::now() + GREETING_BUDGET);
        let mut said = Vec::new();
        loop {
            let heard = self.hear(over_at).await;
            let (is_over, has_closed) = (matches!(heard, Heard::Nothing), matches!(heard, Heard::Closed));
            if let Heard::Part(bytes) = heard
                && said.len() < GREETING_MAX
            {
                said.extend_from_slice(&bytes);
            }
            let text = shown(&said);
            // The prompt may have been late, and not for a second time.
            let expected = usize::from(given == Given::Unasked);
            if refuses(&text) || ((is_over || has_closed) && prompts(&text) > expected) {
                return Err(wrong_password());
            }
            if has_closed {
                return Err(Failure::failed("it closed the connection at the login").hint("the password may be wrong"));
            }
            if is_over || greeting.is_some_and(|greeting| text.contains(greeting)) {
                return Ok(text);
            }
        }
    }

    /// Sends a line and returns the text that follows it.
    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        self.send(question.line.as_bytes(), until).await?;
        let reply = self.reply(question, until).await;
        let text = shown(reply.text.as_bytes());
        if !reply.closed && self.awaits_login(reply.text.as_bytes()) {
            let message = "it has answered neither the password nor the line in time";
            return Err(AskError::Unclear(silent(message)));
        }
        if text.len() > TOLD_MAX || self.given == Given::NotAtAll {
            return Ok(reply);
        }
        if asks_for_login(&text) {
            return Err(AskError::Refused(wrong_password()));
        }
        // The line may have been taken for the password.
        if self.given == Given::Unasked && refuses(&text) {
            return Err(AskError::Unclear(wrong_password()));
        }
        Ok(reply)
    }

    async fn reply(&mut self, question: &Question, until: Instant) -> Reply {
        let mut gathered = Gathered::new(question.expect.as_deref());
        let mut spent_at = Instant::now() + REPLY_BUDGET;
        loop {
            let at = if gathered.expects_more() || self.awaits_login(gathered.bytes()) {
                spent_at = Instant::now() + REPLY_BUDGET;
                until
            } else if gathered.any() {
                until.min(spent_at).min(Instant::now() + QUIET)
            } else {
                until.min(spent_at)
            };
            match self.hear(at).await {
                Heard::Part(text) => gathered.push(&text),
                Heard::Closed => return gathered.finish(true),
                // Not every line is answered.
                Heard::Nothing => return gathered.finish(false),
            }
            if gathered.is_full() {
                return gathered.finish(false);
            }
        }
    }

    /// Returns true while a password that nothing asked for was not answered, with this
    /// said since the line was sent. Its prompt may come late, from a server that is busy.
    fn awaits_login(&self, said: &[u8]) -> bool {
        let is_prompt_alone = || {
            let said = shown(said);
            is_asked(&said) && !refuses(&said) && said.trim().lines().count() == 1
        };
        self.given == Given::Unasked && (!self.has_spoken || (said.len() <= TOLD_MAX && is_prompt_alone()))
    }

    async fn send(&mut self, line: &[u8], until: Instant) -> Result<(), Failure> {
        write(&mut self.stream, &[line, b"\r\n"].concat(), until).await
    }

    async fn hear(&mut self, until: Instant) -> Heard<Vec<u8>> {
        let mut buffer = [0; 4096];
        loop {
            let (text, refusals) = match read(&mut self.stream, &mut buffer, until).await {
                Heard::Part(bytes) => {
                    self.has_spoken = true;
                    self.decoder.take(bytes)
                }
                Heard::Closed => return Heard::Closed,
                Heard::Nothing => return Heard::Nothing,
            };
            if !refusals.is_empty() && write(&mut self.stream, &refusals, until).await.is_err() {
                return Heard::Closed;
            }
            if !text.is_empty() {
                return Heard::Part(text);
            }
        }
    }
}

/// Returns a text without colours and the like, which may stand within a prompt.
fn shown(bytes: &[u8]) -> String {
    text::clean_bytes(bytes)
}

#[cfg(test)]
#[path = "telnet_tests.rs"]
mod tests;
