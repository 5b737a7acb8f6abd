//! Names of hosts. The program is linked statically, and so cannot load the
//! name services of the host's C library; what is not in `/etc/hosts` is asked
//! of `getent(1)`, which can.

use std::net::IpAddr;
use std::time::Duration;

use crate::program::ProgramCall;

const HOSTS: &str = "/etc/hosts";

/// The time that a lookup may take; its callers have shorter limits.
const ANSWER: Duration = Duration::from_secs(30);

/// Returns the addresses of a host, in the order in which to try them. Empty if
/// the name is not known.
///
/// # Cancel safety
/// Safe.
pub async fn addresses(host: &str) -> Vec<IpAddr> {
    if let Ok(ip) = host.parse() {
        return vec![ip];
    }
    let text = std::fs::read_to_string(HOSTS).unwrap_or_default();
    let known = in_hosts(&text, host);
    if !known.is_empty() {
        return known;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    }
    ask_getent(host).await
}

/// Looks a name up in the text of a hosts file. See `hosts(5)`.
fn in_hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        if let Some(Ok(ip)) = words.next().map(str::parse::<IpAddr>)
            && words.any(|name| name.eq_ignore_ascii_case(host))
        {
            found.push(ip);
        }
    }
    // A game server that listens on one of them listens on this one.
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

async fn ask_getent(host: &str) -> Vec<IpAddr> {
    let asked = ProgramCall::new(["getent", "ahosts", "--", host]).output(ANSWER).await;
    asked.map_or_else(
        |_| Vec::new(),
        |answer| parse_ahosts(&String::from_utf8_lossy(&answer.output)),
    )
}

/// Each address stands there once per socket type.
fn parse_ahosts(text: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for line in text.lines() {
        let ip = line.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
        if let Some(ip) = ip.filter(|ip| !found.contains(ip)) {
            found.push(ip);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file() {
        let text =
            "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # a remark\n10.0.0.5 game game.lan\n#10.0.0.6 game\n";
        let texts = |host| in_hosts(text, host).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts("LOCALHOST"), ["127.0.0.1", "::1"]);
        assert_eq!(texts("game.lan"), ["10.0.0.5"]);
        assert!(texts("a").is_empty());
    }

    #[test]
    fn what_getent_prints() {
        let text = "10.0.0.5        STREAM game.lan\n10.0.0.5        DGRAM  \nfe80::1 STREAM\n";
        let texts: Vec<_> = parse_ahosts(text).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.5", "fe80::1"]);
    }
}
