//! What a valid book should make a person look at: production that nobody renews, prices of zero, a month that cannot be
//! paid, texts that a spreadsheet runs. Warnings only; nothing here changes what a run does.
//!
//! Rules **missing-rate**, **zero-price** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use crate::parallel::prelude::*;

use super::accounts::{CASH, CURRENCY};
use super::instances::{EXPIRES_ON, INSTANCE_ID, MONTHLY_PRICE, RENEW_FLAG, ReadRow, STATE};
use super::table::{CsvTable, InputRow, KnownColumns, Origins};
use super::value::{Problem, shown};
use crate::engine::charge;
use crate::engine::lifecycle::PrepaidStatus;
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::{Account, AccountIndex};
use crate::model::action::{AccountRef, Action, Verb};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::id::Label;
use crate::model::instance::{self, ChargeType, Instance, RenewFlag, State};
use crate::model::money::{Currency, Money, Price};
use crate::model::profile::Profile;

/// Bytes of a file that one thread looks at in one go.
const BLOCK_BYTES: usize = 1 << 18;
/// Days covered by the short-month check, the first of the run included.
const CHECKED_DAYS: i32 = 30;

/// Warnings about texts that a spreadsheet would run, conditions aside: they cannot do without. What is wrong with the
/// table itself was reported when it was read.
/// Rule **formula-cell**.
pub(super) fn formulas(
    file: &str,
    bytes: &[u8],
    columns: KnownColumns,
    diagnostics: &mut Diagnostics,
) {
    // The last byte of a block begins the next one too: two bytes tell.
    let blocks = (0..bytes.len()).into_par_iter().step_by(BLOCK_BYTES);
    let blocks = blocks.map(|from| &bytes[from..bytes.len().min(from + BLOCK_BYTES + 1)]);
    if !{ blocks }.any(cell::may_hold_formulas) {
        return;
    }
    let mut ignored = Diagnostics::default();
    let Some(table) = CsvTable::open_table(file, bytes, columns, &mut ignored) else {
        return;
    };
    let slots = 0..columns.names.len() + table.tag_keys().len();
    let texts: Vec<usize> = slots
        .filter(|&slot| columns.names.get(slot) != Some(&"where"))
        .collect();
    table.rows(&mut Diagnostics::default(), |row, _| {
        for &slot in &texts {
            if let Some(text) = row.written(slot).filter(|text| cell::is_formula(text)) {
                let message = format!("{} is a formula to a spreadsheet", shown(text));
                let help = "correct it, or put an apostrophe in front: that is left out when the file is read, and results are written so";
                Problem::new(Code::FormulaCell, message, help)
                    .report(|| row.place(slot), diagnostics);
            }
        }
    });
}

/// Reviews the rows of the inventory.
pub(super) struct InventoryReview<'b> {
    pub days: DayRange,
    pub profiles: &'b [Profile],
    pub tag_keys: &'b [String],
}

impl InventoryReview<'_> {
    /// Warnings about one row.
    pub(super) fn review_row(&self, read: ReadRow<'_, '_>, diagnostics: &mut Diagnostics) {
        let instance = read.instance;
        if instance.charge_type != ChargeType::Prepaid || instance.state == Some(State::Terminated)
        {
            return;
        }
        if instance.renew_flag != RenewFlag::Auto {
            self.warn_of_production(&read, diagnostics);
        }
        let row = read.row;
        let past = instance
            .expires_on
            .filter(|expiry| *expiry < self.days.from);
        if let (Some(expiry), None) = (past, row.text(STATE)) {
            taken_as_unpaid(instance, expiry).report(|| row.place(EXPIRES_ON), diagnostics);
        }
        let due = instance.expires_on.or(instance.starts_on);
        let due = due.filter(|due| *due <= self.days.to);
        if let (Some(due), true) = (due, instance.monthly_price.is_some_and(Price::is_zero)) {
            let message = format!(
                "{} costs 0 a month and comes due on {due}",
                shown(instance.id.as_str())
            );
            let help = if row.text(MONTHLY_PRICE).is_some() {
                "write its list price into `monthly_price`, or leave it empty to take that of `prices.csv`"
            } else {
                "correct its price in `prices.csv`, or write one into `monthly_price`"
            };
            Problem::new(Code::ZeroPrice, message, help)
                .report(|| row.place(MONTHLY_PRICE), diagnostics);
        }
    }

    fn warn_of_production(&self, read: &ReadRow<'_, '_>, diagnostics: &mut Diagnostics) {
        let instance = read.instance;
        let mut tags = self.tag_keys.iter().zip(&instance.labels.tags);
        let marked = tags.find_map(|(key, label)| {
            let value = read.labels.label_text((*label)?);
            instance::is_production(key, value).then_some((key, value))
        });
        let Some((key, value)) = marked else { return };
        let (id, flag) = (shown(instance.id.as_str()), instance.renew_flag.name());
        let (key, value) = (shown(key), shown(value));
        let message = format!(
            "{id} is production by its tag {key} = {value}, but its renew flag is `{flag}`"
        );
        let help = what_helps(
            instance,
            &self.profiles[instance.profile.0 as usize],
            self.days,
        );
        Problem::new(Code::ProductionManual, message, help)
            .report(|| read.row.place(RENEW_FLAG), diagnostics);
    }
}

fn taken_as_unpaid(instance: &Instance, expiry: Day) -> Problem {
    let (id, state) = (
        shown(instance.id.as_str()),
        instance.state.map_or("", State::name),
    );
    let message = format!(
        "{id} expired on {expiry}, before the run, and is taken as `{state}`: as if nothing had been paid since"
    );
    let since = instance.since;
    let since = since.map_or_else(String::new, |since| format!(" and {since} into `since`"));
    let help = format!(
        "if it was renewed, correct `expires_on`; if not, write `{state}` into `state`{since}"
    );
    Problem::new(Code::TakenAsUnpaid, message, help)
}

/// What keeps an instance that does not renew itself: the flag only where an attempt of its profile is still to come.
fn what_helps(instance: &Instance, profile: &Profile, days: DayRange) -> &'static str {
    let expires = instance
        .expires_on
        .or(instance.starts_on)
        .unwrap_or(days.from);
    let standing = PrepaidStatus {
        state: instance.state.unwrap_or(State::Running),
        flag: instance.renew_flag,
        expires,
        anchor: instance.anchor_day.unwrap_or(expires.day_of_month()),
        since: instance.since,
        returned: instance.returned,
    };
    let last = standing.suspension_day(profile).unwrap_or(days.to);
    match standing.last_attempt(profile, days.from..=last) {
        Some(_) => "write `auto` into `renew_flag`, or renew it in `actions.csv`",
        None => {
            "renew it in `actions.csv`: no attempt of its profile reaches it, so the flag `auto` would not help"
        }
    }
}

/// Warnings about a whole book.
pub(super) struct BookReview<'b> {
    pub book: &'b Book,
    pub inventory: &'b CsvTable<'b>,
    pub accounts: &'b Origins<'b, 'b>,
    pub has_rates: bool,
}

impl BookReview<'_> {
    pub(super) fn review_book(&self, diagnostics: &mut Diagnostics) {
        months(self.book, self.accounts, diagnostics);
        disks(self.book, self.inventory, diagnostics);
        if self.has_rates {
            rates(self.book, self.accounts, diagnostics);
        }
    }
}

/// Warns of each account whose renewals of the first 30 days exceed what it has by then: what is available at the
/// opening, and what is planned to be added on the same day or earlier. Each instance counts once, by its own months, on
/// its expiry date, or on the first day where that is past. Hourly usage and what people renew besides are left out.
fn months(book: &Book, rows: &Origins<'_, '_>, diagnostics: &mut Diagnostics) {
    let first_days = DayRange {
        from: book.days.from,
        to: book.days.to.min(book.days.from + (CHECKED_DAYS - 1)),
    };
    let mut changes: Vec<Vec<(Day, FundsChange)>> = vec![Vec::new(); book.accounts.len()];
    for action in &book.actions {
        let account = action.account.as_ref();
        if let (Some(AccountRef::Known(account)), Some(change)) = (account, planned(action))
            && first_days.contains(action.date)
        {
            changes[account.0 as usize].push((action.date, change));
        }
    }
    let soon = book
        .instances
        .par_iter()
        .filter(|instance| instance.expires_on.is_some_and(|due| due <= first_days.to));
    let renewals: Vec<_> = soon
        .filter_map(|instance| Some((instance.account, renewal(book, instance)?)))
        .collect();
    for (account, (due, price)) in renewals {
        let due = due.max(first_days.from);
        changes[account.0 as usize].push((due, FundsChange::Due(price)));
    }
    for (number, (account, changes)) in book.accounts.iter().zip(changes).enumerate() {
        if let Some(short) = first_shortage(account, changes) {
            short
                .problem(account)
                .report(|| rows.origin_of(number, CASH), diagnostics);
        }
    }
}

/// What changes how much an account can pay, or must.
#[derive(Clone, Copy)]
enum FundsChange {
    Added(Money),
    Limit(Money),
    Due(Money),
}

fn planned(action: &Action) -> Option<FundsChange> {
    match action.verb {
        Verb::TopUp(amount) | Verb::Credit(amount) => Some(FundsChange::Added(amount)),
        Verb::SetCreditLimit(limit) => Some(FundsChange::Limit(limit)),
        _ => None,
    }
}

/// The expiry date and the price of a renewal that somebody will want.
fn renewal(book: &Book, instance: &Instance) -> Option<(Day, Money)> {
    let is_wanted = matches!(instance.state, Some(State::Running | State::Overdue))
        && instance.charge_type == ChargeType::Prepaid
        && instance.renew_flag != RenewFlag::None;
    let due = instance.expires_on.filter(|_| is_wanted)?;
    let currency = book.account(instance.account).currency;
    let rules = book.profile(instance.profile);
    let months = instance.renew_months;
    Some((
        due,
        charge::renewal(rules, currency, instance.monthly_price?, months),
    ))
}

/// Renewals that cannot all be paid.
struct RenewalShortage {
    /// The first day on which one is missed.
    from: Day,
    /// The day by which most is missing.
    by: Day,
    needed: Money,
    there: Money,
}

/// Rule **short-month**.
fn first_shortage(
    account: &Account,
    mut changes: Vec<(Day, FundsChange)>,
) -> Option<RenewalShortage> {
    // Renewals come after the actions of their day, and actions keep their order.
    changes.sort_by_key(|(date, change)| (*date, matches!(change, FundsChange::Due(_))));
    let (mut there, mut limit, mut needed) = (
        account.funds.available(),
        account.funds.credit_limit,
        Money::ZERO,
    );
    let mut worst: Option<RenewalShortage> = None;
    for (date, change) in changes {
        match change {
            FundsChange::Added(amount) => there += amount,
            FundsChange::Limit(amount) => {
                there += amount - limit;
                limit = amount;
            }
            FundsChange::Due(price) => needed += price,
        }
        let missing = worst
            .as_ref()
            .map_or(Money::ZERO, |short| short.needed - short.there);
        if matches!(change, FundsChange::Due(_)) && needed - there > missing {
            let from = worst.map_or(date, |short| short.from);
            worst = Some(RenewalShortage {
                from,
                by: date,
                needed,
                there,
            });
        }
    }
    worst
}

impl RenewalShortage {
    fn problem(&self, account: &Account) -> Problem {
        let currency = account.currency;
        let [needed, there, missing] = [self.needed, self.there, self.needed - self.there]
            .map(|amount| format!("{} {currency}", amount.display(currency)));
        let (id, from, by) = (shown(account.id.as_str()), self.from, self.by);
        let message = format!(
            "{id} has {there} for renewals of {needed} that come due by {by}, planned top-ups included"
        );
        let help = format!("plan a `topup` of {missing} or more by {from} in `actions.csv`");
        Problem::new(Code::ShortMonth, message, help)
    }
}

/// Keys of tags that name the server of a disk.
const SERVER_KEYS: &[&str] = &[
    "attached_to",
    "server",
    "instance",
    "instance_id",
    "host",
    "挂载",
    "挂载实例",
];
/// Products that are disks.
const DISKS: &[&str] = &["cbs", "disk", "evs", "云硬盘", "云盘"];

/// Warns of disks that end with their server or before it, and are not renewed as it is: a server without its disk has lost
/// its data. A disk names its server in a tag, or has the same name, account and last day.
/// Rule **unlike-server**.
fn disks(book: &Book, table: &CsvTable<'_>, diagnostics: &mut Diagnostics) {
    let servers = Servers::in_book(book);
    let mut found: BTreeMap<&str, (&Instance, &Instance)> = BTreeMap::new();
    for disk in book.instances.iter().filter(|one| is_prepaid(one)) {
        let Some(server) = servers.server_of(disk) else {
            continue;
        };
        let same_day = disk.expires_on == server.expires_on;
        let ends_first =
            disk.expires_on <= server.expires_on && server.renew_flag == RenewFlag::Auto;
        if disk.renew_flag != server.renew_flag && (same_day || ends_first) {
            found.insert(disk.id.as_str(), (disk, server));
        }
    }
    if found.is_empty() {
        return;
    }
    table.rows(&mut Diagnostics::default(), |row, _| {
        let disk = row.text(INSTANCE_ID).and_then(|id| found.get(id));
        if let Some((disk, server)) = disk {
            unlike_server(disk, server).report(|| row.place(RENEW_FLAG), diagnostics);
        }
    });
}

fn unlike_server(disk: &Instance, server: &Instance) -> Problem {
    let when = if disk.expires_on == server.expires_on {
        "on the same day as"
    } else {
        "before"
    };
    let [(id, flag), (of, other)] =
        [disk, server].map(|one| (shown(one.id.as_str()), one.renew_flag.name()));
    let message = format!(
        "{id} has the renew flag `{flag}` and ends {when} {of}, which it belongs to and whose flag is `{other}`"
    );
    let besides = match disk.renew_flag {
        RenewFlag::Auto => "if it should end as its server does",
        _ => "or renew it in `actions.csv`",
    };
    let help = format!("write `{other}` into `renew_flag`, {besides}");
    Problem::new(Code::UnlikeServer, message, help)
}

/// Account, name and last day, by which a disk finds its server.
type ServerKey = (AccountIndex, Label, Day);

/// The servers of a book, as their disks find them.
struct Servers<'b> {
    book: &'b Book,
    /// The tags that can name a server.
    tags: Vec<usize>,
    /// Filled in only where there are disks.
    by_name: BTreeMap<ServerKey, &'b Instance>,
}

impl<'b> Servers<'b> {
    fn in_book(book: &'b Book) -> Self {
        let keys = book.tag_keys.iter().enumerate();
        let tags = keys.filter(|(_, key)| SERVER_KEYS.contains(&&***key));
        let mut by_name = BTreeMap::new();
        if book.instances.iter().any(|one| is_disk(book, one)) {
            let servers = book.instances.iter();
            let servers = servers.filter(|one| is_prepaid(one) && !is_disk(book, one));
            by_name.extend(servers.filter_map(|one| Some((server_key(one)?, one))));
        }
        Self {
            book,
            tags: tags.map(|(tag, _)| tag).collect(),
            by_name,
        }
    }

    fn server_of(&self, disk: &Instance) -> Option<&'b Instance> {
        let labels = self.tags.iter().filter_map(|tag| disk.labels.tags[*tag]);
        let mut numbers =
            labels.filter_map(|label| self.book.find_instance(self.book.labels.label_text(label)));
        let tagged = numbers.next().map(|number| self.book.instance(number));
        tagged.filter(|one| is_prepaid(one)).or_else(|| {
            let server = self.by_name.get(&server_key(disk)?).copied()?;
            (is_disk(self.book, disk) && server.id != disk.id).then_some(server)
        })
    }
}

fn is_disk(book: &Book, instance: &Instance) -> bool {
    DISKS.contains(&book.labels.label_text(instance.labels.product))
}

/// Whether it is prepaid and not gone.
fn is_prepaid(instance: &Instance) -> bool {
    instance.charge_type == ChargeType::Prepaid && instance.state != Some(State::Terminated)
}

fn server_key(instance: &Instance) -> Option<ServerKey> {
    Some((
        instance.account,
        instance.labels.name?,
        instance.expires_on?,
    ))
}

/// Warns of currencies without a rate: nothing can be added up over all currencies then.
fn rates(book: &Book, rows: &Origins<'_, '_>, diagnostics: &mut Diagnostics) {
    let own = [book.currency].into_iter();
    let mut known: BTreeSet<Currency> = own
        .chain(book.rates.iter().map(|rate| rate.currency))
        .collect();
    for (number, account) in book.accounts.iter().enumerate() {
        // Each currency is reported once, at its first account.
        let currency = account.currency;
        if !known.insert(currency) {
            continue;
        }
        let id = shown(account.id.as_str());
        let message = format!(
            "`rates.csv` has no rate of {currency}, the currency of {id}: nothing is added up over all currencies"
        );
        let own = book.currency;
        let help = format!("add a row `{currency},RATE`: what one {currency} is worth in {own}");
        Problem::new(Code::MissingRate, message, help)
            .report(|| rows.origin_of(number, CURRENCY), diagnostics);
    }
}
