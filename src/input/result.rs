//! Two written results to cases that can be compared: their ledgers and balances, on the days that they share.
//!
//! Both are read in pieces, side by side, and what they share is forgotten: memory grows with accounts, instances and what
//! differs. Ids are numbered as they are met, alike in both results. What a ledger does not say is not known of it: the value
//! of days that are paid for, and what its accounts need.
//!
//! Rule **diff** of docs/spec.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::mem;

use super::settings::currency;
use super::stream::Stream;
use super::table::{CellReader, CsvRow, KnownColumns};
use super::value::{Problem, day, shown};
use crate::analysis::compare::{ComparedRun, Counter, Deltas, Figures, RunNames, Steps};
use crate::engine::ledger::columns::balances_csv::{self, AVAILABLE};
use crate::engine::ledger::columns::ledger_csv::{
    self, ACCOUNT, AMOUNT, CASH, DATE, DETAIL, EVENT, FREE_CREDIT, HOURS, INSTANCE, REASON,
    TERM_END, TERM_START, VOUCHER,
};
use crate::engine::ledger::{Basis, Entry, Needed, Shortfall};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::{AccountIndex, Movement};
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::model::order::Term;
use crate::model::words::Word;

/// The files of a result that are read.
pub const RESULT_FILES: &[&str] = &[RECORD, LEDGER, BALANCES, ACCOUNTS];
const RECORD: &str = "run.json";
const LEDGER: &str = "ledger.csv";
const BALANCES: &str = "balances.csv";
const ACCOUNTS: &str = "closing/accounts.csv";

const LEDGER_COLUMNS: KnownColumns = KnownColumns {
    names: ledger_csv::NAMES,
    required: &[DATE, ACCOUNT, INSTANCE, EVENT, AMOUNT, REASON],
    ..KnownColumns::NONE
};

const BALANCE_COLUMNS: KnownColumns = KnownColumns {
    names: balances_csv::NAMES,
    required: &[balances_csv::DATE, balances_csv::ACCOUNT, AVAILABLE],
    ..KnownColumns::NONE
};

/// The accounts of the closing book; what else they hold is not looked at.
const ACCOUNT_COLUMNS: KnownColumns = KnownColumns {
    names: &["account_id", "currency"],
    required: &[0, 1],
    ..KnownColumns::NONE
};

/// What is read of `run.json`.
#[derive(serde::Deserialize)]
struct ResultRecord {
    from: String,
    to: String,
}

/// A written result, as the command line finds it.
pub struct WrittenResult<'n, 'w> {
    /// What it is called.
    pub name: &'n str,
    /// Opens one of [`RESULT_FILES`]; an error of the kind `NotFound` where it is not there.
    pub open: &'n dyn Fn(&str) -> io::Result<Box<dyn Read + 'w>>,
}

impl<'w> WrittenResult<'_, 'w> {
    /// A file from its beginning; one that is missing or cannot be opened is reported.
    fn file(&self, file: &str, diagnostics: &mut Diagnostics) -> Option<Box<dyn Read + 'w>> {
        let error = match (self.open)(file) {
            Ok(bytes) => return Some(bytes),
            Err(error) => error,
        };
        let (code, message, help) = match error.kind() {
            ErrorKind::NotFound => (
                Code::MissingFile,
                format!("there is no `{file}`"),
                "name a folder that `renewcast run` wrote",
            ),
            _ => (
                Code::Unreadable,
                format!("cannot read `{file}`: {error}"),
                "check that you may read the folder",
            ),
        };
        diagnostics.push(code, Place::of_file(file), message, help);
        None
    }

    fn stream(
        &self,
        file: &'static str,
        columns: KnownColumns,
        diagnostics: &mut Diagnostics,
    ) -> Option<Stream<'w>> {
        self.file(file, diagnostics)
            .map(|bytes| Stream::over_bytes(file, columns, bytes))
    }

    /// The days that it goes from and to.
    pub fn days_of_run(&self, diagnostics: &mut Diagnostics) -> Option<DayRange> {
        let mut bytes = Vec::new();
        let read = (self.open)(RECORD).and_then(|mut file| file.read_to_end(&mut bytes));
        let record: Option<ResultRecord> =
            read.ok().and_then(|_| serde_json::from_slice(&bytes).ok());
        let days = record.and_then(|record| day(&record.from).ok().zip(day(&record.to).ok()));
        let days = days.filter(|(from, to)| from <= to);
        if days.is_none() {
            let message = format!("`{RECORD}` does not say from when to when the run went");
            let help = "name a folder that `renewcast run` wrote";
            diagnostics.push(Code::Unreadable, Place::of_file(RECORD), message, help);
        }
        days.map(|(from, to)| DayRange { from, to })
    }
}

/// One of the two results that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

/// The ids of two results that are read side by side.
#[derive(Default)]
pub struct IdRegister {
    accounts: BTreeMap<Box<str>, (AccountIndex, Currency)>,
    instances: BTreeMap<Box<str>, InstanceIndex>,
    names: RunNames,
    /// For each instance its position among those that each of the results names.
    first_seen: Vec<[Option<u32>; 2]>,
    /// How many each of the results has named.
    seen: [u32; 2],
}

impl IdRegister {
    /// The ids by number.
    pub fn names(&self) -> &RunNames {
        &self.names
    }

    fn account(&self, id: &str) -> Option<(AccountIndex, Currency)> {
        self.accounts.get(id).copied()
    }

    fn add_account(&mut self, id: &str, currency: Currency) {
        if self.accounts.contains_key(id) {
            return;
        }
        let number =
            u32::try_from(self.names.accounts.len()).expect("fewer than four billion accounts");
        self.names.accounts.push(id.into());
        self.accounts
            .insert(id.into(), (AccountIndex(number), currency));
    }

    fn register_instance(&mut self, id: &str, account: AccountIndex, side: Side) -> InstanceIndex {
        let index = match self.instances.get(id) {
            Some(known) => *known,
            None => {
                let number = u32::try_from(self.names.instances.len())
                    .expect("fewer than four billion instances");
                self.names.instances.push((id.into(), account));
                self.first_seen.push([None; 2]);
                self.instances.insert(id.into(), InstanceIndex(number));
                InstanceIndex(number)
            }
        };
        let sight = &mut self.first_seen[index.0 as usize][side as usize];
        if sight.is_none() {
            *sight = Some(self.seen[side as usize]);
            self.seen[side as usize] += 1;
            if side == Side::First {
                self.names.instances[index.0 as usize].1 = account;
            }
        }
        index
    }

    /// Numbers the instances as if the first result had been read to its end before the second.
    fn renumber(&mut self) -> Vec<InstanceIndex> {
        let mut order: Vec<usize> = (0..self.first_seen.len()).collect();
        order.sort_by_key(|at| match self.first_seen[*at] {
            [Some(first), _] => (Side::First as usize, first),
            [None, second] => (Side::Second as usize, second.unwrap_or(0)),
        });
        let mut numbers = vec![InstanceIndex(0); order.len()];
        let mut instances = Vec::with_capacity(order.len());
        for (number, at) in (0u32..).zip(order) {
            numbers[at] = InstanceIndex(number);
            instances.push(mem::replace(
                &mut self.names.instances[at],
                (Box::from(""), AccountIndex(0)),
            ));
        }
        self.names.instances = instances;
        numbers
    }

    /// Reads the accounts of a result.
    pub fn add_accounts(&mut self, result: &WrittenResult<'_, '_>, diagnostics: &mut Diagnostics) {
        let Some(mut stream) = result.stream(ACCOUNTS, ACCOUNT_COLUMNS, diagnostics) else {
            return;
        };
        while stream.advance(diagnostics, |mut cells| {
            let code = cells.read(1, currency);
            if let (Some(id), Some(code)) = (cells.text(0), code) {
                self.add_account(id, code);
            }
        }) {}
    }

    /// Reads the rows of two results on some days, side by side, and forgets what they share as soon as both have come to
    /// it. All accounts of both must be known. What is wrong with each is reported by itself; none where that is anything.
    pub fn cases(
        mut self,
        results: [&WrittenResult<'_, '_>; 2],
        days: DayRange,
        problems: &mut [Diagnostics; 2],
    ) -> Option<(RunNames, [ComparedRun; 2])> {
        let [first, second] = problems;
        let mut left = ResultReader::for_result(results[0], Side::First, days, &self, first)?;
        let Some(mut right) =
            ResultReader::for_result(results[1], Side::Second, days, &self, second)
        else {
            // What is wrong with the first one is reported first.
            while !left.is_over {
                left.advance(&mut self, first);
            }
            return None;
        };
        while !left.is_over || !right.is_over {
            if right.is_over || (!left.is_over && left.reached <= right.reached) {
                left.advance(&mut self, first);
            } else {
                right.advance(&mut self, second);
            }
            let common = match (left.horizon(), right.horizon()) {
                (Some(left), Some(right)) => Some(left.min(right)),
                (one, other) => one.or(other),
            };
            Steps::settle(&mut left.steps, &mut right.steps, common);
        }
        if first.has_errors() || second.has_errors() {
            return None;
        }
        let numbers = self.renumber();
        let cases = [
            left.into_run(results[0].name, &numbers),
            right.into_run(results[1].name, &numbers),
        ];
        Some((self.names, cases))
    }
}

/// Reads the rows of one result.
struct ResultReader<'w> {
    side: Side,
    days: DayRange,
    figures: Vec<Figures>,
    curves: BTreeMap<Currency, Deltas>,
    steps: Steps,
    counter: Counter,
    ledger: Option<Stream<'w>>,
    /// The last day of the rows so far.
    reached: Option<Day>,
    is_over: bool,
}

impl<'w> ResultReader<'w> {
    /// Before the first row of the ledger, with all balances read; none where a file is missing or has another header.
    fn for_result(
        result: &WrittenResult<'_, 'w>,
        side: Side,
        days: DayRange,
        register: &IdRegister,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let eve = days.from.yesterday();
        let accounts = register.accounts.values();
        let mut figures: Vec<Figures> = accounts
            .clone()
            .map(|(account, currency)| Figures::opened(*account, *currency, eve, Money::ZERO))
            .collect();
        figures.sort_by_key(|figures| figures.account);
        let curves = accounts.map(|(_, currency)| (*currency, Deltas::deltas_over(days)));
        let mut reader = Self {
            side,
            days,
            figures,
            curves: curves.collect(),
            steps: Steps::default(),
            counter: Counter::default(),
            ledger: None,
            reached: None,
            is_over: false,
        };
        let balances = result.stream(BALANCES, BALANCE_COLUMNS, diagnostics)?;
        reader.read_balances(balances, register, diagnostics);
        reader.ledger = Some(result.stream(LEDGER, LEDGER_COLUMNS, diagnostics)?);
        Some(reader)
    }

    /// Balances before the days are the opening; the last of them counts.
    fn read_balances(
        &mut self,
        mut stream: Stream<'w>,
        register: &IdRegister,
        diagnostics: &mut Diagnostics,
    ) {
        let mut openings: Vec<Option<Money>> = vec![None; self.figures.len()];
        let mut is_open = vec![false; self.figures.len()];
        while stream.advance(diagnostics, |mut cells| {
            let Some((account, currency)) =
                account_of_row(&mut cells, balances_csv::ACCOUNT, register)
            else {
                return;
            };
            let number = account.0 as usize;
            let date = cells.read(balances_csv::DATE, day);
            let available = cells.amount(AVAILABLE, currency);
            let (Some(date), Some(available)) = (date, available) else {
                return;
            };
            if date < self.days.from {
                openings[number] = Some(available);
            } else if date <= self.days.to {
                if !is_open[number] {
                    is_open[number] = true;
                    if openings[number].is_none() {
                        report_no_opening(&mut cells, self.days.from);
                    }
                    self.open_balance(account, openings[number].unwrap_or_default());
                }
                self.figures[number].note(date, available);
                if let Some(curve) = self.curves.get_mut(&currency) {
                    curve.hold(account, date, available);
                }
            }
        }) {}
        for (number, opening) in (0u32..).zip(openings) {
            if !is_open[number as usize] {
                self.open_balance(AccountIndex(number), opening.unwrap_or_default());
            }
        }
    }

    /// Begins an account with its opening balance.
    fn open_balance(&mut self, account: AccountIndex, opening: Money) {
        let figures = &mut self.figures[account.0 as usize];
        let eve = self.days.from.yesterday();
        *figures = Figures::opened(account, figures.currency, eve, opening);
        if let Some(curve) = self.curves.get_mut(&figures.currency) {
            curve.hold(account, eve, opening);
        }
    }

    /// All rows before this day have been read; none where all have.
    fn horizon(&self) -> Option<Day> {
        (!self.is_over).then(|| self.reached.unwrap_or(self.days.from))
    }

    /// Reads on in the ledger.
    fn advance(&mut self, register: &mut IdRegister, diagnostics: &mut Diagnostics) {
        let Some(mut ledger) = self.ledger.take() else {
            self.is_over = true;
            return;
        };
        self.is_over = !ledger.advance(diagnostics, |mut cells| {
            self.read_row(&mut cells, register);
        });
        self.ledger = Some(ledger);
    }

    fn read_row(&mut self, cells: &mut ResultCells<'_, '_, '_>, register: &mut IdRegister) {
        let Some(date) = cells.read(DATE, day) else {
            return;
        };
        self.reached = self.reached.max(Some(date));
        let known = cells.text(ACCOUNT).and_then(|id| register.account(id));
        // A row of no account rejects an action that reached nothing.
        let Some((account, currency)) = known.filter(|_| self.days.contains(date)) else {
            return;
        };
        let instance = cells.text(INSTANCE);
        let instance = instance.map(|id| register.register_instance(id, account, self.side));
        let Some(entry) = entry(cells, currency) else {
            return;
        };
        let entry = Entry {
            date,
            account: Some(account),
            instance,
            ..entry
        };
        self.figures[account.0 as usize].add_group(self.counter.part(&entry));
        self.steps.add_event_of(&entry);
        if let (Some(movement), Some(curve)) = (entry.movement, self.curves.get_mut(&currency)) {
            curve.pay(entry.event, date, movement.amount());
        }
    }

    fn into_run(mut self, name: &str, numbers: &[InstanceIndex]) -> ComparedRun {
        self.steps.renumber(|instance| numbers[instance.0 as usize]);
        let curves = self
            .curves
            .into_iter()
            .map(|(currency, deltas)| (currency, deltas.sums()))
            .collect();
        ComparedRun {
            name: name.to_owned(),
            days: self.days,
            figures: self.figures,
            steps: self.steps.in_order(),
            curves,
        }
    }
}

/// The cells of a row of a result.
type ResultCells<'c, 'r, 'f> = CellReader<'c, CsvRow<'r, 'f>>;

fn account_of_row(
    cells: &mut ResultCells<'_, '_, '_>,
    column: usize,
    register: &IdRegister,
) -> Option<(AccountIndex, Currency)> {
    cells.read(column, |id| {
        register.account(id).ok_or_else(|| {
            let message = format!("account {} is not in `{ACCOUNTS}`", shown(id));
            let help = "compare results as runs wrote them";
            Problem::new(Code::UnknownAccount, message, help)
        })
    })
}

/// A word of the program that wrote the result.
fn written_word<T: Word>(text: &str) -> Result<T, Problem> {
    T::from_word(text).ok_or_else(|| {
        let message = format!("{} is a word that this version does not know", shown(text));
        let help = "compare with the version of the program that wrote it";
        Problem::new(Code::BadValue, message, help)
    })
}

fn report_no_opening(cells: &mut ResultCells<'_, '_, '_>, from: Day) {
    let account = shown(cells.text(balances_csv::ACCOUNT).unwrap_or(""));
    cells.refuse(
        balances_csv::DATE,
        Code::MissingValue,
        format!("there is no balance of {account} before {from}"),
        "name a folder as `renewcast run` wrote it: `renewcast verify` says what was changed",
    );
}

/// The parts of a row that comparisons look at, but for its date, account and instance.
fn entry(cells: &mut ResultCells<'_, '_, '_>, currency: Currency) -> Option<Entry> {
    let event = cells.read(EVENT, written_word)?;
    let reason = cells.read(REASON, written_word);
    let [total, voucher, free_credit, cash] =
        [AMOUNT, VOUCHER, FREE_CREDIT, CASH].map(|slot| cells.amount(slot, currency));
    let (voucher, free_credit) = (voucher.unwrap_or_default(), free_credit.unwrap_or_default());
    // Without the parts of older ledgers the whole counts as cash.
    let cash = cash.or_else(|| total.map(|total| total - free_credit));
    let [start, end] = [TERM_START, TERM_END].map(|slot| cells.read(slot, day));
    let detail = cells.text(DETAIL);
    Some(Entry {
        date: Day::FIRST,
        account: None,
        instance: None,
        event,
        state: None,
        term: start.zip(end).map(|(start, end)| Term {
            start,
            end,
            months: 0,
        }),
        hours: cells.count(HOURS, 0..=24).unwrap_or(0),
        movement: total.map(|_| Movement {
            voucher,
            free_credit,
            cash: cash.unwrap_or_default(),
        }),
        balance: Money::ZERO,
        reason,
        action: None,
        basis: detail
            .and_then(|text| shortfall(text, currency))
            .map(Basis::Short),
    })
}

/// What was short, from a detail such as `needed 88.50, available 12.00, voucher 5.00`.
fn shortfall(detail: &str, currency: Currency) -> Option<Shortfall> {
    let amount_after = |word: &str| {
        let (_, rest) = detail.split_once(word)?;
        Money::parse(rest.split([',', ';', ' ']).next()?, currency).ok()
    };
    let (needed, available) = (amount_after("needed ")?, amount_after("available ")?);
    Some(Shortfall {
        needed: Needed::Price(needed),
        available,
        voucher: amount_after("voucher ").unwrap_or_default(),
    })
}
