//! Games that are asked from outside: A2S_INFO and the Minecraft status, as
//! <https://developer.valvesoftware.com/wiki/Server_queries> and
//! <https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping> have them.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};

const CHALLENGE: &[u8] = b"1234";

/// Answers who gives back the challenge, and challenges everybody else.
pub(crate) fn steam(socket: &UdpSocket) -> std::io::Result<()> {
    let mut buffer = [0; 200];
    loop {
        let (n, from) = socket.recv_from(&mut buffer)?;
        let asked = &buffer[..n];
        if !asked.starts_with(b"\xff\xff\xff\xffT") {
            continue;
        }
        let answer = if asked.ends_with(CHALLENGE) {
            info()
        } else {
            [b"\xff\xff\xff\xffA", CHALLENGE].concat()
        };
        socket.send_to(&answer, from)?;
    }
}

fn info() -> Vec<u8> {
    [
        &b"\xff\xff\xff\xffI\x11"[..],
        b"A stand-in\0a map\0folder\0a game\0",
        &[0, 0],      // no application of Steam's
        &[3, 20, 1],  // players, room, bots
        b"dl\0\0",    // dedicated, Linux, open, unguarded
        b"1.0.0.0\0", // its version
        &[0],         // and nothing else
    ]
    .concat()
}

/// Answers with a status, in pieces, and to a ping with the same.
pub(crate) fn minecraft(mut stream: TcpStream) -> std::io::Result<()> {
    let text =
        r#"{"version":{"name":"1.21","protocol":767},"players":{"max":20,"online":3},"description":"A stand-in"}"#;
    packet_in(&mut stream)?;
    loop {
        let packet = packet_in(&mut stream)?;
        let body = if packet == [0] {
            [&[0, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat()
        } else {
            packet
        };
        stream.write_all(&[u8::try_from(body.len()).expect("short")])?;
        for piece in body.chunks(7) {
            stream.write_all(piece)?;
        }
    }
}

/// Clients say nothing that is longer than a byte can tell.
fn packet_in(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut len = [0];
    stream.read_exact(&mut len)?;
    let mut body = vec![0; len[0].into()];
    stream.read_exact(&mut body)?;
    Ok(body)
}
