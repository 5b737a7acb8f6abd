//! `gamectl stop`.

use super::context::{Context, Ended};
use super::order;
use crate::cli::Stop;
use crate::event::Verb;
use crate::instancecmd::Order;

pub(super) async fn run(context: &Context<'_>, stop: &Stop) -> Result<u8, Ended> {
    let order = Order {
        verb: Verb::Stop,
        no_wait: false,
        timeout: stop.timeout,
        now: stop.now,
        lock_wait: context.common.lock_wait,
        keeps_intent: false,
    };
    order::carry_out(context, &order, &stop.selection, stop.dry_run).await
}
