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
        match DeTable::parse(text) {
            Ok(root) => Some(Self {
                file,
                text,
                root,
                lines: OnceLock::new(),
            }),
            Err(error) => {
                let place = || match error.span() {
                    Some(span) => Place::in_bytes(file, bytes, span),
                    None => Place::of_file(file),
                };
                syntax(&error, text).report(place, diagnostics);
                None
            }
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

    fn place_of_span(&self, span: Range<usize>) -> Place {
        let bytes = self.text.as_bytes();
        Place::in_lines(
            self.file,
            bytes,
            self.lines.get_or_init(|| LineIndex::index_lines(bytes)),
            span,
        )
    }
}

/// What the parser says, in the words of a person who writes a book.
fn syntax(error: &toml::de::Error, text: &str) -> Problem {
    let message = error.message().trim().replace('\n', "; ");
    if message.starts_with("duplicate key") {
        let key = error
            .span()
            .and_then(|span| text.get(span))
            .unwrap_or("a key");
        return Problem::new(
            Code::BadToml,
            format!("{} stands twice", shown(key)),
            "keep one of the two",
        );
    }
    if message.contains("recursion") || message.contains("recurse") {
        return Problem::new(
            Code::BadToml,
            "tables or lists nest too deeply",
            "no key of a book nests deeper than two tables",
        );
    }
    let help = "write one `key = value` a line: texts in double quotes, dates as 2026-12-01, tables as [name]";
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
            let help = nearest(
                self.key(),
                known.iter().copied(),
                &format!("the keys here are {}", known.join(", ")),
            );
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
        let refuse =
            |message: String, help: String| Err(Problem::new(Code::BadValue, message, help));
        match self.value.get_ref() {
            DeValue::String(text) => Ok(Cow::Borrowed(text)),
            DeValue::Integer(number) if number.radix() == 10 => Ok(Cow::Borrowed(number.as_str())),
            DeValue::Boolean(value) => Ok(Cow::Owned(value.to_string())),
            DeValue::Datetime(date) => Ok(Cow::Owned(date.to_string())),
            DeValue::Float(number) => {
                let digits = number.as_str();
                let help = if digits.len() > 40 { "…" } else { digits };
                let message = format!(
                    "{} is a floating-point number, which is inexact",
                    shown(digits)
                );
                refuse(message, format!("write it in quotes: {name} = \"{help}\""))
            }
            DeValue::Integer(_) => refuse(
                format!("`{name}` is not a decimal number"),
                format!("write `{name}` with the digits 0 to 9"),
            ),
            DeValue::Array(_) => refuse(
                format!("`{name}` cannot be a list"),
                format!("write one value for `{name}`"),
            ),
            DeValue::Table(_) => refuse(
                format!("`{name}` cannot be a table"),
                format!("write one value for `{name}`"),
            ),
        }
    }

    pub(super) fn read_text(&self, diagnostics: &mut Diagnostics) -> Option<String> {
        self.read_field(diagnostics, |text| Ok(text.to_owned()))
    }

    pub(super) fn day(&self, diagnostics: &mut Diagnostics) -> Option<Day> {
        self.read_field(diagnostics, day)
    }

    pub(super) fn flag(&self, diagnostics: &mut Diagnostics) -> Option<bool> {
        self.read_field(diagnostics, |text| {
            word(text, &[("true", true), ("false", false)])
        })
    }

    pub(super) fn read_number(
        &self,
        least: i64,
        most: i64,
        diagnostics: &mut Diagnostics,
    ) -> Option<i64> {
        self.read_field(diagnostics, |text| whole(text, least, most))
    }

    /// The whole numbers of a list.
    pub(super) fn numbers(
        &self,
        least: i64,
        most: i64,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<i64>> {
        let Some(items) = self.value.get_ref().as_array() else {
            let message = format!("`{}` must be a list of whole numbers", self.key());
            self.refuse(
                message,
                format!("write {} = [1, 2, 3]", self.key()),
                diagnostics,
            );
            return None;
        };
        let read = |item: &'d Spanned<DeValue<'d>>| Field {
            value: item,
            ..self.clone()
        };
        let numbers: Vec<Option<i64>> = items
            .iter()
            .map(|item| read(item).read_number(least, most, diagnostics))
            .collect();
        numbers.into_iter().collect()
    }

    /// The items of a list, each under the key of the list; none of something else, which is reported.
    pub(super) fn items(&self, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let Some(items) = self.value.get_ref().as_array() else {
            let message = format!("`{}` must be a list", self.key());
            self.refuse(
                message,
                format!("write {} = [1, 3, 12]", self.key()),
                diagnostics,
            );
            return Vec::new();
        };
        items
            .iter()
            .map(|item| Self {
                value: item,
                ..self.clone()
            })
            .collect()
    }

    /// The days of a list; what is wrong is reported.
    pub(super) fn read_days(&self, diagnostics: &mut Diagnostics) -> Vec<Day> {
        let Some(items) = self.value.get_ref().as_array() else {
            let message = format!("`{}` must be a list of days", self.key());
            self.refuse(
                message,
                format!("write {} = [2026-10-01, 2026-10-02]", self.key()),
                diagnostics,
            );
            return Vec::new();
        };
        let read = |item: &'d Spanned<DeValue<'d>>| Field {
            value: item,
            ..self.clone()
        };
        items
            .iter()
            .filter_map(|item| read(item).day(diagnostics))
            .collect()
    }

    /// The table that it holds, or a report that it should.
    pub(super) fn section(&self, diagnostics: &mut Diagnostics) -> Option<TomlTable<'d>> {
        if let Some(table) = self.value.get_ref().as_table() {
            return Some(TomlTable {
                document: self.document,
                table,
                span: self.value.span(),
            });
        }
        let message = format!("`{}` must be a table", self.key());
        self.refuse(
            message,
            format!("write it as a table: {} = {{ … }}", self.key()),
            diagnostics,
        );
        None
    }

    /// The tables of a list of tables.
    pub(super) fn sections(&self, diagnostics: &mut Diagnostics) -> Vec<TomlTable<'d>> {
        let items = self
            .value
            .get_ref()
            .as_array()
            .map(|items| items.iter().collect::<Vec<_>>());
        let tables = items.and_then(|items| {
            let section = |item: &'d Spanned<DeValue<'d>>| {
                let table = item.get_ref().as_table()?;
                Some(TomlTable {
                    document: self.document,
                    table,
                    span: item.span(),
                })
            };
            items.into_iter().map(section).collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_else(|| {
            let message = format!("`{}` must be a list of tables", self.key());
            self.refuse(
                message,
                format!("write each below a line [[{}]]", self.key()),
                diagnostics,
            );
            Vec::new()
        })
    }
}

/// A table read as a row of cells, each key a column.
pub(super) struct TomlRow<'d> {
    section: TomlTable<'d>,
    cells: Vec<Option<(Field<'d>, String)>>,
}

impl<'d> TomlRow<'d> {
    /// Reads the table; unknown keys are reported. None where a value without text has been reported.
    pub(super) fn read_table(
        section: TomlTable<'d>,
        columns: &[&str],
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
        readable.then_some(Self { section, cells })
    }
}

impl InputRow for TomlRow<'_> {
    fn text(&self, slot: usize) -> Option<&str> {
        self.cells[slot]
            .as_ref()
            .map(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
    }

    fn place(&self, slot: usize) -> Place {
        self.cells[slot]
            .as_ref()
            .map_or_else(|| self.section.place(), |(field, _)| field.place())
    }
}
