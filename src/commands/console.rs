//! `gamectl console`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::keyboard::Keyboard;
use super::signals::Interrupt;
use crate::cli;
use crate::failure::{Failure, FailureKind};
use crate::host::{ConsoleInput, ConsoleKind, Error, GameConsole};
use crate::sys::pty;
use crate::sys::terminal::TerminalMode;
use crate::ui::{self, Wanted};

/// The intervals at which the output is read. A terminal echoes keys through it.
const AGAIN: Duration = Duration::from_millis(50);
const AGAIN_TERMINAL: Duration = Duration::from_millis(15);

/// After this many reads without output it is checked that the game still runs.
const QUIET_READS: u32 = 20;

/// Ctrl-D and Ctrl-].
const DETACH: [u8; 2] = [0x04, 0x1d];

/// The console of a game, joined to our screen and keyboard.
struct Session {
    console: GameConsole,
    screen: ui::ConsoleView,
    /// True when keys come from a terminal, and the output goes to one.
    live: bool,
    /// The start of a line that does not come from a terminal.
    partial: Vec<u8>,
    quiet_reads: u32,
}

pub(super) async fn run(context: &Context<'_>, asked: &cli::ConsoleArgs) -> Result<u8, Error> {
    let console = context.host_of_one(&asked.id)?.console(&asked.id, asked.lines).await?;
    let (id, kind) = (console.id().to_owned(), console.kind());
    let live = pty::size(std::io::stdin()).is_some() && context.screen.is_on_terminal();
    let mut interrupt = Interrupt::new()?;
    context
        .screen
        .note(&format!("{id}: attached; Ctrl-D or Ctrl-] detaches"));
    let mode = match (live, kind) {
        (false, _) => None,
        (true, ConsoleKind::Lines) => Some(TerminalMode::keys(std::io::stdin())?),
        (true, ConsoleKind::Terminal) => Some(TerminalMode::raw(std::io::stdin())?),
    };
    let mut session = Session {
        console,
        screen: context.screen.console(live && kind == ConsoleKind::Lines),
        live,
        partial: Vec::new(),
        quiet_reads: 0,
    };
    let ended = session.live(&mut interrupt).await;
    let _ = session.show();
    session.screen.finish();
    drop(mode);
    match ended {
        Ok(code) => {
            context.screen.note(&format!("{id}: detached"));
            Ok(code)
        }
        Err(failure) if failure.kind == FailureKind::NotRunning => {
            Err(Failure::new(FailureKind::NotRunning, "it has ended").of(&id).into())
        }
        Err(failure) => Err(failure.of(&id).into()),
    }
}

impl Session {
    /// Stays until the person leaves or the game ends.
    async fn live(&mut self, interrupt: &mut Interrupt) -> Result<u8, Failure> {
        let mut keys = Keyboard::open();
        let mut resized = signal(SignalKind::window_change()).map_err(|error| Failure::failed(error.to_string()))?;
        let again = match self.console.kind() {
            ConsoleKind::Lines => AGAIN,
            ConsoleKind::Terminal => AGAIN_TERMINAL,
        };
        self.pass_size().await?;
        loop {
            self.look().await?;
            tokio::select! {
                signal = interrupt.signalled() => return Ok(signal.exit_code()),
                pressed = keys.next() => match pressed {
                    Some(pressed) => if self.take(&pressed).await? { return Ok(0) },
                    None => return self.end_of_input().await.map(|()| 0),
                },
                _ = resized.recv() => self.pass_size().await?,
                () = tokio::time::sleep(again) => {}
            }
        }
    }

    /// Shows new output, and checks now and then that more can come.
    async fn look(&mut self) -> Result<(), Failure> {
        if self.show()? {
            self.quiet_reads = 0;
            return Ok(());
        }
        self.quiet_reads += 1;
        if self.quiet_reads == 2 && self.console.kind() == ConsoleKind::Lines {
            self.screen.settle();
        }
        if self.quiet_reads.is_multiple_of(QUIET_READS) {
            self.console.check_running().await?;
        }
        Ok(())
    }

    fn show(&mut self) -> Result<bool, Failure> {
        let mut any = false;
        loop {
            let bytes = self.console.read()?;
            if bytes.is_empty() {
                return Ok(any);
            }
            any = true;
            match self.console.kind() {
                ConsoleKind::Terminal if self.live => self.screen.pass_through(&bytes),
                _ => self.screen.write(&bytes),
            }
        }
    }

    async fn take(&mut self, pressed: &[u8]) -> Result<bool, Failure> {
        if !self.live {
            self.partial.extend_from_slice(pressed);
            return self.send_whole_lines().await.map(|()| false);
        }
        if self.console.kind() == ConsoleKind::Terminal {
            let end = pressed.iter().position(|key| DETACH.contains(key));
            let keys = pressed.get(..end.unwrap_or(pressed.len())).unwrap_or_default();
            if !keys.is_empty() {
                self.pass_on(ConsoleInput::Bytes(keys.to_vec())).await?;
            }
            return Ok(end.is_some());
        }
        for wanted in self.screen.type_in(pressed) {
            match wanted {
                Wanted::Send(line) => self.pass_on(ConsoleInput::Line(line)).await?,
                Wanted::Detach => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn send_whole_lines(&mut self) -> Result<(), Failure> {
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            self.send_line(line.get(..end).unwrap_or_default()).await?;
        }
        Ok(())
    }

    async fn end_of_input(&mut self) -> Result<(), Failure> {
        if self.partial.is_empty() {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.partial);
        self.send_line(&rest).await
    }

    async fn send_line(&mut self, line: &[u8]) -> Result<(), Failure> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        self.pass_on(match self.console.kind() {
            ConsoleKind::Lines => ConsoleInput::Line(line.to_owned()),
            ConsoleKind::Terminal => ConsoleInput::Bytes(format!("{line}\r").into_bytes()),
        })
        .await
    }

    async fn pass_on(&mut self, typed: ConsoleInput) -> Result<(), Failure> {
        match self.console.type_in(&typed).await {
            // Input that cannot be taken now does not end the session.
            Err(failure) if failure.kind != FailureKind::NotRunning => {
                self.screen.say(&failure.message);
                Ok(())
            }
            taken => taken,
        }
    }

    async fn pass_size(&mut self) -> Result<(), Failure> {
        if !self.live || self.console.kind() != ConsoleKind::Terminal {
            return Ok(());
        }
        match pty::size(std::io::stdin()) {
            Some((columns, rows)) => self.pass_on(ConsoleInput::Size { columns, rows }).await,
            None => Ok(()),
        }
    }
}
