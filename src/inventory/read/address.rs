//! `HOST:PORT`.

use crate::inventory::model::address::HostPort;

/// Reads an address with its port. The error is a hint.
pub(crate) fn address(text: &str) -> Result<HostPort, &'static str> {
    const FORM: &str = "write it like `127.0.0.1:28015`, `localhost:80` or `[::1]:80`";
    let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
    let host = match host.strip_prefix('[') {
        Some(inner) => {
            let inner = inner.strip_suffix(']').ok_or(FORM)?;
            let address = inner.split('%').next().unwrap_or(inner);
            address.parse::<std::net::Ipv6Addr>().map_err(|_| FORM)?;
            inner
        }
        None if host.contains(':') => return Err("an IPv6 address needs brackets: `[::1]:80`"),
        None => host,
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '[' | ']');
    if host.is_empty() || host.contains(odd) {
        return Err(FORM);
    }
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0);
    let port = port.ok_or("the port is a number from 1 to 65535")?;
    Ok(HostPort {
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for text in ["127.0.0.1:28015", "localhost:80", "[::1]:80", "[fe80::1%eth0]:65535"] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            ":80",
            "localhost",
            "::1:80",
            "[::1]80",
            "[x]:80",
            "h:0",
            "h:65536",
            "h:+1",
            "h:",
            "http://h:80",
            "a b:1",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
