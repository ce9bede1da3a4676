//! A scenario: what differs from the book, as written, after all that it extends. It changes what is read, never a book.
//!
//! Rules **changed-topups**, **extends** of docs/spec.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_decimal::Decimal;

use super::accounts::account_of_id;
use super::document::{Field, TomlDocument, TomlTable};
use super::folder::{Folder, QUICK, scenario_name};
use super::ids::nearest;
use super::selectors::{selector, tag_column};
use super::table::{CsvRow, CsvTable, InputRow, Markup, TAG, Written};
use super::value::{Problem, any_whole, change, day, price, shown};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::{Account, AccountIndex};
use crate::model::calendar::Day;
use crate::model::money::{Factor, Money};
use crate::model::selector::{Column, Selector, SelectorCells, Value, ValueKind};

const KEYS: &[&str] = &[
    "description",
    "extends",
    "book",
    "profile",
    "set",
    "prices",
    "topups",
    "actions",
];
const CHANGE_PERCENT: &str = "change_percent";
const EXTENDS: &str = "extends";
/// How many scenarios one can extend, directly and through others.
const MAX_ANCESTORS: usize = 32;
const WHERE: &str = "where";
const ACCOUNT_ID: &str = "account_id";
const DELAY_DAYS: &str = "delay_days";
/// The longest delay of a top-up, in days.
const MAX_DELAY_DAYS: i64 = 3_660;

/// The parts of scenario files, in the order in which they are applied.
#[derive(Default)]
pub(super) struct Scenario<'d> {
    /// Keys of `book.toml`.
    pub book: Vec<TomlTable<'d>>,
    /// Tables of profiles.
    pub profiles: Vec<TomlTable<'d>>,
    /// Further actions.
    pub actions: Vec<TomlTable<'d>>,
    /// Changes of the top-ups of `actions.csv`.
    pub topups: Vec<TomlTable<'d>>,
    sets: Vec<TomlTable<'d>>,
    prices: Vec<TomlTable<'d>>,
}

/// The files that a run with a scenario applies, the one that is extended first and the command line's changes last.
/// What is missing, or extends itself, is reported; then there are none.
pub(super) fn files(
    folder: &Folder,
    scenario: Option<&str>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<String>> {
    let quick = folder.get(QUICK).map(|_| QUICK.to_owned());
    let mut files: Vec<String> = quick.into_iter().collect();
    let mut next = scenario.map(|name| (Folder::scenario_file(name), None));
    while let Some((file, named_at)) = next {
        if files.contains(&file) || files.len() > MAX_ANCESTORS {
            let name = shown(&file);
            let message = format!("{name} extends itself, or more than {MAX_ANCESTORS} others");
            let place = named_at.unwrap_or_else(|| Place::of_file(&file));
            let help = "leave out one `extends`";
            diagnostics.push(Code::ScenarioCycle, place, message, help);
            return None;
        }
        let document = open_scenario(folder, &file, named_at, diagnostics)?;
        next = match document.section().field(EXTENDS) {
            None => None,
            Some(field) => {
                let name = field.read_text(diagnostics)?;
                Some((Folder::scenario_file(&name), Some(field.place())))
            }
        };
        files.push(file);
    }
    files.reverse();
    Some(files)
}

/// Opens a scenario's file; where it is named but not there, that is reported.
fn open_scenario<'f>(
    folder: &'f Folder,
    file: &'f str,
    named_at: Option<Place>,
    diagnostics: &mut Diagnostics,
) -> Option<TomlDocument<'f>> {
    if let Some(bytes) = folder.get(file) {
        return TomlDocument::parse_toml(file, bytes, diagnostics);
    }
    let names: Vec<&str> = folder.scenarios().collect();
    let otherwise = match names.len().min(20) {
        0 => "this book has no scenarios".to_owned(),
        some => format!("this book has {}", names[..some].join(", ")),
    };
    let wanted = scenario_name(file).unwrap_or(file);
    let help = nearest(wanted, names.iter().copied(), &otherwise);
    let place = named_at.unwrap_or_else(|| Place::of_file(file));
    let message = format!("there is no scenario {}", shown(wanted));
    diagnostics.push(Code::UnknownScenario, place, message, help);
    None
}

impl<'d> Scenario<'d> {
    /// The parts of all files together.
    pub(super) fn read_scenario(
        documents: &'d [TomlDocument<'d>],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut scenario = Self::default();
        for document in documents {
            let section = document.section();
            section.refuse_unknown(KEYS, diagnostics);
            for (name, tables) in [
                ("book", &mut scenario.book),
                ("profile", &mut scenario.profiles),
            ] {
                let field = section.field(name);
                tables.extend(field.and_then(|field| field.section(diagnostics)));
            }
            for (name, tables) in [
                ("actions", &mut scenario.actions),
                ("set", &mut scenario.sets),
                ("prices", &mut scenario.prices),
                ("topups", &mut scenario.topups),
            ] {
                tables.extend(section.tables(name, diagnostics));
            }
        }
        scenario
    }

    /// Prepares the `[[set]]` blocks, then the `[[prices]]` blocks, for a table of instances; tags that only a block names
    /// get a slot.
    /// Rules **set-blocks**, **written-cells**.
    pub(super) fn edits(
        &self,
        table: &mut CsvTable<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Edit> {
        let fields = self.sets.iter().flat_map(TomlTable::fields);
        for key in fields.filter_map(|field| field.key().strip_prefix(TAG)) {
            if !key.is_empty() && !table.tag_keys().iter().any(|known| known == key) {
                table.add_tag(key);
            }
        }
        let tag_keys = table.tag_keys();
        let mut edits = Vec::new();
        for section in &self.sets {
            edits.push(Edit::read_edit(section, tag_keys, diagnostics));
        }
        for section in &self.prices {
            edits.push(Edit::of_prices(section, tag_keys, diagnostics));
        }
        edits
    }
}

/// One `[[set]]` block: cells that are written on matching rows. Or one `[[prices]]` block: what multiplies their prices.
pub(super) struct Edit {
    block: &'static str,
    selector: Option<Selector>,
    cells: Vec<(usize, Written)>,
    markup: Option<Markup>,
    place: Place,
    /// What it writes, and where, as a person reads it.
    text: String,
    /// The rows that it wrote into.
    hits: AtomicUsize,
}

impl Edit {
    /// Reads a block. What cannot be read has been reported, and the book will not be used.
    fn read_edit(
        section: &TomlTable<'_>,
        tag_keys: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut edit = Self::empty("set", section);
        for field in section.fields() {
            match column_of(field.key(), tag_keys) {
                _ if field.key() == WHERE => edit.limit(&field, tag_keys, diagnostics),
                Some(Column::InstanceId) => {
                    let message = "a scenario cannot rename instances";
                    let help = "leave `instance_id` out; name the instance in `where`";
                    Problem::new(Code::UnexpectedValue, message, help)
                        .report(|| field.key_place(), diagnostics);
                }
                Some(column) => {
                    let text = field.read_text(diagnostics);
                    let written = text.map(|text| Arc::new((text, field.place())));
                    edit.cells
                        .extend(written.map(|written| (column.slot(), written)));
                }
                None => report_unknown(&field, diagnostics),
            }
        }
        edit
    }

    fn empty(block: &'static str, section: &TomlTable<'_>) -> Self {
        let mut parts = Vec::new();
        let mut condition = None;
        for field in section.fields() {
            let text = field.read_text(&mut Diagnostics::default());
            let text = text.unwrap_or_default();
            match field.key() {
                WHERE => condition = Some(format!("where {text}")),
                key => parts.push(format!("{key} = {text}")),
            }
        }
        parts.extend(condition);
        Self {
            block,
            selector: None,
            cells: Vec::new(),
            markup: None,
            place: section.place(),
            text: parts.join(" "),
            hits: AtomicUsize::new(0),
        }
    }

    /// Reads the condition of a block.
    fn limit(&mut self, field: &Field<'_>, tag_keys: &[String], diagnostics: &mut Diagnostics) {
        self.selector = field.read_field(diagnostics, |text| selector(text, tag_keys));
        self.place = field.place();
    }

    /// Reads a block that changes prices.
    /// Rule **changed-prices**.
    fn of_prices(
        section: &TomlTable<'_>,
        tag_keys: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut edit = Self::empty("prices", section);
        section.refuse_unknown(&[WHERE, CHANGE_PERCENT], diagnostics);
        if let Some(field) = section.field(WHERE) {
            edit.limit(&field, tag_keys, diagnostics);
        }
        match section.field(CHANGE_PERCENT) {
            Some(field) => {
                let factor = field.read_field(diagnostics, change);
                edit.markup = factor.map(|factor| (factor, Arc::new(field.place())));
            }
            None => report_missing(
                section,
                CHANGE_PERCENT,
                "change_percent = \"5\"",
                diagnostics,
            ),
        }
        edit
    }

    /// Writes the cells of this block if the row matches as it stands.
    pub(super) fn apply(&self, row: &mut CsvRow<'_, '_>) {
        let selector = self.selector.as_ref();
        if selector.is_none_or(|selector| selector.selects(&WrittenCells(row))) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            for (slot, written) in &self.cells {
                row.change(*slot, written);
            }
            if let Some(markup) = &self.markup {
                row.mark_up(markup);
            }
        }
    }

    /// Says how many instances it hit. None is an error: whoever asks for a change believes that it is made.
    pub(super) fn report_hits(&self, diagnostics: &mut Diagnostics) {
        let hits = self.hits.load(Ordering::Relaxed);
        if hits == 0 {
            let what = match self.place.file.as_str() {
                QUICK => shown(&self.text),
                _ => format!("this `[[{}]]`", self.block),
            };
            let message = format!("{what} matches no instance");
            let help = "check its `where` against `instances.csv`";
            diagnostics.push(Code::NoMatch, self.place.clone(), message, help);
            return;
        }
        let plural = if hits == 1 { "" } else { "s" };
        let of_prices = if self.block == "prices" {
            "prices."
        } else {
            ""
        };
        let change = shown(&format!("{of_prices}{}", self.text));
        diagnostics.note(format!("{change} changes {hits} instance{plural}"));
    }
}

fn report_missing(
    section: &TomlTable<'_>,
    key: &str,
    example: &str,
    diagnostics: &mut Diagnostics,
) {
    let message = format!("`{key}` is missing");
    let help = format!("add a line such as `{example}`");
    diagnostics.push(Code::MissingValue, section.place(), message, help);
}

/// A top-up of `actions.csv`, before or after the blocks of a scenario.
#[derive(Clone, Copy)]
pub(super) struct PlannedTopUp {
    pub date: Day,
    pub amount: Money,
}

/// One `[[topups]]` block: what it does to the top-ups of `actions.csv`.
pub(super) struct Shift {
    account: Option<AccountIndex>,
    delay: i32,
    factor: Factor,
    place: Place,
    matched: Cell<bool>,
}

impl Shift {
    /// Reads the blocks. What cannot be read has been reported, and the book will not be used.
    pub(super) fn read_all(
        sections: &[TomlTable<'_>],
        accounts: &[Account],
        diagnostics: &mut Diagnostics,
    ) -> Vec<Self> {
        let mut shifts = Vec::new();
        for section in sections {
            shifts.push(Self::read_shift(section, accounts, diagnostics));
        }
        shifts
    }

    fn read_shift(
        section: &TomlTable<'_>,
        accounts: &[Account],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        section.refuse_unknown(&[ACCOUNT_ID, DELAY_DAYS, CHANGE_PERCENT], diagnostics);
        let (delay, change_percent) = (section.field(DELAY_DAYS), section.field(CHANGE_PERCENT));
        if delay.is_none() && change_percent.is_none() {
            report_missing(section, DELAY_DAYS, "delay_days = 10", diagnostics);
        }
        let delay =
            delay.and_then(|field| field.read_number(-MAX_DELAY_DAYS, MAX_DELAY_DAYS, diagnostics));
        let factor = change_percent.and_then(|field| field.read_field(diagnostics, change));
        let account = section.field(ACCOUNT_ID);
        let account = account.and_then(|field| {
            let found = field.read_field(diagnostics, |text| account_of_id(text, accounts));
            Some((found?, field.place()))
        });
        let (account, place) = account.unzip();
        Self {
            account,
            delay: delay.and_then(|days| i32::try_from(days).ok()).unwrap_or(0),
            factor: factor.unwrap_or(Factor::ONE),
            place: place.unwrap_or_else(|| section.place()),
            matched: Cell::new(false),
        }
    }

    /// A top-up after this block; what is wrong with it is reported at the block.
    pub(super) fn apply(
        &self,
        account: Option<AccountIndex>,
        planned: PlannedTopUp,
        diagnostics: &mut Diagnostics,
    ) -> PlannedTopUp {
        if self.account.is_some() && self.account != account {
            return planned;
        }
        self.matched.set(true);
        let PlannedTopUp { date, amount } = planned;
        let moved = day(&(date + self.delay).to_string()).ok();
        if moved.is_none() {
            let message = format!("this moves the top-up of {date} out of the calendar");
            self.refuse(Code::BadDate, message, "delay by fewer days", diagnostics);
        }
        let changed = amount.times(self.factor);
        let changed = changed.filter(|amount| *amount > Money::ZERO);
        if changed.is_none() {
            let message = format!("this leaves nothing of the top-up of {date}, or too much");
            let help = "change by a smaller percentage";
            self.refuse(Code::BadAmount, message, help, diagnostics);
        }
        PlannedTopUp {
            date: moved.unwrap_or(date),
            amount: changed.unwrap_or(amount),
        }
    }

    fn refuse(&self, code: Code, message: String, help: &str, diagnostics: &mut Diagnostics) {
        diagnostics.push(code, self.place.clone(), message, help);
    }

    /// Rule **idle-change**.
    pub(super) fn refuse_if_idle(&self, diagnostics: &mut Diagnostics) {
        if !self.matched.get() {
            let message = "this `[[topups]]` matches no top-up".to_owned();
            self.refuse(
                Code::NoMatch,
                message,
                "check it against `actions.csv`",
                diagnostics,
            );
        }
    }
}

fn report_unknown(field: &Field<'_>, diagnostics: &mut Diagnostics) {
    let names = Column::NAMES.iter().copied().chain([WHERE]);
    let help = nearest(field.key(), names, "name a column of `instances.csv`");
    let message = format!("there is no column {} to set", shown(field.key()));
    diagnostics.push(Code::UnknownKey, field.key_place(), message, help);
}

/// The column of `instances.csv` with this name.
fn column_of(name: &str, tag_keys: &[String]) -> Option<Column> {
    Column::named(name).or_else(|| tag_column(name, tag_keys))
}

/// The cells of a row as they are written; one that cannot be read counts as empty and is reported with its row.
pub(super) struct WrittenCells<'r, 't, 'f>(pub &'r CsvRow<'t, 'f>);

impl<'v> SelectorCells<'v> for WrittenCells<'v, '_, '_> {
    fn cell(&self, column: Column) -> Option<Value<'v>> {
        let text = self.0.text(column.slot())?;
        match column.kind() {
            ValueKind::Text => Some(Value::Text(text)),
            ValueKind::Date => day(text).ok().map(Value::Date),
            ValueKind::Number => {
                let price = price(text).map(|price| price.decimal());
                let number = price.or_else(|_| any_whole(text).map(Decimal::from));
                number.ok().map(Value::Number)
            }
        }
    }
}
