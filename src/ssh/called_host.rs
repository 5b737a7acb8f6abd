//! A host that is called, with the definitions of its instances.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::call::Call;
use super::connection::Connection;
use super::wire::Ask;
use crate::failure::Failure;
use crate::inventory::HostSpec;
use crate::invocation;

/// A host that could not be reached is not tried again before this time.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// The longest wait until a host has read the definitions.
const OPEN: Duration = Duration::from_secs(10);

/// A host, and the connection to it.
pub(super) struct CalledHost {
    spec: Arc<HostSpec>,
    /// An inventory of its instances, as JSON. It may hold secrets.
    definitions: String,
    folder: Option<String>,
    state: Mutex<Reached>,
    /// The account there, as it introduced itself last.
    account: StdMutex<Option<String>>,
}

#[derive(Default)]
enum Reached {
    #[default]
    Untried,
    Yes(Arc<Connection>),
    No(Failure, Instant),
}

/// Makes a request, once.
type MakeAsk<'a> = &'a mut (dyn FnMut() -> Ask + Send);

impl CalledHost {
    pub(super) fn new(spec: Arc<HostSpec>, definitions: String, folder: Option<String>) -> Self {
        Self {
            spec,
            definitions,
            folder,
            state: Mutex::default(),
            account: StdMutex::default(),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.spec, &self.definitions, &self.folder) == (&other.spec, &other.definitions, &other.folder)
    }

    pub(super) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(super) fn spec(&self) -> &HostSpec {
        &self.spec
    }

    /// Returns the connection, which is made where there is none. Whoever comes meanwhile
    /// waits for the same one.
    ///
    /// # Errors
    /// When the host cannot be reached, or does not take the definitions.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let (connection, _) = self.connection_with(None).await?;
        Ok(connection)
    }

    /// Returns the account there, as it introduced itself last.
    pub(super) fn account(&self) -> Option<String> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the connection if there is one; none is made.
    pub(super) async fn known_connection(&self) -> Option<Arc<Connection>> {
        match &*self.state.lock().await {
            Reached::Yes(connection) if !connection.is_lost() => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Sends a request that changes nothing. Over a new connection it goes right behind the
    /// definitions: waiting for their answer is a third of the time of a `status` on a
    /// long way.
    ///
    /// # Errors
    /// When the host cannot be reached, or does not take the definitions; `ask` may have
    /// been called or not.
    pub(super) async fn ask_early(&self, mut ask: impl FnMut() -> Ask + Send) -> Result<Call, Failure> {
        match self.connection_with(Some(&mut ask)).await? {
            (_, Some(call)) => Ok(call),
            (connection, None) => Call::begin(&connection, ask()).await,
        }
    }

    /// Returns the connection, and the early request if it was made for that.
    async fn connection_with(&self, early: Option<MakeAsk<'_>>) -> Result<(Arc<Connection>, Option<Call>), Failure> {
        let mut state = self.state.lock().await;
        match &*state {
            Reached::Yes(connection) if !connection.is_lost() => return Ok((Arc::clone(connection), None)),
            Reached::No(failure, at) if at.elapsed() < RETRY => return Err(failure.clone()),
            _ => {}
        }
        match self.connect(early).await {
            Ok((connection, asked)) => {
                *state = Reached::Yes(Arc::clone(&connection));
                Ok((connection, asked))
            }
            Err(failure) => {
                *state = Reached::No(failure.clone(), Instant::now());
                Err(failure)
            }
        }
    }

    async fn connect(&self, early: Option<MakeAsk<'_>>) -> Result<(Arc<Connection>, Option<Call>), Failure> {
        let connection = Arc::new(Connection::open(&self.spec).await?);
        let account = connection.greeting().account();
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = account;
        let ask = Ask::Open {
            inventory: self.definitions.clone(),
            folder: self.folder.clone(),
            options: invocation::options(),
        };
        let opened = async {
            let mut open = Call::begin(&connection, ask).await?;
            let asked = match early {
                Some(early) => Some(Call::begin(&connection, early()).await?),
                None => None,
            };
            open.next().await.map(|_| asked)
        };
        match timeout(OPEN, opened).await {
            Ok(asked) => Ok((Arc::clone(&connection), asked?)),
            Err(_) => Err(self.silent(OPEN)),
        }
    }

    /// Returns the failure of a host that has said nothing within a limit.
    pub(super) fn silent(&self, limit: Duration) -> Failure {
        Failure::unknown(format!(
            "{}: it did not answer within {} seconds",
            self.name(),
            limit.as_secs()
        ))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the host cannot be reached: nothing was asked then.
    pub(super) async fn call(&self, ask: Ask) -> Result<Call, Failure> {
        let connection = self.connection().await?;
        self.call_over(&connection, ask).await
    }

    /// Sends a request over a connection.
    ///
    /// # Errors
    /// When the gamectl there is too old for it, or the connection was lost.
    pub(super) async fn call_over(&self, connection: &Arc<Connection>, ask: Ask) -> Result<Call, Failure> {
        if let Some(feature) = ask.feature() {
            connection.greeting().check_feature(self.name(), feature)?;
        }
        Call::begin(connection, ask).await
    }
}
