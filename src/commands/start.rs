//! `gamectl start`.

use super::context::{Context, Ended};
use super::order;
use crate::cli::Start;
use crate::event::Verb;
use crate::instancecmd::Order;

pub(super) async fn run(context: &Context<'_>, start: &Start) -> Result<u8, Ended> {
    let order = Order {
        verb: Verb::Start,
        no_wait: start.no_wait,
        timeout: start.timeout,
        now: false,
        lock_wait: context.common.lock_wait,
        keeps_intent: false,
    };
    order::carry_out(context, &order, &start.selection, start.dry_run).await
}
