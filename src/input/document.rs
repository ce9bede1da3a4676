//! TOML files as documents: keys and values with their places. Amounts must be strings, so that no float is between.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ids::nearest;
use super::table::{InputRow, size, utf8};
use super::value::{Problem, day, shown, whole, word};
use crate::input::diagnostic::{Code, Diagnostics, LineIndex, Place};
use crate::model::calendar::Day;
use crate::model::words::Word;

/// The largest TOML file, in bytes: parsed, it takes many times as much memory. `docs/spec/formats.md`, **toml-limits**.
pub const LARGEST_TOML: usize = 1 << 21;

/// A TOML file that could be parsed.
pub(super) struct TomlDocument<'f> {
    file: &'f str,
    text: &'f str,
    root: Spanned<DeTable<'f>>,
    lines: OnceLock<LineIndex>,
}

impl<'f> TomlDocument<'f> {
    /// Parses a file; a syntax error is reported at its place.
    pub(super) fn parse_toml(
        file: &'f str,
        bytes: &'f [u8],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        if bytes.len() > LARGEST_TOML {
            let message = format!("`{file}` has more than {}", size(LARGEST_TOML));
            let help = "write many cells into `instances.csv` and many actions into `actions.csv`";
            diagnostics.push(Code::BadToml, Place::of_file(file), message, help);
            return None;
        }
        let text = utf8(file, bytes, diagnostics)?;
        let parsed = DeTable::parse(text);
        let root = parsed.map_err(|error| {
            let place = || match error.span() {
                Some(span) => Place::in_bytes(file, bytes, span),
                None => Place::of_file(file),
            };
            syntax(&error, text).report(place, diagnostics);
        });
        Some(Self::with_root(file, text, root.ok()?))
    }

    fn with_root(file: &'f str, text: &'f str, root: Spanned<DeTable<'f>>) -> Self {
        Self {
            file,
            text,
            root,
            lines: OnceLock::new(),
        }
    }

    /// The keys of the whole file.
    pub(super) fn section(&self) -> TomlTable<'_> {
        TomlTable {
            document: self,
            table: self.root.get_ref(),
            span: 0..0,
        }
    }

    /// A value as a table, if it is one.
    fn table<'d>(&'d self, value: &'d Spanned<DeValue<'d>>) -> Option<TomlTable<'d>> {
        Some(TomlTable {
            document: self,
            table: value.get_ref().as_table()?,
            span: value.span(),
        })
    }

    fn place_of_span(&self, span: Range<usize>) -> Place {
        let bytes = self.text.as_bytes();
        let lines = self.lines.get_or_init(|| LineIndex::index_lines(bytes));
        Place::in_lines(self.file, bytes, lines, span)
    }
}

/// What the parser says, in the words of a person who writes a book.
fn syntax(error: &toml::de::Error, text: &str) -> Problem {
    let message = error.message().trim().replace('\n', "; ");
    let (message, help) = if message.starts_with("duplicate key") {
        let key = error.span().and_then(|span| text.get(span));
        let message = format!("duplicate key {}", shown(key.unwrap_or("")));
        (message, "keep one of the two")
    } else if message.contains("recursion") || message.contains("recurse") {
        let help = "no key of a book nests deeper than two tables";
        ("tables or lists nest too deeply".to_owned(), help)
    } else {
        let help = "write one `key = value` a line: texts in double quotes, dates as 2026-12-01, tables as [name]";
        (message, help)
    };
    Problem::new(Code::BadToml, message, help)
}

/// A table of a document.
#[derive(Clone)]
pub(super) struct TomlTable<'d> {
    document: &'d TomlDocument<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
}

impl<'d> TomlTable<'d> {
    /// The fields, in file order.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'d>> + use<'d> {
        let document = self.document;
        let mut fields: Vec<Field<'d>> = self
            .table
            .iter()
            .map(|(key, value)| Field {
                document,
                key,
                value,
            })
            .collect();
        fields.sort_by_key(|field| field.key.span().start);
        fields.into_iter()
    }

    pub(super) fn field(&self, name: &str) -> Option<Field<'d>> {
        self.fields().find(|field| field.key() == name)
    }

    /// The text of a key, if it is there.
    pub(super) fn text(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        self.field(name)?.read_text(diagnostics)
    }

    /// The tables of a key that holds a list of them, if it is there.
    pub(super) fn tables(&self, name: &str, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let field = self.field(name);
        field.map_or_else(Vec::new, |field| field.sections(diagnostics))
    }

    /// Its header; of a whole file the file.
    pub(super) fn place(&self) -> Place {
        if self.span.is_empty() {
            Place::of_file(self.document.file)
        } else {
            self.document.place_of_span(self.span.clone())
        }
    }

    /// Reports the keys that are not among the known ones.
    pub(super) fn refuse_unknown(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        for field in self.fields().filter(|field| !known.contains(&field.key())) {
            field.report_unknown(known, diagnostics);
        }
    }
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Field<'d> {
    document: &'d TomlDocument<'d>,
    key: &'d Spanned<toml::de::DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Field<'d> {
    pub(super) fn key(&self) -> &'d str {
        self.key.get_ref()
    }

    /// The file that it stands in.
    pub(super) fn file(&self) -> &'d str {
        self.document.file
    }

    pub(super) fn key_place(&self) -> Place {
        self.document.place_of_span(self.key.span())
    }

    pub(super) fn place(&self) -> Place {
        self.document.place_of_span(self.value.span())
    }

    pub(super) fn report_unknown(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::UnknownKey, || {
            let otherwise = format!("the keys here are {}", known.join(", "));
            let help = nearest(self.key(), known.iter().copied(), &otherwise);
            (
                self.key_place(),
                format!("unknown key {}", shown(self.key())),
                help,
            )
        });
    }

    fn refuse(&self, message: String, help: String, diagnostics: &mut Diagnostics) {
        Problem::new(Code::BadValue, message, help).report(|| self.place(), diagnostics);
    }

    /// The value read as a scalar text, or reported. Strings, whole numbers, booleans and dates have a text; floats do not.
    pub(super) fn read_field<T>(
        &self,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        self.scalar()
            .and_then(|text| read(&text))
            .map_err(|problem| problem.report(|| self.place(), diagnostics))
            .ok()
    }

    /// The text of a scalar.
    fn scalar(&self) -> Result<Cow<'d, str>, Problem> {
        let name = self.key();
        let (message, help) = match self.value.get_ref() {
            DeValue::String(text) => return Ok(Cow::Borrowed(text)),
            DeValue::Integer(number) if number.radix() == 10 => {
                return Ok(Cow::Borrowed(number.as_str()));
            }
            DeValue::Boolean(value) => return Ok(Cow::Owned(value.to_string())),
            DeValue::Datetime(date) => return Ok(Cow::Owned(date.to_string())),
            DeValue::Float(number) => {
                let digits = number.as_str();
                let quoted = if digits.len() > 40 { "…" } else { digits };
                (
                    format!(
                        "{} is a floating-point number, which is inexact",
                        shown(digits)
                    ),
                    format!("write it in quotes: {name} = \"{quoted}\""),
                )
            }
            DeValue::Integer(_) => (
                format!("`{name}` is not a decimal number"),
                format!("write `{name}` with the digits 0 to 9"),
            ),
            DeValue::Array(_) => (
                format!("`{name}` cannot be a list"),
                format!("write one value for `{name}`"),
            ),
            DeValue::Table(_) => (
                format!("`{name}` cannot be a table"),
                format!("write one value for `{name}`"),
            ),
        };
        Err(Problem::new(Code::BadValue, message, help))
    }

    pub(super) fn read_text(&self, diagnostics: &mut Diagnostics) -> Option<String> {
        self.read_field(diagnostics, |text| Ok(text.to_owned()))
    }

    pub(super) fn day(&self, diagnostics: &mut Diagnostics) -> Option<Day> {
        self.read_field(diagnostics, day)
    }

    /// One word of a closed list.
    pub(super) fn word<T: Word>(&self, diagnostics: &mut Diagnostics) -> Option<T> {
        self.read_field(diagnostics, |text| word(self.key(), text))
    }

    pub(super) fn read_number(
        &self,
        least: i64,
        most: i64,
        diagnostics: &mut Diagnostics,
    ) -> Option<i64> {
        self.read_field(diagnostics, |text| whole(text, least, most))
    }

    /// The whole numbers of a list; none where one of them cannot be read.
    pub(super) fn numbers(
        &self,
        least: i64,
        most: i64,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<i64>> {
        let items = self.list(" of whole numbers", "[1, 2, 3]", diagnostics)?;
        let numbers: Vec<Option<i64>> = items
            .iter()
            .map(|item| item.read_number(least, most, diagnostics))
            .collect();
        numbers.into_iter().collect()
    }

    /// The texts of a list with their fields; none of something else, which is reported.
    pub(super) fn texts(&self, diagnostics: &mut Diagnostics) -> Vec<(String, Self)> {
        let items = self.list("", "[1, 3, 12]", diagnostics).unwrap_or_default();
        let texts = items
            .into_iter()
            .filter_map(|item| Some((item.read_text(diagnostics)?, item)));
        texts.collect()
    }

    /// The days of a list; what is wrong is reported.
    pub(super) fn read_days(&self, diagnostics: &mut Diagnostics) -> Vec<Day> {
        let items = self.list(" of days", "[2026-10-01, 2026-10-02]", diagnostics);
        let items = items.unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item.day(diagnostics))
            .collect()
    }

    /// The items of a list, each under the key of the list.
    fn list(&self, of: &str, example: &str, diagnostics: &mut Diagnostics) -> Option<Vec<Self>> {
        let Some(items) = self.value.get_ref().as_array() else {
            let name = self.key();
            let message = format!("`{name}` must be a list{of}");
            self.refuse(message, format!("write {name} = {example}"), diagnostics);
            return None;
        };
        let items = items.iter().map(|value| Self {
            value,
            ..self.clone()
        });
        Some(items.collect())
    }

    /// The table that it holds, or a report that it should.
    pub(super) fn section(&self, diagnostics: &mut Diagnostics) -> Option<TomlTable<'d>> {
        let table = self.document.table(self.value);
        if table.is_none() {
            let name = self.key();
            let message = format!("`{name}` must be a table");
            self.refuse(
                message,
                format!("write it as a table: {name} = {{ … }}"),
                diagnostics,
            );
        }
        table
    }

    /// The tables of a list of tables.
    pub(super) fn sections(&self, diagnostics: &mut Diagnostics) -> Vec<TomlTable<'d>> {
        let items = self.value.get_ref().as_array();
        let tables = items.and_then(|items| {
            let tables = items.iter().map(|item| self.document.table(item));
            tables.collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_else(|| {
            let name = self.key();
            let message = format!("`{name}` must be a list of tables");
            self.refuse(
                message,
                format!("write each below a line [[{name}]]"),
                diagnostics,
            );
            Vec::new()
        })
    }
}

/// A table read as a row of cells, each key a column.
pub(super) struct TomlRow<'d> {
    section: TomlTable<'d>,
    columns: &'static [&'static str],
    cells: Vec<Option<(Field<'d>, String)>>,
}

impl<'d> TomlRow<'d> {
    /// Reads the table; unknown keys are reported. None where a value without text has been reported.
    pub(super) fn read_table(
        section: TomlTable<'d>,
        columns: &'static [&'static str],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        section.refuse_unknown(columns, diagnostics);
        let mut cells = vec![None; columns.len()];
        let mut readable = true;
        for field in section.fields() {
            let Some(slot) = columns.iter().position(|name| *name == field.key()) else {
                continue;
            };
            let text = field.read_text(diagnostics);
            readable &= text.is_some();
            cells[slot] = text.map(|text| (field, text));
        }
        readable.then_some(Self {
            section,
            columns,
            cells,
        })
    }
}

impl InputRow for TomlRow<'_> {
    fn text(&self, slot: usize) -> Option<&str> {
        let (_, text) = self.cells[slot].as_ref()?;
        (!text.is_empty()).then_some(text)
    }

    fn column(&self, slot: usize) -> &'static str {
        self.columns[slot]
    }

    fn place(&self, slot: usize) -> Place {
        let cell = self.cells[slot].as_ref();
        cell.map_or_else(|| self.section.place(), |(field, _)| field.place())
    }
}
