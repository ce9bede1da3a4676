//! One line of a bill, whatever file it comes from: texts by name.
//!
//! A line has one or more components (processor, disk, bandwidth); a row of a table is one component of a line. `-`,
//! `null` and an empty text are the same: unknown. Nothing here knows what a name means.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::input::diagnostic::{Code, Place};
use crate::input::import::context::{Context, one_line};
use crate::input::import::field::day_in;
use crate::input::import::json::Node;
use crate::input::import::options::Options;
use crate::model::bill::{Charge, ChargeKind, PaymentParts, StatementMonth, exact};
use crate::model::calendar::Day;

/// Texts by name.
pub(crate) type Texts = BTreeMap<Rc<str>, String>;

/// The origin of a line.
#[derive(Clone, Debug)]
pub(crate) enum LineSource<'s> {
    /// A value of a JSON file, the entry with this number in its list.
    Json(Node<'s>, usize),
    /// A row of a table.
    Row(RowSource<'s>),
}

/// A row of a table in its file.
#[derive(Clone, Debug)]
pub(crate) struct RowSource<'s> {
    pub(crate) file: &'s str,
    /// The file, where it is text.
    pub(crate) bytes: Option<&'s [u8]>,
    /// The byte where the row starts.
    pub(crate) start: usize,
    /// The number of the row, the first of the file being 1.
    pub(crate) number: usize,
}

impl LineSource<'_> {
    fn place(&self) -> Place {
        match self {
            Self::Json(node, _) => node.place(),
            Self::Row(RowSource {
                file, bytes: None, ..
            }) => Place::of_file(file),
            Self::Row(RowSource {
                file,
                bytes: Some(bytes),
                start,
                ..
            }) => {
                let rest = &bytes[(*start).min(bytes.len())..];
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                Place::in_bytes(file, bytes, *start..start + length)
            }
        }
    }

    /// The file and row, as `bills.csv` names them.
    pub(crate) fn file_and_row(&self) -> String {
        let (path, number) = match self {
            Self::Json(node, number) => (node.file(), *number),
            Self::Row(row) => (row.file, row.number),
        };
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        format!("{file}:{number}")
    }

    /// " in row 7" where the place itself cannot show it.
    fn row_text(&self) -> String {
        match self {
            Self::Row(row) if row.bytes.is_none() => format!(" in row {}", row.number),
            _ => String::new(),
        }
    }
}

/// A line with its components.
#[derive(Clone, Debug)]
pub(crate) struct BillLine<'s> {
    pub(crate) source: LineSource<'s>,
    /// What the line says.
    pub(crate) texts: Texts,
    /// Whether these texts are those of a component too, as in a row of a table.
    pub(crate) is_component: bool,
    /// What its components say; the further ones where it is one itself.
    pub(crate) components: Vec<Texts>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl BillLine<'_> {
    /// The line's text of a name.
    pub(crate) fn cell_text(&self, name: &str) -> Option<&str> {
        known(&self.texts, name)
    }

    /// The line's text of a name, or an empty text.
    pub(crate) fn text_or_empty(&self, name: &str) -> String {
        self.cell_text(name).unwrap_or_default().to_owned()
    }

    /// The texts of a name in all components that have one.
    fn component_texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let own = self.is_component.then_some(&self.texts);
        let all = own.into_iter().chain(&self.components);
        all.filter_map(move |component| known(component, name))
    }

    /// The date of a time in the zone of the book. A time without a zone is local already.
    pub(crate) fn day(&self, name: &str, cx: &mut Context<'_>) -> Option<Day> {
        let text = self.cell_text(name)?;
        local_day(text, cx.options.zone).or_else(|| {
            let text = one_line(text);
            let message = format!("`{name}` is `{text}`: not a time such as `2026-10-05 03:11:02`");
            let help = "correct the time, or save the bill once more";
            self.report(Code::BadDate, &message, help, cx);
            None
        })
    }

    /// The exact sum of an amount over the components; none where none of them says it.
    pub(crate) fn sum(&self, name: &str, cx: &mut Context<'_>) -> Option<Decimal> {
        let mut sum = None;
        for text in self.component_texts(name) {
            let amount = exact(&plain_number(text));
            sum = amount.and_then(|amount| sum.unwrap_or(Decimal::ZERO).checked_add(amount));
            if sum.is_none() {
                let message = format!("`{name}` is `{}`: not a number", one_line(text));
                let help = "correct the number, or save the bill once more";
                self.report(Code::BadAmount, &message, help, cx);
                return None;
            }
        }
        sum
    }

    /// What all components say under a name, if they agree.
    pub(crate) fn agreed(&self, name: &str) -> Option<&str> {
        let mut texts = self.component_texts(name);
        let first = texts.next()?;
        texts.all(|other| other == first).then_some(first)
    }

    /// The account that uses what another one pays for, as the tag `owner`.
    pub(crate) fn tag_owner(&self, name: &str, charge: &mut Charge) {
        let owner = self.cell_text(name);
        if let Some(owner) = owner.filter(|owner| *owner != charge.account.as_str()) {
            charge.tags.insert("owner".to_owned(), owner.to_owned());
        }
    }

    /// Reports what is wrong with the line. Its place is only worked out if the diagnostic is kept.
    pub(crate) fn report(&self, code: Code, message: &str, help: &str, cx: &mut Context<'_>) {
        cx.found.push_with(code, || {
            let message = format!("{message}{}", self.source.row_text());
            (self.source.place(), message, help.to_owned())
        });
    }
}

/// A text that says something.
fn known<'t>(texts: &'t Texts, name: &str) -> Option<&'t str> {
    let text = texts.get(name)?.as_str();
    (!matches!(text, "" | "-" | "--" | "NULL")).then_some(text)
}

/// A number without thousands separators, as spreadsheets show it.
pub(crate) fn plain_number(text: &str) -> String {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if whole.split(',').skip(1).all(|group| group.len() == 3) {
        text.replace(',', "")
    } else {
        text.to_owned()
    }
}

/// A whole number that is written as an amount.
pub(crate) fn whole_number(text: &str) -> Option<u32> {
    let number = exact(text)?;
    let whole = u32::try_from(number).ok()?;
    (Decimal::from(whole) == number).then_some(whole)
}

/// The date of a time: one with a zone in `zone`, one without as it is; none for a date of all zeros.
fn local_day(text: &str, zone: Tz) -> Option<Day> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return day_in(instant, zone);
    }
    let shaped = text.replace('/', "-").replace('T', " ");
    if let Ok(day) = Day::parse(&shaped) {
        return Some(day);
    }
    let mut forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"].iter();
    let time = forms.find_map(|form| NaiveDateTime::parse_from_str(&shaped, form).ok());
    Day::parse(&time?.date().to_string()).ok()
}

/// A charge of which only this is known; it is paid in cash.
pub(crate) fn bare_charge(
    kind: ChargeKind,
    paid_on: Day,
    amount: Decimal,
    options: &Options,
) -> Charge {
    Charge {
        row_id: String::new(),
        paid_on,
        account: options.account.clone(),
        instance: None,
        kind,
        product: String::new(),
        instance_type: String::new(),
        region: String::new(),
        term: None,
        months: None,
        quantity: None,
        unit: String::new(),
        hours: None,
        list: None,
        amount,
        tax: None,
        paid: PaymentParts {
            cash: amount,
            ..PaymentParts::default()
        },
        currency: options.currency,
        order: String::new(),
        reverses: Vec::new(),
        bill_month: StatementMonth::month_of(paid_on),
        as_of: options.as_of,
        source: String::new(),
        tags: BTreeMap::new(),
    }
}
/// Whether a time of day is the last moment of its hour and minute, as an end that is included is.
pub(crate) fn ends_a_span(text: &str) -> bool {
    let text = text.trim().trim_end_matches('Z');
    let clock = text.rsplit(['T', ' ']).next().unwrap_or_default();
    clock.ends_with(":59:59") || clock.contains(":59:59.")
}
