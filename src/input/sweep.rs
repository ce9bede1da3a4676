//! A sweep: many runs of a book, from axes whose values are combined with each other, and from single cases.
//!
//! ```toml
//! [[axis]]
//! name = "months"
//! key = "renew_months"                 # what `--set` takes; or "scenario"
//! where = "\"tag:env\" = 'prod'"       # optional
//! values = [1, 3, 12]
//!
//! [[case]]
//! name = "manual"
//! set = ["renew_flag=manual"]          # as after `--set`
//! ```

use std::collections::BTreeSet;

use super::document::{Field, TomlDocument, TomlTable};
use super::folder::{Folder, QUICK};
use super::ids::nearest;
use super::value::shown;
use super::{ReadMemory, inline_change, read_again, selected};
use crate::analysis::compare::Measure;
use crate::input::diagnostic::{Code, Diagnostics, Place};

const KEYS: &[&str] = &["description", "scenario", "sort", "axis", "case"];
const AXIS_KEYS: &[&str] = &["name", "key", "where", "values"];
const CASE_KEYS: &[&str] = &["name", "scenario", "set"];
/// The key that chooses among scenarios of the book.
const SCENARIO: &str = "scenario";
/// The column of the names of cases.
const CASE: &str = "case";
/// The most runs of a sweep.
/// Rule **sweep-runs**.
const MOST_RUNS: usize = 100_000;

/// A sweep as it was asked for.
pub struct SweepSpec {
    /// The scenario that all runs begin with.
    pub scenario: Option<String>,
    /// The figure by which runs are sorted.
    pub sort: Option<Measure>,
    axes: Vec<Axis>,
    cases: Vec<SweepCase>,
}

struct Axis {
    name: String,
    key: String,
    condition: Option<String>,
    place: Place,
    values: Vec<(String, Place)>,
}

struct SweepCase {
    name: String,
    scenario: Option<String>,
    changes: Vec<String>,
    place: Place,
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepRun {
    /// What is chosen, for each column.
    pub cells: Vec<String>,
    /// The scenario that it begins with.
    pub scenario: Option<String>,
    /// Its changes, as after `--set`.
    pub changes: Vec<String>,
}

impl SweepRun {
    /// Its changes as the text of a scenario.
    ///
    /// # Errors
    /// The first change that cannot be read.
    pub fn to_toml(&self) -> Result<String, String> {
        inline_change::toml(&self.changes)
    }
}

impl SweepSpec {
    /// Reads a sweep. There is one exactly if there are no errors.
    pub fn read_sweep(file: &str, bytes: &[u8], diagnostics: &mut Diagnostics) -> Option<Self> {
        let document = TomlDocument::parse_toml(file, bytes, diagnostics)?;
        let section = document.section();
        section.refuse_unknown(KEYS, diagnostics);
        let text = |name, diagnostics: &mut Diagnostics| {
            section
                .field(name)
                .and_then(|field| field.read_text(diagnostics))
        };
        let scenario = text(SCENARIO, diagnostics);
        let sort = section
            .field("sort")
            .and_then(|field| measure(&field, diagnostics));
        let tables = |name, diagnostics: &mut Diagnostics| {
            section
                .field(name)
                .map(|field| field.sections(diagnostics))
                .unwrap_or_default()
        };
        let axes = tables("axis", diagnostics)
            .iter()
            .filter_map(|axis| Axis::read_axis(axis, diagnostics))
            .collect();
        let cases = tables("case", diagnostics)
            .iter()
            .filter_map(|case| SweepCase::read_case(case, diagnostics))
            .collect();
        let plan = Self {
            scenario,
            sort,
            axes,
            cases,
        };
        plan.refuse_size(file, diagnostics);
        (!diagnostics.has_errors()).then_some(plan)
    }

    fn refuse_size(&self, file: &str, diagnostics: &mut Diagnostics) {
        let sizes = self.axes.iter().map(|axis| axis.values.len());
        let runs = sizes
            .fold(1_usize, usize::saturating_mul)
            .saturating_add(self.cases.len());
        if runs > MOST_RUNS {
            let message = format!("these are {runs} runs, more than {MOST_RUNS}");
            diagnostics.push(
                Code::TooLarge,
                Place::of_file(file),
                message,
                "leave out some values",
            );
        }
        if self.axes.is_empty() && self.cases.is_empty() && !diagnostics.has_errors() {
            let help = "add an axis: [[axis]] with `key`, such as \"renew_months\", and `values`, such as [1, 3, 12]";
            diagnostics.push(
                Code::MissingValue,
                Place::of_file(file),
                "there is neither an axis nor a case",
                help,
            );
        }
    }

    /// The names of what is chosen.
    pub fn columns(&self) -> Vec<String> {
        let names = self.axes.iter().map(|axis| axis.name.clone());
        names
            .chain((!self.cases.is_empty()).then(|| CASE.to_owned()))
            .collect()
    }

    /// All runs: the combinations of the axes, the last one changing fastest, then the cases.
    pub fn runs(&self) -> Vec<SweepRun> {
        let sizes = self.axes.iter().map(|axis| axis.values.len());
        let combinations = if self.axes.is_empty() {
            0
        } else {
            sizes.product()
        };
        let mut runs: Vec<SweepRun> = (0..combinations)
            .map(|number| self.combination(number))
            .collect();
        runs.extend(self.cases.iter().map(|case| {
            let mut cells = vec![String::new(); self.axes.len()];
            cells.push(case.name.clone());
            let scenario = case.scenario.clone().or_else(|| self.scenario.clone());
            SweepRun {
                cells,
                scenario,
                changes: case.changes.clone(),
            }
        }));
        runs
    }

    fn combination(&self, mut number: usize) -> SweepRun {
        let mut run = SweepRun {
            cells: Vec::new(),
            scenario: self.scenario.clone(),
            changes: Vec::new(),
        };
        for axis in self.axes.iter().rev() {
            let (value, _) = &axis.values[number % axis.values.len()];
            number /= axis.values.len();
            run.cells.insert(0, value.clone());
            axis.apply(value, &mut run, |changes, change| changes.insert(0, change));
        }
        run.cells.extend((!self.cases.is_empty()).then(String::new));
        run
    }

    /// Reads the book with each value and each case alone. What is wrong, or changes nothing, is reported at its place in
    /// the sweep.
    pub fn check_runs(&self, folder: &Folder) -> Diagnostics {
        let (mut found, memory) = (Diagnostics::default(), ReadMemory::default());
        self.refuse_contradictions(folder, &mut found);
        for axis in &self.axes {
            for (value, place) in &axis.values {
                let mut run = SweepRun {
                    cells: Vec::new(),
                    scenario: self.scenario.clone(),
                    changes: Vec::new(),
                };
                axis.apply(value, &mut run, Vec::push);
                check_alone(&run, (folder, &memory), place, &mut found);
            }
        }
        for case in &self.cases {
            let scenario = case.scenario.clone().or_else(|| self.scenario.clone());
            let run = SweepRun {
                cells: Vec::new(),
                scenario,
                changes: case.changes.clone(),
            };
            check_alone(&run, (folder, &memory), &case.place, &mut found);
        }
        found
    }

    /// Two axes must not write the same cell or key: which of them holds would be a matter of their order.
    fn refuse_contradictions(&self, folder: &Folder, found: &mut Diagnostics) {
        for (at, second) in self.axes.iter().enumerate() {
            for first in self.axes[..at]
                .iter()
                .filter(|first| first.key == second.key)
            {
                let both = if second.is_column() {
                    overlap(first, second, folder)
                } else {
                    first.is_like(second)
                };
                if both {
                    let (one, other) = (shown(&first.name), shown(&second.name));
                    let message = format!("axes {one} and {other} both set {}", shown(&second.key));
                    let help =
                        "leave out one of them, or write conditions that no instance meets both of";
                    found.push(Code::Contradiction, second.place.clone(), message, help);
                }
            }
        }
    }
}

fn measure(field: &Field<'_>, diagnostics: &mut Diagnostics) -> Option<Measure> {
    field.read_field(diagnostics, |text| super::value::word(text, Measure::NAMES))
}

/// Reads the book with one change; what is wrong with the change is reported at its place in the sweep.
/// Rule **checked-alone**.
fn check_alone(
    run: &SweepRun,
    (folder, memory): (&Folder, &ReadMemory),
    place: &Place,
    found: &mut Diagnostics,
) {
    let mut folder = folder.clone();
    match run.to_toml() {
        Ok(text) => folder.change(&text),
        Err(message) => {
            found.push(
                Code::BadValue,
                place.clone(),
                message,
                "write it as after `--set`: key=value [where condition]",
            );
            return;
        }
    }
    let (_, problems) = read_again(&folder, run.scenario.as_deref(), memory);
    for one in problems
        .iter()
        .filter(|one| one.place.file == QUICK || one.code == Code::UnknownScenario)
    {
        found.push(
            one.code,
            place.clone(),
            one.message.clone(),
            one.help.clone(),
        );
    }
    for one in problems
        .iter()
        .filter(|one| one.place.file != QUICK && one.code != Code::UnknownScenario)
    {
        found.push(
            one.code,
            one.place.clone(),
            one.message.clone(),
            one.help.clone(),
        );
    }
}

fn overlap(first: &Axis, second: &Axis, folder: &Folder) -> bool {
    let ids = |axis: &Axis| selected(folder, axis.condition.as_deref()).unwrap_or_default();
    let (first, second): (BTreeSet<_>, BTreeSet<_>) = (ids(first), ids(second));
    !first.is_disjoint(&second)
}

impl Axis {
    fn read_axis(section: &TomlTable<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        section.refuse_unknown(AXIS_KEYS, diagnostics);
        let mut text = |name| {
            section
                .field(name)
                .and_then(|field| field.read_text(diagnostics))
        };
        let (key, name, condition) = (text("key"), text("name"), text("where"));
        let values = section
            .field("values")
            .map(|field| field.items(diagnostics))
            .unwrap_or_default();
        let values: Vec<(String, Place)> = values
            .iter()
            .filter_map(|value| Some((value.read_text(diagnostics)?, value.place())))
            .collect();
        for (key, is_there) in [("key", key.is_some()), ("values", !values.is_empty())] {
            if !is_there {
                let message = format!("this axis has no `{key}`");
                let help = "write key = \"renew_months\" and values = [1, 3, 12]";
                diagnostics.push(Code::MissingValue, section.place(), message, help);
            }
        }
        let key = key?;
        Some(Self {
            name: name.unwrap_or_else(|| key.clone()),
            key,
            condition,
            place: section.place(),
            values,
        })
    }

    fn is_column(&self) -> bool {
        !self.key.contains('.') && self.key != SCENARIO
    }

    /// Whether it changes what another one with the same key changes.
    fn is_like(&self, other: &Self) -> bool {
        self.condition == other.condition
    }

    fn apply(&self, value: &str, run: &mut SweepRun, add: impl FnOnce(&mut Vec<String>, String)) {
        if self.key == SCENARIO {
            run.scenario = Some(value.to_owned()).filter(|name| !name.is_empty());
            return;
        }
        let condition = self
            .condition
            .as_ref()
            .map(|condition| format!(" where {condition}"))
            .unwrap_or_default();
        add(&mut run.changes, format!("{}={value}{condition}", self.key));
    }
}

impl SweepCase {
    fn read_case(section: &TomlTable<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        section.refuse_unknown(CASE_KEYS, diagnostics);
        let mut text = |name| {
            section
                .field(name)
                .and_then(|field| field.read_text(diagnostics))
        };
        let (name, scenario) = (text("name"), text(SCENARIO));
        let changes = section
            .field("set")
            .map(|field| field.items(diagnostics))
            .unwrap_or_default();
        let changes: Vec<String> = changes
            .iter()
            .filter_map(|change| change.read_text(diagnostics))
            .collect();
        let place = section.place();
        if name.is_none() {
            let help = "add a line such as name = \"manual\"";
            diagnostics.push(
                Code::MissingValue,
                place.clone(),
                "this case has no `name`",
                help,
            );
        }
        let mut seen = BTreeSet::new();
        let target = |change: &str| {
            let (key, rest) = change.split_once('=').unwrap_or((change, ""));
            format!(
                "{} {}",
                key.trim(),
                rest.split_once(" where ")
                    .map_or("", |(_, condition)| condition.trim())
            )
        };
        for change in changes.iter().filter(|change| !seen.insert(target(change))) {
            let message = format!("{} sets again what this case has set before", shown(change));
            diagnostics.push(
                Code::Contradiction,
                place.clone(),
                message,
                "leave out one of the two",
            );
        }
        Some(Self {
            name: name?,
            scenario,
            changes,
            place,
        })
    }
}

/// The figure that a text names, or what to type instead.
///
/// # Errors
/// What is wrong and what to type instead, where no figure has this name.
pub fn named_measure(text: &str) -> Result<Measure, (String, String)> {
    let known = Measure::NAMES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, measure)| *measure);
    known.ok_or_else(|| {
        let names = || Measure::NAMES.iter().map(|(name, _)| *name);
        let otherwise = format!("write one of {}", names().collect::<Vec<_>>().join(", "));
        (
            format!("there is no figure {}", shown(text)),
            nearest(text, names(), &otherwise),
        )
    })
}
