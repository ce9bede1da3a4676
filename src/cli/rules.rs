//! `renewcast compare --rules`: how far the answer depends on rules that are not published. Every combination of the ways in
//! which they could be is replayed.
//!
//! Rule **uncertain-rules** of docs/spec.

use std::collections::BTreeSet;

use super::batch::{self, Job};
use super::diagnostics::{counted, shown_path, visible};
use super::ink::HEAD;
use super::interrupt::Interrupt;
use super::output::OutputTarget;
use super::print::{say, warn};
use super::table::table;
use super::{Failure, Outcome};
use crate::analysis::compare::{Cache, Measure, RunTotal, Sum};
use crate::input::{self, Folder, ReadMemory, Variant};
use crate::model::book::Book;
use crate::model::money::{Currency, Money};
use crate::model::profile::ProfileIndex;
use crate::output::sweep::{SweepRow, sweep_csv};

/// What stands in a column where the book's own rule holds.
const AS_SET: &str = "as set";
/// Stands for every profile in a change.
const ANY_PROFILE: &str = "profile.*.";
/// The figures that are shown.
const FIGURES: &[(&str, Measure)] = &[
    ("Spend", Measure::Spend),
    ("Lowest available", Measure::Lowest),
    ("Top-ups needed", Measure::Needed),
    ("Renewals failed", Measure::Failed),
    ("Reclaimed", Measure::Reclaimed),
    ("Stopped in arrears", Measure::Stopped),
    ("Terminated", Measure::Terminated),
];

/// A rule with the ways in which it could be for this book; the first one is the book's own.
struct RuleChoice {
    name: String,
    text: String,
    source: String,
    ways: Vec<(String, Vec<String>)>,
}

/// A combination of ways, one for each question, and what it comes to.
struct Combination {
    ways: Vec<usize>,
    sum: Sum,
    lowest_account: String,
}

impl Combination {
    /// The worse, the larger: instances that are gone, lost or not renewed, then money.
    /// Rule **best-and-worst**.
    fn badness(&self) -> [i64; 6] {
        let worst = [
            Measure::Terminated,
            Measure::Failed,
            Measure::Reclaimed,
            Measure::Stopped,
            Measure::Needed,
            Measure::Spend,
        ];
        worst.map(|measure| self.sum.get(measure).unwrap_or(i64::MAX))
    }

    fn figures(&self) -> Vec<Option<i64>> {
        FIGURES
            .iter()
            .map(|(_, measure)| self.sum.get(*measure))
            .collect()
    }
}

/// Replays the book under every combination, says what they come to, and writes them.
pub(super) fn run(
    folder: &Folder,
    scenario: Option<&str>,
    target: &OutputTarget<'_>,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let (book, problems) = input::read_book(folder, scenario);
    let book = book.ok_or(Failure::Input(problems))?;
    let questions = questions(folder, scenario, &book);
    let (jobs, ways) = jobs(&questions, scenario)?;
    let mut cache = Cache::default();
    let done: Vec<_> = batch::run(folder, &jobs, (&mut cache, &interrupt))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for currency in book
        .accounts
        .iter()
        .map(|account| account.currency)
        .collect::<BTreeSet<Currency>>()
    {
        let combinations: Vec<Combination> = done
            .iter()
            .zip(&ways)
            .map(|(outcomes, ways)| {
                let sum = RunTotal::total_in(outcomes, currency).sum;
                let low = sum
                    .lowest
                    .map(|low| book.account(low.account).id.to_string());
                Combination {
                    ways: ways.clone(),
                    sum,
                    lowest_account: low.unwrap_or_default(),
                }
            })
            .collect();
        all.push((currency, combinations));
    }
    let mut text = format!(
        "{HEAD}{}{HEAD:#}, {} to {}\n",
        visible(&book.name),
        book.days.from,
        book.days.to
    );
    for (currency, combinations) in &all {
        text += &answer(&questions, *currency, combinations);
    }
    let files: Vec<(String, Vec<u8>)> = all
        .iter()
        .map(|(currency, combinations)| {
            let name = if all.len() == 1 {
                "rules.csv".to_owned()
            } else {
                format!("rules-{currency}.csv")
            };
            (name, csv(&questions, *currency, combinations))
        })
        .collect();
    target.write_files(&files)?;
    say(text.trim_end())?;
    say(format!(
        "\nFiles in {}: {}",
        shown_path(target.out),
        files
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    ))?;
    Ok(if done.len() < jobs.len() {
        Outcome::Interrupted
    } else {
        Outcome::Done
    })
}

/// The rules as they concern this book: ways that change nothing of it are left out, and rules without other ways.
fn questions(folder: &Folder, scenario: Option<&str>, book: &Book) -> Vec<RuleChoice> {
    let mut questions = Vec::new();
    for rule in input::rules() {
        let mut ways = vec![(AS_SET.to_owned(), Vec::new())];
        for variant in &rule.variants {
            let changes = changes(variant, book);
            if changes.is_empty() {
                continue;
            }
            match changes_something(folder, scenario, (book, &changes)) {
                Ok(true) => ways.push((variant.name.clone(), changes)),
                Ok(false) => {}
                // An instance can stand where this way would have released it before the run.
                Err(_) => warn(format!(
                    "`{}` is left out: the book contradicts it",
                    visible(&variant.name)
                )),
            }
        }
        if ways.len() > 1 {
            questions.push(RuleChoice {
                name: rule.name,
                text: rule.question,
                source: rule.source,
                ways,
            });
        }
    }
    questions
}

/// The changes of a variant, written out for each profile that an instance of the book follows.
fn changes(variant: &Variant, book: &Book) -> Vec<String> {
    let used: BTreeSet<ProfileIndex> = book
        .instances
        .iter()
        .map(|one| one.profile)
        .chain([book.default_profile])
        .collect();
    let is_meant = |profile: &&ProfileIndex| {
        let days = i64::from(book.profile(**profile).suspend_after_days);
        variant.suspended_within.is_none_or(|most| days <= most)
    };
    let names: Vec<&str> = used
        .iter()
        .filter(is_meant)
        .map(|profile| &*book.profile(*profile).name)
        .collect();
    let written =
        variant
            .changes
            .iter()
            .flat_map(|change| match change.strip_prefix(ANY_PROFILE) {
                None => vec![change.clone()],
                Some(key) => names
                    .iter()
                    .map(|name| format!("profile.{name}.{key}"))
                    .collect(),
            });
    written.collect()
}

fn changes_something(
    folder: &Folder,
    scenario: Option<&str>,
    (book, changes): (&Book, &[String]),
) -> Result<bool, Failure> {
    let changed = batch::read_job(
        &mut folder.clone(),
        &job(String::new(), scenario, changes)?,
        &ReadMemory::default(),
    )?;
    Ok(changed.profiles != book.profiles || changed.actions != book.actions)
}

fn job(name: String, scenario: Option<&str>, changes: &[String]) -> Result<Job, Failure> {
    let text = input::quick_change(changes);
    let text = text.map_err(|message| {
        Failure::new(message, "name profiles with letters, digits and dashes")
    })?;
    Ok(Job {
        name,
        scenario: scenario.map(str::to_owned),
        text,
    })
}

/// All combinations, the one as set first, each with the number of the way for each question.
fn jobs(
    questions: &[RuleChoice],
    scenario: Option<&str>,
) -> Result<(Vec<Job>, Vec<Vec<usize>>), Failure> {
    let mut combinations: Vec<Vec<usize>> = vec![Vec::new()];
    for question in questions {
        let longer = |ways: &Vec<usize>| {
            (0..question.ways.len())
                .map(|way| [ways.as_slice(), &[way]].concat())
                .collect()
        };
        combinations = combinations
            .iter()
            .flat_map(|ways| -> Vec<Vec<usize>> { longer(ways) })
            .collect();
    }
    let job = |ways: &Vec<usize>| {
        let changes: Vec<String> = questions
            .iter()
            .zip(ways)
            .flat_map(|(question, way)| question.ways[*way].1.clone())
            .collect();
        job(described(questions, ways), scenario, &changes)
    };
    let jobs = combinations
        .iter()
        .map(job)
        .collect::<Result<Vec<Job>, Failure>>()?;
    Ok((jobs, combinations))
}

/// The ways of a combination that are not as set.
fn described(questions: &[RuleChoice], ways: &[usize]) -> String {
    let others = questions.iter().zip(ways).filter(|(_, way)| **way > 0);
    let names: Vec<&str> = others
        .map(|(question, way)| question.ways[*way].0.as_str())
        .collect();
    if names.is_empty() {
        "all as set".to_owned()
    } else {
        names.join(", ")
    }
}

fn answer(questions: &[RuleChoice], currency: Currency, combinations: &[Combination]) -> String {
    let Some(as_set) = combinations.first() else {
        return "Nothing was replayed.\n".to_owned();
    };
    let best = combinations
        .iter()
        .min_by_key(|one| one.badness())
        .unwrap_or(as_set);
    let worst = combinations
        .iter()
        .rev()
        .max_by_key(|one| one.badness())
        .unwrap_or(as_set);
    let count = counted(combinations.len(), "combination");
    let depends = combinations
        .iter()
        .any(|one| one.figures() != as_set.figures());
    let verdict = if depends {
        "depends"
    } else {
        "does not depend"
    };
    let mut text = format!(
        "The answer {HEAD}{verdict}{HEAD:#} on rules that are not published: {count} replayed.\n\n"
    );
    let head = [currency.code(), "as set", "best", "worst"]
        .map(str::to_owned)
        .to_vec();
    let row = |(label, measure): &(&str, Measure)| {
        let cell = |one: &Combination| figure(one.sum.get(*measure), *measure, currency);
        vec![(*label).to_owned(), cell(as_set), cell(best), cell(worst)]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(FIGURES.iter().map(row))
        .collect();
    text += &table(&rows);
    text += &format!("\nbest: {}\n", described(questions, &best.ways));
    text += &format!("worst: {}\n\n", described(questions, &worst.ways));
    for (at, question) in questions.iter().enumerate() {
        text += &alone(at, question, currency, combinations);
    }
    text
}

fn figure(figure: Option<i64>, measure: Measure, currency: Currency) -> String {
    match figure {
        None => "?".to_owned(),
        Some(figure) if measure.is_money() => Money::from_minor(figure)
            .display_grouped(currency)
            .to_string(),
        Some(figure) => figure.to_string(),
    }
}

/// What a rule changes by itself, all others as set, and what it changes whatever the others are.
fn alone(
    at: usize,
    question: &RuleChoice,
    currency: Currency,
    combinations: &[Combination],
) -> String {
    let mut text = format!("{HEAD}{}{HEAD:#}\n  {}\n", question.text, question.source);
    let only = |one: &&Combination| {
        one.ways
            .iter()
            .enumerate()
            .all(|(other, way)| other == at || *way == 0)
    };
    let Some(as_set) = combinations.first() else {
        return text;
    };
    for one in combinations.iter().filter(only).skip(1) {
        let changed = FIGURES
            .iter()
            .filter(|(_, measure)| one.sum.get(*measure) != as_set.sum.get(*measure));
        let changed = changed.map(|(label, measure)| {
            let cell = |one: &Combination| figure(one.sum.get(*measure), *measure, currency);
            format!(
                "{} {} instead of {}",
                label.to_lowercase(),
                cell(one),
                cell(as_set)
            )
        });
        let changed: Vec<String> = changed.collect();
        let what = if changed.is_empty() {
            "no difference".to_owned()
        } else {
            changed.join(", ")
        };
        text += &format!("  {}: {what}\n", question.ways[one.ways[at]].0);
    }
    if !text.contains(" instead of ") && matters_with_others(at, combinations) {
        text += "  but it makes a difference together with the others\n";
    }
    text + "\n"
}

/// Whether two combinations that differ in this rule alone come to different figures.
fn matters_with_others(at: usize, combinations: &[Combination]) -> bool {
    let without = |one: &Combination| {
        let mut ways = one.ways.clone();
        ways.remove(at);
        ways
    };
    let mut groups: std::collections::BTreeMap<Vec<usize>, Vec<Option<i64>>> =
        std::collections::BTreeMap::new();
    combinations.iter().any(|one| {
        let figures = one.figures();
        let first = groups
            .entry(without(one))
            .or_insert_with(|| figures.clone());
        *first != figures
    })
}

fn csv(questions: &[RuleChoice], currency: Currency, combinations: &[Combination]) -> Vec<u8> {
    let columns: Vec<String> = questions
        .iter()
        .map(|question| question.name.clone())
        .collect();
    let row = |one: &Combination| SweepRow {
        cells: questions
            .iter()
            .zip(&one.ways)
            .map(|(question, way)| question.ways[*way].0.clone())
            .collect(),
        sum: one.sum,
        lowest_account: one.lowest_account.clone(),
        is_within: true,
        is_efficient: false,
    };
    sweep_csv(
        &columns,
        currency,
        &combinations.iter().map(row).collect::<Vec<_>>(),
    )
}
