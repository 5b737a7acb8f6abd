//! `gamectl restart`.

use super::context::{Context, Ended};
use super::order;
use crate::cli::Restart;
use crate::event::Verb;
use crate::instancecmd::Order;

pub(super) async fn run(context: &Context<'_>, restart: &Restart) -> Result<u8, Ended> {
    let order = Order {
        verb: Verb::Restart,
        no_wait: restart.no_wait,
        timeout: restart.timeout,
        now: restart.now,
        lock_wait: context.common.lock_wait,
        keeps_intent: false,
    };
    order::carry_out(context, &order, &restart.selection, restart.dry_run).await
}
