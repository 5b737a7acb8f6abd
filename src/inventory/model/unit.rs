//! The plane `systemd`.

/// A service of systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitSpec {
    /// Its name, with `.service` at its end.
    pub unit: String,
    pub scope: UnitScope,
}

/// The service manager that a unit belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UnitScope {
    /// That of the host.
    System,
    /// That of a user; `None` for the user who runs gamectl.
    User(Option<String>),
}
