//! Requests over HTTP, for probes and for steps of a stop.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::address::HostPort;
use super::channels::{Password, Secret};

/// A request over HTTP, and the answers that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    pub address: HostPort,
    /// The path and the query, beginning with `/`.
    pub path: String,
    /// The wanted statuses; any from 200 to 299 when empty.
    pub status: Vec<u16>,
    pub method: HttpMethod,
    /// The body; no body is sent when empty.
    pub body: String,
    /// The encryption, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// In the inventory only: no record of a stop chain has it.
    #[serde(skip)]
    pub access: HttpAccess,
}

/// TLS, and whom it trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tls {
    /// A PEM file with the certificates that are trusted, absolute; those of the
    /// system when absent.
    pub ca: Option<PathBuf>,
}

/// The part of a request that says who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAccess {
    pub login: Option<HttpLogin>,
    /// Names with their values, which may be secret.
    pub headers: Vec<(String, Secret)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpLogin {
    Basic { user: String, password: Password },
    Bearer(Password),
}

impl HttpLogin {
    pub fn password(&self) -> &Password {
        match self {
            Self::Basic { password, .. } | Self::Bearer(password) => password,
        }
    }
}

impl HttpCheck {
    pub fn accepts(&self, status: u16) -> bool {
        if self.status.is_empty() {
            return (200..300).contains(&status);
        }
        self.status.contains(&status)
    }

    /// Returns true if only the login, the encryption and the wanted answers may differ.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        (&self.address, &self.path, self.method, &self.body) == (&other.address, &other.path, other.method, &other.body)
    }

    /// Returns the path without the query, which may carry a secret.
    pub fn shown_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    Get,
    Post,
    Put,
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        })
    }
}
