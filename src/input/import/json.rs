//! JSON values that know where they stand in their file.
//!
//! A file is read once as a whole: its syntax, its nesting and the keys of every object are checked, so that looking
//! into a [`Node`] cannot fail later. Numbers stay text.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::no_json;
use super::options::Source;
use crate::input::diagnostic::{Code, Diagnostics, LineIndex, Place};

/// The most values of a list, or of a file; see `docs/spec/formats.md`, **csv-limits**.
const MOST_VALUES: usize = 1 << 22;
/// The most members of an object.
const MOST_MEMBERS: usize = 1 << 16;

/// A file of answers.
#[derive(Debug)]
pub(super) struct ResponseFile<'s> {
    source: &'s Source,
    /// Counted once, when the first place is asked for.
    lines: OnceCell<LineIndex>,
}

impl<'s> ResponseFile<'s> {
    pub(super) fn from_source(source: &'s Source) -> Self {
        Self {
            source,
            lines: OnceCell::new(),
        }
    }

    fn place_of_range(&self, range: Range<usize>) -> Place {
        let bytes = &self.source.bytes;
        Place::in_lines(
            &self.source.name,
            bytes,
            self.lines.get_or_init(|| LineIndex::index_lines(bytes)),
            range,
        )
    }

    /// Where a part of the file begins.
    fn start(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.source.bytes.as_ptr().addr()
    }
}

/// A JSON value, unparsed, and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'s> {
    page: &'s ResponseFile<'s>,
    text: &'s str,
}

/// The members of an object.
pub(super) type Members<'s> = BTreeMap<String, Node<'s>>;

impl<'s> Node<'s> {
    fn part(self, raw: &'s RawValue) -> Self {
        Self {
            text: raw.get(),
            ..self
        }
    }

    /// The file that it stands in.
    pub(super) fn file(self) -> &'s str {
        &self.page.source.name
    }

    /// Where it stands.
    pub(super) fn place(self) -> Place {
        let start = self.page.start(self.text);
        self.page.place_of_range(start..start + self.text.len())
    }

    /// Its text in the file.
    pub(super) fn raw_text(self) -> &'s str {
        self.text
    }

    /// Whether it is `null`.
    pub(super) fn is_null(self) -> bool {
        self.text == "null"
    }

    /// The members, if it is an object.
    pub(super) fn members(self) -> Option<Members<'s>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.text).ok()?;
        Some(
            members
                .into_iter()
                .map(|(key, raw)| (key, self.part(raw)))
                .collect(),
        )
    }

    /// The elements, if it is an array.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.text).ok()?;
        Some(elements.into_iter().map(|raw| self.part(raw)).collect())
    }

    /// The text, if it is a string.
    pub(super) fn string(self) -> Option<String> {
        serde_json::from_str(self.text).ok()
    }

    /// The digits as written, if it is a number.
    pub(super) fn number_text(self) -> Option<&'s str> {
        self.text
            .starts_with(|first: char| first == '-' || first.is_ascii_digit())
            .then_some(self.text)
    }
}

/// The answers of a file: its values one after the other, arrays taken apart.
pub(super) fn answers<'s>(page: &'s ResponseFile<'s>, found: &mut Diagnostics) -> Vec<Node<'s>> {
    let Some(whole) = utf8(page, found) else {
        return Vec::new();
    };
    let before = found.errors();
    let values = values(page, whole, found);
    if values.is_empty() && found.errors() == before {
        let name = &page.source.name;
        let message = format!("`{name}` holds no answer");
        found.push(
            Code::BadJson,
            Place::of_file(name),
            message,
            "save what the call printed, then import that",
        );
    }
    values
        .into_iter()
        .flat_map(|value| value.elements().unwrap_or_else(|| vec![value]))
        .collect()
}

fn utf8<'s>(page: &'s ResponseFile<'s>, found: &mut Diagnostics) -> Option<&'s str> {
    let complain = |error: &std::str::Utf8Error| {
        let at = error.valid_up_to();
        let message = format!("`{}` is not UTF-8", page.source.name);
        let help = "save it as UTF-8; in PowerShell: `… | Out-File -Encoding utf8 FILE`";
        found.push(
            Code::NotUtf8,
            page.place_of_range(at..at + 1),
            message,
            help,
        );
    };
    std::str::from_utf8(&page.source.bytes)
        .inspect_err(complain)
        .ok()
}

fn values<'s>(
    page: &'s ResponseFile<'s>,
    whole: &'s str,
    found: &mut Diagnostics,
) -> Vec<Node<'s>> {
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let mut values = Vec::new();
    for raw in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let checked = raw.map_err(|error| (text, error)).and_then(|raw| {
            let checked = serde_json::from_str::<StrictJson>(raw.get());
            checked
                .map(|StrictJson| raw.get())
                .map_err(|error| (raw.get(), error))
        });
        match checked {
            Ok(_) if values.len() == MOST_VALUES => {
                let message = format!("the file has more than {MOST_VALUES} answers");
                found.push(
                    Code::BadJson,
                    page.place_of_range(0..1),
                    message,
                    "import it in parts",
                );
                return Vec::new();
            }
            Ok(text) => values.push(Node { page, text }),
            Err((read, error)) => {
                complain(page, (read, &error), found);
                return Vec::new();
            }
        }
    }
    values
}

/// Reports what is wrong with `read`, a part of the file; none of the file's values are used then.
fn complain(
    page: &ResponseFile<'_>,
    (read, error): (&str, &serde_json::Error),
    found: &mut Diagnostics,
) {
    let whole = std::str::from_utf8(&page.source.bytes).unwrap_or("");
    if let Some((what, help)) = no_json::seems(whole) {
        let begins = whole
            .find(|c: char| !c.is_whitespace() && c != '\u{feff}')
            .unwrap_or(0);
        return found.push(
            Code::UnknownAnswer,
            page.place_of_range(begins..whole.len()),
            one_line(&what),
            help,
        );
    }
    let start = page.start(read) + offset(read, error);
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    let message = one_line(&format!("not the JSON of an answer: {reason}"));
    let help = "save what the call printed once more, whole and unchanged";
    found.push(
        Code::BadJson,
        page.place_of_range(start..start + 1),
        message,
        help,
    );
}

/// The byte that an error of serde_json points at.
fn offset(read: &str, error: &serde_json::Error) -> usize {
    let before: usize = read
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    (before + error.column().saturating_sub(1)).min(read.len())
}

/// Any JSON value that nests no deeper than serde_json allows and repeats no key. With the feature
/// `arbitrary_precision`, which this needs, numbers come as maps.
struct StrictJson;

impl<'de> Deserialize<'de> for StrictJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = StrictJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<StrictJson, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key `{key}` stands twice in one object"
                )));
            }
            keys.insert(key);
            if keys.len() > MOST_MEMBERS {
                return Err(A::Error::custom(format_args!(
                    "an object has more than {MOST_MEMBERS} members"
                )));
            }
            members.next_value::<StrictJson>()?;
        }
        Ok(StrictJson)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<StrictJson, A::Error> {
        let mut values = 0;
        while elements.next_element::<StrictJson>()?.is_some() {
            values += 1;
            if values > MOST_VALUES {
                return Err(A::Error::custom(format_args!(
                    "a list has more than {MOST_VALUES} values"
                )));
            }
        }
        Ok(StrictJson)
    }

    fn visit_str<E>(self, _: &str) -> Result<StrictJson, E> {
        Ok(StrictJson)
    }

    fn visit_bool<E>(self, _: bool) -> Result<StrictJson, E> {
        Ok(StrictJson)
    }

    fn visit_unit<E>(self) -> Result<StrictJson, E> {
        Ok(StrictJson)
    }

    fn visit_i64<E>(self, _: i64) -> Result<StrictJson, E> {
        Ok(StrictJson)
    }

    fn visit_u64<E>(self, _: u64) -> Result<StrictJson, E> {
        Ok(StrictJson)
    }
}

/// A sentence for people on one line, whatever texts of an answer it quotes.
pub(super) fn one_line(sentence: &str) -> String {
    sentence
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
