//! A scenario: what differs from the book, as written, after all that it extends.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::document::{Document, Field, Section};
use super::folder::{Folder, QUICK, scenario_name};
use super::selectors::selector;
use super::table::{CsvRow, Row, TAG, Table, Written};
use super::value::{Problem, any_whole, day, nearest, price, shown};
use crate::diagnostic::{Code, Diagnostics, Place};
use crate::selector::{Cells, Column, Kind, Selector, Value};

const KEYS: &[&str] = &["description", "extends", "book", "profile", "set", "actions"];
const EXTENDS: &str = "extends";
/// How many scenarios one can extend, directly and through others.
const MOST_ANCESTORS: usize = 32;
const WHERE: &str = "where";

/// The parts of scenario files, in the order in which they are applied.
#[derive(Default)]
pub(super) struct Scenario<'d> {
    /// Keys of `book.toml`.
    pub book: Vec<Section<'d>>,
    /// Tables of profiles.
    pub profiles: Vec<Section<'d>>,
    /// Further actions.
    pub actions: Vec<Section<'d>>,
    sets: Vec<Section<'d>>,
}

/// The files that a run with a scenario applies, the one that is extended first and the command line's changes last.
/// What is missing, or extends itself, is reported; then there are none.
pub(super) fn files(folder: &Folder, scenario: Option<&str>, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
    let mut files: Vec<String> = folder.get(QUICK).map(|_| QUICK.to_owned()).into_iter().collect();
    let mut next = scenario.map(|name| (Folder::scenario_file(name), None));
    while let Some((file, named_at)) = next {
        if files.contains(&file) || files.len() > MOST_ANCESTORS {
            let message = format!("{} extends itself, or more than {MOST_ANCESTORS} others", shown(&file));
            let place = named_at.unwrap_or_else(|| Place::of_file(&file));
            diagnostics.push(Code::ScenarioCycle, place, message, "leave out one `extends`");
            return None;
        }
        let document = open(folder, &file, named_at, diagnostics)?;
        let extends = document.section().field(EXTENDS);
        next = match extends {
            None => None,
            Some(field) => Some((Folder::scenario_file(&field.text(diagnostics)?), Some(field.place()))),
        };
        files.push(file);
    }
    files.reverse();
    Some(files)
}

/// Opens a scenario's file; where it is named but not there, that is reported.
fn open<'f>(
    folder: &'f Folder,
    file: &'f str,
    named_at: Option<Place>,
    diagnostics: &mut Diagnostics,
) -> Option<Document<'f>> {
    if let Some(bytes) = folder.get(file) {
        return Document::open(file, bytes, diagnostics);
    }
    let names: Vec<&str> = folder.scenarios().collect();
    let otherwise = match names.as_slice() {
        [] => "this book has no scenarios".to_owned(),
        some => format!("this book has {}", some.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
    };
    let wanted = scenario_name(file).unwrap_or(file);
    let help = nearest(wanted, names.iter().copied(), &otherwise);
    let place = named_at.unwrap_or_else(|| Place::of_file(file));
    diagnostics.push(Code::UnknownScenario, place, format!("there is no scenario {}", shown(wanted)), help);
    None
}

impl<'d> Scenario<'d> {
    /// The parts of all files together.
    pub(super) fn read(documents: &'d [Document<'d>], diagnostics: &mut Diagnostics) -> Self {
        let mut scenario = Self::default();
        for document in documents {
            let section = document.section();
            section.refuse_unknown(KEYS, diagnostics);
            let mut table = |name| section.field(name).and_then(|field| field.section(diagnostics));
            scenario.book.extend(table("book"));
            scenario.profiles.extend(table("profile"));
            let mut tables = |name| section.field(name).map(|field| field.sections(diagnostics)).unwrap_or_default();
            scenario.actions.extend(tables("actions"));
            scenario.sets.extend(tables("set"));
        }
        scenario
    }

    /// Prepares the `[[set]]` blocks for a table of instances; tags that only a block names get a slot.
    pub(super) fn edits(&self, table: &mut Table<'_>, diagnostics: &mut Diagnostics) -> Vec<Edit> {
        let mut known: BTreeSet<String> = table.tag_keys().iter().cloned().collect();
        let names = self.sets.iter().flat_map(Section::fields).map(|field| field.name());
        for key in names.filter_map(|name| name.strip_prefix(TAG)).filter(|key| !key.is_empty()) {
            if known.insert(key.to_owned()) {
                table.add_tag(key);
            }
        }
        self.sets.iter().map(|section| Edit::read(section, table.tag_keys(), diagnostics)).collect()
    }
}

/// One `[[set]]` block: cells that are written on matching rows.
pub(super) struct Edit {
    selector: Option<Selector>,
    cells: Vec<(usize, Written)>,
    place: Place,
    matched: Cell<bool>,
}

impl Edit {
    /// Reads a block. What cannot be read has been reported, and the book will not be used.
    fn read(section: &Section<'_>, tag_keys: &[String], diagnostics: &mut Diagnostics) -> Self {
        let mut edit = Self { selector: None, cells: Vec::new(), place: section.place(), matched: Cell::new(false) };
        for field in section.fields() {
            match slot_of(field.name(), tag_keys) {
                _ if field.name() == WHERE => {
                    edit.selector = field.read(diagnostics, |text| selector(text, tag_keys));
                    edit.place = field.place();
                    edit.matched.set(edit.selector.is_none());
                }
                Some(0) => {
                    let help = "leave `instance_id` out; name the instance in `where`";
                    Problem::new(Code::UnexpectedValue, "a scenario cannot rename instances", help)
                        .report(|| field.key_place(), diagnostics);
                }
                Some(slot) => {
                    let text = field.text(diagnostics);
                    edit.cells.extend(text.map(|text| (slot, Rc::new((text, field.place())))));
                }
                None => report_unknown(&field, diagnostics),
            }
        }
        edit
    }

    /// Writes the cells of this block if the row matches as it stands.
    pub(super) fn apply(&self, row: &mut CsvRow<'_, '_>) {
        if self.selector.as_ref().is_none_or(|selector| selector.selects(&WrittenCells(row))) {
            self.matched.set(true);
            self.cells.iter().for_each(|(slot, written)| row.change(*slot, written));
        }
    }

    pub(super) fn warn_if_idle(&self, diagnostics: &mut Diagnostics) {
        if !self.matched.get() {
            let message = "this `[[set]]` matches no instance";
            diagnostics.push(Code::NoMatch, self.place.clone(), message, "check its `where` against `instances.csv`");
        }
    }
}

fn report_unknown(field: &Field<'_>, diagnostics: &mut Diagnostics) {
    let names = Column::NAMED.iter().map(|(name, _)| *name).chain([WHERE]);
    let help = nearest(field.name(), names, "name a column of `instances.csv`");
    Problem::new(Code::UnknownKey, format!("there is no column {} to set", shown(field.name())), help)
        .report(|| field.key_place(), diagnostics);
}

/// The slot of a column of `instances.csv`: named columns first, then tags.
fn slot_of(name: &str, tag_keys: &[String]) -> Option<usize> {
    let tag = || {
        let key = name.strip_prefix(TAG)?;
        tag_keys.iter().position(|known| known == key).map(|tag| Column::NAMED.len() + tag)
    };
    Column::NAMED.iter().position(|(known, _)| *known == name).or_else(tag)
}

/// The cells of a row as they are written; one that cannot be read counts as empty and is reported with its row.
struct WrittenCells<'r, 't, 'f>(&'r CsvRow<'t, 'f>);

impl<'v> Cells<'v> for WrittenCells<'v, '_, '_> {
    fn cell(&self, column: Column) -> Option<Value<'v>> {
        let slot = match column {
            Column::Tag(tag) => Column::NAMED.len() + tag,
            named => Column::NAMED.iter().position(|(_, known)| *known == named)?,
        };
        let text = self.0.text(slot)?;
        match column.kind() {
            Kind::Text => Some(Value::Text(text)),
            Kind::Date => day(text).ok().map(Value::Date),
            Kind::Number => {
                let whole = || any_whole(text).ok().map(rust_decimal::Decimal::from);
                price(text).ok().map(|price| price.decimal()).or_else(whole).map(Value::Number)
            }
        }
    }
}
