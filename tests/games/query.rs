//! Games that are asked from outside: A2S_INFO and the Minecraft status, as
//! <https://developer.valvesoftware.com/wiki/Server_queries> and
//! <https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping> have them.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};

const CHALLENGE: &[u8] = b"1234";

/// Answers who gives back the challenge, and challenges everybody else. A crowded
/// server has more players than a byte holds, and answers every other time with
/// nonsense.
pub(crate) fn steam(socket: &UdpSocket, crowded: bool, is_open: impl Fn() -> bool) -> std::io::Result<()> {
    let mut buffer = [0; 200];
    for nth in 0_u32.. {
        let (n, from) = socket.recv_from(&mut buffer)?;
        let asked = &buffer[..n];
        if !asked.starts_with(b"\xff\xff\xff\xffT") || !is_open() {
            continue;
        }
        let answer = if crowded && nth % 2 == 0 {
            vec![0; 64]
        } else if asked.ends_with(CHALLENGE) {
            info(crowded)
        } else {
            [b"\xff\xff\xff\xffA", CHALLENGE].concat()
        };
        socket.send_to(&answer, from)?;
    }
    Ok(())
}

fn info(crowded: bool) -> Vec<u8> {
    // Players and room; the flags, the port and the keywords.
    let (counts, rest) = if crowded {
        ([11, 44], &b"\xa0\x01\x02mp300,cp267,gmrust\0"[..])
    } else {
        ([3, 20], &[0][..])
    };
    [
        &b"\xff\xff\xff\xffI\x11"[..],
        b"A stand-in\0a map\0folder\0a game\0",
        &[0, 0], // no application of Steam's
        &counts,
        &[1],         // bots
        b"dl\0\0",    // dedicated, Linux, open, unguarded
        b"1.0.0.0\0", // its version
        rest,
    ]
    .concat()
}

/// Answers with a status, in pieces, and to a ping with the same. A modded server
/// puts `more` behind its status.
pub(crate) fn minecraft(mut stream: TcpStream, more: &[u8]) -> std::io::Result<()> {
    let text =
        r#"{"version":{"name":"1.21","protocol":767},"players":{"max":20,"online":3},"description":"A stand-in"}"#;
    packet_in(&mut stream)?;
    loop {
        let packet = packet_in(&mut stream)?;
        let body = if packet == [0] {
            [&[0, u8::try_from(text.len()).expect("short")], text.as_bytes(), more].concat()
        } else {
            packet
        };
        stream.write_all(&[u8::try_from(body.len()).expect("short")])?;
        for piece in body.chunks(7) {
            stream.write_all(piece)?;
        }
    }
}

/// Answers as servers before 1.7 do, and says nothing to whoever asks otherwise.
pub(crate) fn old_minecraft(mut stream: TcpStream) -> std::io::Result<()> {
    let mut asked = [0; 200];
    let n = stream.read(&mut asked)?;
    if asked[..n].starts_with(&[0xfe, 1]) {
        let words = ["\u{a7}1", "78", "1.6.4", "A stand-in", "3", "20"];
        let text: Vec<u16> = words.join("\0").encode_utf16().collect();
        let len = u16::try_from(text.len()).expect("short");
        let units = std::iter::once(len).chain(text).flat_map(u16::to_be_bytes);
        return stream.write_all(&std::iter::once(0xff).chain(units).collect::<Vec<u8>>());
    }
    while stream.read(&mut asked)? > 0 {}
    Ok(())
}

/// Answers any request with a status, byte for byte.
pub(crate) fn http(mut stream: TcpStream, is_open: bool) -> std::io::Result<()> {
    let mut request = [0; 1024];
    if stream.read(&mut request)? > 0 {
        let status = if is_open { "401 No" } else { "503 Not yet" };
        for byte in format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").bytes() {
            stream.write_all(&[byte])?;
        }
    }
    Ok(())
}

/// Clients say nothing that is longer than a byte can tell.
fn packet_in(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut len = [0];
    stream.read_exact(&mut len)?;
    let mut body = vec![0; len[0].into()];
    stream.read_exact(&mut body)?;
    Ok(body)
}
