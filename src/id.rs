//! Names of accounts, instances and everything they are labelled with: parsed once, then opaque.
//!
//! Ids order by their bytes. Labels (product, region, tags, …) repeat often, so a [`Label`] is a number into one table.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The id of an account; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Box<str>);

/// The id of an instance; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(Box<str>);

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
pub struct Label(u32);

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
        self.0
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table) || self.table.texts == other.table.texts
    }
}

impl Eq for Labels {}

impl Labels {
    /// All texts, by number.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        self.table.texts.iter().map(|text| &**text)
    }

    /// The label of this text, made on first sight.
    pub fn intern(&mut self, text: &str) -> Label {
        if let Some(label) = self.table.known.get(text) {
            return *label;
        }
        let table = Arc::make_mut(&mut self.table);
        let label = Label(u32::try_from(table.texts.len()).expect("fewer than four billion distinct labels"));
        table.texts.push(text.into());
        table.known.insert(text.into(), label);
        label
    }

    /// The text of a label of this table.
    pub fn text(&self, label: Label) -> &str {
        &self.table.texts[label.0 as usize]
    }
}
