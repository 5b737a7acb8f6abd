//! The shape of the table: sections, their keys, and the kinds of values.

/// The kind of value that a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any scalar, as text.
    Text,
    Path,
    Flag,
    Duration,
    Size,
    /// A whole number from the one to the other.
    Number(u32, u32),
    /// A whole number that may be negative.
    Signed(i32, i32),
    Numbers(u32, u32),
    /// `HOST:PORT`.
    Address,
    /// `28015/udp`.
    PortSpec,
    /// A list of texts.
    Words,
    Choice(&'static [&'static str]),
    ChoiceList(&'static [&'static str]),
    /// A mapping whose keys and values are anybody's.
    Free,
    /// A mapping of names to these.
    Map(&'static Holds),
    Section(&'static Section),
    /// A section, or a text.
    SectionOr(&'static Section),
    /// A section, or true or false.
    SectionOrFlag(&'static Section),
    /// A list of sections.
    List(&'static Section),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub holds: Holds,
    /// The value without it, in words.
    pub default: &'static str,
    /// A use of it, as YAML.
    pub example: &'static str,
    /// The sentence about it.
    pub about: &'static str,
    /// The planes on which it means nothing, each with what to do instead.
    pub not_on: &'static [(&'static str, &'static str)],
}

/// A mapping with fixed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its name, for references.
    pub name: &'static str,
    /// Its place, for a sentence.
    pub place: &'static str,
    /// The sentences about all of it.
    pub about: &'static str,
    /// Its keys, in the order in which they are shown. Sections share groups.
    pub(super) groups: &'static [&'static [Key]],
}

impl Section {
    /// Returns its keys, in the order in which they are shown.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.groups.iter().copied().flatten()
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

macro_rules! keys {
    ($($key:literal: $holds:expr, $default:literal, $example:literal, $about:literal
        $(, not on $plane:literal: $instead:literal)*;)*) => {
        &[$(Key {
            name: $key,
            holds: $holds,
            default: $default,
            example: $example,
            about: $about,
            not_on: &[$(($plane, $instead)),*],
        },)*]
    };
}

pub(super) use keys;
