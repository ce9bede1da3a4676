//! A scenario: what differs from the book, as written, after all that it extends.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::accounts::{find_account, unknown_account};
use super::document::{Field, TomlDocument, TomlTable};
use super::folder::{Folder, QUICK, scenario_name};
use super::ids::nearest;
use super::selectors::selector;
use super::table::{CsvRow, CsvTable, InputRow, TAG, Written};
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
/// Rule **extends**.
const MOST_ANCESTORS: usize = 32;
const WHERE: &str = "where";
const ACCOUNT_ID: &str = "account_id";
const DELAY_DAYS: &str = "delay_days";
/// The longest delay of a top-up, in days.
/// Rule **changed-topups**.
const MOST_DELAY: i64 = 3_660;

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
    let mut files: Vec<String> = folder
        .get(QUICK)
        .map(|_| QUICK.to_owned())
        .into_iter()
        .collect();
    let mut next = scenario.map(|name| (Folder::scenario_file(name), None));
    while let Some((file, named_at)) = next {
        if files.contains(&file) || files.len() > MOST_ANCESTORS {
            let message = format!(
                "{} extends itself, or more than {MOST_ANCESTORS} others",
                shown(&file)
            );
            let place = named_at.unwrap_or_else(|| Place::of_file(&file));
            diagnostics.push(
                Code::ScenarioCycle,
                place,
                message,
                "leave out one `extends`",
            );
            return None;
        }
        let document = open_scenario(folder, &file, named_at, diagnostics)?;
        let extends = document.section().field(EXTENDS);
        next = match extends {
            None => None,
            Some(field) => Some((
                Folder::scenario_file(&field.read_text(diagnostics)?),
                Some(field.place()),
            )),
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
    let otherwise = match names.as_slice() {
        [] => "this book has no scenarios".to_owned(),
        some => format!(
            "this book has {}",
            some.iter().take(20).copied().collect::<Vec<_>>().join(", ")
        ),
    };
    let wanted = scenario_name(file).unwrap_or(file);
    let help = nearest(wanted, names.iter().copied(), &otherwise);
    let place = named_at.unwrap_or_else(|| Place::of_file(file));
    diagnostics.push(
        Code::UnknownScenario,
        place,
        format!("there is no scenario {}", shown(wanted)),
        help,
    );
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
            let mut table = |name| {
                section
                    .field(name)
                    .and_then(|field| field.section(diagnostics))
            };
            scenario.book.extend(table("book"));
            scenario.profiles.extend(table("profile"));
            let mut tables = |name| {
                section
                    .field(name)
                    .map(|field| field.sections(diagnostics))
                    .unwrap_or_default()
            };
            scenario.actions.extend(tables("actions"));
            scenario.sets.extend(tables("set"));
            scenario.prices.extend(tables("prices"));
            scenario.topups.extend(tables("topups"));
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
        let mut known: BTreeSet<String> = table.tag_keys().iter().cloned().collect();
        let names = self
            .sets
            .iter()
            .flat_map(TomlTable::fields)
            .map(|field| field.key());
        for key in names
            .filter_map(|name| name.strip_prefix(TAG))
            .filter(|key| !key.is_empty())
        {
            if known.insert(key.to_owned()) {
                table.add_tag(key);
            }
        }
        let mut edits: Vec<Edit> = self
            .sets
            .iter()
            .map(|section| Edit::read_edit(section, table.tag_keys(), diagnostics))
            .collect();
        edits.extend(
            self.prices
                .iter()
                .map(|section| Edit::of_prices(section, table.tag_keys(), diagnostics)),
        );
        edits
    }
}

/// One `[[set]]` block: cells that are written on matching rows. Or one `[[prices]]` block: what multiplies their prices.
pub(super) struct Edit {
    block: &'static str,
    selector: Option<Selector>,
    cells: Vec<(usize, Written)>,
    markup: Option<(Factor, Arc<Place>)>,
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
            match slot_of(field.key(), tag_keys) {
                _ if field.key() == WHERE => edit.limit(&field, tag_keys, diagnostics),
                Some(0) => {
                    let help = "leave `instance_id` out; name the instance in `where`";
                    Problem::new(
                        Code::UnexpectedValue,
                        "a scenario cannot rename instances",
                        help,
                    )
                    .report(|| field.key_place(), diagnostics);
                }
                Some(slot) => {
                    let text = field.read_text(diagnostics);
                    edit.cells
                        .extend(text.map(|text| (slot, Arc::new((text, field.place())))));
                }
                None => report_unknown(&field, diagnostics),
            }
        }
        edit
    }

    fn empty(block: &'static str, section: &TomlTable<'_>) -> Self {
        let text = |field: &Field<'_>| {
            let text = field
                .read_text(&mut Diagnostics::default())
                .unwrap_or_default();
            if field.key() == WHERE {
                format!("where {text}")
            } else {
                format!("{} = {text}", field.key())
            }
        };
        let (conditions, cells): (Vec<_>, Vec<_>) =
            section.fields().partition(|field| field.key() == WHERE);
        let parts: Vec<String> = [cells, conditions].iter().flatten().map(text).collect();
        let (place, text, hits) = (section.place(), parts.join(" "), AtomicUsize::new(0));
        Self {
            block,
            selector: None,
            cells: Vec::new(),
            markup: None,
            place,
            text,
            hits,
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
        if self
            .selector
            .as_ref()
            .is_none_or(|selector| selector.selects(&WrittenCells(row)))
        {
            self.hits.fetch_add(1, Ordering::Relaxed);
            self.cells
                .iter()
                .for_each(|(slot, written)| row.change(*slot, written));
            self.markup
                .iter()
                .for_each(|(factor, place)| row.mark_up(*factor, place));
        }
    }

    /// Says how many instances it hit; that there is none is an error: whoever asks for a change believes that it is made.
    pub(super) fn tell(&self, diagnostics: &mut Diagnostics) {
        let hits = self.hits.load(Ordering::Relaxed);
        if hits == 0 {
            let what = match self.place.file.as_str() {
                QUICK => shown(&self.text),
                _ => format!("this `[[{}]]`", self.block),
            };
            let message = format!("{what} matches no instance");
            diagnostics.push(
                Code::NoMatch,
                self.place.clone(),
                message,
                "check its `where` against `instances.csv`",
            );
        } else {
            let instances = if hits == 1 {
                "1 instance".to_owned()
            } else {
                format!("{hits} instances")
            };
            let of_prices = if self.block == "prices" {
                "prices."
            } else {
                ""
            };
            diagnostics.note(format!(
                "{} changes {instances}",
                shown(&format!("{of_prices}{}", self.text))
            ));
        }
    }
}

fn report_missing(
    section: &TomlTable<'_>,
    key: &str,
    example: &str,
    diagnostics: &mut Diagnostics,
) {
    Problem::new(
        Code::MissingValue,
        format!("`{key}` is missing"),
        format!("add a line such as `{example}`"),
    )
    .report(|| section.place(), diagnostics);
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
        sections
            .iter()
            .map(|section| Self::read_shift(section, accounts, diagnostics))
            .collect()
    }

    fn read_shift(
        section: &TomlTable<'_>,
        accounts: &[Account],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        section.refuse_unknown(&[ACCOUNT_ID, DELAY_DAYS, CHANGE_PERCENT], diagnostics);
        let delay = section
            .field(DELAY_DAYS)
            .and_then(|field| field.read_number(-MOST_DELAY, MOST_DELAY, diagnostics));
        let factor = section
            .field(CHANGE_PERCENT)
            .and_then(|field| field.read_field(diagnostics, change));
        let account = section.field(ACCOUNT_ID).and_then(|field| {
            let found = field.read_field(diagnostics, |text| known(text, accounts));
            Some((found?, field.place()))
        });
        if section.field(DELAY_DAYS).is_none() && section.field(CHANGE_PERCENT).is_none() {
            report_missing(section, DELAY_DAYS, "delay_days = 10", diagnostics);
        }
        Self {
            place: account
                .as_ref()
                .map_or_else(|| section.place(), |(_, place)| place.clone()),
            account: account.map(|(account, _)| account),
            delay: delay.and_then(|days| i32::try_from(days).ok()).unwrap_or(0),
            factor: factor.unwrap_or(Factor::ONE),
            matched: Cell::new(false),
        }
    }

    /// The day and amount of a top-up after this block; what is wrong with them is reported at the block.
    pub(super) fn apply(
        &self,
        account: Option<AccountIndex>,
        (date, amount): (Day, Money),
        diagnostics: &mut Diagnostics,
    ) -> (Day, Money) {
        if self.account.is_some() && self.account != account {
            return (date, amount);
        }
        self.matched.set(true);
        let moved = day(&(date + self.delay).to_string()).ok();
        if moved.is_none() {
            let message = format!("this moves the top-up of {date} out of the calendar");
            diagnostics.push(
                Code::BadDate,
                self.place.clone(),
                message,
                "delay by fewer days",
            );
        }
        let changed = amount
            .times(self.factor)
            .filter(|amount| *amount > Money::ZERO);
        if changed.is_none() {
            let message = format!("this leaves nothing of the top-up of {date}, or too much");
            diagnostics.push(
                Code::BadAmount,
                self.place.clone(),
                message,
                "change by a smaller percentage",
            );
        }
        (moved.unwrap_or(date), changed.unwrap_or(amount))
    }

    /// Rule **idle-change**.
    pub(super) fn refuse_if_idle(&self, diagnostics: &mut Diagnostics) {
        if !self.matched.get() {
            let message = "this `[[topups]]` matches no top-up";
            diagnostics.push(
                Code::NoMatch,
                self.place.clone(),
                message,
                "check it against `actions.csv`",
            );
        }
    }
}

fn known(id: &str, accounts: &[Account]) -> Result<AccountIndex, Problem> {
    find_account(id, accounts).ok_or_else(|| unknown_account(id, accounts))
}

fn report_unknown(field: &Field<'_>, diagnostics: &mut Diagnostics) {
    let names = Column::NAMED.iter().map(|(name, _)| *name).chain([WHERE]);
    let help = nearest(field.key(), names, "name a column of `instances.csv`");
    Problem::new(
        Code::UnknownKey,
        format!("there is no column {} to set", shown(field.key())),
        help,
    )
    .report(|| field.key_place(), diagnostics);
}

/// The slot of a column of `instances.csv`: named columns first, then tags.
fn slot_of(name: &str, tag_keys: &[String]) -> Option<usize> {
    let tag = || {
        let key = name.strip_prefix(TAG)?;
        tag_keys
            .iter()
            .position(|known| known == key)
            .map(|tag| Column::NAMED.len() + tag)
    };
    Column::NAMED
        .iter()
        .position(|(known, _)| *known == name)
        .or_else(tag)
}

/// The cells of a row as they are written; one that cannot be read counts as empty and is reported with its row.
pub(super) struct WrittenCells<'r, 't, 'f>(pub &'r CsvRow<'t, 'f>);

impl<'v> SelectorCells<'v> for WrittenCells<'v, '_, '_> {
    fn cell(&self, column: Column) -> Option<Value<'v>> {
        let slot = match column {
            Column::Tag(tag) => Column::NAMED.len() + tag,
            named => Column::NAMED
                .iter()
                .position(|(_, known)| *known == named)?,
        };
        let text = self.0.text(slot)?;
        match column.kind() {
            ValueKind::Text => Some(Value::Text(text)),
            ValueKind::Date => day(text).ok().map(Value::Date),
            ValueKind::Number => {
                let whole = || any_whole(text).ok().map(rust_decimal::Decimal::from);
                price(text)
                    .ok()
                    .map(|price| price.decimal())
                    .or_else(whole)
                    .map(Value::Number)
            }
        }
    }
}
