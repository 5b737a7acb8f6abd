//! `gamectl send`.

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use super::selection;
use crate::cli::Send;
use crate::failure::{Failure, FailureKind};
use crate::fleet::Ground;

pub(super) async fn run(context: &Context<'_>, send: &Send) -> Result<u8, Ended> {
    let inventory = context.inventory()?;
    let ground = context.state_to_look()?.map_or_else(Ground::default, Ground::for_verbs);
    let selectors = [send.id.clone()];
    let mut members = ground.members(&inventory);
    members.extend(ground.named_strays(&inventory, &selectors)?);
    let [one] = selection::select(&members, &selectors)?[..] else {
        let message = format!("`{}` means several instances, and a line goes to one", send.id);
        return Err(Failure::new(FailureKind::Usage, message).into());
    };
    let Some(member) = members.get(one.index) else {
        return Err(Failure::unknown("there is no such instance").into());
    };
    let admin = member.supervisor.required_admin();
    let admin = admin.map_err(|failure| named(member.id(), failure))?;
    let line = send.text.join(" ");
    let mut interrupt = Interrupt::new()?;
    let reply = tokio::select! {
        reply = admin.send(&line, send.timeout) => reply,
        signal = interrupt.signalled() => return Ok(signal.exit_code()),
    };
    match reply {
        Ok(reply) => {
            context.screen.reply(member.id(), reply.as_deref());
            Ok(0)
        }
        Err(error) => Err(named(member.id(), Failure::from_error(&error)).into()),
    }
}

fn named(id: &str, failure: Failure) -> Failure {
    let message = format!("{id}: {}", failure.message);
    Failure { message, ..failure }
}
