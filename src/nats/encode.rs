//! The words of a client.

/// Adds a message.
pub(super) fn publish(out: &mut Vec<u8>, subject: &str, reply: Option<&str>, payload: &[u8]) {
    let reply = reply.map_or_else(String::new, |reply| format!("{reply} "));
    out.extend_from_slice(format!("PUB {subject} {reply}{}\r\n", payload.len()).as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn subscribe(out: &mut Vec<u8>, subject: &str, sid: u64) {
    out.extend_from_slice(format!("SUB {subject} {sid}\r\n").as_bytes());
}

/// Adds the introduction, as a JSON object.
pub(super) fn connect(out: &mut Vec<u8>, introduction: &serde_json::Value) {
    out.extend_from_slice(format!("CONNECT {introduction}\r\n").as_bytes());
}

pub(super) fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PING\r\n");
}

pub(super) fn pong(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PONG\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_client() {
        let mut out = Vec::new();
        publish(&mut out, "a.b", None, b"hi");
        publish(&mut out, "a.b", Some("_INBOX.x"), b"");
        subscribe(&mut out, "a.*.cmd", 3);
        connect(&mut out, &serde_json::json!({ "name": "a\nb" }));
        ping(&mut out);
        pong(&mut out);
        let wanted = "PUB a.b 2\r\nhi\r\nPUB a.b _INBOX.x 0\r\n\r\nSUB a.*.cmd 3\r\n\
                      CONNECT {\"name\":\"a\\nb\"}\r\nPING\r\nPONG\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
