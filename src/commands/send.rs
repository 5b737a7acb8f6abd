//! `gamectl send`.

use super::context::Context;
use super::signals::Interrupt;
use crate::cli::SendArgs;
use crate::host::Error;

pub(super) async fn run(context: &Context<'_>, send: &SendArgs) -> Result<u8, Error> {
    let host = context.host()?;
    let line = send.text.join(" ");
    let mut interrupt = Interrupt::new()?;
    tokio::select! {
        sent = host.send(&send.id, &line, send.timeout) => {
            let (id, reply) = sent?;
            context.screen.reply(&id, reply.as_deref());
            Ok(0)
        }
        signal = interrupt.signalled() => Ok(signal.exit_code()),
    }
}
