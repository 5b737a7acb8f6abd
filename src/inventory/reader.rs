//! Reading YAML into structures that remember where each word stood.
//!
//! The parser hands out scalars as slices of its input wherever it can, and
//! the address of such a slice is its position. What it had to put together
//! (escapes, lines folded into one) takes the position of its key.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Marks what our own visitors expected, so that it can be told from the
/// parser's own words.
pub(super) const EXPECTED: char = '\u{1}';

/// A place in the text: a byte, and how many characters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) width: usize,
    pub(super) is_key: bool,
}

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) place: Place,
}

/// Where in the structure we are: the number of each entry on the way.
pub(super) type Path = Vec<u32>;

/// Something to complain about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) related: Option<(Place, String)>,
}

/// What all readers share.
pub(super) struct Context<'de> {
    text: &'de str,
    skip: &'de HashSet<Path>,
    path: RefCell<Path>,
    names: RefCell<Vec<String>>,
    last: Cell<Place>,
    complaints: RefCell<Vec<Complaint>>,
}

impl<'de> Context<'de> {
    pub(super) fn new(text: &'de str, skip: &'de HashSet<Path>) -> Self {
        Self {
            text,
            skip,
            path: RefCell::default(),
            names: RefCell::default(),
            last: Cell::default(),
            complaints: RefCell::default(),
        }
    }

    /// Where reading came to an end, and the name of the key there.
    pub(super) fn stopped_at(&self) -> (Path, Option<String>) {
        let name = self.names.borrow().iter().rev().find(|name| !name.is_empty()).cloned();
        (self.path.borrow().clone(), name)
    }

    pub(super) fn into_complaints(self) -> Vec<Complaint> {
        self.complaints.into_inner()
    }

    pub(super) fn complain(&self, complaint: Complaint) {
        self.complaints.borrow_mut().push(complaint);
    }

    fn place_of(&self, slice: &str) -> Option<Place> {
        let offset = (slice.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (offset + slice.len() <= self.text.len()).then(|| Place {
            offset,
            width: slice.chars().count().max(1),
            is_key: false,
        })
    }

    fn enter(&self, number: u32, name: &str) {
        self.path.borrow_mut().push(number);
        self.names.borrow_mut().push(name.to_owned());
    }

    fn leave(&self) {
        self.path.borrow_mut().pop();
        self.names.borrow_mut().pop();
    }

    fn skips(&self) -> bool {
        self.skip.contains(&*self.path.borrow())
    }

    /// Reads the value of a key. `None` where there is none, or where it is
    /// known to be of the wrong kind.
    pub(super) fn value<T: Read<'de>, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Option<T>, A::Error> {
        if self.skips() {
            map.next_value::<IgnoredAny>()?;
            return Ok(None);
        }
        map.next_value_seed(Seed::<Option<T>>::new(self))
    }
}

/// What can be read.
pub(super) trait Read<'de>: Sized {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error>;
}

struct Seed<'a, 'de, T> {
    context: &'a Context<'de>,
    kind: PhantomData<T>,
}

impl<'a, 'de, T> Seed<'a, 'de, T> {
    fn new(context: &'a Context<'de>) -> Self {
        Self {
            context,
            kind: PhantomData,
        }
    }
}

impl<'de, T: Read<'de>> DeserializeSeed<'de> for Seed<'_, 'de, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(self.context, deserializer)
    }
}

impl<'de, T: Read<'de>> Read<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Seed::<T>::new(context))
    }
}

/// An optional value: nothing, or what the kind reads.
impl<'de, T: Read<'de>> Visitor<'de> for Seed<'_, 'de, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXPECTED}a value")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read(self.context, deserializer).map(Some)
    }
}

impl<'de> Read<'de> for Scalar {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ScalarVisitor(context))
    }
}

struct ScalarVisitor<'a, 'de>(&'a Context<'de>);

impl<'de> Visitor<'de> for ScalarVisitor<'_, 'de> {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXPECTED}one word or text")
    }

    fn visit_borrowed_str<E>(self, slice: &'de str) -> Result<Scalar, E> {
        let place = self.0.place_of(slice).unwrap_or(self.0.last.get());
        self.0.last.set(place);
        Ok(Scalar {
            text: slice.to_owned(),
            place,
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar {
            text: text.to_owned(),
            place: self.0.last.get(),
        })
    }
}

/// Reads the name of a key.
struct KeyName;

impl<'de> Read<'de> for (KeyName, Scalar) {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error> {
        let mut scalar = Scalar::read(context, deserializer)?;
        scalar.place.is_key = true;
        context.last.set(scalar.place);
        Ok((KeyName, scalar))
    }
}

impl<'de, T: Read<'de>> Read<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor::<T>(Seed::new(context)))
    }
}

struct ListVisitor<'a, 'de, T>(Seed<'a, 'de, T>);

impl<'de, T: Read<'de>> Visitor<'de> for ListVisitor<'_, 'de, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXPECTED}a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let context = self.0.context;
        let mut list = Vec::new();
        for number in 0.. {
            context.enter(number, "");
            let more = if context.skips() {
                items.next_element::<IgnoredAny>()?.is_some()
            } else {
                let item = items.next_element_seed(Seed::<T>::new(context))?;
                let more = item.is_some();
                list.extend(item);
                more
            };
            context.leave();
            if !more {
                break;
            }
        }
        Ok(list)
    }
}

/// A mapping with keys of its own.
pub(super) trait Section<'de>: Default {
    /// The keys it knows; empty when any will do.
    const KEYS: &'static [&'static str];

    /// Where the section itself stands.
    fn stands(&mut self, _place: Place) {}

    /// Reads the value of a key that it knows.
    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error>;
}

/// Reads a section.
pub(super) struct Mapping<S>(pub(super) S);

impl<'de, S: Section<'de>> Read<'de> for Mapping<S> {
    fn read<D: Deserializer<'de>>(context: &Context<'de>, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor::<S>(context, PhantomData))
    }
}

struct SectionVisitor<'a, 'de, S>(&'a Context<'de>, PhantomData<S>);

impl<'de, S: Section<'de>> Visitor<'de> for SectionVisitor<'_, 'de, S> {
    type Value = Mapping<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXPECTED}a mapping (KEY: VALUE)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping<S>, A::Error> {
        let context = self.0;
        let mut section = S::default();
        section.stands(context.last.get());
        let mut seen: Vec<Scalar> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        for number in 0.. {
            let Some((_, key)) = map.next_key_seed(Seed::<(KeyName, Scalar)>::new(context))? else {
                break;
            };
            context.enter(number, &key.text);
            if known.contains(&key.text) {
                complain_of_duplicate(context, &seen, &key);
                map.next_value::<IgnoredAny>()?;
            } else if S::KEYS.is_empty() || S::KEYS.contains(&key.text.as_str()) {
                section.field(&key, context, &mut map)?;
            } else {
                complain_of_unknown(context, S::KEYS, &key);
                map.next_value::<IgnoredAny>()?;
            }
            known.insert(key.text.clone());
            seen.push(key);
            context.leave();
        }
        Ok(Mapping(section))
    }
}

fn complain_of_duplicate(context: &Context<'_>, seen: &[Scalar], key: &Scalar) {
    let first = seen.iter().find(|known| known.text == key.text);
    context.complain(Complaint {
        place: key.place,
        message: format!("`{}` is given twice", key.text),
        hint: Some("remove one of them, or give it another name".to_owned()),
        related: first.map(|first| (first.place, "it was first given".to_owned())),
    });
}

fn complain_of_unknown(context: &Context<'_>, keys: &[&str], key: &Scalar) {
    let hint = if key.text == "<<" {
        "merge keys are not read; what instances have in common goes under `defaults:`".to_owned()
    } else {
        match super::nearest::nearest(&key.text, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", keys.join(", ")),
        }
    };
    let message = match key.text.as_str() {
        "" => "a key is empty".to_owned(),
        text => format!("unknown key `{text}`"),
    };
    context.complain(Complaint {
        place: key.place,
        message,
        hint: Some(hint),
        related: None,
    });
}
