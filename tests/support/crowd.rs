//! A game server's answer to A2S_INFO, with as many players as a test wants.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Players that come and go, counted at a port of this host.
pub struct Crowd {
    port: u16,
    count: Arc<AtomicI64>,
    asked: Arc<AtomicI64>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Begins with so many that play; `None` makes a server that does not answer.
    pub fn of(count: Option<u8>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout");
        let mut new = Self {
            port: socket.local_addr().expect("its address").port(),
            count: Arc::default(),
            asked: Arc::default(),
            is_over: Arc::default(),
            thread: None,
        };
        new.set(count);
        let (count, asked, is_over) = (Arc::clone(&new.count), Arc::clone(&new.asked), Arc::clone(&new.is_over));
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 100];
            while !is_over.load(Ordering::SeqCst) {
                let Ok((_, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                if let Ok(online) = u8::try_from(count.load(Ordering::SeqCst)) {
                    let answer = [
                        &b"\xff\xff\xff\xffI\x11A game\0a map\0folder\0game\0\0\0"[..],
                        &[online, 20, 0],
                        b"dl\0\x001\0\0",
                    ]
                    .concat();
                    let _ = socket.send_to(&answer, from);
                }
                asked.fetch_add(1, Ordering::SeqCst);
            }
        });
        new.thread = Some(thread);
        new
    }

    /// Returns the address at which they are counted.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Changes how many play; `None`: it does not answer any more.
    pub fn set(&self, count: Option<u8>) {
        self.count.store(count.map_or(-1, i64::from), Ordering::SeqCst);
    }

    /// Waits until they were counted so many times more.
    pub fn counted(&self, more: i64) {
        let before = self.asked.load(Ordering::SeqCst);
        super::wait_until("the players to be counted", || {
            self.asked.load(Ordering::SeqCst) >= before + more
        });
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
