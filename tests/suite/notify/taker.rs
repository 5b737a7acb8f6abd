//! A stand-in for the services that take messages: it keeps what it was sent, and answers as
//! it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

const GOOD: &str = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";

/// A request that it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) path: String,
    head: Vec<String>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Taken {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.iter().filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

struct World {
    taken: Vec<Taken>,
    /// The answers of the first requests.
    first: VecDeque<String>,
    /// The answer of all others; none comes where it is `None`.
    answer: Option<String>,
    /// Connections that are not answered, so that they stay open.
    held: Vec<TcpStream>,
}

pub(crate) struct Taker {
    address: SocketAddr,
    is_tls: bool,
    world: Arc<Mutex<World>>,
}

impl Taker {
    pub(crate) fn begin() -> Self {
        Self::with(None)
    }

    /// Begins one that speaks TLS, with a certificate that it has made itself.
    pub(crate) fn begin_tls() -> Self {
        let file = |name: &str| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(file("own.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(file("own.key")).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a server");
        Self::with(Some(Arc::new(config)))
    }

    fn with(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taker = Self {
            address: listener.local_addr().expect("its address"),
            is_tls: tls.is_some(),
            world: Arc::new(Mutex::new(World {
                taken: Vec::new(),
                first: VecDeque::new(),
                answer: Some(GOOD.to_owned()),
                held: Vec::new(),
            })),
        };
        let world = Arc::clone(&taker.world);
        // It ends with the program of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (world, tls) = (Arc::clone(&world), tls.clone());
                std::thread::spawn(move || match tls {
                    None => {
                        let held = stream.try_clone().expect("a stream");
                        serve(stream, held, &world);
                    }
                    Some(config) => {
                        let held = stream.try_clone().expect("a stream");
                        let session = ServerConnection::new(config).expect("a session");
                        serve(StreamOwned::new(session, stream), held, &world);
                    }
                });
            }
        });
        taker
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// Sets the answer of all requests; without one they are kept waiting.
    pub(crate) fn answer(&self, answer: Option<&str>) {
        self.world().answer = answer.map(str::to_owned);
    }

    /// Adds an answer of one request before that.
    pub(crate) fn first(&self, answer: &str) {
        self.world().first.push_back(answer.to_owned());
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.world().taken.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("the world")
    }
}

/// Serves one request. `held` is the connection, for when it is kept open.
fn serve(stream: impl Read + Write, held: TcpStream, world: &Mutex<World>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(n) if n > 0 => {}
            _ => return,
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let mut taken = Taken {
        path: head[0].split(' ').nth(1).expect("a path").to_owned(),
        head,
        body: String::new(),
        at: Instant::now(),
    };
    assert!(taken.head[0].starts_with("POST "), "{taken:?}");
    let length = taken
        .header("content-length")
        .expect("a length")
        .parse()
        .expect("a number");
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    taken.body = String::from_utf8(body).expect("UTF-8");
    let answer = {
        let mut world = world.lock().expect("the world");
        world.taken.push(taken);
        let answer = world.first.pop_front().or_else(|| world.answer.clone());
        if answer.is_none() {
            world.held.push(held);
        }
        answer
    };
    if let Some(answer) = answer {
        let stream = reader.get_mut();
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.flush();
    }
}
