//! `renewcast compare`: scenarios of a book side by side, in sums and in events.

mod diff_text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::changes::Changes;
use super::diagnostics::{counted, render, shown_path, visible};
use super::folder::{self, name_of};
use super::ink::HEAD;
use super::output::OutputTarget;
use super::print::{say, warn};
use super::progress::Progress;
use super::table::table;
use super::{Failure, Outcome, results, rules};
use crate::analysis::compare::{ComparedRun, Difference, Measure, RunNames, differences};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::{self, Folder};
use crate::model::book::Book;
use crate::model::money::{Currency, Money};
use crate::output::compare as report;

const EXAMPLES: &str = "\
Examples:
  renewcast compare data/example                       the book against each of its scenarios
  renewcast compare my-book yearly in-time             against these two
  renewcast compare my-book --rules                    does the answer depend on what is not published?
  renewcast compare my-book --set \"renew_flag=manual\"  what if nothing renews by itself?

Writes compare.csv, events.csv and charts. Amounts are in the account's currency; currencies are never added.
`Used` is the cost of the days of the run: spend, less what is paid at its end for later days.";

/// So many scenarios stand beside the base in one table.
const ABREAST: usize = 3;
/// At most so many differing instances are told of each scenario.
const TOLD: usize = 8;
/// The name of the book as it is.
const BASE: &str = "base";
/// The name of the changes of the command line.
const SET: &str = "set";

/// Compare scenarios with the book: spend, balances, failures, losses, and the events that differ
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Scenarios of the book [default: all of them]
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// A further scenario made of changes, named `set`; as for `run`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Ask instead how far the answer depends on rules that are not published; takes one scenario at most
    #[arg(long, conflicts_with = "set")]
    rules: bool,
    /// Write into this folder [default: reports/<book>/compare, or /rules]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let below = if arguments.rules { "rules" } else { "compare" };
    let out = || {
        Path::new("reports")
            .join(name_of(&arguments.book))
            .join(below)
    };
    let out = arguments.out.clone().unwrap_or_else(out);
    let listing = if arguments.rules {
        "rules.json"
    } else {
        "compare.json"
    };
    let target = OutputTarget::of_result((&out, arguments.force), listing)?;
    let folder = folder::read_folder(&arguments.book)?;
    if arguments.rules {
        if arguments.scenarios.len() > 1 {
            return Err(Failure::new(
                "--rules takes one scenario at most",
                "ask for each scenario by itself",
            ));
        }
        return rules::run(
            &folder,
            arguments.scenarios.first().map(String::as_str),
            &target,
        );
    }
    let mut warnings = Diagnostics::default();
    let (book, base) = case(BASE, (&folder, None), &mut warnings)?;
    let mut cases = vec![base];
    for name in scenarios(arguments, &folder)? {
        cases.push(case(&name, (&folder, Some(&name)), &mut warnings)?.1);
    }
    if !arguments.set.is_empty() {
        let mut folder = folder.clone();
        Changes {
            scenario: None,
            set: arguments.set.clone(),
        }
        .apply(&mut folder)?;
        cases.push(case(SET, (&folder, None), &mut warnings)?.1);
    }
    let title = format!("{}, {} to {}", book.name, book.days.from, book.days.to);
    let charts = (!arguments.no_charts).then_some(&*book.name);
    if warnings.warnings() > 0 {
        warn(render(&warnings));
    }
    show(
        (&title, charts),
        &RunNames::ids_of_book(&book),
        &cases,
        &target,
    )?;
    Ok(Outcome::Done)
}

/// Says what runs come to and what differs, and writes it; the first one is what the others are held against. Whether
/// anything differs.
pub(super) fn show(
    (title, charts): (&str, Option<&str>),
    names: &RunNames,
    cases: &[ComparedRun],
    target: &OutputTarget<'_>,
) -> Result<bool, Failure> {
    let (base, others) = cases.split_first().expect("there is a base");
    let differing: Vec<(&ComparedRun, Vec<Difference>)> = others
        .iter()
        .map(|case| (case, differences(&base.steps, &case.steps)))
        .collect();
    let mut text = format!("{HEAD}{}{HEAD:#}\n\n", visible(title));
    for abreast in others.chunks(ABREAST) {
        text += &tables(names, base, abreast);
    }
    for (case, differences) in &differing {
        text += &diff_text::differences(names, (base, case), differences, TOLD);
    }
    let mut files = vec![
        ("compare.csv".to_owned(), report::compare_csv(names, cases)),
        (
            "events.csv".to_owned(),
            report::events_csv(names, base, &differing),
        ),
    ];
    let pictures = charts
        .map(|name| report::pictures(name, cases))
        .unwrap_or_default();
    files.extend(results::draw_pictures(&pictures)?);
    target.write_files(&files)?;
    say(text.trim_end())?;
    let charts = if pictures.is_empty() {
        String::new()
    } else {
        format!(", {}", counted(pictures.len(), "chart"))
    };
    say(format!(
        "\nFiles in {}: compare.csv, events.csv{charts}",
        shown_path(target.out)
    ))?;
    Ok(differing
        .iter()
        .any(|(_, differences)| !differences.is_empty()))
}

/// The scenarios that are asked for, each once.
fn scenarios(arguments: &Arguments, folder: &Folder) -> Result<Vec<String>, Failure> {
    if !arguments.scenarios.is_empty() || !arguments.set.is_empty() {
        let mut seen = BTreeSet::new();
        return Ok(arguments
            .scenarios
            .iter()
            .filter(|name| seen.insert(*name))
            .cloned()
            .collect());
    }
    let names: Vec<String> = folder.scenarios().map(str::to_owned).collect();
    if names.is_empty() {
        let message = format!(
            "`{}` has no scenarios to compare with",
            arguments.book.display()
        );
        let help =
            "write one into `scenarios/NAME.toml`, or name a change: --set \"renew_months=12\"";
        return Err(Failure::new(message, help));
    }
    Ok(names)
}

/// Reads and replays a book with a scenario; what its changes do not reach is kept as a warning.
fn case(
    name: &str,
    (folder, scenario): (&Folder, Option<&str>),
    warnings: &mut Diagnostics,
) -> Result<(Book, ComparedRun), Failure> {
    let (book, problems) = input::read_book(folder, scenario);
    let Some(book) = book else {
        return Err(Failure::Input(problems));
    };
    for one in problems.iter().filter(|one| one.code == Code::IdleProfile) {
        warnings.push(
            one.code,
            one.place.clone(),
            one.message.clone(),
            one.help.clone(),
        );
    }
    let progress = Progress::new(book.days);
    let case = ComparedRun::of_days(name, &book, |day| progress.reach(day));
    let case = case.map_err(|refusal| folder::refused((folder, scenario), &book, refusal))?;
    Ok((book, case))
}

/// A table of money for each currency, and one of counts.
fn tables(names: &RunNames, base: &ComparedRun, others: &[ComparedRun]) -> String {
    let mut text = String::new();
    let head = |what: &str| {
        let mut head = vec![what.to_owned(), visible(&base.name)];
        head.extend(
            others
                .iter()
                .flat_map(|case| [visible(&case.name), String::new()]),
        );
        head
    };
    for currency in base.currencies() {
        let mut rows = vec![head(currency.code())];
        for (label, measure) in MONEY {
            let is_known = |case: &ComparedRun| case.sum(currency).get(*measure).is_some();
            if is_known(base) || others.iter().any(is_known) {
                rows.push(figures(label, *measure, (base, others), currency));
            }
            if *measure == Measure::Lowest {
                rows.push(lows(names, (base, others), currency));
            }
        }
        text += &table(&rows);
        text.push('\n');
    }
    let mut rows = vec![head("Instances")];
    rows.extend(
        COUNTS
            .iter()
            .map(|(label, measure)| counts(label, *measure, base, others)),
    );
    text += &table(&rows);
    text + "\n"
}

const MONEY: &[(&str, Measure)] = &[
    ("Spend", Measure::Spend),
    ("  paid for later days", Measure::ValueLeft),
    ("Used", Measure::Used),
    ("Lowest available", Measure::Lowest),
    ("Top-ups needed", Measure::Needed),
];

const COUNTS: &[(&str, Measure)] = &[
    ("Renewals failed", Measure::Failed),
    ("Payments refused", Measure::Refused),
    ("Reclaimed", Measure::Reclaimed),
    ("Stopped in arrears", Measure::Stopped),
    ("Came back", Measure::Recovered),
    ("Terminated", Measure::Terminated),
];

fn figures(
    label: &str,
    measure: Measure,
    (base, others): (&ComparedRun, &[ComparedRun]),
    currency: Currency,
) -> Vec<String> {
    let grouped = |figure: i64| {
        Money::from_minor(figure)
            .display_grouped(currency)
            .to_string()
    };
    let of_base = base.sum(currency).get(measure);
    let mut row = vec![
        label.to_owned(),
        of_base.map_or_else(|| "?".to_owned(), grouped),
    ];
    for case in others {
        let own = case.sum(currency).get(measure);
        row.push(own.map_or_else(|| "?".to_owned(), grouped));
        row.push(
            own.zip(of_base)
                .map(|(own, base)| signed(own - base, grouped))
                .unwrap_or_default(),
        );
    }
    row
}

/// The accounts and days of the lows.
fn lows(
    names: &RunNames,
    (base, others): (&ComparedRun, &[ComparedRun]),
    currency: Currency,
) -> Vec<String> {
    let low = |case: &ComparedRun| {
        let low = case.sum(currency).lowest;
        low.map(|low| format!("{} {}", visible(names.account_id(low.account)), low.date))
            .unwrap_or_default()
    };
    let mut row = vec![String::new(), low(base)];
    row.extend(others.iter().flat_map(|case| [low(case), String::new()]));
    row
}

fn counts(
    label: &str,
    measure: Measure,
    base: &ComparedRun,
    others: &[ComparedRun],
) -> Vec<String> {
    let count = |case: &ComparedRun| {
        let counted = crate::analysis::compare::Sum {
            counts: case.counts(),
            ..Default::default()
        };
        counted.get(measure).unwrap_or(0)
    };
    let mut row = vec![label.to_owned(), count(base).to_string()];
    for case in others {
        row.push(count(case).to_string());
        row.push(signed(count(case) - count(base), |count| count.to_string()));
    }
    row
}

/// A difference with its sign; none is a blank.
fn signed(difference: i64, text: impl Fn(i64) -> String) -> String {
    match difference {
        0 => "=".to_owned(),
        more if more > 0 => format!("+{}", text(more)),
        less => text(less),
    }
}
