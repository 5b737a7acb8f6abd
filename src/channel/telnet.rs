//! A client of the line-based consoles that games call telnet: Soulmask's
//! EchoPort, 7 Days to Die.
//!
//! See RFC 854 (<https://www.rfc-editor.org/rfc/rfc854>) for the little there
//! is of a protocol. Everything that is negotiated is refused. Neither the
//! greeting nor a reply has a marked end, so each ends when nothing more comes;
//! or, where a game mirrors its log and is never silent, after a while.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{Heard, Question, Reply, read, silent, write, wrong_password};
use super::gather::Gathered;
use crate::failure::Failure;

/// A greeting or a reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(500);

/// The longest wait for the silence after a greeting, or after a login.
const GREETING_BUDGET: Duration = Duration::from_millis(600);

/// The longest wait for the silence after a reply.
const REPLY_BUDGET: Duration = Duration::from_millis(900);

/// The bytes of a greeting that are looked at.
const GREETING_MAX: usize = 16 * 1024;

/// The longest line that may be a prompt, in bytes.
const PROMPT_MAX: usize = 80;

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

/// A connection past its greeting.
#[derive(Debug)]
pub(super) struct Telnet<S> {
    stream: S,
    decoder: Decoder,
    /// The command that logs in, where the server has told of one.
    login_command: Option<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Telnet<S> {
    /// Waits for the greeting, and gives the password where one is asked for.
    pub(super) async fn login(
        stream: S,
        greeting: Option<&str>,
        password: &str,
        until: Instant,
    ) -> Result<Self, Failure> {
        let login_command = (!password.is_empty()).then(|| format!("login {password}"));
        let mut new = Self {
            stream,
            decoder: Decoder::default(),
            login_command,
        };
        let said = new.greeting(greeting, until).await?;
        if asks_for_password(&said) {
            if password.is_empty() {
                return Err(Failure::failed("it asks for a password, and none is given")
                    .hint("give it as `password` of `telnet`"));
            }
            new.give(password, greeting, until).await?;
        } else if asks_for_login(&said) {
            new.log_in(until).await?;
        }
        Ok(new)
    }

    /// Reads until nothing more comes, until `greeting` has come, or until a
    /// password is asked for.
    async fn greeting(&mut self, greeting: Option<&str>, until: Instant) -> Result<String, Failure> {
        let mut said = Vec::new();
        let heard_at = match greeting {
            Some(_) => until,
            None => until.min(Instant::now() + GREETING_BUDGET),
        };
        loop {
            let text = String::from_utf8_lossy(&said).into_owned();
            if greeting.is_some_and(|greeting| text.contains(greeting)) || asks_for_password(&text) {
                return Ok(text);
            }
            let at = match greeting {
                Some(_) => until,
                None => heard_at.min(Instant::now() + QUIET),
            };
            match self.hear(at).await? {
                Heard::Part(bytes) => said.extend_from_slice(&bytes),
                Heard::Closed => return Err(Failure::failed("it closed the connection at once")),
                Heard::Nothing if greeting.is_some() => return Err(silent("its greeting did not come in time")),
                Heard::Nothing => return Ok(text),
            }
            let old = said.len().saturating_sub(GREETING_MAX);
            said.drain(..old);
        }
    }

    /// Logs in by a command, as the server has said that it wants.
    async fn log_in(&mut self, until: Instant) -> Result<(), Failure> {
        match self.login_command.take() {
            Some(command) => self.give(&command, None, until).await,
            None => {
                Err(Failure::failed("it wants a login, and no password is given")
                    .hint("give it as `password` of `telnet`"))
            }
        }
    }

    /// Gives the password, and reads what becomes of it until nothing more comes or
    /// `greeting` has come.
    async fn give(&mut self, login: &str, greeting: Option<&str>, until: Instant) -> Result<(), Failure> {
        self.login_command = None;
        self.send(login.as_bytes(), until).await?;
        let spent_at = until.min(Instant::now() + GREETING_BUDGET);
        let mut said = Vec::new();
        loop {
            let heard = self.hear(spent_at.min(Instant::now() + QUIET)).await?;
            let has_closed = matches!(heard, Heard::Closed);
            match heard {
                Heard::Part(bytes) if said.len() < GREETING_MAX => said.extend_from_slice(&bytes),
                Heard::Nothing => return Ok(()),
                Heard::Part(_) | Heard::Closed => {}
            }
            let text = String::from_utf8_lossy(&said);
            if refuses_password(&text) {
                return Err(wrong_password());
            }
            if has_closed {
                return Err(Failure::failed("it closed the connection at the login").hint("the password may be wrong"));
            }
            if greeting.is_some_and(|greeting| text.contains(greeting)) {
                return Ok(());
            }
        }
    }

    /// Sends a line and returns the text that follows it.
    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, Failure> {
        let reply = self.ask_once(question, until).await?;
        // Some tell only whoever asks for something that a login is wanted.
        let is_told = reply.text.len() <= TOLD_MAX && asks_for_login(&reply.text);
        if !is_told || self.login_command.is_none() {
            return Ok(reply);
        }
        self.log_in(until).await?;
        self.ask_once(question, until).await
    }

    async fn ask_once(&mut self, question: &Question, until: Instant) -> Result<Reply, Failure> {
        self.send(question.line.as_bytes(), until).await?;
        let mut gathered = Gathered::new(question.expect.as_deref());
        let mut spent_at = Instant::now() + REPLY_BUDGET;
        loop {
            let at = if gathered.expects_more() {
                spent_at = Instant::now() + REPLY_BUDGET;
                until
            } else {
                until.min(spent_at).min(Instant::now() + QUIET)
            };
            match self.hear(at).await? {
                Heard::Part(text) => gathered.push(&text),
                Heard::Closed => return Ok(gathered.finish(true)),
                // Not every line is answered.
                Heard::Nothing => return Ok(gathered.finish(false)),
            }
            if gathered.is_full() {
                return Ok(gathered.finish(false));
            }
        }
    }

    async fn send(&mut self, line: &[u8], until: Instant) -> Result<(), Failure> {
        write(&mut self.stream, &[line, b"\r\n"].concat(), until).await
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard<Vec<u8>>, Failure> {
        let mut buffer = [0; 4096];
        loop {
            let (text, refusals) = match read(&mut self.stream, &mut buffer, until).await {
                Heard::Part(bytes) => self.decoder.take(bytes),
                Heard::Closed => return Ok(Heard::Closed),
                Heard::Nothing => return Ok(Heard::Nothing),
            };
            if !refusals.is_empty() && write(&mut self.stream, &refusals, until).await.is_err() {
                return Ok(Heard::Closed);
            }
            if !text.is_empty() {
                return Ok(Heard::Part(text));
            }
        }
    }
}

fn asks_for_password(said: &str) -> bool {
    let is_prompt = |line: &str| line.ends_with(':') && line.to_ascii_lowercase().contains("password");
    // What a mirrored log says behind a prompt does not hide it.
    said.lines()
        .map(str::trim)
        .any(|line| line.len() <= PROMPT_MAX && is_prompt(line))
}

/// Returns true if a login by a command is wanted, as `login PASSWORD`.
fn asks_for_login(said: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "login <",
        "login [",
        "login {",
        "login password",
        "not logged in",
        "not authenticated",
        "please login",
        "please log in",
    ];
    let said = said.to_ascii_lowercase();
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Returns true if a line says that the password is wrong. Other lines may be of
/// a log, and say anything.
fn refuses_password(said: &str) -> bool {
    const ABOUT: [&str; 4] = ["password", "login", "logon", "access"];
    const REFUSALS: [&str; 6] = ["incorrect", "wrong", "invalid", "denied", "failed", "bad "];
    for line in said.lines() {
        let line = line.trim().to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if says(&["success", "logged in", "welcome"]) && !line.contains("not ") {
            return false;
        }
        if (says(&ABOUT) && says(&REFUSALS)) || asks_for_password(&line) {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "telnet_tests.rs"]
mod tests;
