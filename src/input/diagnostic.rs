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
    /// Two columns with one name.
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
    /// Ids or tags with blanks or invisible characters at their ends, which are left out.
    BlankEnds = "blank-ends" Warning,
    /// Two actions that are equal in every cell.
    RepeatedRow = "repeated-row" Warning,
    /// An action on an id that is in no list.
    UnknownTarget = "unknown-target" Warning,
    /// An instance that expired before the run, and whose state follows from that.
    TakenAsUnpaid = "taken-as-unpaid" Warning,
    /// A disk that is not renewed with its server.
    UnlikeServer = "unlike-server" Warning,
    /// A currency of the book that `rates.csv` has no rate of.
    MissingRate = "missing-rate" Warning,
    /// Two rows with one id.
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
    /// A change that matches nothing.
    NoMatch = "no-match" Error,
    /// Changes of a profile that no product follows.
    IdleProfile = "idle-profile" Warning,
    /// A scenario that the book does not have.
    UnknownScenario = "unknown-scenario" Error,
    /// Changes of a sweep that set the same thing.
    Contradiction = "contradiction" Error,
    /// A scenario that extends itself.
    ScenarioCycle = "scenario-cycle" Error,
    /// An order that contradicts the inventory or another order.
    BadOrder = "bad-order" Error,
    /// Sums that could leave 64-bit minor units.
    TooLarge = "too-large" Error,
    /// An action outside the run.
    OutsideRun = "outside-run" Warning,
    /// An action that could pay something back, but nothing is known to be paid.
    PaymentUnknown = "payment-unknown" Warning,
    /// A value of a profile that is kept for former books.
    FormerRule = "former-rule" Warning,
    /// A production instance that does not renew itself.
    ProductionManual = "production-manual" Warning,
    /// Renewals of the next 30 days that exceed the balance.
    ShortMonth = "short-month" Warning,
    /// A prepaid instance that comes due with a price of zero.
    ZeroPrice = "zero-price" Warning,
    /// A text that a spreadsheet would run.
    FormulaCell = "formula-cell" Warning,
    /// An answer of a cloud interface that was not recognised.
    UnknownAnswer = "unknown-answer" Error,
    /// An answer that contradicts another one.
    ConflictingAnswers = "conflicting-answers" Error,
    /// Something in an answer that the book cannot hold.
    LeftOut = "left-out" Warning,
    /// A file of a result that is not as the run wrote it.
    ChangedFile = "changed-file" Error,
    /// A file of a result that is not there.
    MissingFile = "missing-file" Error,
    /// A file in a result that the run did not write.
    ExtraFile = "extra-file" Error,
    /// A `run.json` without a digest of itself.
    Unsealed = "unsealed" Error,
    /// An input that is not as the run read it.
    ChangedInput = "changed-input" Error,
    /// Rows of a result that stand in another order.
    WrongOrder = "wrong-order" Error,
    /// An amount of a row that does not follow from the others.
    WrongSum = "wrong-sum" Error,
    /// A prepaid payment that takes the available amount below zero.
    Overdrawn = "overdrawn" Error,
    /// A reason that an event, or a state, does not have.
    WrongReason = "wrong-reason" Error,
    /// A move that the life of an instance does not have.
    ImpossibleMove = "impossible-move" Error,
    /// A term that does not begin or end where it must.
    BrokenTerm = "broken-term" Error,
    /// A move on another day than its profile gives it.
    WrongDay = "wrong-day" Error,
    /// A file of a result that says something else than its ledger.
    Disagrees = "disagrees" Error,
    /// A file of a result that a replay of its inputs does not write.
    OtherReplay = "other-replay" Error,
}

/// A marked piece of a source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The file, relative to the book.
    pub file: String,
    /// The line, or the part of a long one around the mark; control characters are replaced.
    pub source: String,
    /// The marked characters of `source`.
    pub mark: Range<usize>,
}

/// How many characters of a long line are shown before the mark, of the mark, and after it.
const WINDOW: usize = 70;
/// The most bytes that a window takes.
const WINDOW_BYTES: usize = 4 * WINDOW;
/// What some editors put before UTF-8 text; no column counts it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Place {
    /// The place of a byte range of a file.
    pub fn in_bytes(file: &str, bytes: &[u8], range: Range<usize>) -> Self {
        Self::in_lines(file, bytes, &LineIndex::index_lines(bytes), range)
    }

    /// [`Place::in_bytes`], where the lines have been counted before.
    pub fn in_lines(file: &str, bytes: &[u8], lines: &LineIndex, range: Range<usize>) -> Self {
        let at = range.start.min(bytes.len());
        let Position {
            line,
            column,
            shown_from,
        } = lines.find(bytes, at);
        let seen = bytes.len().min(at + 3 * WINDOW_BYTES);
        let end = (at..seen)
            .find(|byte| matches!(bytes[*byte], b'\n' | b'\r'))
            .unwrap_or(seen);
        let stop = range.end.clamp(at, end);
        let lead = before(&bytes[shown_from..at], column);
        let (mark, is_cut) = cut(&bytes[at..stop]);
        let width = mark.chars().count().max(1);
        let tail = if is_cut {
            "…".to_owned()
        } else {
            let (tail, is_cut) = cut(&bytes[stop..end]);
            if is_cut { tail + "…" } else { tail }
        };
        let source = format!("{lead}{mark}{tail}")
            .chars()
            .map(printable)
            .collect();
        let shown_before = lead.chars().count();
        Self {
            file: file.to_owned(),
            line,
            column,
            source,
            mark: shown_before..shown_before + width,
        }
    }

    /// The place of a whole file, where no line is to blame.
    pub fn of_file(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            source: String::new(),
            mark: 0..0,
        }
    }
}

/// The end of what stands in a line before a mark in this column.
fn before(bytes: &[u8], column: usize) -> String {
    let from = (0..bytes.len())
        .rev()
        .filter(|at| begins_character(bytes[*at]))
        .take(WINDOW)
        .last();
    let dots = if column > WINDOW + 1 { "…" } else { "" };
    format!(
        "{dots}{}",
        String::from_utf8_lossy(&bytes[from.unwrap_or(bytes.len())..])
    )
}

fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// The beginning of a text, and whether it goes on; a line end of two characters is not part of it.
fn cut(bytes: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(WINDOW_BYTES + 4)]);
    (
        text.chars().take(WINDOW).collect(),
        text.chars().nth(WINDOW).is_some(),
    )
}

fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        control if control.is_control() => '·',
        other => other,
    }
}

/// What lies before each block of a file, so that a place late in it, or late in a long line, is found as fast as an early
/// one.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {
    blocks: Vec<ReadPosition>,
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default)]
struct ReadPosition {
    /// Line ends so far.
    ends: usize,
    /// Where the line begins.
    start: usize,
    /// Characters of the line so far.
    characters: usize,
}

/// Where a byte is, as people count.
struct Position {
    line: usize,
    column: usize,
    /// The byte from which the line is worth looking at: its beginning, or one far enough before.
    shown_from: usize,
}

/// Bytes of a block.
const BLOCK: usize = 1 << 14;

impl LineIndex {
    /// Counts the lines of a file. A line ends with `\n`, `\r\n` or a lone `\r`.
    pub fn index_lines(bytes: &[u8]) -> Self {
        let mut reached = ReadPosition::default();
        let blocks = (0..bytes.len()).step_by(BLOCK).map(|start| {
            let before = reached;
            reached.read_range(bytes, start..bytes.len().min(start + BLOCK));
            before
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// The line of a byte, from 1.
    pub fn line_at(&self, bytes: &[u8], at: usize) -> usize {
        self.find(bytes, at).line
    }

    fn find(&self, bytes: &[u8], at: usize) -> Position {
        let block = (at / BLOCK).min(self.blocks.len().saturating_sub(1));
        let mut reached = self.blocks.get(block).copied().unwrap_or_default();
        reached.read_range(bytes, block * BLOCK..at);
        let shown_from = reached
            .start
            .max(at.saturating_sub(WINDOW_BYTES + 4))
            .min(at);
        Position {
            line: reached.ends + 1,
            column: reached.characters + 1,
            shown_from,
        }
    }
}

impl ReadPosition {
    fn read_range(&mut self, bytes: &[u8], range: Range<usize>) {
        for at in range {
            if ends_line(bytes, at) {
                *self = Self {
                    ends: self.ends + 1,
                    start: at + 1,
                    characters: 0,
                };
            } else if at == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
                self.start = BYTE_ORDER_MARK.len();
            } else if begins_character(bytes[at]) {
                self.characters += 1;
            }
        }
    }
}

fn ends_line(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// One sentence, lower case, names in backticks.
    pub message: String,
    /// What to type instead.
    pub help: String,
}

/// A sentence that ends where the texts that it quotes are too long to be read.
fn readable(mut sentence: String) -> String {
    const MOST: usize = 1_000;
    if let Some((end, _)) = sentence.char_indices().nth(MOST) {
        sentence.truncate(end);
        sentence.push('…');
    }
    sentence
}

/// How many errors are kept, and how many warnings; the rest are counted.
const KEPT: usize = 1_000;

/// Everything found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    kept_errors: usize,
    kept_warnings: usize,
    errors: usize,
    warnings: usize,
    notes: Vec<String>,
}

impl Diagnostics {
    /// Adds a sentence about what was read that is neither wrong nor doubtful.
    pub fn note(&mut self, sentence: String) {
        self.notes.push(readable(sentence));
    }

    /// The sentences, in the order in which they were added.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds one.
    pub fn push(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push_with(code, || (place, message.into(), help.into()));
    }

    /// Adds one that was found elsewhere.
    pub fn push_found(&mut self, found: Diagnostic) {
        self.push(found.code, found.place, found.message, found.help);
    }

    /// Adds one whose place and sentences are made only if it can be kept: a million of them must not cost more than to
    /// count. What a scenario writes into many rows is wrong in each of them, but shown once.
    pub fn push_with(&mut self, code: Code, find: impl FnOnce() -> (Place, String, String)) {
        let found = match code.severity() {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *found += 1;
        if *self.kept_of(code) < KEPT {
            let (place, message, help) = find();
            self.keep(Diagnostic {
                code,
                message: readable(message),
                place,
                help: readable(help),
            });
        }
    }

    /// How many like it are kept.
    fn kept_of(&mut self, code: Code) -> &mut usize {
        match code.severity() {
            Severity::Error => &mut self.kept_errors,
            Severity::Warning => &mut self.kept_warnings,
        }
    }

    fn keep(&mut self, diagnostic: Diagnostic) {
        if *self.kept_of(diagnostic.code) < KEPT && !self.kept.contains(&diagnostic) {
            *self.kept_of(diagnostic.code) += 1;
            self.kept.push(diagnostic);
        }
    }

    /// None yet, for a later part of the input that is read by itself. What could not be kept behind these is only counted.
    pub fn for_later(&self) -> Self {
        let [kept_errors, kept_warnings] =
            [self.kept_errors, self.kept_warnings].map(|kept| if kept == KEPT { KEPT } else { 0 });
        Self {
            kept_errors,
            kept_warnings,
            ..Self::default()
        }
    }

    /// Adds what was found by itself in a later part of the input. The same is kept as if both had been found by one.
    pub fn append(&mut self, later: Self) {
        self.errors += later.errors;
        self.warnings += later.warnings;
        self.notes.extend(later.notes);
        later
            .kept
            .into_iter()
            .for_each(|diagnostic| self.keep(diagnostic));
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

    /// Those that are kept, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }
}
