//! The plane `amp`.

use super::address::HostPort;
use super::channels::Password;
use super::http::Tls;

/// An instance of CubeCoders AMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmpSpec {
    /// Its name in AMP, or its id there.
    pub instance: String,
    pub access: AmpAccess,
    pub layer: AmpLayer,
}

/// The way in which AMP is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmpAccess {
    /// By the API of its controller.
    Api(AmpPanel),
    /// By `ampinstmgr`, which is called as this user of the host.
    Manager(String),
}

impl AmpAccess {
    /// Returns the controller, where it is asked by its API.
    pub fn panel(&self) -> Option<&AmpPanel> {
        match self {
            Self::Api(panel) => Some(panel),
            Self::Manager(_) => None,
        }
    }

    /// Returns the place where a person sees what AMP has, without a secret.
    pub fn place(&self) -> String {
        match self {
            Self::Api(panel) => format!("AMP's panel at {}", panel.url()),
            Self::Manager(_) => "AMP's panel".to_owned(),
        }
    }
}

/// The controller of AMP, which has the list of all instances, and who asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmpPanel {
    pub address: HostPort,
    /// The path below which the API is, without a `/` at its end; often empty.
    pub base: String,
    pub tls: Option<Tls>,
    pub user: String,
    pub password: Password,
}

impl AmpPanel {
    /// Returns its URL, without a secret.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, self.base)
    }
}

/// The layer of an instance of AMP that a stop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmpLayer {
    /// The game alone: the part of AMP beside it goes on, and can be used in the panel.
    #[default]
    Application,
    /// The game, and then the part of AMP beside it.
    Instance,
}
