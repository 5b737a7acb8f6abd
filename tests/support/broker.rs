//! Real servers of NATS for tests, and a client that is not ours: a few lines on a socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Process, Sandbox, free_port, wait_for, wait_until};

/// Returns the server; `None` where there is none, and the test is not run.
/// `GAMECTL_TEST_NATS=required` makes that a failure.
pub fn nats_server(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let named = std::env::var_os("GAMECTL_TEST_NATS_SERVER").map(PathBuf::from);
    let found = named.or_else(|| {
        folders
            .map(|folder| folder.join("nats-server"))
            .find(|path| path.exists())
    });
    if found.is_none() {
        super::not_run(test, "nats-server is missing", "GAMECTL_TEST_NATS");
    }
    found
}

/// A server, which is killed when this is dropped.
pub struct Broker {
    program: PathBuf,
    config: PathBuf,
    pub port: u16,
    /// The address that it listens at.
    host: String,
    /// The words before its own.
    wrapper: Vec<String>,
    child: Option<Child>,
}

impl Broker {
    /// Starts one with these lines in its configuration.
    pub fn start(program: &std::path::Path, sandbox: &Sandbox, config: &str) -> Self {
        let mut broker = Self::stopped(program, sandbox, config);
        broker.begin();
        broker
    }

    /// Starts one that listens at all addresses, by another program such as `nsenter`.
    pub fn within(program: &std::path::Path, sandbox: &Sandbox, config: &str, wrapper: &[String]) -> Self {
        let mut broker = Self::stopped(program, sandbox, config);
        "0.0.0.0".clone_into(&mut broker.host);
        broker.wrapper = wrapper.to_vec();
        broker.configure(config);
        broker.begin();
        broker
    }

    /// Prepares one that does not run yet.
    pub fn stopped(program: &std::path::Path, sandbox: &Sandbox, config: &str) -> Self {
        let port = free_port();
        let broker = Self {
            program: program.to_owned(),
            config: sandbox.path(&format!("nats-{port}.conf")),
            port,
            host: "127.0.0.1".to_owned(),
            wrapper: Vec::new(),
            child: None,
        };
        broker.configure(config);
        broker
    }

    /// Writes its configuration with these lines. One that runs reads it after a `SIGHUP`.
    pub fn configure(&self, config: &str) {
        let text = format!("host: {}\nport: {}\n{config}\n", self.host, self.port);
        fs::write(&self.config, text).expect("a configuration");
    }

    /// Has it read another configuration while it runs, and waits for that.
    pub fn reload(&self, config: &str) {
        let before = self.logged("Reloaded server configuration");
        self.configure(config);
        self.signal(Signal::SIGHUP);
        wait_until("nats-server to read its configuration", || {
            self.logged("Reloaded server configuration") > before
        });
    }

    /// The number of lines with this text in its log, since it was begun.
    pub fn logged(&self, text: &str) -> usize {
        let log = fs::read_to_string(self.config.with_extension("log")).expect("a log");
        log.lines().filter(|line| line.contains(text)).count()
    }

    pub fn begin(&mut self) {
        let mut words = self.wrapper.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
        words.push(self.program.clone().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        let log = fs::File::create(self.config.with_extension("log")).expect("a log");
        command.arg("-c").arg(&self.config).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("start nats-server"));
        wait_until("nats-server to accept", || match self.wrapper.is_empty() {
            true => TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
            // It may be where it is not reached from here.
            false => self.logged("Server is ready") > 0,
        });
    }

    pub fn signal(&self, signal: Signal) {
        Process::signal(Process::pid_of(self.child.as_ref().expect("it runs")), signal);
    }

    /// Ends it by a signal, and waits for that.
    pub fn end(&mut self, signal: Signal) {
        self.signal(signal);
        if let Some(mut child) = self.child.take() {
            child.wait().expect("wait for nats-server");
        }
    }

    /// The URL for an inventory.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub subject: String,
    pub body: Value,
}

/// A client that hears all there is, and can ask.
pub struct NatsListener {
    stream: TcpStream,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// The pings that were answered.
    pongs: Arc<Mutex<usize>>,
}

impl NatsListener {
    /// Connects, subscribes to everything, and waits until the server has read that.
    pub fn to(port: u16, login: &str) -> Self {
        Self::subscribed(port, login, "SUB > 1\r\n")
    }

    /// Connects without hearing anything.
    pub fn to_nothing(port: u16) -> Self {
        Self::subscribed(port, "", "")
    }

    fn subscribed(port: u16, login: &str, subscription: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        let (heard, pongs) = (Arc::default(), Arc::default());
        let reader = Reader {
            lines: BufReader::new(stream.try_clone().expect("the stream")),
            answers: stream.try_clone().expect("the stream"),
            heard: Arc::clone(&heard),
            pongs: Arc::clone(&pongs),
        };
        std::thread::spawn(move || reader.read());
        let introduction = format!("CONNECT {{\"verbose\":false,\"pedantic\":false{login}}}\r\n{subscription}");
        stream.write_all(introduction.as_bytes()).expect("subscribe");
        let mut listener = Self { stream, heard, pongs };
        listener.flush();
        listener
    }

    /// Waits until the server has read all that was written.
    pub fn flush(&mut self) {
        let before = *self.pongs.lock().expect("the pongs");
        self.stream.write_all(b"PING\r\n").expect("ping");
        wait_until("a pong", || *self.pongs.lock().expect("the pongs") > before);
    }

    pub fn publish(&mut self, subject: &str, reply: &str, body: &str) {
        let text = format!("PUB {subject} {reply} {}\r\n{body}\r\n", body.len());
        self.stream.write_all(text.as_bytes()).expect("publish");
    }

    /// Asks, and waits for so many answers.
    pub fn ask(&mut self, subject: &str, body: &str, answers: usize) -> Vec<Value> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let reply = format!("_INBOX.test{number}");
        self.publish(subject, &reply, body);
        wait_for(&format!("an answer to {body}"), || {
            let all = self.bodies(&reply);
            (all.len() >= answers).then_some(all)
        })
    }

    /// All messages so far.
    pub fn all(&self) -> Vec<Heard> {
        self.heard.lock().expect("the messages").clone()
    }

    /// The bodies of those with this subject.
    pub fn bodies(&self, subject: &str) -> Vec<Value> {
        let all = self.all().into_iter().filter(|one| one.subject == subject);
        all.map(|one| one.body).collect()
    }

    /// The states of an instance, in order.
    pub fn states(&self, subject: &str) -> Vec<String> {
        let bodies = self.bodies(subject).into_iter();
        bodies
            .map(|body| body["state"].as_str().unwrap_or("none").to_owned())
            .collect()
    }
}

struct Reader {
    lines: BufReader<TcpStream>,
    answers: TcpStream,
    heard: Arc<Mutex<Vec<Heard>>>,
    pongs: Arc<Mutex<usize>>,
}

impl Reader {
    fn read(mut self) {
        while self.one().is_some() {}
    }

    fn one(&mut self) -> Option<()> {
        let mut line = String::new();
        if self.lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.first().copied() {
            Some("PING") => self.answers.write_all(b"PONG\r\n").ok()?,
            Some("PONG") => *self.pongs.lock().expect("the pongs") += 1,
            Some("MSG") => {
                let size: usize = words.last()?.parse().ok()?;
                let mut body = vec![0; size + 2];
                self.lines.read_exact(&mut body).ok()?;
                body.truncate(size);
                let body = serde_json::from_slice(&body)
                    .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
                let subject = words.get(1)?.to_string();
                self.heard.lock().expect("the messages").push(Heard { subject, body });
            }
            _ => {}
        }
        Some(())
    }
}
