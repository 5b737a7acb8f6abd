//! The requests to a shim, and their execution.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;

use super::Monitor;
use crate::inventory::StopStep;
use crate::process::shim::reason::Reason;
use crate::process::shim::wire::{Order, Report, Request};
use crate::sys::buffer::Buffer;
use crate::sys::{clock, pipe, socket, terminal};

/// Bytes of a request.
const REQUEST_MAX: NonZeroUsize = NonZeroUsize::new(socket::MESSAGE_MAX).expect("not zero");

impl Monitor {
    pub(super) fn serve(&mut self) {
        // Mapped only while requests are read: an idle shim does without.
        let Ok(mut buffer) = Buffer::new(REQUEST_MAX) else {
            return self.game.server.pause();
        };
        while let Some(asked) = self.game.server.next(buffer.bytes()) {
            let done = asked.request.clone().and_then(|request| self.carry_out(&request));
            let report = Report {
                refusal: done.err().unwrap_or_default(),
                ..self.report()
            };
            self.game.server.answer(&asked, &report);
        }
    }

    fn carry_out(&mut self, request: &Request) -> Result<(), String> {
        match request {
            Request::Status | Request::Subscribe => Ok(()),
            Request::Order(generation, order) => {
                self.check(*generation)?;
                self.obey(order)
            }
        }
    }

    fn obey(&mut self, order: &Order) -> Result<(), String> {
        match order {
            Order::Stop { steps, now } => {
                self.request_stop(steps, *now);
                Ok(())
            }
            Order::Ready => self.become_ready(),
            Order::Claim { step } => self.claim(*step),
            Order::Complete { step, failed } => {
                self.complete(*step, *failed);
                Ok(())
            }
            Order::Console { .. } if self.game.tree.is_gone() => Err("it has ended".to_owned()),
            Order::Console { line } => {
                self.game.tree.resume();
                self.write_console(line)
            }
            Order::Keys { bytes } => {
                self.game.tree.resume();
                match pipe::write(self.terminal()?, bytes) {
                    Ok(n) if n == bytes.len() => Ok(()),
                    _ => Err("its terminal takes no input now".to_owned()),
                }
            }
            Order::Resize { columns, rows } => {
                terminal::resize(self.terminal()?, *columns, *rows).map_err(|error| error.to_string())
            }
        }
    }

    fn terminal(&self) -> Result<&OwnedFd, String> {
        let input = self.game.input.as_ref();
        input.ok_or_else(|| "its terminal was lost with its first shim".to_owned())
    }

    fn check(&self, generation: u64) -> Result<(), String> {
        let ours = self.game.record.generation;
        if generation == ours {
            return Ok(());
        }
        Err(format!("this is launch {ours}, not {generation}"))
    }

    fn request_stop(&mut self, steps: &[StopStep], now: bool) {
        if self.stop.is_none() {
            self.begin_stop(steps.to_vec(), now, Reason::Verb);
            return;
        }
        // A second stop joins the one under way, and may hurry it. So does one
        // that comes while the remains of a crash are cleared away.
        if let Some(stop) = &mut self.stop
            && stop.reason != Reason::Crash
        {
            stop.reason = Reason::Verb;
        }
        let at = clock::monotonic_ms();
        if let (true, Some(stop)) = (now, &mut self.stop)
            && let Some(action) = stop.escalation.hurry(at)
        {
            self.act(action);
            self.publish_step();
        }
    }

    fn claim(&mut self, step: u64) -> Result<(), String> {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let stop = self.stop.as_mut();
        if !stop.is_some_and(|stop| stop.escalation.claim(step)) {
            return Err("that step is not to be taken on".to_owned());
        }
        self.publish_step();
        Ok(())
    }

    fn complete(&mut self, step: u64, failed: bool) {
        let Some(stop) = &mut self.stop else { return };
        let done = usize::try_from(step).is_ok_and(|step| stop.escalation.complete(step));
        if !done {
            return;
        }
        if failed && let Some(action) = stop.escalation.step_failed(clock::monotonic_ms(), None) {
            self.act(action);
        }
        self.publish_step();
    }
}
