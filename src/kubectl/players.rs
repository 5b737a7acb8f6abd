//! The players of an object, counted by a command in one of its containers, or by a query
//! that is made from here.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::managed::ManagedObject;
use crate::finding::Finding;
use crate::inventory::PlayersRule;
use crate::supervisor::{ANSWER_LIMIT, InstanceState, PlayerQuery, Players};

const ABOUT: &str = "players";

#[async_trait::async_trait]
impl PlayerQuery for ManagedObject {
    fn limit(&self) -> Duration {
        self.plan().players.as_ref().map_or(ANSWER_LIMIT, PlayerQuery::limit)
    }

    async fn count(&self, limit: Duration) -> Option<Players> {
        let until = Instant::now() + limit;
        let mut rule = self.plan().players.clone()?;
        if let PlayersRule::Exec(command) = &mut rule {
            let entrance = match self.entered() {
                Some(entrance) => entrance,
                None => {
                    let look = timeout_at(until, self.see_anew()).await.ok()?.ok()?;
                    self.entrance(&look.found.pods).ok()?
                }
            };
            command.argv = entrance.exec(&command.argv, false);
        }
        rule.count(until.saturating_duration_since(Instant::now())).await
    }
}

impl ManagedObject {
    /// Counts the players of what runs, and returns what is wrong with that.
    pub(super) async fn miscount(&self) -> Option<Finding> {
        let rule = self.plan().players.as_ref()?;
        if self.state() != InstanceState::Running || self.count(self.limit()).await.is_some() {
            return None;
        }
        Some(judge(rule, &self.spec().place.context))
    }
}

/// Says why players cannot be counted, as far as that can be known.
fn judge(rule: &PlayersRule, context: &str) -> Finding {
    const IN_POD: &str =
        "count them in the pod, such as `players: { exec: [rcon-cli, list], pattern: '(?<online>\\d+)' }`";
    match rule {
        PlayersRule::Exec(command) => {
            let program = command.argv.first().map_or("", String::as_str);
            let message = format!(
                "its players cannot be counted: {program} printed nothing in the container that `pattern` matches, or failed there"
            );
            Finding::warning(ABOUT, message).hint("correct `exec` or `pattern` of `players`")
        }
        PlayersRule::Query(probe) => {
            let (name, server) = probe
                .query()
                .map_or(("", String::new()), |(name, server)| (name, server.to_string()));
            let is_here = probe.query().is_some_and(|(_, server)| is_this_host(&server.host));
            let place = match is_here {
                true => format!(", which is this host and no pod of `{context}`"),
                false => String::new(),
            };
            let message = format!("its players cannot be counted: nobody answers {name} at {server}{place}");
            Finding::warning(ABOUT, message).hint(format!("give an address that leads to the pod; or {IN_POD}"))
        }
        PlayersRule::Line(_) | PlayersRule::Http(_) => Finding::warning(
            ABOUT,
            "its players cannot be counted: no answer from here told how many play",
        )
        .hint(IN_POD),
    }
}

fn is_this_host(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{HostPort, PlayersCommand, Probe};

    #[test]
    fn a_count_that_fails_is_explained() {
        let at = |host: &str| HostPort {
            host: host.to_owned(),
            port: 27015,
        };
        let query = |host: &str| PlayersRule::Query(Box::new(Probe::A2s(at(host))));
        let command = PlayersCommand {
            argv: vec!["rcon-cli".to_owned(), "secret".to_owned()],
            pattern: "(?<online>x)".to_owned(),
        };
        for (rule, wanted) in [
            (
                query("127.0.0.1"),
                "nobody answers a2s at 127.0.0.1:27015, which is this host and no pod of `prod`",
            ),
            (query("::1"), "which is this host"),
            (query("localhost"), "which is this host"),
            (query("10.0.0.1"), "nobody answers a2s at 10.0.0.1:27015"),
            (PlayersRule::Exec(Box::new(command)), "rcon-cli printed nothing"),
        ] {
            let finding = judge(&rule, "prod");
            assert!(finding.message.contains(wanted), "{finding:?}");
            assert_eq!(
                wanted.contains("this host"),
                finding.message.contains("this host"),
                "{finding:?}"
            );
            assert!(!format!("{finding:?}").contains("secret"), "{finding:?}");
        }
    }
}
