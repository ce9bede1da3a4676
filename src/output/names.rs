//! Names of files and sheets that are made of foreign texts. This is the one place that makes them; no two are one name.
//!
//! Windows and macOS do not tell capitals from small letters, nor the ways in which Unicode spells one letter; Windows keeps
//! some names for devices; every system has a longest name. A name that is harmless stays as it is asked for. Letters and
//! digits of all scripts stay, everything else becomes an underscore.
//!
//! Rule **names-of-files** of docs/spec.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::input::shown::is_seen;

/// The most characters of a text that a name shows.
const MAX_SHOWN: usize = 60;

/// Names that Windows keeps for devices, whatever ending follows.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Hands out names, each once.
pub(super) struct UniqueNames {
    /// Folded, as systems compare them.
    taken: BTreeSet<String>,
    /// The longest name, in what `length` counts.
    longest: usize,
    length: fn(&str) -> usize,
    /// Stands before a number.
    joint: char,
}

impl UniqueNames {
    /// Of files in one folder, without their endings: at most 200 bytes, as systems take 255 with everything around.
    pub(super) fn of_files() -> Self {
        Self {
            joint: '-',
            ..Self::of_tables()
        }
    }

    /// Of the sheets of a workbook beside those that are there; one name is the spreadsheet's own.
    pub(super) fn of_sheets(others: &[&str]) -> Self {
        let taken = others.iter().chain(&["History"]);
        Self {
            taken: taken.map(|name| folded(name)).collect(),
            longest: 31,
            length: |name| name.encode_utf16().count(),
            joint: '-',
        }
    }

    /// Of the tables of a workbook, which formulas could use: no dash is in them.
    pub(super) fn of_tables() -> Self {
        Self {
            taken: BTreeSet::new(),
            longest: 200,
            length: str::len,
            joint: '_',
        }
    }

    /// The name that is asked for, or the most like it that is short enough, free and allowed.
    pub(super) fn take(&mut self, wish: &str) -> String {
        let numbered = (2..).map(|number: u64| format!("{}{number}", self.joint));
        let mut names = std::iter::once(String::new())
            .chain(numbered)
            .map(|ending| self.cut(wish, &ending));
        let name = names
            .find(|name| !self.taken.contains(&folded(name)) && !is_device(name))
            .expect("there are more numbers than names");
        self.taken.insert(folded(&name));
        name
    }

    fn cut(&self, wish: &str, ending: &str) -> String {
        let mut name = wish.to_owned();
        while (self.length)(&name) + ending.len() > self.longest {
            name.pop();
        }
        name + ending
    }
}

/// A text as part of a name. The number tells two texts apart that are shown alike, and stands where something is not shown.
pub(super) fn part(text: &str, number: u32) -> String {
    let shown = text.chars().take(MAX_SHOWN);
    let part: String = shown
        .map(|c| if is_harmless(c) { c } else { '_' })
        .collect();
    if part == text {
        return part;
    }
    format!("{part}-{number}")
}

fn is_harmless(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_".contains(c) || (c.is_alphanumeric() && is_seen(c))
}

/// The name as the least exact of all systems and programs compares it.
pub(super) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let small = name
        .nfkd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    small.collect::<String>().nfkd().collect()
}

fn is_device(name: &str) -> bool {
    let name = folded(name);
    let port = name.strip_prefix("com").or(name.strip_prefix("lpt"));
    let is_port = port.is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']));
    DEVICES.contains(&&*name) || is_port
}
