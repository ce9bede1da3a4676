//! `renewcast compare --rules`: how far the answer depends on unpublished rules. Every combination of the ways in which they
//! could be is replayed; none is taken for likelier than another.
//!
//! Rules **best-and-worst**, **uncertain-rules** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{self, Job};
use super::ink::HEAD;
use super::interrupt::Interrupt;
use super::output::OutputTarget;
use super::print::{say, warn};
use super::table::table;
use super::words::{book_head, counted, figure, files_in, visible};
use super::{Failure, Outcome};
use crate::analysis::compare::{Cache, Measure, RunTotal, Sum};
use crate::input::{self, Folder, ReadMemory, Variant};
use crate::model::book::Book;
use crate::model::money::Currency;
use crate::model::profile::ProfileIndex;
use crate::output::sweep::{SweepRow, sweep_csv};

/// The name of the way that the book itself sets.
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
/// What makes a combination worse, the gravest first: instances that are gone, lost or not renewed, then money.
const BADNESS: [Measure; 6] = [
    Measure::Terminated,
    Measure::Failed,
    Measure::Reclaimed,
    Measure::Stopped,
    Measure::Needed,
    Measure::Spend,
];

/// A rule with the ways in which it could be for this book; the first one is the book's own.
struct RuleChoice {
    name: String,
    text: String,
    source: String,
    ways: Vec<RuleWay>,
}

/// A way in which a rule could be: the changes that make it so.
struct RuleWay {
    name: String,
    changes: Vec<String>,
}

/// A combination of ways, one for each rule by number, and what it comes to.
struct Combination {
    ways: Vec<usize>,
    sum: Sum,
    lowest_account: String,
}

impl Combination {
    fn badness(&self) -> [i64; BADNESS.len()] {
        BADNESS.map(|measure| self.sum.get(measure).unwrap_or(i64::MAX))
    }

    fn figures(&self) -> Vec<Option<i64>> {
        FIGURES
            .iter()
            .map(|(_, measure)| self.sum.get(*measure))
            .collect()
    }
}

/// The combinations of a book in one currency.
struct Combinations<'r> {
    rules: &'r [RuleChoice],
    currency: Currency,
    /// The one as set first.
    list: Vec<Combination>,
}

/// Replays the book under every combination, prints what they come to, and writes them.
pub(super) fn run(
    folder: &Folder,
    scenario: Option<&str>,
    target: &OutputTarget,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let (book, problems) = input::read_book(folder, scenario);
    let book = book.ok_or(Failure::Input(problems))?;
    let rules = open_rules(folder, scenario, &book);
    let combined = combine(&rules);
    let jobs = combined.iter().map(|ways| {
        let chosen = rules.iter().zip(ways).map(|(rule, way)| &rule.ways[*way]);
        let changes: Vec<String> = chosen.flat_map(|way| way.changes.iter().cloned()).collect();
        job(describe(&rules, ways), scenario, &changes)
    });
    let jobs: Vec<Job> = jobs.collect::<Result<_, Failure>>()?;
    let done = batch::run_jobs(folder, &jobs, &mut Cache::default(), &interrupt);
    let done: Vec<_> = done.into_iter().collect::<Result<_, Failure>>()?;
    let currencies: BTreeSet<Currency> = book
        .accounts
        .iter()
        .map(|account| account.currency)
        .collect();
    let mut text = format!("{}\n", book_head(&book));
    let mut files = Vec::new();
    for currency in &currencies {
        let list = done.iter().zip(&combined).map(|(outcomes, ways)| {
            let sum = RunTotal::total_in(outcomes, *currency).sum;
            let low = sum
                .lowest
                .map(|low| book.account(low.account).id.to_string());
            Combination {
                ways: ways.clone(),
                sum,
                lowest_account: low.unwrap_or_default(),
            }
        });
        let all = Combinations {
            rules: &rules,
            currency: *currency,
            list: list.collect(),
        };
        text += &all.answer();
        let name = match currencies.len() {
            1 => "rules.csv".to_owned(),
            _ => format!("rules-{currency}.csv"),
        };
        files.push((name, all.csv()));
    }
    target.write_files(&files)?;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    say(format!(
        "{}\n\n{}",
        text.trim_end(),
        files_in(&target.out, &names)
    ))?;
    let is_whole = done.len() == jobs.len();
    Ok(if is_whole {
        Outcome::Done
    } else {
        Outcome::Interrupted
    })
}

/// The rules as they concern this book: ways that change nothing of it are left out, and rules without other ways.
fn open_rules(folder: &Folder, scenario: Option<&str>, book: &Book) -> Vec<RuleChoice> {
    let mut choices = Vec::new();
    for rule in input::rules() {
        let mut ways = vec![RuleWay {
            name: AS_SET.to_owned(),
            changes: Vec::new(),
        }];
        for variant in &rule.variants {
            let changes = changes(variant, book);
            if changes.is_empty() {
                continue;
            }
            match read_changed(folder, scenario, &changes) {
                Ok(other) if other.profiles == book.profiles && other.actions == book.actions => {}
                Ok(_) => ways.push(RuleWay {
                    name: variant.name.clone(),
                    changes,
                }),
                // The book can have an instance that this way would have released before the run.
                Err(_) => warn(format!(
                    "`{}` is left out: the book contradicts it",
                    visible(&variant.name)
                )),
            }
        }
        if ways.len() > 1 {
            let (name, text, source) = (rule.name, rule.question, rule.source);
            choices.push(RuleChoice {
                name,
                text,
                source,
                ways,
            });
        }
    }
    choices
}

/// The changes of a variant, written out for each profile that an instance of the book follows.
fn changes(variant: &Variant, book: &Book) -> Vec<String> {
    let followed = book.instances.iter().map(|one| one.profile);
    let followed: BTreeSet<ProfileIndex> = followed.chain([book.default_profile]).collect();
    let profiles = followed
        .into_iter()
        .map(|profile| book.profile(profile))
        .filter(|profile| {
            let days = i64::from(profile.suspend_after_days);
            variant.suspended_within.is_none_or(|most| days <= most)
        });
    let names: Vec<&str> = profiles.map(|profile| &*profile.name).collect();
    let mut changes = Vec::new();
    for change in &variant.changes {
        match change.strip_prefix(ANY_PROFILE) {
            None => changes.push(change.clone()),
            Some(key) => changes.extend(names.iter().map(|name| format!("profile.{name}.{key}"))),
        }
    }
    changes
}

fn read_changed(
    folder: &Folder,
    scenario: Option<&str>,
    changes: &[String],
) -> Result<Book, Failure> {
    let job = job(String::new(), scenario, changes)?;
    job.read_book(&mut folder.clone(), &ReadMemory::default())
}

fn job(name: String, scenario: Option<&str>, changes: &[String]) -> Result<Job, Failure> {
    let help = "name profiles with letters, digits and dashes";
    let text = input::quick_change(changes).map_err(|message| Failure::new(message, help))?;
    Ok(Job {
        name,
        scenario: scenario.map(str::to_owned),
        text,
    })
}

/// All combinations of ways by number, the one as set first.
fn combine(rules: &[RuleChoice]) -> Vec<Vec<usize>> {
    let mut combined: Vec<Vec<usize>> = vec![Vec::new()];
    for rule in rules {
        let longer = combined
            .iter()
            .flat_map(|ways| (0..rule.ways.len()).map(|way| [ways.as_slice(), &[way]].concat()));
        combined = longer.collect();
    }
    combined
}

/// The ways of a combination that are not as set.
fn describe(rules: &[RuleChoice], ways: &[usize]) -> String {
    let others = rules.iter().zip(ways).filter(|(_, way)| **way > 0);
    let names: Vec<&str> = others
        .map(|(rule, way)| rule.ways[*way].name.as_str())
        .collect();
    if names.is_empty() {
        "all as set".to_owned()
    } else {
        names.join(", ")
    }
}

impl Combinations<'_> {
    fn figure(&self, one: &Combination, measure: Measure) -> String {
        figure(one.sum.get(measure), measure, self.currency)
    }

    fn answer(&self) -> String {
        let Some(as_set) = self.list.first() else {
            return "Nothing was replayed.\n".to_owned();
        };
        // Of equals the first one.
        let best = self
            .list
            .iter()
            .min_by_key(|one| one.badness())
            .unwrap_or(as_set);
        let worst = self
            .list
            .iter()
            .rev()
            .max_by_key(|one| one.badness())
            .unwrap_or(as_set);
        let depends = self
            .list
            .iter()
            .any(|one| one.figures() != as_set.figures());
        let verdict = if depends {
            "depends"
        } else {
            "does not depend"
        };
        let count = counted(self.list.len(), "combination");
        let mut text = format!(
            "The answer {HEAD}{verdict}{HEAD:#} on rules that are not published: {count} replayed.\n\n"
        );
        let head = [self.currency.code(), "as set", "best", "worst"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for (label, measure) in FIGURES {
            let mut row = vec![(*label).to_owned()];
            row.extend([as_set, best, worst].map(|one| self.figure(one, *measure)));
            rows.push(row);
        }
        text += &table(&rows);
        text += &format!("\nbest: {}\n", describe(self.rules, &best.ways));
        text += &format!("worst: {}\n\n", describe(self.rules, &worst.ways));
        for (at, rule) in self.rules.iter().enumerate() {
            text += &self.effect_of(at, rule, as_set);
        }
        text
    }

    /// What a rule changes by itself, all others as set, and what it changes whatever the others are.
    fn effect_of(&self, at: usize, rule: &RuleChoice, as_set: &Combination) -> String {
        let mut text = format!("{HEAD}{}{HEAD:#}\n  {}\n", rule.text, rule.source);
        let mut differs = false;
        for one in &self.list {
            let mut others = one
                .ways
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at);
            if one.ways[at] == 0 || !others.all(|(_, way)| *way == 0) {
                continue;
            }
            let mut effects = Vec::new();
            for (label, measure) in FIGURES {
                if one.sum.get(*measure) != as_set.sum.get(*measure) {
                    let [own, set] = [one, as_set].map(|one| self.figure(one, *measure));
                    effects.push(format!("{} {own} instead of {set}", label.to_lowercase()));
                }
            }
            differs |= !effects.is_empty();
            let effects = if effects.is_empty() {
                "no difference".to_owned()
            } else {
                effects.join(", ")
            };
            text += &format!("  {}: {effects}\n", rule.ways[one.ways[at]].name);
        }
        if !differs && self.matters_with_others(at) {
            text += "  but it makes a difference together with the others\n";
        }
        text + "\n"
    }

    /// Whether two combinations that differ in this rule alone come to different figures.
    fn matters_with_others(&self, at: usize) -> bool {
        let mut figures_by_others: BTreeMap<Vec<usize>, Vec<Option<i64>>> = BTreeMap::new();
        self.list.iter().any(|one| {
            let mut others = one.ways.clone();
            others.remove(at);
            let figures = one.figures();
            *figures_by_others
                .entry(others)
                .or_insert_with(|| figures.clone())
                != figures
        })
    }

    fn csv(&self) -> Vec<u8> {
        let columns: Vec<String> = self.rules.iter().map(|rule| rule.name.clone()).collect();
        let rows = self.list.iter().map(|one| {
            let cells = self.rules.iter().zip(&one.ways);
            SweepRow {
                cells: cells
                    .map(|(rule, way)| rule.ways[*way].name.clone())
                    .collect(),
                sum: one.sum,
                lowest_account: one.lowest_account.clone(),
                is_within: true,
                is_efficient: false,
            }
        });
        sweep_csv(&columns, self.currency, &rows.collect::<Vec<_>>())
    }
}
