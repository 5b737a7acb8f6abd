//! Games whose admin channel is over UDP: the RCon of BattlEye, and the RCON of GoldSrc and
//! of Quake, as their clients expect them.

use std::net::{SocketAddr, UdpSocket};

use crate::{Done, did, obey};

const MARK: &[u8] = b"\xff\xff\xff\xff";

/// Answers until it is told to end.
pub(crate) fn serve(kind: &str, password: &str, socket: &UdpSocket) -> std::io::Result<()> {
    let mut buffer = [0; 2048];
    loop {
        let (n, from) = socket.recv_from(&mut buffer)?;
        let asked = &buffer[..n];
        let line = match kind {
            "battleye" => battleye(asked, password, socket, from)?,
            "goldsrc" => goldsrc(asked, password, socket, from)?,
            _ => quake(asked, password, socket, from)?,
        };
        let Some((number, line)) = line else { continue };
        let reply = match (kind, line.as_str()) {
            // What does nothing has a reply all the same.
            (_, "echo" | "") => String::new(),
            (kind, line) => match obey(kind, line) {
                Done::Reply(reply) => reply,
                Done::Nothing => String::new(),
                Done::HangUp => continue,
                Done::End(_) => return Ok(()),
            },
        };
        for packet in packets(kind, number, reply.as_bytes()) {
            socket.send_to(&packet, from)?;
        }
    }
}

/// A line, and the number that its reply has.
type Line = Option<(u8, String)>;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn packet(content: &[u8]) -> Vec<u8> {
    let content = [&[0xff], content].concat();
    [b"BE", &crc32fast::hash(&content).to_le_bytes()[..], &content].concat()
}

fn battleye(asked: &[u8], password: &str, socket: &UdpSocket, from: SocketAddr) -> std::io::Result<Line> {
    let content = asked.get(7..).unwrap_or_default();
    if asked != packet(content) {
        return Ok(None);
    }
    match content {
        [0, given @ ..] => {
            let is_right = given == password.as_bytes();
            socket.send_to(&packet(&[0, u8::from(is_right)]), from)?;
            if is_right {
                socket.send_to(&packet(b"\x02\x00RCon admin #0 logged in"), from)?;
            }
            Ok(None)
        }
        [1, number, line @ ..] => Ok(Some((*number, text(line)))),
        [2, 0] => {
            did("acknowledged");
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn goldsrc(asked: &[u8], password: &str, socket: &UdpSocket, from: SocketAddr) -> std::io::Result<Line> {
    let Some(asked) = asked.strip_prefix(MARK) else {
        return Ok(None);
    };
    if asked.starts_with(b"challenge rcon") {
        socket.send_to(b"\xff\xff\xff\xffchallenge rcon 4711\n\0", from)?;
        return Ok(None);
    }
    let asked = text(asked);
    let asked = asked.trim_end_matches(['\n', '\0', ' ']);
    match asked.strip_prefix(&format!("rcon 4711 \"{password}\"")) {
        Some(line) => Ok(Some((0, line.trim_start().to_owned()))),
        None => {
            socket.send_to(b"\xff\xff\xff\xfflBad rcon_password.\n\0\0", from)?;
            Ok(None)
        }
    }
}

fn quake(asked: &[u8], password: &str, socket: &UdpSocket, from: SocketAddr) -> std::io::Result<Line> {
    let Some(asked) = asked.strip_prefix(MARK) else {
        return Ok(None);
    };
    if asked.starts_with(b"getinfo") {
        socket.send_to(b"\xff\xff\xff\xffinfoResponse\n\\clients\\3\\sv_maxclients\\8", from)?;
        return Ok(None);
    }
    let asked = text(asked);
    let line = asked.strip_prefix(&format!("rcon {password} "));
    match line.or_else(|| asked.strip_prefix(&format!("rcon \"{password}\" "))) {
        Some(line) => Ok(Some((0, line.to_owned()))),
        None => {
            socket.send_to(b"\xff\xff\xff\xffprint\nBad rconpassword.\n", from)?;
            Ok(None)
        }
    }
}

/// Returns the packets of a reply; those with numbers come from the last to the first.
fn packets(kind: &str, number: u8, reply: &[u8]) -> Vec<Vec<u8>> {
    let byte = |number: usize| u8::try_from(number).expect("few parts");
    match kind {
        "battleye" if reply.len() <= 500 => vec![packet(&[&[1, number], reply].concat())],
        "battleye" => {
            let parts: Vec<&[u8]> = reply.chunks(500).collect();
            let all = parts.iter().enumerate();
            let packets = all.map(|(at, part)| packet(&[&[1, number, 0, byte(parts.len()), byte(at)], *part].concat()));
            packets.rev().collect()
        }
        "goldsrc" if reply.len() <= 1000 => vec![[MARK, b"l", reply, b"\0\0"].concat()],
        "goldsrc" => {
            let whole = [MARK, b"l", reply, b"\0\0"].concat();
            let parts: Vec<&[u8]> = whole.chunks(1000).collect();
            let all = parts.iter().enumerate();
            let packets = all.map(|(at, part)| {
                let place = byte(at << 4 | parts.len());
                [b"\xfe\xff\xff\xff\x07\0\0\0", &[place][..], part].concat()
            });
            packets.rev().collect()
        }
        _ if reply.is_empty() => vec![[MARK, b"print\n"].concat()],
        _ => reply
            .chunks(900)
            .map(|part| [MARK, b"print\n", part].concat())
            .collect(),
    }
}
