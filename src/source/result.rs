//! A written result to a case that can be compared: its ledger and balances, on the days that two results share.
//!
//! Ids are numbered as they are met, alike in both results. What a ledger does not say is not known of it: the value of days
//! that are paid for, and what its accounts need.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::settings::currency;
use super::table::{Columns, CsvRow, Row, Table};
use super::value::{Problem, amount, day, shown, whole};
use crate::account::{AccountIndex, Movement};
use crate::calendar::{Day, DayRange};
use crate::compare::{Case, Counter, Deltas, Figures, Names, Steps};
use crate::diagnostic::{Code, Diagnostics, Place};
use crate::event::{Event, Reason};
use crate::instance::InstanceIndex;
use crate::ledger::{Basis, Entry, Needed, Shortfall};
use crate::money::{Currency, Money};
use crate::order::Term;

/// The files of a result that are read.
pub const RESULT_FILES: &[&str] = &[RECORD, LEDGER, BALANCES, ACCOUNTS];
const RECORD: &str = "run.json";
const LEDGER: &str = "ledger.csv";
const BALANCES: &str = "balances.csv";
const ACCOUNTS: &str = "closing/accounts.csv";

const LEDGER_COLUMNS: Columns = Columns {
    names: &[
        "date",
        "account_id",
        "instance_id",
        "event",
        "term_start",
        "term_end",
        "amount",
        "voucher",
        "free_credit",
        "cash",
        "reason",
        "detail",
        "seq",
        "state",
        "months",
        "hours",
        "balance",
    ],
    required: &[DATE, ACCOUNT, INSTANCE, EVENT, AMOUNT, REASON],
    tags: false,
    ids: &[],
    prices: &[],
};
const DATE: usize = 0;
const ACCOUNT: usize = 1;
const INSTANCE: usize = 2;
const EVENT: usize = 3;
const TERM_START: usize = 4;
const TERM_END: usize = 5;
const AMOUNT: usize = 6;
const VOUCHER: usize = 7;
const FREE_CREDIT: usize = 8;
const CASH: usize = 9;
const REASON: usize = 10;
const DETAIL: usize = 11;
const HOURS: usize = 15;

const BALANCE_COLUMNS: Columns = Columns {
    names: &["date", "account_id", "available", "cash", "free_credit"],
    required: &[DATE, ACCOUNT, AVAILABLE],
    tags: false,
    ids: &[],
    prices: &[],
};
const AVAILABLE: usize = 2;

/// The accounts of the closing book; what else they hold is not looked at.
const ACCOUNT_COLUMNS: Columns =
    Columns { names: &["account_id", "currency"], required: &[0, 1], tags: false, ids: &[], prices: &[] };

/// What is read of `run.json`.
#[derive(serde::Deserialize)]
struct Record {
    from: String,
    to: String,
}

/// The days of a written result.
pub fn result_days(folder: &Folder, diagnostics: &mut Diagnostics) -> Option<DayRange> {
    let record: Option<Record> = folder.get(RECORD).and_then(|bytes| serde_json::from_slice(bytes).ok());
    let days = record.and_then(|record| day(&record.from).ok().zip(day(&record.to).ok()));
    let days = days.filter(|(from, to)| from <= to);
    if days.is_none() {
        let message = format!("`{RECORD}` does not say from when to when the run went");
        diagnostics.push(Code::Unreadable, Place::of_file(RECORD), message, "name a folder that `renewcast run` wrote");
    }
    days.map(|(from, to)| DayRange { from, to })
}

/// The ids of all results that are read, in the order in which they are met.
#[derive(Default)]
pub struct Register {
    accounts: BTreeMap<Box<str>, (AccountIndex, Currency)>,
    instances: BTreeMap<Box<str>, InstanceIndex>,
    names: Names,
}

impl Register {
    /// The ids by number.
    pub fn names(&self) -> &Names {
        &self.names
    }

    fn account(&self, id: &str) -> Option<(AccountIndex, Currency)> {
        self.accounts.get(id).copied()
    }

    fn add_account(&mut self, id: &str, currency: Currency) {
        if self.accounts.contains_key(id) {
            return;
        }
        let number = u32::try_from(self.names.accounts.len()).expect("fewer than four billion accounts");
        self.names.accounts.push(id.into());
        self.accounts.insert(id.into(), (AccountIndex(number), currency));
    }

    fn instance(&mut self, id: &str, account: AccountIndex) -> InstanceIndex {
        if let Some(known) = self.instances.get(id) {
            return *known;
        }
        let number = u32::try_from(self.names.instances.len()).expect("fewer than four billion instances");
        self.names.instances.push((id.into(), account));
        self.instances.insert(id.into(), InstanceIndex(number));
        InstanceIndex(number)
    }

    /// Reads the accounts of a result.
    pub fn add_accounts(&mut self, folder: &Folder, diagnostics: &mut Diagnostics) {
        let Some(table) = open(folder, ACCOUNTS, ACCOUNT_COLUMNS, diagnostics) else { return };
        table.rows(diagnostics, |row, diagnostics| {
            let code = row.read(1, diagnostics, currency);
            if let (Some(id), Some(code)) = (row.text(0), code) {
                self.add_account(id, code);
            }
        });
    }

    /// Reads the rows of a result on some days. All accounts of all results must be known.
    pub fn case(
        &mut self,
        name: &str,
        (folder, days): (&Folder, DayRange),
        diagnostics: &mut Diagnostics,
    ) -> Option<Case> {
        let mut figures: Vec<Figures> = self
            .accounts
            .values()
            .map(|(account, currency)| Figures::opened(*account, *currency, (days.from.yesterday(), Money::ZERO)))
            .collect();
        figures.sort_by_key(|figures| figures.account);
        let curves = self.accounts.values().map(|(_, currency)| (*currency, Deltas::open(days))).collect();
        let mut reader = Reader { days, figures, curves, steps: Steps::default(), counter: Counter::default() };
        reader.balances(self, &open(folder, BALANCES, BALANCE_COLUMNS, diagnostics)?, diagnostics);
        reader.ledger(self, &open(folder, LEDGER, LEDGER_COLUMNS, diagnostics)?, diagnostics);
        let Reader { figures, curves, steps, .. } = reader;
        let curves = curves.into_iter().map(|(currency, deltas)| (currency, deltas.sums())).collect();
        Some(Case { name: name.to_owned(), days, figures, steps: steps.close(), curves })
    }
}

fn open<'f>(
    folder: &'f Folder,
    file: &'static str,
    columns: Columns,
    diagnostics: &mut Diagnostics,
) -> Option<Table<'f>> {
    let Some(bytes) = folder.get(file) else {
        let message = format!("there is no `{file}`");
        diagnostics.push(Code::MissingFile, Place::of_file(file), message, "name a folder that `renewcast run` wrote");
        return None;
    };
    // A column that nothing here reads is no fault of a result.
    let mut found = Diagnostics::default();
    let table = Table::open(file, bytes, columns, &mut found);
    if table.is_none() {
        found.iter().for_each(|one| {
            diagnostics.push(one.code, one.place.clone(), one.message.clone(), one.help.clone());
        });
    }
    table
}

/// Reads the rows of one result.
struct Reader {
    days: DayRange,
    figures: Vec<Figures>,
    curves: BTreeMap<Currency, Deltas>,
    steps: Steps,
    counter: Counter,
}

impl Reader {
    /// Balances before the days are the opening; the last of them counts.
    fn balances(&mut self, register: &Register, table: &Table<'_>, diagnostics: &mut Diagnostics) {
        let mut openings: BTreeMap<AccountIndex, Money> = BTreeMap::new();
        let mut later = Vec::new();
        table.rows(diagnostics, |row, diagnostics| {
            let Some((account, currency)) = account(&row, register, diagnostics) else { return };
            let date = row.read(DATE, diagnostics, day);
            let available = row.read(AVAILABLE, diagnostics, |text| amount(text, currency));
            let (Some(date), Some(available)) = (date, available) else { return };
            if date < self.days.from {
                openings.insert(account, available);
            } else if date <= self.days.to {
                // Said once for each account.
                openings.entry(account).or_insert_with(|| {
                    report_no_opening(&row, self.days.from, diagnostics);
                    Money::ZERO
                });
                later.push((account, currency, date, available));
            }
        });
        let eve = self.days.from.yesterday();
        for figures in &mut self.figures {
            let opening = openings.get(&figures.account).copied().unwrap_or_default();
            *figures = Figures::opened(figures.account, figures.currency, (eve, opening));
            if let Some(curve) = self.curves.get_mut(&figures.currency) {
                curve.hold(figures.account, (eve, opening));
            }
        }
        for (account, currency, date, available) in later {
            self.figures[account.0 as usize].note(date, available);
            if let Some(curve) = self.curves.get_mut(&currency) {
                curve.hold(account, (date, available));
            }
        }
    }

    fn ledger(&mut self, register: &mut Register, table: &Table<'_>, diagnostics: &mut Diagnostics) {
        table.rows(diagnostics, |row, diagnostics| {
            let date = row.read(DATE, diagnostics, day).filter(|date| self.days.contains(*date));
            let known = row.text(ACCOUNT).and_then(|id| register.account(id));
            // A row of no account rejects an action that reached nothing.
            let (Some(date), Some((account, currency))) = (date, known) else { return };
            let instance = row.text(INSTANCE).map(|id| register.instance(id, account));
            let Some(entry) = entry(&row, (date, account, currency), instance, diagnostics) else { return };
            self.figures[account.0 as usize].add(self.counter.part(&entry));
            self.steps.add(&entry);
            if let (Some(movement), Some(curve)) = (entry.movement, self.curves.get_mut(&currency)) {
                curve.pay(entry.event, (date, movement.amount()));
            }
        });
    }
}

fn account(
    row: &CsvRow<'_, '_>,
    register: &Register,
    diagnostics: &mut Diagnostics,
) -> Option<(AccountIndex, Currency)> {
    let read = |id: &str| {
        register.account(id).ok_or_else(|| {
            let message = format!("account {} is not in `{ACCOUNTS}`", shown(id));
            Problem::new(Code::UnknownAccount, message, "compare results as runs wrote them")
        })
    };
    row.read(ACCOUNT, diagnostics, read)
}

fn word<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Problem> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| {
        let message = format!("{} is a word that this version does not know", shown(text));
        Problem::new(Code::BadValue, message, "compare with the version of the program that wrote it")
    })
}

fn report_no_opening(row: &CsvRow<'_, '_>, from: Day, diagnostics: &mut Diagnostics) {
    let message = format!("there is no balance of {} before {from}", shown(row.text(ACCOUNT).unwrap_or("")));
    let help = "name a folder as `renewcast run` wrote it: `renewcast verify` says what was changed";
    Problem::new(Code::MissingValue, message, help).report(|| row.place(DATE), diagnostics);
}

/// The parts of a row that comparisons look at.
fn entry(
    row: &CsvRow<'_, '_>,
    (date, account, currency): (Day, AccountIndex, Currency),
    instance: Option<InstanceIndex>,
    diagnostics: &mut Diagnostics,
) -> Option<Entry> {
    let event = row.read(EVENT, diagnostics, |text| word(text, Event::ALL, Event::name))?;
    let reason = row.read(REASON, diagnostics, |text| word(text, Reason::ALL, Reason::name));
    let mut money = |slot| row.read(slot, diagnostics, |text| amount(text, currency));
    let total = money(AMOUNT);
    let part = |money: Option<Money>| money.unwrap_or_default();
    let (voucher, free_credit, cash) = (part(money(VOUCHER)), part(money(FREE_CREDIT)), money(CASH));
    // Without the parts of older ledgers the whole counts as cash.
    let cash = cash.or_else(|| total.map(|total| total - free_credit)).unwrap_or_default();
    let start = row.read(TERM_START, diagnostics, day);
    let end = row.read(TERM_END, diagnostics, day);
    let hours = row.read(HOURS, diagnostics, |text| whole(text, 0, 24)).unwrap_or(0);
    Some(Entry {
        date,
        account: Some(account),
        instance,
        event,
        state: None,
        term: start.zip(end).map(|(start, end)| Term { start, end, months: 0 }),
        hours: u8::try_from(hours).unwrap_or(24),
        movement: total.map(|_| Movement { voucher, free_credit, cash }),
        balance: Money::ZERO,
        reason,
        action: None,
        basis: row.text(DETAIL).and_then(|text| shortfall(text, currency)).map(Basis::Short),
    })
}

/// What was short, from a detail such as `needed 88.50, available 12.00, voucher 5.00`.
fn shortfall(detail: &str, currency: Currency) -> Option<Shortfall> {
    let after = |word: &str| {
        let rest = detail.split_once(word)?.1;
        let number = rest.split([',', ';', ' ']).next()?;
        Money::parse(number, currency).ok()
    };
    let (needed, available) = (after("needed ")?, after("available ")?);
    Some(Shortfall { needed: Needed::Price(needed), available, voucher: after("voucher ").unwrap_or_default() })
}
