//! The ends of a run: the closing book and `run.json` beside what the ledger comes to.

use std::collections::BTreeMap;

use super::WrittenFiles;
use super::balances::AccountNumbers;
use super::demand::Totals;
use super::instance_history::{ClosingPresence, InstanceHistory};
use super::ledger::Audit;
use super::record::{FILE, RecordedLowest, RecordedSpend, WrittenRecord};
use super::rules::RULES;
use super::sheet::{place_in, text_of, unguarded};
use super::violations::{Violations, shown};
use crate::input::diagnostic::{Code, Place};
use crate::input::{self, Folder};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::{ChargeType, Instance, State};
use crate::output::hash::hash;
use crate::output::profile;

/// The folder of the closing book.
pub(super) const FOLDER: &str = "closing/";
const ACCOUNTS: &str = "closing/accounts.csv";
const INSTANCES: &str = "closing/instances.csv";
const SETTINGS: &str = "closing/book.toml";
const LEDGER: &[&str] = &["ledger.csv", "balances.csv", FOLDER];

/// The closing book, and its files.
pub(super) struct Closing {
    folder: Folder,
    pub book: Book,
}

impl Closing {
    /// Reads the closing book as any other book; none where it cannot be read.
    pub(super) fn read_closing(written: &WrittenFiles<'_>, found: &mut Violations) -> Option<Self> {
        let mut folder = Folder::default();
        let names: Vec<&String> = written
            .names
            .iter()
            .filter(|name| name.starts_with(FOLDER))
            .collect();
        for name in names {
            let inner = name
                .strip_prefix(FOLDER)
                .filter(|inner| input::FILES.contains(inner));
            if let Some(inner) = inner {
                folder.insert(inner, written.bytes(name, found)?);
            }
        }
        let (book, problems) = input::read_book(&folder, None);
        if book.is_none() {
            let is_changed = found.is_changed(FOLDER);
            found.distrust(FOLDER);
            for one in problems.iter() {
                let file = format!("{FOLDER}{}", one.place.file);
                if !is_changed || found.is_changed(&file) {
                    let place = Place {
                        file,
                        ..one.place.clone()
                    };
                    found.add_read(one.code, place, (one.message.clone(), one.help.clone()));
                }
            }
        }
        book.map(|book| Self { folder, book })
    }

    /// Holds the closing book against the ends of the ledger.
    pub(super) fn check_closing(
        &self,
        audit: &Audit<'_, '_>,
        days: (Option<Day>, Option<Day>),
        found: &mut Violations,
    ) {
        self.check_days(days, found);
        self.accounts(&audit.accounts, found);
        for (number, life) in audit.lives.iter().enumerate() {
            self.life(audit.instances.id_of(number), life, found);
        }
    }

    /// The days of the closing book follow the run, and are as many.
    fn check_days(&self, (from, to): (Option<Day>, Option<Day>), found: &mut Violations) {
        let is = self.book.days;
        let run = from
            .zip(to)
            .filter(|(from, to)| from <= to)
            .map(|(from, to)| DayRange { from, to });
        let begins = to.map(|to| ("from", is.from, to.tomorrow(), "the day after the run"));
        // Where its amounts are so large that it may have to be shorter, only a replay tells.
        let run = run.filter(|_| self.book.ample_cash().is_some());
        let ends = run.map(|run| {
            (
                "to",
                is.to,
                run.next().to,
                "so that it is as long as the run was",
            )
        });
        let differing = begins
            .into_iter()
            .chain(ends)
            .find(|(_, is, must, _)| is != must);
        let Some((key, is, must, why)) = differing else {
            return;
        };
        found.report_violation(Code::Disagrees, (SETTINGS, &["run.json"]), || {
            let bytes = self.folder.get("book.toml").unwrap_or(b"");
            let line = format!("\n{key} = ");
            let at = bytes
                .windows(line.len())
                .position(|window| window == line.as_bytes())
                .map_or(0, |at| at + 1);
            let place = Place::in_bytes(SETTINGS, bytes, at..at + line.len() - 1);
            (place, format!("`{key}` is {is}, must be {must}: {why}"))
        });
    }

    /// Holds the row of an instance against the life that the ledger gives it.
    fn life(&self, id: &[u8], life: &InstanceHistory, found: &mut Violations) {
        let listed = std::str::from_utf8(id)
            .ok()
            .and_then(|id| self.book.find_instance(id));
        let listed = listed.map(|index| self.book.instance(index));
        match (listed, life.presence) {
            (Some(_), ClosingPresence::Refused) => {
                found.report_violation(Code::Disagrees, (INSTANCES, LEDGER), || {
                    let message = format!(
                        "a row of {}, must be none: its purchase was rejected",
                        shown(id)
                    );
                    (
                        self.place_of_cell("instances.csv", (id, "instance_id")),
                        message,
                    )
                })
            }
            (Some(one), _) => self.check_instance(one, life, found),
            (None, ClosingPresence::Seen) => {
                found.report_violation(Code::Disagrees, (INSTANCES, LEDGER), || {
                    (
                        Place::of_file(INSTANCES),
                        format!("no row of {}, must be one: the ledger has it", shown(id)),
                    )
                })
            }
            (None, _) => {}
        }
    }

    fn accounts(&self, accounts: &AccountNumbers, found: &mut Violations) {
        for (number, account) in accounts.list.iter().enumerate() {
            let id = accounts.names.id_of(number);
            let listed = std::str::from_utf8(id)
                .ok()
                .and_then(|id| self.book.find_account(id));
            let Some(listed) = listed.map(|index| self.book.account(index)) else {
                found.report_violation(Code::Disagrees, (ACCOUNTS, LEDGER), || {
                    (
                        Place::of_file(ACCOUNTS),
                        format!("no row of {}, must be one: the ledger has it", shown(id)),
                    )
                });
                continue;
            };
            let funds = listed.funds;
            let beyond = (funds.credit_limit - funds.frozen).minor();
            for (column, is, must) in [
                ("cash", funds.cash.minor(), Some(account.cash)),
                (
                    "free_credit",
                    funds.free_credit.minor(),
                    Some(account.free_credit),
                ),
                ("credit_limit", beyond, account.beyond),
            ] {
                let Some(must) = must.filter(|must| *must != i128::from(is)) else {
                    continue;
                };
                found.report_violation(Code::Disagrees, (ACCOUNTS, LEDGER), || {
                    let (is, must) = (
                        text_of(is.into(), account.digits),
                        text_of(must, account.digits),
                    );
                    let of = if column == "credit_limit" {
                        " less `frozen`"
                    } else {
                        ""
                    };
                    let message = format!(
                        "`{column}`{of} is {is}, must be {must}: the ledger ends with that"
                    );
                    (self.place_of_cell("accounts.csv", (id, column)), message)
                });
                break;
            }
        }
        for account in &self.book.accounts {
            let id = account.id.as_str().as_bytes();
            if accounts.names.find(id).is_none() && !accounts.list.is_empty() {
                found.report_violation(Code::Disagrees, (ACCOUNTS, LEDGER), || {
                    let message = format!(
                        "a row of {}, must be none: `balances.csv` does not open it",
                        shown(id)
                    );
                    (
                        self.place_of_cell("accounts.csv", (id, "account_id")),
                        message,
                    )
                });
            }
        }
    }

    fn check_instance(&self, one: &Instance, life: &InstanceHistory, found: &mut Violations) {
        let date = |day: Option<Day>| day.map_or_else(|| "empty".to_owned(), |day| day.to_string());
        let name = |state: Option<State>| state.map_or("empty", State::name).to_owned();
        let in_bin = matches!(life.state, Some(State::Reclaimed | State::Stopped));
        let pairs = [
            (
                "state",
                name(one.state),
                life.state.map(|state| name(Some(state))),
            ),
            (
                "charge_type",
                one.charge_type.name().to_owned(),
                life.charge_type.map(|kind| kind.name().to_owned()),
            ),
            (
                "state",
                name(one.state),
                life.owes_stop.map(|_| name(Some(State::Stopped))),
            ),
            (
                "expires_on",
                date(one.expires_on),
                life.expires
                    .filter(|_| life.charge_type == Some(ChargeType::Prepaid))
                    .map(|day| date(Some(day))),
            ),
            (
                "since",
                date(one.since),
                life.since.filter(|_| in_bin).map(|day| date(Some(day))),
            ),
            (
                "returned",
                one.returned.to_string(),
                life.returned
                    .filter(|_| life.state == Some(State::Reclaimed))
                    .map(|returned| returned.to_string()),
            ),
        ];
        for (column, is, must) in pairs {
            let Some(must) = must.filter(|must| *must != is) else {
                continue;
            };
            return found.report_violation(Code::Disagrees, (INSTANCES, LEDGER), || {
                let id = one.id.as_str();
                let message = format!(
                    "`{column}` of {} is {is}, must be {must}: the ledger ends with that",
                    shown(id.as_bytes())
                );
                (
                    self.place_of_cell("instances.csv", (id.as_bytes(), column)),
                    message,
                )
            });
        }
    }

    /// The place of a cell: the row whose first cell is the id, in the named column.
    fn place_of_cell(&self, file: &str, (id, column): (&[u8], &str)) -> Place {
        let name = format!("{FOLDER}{file}");
        let bytes = self.folder.get(file).unwrap_or(b"");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut rows = reader.byte_records().map_while(Result::ok);
        let header = rows.next();
        let column =
            header.and_then(|header| header.iter().position(|cell| cell == column.as_bytes()));
        let row = rows.find(|row| row.get(0).map(unguarded) == Some(id));
        row.map_or_else(
            || Place::of_file(&name),
            |row| place_in(&name, &row, column.unwrap_or(0)),
        )
    }
}

/// Holds the counts, profiles and lowest amounts of `run.json` against what was read.
pub(super) fn check_record(
    record: &WrittenRecord,
    (audit, closing): (&Audit<'_, '_>, Option<&Closing>),
    found: &mut Violations,
) {
    if record.rows != audit.rows {
        found.report_violation(Code::Disagrees, (FILE, LEDGER), || {
            (
                record.place_of_key("rows"),
                format!(
                    "`rows` is {}, must be {}: the ledger has so many",
                    record.rows, audit.rows
                ),
            )
        });
    }
    let counts = RULES
        .iter()
        .map(|rule| (rule.event, audit.events[rule.step as usize]));
    let counts: BTreeMap<&str, u64> = counts.filter(|(_, count)| *count > 0).collect();
    let names = counts.keys().copied().chain(
        record
            .events
            .keys()
            .map(String::as_str)
            .filter(|name| !counts.contains_key(name)),
    );
    for name in names {
        let (is, must) = (
            record.events.get(name).copied().unwrap_or(0),
            counts.get(name).copied().unwrap_or(0),
        );
        if is != must {
            found.report_violation(Code::Disagrees, (FILE, LEDGER), || {
                let key = if is == 0 { "events" } else { name };
                (
                    record.place_of_key(key),
                    format!("`{name}` is {is}, must be {must}: the ledger has so many"),
                )
            });
        }
    }
    lowest(record, &audit.accounts, found);
    if let Some(totals) = audit.months.demand.totals() {
        spend(record, totals, found);
    }
    if let Some(closing) = closing {
        profiles(record, &closing.book, found);
    }
}

fn lowest(record: &WrittenRecord, accounts: &AccountNumbers, found: &mut Violations) {
    if accounts.list.is_empty() {
        return;
    }
    let must = accounts.list.iter().enumerate().map(|(number, account)| {
        let (available, date) = account.lowest;
        RecordedLowest {
            account_id: String::from_utf8_lossy(accounts.names.id_of(number)).into_owned(),
            currency: account.currency.unwrap_or("").to_owned(),
            available: text_of(available, account.digits),
            date: date.to_string(),
        }
    });
    let must: Vec<RecordedLowest> = must.collect();
    let text = |lowest: Option<&RecordedLowest>| match lowest {
        Some(one) => format!(
            "{} {} on {} of `{}`",
            one.currency, one.available, one.date, one.account_id
        ),
        None => "none".to_owned(),
    };
    for number in 0..must.len().max(record.lowest_available.len()) {
        let (is, must) = (record.lowest_available.get(number), must.get(number));
        let knows_currency = must.is_some_and(|must| !must.currency.is_empty());
        if is != must && knows_currency {
            return found.report_violation(Code::Disagrees, (FILE, LEDGER), || {
                (
                    record.place_of_key("lowest_available"),
                    format!(
                        "the lowest available is {}, must be {}",
                        text(is),
                        text(must)
                    ),
                )
            });
        }
    }
}

/// Holds the three sums against the rows of `demand.csv`.
fn spend(record: &WrittenRecord, totals: &Totals, found: &mut Violations) {
    let must = totals.iter().map(|(currency, of)| {
        let [as_funded, all_due_paid, all_kept] =
            of.sums.map(|sum| sum.map(|sum| text_of(sum, of.digits)));
        RecordedSpend {
            currency: (*currency).to_owned(),
            as_funded: as_funded.unwrap_or_default(),
            all_due_paid,
            all_kept,
        }
    });
    let must: Vec<RecordedSpend> = must.collect();
    let text = |spend: Option<&RecordedSpend>| {
        let unknown = || "not known".to_owned();
        spend.map_or_else(
            || "none".to_owned(),
            |one| {
                let [paid, kept] = [&one.all_due_paid, &one.all_kept]
                    .map(|sum| sum.clone().unwrap_or_else(unknown));
                format!("{} {}, {paid}, {kept}", one.currency, one.as_funded)
            },
        )
    };
    let pairs = (0..must.len().max(record.spend.len()))
        .map(|number| (record.spend.get(number), must.get(number)));
    if let Some((is, must)) = pairs.into_iter().find(|(is, must)| is != must) {
        found.report_violation(
            Code::Disagrees,
            (FILE, &["demand.csv", "ledger.csv", "balances.csv"]),
            || {
                (
                    record.place_of_key("spend"),
                    format!(
                        "the three sums are {}, must be {}: demand.csv adds up to that",
                        text(is),
                        text(must)
                    ),
                )
            },
        );
    }
}

fn profiles(record: &WrittenRecord, closing: &Book, found: &mut Violations) {
    let must = closing
        .profiles
        .iter()
        .map(|one| (one.name.to_string(), hash(profile::toml(one).as_bytes())));
    let must: BTreeMap<String, String> = must.collect();
    for name in must.keys().chain(
        record
            .profiles
            .keys()
            .filter(|name| !must.contains_key(*name)),
    ) {
        let (is, must) = (record.profiles.get(name), must.get(name));
        if is != must {
            found.report_violation(Code::Disagrees, (FILE, &[FOLDER]), || {
                let text =
                    |hash: Option<&String>| hash.map_or_else(|| "none".to_owned(), Clone::clone);
                let message = format!(
                    "the hash of profile `{name}` is {}, must be {}",
                    text(is),
                    text(must)
                );
                (record.place_of_key("profiles"), message)
            });
        }
    }
}
