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
//!
//! Rules **checked-alone**, **sweep-runs** of docs/spec.

use std::collections::BTreeSet;

use super::document::{TomlDocument, TomlTable};
use super::folder::{Folder, QUICK};
use super::value::{meant_word, shown};
use super::{ReadMemory, inline_change, read_again, selected};
use crate::analysis::compare::Measure;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::words::Word;

const KEYS: &[&str] = &["description", "scenario", "sort", "axis", "case"];
const AXIS_KEYS: &[&str] = &["name", "key", "where", "values"];
const CASE_KEYS: &[&str] = &["name", "scenario", "set"];
/// The key that chooses among scenarios of the book.
const SCENARIO: &str = "scenario";
/// The column of the names of cases.
const CASE: &str = "case";
/// The most runs of a sweep.
const MAX_RUNS: usize = 100_000;

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
        let scenario = section.text(SCENARIO, diagnostics);
        let sort = section.field("sort");
        let sort = sort.and_then(|field| field.word(diagnostics));
        let axes = section.tables("axis", diagnostics);
        let axes = axes
            .iter()
            .filter_map(|axis| Axis::read_axis(axis, diagnostics))
            .collect();
        let cases = section.tables("case", diagnostics);
        let cases = cases
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
        let combinations = sizes.fold(1_usize, usize::saturating_mul);
        let runs = combinations.saturating_add(self.cases.len());
        if runs > MAX_RUNS {
            let message = format!("these are {runs} runs, more than {MAX_RUNS}");
            let help = "leave out some values";
            diagnostics.push(Code::TooLarge, Place::of_file(file), message, help);
        }
        if self.axes.is_empty() && self.cases.is_empty() && !diagnostics.has_errors() {
            let message = "there is neither an axis nor a case";
            let help = "add an axis: [[axis]] with `key`, such as \"renew_months\", and `values`, such as [1, 3, 12]";
            diagnostics.push(Code::MissingValue, Place::of_file(file), message, help);
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
        let combined = (0..combinations).map(|number| self.combination(number));
        let single = self.cases.iter().map(|case| {
            let mut cells = vec![String::new(); self.axes.len()];
            cells.push(case.name.clone());
            SweepRun {
                cells,
                ..self.run_of_case(case)
            }
        });
        combined.chain(single).collect()
    }

    /// A run without changes.
    fn plain_run(&self) -> SweepRun {
        SweepRun {
            cells: Vec::new(),
            scenario: self.scenario.clone(),
            changes: Vec::new(),
        }
    }

    fn run_of_case(&self, case: &SweepCase) -> SweepRun {
        SweepRun {
            cells: Vec::new(),
            scenario: case.scenario.clone().or_else(|| self.scenario.clone()),
            changes: case.changes.clone(),
        }
    }

    /// The combination with this number, whose digits choose the values.
    fn combination(&self, mut number: usize) -> SweepRun {
        let mut chosen = Vec::new();
        for axis in self.axes.iter().rev() {
            chosen.push((axis, &axis.values[number % axis.values.len()].0));
            number /= axis.values.len();
        }
        let mut run = self.plain_run();
        for (axis, value) in chosen.into_iter().rev() {
            run.cells.push(value.clone());
            axis.apply(value, &mut run);
        }
        run.cells.extend((!self.cases.is_empty()).then(String::new));
        run
    }

    /// Reads the book with each value and each case alone. What is wrong, or changes nothing, is reported at its place in
    /// the sweep.
    pub fn check_runs(&self, folder: &Folder) -> Diagnostics {
        let (mut found, memory) = (Diagnostics::default(), ReadMemory::default());
        self.refuse_contradictions(folder, &mut found);
        let mut check = |run: SweepRun, place: &Place| {
            let problems = run.problems_alone(folder, &memory);
            for mut one in problems.iter().cloned() {
                if one.place.file == QUICK || one.code == Code::UnknownScenario {
                    one.place = place.clone();
                }
                found.push_found(one);
            }
        };
        for axis in &self.axes {
            for (value, place) in &axis.values {
                let mut run = self.plain_run();
                axis.apply(value, &mut run);
                check(run, place);
            }
        }
        for case in &self.cases {
            check(self.run_of_case(case), &case.place);
        }
        found
    }

    /// Two axes must not write the same cell or key: which of them holds would be a matter of their order.
    fn refuse_contradictions(&self, folder: &Folder, found: &mut Diagnostics) {
        for (at, second) in self.axes.iter().enumerate() {
            let before = self.axes[..at].iter();
            for first in before.filter(|first| first.writes_with(second, folder)) {
                let (one, other) = (shown(&first.name), shown(&second.name));
                let message = format!("axes {one} and {other} both set {}", shown(&second.key));
                let help =
                    "leave out one of them, or write conditions that no instance meets both of";
                found.push(Code::Contradiction, second.place.clone(), message, help);
            }
        }
    }
}

impl SweepRun {
    /// What is wrong with the book with these changes.
    fn problems_alone(&self, folder: &Folder, memory: &ReadMemory) -> Diagnostics {
        let mut folder = folder.clone();
        match self.to_toml() {
            Ok(text) => {
                folder.change(&text);
                read_again(&folder, self.scenario.as_deref(), memory).1
            }
            Err(message) => {
                let mut problems = Diagnostics::default();
                let help = "write it as after `--set`: key=value [where condition]";
                problems.push(Code::BadValue, Place::of_file(QUICK), message, help);
                problems
            }
        }
    }
}

impl Axis {
    fn read_axis(section: &TomlTable<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        section.refuse_unknown(AXIS_KEYS, diagnostics);
        let [key, name, condition] =
            ["key", "name", "where"].map(|name| section.text(name, diagnostics));
        let values = section.field("values");
        let values = values.map_or_else(Vec::new, |field| field.texts(diagnostics));
        for (key, is_there) in [("key", key.is_some()), ("values", !values.is_empty())] {
            if !is_there {
                let message = format!("this axis has no `{key}`");
                let help = "write key = \"renew_months\" and values = [1, 3, 12]";
                diagnostics.push(Code::MissingValue, section.place(), message, help);
            }
        }
        let key = key?;
        let values = values
            .into_iter()
            .map(|(text, field)| (text, field.place()));
        Some(Self {
            name: name.unwrap_or_else(|| key.clone()),
            key,
            condition,
            place: section.place(),
            values: values.collect(),
        })
    }

    fn is_column(&self) -> bool {
        !self.key.contains('.') && self.key != SCENARIO
    }

    /// Whether it writes a cell or key that another axis writes too.
    fn writes_with(&self, other: &Self, folder: &Folder) -> bool {
        if self.key != other.key {
            false
        } else if self.is_column() {
            let [own, others] = [self, other]
                .map(|axis| selected(folder, axis.condition.as_deref()).unwrap_or_default());
            !own.is_disjoint(&others)
        } else {
            self.condition == other.condition
        }
    }

    /// Adds a value to the changes of a run.
    fn apply(&self, value: &str, run: &mut SweepRun) {
        if self.key == SCENARIO {
            run.scenario = Some(value.to_owned()).filter(|name| !name.is_empty());
            return;
        }
        let condition = self.condition.as_ref();
        let condition = condition.map_or_else(String::new, |text| format!(" where {text}"));
        run.changes.push(format!("{}={value}{condition}", self.key));
    }
}

impl SweepCase {
    fn read_case(section: &TomlTable<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        section.refuse_unknown(CASE_KEYS, diagnostics);
        let [name, scenario] = ["name", SCENARIO].map(|name| section.text(name, diagnostics));
        let changes = section.field("set");
        let changes = changes.map_or_else(Vec::new, |field| field.texts(diagnostics));
        let changes: Vec<String> = changes.into_iter().map(|(change, _)| change).collect();
        let place = section.place();
        if name.is_none() {
            let help = "add a line such as name = \"manual\"";
            let message = "this case has no `name`";
            diagnostics.push(Code::MissingValue, place.clone(), message, help);
        }
        let mut seen = BTreeSet::new();
        for change in changes.iter().filter(|change| !seen.insert(target(change))) {
            let message = format!("{} sets again what this case has set before", shown(change));
            let help = "leave out one of the two";
            diagnostics.push(Code::Contradiction, place.clone(), message, help);
        }
        Some(Self {
            name: name?,
            scenario,
            changes,
            place,
        })
    }
}

/// What a change writes, and where.
fn target(change: &str) -> (&str, &str) {
    let (key, rest) = change.split_once('=').unwrap_or((change, ""));
    let condition = rest
        .split_once(" where ")
        .map_or("", |(_, condition)| condition);
    (key.trim(), condition.trim())
}

/// The figure that a text names, or what to type instead.
///
/// # Errors
/// What is wrong and what to type instead, where no figure has this name.
pub fn named_measure(text: &str) -> Result<Measure, (String, String)> {
    Measure::from_word(text).ok_or_else(|| {
        let names: Vec<&str> = Measure::ALL.iter().map(|measure| measure.name()).collect();
        let help = meant_word(text, names.iter().copied(), &names);
        (format!("there is no figure {}", shown(text)), help)
    })
}
