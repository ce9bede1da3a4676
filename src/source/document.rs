//! TOML files as documents: keys and values with their places. Amounts must be strings, so that no float is between.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{Row, utf8};
use super::value::{Problem, day, nearest, shown, whole};
use crate::calendar::Day;
use crate::diagnostic::{Code, Diagnostics, Place};

/// A TOML file that could be parsed.
pub(super) struct Document<'f> {
    file: &'f str,
    text: &'f str,
    root: Spanned<DeTable<'f>>,
}

impl<'f> Document<'f> {
    /// Parses a file; a syntax error is reported at its place.
    pub(super) fn open(file: &'f str, bytes: &'f [u8], diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = utf8(file, bytes, diagnostics)?;
        match DeTable::parse(text) {
            Ok(root) => Some(Self { file, text, root }),
            Err(error) => {
                let place = Place::in_bytes(file, bytes, error.span().unwrap_or(0..1));
                diagnostics.push(Code::BadToml, place, error.message().trim().replace('\n', "; "), "correct the TOML");
                None
            }
        }
    }

    /// The keys of the whole file.
    pub(super) fn section(&self) -> Section<'_> {
        Section { document: self, table: self.root.get_ref(), span: self.root.span() }
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::in_bytes(self.file, self.text.as_bytes(), span)
    }
}

/// A table of a document.
#[derive(Clone)]
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
}

impl<'d> Section<'d> {
    /// The fields, in file order.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'d>> + use<'d> {
        let document = self.document;
        let mut fields: Vec<Field<'d>> = self.table.iter().map(|(key, value)| Field { document, key, value }).collect();
        fields.sort_by_key(|field| field.key.span().start);
        fields.into_iter()
    }

    pub(super) fn field(&self, name: &str) -> Option<Field<'d>> {
        self.fields().find(|field| field.name() == name)
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(self.span.start..self.span.start + 1)
    }

    /// Reports the keys that are not among the known ones.
    pub(super) fn refuse_unknown(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        let known_names: BTreeSet<&str> = known.iter().copied().collect();
        for field in self.fields().filter(|field| !known_names.contains(field.name())) {
            field.report_unknown(known, diagnostics);
        }
    }
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Field<'d> {
    document: &'d Document<'d>,
    key: &'d Spanned<toml::de::DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Field<'d> {
    pub(super) fn name(&self) -> &'d str {
        self.key.get_ref()
    }

    /// The file that it stands in.
    pub(super) fn file(&self) -> &'d str {
        self.document.file
    }

    pub(super) fn key_place(&self) -> Place {
        self.document.place(self.key.span())
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(self.value.span())
    }

    pub(super) fn report_unknown(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        let help = nearest(self.name(), known.iter().copied(), &format!("the keys here are {}", known.join(", ")));
        diagnostics.push(Code::UnknownKey, self.key_place(), format!("unknown key {}", shown(self.name())), help);
    }

    /// The value read as a scalar text, or reported. Strings, whole numbers, booleans and dates have a text; floats do not.
    pub(super) fn read<T>(
        &self,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        self.scalar().and_then(|text| read(&text)).map_err(|problem| problem.report(self.place(), diagnostics)).ok()
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Result<String, Problem> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Boolean(value) => Ok(value.to_string()),
            DeValue::Datetime(date) => Ok(date.to_string()),
            DeValue::Float(number) => Err(Problem::new(
                Code::BadValue,
                format!("`{}` is {}, which TOML holds inexactly", self.name(), number.as_str()),
                format!("write it in quotes: {} = \"{}\"", self.name(), number.as_str()),
            )),
            other => Err(Problem::new(
                Code::BadValue,
                format!("`{}` cannot be {}", self.name(), other.type_str()),
                format!("write a single value for `{}`", self.name()),
            )),
        }
    }

    pub(super) fn text(&self, diagnostics: &mut Diagnostics) -> Option<String> {
        self.read(diagnostics, |text| Ok(text.to_owned()))
    }

    pub(super) fn day(&self, diagnostics: &mut Diagnostics) -> Option<Day> {
        self.read(diagnostics, day)
    }

    pub(super) fn flag(&self, diagnostics: &mut Diagnostics) -> Option<bool> {
        self.read(diagnostics, |text| super::value::word(text, &[("true", true), ("false", false)]))
    }

    pub(super) fn number(&self, least: i64, most: i64, diagnostics: &mut Diagnostics) -> Option<i64> {
        self.read(diagnostics, |text| whole(text, least, most))
    }

    /// The whole numbers of a list.
    pub(super) fn numbers(&self, least: i64, most: i64, diagnostics: &mut Diagnostics) -> Option<Vec<i64>> {
        let Some(items) = self.value.get_ref().as_array() else {
            let message = format!("`{}` must be a list of whole numbers", self.name());
            diagnostics.push(Code::BadValue, self.place(), message, format!("write {} = [1, 2, 3]", self.name()));
            return None;
        };
        let read = |item: &'d Spanned<DeValue<'d>>| Field { value: item, ..self.clone() };
        let numbers: Vec<Option<i64>> = items.iter().map(|item| read(item).number(least, most, diagnostics)).collect();
        numbers.into_iter().collect()
    }

    /// The table that it holds, or a report that it should.
    pub(super) fn section(&self, diagnostics: &mut Diagnostics) -> Option<Section<'d>> {
        if let Some(table) = self.value.get_ref().as_table() {
            return Some(Section { document: self.document, table, span: self.value.span() });
        }
        let message = format!("`{}` must be a table", self.name());
        diagnostics.push(Code::BadValue, self.place(), message, format!("write it as [{}]", self.name()));
        None
    }

    /// The tables of a list of tables.
    pub(super) fn sections(&self, diagnostics: &mut Diagnostics) -> Vec<Section<'d>> {
        let items = self.value.get_ref().as_array().map(|items| items.iter().collect::<Vec<_>>());
        let tables = items.and_then(|items| {
            let section = |item: &'d Spanned<DeValue<'d>>| {
                let table = item.get_ref().as_table()?;
                Some(Section { document: self.document, table, span: item.span() })
            };
            items.into_iter().map(section).collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_else(|| {
            let message = format!("`{}` must be a list of tables", self.name());
            diagnostics.push(Code::BadValue, self.place(), message, format!("write it as [[{}]]", self.name()));
            Vec::new()
        })
    }
}

/// A table read as a row of cells, each key a column.
pub(super) struct TomlRow<'d> {
    section: Section<'d>,
    cells: Vec<Option<(Field<'d>, String)>>,
}

impl<'d> TomlRow<'d> {
    /// Reads the table; unknown keys and values without text are reported.
    pub(super) fn read(section: Section<'d>, columns: &[&str], diagnostics: &mut Diagnostics) -> Self {
        section.refuse_unknown(columns, diagnostics);
        let cell = |name: &&str| {
            let field = section.field(name)?;
            field.text(diagnostics).map(|text| (field, text))
        };
        let cells = columns.iter().map(cell).collect();
        Self { section, cells }
    }
}

impl Row for TomlRow<'_> {
    fn text(&self, slot: usize) -> Option<&str> {
        self.cells[slot].as_ref().map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    fn place(&self, slot: usize) -> Place {
        self.cells[slot].as_ref().map_or_else(|| self.section.place(), |(field, _)| field.place())
    }
}
