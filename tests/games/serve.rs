//! The life of a server: boot behind a gate, obey console and signals, save.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

use nix::sys::signal::Signal;

use crate::beacon::{Beacon, note};
use crate::dump::Given;
use crate::life::{Life, Woken, say};
use crate::options::Options;
use crate::words::{Next, obey};
use crate::{LIFETIME_OVER, NOT_ALONE, WRONG};

/// The ways in which a server differs from a well-behaved one.
#[derive(Default)]
pub(crate) struct Manners {
    /// Never reads its standard input.
    pub(crate) no_read: bool,
    /// Ignores TERM, INT and HUP.
    pub(crate) deaf: bool,
    /// Accepts TCP on this port after the gate.
    pub(crate) port: Option<u16>,
}

/// Boots and serves until it is told to end.
pub(crate) fn serve(options: &Options, given: &Given, manners: &Manners) -> Result<ExitCode, String> {
    let mut server = Server::new(options, given, manners)?;
    if let Some(path) = &options.dump {
        given.write(path)?;
    }
    let _beacon = match options.beacon.as_deref().map(Beacon::hold) {
        Some(Ok(beacon)) => Some(beacon),
        Some(Err(violation)) => {
            say(&violation);
            return Ok(ExitCode::from(NOT_ALONE));
        }
        None => None,
    };
    note(options.journal.as_deref(), "start")?;
    if let Some(line) = &options.say {
        say(line);
    }
    let code = match options.gate.as_deref().and_then(|gate| server.boot(gate)) {
        Some(code) => code,
        None => server.run()?,
    };
    note(options.journal.as_deref(), "end")?;
    Ok(code)
}

struct Server<'a> {
    options: &'a Options,
    given: &'a Given,
    life: Life,
    ignored: Vec<Signal>,
    reads: bool,
    port: Option<u16>,
    typed: Vec<u8>,
}

impl<'a> Server<'a> {
    fn new(options: &'a Options, given: &'a Given, manners: &Manners) -> Result<Self, String> {
        let mut ignored = options.ignore.clone();
        if manners.deaf || options.deaf {
            ignored.extend([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
        }
        Ok(Self {
            options,
            given,
            life: Life::new(&ignored)?,
            ignored,
            reads: !manners.no_read,
            port: manners.port,
            typed: Vec::new(),
        })
    }

    /// Waits for the gate; an answer is the end before it opened.
    fn boot(&self, gate: &Path) -> Option<ExitCode> {
        self.life.wait_for_gate(gate, |woken| match woken {
            Woken::Signal(signal) if !self.ignored.contains(&signal) => {
                say("stopped while booting");
                Some(ExitCode::from(self.options.code))
            }
            Woken::LifetimeOver => Some(ExitCode::from(LIFETIME_OVER)),
            _ => None,
        })
    }

    /// Ready from here on.
    fn run(&mut self) -> Result<ExitCode, String> {
        let listener = self.listen()?;
        if let Some(line) = &self.options.ready {
            say(line);
        }
        loop {
            // Both are looked up anew: a word may have changed them.
            let stdin = std::io::stdin();
            let mut descriptors: Vec<&dyn AsFd> = Vec::new();
            if self.reads {
                descriptors.push(&stdin);
            }
            if let Some(listener) = &listener {
                descriptors.push(listener);
            }
            let Some(woken) = self.life.wait(&descriptors, None) else {
                continue;
            };
            let end = match woken {
                Woken::Signal(signal) => self.on_signal(signal),
                Woken::LifetimeOver => Some(ExitCode::from(LIFETIME_OVER)),
                Woken::Readable(0) if self.reads => self.on_stdin(),
                Woken::Readable(_) => {
                    drop(listener.as_ref().map(TcpListener::accept));
                    None
                }
            };
            if let Some(code) = end {
                return Ok(code);
            }
        }
    }

    fn listen(&self) -> Result<Option<TcpListener>, String> {
        let Some(port) = self.port else { return Ok(None) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        say(&format!("listening on {port}"));
        Ok(Some(listener))
    }

    fn on_signal(&self, signal: Signal) -> Option<ExitCode> {
        if self.ignored.contains(&signal) {
            say(&format!("ignored {signal}"));
            return None;
        }
        if let Some(gate) = &self.options.save_gate {
            say("saving");
            let over = |woken| matches!(woken, Woken::LifetimeOver).then(|| ExitCode::from(LIFETIME_OVER));
            if let Some(code) = self.life.wait_for_gate(gate, over) {
                return Some(code);
            }
        }
        say("saved");
        Some(ExitCode::from(self.options.code))
    }

    /// Reads what there is and obeys every whole line.
    fn on_stdin(&mut self) -> Option<ExitCode> {
        let mut buffer = [0; 4096];
        match nix::unistd::read(std::io::stdin(), &mut buffer) {
            Ok(0) => {
                say("stdin: end of file");
                self.reads = false;
                return self.options.expect_stdin.then(|| ExitCode::from(WRONG));
            }
            Ok(read) => self.typed.extend_from_slice(&buffer[..read]),
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return None,
            Err(error) => {
                say(&format!("stdin: {error}"));
                self.reads = false;
                return None;
            }
        }
        while let Some(end) = self.typed.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.typed.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            match obey(line.trim_end_matches(['\n', '\r']), self.given) {
                Next::Stay => {}
                Next::End(code) => return Some(code),
                Next::Deaf => self.ignored.extend([Signal::SIGTERM, Signal::SIGINT]),
                Next::NoRead => self.reads = false,
            }
        }
        None
    }
}
