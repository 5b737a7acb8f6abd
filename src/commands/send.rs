//! `gamectl send`.

use super::context::Context;
use super::signals::unless_interrupted;
use crate::cli::SendArgs;
use crate::host::Error;

pub(super) async fn run(context: &Context<'_>, send: &SendArgs) -> Result<u8, Error> {
    let host = context.host_of_one(&send.id)?;
    unless_interrupted(async {
        let (id, reply) = host.send(&send.id, &send.text.join(" "), send.timeout).await?;
        context.screen.reply(&id, reply.as_deref());
        Ok(0)
    })
    .await
}
