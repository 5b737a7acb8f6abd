//! Which ports the instances take, whether two take the same, and whether
//! somebody else has them already.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::listening::Taken;
use crate::channel;
use crate::finding::Finding;
use crate::games;
use crate::inventory::{HostPort, Instance, Plane, Port, Probe, Protocol, Remote};

const ABOUT: &str = "ports";

/// A port that an instance takes, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    id: String,
    port: u16,
    protocol: Protocol,
    purpose: String,
}

impl Claim {
    fn key(&self) -> (u16, Protocol) {
        (self.port, self.protocol)
    }
}

/// Returns the claims of every managed instance: the ports of its game, those beside them
/// that the game takes without being told, and those at which its probes and
/// channels expect it on this host. Each once per instance.
pub(super) fn claims(instances: &[Arc<Instance>]) -> Vec<Claim> {
    let managed = |instance: &&Arc<Instance>| !matches!(instance.plane, Plane::Unmanaged { .. });
    instances
        .iter()
        .filter(managed)
        .flat_map(|one| of_instance(one))
        .collect()
}

fn of_instance(instance: &Instance) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut add = |port: u16, protocol: Protocol, purpose: String| {
        if !claims.iter().any(|claim| claim.key() == (port, protocol)) {
            let id = instance.id.clone();
            claims.push(Claim {
                id,
                port,
                protocol,
                purpose,
            });
        }
    };
    for port in &instance.ports {
        let number = follower(instance, port).unwrap_or(port.number);
        add(number, port.protocol, port.name.clone());
    }
    for remote in &instance.channels.remotes {
        if is_local(&remote.address) {
            add(remote.address.port, spoken_over(remote), remote.kind.to_string());
        }
    }
    for probe in &instance.ready.probes {
        if let Some((address, protocol, purpose)) = asked(probe)
            && is_local(address)
        {
            add(address.port, protocol, purpose.to_owned());
        }
    }
    claims
}

/// Tells of each channel of a running game at whose address nothing listens, while
/// something does at another one.
pub(super) fn elsewhere(instance: &Instance) -> Vec<Finding> {
    let remotes = instance.channels.remotes.iter();
    let found = remotes.filter_map(|remote| {
        Some((
            remote,
            channel::elsewhere(&remote.address, channel::transport(remote.kind))?,
        ))
    });
    found
        .map(|(remote, server)| {
            let kind = remote.kind;
            Finding::warning(ABOUT, format!("nothing listens at {} ({kind})", remote.address)).hint(format!(
                "{server} is listened at: write `{kind}: {{ host: {} }}`, or have the game listen at all addresses",
                server.ip()
            ))
        })
        .collect()
}

fn spoken_over(remote: &Remote) -> Protocol {
    match remote.kind.is_datagrams() {
        true => Protocol::Udp,
        false => Protocol::Tcp,
    }
}

/// The number of a port that a game takes at a fixed distance from another.
fn follower(instance: &Instance, port: &Port) -> Option<u16> {
    let game = instance.game?;
    let rule = games::FOLLOWERS
        .iter()
        .find(|rule| rule.game == game && rule.port == port.name)?;
    let leader = instance.ports.iter().find(|port| port.name == rule.after)?;
    leader.number.checked_add(rule.by)
}

fn asked(probe: &Probe) -> Option<(&HostPort, Protocol, &'static str)> {
    Some(match probe {
        Probe::Tcp(address) => (address, Protocol::Tcp, "`ready.tcp`"),
        Probe::A2s(address) => (address, Protocol::Udp, "`ready.a2s`"),
        Probe::Minecraft(address) => (address, Protocol::Tcp, "`ready.minecraft`"),
        Probe::Bedrock(address) => (address, Protocol::Udp, "`ready.bedrock`"),
        Probe::Quake3(address) => (address, Protocol::Udp, "`ready.quake3`"),
        Probe::Gamespy(_, address) => (address, Protocol::Udp, "`ready.gamespy`"),
        Probe::Http(request) => (&request.address, Protocol::Tcp, "`ready.http`"),
        Probe::Login(remote) => (&remote.address, spoken_over(remote), "`ready.rcon`"),
        Probe::Log(_) | Probe::LogFile(_) | Probe::Exec(_) | Probe::AliveFor(_) => return None,
    })
}

/// Returns true when an address is one of this host, without a look-up of its
/// name.
fn is_local(address: &HostPort) -> bool {
    match address.host.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => address.host.eq_ignore_ascii_case("localhost"),
    }
}

fn spoken(port: u16, protocol: Protocol) -> String {
    match protocol {
        Protocol::Udp => format!("{port}/udp"),
        Protocol::Tcp => format!("{port}/tcp"),
    }
}

/// A finding for each port that several instances take, or one that none is.
pub(super) fn shared(claims: &[Claim]) -> Vec<Finding> {
    let mut by_port: BTreeMap<(u16, bool), Vec<&Claim>> = BTreeMap::new();
    for claim in claims {
        let key = (claim.port, claim.protocol == Protocol::Tcp);
        by_port.entry(key).or_default().push(claim);
    }
    let findings: Vec<Finding> = by_port.values().filter_map(|claims| clash(claims)).collect();
    if findings.is_empty() && !claims.is_empty() {
        return vec![Finding::ok(ABOUT, "no two instances take the same")];
    }
    findings
}

fn clash(claims: &[&Claim]) -> Option<Finding> {
    let [first, _, ..] = claims else { return None };
    let who: Vec<String> = claims
        .iter()
        .map(|claim| format!("{} ({})", claim.id, claim.purpose))
        .collect();
    let message = format!(
        "{} is taken by several: {}; the second of them to start will not get it",
        spoken(first.port, first.protocol),
        who.join(", ")
    );
    Some(Finding::error(ABOUT, message).hint(
        "give all but one another port, in the game's own settings and under `ports`; \
         leave them if they never run at the same time",
    ))
}

/// Finds the claims of an instance that are taken. A running instance has them
/// itself.
pub(super) fn free(id: &str, claims: &[Claim], taken: &Taken, runs: bool) -> Vec<Finding> {
    let own: Vec<&Claim> = claims.iter().filter(|claim| claim.id == id).collect();
    let list = |claims: &[&Claim]| -> String {
        let each = claims
            .iter()
            .map(|claim| format!("{} ({})", spoken(claim.port, claim.protocol), claim.purpose));
        each.collect::<Vec<_>>().join(", ")
    };
    if own.is_empty() {
        return Vec::new();
    }
    if runs {
        return vec![Finding::ok(ABOUT, format!("it runs, and has its own: {}", list(&own)))];
    }
    let lost: Vec<&Claim> = own
        .iter()
        .copied()
        .filter(|claim| taken.contains(&claim.key()))
        .collect();
    if lost.is_empty() {
        return vec![Finding::ok(ABOUT, format!("free: {}", list(&own)))];
    }
    vec![
        Finding::error(ABOUT, format!("somebody else has {}", list(&lost)))
            .hint("`ss -tulpn` shows who; end it, or give the instance another port"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn instances(text: &str) -> Vec<Arc<Instance>> {
        let parsed = crate::inventory::parse(text.as_bytes(), "", "/".as_ref(), &|_| None);
        parsed.unwrap_or_else(|problems| panic!("{problems}")).instances
    }

    fn shown(text: &str) -> String {
        let claims = claims(&instances(text));
        let each = claims
            .iter()
            .map(|claim| format!("{} {}", spoken(claim.port, claim.protocol), claim.purpose));
        each.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_is_claimed() {
        for (text, wanted) in [
            (
                "instances: {a: {process: {executable: /x}, ports: {game: 1/udp}, ready: {tcp: '127.0.0.1:2'}, \
                 telnet: {port: 3}}}",
                "1/udp game, 3/tcp telnet, 2/tcp `ready.tcp`",
            ),
            (
                "instances: {a: {process: {executable: /x}, ready: {a2s: 'play.example.org:2'}}}",
                "",
            ),
            ("instances: {a: {ports: {game: 1/udp}}}", ""),
            (
                "instances: {a: {process: {executable: /x}, ports: {q: 2/udp}, ready: {a2s: 'localhost:2'}}}",
                "2/udp q",
            ),
            (
                "instances: {a: {process: {executable: /x}, ready: {rcon: true}, quake_rcon: {port: 3, password: x}, \
                 battleye_rcon: {port: 4, password: x}}}",
                "4/udp battleye_rcon, 3/udp quake_rcon",
            ),
            // Valheim asks at the port after its own, and says so nowhere.
            (
                "instances: {a: {game: valheim, process: {executable: /x}, ports: {game: 3000/udp}}}",
                "3000/udp game, 3001/udp query",
            ),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn two_with_the_same_port() {
        let text = "instances: {a: {process: {executable: /x}, ports: {game: 2457/udp}}, \
                    b: {game: valheim, process: {executable: /x}}, \
                    c: {process: {executable: /x}, ports: {game: 2457/tcp}}}";
        let found = shared(&claims(&instances(text)));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, Severity::Error);
        assert!(
            found[0]
                .message
                .starts_with("2457/udp is taken by several: a (game), b (query);"),
            "{found:?}"
        );
        let alone = shared(&claims(&instances(
            "instances: {a: {process: {executable: /x}, ports: {game: 1/udp}}}",
        )));
        assert_eq!(alone[0].level, Severity::Ok);
    }

    #[test]
    fn a_port_that_is_taken() {
        let claims = claims(&instances(
            "instances: {a: {process: {executable: /x}, ports: {game: 7/udp}}}",
        ));
        let taken = Taken::from([(7, Protocol::Udp)]);
        let level = |taken: &Taken, runs| free("a", &claims, taken, runs)[0].level;
        assert_eq!(level(&taken, false), Severity::Error);
        assert_eq!(level(&taken, true), Severity::Ok);
        assert_eq!(level(&Taken::from([(7, Protocol::Tcp)]), false), Severity::Ok);
        assert_eq!(free("b", &claims, &taken, false), []);
    }
}
