//! What is wrong with an input: where, why, and what to type instead.
//!
//! A [`Diagnostic`] has a stable [`Code`], one sentence, a [`Place`] with the marked source line, and a help line.
//! Readers collect them all in [`Diagnostics`]; only the command line prints them.

use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but a person should look.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $severity:ident,)*) => {
        /// The kind of a diagnostic: a closed list, stable across versions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether inputs with it can be used.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A file or folder cannot be read.
    Unreadable = "unreadable" Error,
    /// The bytes are not UTF-8.
    NotUtf8 = "not-utf8" Error,
    /// The file is not well-formed CSV.
    BadCsv = "bad-csv" Error,
    /// The file is not well-formed TOML.
    BadToml = "bad-toml" Error,
    /// The file is not well-formed JSON.
    BadJson = "bad-json" Error,
    /// A required column is not there.
    MissingColumn = "missing-column" Error,
    /// A column stands twice.
    DuplicateColumn = "duplicate-column" Error,
    /// A column that nothing reads.
    UnknownColumn = "unknown-column" Warning,
    /// A required cell or key is empty or absent.
    MissingValue = "missing-value" Error,
    /// A key that does not exist.
    UnknownKey = "unknown-key" Error,
    /// A value of the wrong kind or outside its closed list.
    BadValue = "bad-value" Error,
    /// Not a date of the form YYYY-MM-DD, or out of range.
    BadDate = "bad-date" Error,
    /// Not a plain decimal, or with too many decimals.
    BadAmount = "bad-amount" Error,
    /// Not a whole number, or out of range.
    BadNumber = "bad-number" Error,
    /// An amount below zero where none may be.
    NegativeAmount = "negative-amount" Error,
    /// A cell that must be empty here.
    UnexpectedValue = "unexpected-value" Error,
    /// A cell that has no meaning here.
    IgnoredValue = "ignored-value" Warning,
    /// An id that stands twice.
    DuplicateId = "duplicate-id" Error,
    /// An account that `accounts.csv` does not list.
    UnknownAccount = "unknown-account" Error,
    /// A state that other cells contradict.
    ImpossibleState = "impossible-state" Error,
    /// An instance whose retention ended before the run.
    AlreadyReleased = "already-released" Error,
    /// An anchor day on which the expiry does not fall.
    BadAnchor = "bad-anchor" Error,
    /// No price in the inventory or in `prices.csv`.
    MissingPrice = "missing-price" Error,
    /// Two equally specific rows of `prices.csv`.
    AmbiguousPrice = "ambiguous-price" Error,
    /// A profile that does not exist.
    UnknownProfile = "unknown-profile" Error,
    /// Profiles that extend each other in a circle.
    ProfileCycle = "profile-cycle" Error,
    /// Keys of a profile that contradict each other.
    ProfileConflict = "profile-conflict" Error,
    /// Months that the profile's `renew_periods` does not offer.
    PeriodNotOffered = "period-not-offered" Error,
    /// A selector that does not parse or compares unlike things.
    BadSelector = "bad-selector" Error,
    /// A selector that names no column.
    UnknownSelectorColumn = "unknown-selector-column" Error,
    /// A scenario that changes nothing with one of its parts.
    NoMatch = "no-match" Warning,
    /// A scenario that the book does not have.
    UnknownScenario = "unknown-scenario" Error,
    /// Something the specification has and this version lacks.
    NotSupported = "not-supported" Error,
    /// Sums that could leave 64-bit minor units.
    TooLarge = "too-large" Error,
    /// An action outside the run.
    OutsideRun = "outside-run" Warning,
    /// A production instance that does not renew itself.
    ProductionManual = "production-manual" Warning,
    /// Renewals of the next 30 days that exceed the balance.
    ShortMonth = "short-month" Warning,
    /// A prepaid instance that comes due with a price of zero.
    ZeroPrice = "zero-price" Warning,
    /// An answer of a cloud interface that was not recognised.
    UnknownAnswer = "unknown-answer" Error,
    /// An answer that contradicts another one.
    ConflictingAnswers = "conflicting-answers" Error,
    /// Something in an answer that the book cannot hold.
    LeftOut = "left-out" Warning,
}

/// A marked piece of a source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the book.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The line, or the part of a long one around the mark; control characters are replaced.
    pub source: String,
    /// The marked characters of `source`.
    pub mark: Range<usize>,
}

/// How many characters of a long line are shown before and after the mark's beginning.
const WINDOW: usize = 70;

impl Place {
    /// The place of a byte range of a file.
    pub fn in_bytes(file: &str, bytes: &[u8], range: Range<usize>) -> Self {
        Self::after_line(file, bytes, range, (0, 1))
    }

    /// [`Place::in_bytes`], counting lines from a byte whose line is known, so that a late place costs no more than an
    /// early one.
    pub fn after_line(file: &str, bytes: &[u8], range: Range<usize>, (known, line): (usize, usize)) -> Self {
        let at = range.start.clamp(known, bytes.len());
        let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let line = line + bytes[known..start.max(known)].iter().filter(|b| **b == b'\n').count();
        let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |offset| at + offset);
        let before = String::from_utf8_lossy(&bytes[start..at]);
        let marked = String::from_utf8_lossy(&bytes[at..range.end.clamp(at, end)]);
        let after = String::from_utf8_lossy(&bytes[range.end.clamp(at, end)..end]);
        Self::windowed(file, line, [&before, &marked, &after])
    }

    /// The place of a whole file, where no line is to blame.
    pub fn of_file(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, source: String::new(), mark: 0..0 }
    }

    fn windowed(file: &str, line: usize, [before, marked, after]: [&str; 3]) -> Self {
        let column = before.chars().count() + 1;
        let skipped = (column - 1).saturating_sub(WINDOW);
        let lead: String = if skipped > 0 { "…".to_owned() } else { String::new() };
        let shown_before = lead + &before.chars().skip(skipped).collect::<String>();
        let start = shown_before.chars().count();
        let shown_mark: String = marked.trim_end_matches('\r').chars().take(WINDOW).collect();
        let width = shown_mark.chars().count().max(1);
        let rest = after.trim_end_matches('\r');
        let tail: String = rest.chars().take(WINDOW).collect();
        let more = if tail.len() < rest.len() { "…" } else { "" };
        let source = format!("{shown_before}{shown_mark}{tail}{more}")
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Self { file: file.to_owned(), line, column, source, mark: start..start + width }
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// One sentence, lower case, names in backticks.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to type instead.
    pub help: String,
}

/// How many diagnostics are kept; the rest are counted.
const KEPT: usize = 1_000;

/// Everything found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        match code.severity() {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.kept.len() < KEPT {
            self.kept.push(Diagnostic { code, message: message.into(), place, help: help.into() });
        }
    }

    /// Adds all of another collection.
    pub fn append(&mut self, mut other: Self) {
        self.kept.append(&mut other.kept);
        self.kept.truncate(KEPT);
        self.errors += other.errors;
        self.warnings += other.warnings;
    }

    /// Whether any of them keeps the input from being used.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many of them are errors.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many of them are warnings.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// How many were found beyond those that are kept.
    pub fn omitted(&self) -> usize {
        self.errors + self.warnings - self.kept.len()
    }

    /// Whether the last one that was found and kept has this code.
    pub fn ends_with(&self, code: Code) -> bool {
        self.kept.last().is_some_and(|last| last.code == code)
    }

    /// Those that are kept, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }
}
