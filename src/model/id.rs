//! Names of accounts, instances and everything they are labelled with: parsed once, then opaque.
//!
//! Ids order by their bytes. Labels (product, region, tags, …) repeat often, so a [`Label`] is a number into one table.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use compact_str::CompactString;

/// The id of an account; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(CompactString);

/// The id of an instance; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(CompactString);

/// The number of an account in its book; numbers follow the byte order of the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountIndex(pub u32);

macro_rules! opaque_id {
    ($($id:ident),*) => {$(
        impl $id {
            /// The id with this text, unless it is empty.
            pub fn new(text: &str) -> Option<Self> {
                (!text.is_empty()).then(|| Self(text.into()))
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

opaque_id!(AccountId, InstanceId);

/// A text of a book's [`Labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(NonZeroU32);

/// The distinct label texts of a book.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Shared with copies until one of them meets a new text.
    table: Arc<LabelTable>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct LabelTable {
    texts: Vec<Box<str>>,
    known: BTreeMap<Box<str>, Label>,
}

impl Label {
    /// Its number; the texts of a table are numbered from 0.
    pub fn number(self) -> u32 {
        self.0.get() - 1
    }

    fn numbered(number: u32) -> Self {
        Self(
            NonZeroU32::MIN
                .checked_add(number)
                .expect("fewer than four billion distinct labels"),
        )
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table) || self.table.texts == other.table.texts
    }
}

impl Eq for Labels {}

/// Labels that a part of the input adds to those that are known. They are numbered behind them, as if no other part
/// added any, until the parts are put together.
#[derive(Debug)]
pub struct FurtherLabels<'l> {
    known: &'l Labels,
    added: Labels,
    /// Labels met before, at a place that follows from their texts: most rows have one of few texts.
    met: Vec<Option<Label>>,
}

/// The slots of the table of labels met before: a direct-mapped cache.
const PLACES: u32 = 1 << 11;

impl<'l> FurtherLabels<'l> {
    /// None yet.
    pub fn behind(known: &'l Labels) -> Self {
        Self {
            known,
            added: Labels::default(),
            met: vec![None; PLACES as usize],
        }
    }

    /// The label of this text, made on first sight.
    pub fn intern(&mut self, text: &str) -> Label {
        let place = text.bytes().fold(0_u32, |place, byte| {
            place.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        let place = (place % PLACES) as usize;
        let met = self.met[place].filter(|label| self.label_text(*label) == text);
        let label = met.unwrap_or_else(|| self.find_or_add(text));
        self.met[place] = Some(label);
        label
    }

    fn find_or_add(&mut self, text: &str) -> Label {
        let known = self.known.find(text);
        known.unwrap_or_else(|| {
            Label::numbered(self.known.count() + self.added.intern(text).number())
        })
    }

    /// The text of a label, known before or added.
    pub fn label_text(&self, label: Label) -> &str {
        match label.number().checked_sub(self.known.count()) {
            None => self.known.label_text(label),
            Some(added) => self.added.label_text(Label::numbered(added)),
        }
    }

    /// Those that were added.
    pub fn into_added(self) -> Labels {
        self.added
    }
}

/// The numbers that [`Labels::adopt`] gives to further labels.
#[derive(Debug)]
pub struct AdoptedLabels {
    /// How many were known where these were added.
    known: u32,
    added: Vec<Label>,
}

impl AdoptedLabels {
    /// The label that a part had under this number.
    pub fn label(&self, label: Label) -> Label {
        label
            .number()
            .checked_sub(self.known)
            .map_or(label, |added| self.added[added as usize])
    }
}

impl Labels {
    /// Takes in what a part added to the labels `known` before it.
    pub fn adopt(&mut self, added: &Labels, known: &Labels) -> AdoptedLabels {
        AdoptedLabels {
            known: known.count(),
            added: added.texts().map(|text| self.intern(text)).collect(),
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.table.texts.len()).expect("fewer than four billion distinct labels")
    }

    fn find(&self, text: &str) -> Option<Label> {
        self.table.known.get(text).copied()
    }

    /// All texts, by number.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        self.table.texts.iter().map(|text| &**text)
    }

    /// The label of this text, made on first sight.
    pub fn intern(&mut self, text: &str) -> Label {
        if let Some(label) = self.find(text) {
            return label;
        }
        let label = Label::numbered(self.count());
        let table = Arc::make_mut(&mut self.table);
        table.texts.push(text.into());
        table.known.insert(text.into(), label);
        label
    }

    /// The text of a label of this table.
    pub fn label_text(&self, label: Label) -> &str {
        &self.table.texts[label.number() as usize]
    }
}
