//! Checks of what an instance needs: its AMP, and itself in the list.

use super::game::AmpGame;
use super::state;
use crate::finding::Finding;
use crate::inventory::AmpAccess;
use crate::supervisor::Survey;

const ABOUT: &str = "amp";

/// The module of the controller itself.
const CONTROLLER: &str = "ADS";

#[async_trait::async_trait]
impl Survey for AmpGame {
    async fn findings(&self) -> Vec<Finding> {
        let (_, seen) = self.desk().listing(tokio::time::Instant::now()).await;
        let listing = match seen {
            Ok(listing) => listing,
            Err(failure) => return vec![Finding::of_failure(ABOUT, failure)],
        };
        let count = listing.len();
        let mut findings = vec![Finding::ok(
            ABOUT,
            match &self.spec().access {
                AmpAccess::Api(panel) => format!(
                    "AMP at {} answers, and lets `{}` see {count} instances",
                    panel.url(),
                    panel.user
                ),
                AmpAccess::Manager(user) => format!("`ampinstmgr` answers as {user}, and lists {count} instances"),
            },
        )];
        let one = match listing.find(&self.spec().instance) {
            Ok(one) => one,
            Err(why) => {
                findings.push(Finding::error(ABOUT, why));
                return findings;
            }
        };
        if one.module == CONTROLLER {
            let message = format!("`{}` is the controller of AMP, and no game", one.name);
            findings.push(Finding::error(ABOUT, message).hint("give an instance of a game"));
            return findings;
        }
        findings.push(match state::phase(one) {
            Ok(_) if !one.tells_game && self.ready().probes.is_empty() => Finding::warning(
                ABOUT,
                format!("`{}` counts as running as soon as its part of AMP runs", one.name),
            )
            .hint("give it a `ready`, such as a port: `ampinstmgr` does not know the game"),
            Ok(_) if !one.tells_game => Finding::ok(ABOUT, format!("AMP has `{}`", one.name)),
            Ok((name, _)) => Finding::ok(
                ABOUT,
                format!("AMP has `{}`, and calls its application {name}", one.name),
            ),
            Err(why) => Finding::error(ABOUT, why),
        });
        findings
    }
}
