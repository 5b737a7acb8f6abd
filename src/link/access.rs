//! The proof of who connects, read anew for each connection: a password may have been
//! changed since.

use crate::channel;
use crate::failure::Failure;
use crate::inventory::{NatsLogin, Secret};
use crate::nats::Credentials;
use crate::sys::plain_file;

/// The largest file of credentials, in bytes.
const CREDENTIALS_MAX: u64 = 64 << 10;

/// Reads what the inventory names.
///
/// # Errors
/// When a file cannot be read.
pub(super) async fn credentials(login: Option<&NatsLogin>) -> Result<Credentials, Failure> {
    Ok(match login {
        None => Credentials::None,
        Some(NatsLogin::Token(token)) => Credentials::Token(channel::secret(token).await?),
        Some(NatsLogin::User { user, password }) => Credentials::Password {
            user: user.clone(),
            password: channel::secret(password).await?,
        },
        Some(NatsLogin::Nkey(seed)) => Credentials::Nkey(channel::secret(seed).await?),
        Some(NatsLogin::Credentials(path)) => {
            let cannot = |why: &str| Failure::failed(format!("the credentials {} {why}", path.display()));
            let read = plain_file::read(path, CREDENTIALS_MAX).await;
            let bytes = read.map_err(|error| cannot(&format!("cannot be read: {error}")))?;
            let text = String::from_utf8(bytes).map_err(|_| cannot("are not text in UTF-8"))?;
            Credentials::Jwt(Secret::new(text))
        }
    })
}
