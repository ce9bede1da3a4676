//! JSON values that know their place in a file.
//!
//! A file is read once as a whole: its syntax, its nesting and the keys of every object are checked, so that looking
//! into a [`Node`] cannot fail later. Numbers stay text: no amount passes through a floating-point number.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::context::{Context, one_line};
use super::no_json;
use super::options::Source;
use crate::input::diagnostic::{Code, LineIndex, Place};

/// The most values of a list, or of a file; see `docs/spec/formats.md`, **csv-limits**.
const MAX_VALUES: usize = 1 << 22;
/// The most members of an object.
const MAX_MEMBERS: usize = 1 << 16;

/// A file of responses.
#[derive(Debug)]
pub(crate) struct ResponseFile<'s> {
    source: &'s Source,
    /// Made when the first place is asked for.
    lines: OnceCell<LineIndex>,
}

impl<'s> ResponseFile<'s> {
    pub(crate) fn from_source(source: &'s Source) -> Self {
        Self {
            source,
            lines: OnceCell::new(),
        }
    }

    fn place_of_range(&self, range: Range<usize>) -> Place {
        let bytes = &self.source.bytes;
        let lines = self.lines.get_or_init(|| LineIndex::index_lines(bytes));
        Place::in_lines(&self.source.name, bytes, lines, range)
    }

    /// Where a part of the file begins.
    fn start(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.source.bytes.as_ptr().addr()
    }
}

/// A JSON value, unparsed, and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'s> {
    page: &'s ResponseFile<'s>,
    text: &'s str,
}

/// The members of an object.
pub(crate) type Members<'s> = BTreeMap<String, Node<'s>>;

impl<'s> Node<'s> {
    fn part(self, raw: &'s RawValue) -> Self {
        Self {
            text: raw.get(),
            ..self
        }
    }

    /// The name of its file.
    pub(crate) fn file(self) -> &'s str {
        &self.page.source.name
    }

    /// Its place in the file.
    pub(crate) fn place(self) -> Place {
        let start = self.page.start(self.text);
        self.page.place_of_range(start..start + self.text.len())
    }

    /// Reports a fault or a warning at its place.
    pub(crate) fn report(self, code: Code, message: &str, help: &str, cx: &mut Context<'_>) {
        let find = || (self.place(), one_line(message), help.to_owned());
        cx.found.push_with(code, find);
    }

    /// Its text in the file.
    pub(crate) fn raw_text(self) -> &'s str {
        self.text
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.text == "null"
    }

    /// The members, if it is an object.
    pub(crate) fn members(self) -> Option<Members<'s>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.text).ok()?;
        let nodes = members.into_iter().map(|(key, raw)| (key, self.part(raw)));
        Some(nodes.collect())
    }

    /// The elements, if it is an array.
    pub(crate) fn elements(self) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.text).ok()?;
        Some(elements.into_iter().map(|raw| self.part(raw)).collect())
    }

    /// The text, if it is a string.
    pub(crate) fn string(self) -> Option<String> {
        serde_json::from_str(self.text).ok()
    }

    /// The digits as written, if it is a number.
    pub(crate) fn number_text(self) -> Option<&'s str> {
        let is_number = self
            .text
            .starts_with(|c: char| c == '-' || c.is_ascii_digit());
        is_number.then_some(self.text)
    }
}

/// The responses of a file: its values one after the other, the elements of arrays instead of the arrays.
pub(crate) fn responses<'s>(page: &'s ResponseFile<'s>, cx: &mut Context<'_>) -> Vec<Node<'s>> {
    let name = &page.source.name;
    let text = match std::str::from_utf8(&page.source.bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let place = page.place_of_range(at..at + 1);
            let message = format!("`{name}` is not UTF-8");
            let help = "save it as UTF-8; in PowerShell: `… | Out-File -Encoding utf8 FILE`";
            cx.report(Code::NotUtf8, place, &message, help);
            return Vec::new();
        }
    };
    let before = cx.found.errors();
    let values = values(page, text, cx);
    if values.is_empty() && cx.found.errors() == before {
        let message = format!("`{name}` holds no response");
        let help = "save what the call printed, then import that";
        cx.report_file(Code::BadJson, name, &message, help);
    }
    let values = values.into_iter();
    values
        .flat_map(|value| value.elements().unwrap_or_else(|| vec![value]))
        .collect()
}

fn values<'s>(page: &'s ResponseFile<'s>, file: &'s str, cx: &mut Context<'_>) -> Vec<Node<'s>> {
    let text = file.strip_prefix('\u{feff}').unwrap_or(file);
    let mut values = Vec::new();
    for raw in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let (part, checked) = match raw {
            Ok(raw) => (raw.get(), serde_json::from_str(raw.get())),
            Err(error) => (text, Err(error)),
        };
        if let Err(error) = checked.map(|StrictJson| ()) {
            report_syntax(page, part, &error, cx);
            return Vec::new();
        }
        if values.len() == MAX_VALUES {
            let message = format!("the file has more than {MAX_VALUES} responses");
            let place = page.place_of_range(0..1);
            cx.report(Code::BadJson, place, &message, "import it in parts");
            return Vec::new();
        }
        values.push(Node { page, text: part });
    }
    values
}

/// Reports what is wrong with `part` of the file; none of the file's values is used then.
fn report_syntax(
    page: &ResponseFile<'_>,
    part: &str,
    error: &serde_json::Error,
    cx: &mut Context<'_>,
) {
    let file = std::str::from_utf8(&page.source.bytes).unwrap_or("");
    if let Some((what, help)) = no_json::seems(file) {
        let is_text = |c: char| !c.is_whitespace() && c != '\u{feff}';
        let range = file.find(is_text).unwrap_or(0)..file.len();
        let place = page.place_of_range(range);
        return cx.report(Code::UnknownAnswer, place, &what, help);
    }
    let start = page.start(part) + error_offset(part, error);
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    let message = format!("not the JSON of a response: {reason}");
    let help = "save what the call printed once more, whole and unchanged";
    let place = page.place_of_range(start..start + 1);
    cx.report(Code::BadJson, place, &message, help);
}

/// The byte that an error of serde_json points at.
fn error_offset(read: &str, error: &serde_json::Error) -> usize {
    let lines = read
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
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
                let message = format_args!("duplicate key `{key}` in one object");
                return Err(A::Error::custom(message));
            }
            keys.insert(key);
            if keys.len() > MAX_MEMBERS {
                let message = format_args!("an object has more than {MAX_MEMBERS} members");
                return Err(A::Error::custom(message));
            }
            members.next_value::<StrictJson>()?;
        }
        Ok(StrictJson)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<StrictJson, A::Error> {
        let mut values = 0;
        while elements.next_element::<StrictJson>()?.is_some() {
            values += 1;
            if values > MAX_VALUES {
                let message = format_args!("a list has more than {MAX_VALUES} values");
                return Err(A::Error::custom(message));
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
