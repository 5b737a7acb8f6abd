//! A stand-in for the controller of AMP, by its published API: a real one needs a licence.
//!
//! A state that is on its way goes one step further with each list that is asked for, so
//! nothing depends on time.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) const USER: &str = "gamectl";
pub(crate) const PASSWORD: &str = "pw-canary";

pub(crate) const STOPPED: i64 = 0;
pub(crate) const STARTING: i64 = 10;
pub(crate) const READY: i64 = 20;
pub(crate) const STOPPING: i64 = 40;
pub(crate) const FAILED: i64 = 100;

/// An instance of AMP.
pub(crate) struct Fake {
    pub(crate) id: String,
    pub(crate) running: Value,
    pub(crate) app_state: Value,
    pub(crate) suspended: bool,
    pub(crate) module: &'static str,
    pub(crate) players: Option<(Value, Value)>,
    /// The states through which the next lists lead it.
    pub(crate) next: Vec<i64>,
    pub(crate) tasks: Vec<Value>,
    /// The lines of its console, and how many of them each session has had.
    pub(crate) console: Vec<String>,
    had: HashMap<String, usize>,
    /// The lines that were sent to it.
    pub(crate) heard: Vec<String>,
}

/// An answer in place of the proper one.
#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The length that the head tells, where that is not the one of the body.
    pub(crate) length: Option<usize>,
    /// False if what was asked for is not carried out.
    pub(crate) is_done: bool,
    /// The time before it comes.
    pub(crate) after: Duration,
}

impl Canned {
    pub(crate) fn text(body: &str) -> Self {
        Self {
            head: "200 OK".to_owned(),
            body: body.as_bytes().to_vec(),
            length: None,
            is_done: true,
            after: Duration::ZERO,
        }
    }
}

/// The places in which a session is looked for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum LooksInto {
    Either,
    Header,
    Body,
}

pub(crate) struct World {
    pub(crate) instances: Vec<(String, Fake)>,
    pub(crate) remote_state: Option<i64>,
    sessions: HashSet<String>,
    logins: usize,
    pub(crate) password: String,
    pub(crate) looks_into: LooksInto,
    /// The methods that its user may not call.
    pub(crate) forbidden: HashSet<String>,
    pub(crate) canned: HashMap<String, Canned>,
    /// The answer of methods that return nothing: versions of AMP differ in it.
    pub(crate) nothing: &'static str,
    /// Each request: its method, with the id of the instance before it, and its time.
    pub(crate) asked: Vec<(String, Instant)>,
}

pub(crate) struct Panel {
    pub(crate) port: u16,
    world: Arc<Mutex<World>>,
}

impl Panel {
    pub(crate) fn new() -> Self {
        Self::serving(None)
    }

    /// A panel over TLS, with the certificate and the key of these files in `tests/tls`.
    pub(crate) fn encrypted(name: &str) -> Self {
        let file = |kind: &str| {
            let path = crate::support::repository::root().join(format!("tests/tls/{name}.{kind}"));
            std::fs::read(path).expect("a file of tests/tls")
        };
        let certs = CertificateDer::pem_slice_iter(&file("pem")).collect::<Result<_, _>>();
        let key = PrivateKeyDer::from_pem_slice(&file("key")).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(certs.expect("certificates"), key);
        Self::serving(Some(Arc::new(config.expect("a certificate with its key"))))
    }

    fn serving(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let world = Arc::new(Mutex::new(World {
            instances: Vec::new(),
            remote_state: None,
            sessions: HashSet::new(),
            logins: 0,
            password: PASSWORD.to_owned(),
            looks_into: LooksInto::Either,
            forbidden: HashSet::new(),
            canned: HashMap::new(),
            nothing: "",
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&world);
        // It ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &shared),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a connection");
                        serve(StreamOwned::new(connection, stream), &shared);
                    }
                });
            }
        });
        Self { port, world }
    }

    /// A panel with these instances, each with the state of its application; `None` for an
    /// instance that does not run.
    pub(crate) fn with(instances: &[(&str, Option<i64>)]) -> Self {
        let panel = Self::new();
        for (name, state) in instances {
            panel.add(name, *state);
        }
        panel
    }

    pub(crate) fn add(&self, name: &str, state: Option<i64>) {
        let mut world = self.world();
        let number = world.instances.len() + 1;
        let fake = Fake {
            id: format!("{number:08x}-0000-4000-8000-000000000000"),
            running: json!(state.is_some()),
            app_state: json!(state.unwrap_or(-1)),
            suspended: false,
            module: "GenericModule",
            players: Some((json!(0), json!(20))),
            next: Vec::new(),
            tasks: Vec::new(),
            console: Vec::new(),
            had: HashMap::new(),
            heard: Vec::new(),
        };
        world.instances.push((name.to_owned(), fake));
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("the world")
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Fake)) {
        let mut world = self.world();
        let found = world.instances.iter_mut().find(|(known, _)| known == name);
        change(&mut found.expect("an instance").1);
    }

    /// Answers a method in another way than the proper one.
    pub(crate) fn answer(&self, method: &str, canned: Canned) {
        self.world().canned.insert(method.to_owned(), canned);
    }

    /// Answers all properly again.
    pub(crate) fn behave(&self) {
        let mut world = self.world();
        world.canned.clear();
        world.forbidden.clear();
    }

    /// Ends all sessions.
    pub(crate) fn expire(&self) {
        self.world().sessions.clear();
    }

    /// Returns the methods that were asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.world().asked.drain(..).map(|(method, _)| method).collect()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The section of the inventory for an instance.
    pub(crate) fn section(&self, name: &str) -> Value {
        json!({ "url": self.url(), "instance": name, "user": USER, "password": PASSWORD })
    }
}

fn serve(stream: impl Read + Write, world: &Mutex<World>) {
    let mut stream = BufReader::new(stream);
    let Some((path, head, body)) = request(&mut stream) else {
        return;
    };
    let method = path.trim_start_matches("/amp").trim_start_matches("/API/").to_owned();
    let (id, method) = match method
        .strip_prefix("ADSModule/Servers/")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((id, method)) => (id.to_owned(), method.trim_start_matches("API/").to_owned()),
        None => (String::new(), method),
    };
    let canned = {
        let mut world = world.lock().expect("the world");
        let shown = if id.is_empty() {
            method.clone()
        } else {
            format!("{id} {method}")
        };
        world.asked.push((shown, Instant::now()));
        world.canned.get(&method).cloned()
    };
    if let Some(canned) = &canned {
        std::thread::sleep(canned.after);
    }
    let answer = match &canned {
        Some(canned) if !canned.is_done => None,
        _ => Some(world.lock().expect("the world").answer(&id, &method, &head, &body)),
    };
    let canned = canned.unwrap_or_else(|| Canned::text(&answer.unwrap_or_default()));
    let length = canned.length.unwrap_or(canned.body.len());
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        canned.head
    );
    let stream = stream.get_mut();
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&canned.body);
    let _ = stream.flush();
}

/// Reads a request: its path, the lines of its head, and its body.
fn request(stream: &mut BufReader<impl Read>) -> Option<(String, Vec<String>, Value)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = field(&head, "content-length").and_then(|value| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    let path = head.first()?.split(' ').nth(1)?.to_owned();
    Some((path, head, serde_json::from_slice(&body).unwrap_or_default()))
}

fn field(head: &[String], name: &str) -> Option<String> {
    let mut fields = head.iter().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned())
}

fn refused() -> String {
    json!({ "Title": "Unauthorized Access", "Message": "Session.Exists", "StackTrace": "" }).to_string()
}

fn done() -> String {
    json!({ "Status": true, "Reason": null, "SupportTitle": null, "SupportURL": null, "Result": null }).to_string()
}

impl World {
    fn answer(&mut self, id: &str, method: &str, head: &[String], body: &Value) -> String {
        if !id.is_empty()
            && !self
                .instances
                .iter()
                .any(|(_, one)| one.id == id && one.running == json!(true))
        {
            return json!({ "Title": "Instance Unavailable", "Message": "The instance is not running.", "StackTrace": "" })
                .to_string();
        }
        if method == "Core/Login" {
            return self.login(id, body);
        }
        let in_header = field(head, "authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let in_body = body["SESSIONID"].as_str().map(str::to_owned);
        let session = match self.looks_into {
            LooksInto::Header => in_header,
            LooksInto::Body => in_body,
            LooksInto::Either => in_header.filter(|one| self.sessions.contains(one)).or(in_body),
        };
        let session = session.filter(|one| self.sessions.contains(one) && one.starts_with(&format!("[{id}]")));
        let Some(session) = session.filter(|_| !self.forbidden.contains(method)) else {
            return refused();
        };
        match method {
            "ADSModule/GetInstances" => self.list(),
            "ADSModule/StartInstance" | "ADSModule/StopInstance" => {
                let is_start = method.ends_with("StartInstance");
                let name = body["InstanceName"].as_str().unwrap_or_default();
                match self.instances.iter_mut().find(|(known, _)| known == name) {
                    Some((_, one)) => {
                        one.running = json!(is_start);
                        one.app_state = json!(if is_start { STOPPED } else { -1 });
                        done()
                    }
                    None => json!({ "Status": false, "Reason": "No such instance" }).to_string(),
                }
            }
            _ => {
                let mine = self.instances.iter_mut().find(|(_, one)| one.id == id);
                let answer = mine.map_or_else(refused, |(_, one)| one.answer(method, &session, body));
                match answer.as_str() {
                    "" => self.nothing.to_owned(),
                    _ => answer,
                }
            }
        }
    }

    fn login(&mut self, id: &str, body: &Value) -> String {
        self.logins += 1;
        let is_right = body["username"] == USER && body["password"] == self.password.as_str();
        let session = format!("[{id}]session-canary-{}", self.logins);
        if is_right {
            self.sessions.insert(session.clone());
        }
        json!({
            "success": is_right,
            "result": if is_right { 10 } else { 0 },
            "resultReason": if is_right { "" } else { "Invalid username or password" },
            "permissions": [],
            "sessionID": is_right.then_some(session),
            "rememberMeToken": "",
            "userInfo": {
                "ID": "u", "Username": USER, "EmailAddress": "", "IsTwoFactorEnabled": false,
                "Disabled": false, "LastLogin": "/Date(1750000000000)/", "GravatarHash": "",
                "IsLDAPUser": false, "AvatarBase64": "",
            },
        })
        .to_string()
    }

    fn list(&mut self) -> String {
        let instances: Vec<Value> = self.instances.iter().map(|(name, one)| one.summary(name)).collect();
        for (_, one) in &mut self.instances {
            if !one.next.is_empty() {
                one.app_state = json!(one.next.remove(0));
            }
        }
        json!([{
            "Id": 1, "InstanceId": "0000", "FriendlyName": "box", "Description": "", "Disabled": false,
            "IsRemote": self.remote_state.is_some(), "State": self.remote_state.unwrap_or(20),
            "StateReason": "", "Tags": [], "TagsList": "", "URL": "http://127.0.0.1:8080/",
            "LastUpdated": "/Date(1750000000000)/", "CanCreate": true, "CreatesInContainers": false,
            "AvailableIPs": ["127.0.0.1"], "Datastores": [], "Fitness": null,
            "Platform": {
                "CPUInfo": {
                    "Sockets": 1, "Cores": 2, "Threads": 2, "Vendor": "x", "ModelName": "x",
                    "TotalCores": 2, "TotalThreads": 2,
                },
                "InstalledRAMMB": 2048, "OS": 2, "PlatformName": "Debian", "SystemType": 1,
                "Virtualization": 0, "DockerNetworkIsHostMode": false,
            },
            "AvailableInstances": instances,
        }])
        .to_string()
    }
}

fn metric(raw: &Value, max: &Value, units: &str) -> Value {
    json!({
        "RawValue": raw, "MaxValue": max, "Percent": 0, "Units": units, "Color": "#000", "Color2": "#000",
        "Color3": "#000", "ShortName": units,
    })
}

impl Fake {
    fn metrics(&self) -> Value {
        let mut metrics = json!({ "CPU Usage": metric(&json!(3), &json!(100), "%") });
        if let Some((online, max)) = &self.players {
            metrics["Active Users"] = metric(online, max, "");
        }
        metrics
    }

    fn summary(&self, name: &str) -> Value {
        json!({
            "InstanceID": self.id, "TargetID": "0000", "InstanceName": name, "FriendlyName": format!("{name} of ours"),
            "Description": "", "Module": self.module, "ModuleDisplayName": "Ark", "AMPVersion": "2.6.0.4",
            "IsHTTPS": false, "IP": "127.0.0.1", "Port": 8081, "Daemon": true, "DaemonAutostart": true,
            "ExcludeFromFirewall": false, "Running": self.running, "AppState": self.app_state, "Tags": [],
            "DiskUsageMB": 0, "ReleaseStream": 10, "ManagementMode": 10, "Suspended": self.suspended,
            "IsContainerInstance": false, "ContainerMemoryMB": 0, "ContainerSwapMB": 0, "ContainerMemoryPolicy": 0,
            "ContainerCPUs": 0.0, "SpecificDockerImage": "", "UseHostModeNetwork": false, "Metrics": self.metrics(),
            "ApplicationEndpoints": [{ "DisplayName": "Application Address", "Endpoint": "127.0.0.1:7777", "Uri": "" }],
            "DeploymentArgs": {}, "DisplayImageSource": "", "WelcomeMessage": "",
        })
    }

    fn answer(&mut self, method: &str, session: &str, body: &Value) -> String {
        match method {
            "Core/Start" => {
                self.app_state = json!(5);
                self.next = vec![STARTING, READY];
                done()
            }
            "Core/Stop" => {
                if self.app_state != json!(STOPPED) {
                    self.app_state = json!(STOPPING);
                    self.next = vec![STOPPED];
                }
                String::new()
            }
            "Core/Kill" => {
                self.app_state = json!(STOPPED);
                self.next = Vec::new();
                String::new()
            }
            "Core/SendConsoleMessage" => {
                let line = body["message"].as_str().unwrap_or_default().to_owned();
                self.console.push(format!("heard {line}"));
                self.heard.push(line);
                String::new()
            }
            "Core/GetStatus" => self.status().to_string(),
            "Core/GetTasks" => json!(self.tasks).to_string(),
            "Core/GetUpdates" => {
                let had = self.had.entry(session.to_owned()).or_default();
                let news: Vec<Value> = self.console[*had..].iter().map(|line| entry(line)).collect();
                *had = self.console.len();
                json!({
                    "ConsoleEntries": news, "Messages": [], "Ports": [], "Tasks": self.tasks,
                    "Status": self.status(),
                })
                .to_string()
            }
            _ => refused(),
        }
    }

    fn status(&self) -> Value {
        json!({ "State": self.app_state, "Uptime": "0:01:02:03", "Metrics": self.metrics() })
    }
}

/// A task that AMP is at.
pub(crate) fn task(name: &str, percent: u8) -> Value {
    json!({
        "IsPrimaryTask": true, "StartTime": "/Date(1750000000000)/", "Id": "00000000-0000-4000-8000-000000000001",
        "Name": name, "Description": "", "HideFromUI": false, "FastDismiss": false, "DontPropagate": false,
        "LastUpdatePushed": "/Date(1750000000000)/", "ProgressPercent": percent, "IsCancellable": false,
        "Origin": "Ours", "IsIndeterminate": false, "State": 0, "StateMessage": "", "Status": "", "Speed": "",
        "ParentTaskId": null, "RemoteInstanceId": null, "EndTime": null,
    })
}

fn entry(line: &str) -> Value {
    json!({
        "Timestamp": "/Date(1750000000000)/", "Source": "Console", "SourceId": "00000000-0000-0000-0000-000000000000",
        "Type": "Console", "Contents": line,
    })
}
