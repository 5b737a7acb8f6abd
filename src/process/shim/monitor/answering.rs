//! The requests to a shim, and their execution.

use std::num::NonZeroUsize;

use super::Monitor;
use crate::inventory::StopStep;
use crate::process::shim::serve::Asked;
use crate::process::shim::wire::{Report, Request};
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
            let refusal = match &asked.request {
                Ok(request) => self.carry_out(request).err().unwrap_or_default(),
                Err(error) => error.clone(),
            };
            self.answer(&asked, refusal);
        }
    }

    fn answer(&mut self, asked: &Asked, refusal: String) {
        let report = Report {
            refusal,
            ..self.report()
        };
        self.game.server.answer(asked, &report);
    }

    fn carry_out(&mut self, request: &Request) -> Result<(), String> {
        match request {
            Request::Status | Request::Subscribe => Ok(()),
            Request::Stop { generation, steps, now } => {
                self.check(*generation)?;
                self.request_stop(steps, *now);
                Ok(())
            }
            Request::Ready { generation } => {
                self.check(*generation)?;
                self.become_ready()
            }
            Request::Claim { generation, step } => {
                self.check(*generation)?;
                self.claim(*step)
            }
            Request::Complete {
                generation,
                step,
                failed,
            } => {
                self.check(*generation)?;
                self.complete(*step, *failed);
                Ok(())
            }
            Request::Console { generation, line } => {
                self.check(*generation)?;
                if self.game.tree.is_gone() {
                    return Err("it has ended".to_owned());
                }
                if !self.write_console(line) {
                    return Err("its console takes no input now: it has not read what was written before".to_owned());
                }
                Ok(())
            }
            Request::Keys { generation, bytes } => {
                self.check(*generation)?;
                let input = self
                    .game
                    .input
                    .as_ref()
                    .ok_or("its terminal was lost with its first shim")?;
                match pipe::write(input, bytes) {
                    Ok(n) if n == bytes.len() => Ok(()),
                    _ => Err("its terminal takes no input now".to_owned()),
                }
            }
            Request::Resize {
                generation,
                columns,
                rows,
            } => {
                self.check(*generation)?;
                let input = self
                    .game
                    .input
                    .as_ref()
                    .ok_or("its terminal was lost with its first shim")?;
                terminal::resize(input, *columns, *rows).map_err(|error| error.to_string())
            }
        }
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
            self.begin_stop(steps.to_vec(), now, None);
            return;
        }
        // A second stop joins the one under way, and may hurry it. So does one
        // that comes while the remains of a crash are cleared away.
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
        if failed && let Some(action) = stop.escalation.step_failed(clock::monotonic_ms()) {
            self.act(action);
        }
        self.publish_step();
    }
}
