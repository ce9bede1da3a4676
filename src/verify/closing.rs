//! The ends of a run: the closing book and `run.json` beside what the ledger comes to. What the ledger does not show, such as
//! prices and tags, only a replay can hold against them.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::balances::AccountNumbers;
use super::demand::DemandTotals;
use super::funds::AuditedAccount;
use super::instance_history::{ClosingPresence, InstanceHistory};
use super::ledger::Audit;
use super::record::{FILE, RecordedLowest, RecordedSpend, WrittenRecord};
use super::rules::RULES;
use super::sheet::{amount_text, place_in, unguarded};
use super::violations::{Violations, mismatch, shown};
use super::{KnownDays, WrittenFiles};
use crate::input::diagnostic::{Code, Place};
use crate::input::{self, Folder};
use crate::model::account::Account;
use crate::model::book::Book;
use crate::model::calendar::DayRange;
use crate::model::instance::{ChargeType, Instance, State};
use crate::output::hash::hash;
use crate::output::profile;

/// The folder of the closing book.
pub(super) const FOLDER: &str = "closing/";
const ACCOUNTS: &str = "accounts.csv";
const INSTANCES: &str = "instances.csv";
const SETTINGS: &str = "book.toml";
const NEEDS: &[&str] = &["ledger.csv", "balances.csv", FOLDER];

/// The closing book, and its files.
pub(super) struct Closing {
    folder: Folder,
    pub book: Book,
}

/// A cell of the closing book: the row whose first cell is the id.
struct ClosingCell<'c> {
    file: &'static str,
    id: &'c [u8],
    column: &'static str,
}

impl Closing {
    /// Reads the closing book as any other book; none where it cannot be read.
    pub(super) fn read_closing(written: &WrittenFiles<'_>, found: &mut Violations) -> Option<Self> {
        let mut folder = Folder::default();
        for name in &written.names {
            let inner = name.strip_prefix(FOLDER).unwrap_or_default();
            if input::FILES.contains(&inner) {
                folder.insert(inner, written.bytes(name, found)?);
            }
        }
        let (book, problems) = input::read_book(&folder, None);
        if book.is_none() {
            let is_changed = found.is_changed(FOLDER);
            found.distrust(FOLDER);
            for problem in problems.iter() {
                let file = format!("{FOLDER}{}", problem.place.file);
                if !is_changed || found.is_changed(&file) {
                    found.add_read(problem, file);
                }
            }
        }
        Some(Self {
            folder,
            book: book?,
        })
    }

    /// Holds the closing book against the ends of the ledger.
    pub(super) fn check_closing(
        &self,
        audit: &Audit<'_, '_>,
        days: KnownDays,
        found: &mut Violations,
    ) {
        self.check_days(days, found);
        self.check_accounts(&audit.accounts, found);
        for (number, history) in audit.histories.iter().enumerate() {
            self.check_history(audit.instances.id_of(number), history, found);
        }
    }

    /// The days of the closing book follow the run, and are as many.
    fn check_days(&self, days: KnownDays, found: &mut Violations) {
        let DayRange { from, to } = self.book.days;
        let Some(end) = days.to else { return };
        let (key, expected, day) = if from != end.tomorrow() {
            (
                "from",
                format!("{} (the day after the run)", end.tomorrow()),
                from,
            )
        } else if let Some(start) = days.from.filter(|start| *start <= end)
            && let next = (DayRange { from: start, to: end }).next()
            && next.to != to
            // Where its amounts are so large that it may have to be shorter, only a replay tells.
            && self.book.ample_cash().is_some()
        {
            ("to", format!("{} (as long as the run was)", next.to), to)
        } else {
            return;
        };
        found.report(Code::Disagrees, &file_name(SETTINGS), &["run.json"], || {
            let bytes = self.folder.get(SETTINGS).unwrap_or(b"");
            let line = format!("\n{key} = ");
            let at = bytes
                .windows(line.len())
                .position(|window| window == line.as_bytes());
            let start = at.map_or(0, |at| at + 1);
            let range = start..start + line.len() - 1;
            let place = Place::in_bytes(&file_name(SETTINGS), bytes, range);
            (place, mismatch(key, expected, day))
        });
    }

    fn check_accounts(&self, accounts: &AccountNumbers, found: &mut Violations) {
        for (number, account) in accounts.list.iter().enumerate() {
            let id = accounts.names.id_of(number);
            let listed = std::str::from_utf8(id)
                .ok()
                .and_then(|id| self.book.find_account(id));
            match listed {
                Some(listed) => self.check_account(self.book.account(listed), account, found),
                None => report_missing_row(ACCOUNTS, id, found),
            }
        }
        for account in &self.book.accounts {
            let id = account.id.as_str().as_bytes();
            if accounts.names.find(id).is_none() && !accounts.list.is_empty() {
                let cell = ClosingCell {
                    file: ACCOUNTS,
                    id,
                    column: "account_id",
                };
                let message = format!(
                    "unexpected row of {}: `balances.csv` does not open it",
                    shown(id)
                );
                self.report_cell(cell, found, || message);
            }
        }
    }

    fn check_account(&self, listed: &Account, account: &AuditedAccount, found: &mut Violations) {
        let funds = listed.funds;
        let beyond = funds.credit_limit - funds.frozen;
        let pairs = [
            ("cash", funds.cash, Some(account.cash)),
            ("free_credit", funds.free_credit, Some(account.free_credit)),
            ("credit_limit", beyond, account.beyond),
        ];
        let mut pairs = pairs
            .into_iter()
            .filter_map(|(column, is, ledger)| Some((column, i128::from(is.minor()), ledger?)));
        let Some((column, is, ledger)) = pairs.find(|(_, is, ledger)| is != ledger) else {
            return;
        };
        let cell = ClosingCell {
            file: ACCOUNTS,
            id: listed.id.as_str().as_bytes(),
            column,
        };
        self.report_cell(cell, found, || {
            let [is, ledger] = [is, ledger].map(|minor| amount_text(minor, account.digits));
            let less = if column == "credit_limit" {
                " less `frozen`"
            } else {
                ""
            };
            format!("`{column}`{less}: expected {ledger} (the end of the ledger), found {is}")
        });
    }

    /// Holds the row of an instance against the history that the ledger gives it.
    fn check_history(&self, id: &[u8], history: &InstanceHistory, found: &mut Violations) {
        let listed = std::str::from_utf8(id)
            .ok()
            .and_then(|id| self.book.find_instance(id));
        match (listed, history.presence) {
            (Some(_), ClosingPresence::Rejected) => {
                let cell = ClosingCell {
                    file: INSTANCES,
                    id,
                    column: "instance_id",
                };
                self.report_cell(cell, found, || {
                    format!("unexpected row of {}: its purchase was rejected", shown(id))
                });
            }
            (Some(listed), _) => self.check_instance(self.book.instance(listed), history, found),
            (None, ClosingPresence::Seen) => report_missing_row(INSTANCES, id, found),
            (None, _) => {}
        }
    }

    fn check_instance(&self, listed: &Instance, history: &InstanceHistory, found: &mut Violations) {
        let in_bin = matches!(history.state, Some(State::Reclaimed | State::Stopped));
        let is_prepaid = history.charge_type == Some(ChargeType::Prepaid);
        let was_reclaimed = history.state == Some(State::Reclaimed);
        let [listed_state, state] = [listed.state, history.state].map(|it| it.map(State::name));
        let awaited = history.awaits_stop.map(|_| State::Stopped.name());
        let kind = history.charge_type.map(ChargeType::name);
        let expires = history.expires.filter(|_| is_prepaid);
        let since = history.since.filter(|_| in_bin);
        let returned = history.returned.filter(|_| was_reclaimed);
        let differing = None
            .or_else(|| difference("state", listed_state, state))
            .or_else(|| difference("charge_type", Some(listed.charge_type.name()), kind))
            .or_else(|| difference("state", listed_state, awaited))
            .or_else(|| difference("expires_on", listed.expires_on, expires))
            .or_else(|| difference("since", listed.since, since))
            .or_else(|| difference("returned", Some(listed.returned), returned));
        if let Some(DifferingCell {
            column,
            expected,
            found: is,
        }) = differing
        {
            let id = listed.id.as_str().as_bytes();
            let cell = ClosingCell {
                file: INSTANCES,
                id,
                column,
            };
            self.report_cell(cell, found, || {
                let id = shown(id);
                format!(
                    "`{column}` of {id}: expected {expected} (the end of the ledger), found {is}"
                )
            });
        }
    }

    fn report_cell(
        &self,
        cell: ClosingCell<'_>,
        found: &mut Violations,
        message: impl FnOnce() -> String,
    ) {
        found.report(Code::Disagrees, &file_name(cell.file), NEEDS, || {
            (self.place_of_cell(&cell), message())
        });
    }

    fn place_of_cell(&self, cell: &ClosingCell<'_>) -> Place {
        let name = file_name(cell.file);
        let mut options = csv::ReaderBuilder::new();
        options.has_headers(false).flexible(true);
        let mut reader = options.from_reader(self.folder.get(cell.file).unwrap_or(b""));
        let mut rows = reader.byte_records().map_while(Result::ok);
        let header = rows.next().unwrap_or_default();
        let column = header
            .iter()
            .position(|name| name == cell.column.as_bytes());
        let row = rows.find(|row| row.get(0).map(unguarded) == Some(cell.id));
        row.map_or_else(
            || Place::of_file(&name),
            |row| place_in(&name, &row, column.unwrap_or(0)),
        )
    }
}

/// A cell of an instance that is not as the ledger ends.
struct DifferingCell {
    column: &'static str,
    expected: String,
    found: String,
}

/// The cell, if it differs and what the ledger ends with is known.
fn difference<T: Display + PartialEq>(
    column: &'static str,
    listed: Option<T>,
    ledger: Option<T>,
) -> Option<DifferingCell> {
    if ledger.is_none() || listed == ledger {
        return None;
    }
    let [found, expected] =
        [listed, ledger].map(|value| value.map_or("nothing".to_owned(), |it| it.to_string()));
    Some(DifferingCell {
        column,
        expected,
        found,
    })
}

fn file_name(file: &str) -> String {
    format!("{FOLDER}{file}")
}

fn report_missing_row(file: &'static str, id: &[u8], found: &mut Violations) {
    let file = file_name(file);
    let message = format!("missing row of {}: the ledger has it", shown(id));
    found.report(Code::Disagrees, &file, NEEDS, || {
        (Place::of_file(&file), message)
    });
}

/// Holds the counts, profiles and lowest amounts of `run.json` against what was read.
pub(super) fn check_record(
    record: &WrittenRecord,
    audit: &Audit<'_, '_>,
    closing: Option<&Closing>,
    found: &mut Violations,
) {
    if record.rows != audit.rows {
        let message = mismatch(
            "rows",
            format!("{} (by the ledger)", audit.rows),
            record.rows,
        );
        found.report(Code::Disagrees, FILE, NEEDS, || {
            (record.place_of_key("rows"), message)
        });
    }
    check_events(record, audit, found);
    check_lowest(record, &audit.accounts, found);
    if let Some(totals) = audit.months.demand.totals() {
        check_totals(record, totals, found);
    }
    if let Some(closing) = closing {
        check_profiles(record, &closing.book, found);
    }
}

fn check_events(record: &WrittenRecord, audit: &Audit<'_, '_>, found: &mut Violations) {
    let counts = RULES
        .iter()
        .map(|rule| (rule.event, audit.events[rule.step as usize]));
    let counts: BTreeMap<&str, u64> = counts.filter(|(_, count)| *count > 0).collect();
    for name in keys_of_both(&counts, &record.events) {
        let ledger = counts.get(name).copied().unwrap_or(0);
        let is = record.events.get(name).copied().unwrap_or(0);
        if is != ledger {
            let key = if is == 0 { "events" } else { name };
            let message = mismatch(name, format!("{ledger} (by the ledger)"), is);
            found.report(Code::Disagrees, FILE, NEEDS, || {
                (record.place_of_key(key), message)
            });
        }
    }
}

/// The keys of the first map, then those that only the second has.
fn keys_of_both<'m, V, W>(
    first: &'m BTreeMap<&str, V>,
    second: &'m BTreeMap<String, W>,
) -> impl Iterator<Item = &'m str> {
    let others = second
        .keys()
        .map(String::as_str)
        .filter(|name| !first.contains_key(name));
    first.keys().copied().chain(others)
}

fn check_lowest(record: &WrittenRecord, accounts: &AccountNumbers, found: &mut Violations) {
    if accounts.list.is_empty() {
        return;
    }
    let numbered = accounts.list.iter().enumerate();
    let ledger = numbered.map(|(number, account)| RecordedLowest {
        account_id: String::from_utf8_lossy(accounts.names.id_of(number)).into_owned(),
        currency: account.currency.unwrap_or("").to_owned(),
        available: amount_text(account.lowest.available, account.digits),
        date: account.lowest.date.to_string(),
    });
    let ledger: Vec<RecordedLowest> = ledger.collect();
    let mut differing = differing_pairs(&record.lowest_available, &ledger);
    // What has no known currency is not known to differ.
    let pair = differing.find(|(_, ledger)| ledger.is_some_and(|it| !it.currency.is_empty()));
    report_pair(record, "lowest_available", NEEDS, pair, found);
}

/// Holds the three sums against the rows of `demand.csv`.
fn check_totals(record: &WrittenRecord, totals: &DemandTotals, found: &mut Violations) {
    let ledger = totals.iter().map(|(currency, total)| {
        let [as_funded, all_due_paid, all_kept] = total
            .sums
            .map(|sum| sum.map(|sum| amount_text(sum, total.digits)));
        RecordedSpend {
            currency: (*currency).to_owned(),
            as_funded: as_funded.unwrap_or_default(),
            all_due_paid,
            all_kept,
        }
    });
    let ledger: Vec<RecordedSpend> = ledger.collect();
    let pair = differing_pairs(&record.spend, &ledger).next();
    report_pair(
        record,
        "spend",
        &["demand.csv", "ledger.csv", "balances.csv"],
        pair,
        found,
    );
}

/// An entry of a list of `run.json`, and what was read; none where a list is shorter.
type EntryPair<'p, T> = (Option<&'p T>, Option<&'p T>);

fn differing_pairs<'p, T: PartialEq>(
    is: &'p [T],
    ledger: &'p [T],
) -> impl Iterator<Item = EntryPair<'p, T>> {
    (0..is.len().max(ledger.len()))
        .map(|number| (is.get(number), ledger.get(number)))
        .filter(|(is, ledger)| is != ledger)
}

fn report_pair<T: Display>(
    record: &WrittenRecord,
    key: &str,
    needs: &[&str],
    pair: Option<EntryPair<'_, T>>,
    found: &mut Violations,
) {
    let Some((is, ledger)) = pair else { return };
    let [is, ledger] = [is, ledger].map(|it| it.map_or("nothing".to_owned(), T::to_string));
    let message = mismatch(key, ledger, is);
    found.report(Code::Disagrees, FILE, needs, || {
        (record.place_of_key(key), message)
    });
}

fn check_profiles(record: &WrittenRecord, closing: &Book, found: &mut Violations) {
    let hashes = closing
        .profiles
        .iter()
        .map(|one| (&*one.name, hash(profile::toml(one).as_bytes())));
    let hashes: BTreeMap<&str, String> = hashes.collect();
    for name in keys_of_both(&hashes, &record.profiles) {
        let (is, closing) = (record.profiles.get(name), hashes.get(name));
        if is != closing {
            let [is, closing] = [is, closing].map(|hash| hash.map_or("nothing", String::as_str));
            let message = format!("hash of profile {}", mismatch(name, closing, is));
            let place = || (record.place_of_key("profiles"), message);
            found.report(Code::Disagrees, FILE, &[FOLDER], place);
        }
    }
}
