//! The targets that are told when something happens to an instance.

use std::path::PathBuf;
use std::sync::Arc;

use super::channels::{Password, Secret};
use crate::event::EventKind;

/// The kinds that a target is told of where it names none.
pub(crate) const DEFAULT_ON: [EventKind; 7] = [
    EventKind::Crashed,
    EventKind::StartFailed,
    EventKind::Hung,
    EventKind::GaveUp,
    EventKind::Recovered,
    EventKind::NotReady,
    EventKind::Schedule,
];

/// A target of `notify`, and what it is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    pub target: Arc<NotifyTarget>,
    pub on: Vec<EventKind>,
}

/// A service that takes messages over HTTP. Its files are of this machine, whatever host
/// the instance is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyTarget {
    /// A channel of Discord. Whoever knows the URL may write there, so it is a secret.
    Discord {
        url: Password,
    },
    Webhook(Box<WebhookTarget>),
    Ntfy(Box<NtfyTarget>),
}

/// An address of anybody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// The URL, valid where it is given.
    pub url: Password,
    /// Names with their values, which may be secret.
    pub headers: Vec<(String, Secret)>,
    /// The body, with its places for words; the one of gamectl when absent.
    pub body: Option<String>,
    /// A PEM file with the certificates that are trusted, absolute.
    pub ca: Option<PathBuf>,
}

/// A topic of a server of ntfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NtfyTarget {
    /// The URL of the server, valid where it is given.
    pub url: Password,
    pub topic: String,
    pub token: Option<Password>,
    /// A PEM file with the certificates that are trusted, absolute.
    pub ca: Option<PathBuf>,
}

impl NotifyTarget {
    /// Returns its key in the inventory.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Discord { .. } => "discord",
            Self::Webhook(_) => "webhook",
            Self::Ntfy(_) => "ntfy",
        }
    }

    pub fn url(&self) -> &Password {
        match self {
            Self::Discord { url } => url,
            Self::Webhook(webhook) => &webhook.url,
            Self::Ntfy(ntfy) => &ntfy.url,
        }
    }

    /// Returns the file of the certificates that it trusts.
    pub fn ca(&self) -> Option<&PathBuf> {
        match self {
            Self::Discord { .. } => None,
            Self::Webhook(webhook) => webhook.ca.as_ref(),
            Self::Ntfy(ntfy) => ntfy.ca.as_ref(),
        }
    }

    /// Returns its secrets that may be in files.
    pub fn passwords(&self) -> impl Iterator<Item = &Password> {
        let token = match self {
            Self::Ntfy(ntfy) => ntfy.token.as_ref(),
            Self::Discord { .. } | Self::Webhook(_) => None,
        };
        [self.url()].into_iter().chain(token)
    }

    /// Returns true where the inventory itself holds a secret of it.
    pub fn is_told_in_the_inventory(&self) -> bool {
        let is_given = |password: &Password| matches!(password, Password::Given(_));
        match self {
            Self::Discord { url } => is_given(url),
            Self::Webhook(webhook) => is_given(&webhook.url) || !webhook.headers.is_empty(),
            Self::Ntfy(ntfy) => ntfy.token.as_ref().is_some_and(is_given),
        }
    }
}
