//! One line of a detailed bill, whatever file it comes from: texts by the names that the interface gives them.
//!
//! A line of the interface has several components (processor, disk, bandwidth); a row of a table is one component of
//! a line. `-`, `null` and an empty text are the same: nothing is known. Nothing here knows what a name means.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::import::json::{Node, one_line};
use crate::model::bill::exact;
use crate::model::calendar::Day;

/// Texts by name.
pub(super) type Texts = BTreeMap<String, String>;

/// Where a line stands.
#[derive(Clone, Debug)]
pub(super) enum LineSource<'s> {
    /// A value of a JSON file, the entry with this number in its list.
    Json(Node<'s>, usize),
    /// A row of a table, with its number as people count.
    Row {
        /// The file.
        file: &'s str,
        /// Its bytes, where they are text.
        bytes: Option<&'s [u8]>,
        /// The byte where the row starts.
        start: usize,
        /// The number of the row, the first of the file being 1.
        number: usize,
    },
}

impl LineSource<'_> {
    /// The place for a message.
    pub(super) fn source_place(&self) -> Place {
        match self {
            Self::Json(node, _) => node.place(),
            Self::Row {
                file,
                bytes: Some(bytes),
                start,
                ..
            } => {
                let rest = &bytes[(*start).min(bytes.len())..];
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                Place::in_bytes(file, bytes, *start..start + length)
            }
            Self::Row { file, .. } => Place::of_file(file),
        }
    }

    /// The file and row, as `bills.csv` names them.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Json(node, number) => format!("{}:{number}", file_name(node.file())),
            Self::Row { file, number, .. } => format!("{}:{number}", file_name(file)),
        }
    }

    /// " in row 7" where the place itself cannot show it.
    fn row_text(&self) -> String {
        match self {
            Self::Row {
                bytes: None,
                number,
                ..
            } => format!(" in row {number}"),
            Self::Json(..) | Self::Row { .. } => String::new(),
        }
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A line with its components.
#[derive(Clone, Debug)]
pub(super) struct BillLine<'s> {
    /// Where it stands.
    pub(super) spot: LineSource<'s>,
    /// What is said of the line.
    pub(super) texts: Texts,
    /// What is said of each component.
    pub(super) components: Vec<Texts>,
    /// The tags.
    pub(super) tags: BTreeMap<String, String>,
}

impl BillLine<'_> {
    /// What is said of the line under a name.
    pub(super) fn cell_text(&self, name: &str) -> Option<&str> {
        known(&self.texts, name)
    }

    /// What is said of the line under a name, or an empty text.
    pub(super) fn text_or_empty(&self, name: &str) -> String {
        self.cell_text(name).unwrap_or_default().to_owned()
    }

    /// The date of a time in the zone of the book. A time without a zone is local already.
    pub(super) fn day(&self, name: &str, zone: Tz, found: &mut Diagnostics) -> Option<Day> {
        let text = self.cell_text(name)?;
        if let Some(day) = local_day(text, zone) {
            return Some(day);
        }
        let message = format!(
            "`{name}` is `{}`: not a time such as `2026-10-05 03:11:02`",
            one_line(text)
        );
        self.report(
            Code::BadDate,
            &message,
            "correct the time, or save the bill once more",
            found,
        );
        None
    }

    /// The exact sum of an amount over the components; none where none of them says it.
    pub(super) fn sum(&self, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
        let mut sum = None;
        for component in &self.components {
            let Some(text) = known(component, name) else {
                continue;
            };
            match exact(&plain_number(text))
                .and_then(|amount| sum.unwrap_or(Decimal::ZERO).checked_add(amount))
            {
                Some(more) => sum = Some(more),
                None => {
                    let message = format!("`{name}` is `{}`: not a number", one_line(text));
                    self.report(
                        Code::BadAmount,
                        &message,
                        "correct the number, or save the bill once more",
                        found,
                    );
                    return None;
                }
            }
        }
        sum
    }

    /// What all components say under a name, if they agree.
    pub(super) fn agreed(&self, name: &str) -> Option<&str> {
        let mut said = self
            .components
            .iter()
            .filter_map(|component| known(component, name));
        let first = said.next()?;
        said.all(|other| other == first).then_some(first)
    }

    /// Reports what is wrong with the line.
    pub(super) fn report(&self, code: Code, message: &str, help: &str, found: &mut Diagnostics) {
        found.push_with(code, || {
            (
                self.spot.source_place(),
                format!("{message}{}", self.spot.row_text()),
                help.to_owned(),
            )
        });
    }
}

/// A text that says something.
fn known<'t>(texts: &'t Texts, name: &str) -> Option<&'t str> {
    texts
        .get(name)
        .map(String::as_str)
        .filter(|text| !matches!(*text, "" | "-" | "--" | "NULL"))
}

/// A number without thousands separators, as spreadsheets show it.
pub(super) fn plain_number(text: &str) -> String {
    let is_grouped = text
        .split_once('.')
        .map_or(text, |(whole, _)| whole)
        .split(',')
        .skip(1)
        .all(|group| group.len() == 3);
    if is_grouped {
        text.replace(',', "")
    } else {
        text.to_owned()
    }
}

/// The date of a time: one with a zone in `zone`, one without as it stands; none for a date of all zeros.
pub(super) fn local_day(text: &str, zone: Tz) -> Option<Day> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Day::parse(&instant.with_timezone(&zone).date_naive().to_string()).ok();
    }
    let shaped = text.replace('/', "-").replace('T', " ");
    if let Ok(day) = Day::parse(&shaped) {
        return Some(day);
    }
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&shaped, form).ok());
    time.and_then(|time| Day::parse(&time.date().to_string()).ok())
}

/// Whether a time of day stands at the end of its day, as an end that is included does.
pub(super) fn ends_a_span(text: &str) -> bool {
    let clock = text
        .trim()
        .trim_end_matches('Z')
        .rsplit(['T', ' '])
        .next()
        .unwrap_or_default();
    clock.ends_with(":59:59") || clock.contains(":59:59.")
}
