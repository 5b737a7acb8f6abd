//! Player counts: the queries that find a game ready return them, too, and so do lines and
//! requests that the inventory names for it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use regex::Regex;
use tokio::time::{Instant, timeout_at};

use super::{a2s, bedrock, datagram, gamespy, http_json, minecraft, quake3};
use crate::channel::{self, Question};
use crate::inventory::{PlayersCommand, PlayersLine, PlayersRule, Probe};
use crate::program::ProgramCall;
use crate::supervisor::{ANSWER_LIMIT, PlayerQuery, Players};

/// The time that a command may take: it is begun elsewhere, over a network.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);

/// The part of the time that is left for a reply to be read to its end.
const READING: Duration = Duration::from_millis(50);

#[async_trait::async_trait]
impl PlayerQuery for PlayersRule {
    fn limit(&self) -> Duration {
        match self {
            Self::Exec(_) => COMMAND_LIMIT,
            Self::Query(_) | Self::Line(_) | Self::Http(_) => ANSWER_LIMIT,
        }
    }

    /// `limit` includes the lookup of a host name.
    async fn count(&self, limit: Duration) -> Option<Players> {
        let until = Instant::now() + limit;
        match self {
            Self::Query(probe) => by_query(probe, until).await,
            Self::Line(line) => timeout_at(until, by_line(line, limit)).await.ok()?,
            Self::Http(asked) => timeout_at(until, http_json::count(asked, limit)).await.ok()?,
            Self::Exec(command) => by_command(command, limit).await,
        }
    }
}

async fn by_query(probe: &Probe, until: Instant) -> Option<Players> {
    let any = AtomicBool::new(false);
    match probe {
        Probe::Minecraft(server) => minecraft::query(server, until, &any).await?,
        other => timeout_at(until, by_datagram(other, &any)).await.ok()??,
    }
}

/// Asks a server by datagrams; see [`datagram::query`]. Other probes have no answer.
pub(super) async fn by_datagram(probe: &Probe, has_answered: &AtomicBool) -> Option<Option<Players>> {
    match probe {
        Probe::A2s(server) => a2s::query(server, has_answered).await,
        Probe::Bedrock(server) => {
            datagram::query(server, &bedrock::question(), bedrock::understood, has_answered).await
        }
        Probe::Quake3(server) => datagram::query(server, quake3::QUESTION, quake3::understood, has_answered).await,
        Probe::Gamespy(version, server) => {
            let (question, reader) = (gamespy::question(*version), gamespy::reader(*version));
            datagram::query(server, question, reader, has_answered).await
        }
        _ => None,
    }
}

async fn by_line(asked: &PlayersLine, limit: Duration) -> Option<Players> {
    let question = Question {
        line: asked.line.clone(),
        expect: None,
        limit: limit.saturating_sub(READING),
    };
    let reply = channel::ask(&asked.remote, &question).await.ok()?;
    found(&asked.pattern, &reply.text)
}

/// Runs a command to its end; one that fails has counted nobody.
async fn by_command(command: &PlayersCommand, limit: Duration) -> Option<Players> {
    let done = ProgramCall::new(&command.argv).output(limit).await.ok()?;
    let output = String::from_utf8_lossy(&done.output);
    found(&command.pattern, &output).filter(|_| done.status.success())
}

/// Finds the numbers in a reply.
fn found(pattern: &str, reply: &str) -> Option<Players> {
    let pattern = Regex::new(pattern).ok()?;
    let found = pattern.captures(reply)?;
    let number = |group: &str| found.name(group)?.as_str().trim().parse().ok();
    Some(Players {
        online: number("online")?,
        max: number("max"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{GamespyVersion, HostPort};
    use tokio::net::UdpSocket;

    fn at(port: u16) -> HostPort {
        HostPort {
            host: "127.0.0.1".to_owned(),
            port,
        }
    }

    fn by_datagrams(port: u16) -> Vec<Probe> {
        let versions = [GamespyVersion::One, GamespyVersion::Two, GamespyVersion::Three];
        let gamespy = versions.map(|version| Probe::Gamespy(version, at(port)));
        let others = [Probe::A2s(at(port)), Probe::Bedrock(at(port)), Probe::Quake3(at(port))];
        others.into_iter().chain(gamespy).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_game_is_waited_for_until_the_limit() {
        let limit = Duration::from_secs(1);
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut silent = by_datagrams(udp.local_addr().unwrap().port());
        silent.push(Probe::Minecraft(at(tcp.local_addr().unwrap().port())));
        for probe in silent {
            let begun = Instant::now();
            let rule = PlayersRule::Query(Box::new(probe));
            assert_eq!(rule.count(limit).await, None);
            assert_eq!(begun.elapsed().as_secs(), 1, "{rule:?}");
        }
    }

    #[tokio::test]
    async fn each_query_is_asked_and_its_answer_read() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let mut buffer = [0; 100];
            loop {
                let (n, from) = socket.recv_from(&mut buffer).await.unwrap();
                let answer: Vec<u8> = match buffer[..n].to_vec().as_slice() {
                    [0xff, 0xff, 0xff, 0xff, b'T', ..] => {
                        b"\xff\xff\xff\xffI\x11name\0map\0\0game\0\0\0\x01\x09\0dl\0\x001\0\0".to_vec()
                    }
                    [0xff, 0xff, 0xff, 0xff, b'g', ..] => {
                        b"\xff\xff\xff\xffinfoResponse\n\\clients\\2\\sv_maxclients\\9".to_vec()
                    }
                    [1, ping @ ..] => {
                        let magic = &ping[8..24];
                        [&[0x1c; 17][..], magic, &[0, 20], b"MCPE;a;1;2;3;9;4;5"].concat()
                    }
                    [b'\\', ..] => br"\numplayers\4\maxplayers\9\final\".to_vec(),
                    [0xfe, 0xfd, 0, a, b, c, d, 0xff, 0, 0] => {
                        [&[0, *a, *b, *c, *d][..], b"numplayers\x005\0maxplayers\x009\0\0"].concat()
                    }
                    [0xfe, 0xfd, 9, a, b, c, d] => [&[9, *a, *b, *c, *d][..], b"77\0"].concat(),
                    [0xfe, 0xfd, 0, a, b, c, d, 0, 0, 0, 77, 0xff, 0, 0, 1] => {
                        let head = [0, *a, *b, *c, *d];
                        [&head[..], b"splitnum\0\x80\0numplayers\x006\0maxplayers\x009\0\0"].concat()
                    }
                    other => panic!("{other:?}"),
                };
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        let mut counted = Vec::new();
        for probe in by_datagrams(port) {
            let players = PlayersRule::Query(Box::new(probe))
                .count(Duration::from_secs(10))
                .await
                .unwrap();
            assert_eq!(players.max, Some(9));
            counted.push(players.online);
        }
        assert_eq!(counted, [1, 3, 2, 4, 5, 6]);
        server.abort();
    }

    #[tokio::test]
    async fn a_command_counts_by_what_it_prints_unless_it_fails() {
        for (script, wanted) in [
            ("echo players: 3/20; echo more", Some((3, Some(20)))),
            ("echo players: 3/20 >&2", None),
            ("echo players: 3/20; exit 1", None),
            ("kill -9 $$", None),
            ("", None),
        ] {
            let rule = PlayersRule::Exec(Box::new(PlayersCommand {
                argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
                pattern: r"players: (?<online>\d+)/(?<max>\d+)".to_owned(),
            }));
            let counted = rule.count(Duration::from_secs(10)).await;
            assert_eq!(counted.map(|players| (players.online, players.max)), wanted, "{script}");
            assert!(
                rule.limit() > ANSWER_LIMIT && !format!("{rule:?}").contains("echo"),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn numbers_in_a_reply() {
        let list = r"There are (?<online>\d+) of a max of (?<max>\d+)";
        let players = |reply: &str, pattern: &str| found(pattern, reply).map(|found| (found.online, found.max));
        let reply = "There are 3 of a max of 20 players online: a, b, c";
        assert_eq!(players(reply, list), Some((3, Some(20))));
        assert_eq!(
            players("1. a\nTotal of 1 in the game", r"Total of (?<online>\d+)"),
            Some((1, None))
        );
        for reply in [
            "",
            "Unknown command",
            "There are -3 of a max of 20",
            "There are 99999999999 of a max of 1",
        ] {
            assert_eq!(players(reply, list), None, "{reply}");
        }
    }
}
