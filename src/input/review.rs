//! What a valid book should make a person look at: production that nobody renews, prices of zero, a month that cannot be
//! paid, texts that a spreadsheet runs. Warnings only; nothing here changes what a run does.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::accounts::{CASH, CURRENCY};
use super::instances::{EXPIRES_ON, INSTANCE_ID, MONTHLY_PRICE, RENEW_FLAG, STATE};
use super::table::{CsvRow, CsvTable, InputRow, KnownColumns, Origins};
use super::value::{Problem, shown};
use crate::analysis::remedy;
use crate::engine::charge;
use crate::engine::lifecycle::DayStatus;
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::{Account, AccountIndex};
use crate::model::action::{AccountRef, Action, Verb};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::id::{FurtherLabels, Label};
use crate::model::instance::{self, ChargeType, Instance, RenewFlag, State};
use crate::model::money::{Money, Price};
use crate::model::profile::Profile;

/// Bytes of a file that are looked at by one thread.
const BLOCK: usize = 1 << 18;
/// So many days of the run, the first included, does the check of a month's renewals cover.
const MONTH: i32 = 30;

/// Warnings about texts that a spreadsheet would run, conditions aside: they cannot do without. What is wrong with the
/// table itself was reported when it was read.
pub(super) fn formulas(
    (file, bytes, columns): (&str, &[u8], KnownColumns),
    diagnostics: &mut Diagnostics,
) {
    // The last byte of a block begins the next one too: two bytes tell.
    let blocks = (0..bytes.len()).into_par_iter().step_by(BLOCK);
    if !blocks.any(|from| cell::may_hold_formulas(&bytes[from..bytes.len().min(from + BLOCK + 1)]))
    {
        return;
    }
    let Some(table) = CsvTable::open_table(file, bytes, columns, &mut Diagnostics::default())
    else {
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
                let help = "correct it, or put an apostrophe in front: that is left out when the file is read, and \
                            results are written so";
                Problem::new(Code::FormulaCell, message, help).report(|| row.place(slot), diagnostics);
            }
        }
    });
}

/// Warnings about one row of the inventory.
pub(super) fn review_instance(
    row: &CsvRow<'_, '_>,
    (instance, profile): (&Instance, &Profile),
    (days, tag_keys, labels): (DayRange, &[String], &FurtherLabels<'_>),
    diagnostics: &mut Diagnostics,
) {
    if instance.charge_type != ChargeType::Prepaid || instance.state == Some(State::Terminated) {
        return;
    }
    if instance.renew_flag != RenewFlag::Auto {
        let helps = what_helps(instance, profile, days);
        warn_of_production(row, (instance, helps), (tag_keys, labels), diagnostics);
    }
    if let (Some(expiry), None) = (
        instance.expires_on.filter(|expiry| *expiry < days.from),
        row.text(STATE),
    ) {
        let (id, state) = (
            shown(instance.id.as_str()),
            instance.state.map_or("", State::name),
        );
        let message = format!(
            "{id} expired on {expiry}, before the run, and is taken as `{state}`: as if nothing had been paid since"
        );
        let since = instance
            .since
            .map(|since| format!(" and {since} into `since`"))
            .unwrap_or_default();
        let help = format!(
            "if it was renewed, correct `expires_on`; if not, write `{state}` into `state`{since}"
        );
        Problem::new(Code::TakenAsUnpaid, message, help)
            .report(|| row.place(EXPIRES_ON), diagnostics);
    }
    let due = instance
        .expires_on
        .or(instance.starts_on)
        .filter(|due| *due <= days.to);
    if let (Some(due), true) = (due, instance.monthly_price.is_some_and(Price::is_zero)) {
        let message = format!(
            "{} costs 0 a month and comes due on {due}",
            shown(instance.id.as_str())
        );
        let help = match row.text(MONTHLY_PRICE) {
            Some(_) => {
                "write its list price into `monthly_price`, or leave it empty to take that of `prices.csv`"
            }
            None => "correct its price in `prices.csv`, or write one into `monthly_price`",
        };
        Problem::new(Code::ZeroPrice, message, help)
            .report(|| row.place(MONTHLY_PRICE), diagnostics);
    }
}

/// What keeps an instance that does not renew itself: the flag only where an attempt of its profile is still to come.
fn what_helps(instance: &Instance, profile: &Profile, days: DayRange) -> &'static str {
    let expires = instance
        .expires_on
        .or(instance.starts_on)
        .unwrap_or(days.from);
    let standing = DayStatus {
        charge_type: instance.charge_type,
        state: instance.state.unwrap_or(State::Running),
        flag: instance.renew_flag,
        expires,
        anchor: instance.anchor_day.unwrap_or(expires.day_of_month()),
        since: instance.since.unwrap_or(expires),
        returned: instance.returned,
        stopped_by: instance.stopped_by,
    };
    let last = standing.suspension_day(profile).unwrap_or(days.to);
    match remedy::last_attempt(&standing, profile, days.from, last) {
        Some(_) => "write `auto` into `renew_flag`, or renew it in `actions.csv`",
        None => {
            "renew it in `actions.csv`: no attempt of its profile reaches it, so the flag `auto` would not help"
        }
    }
}

fn warn_of_production(
    row: &CsvRow<'_, '_>,
    (instance, help): (&Instance, &str),
    (tag_keys, labels): (&[String], &FurtherLabels<'_>),
    diagnostics: &mut Diagnostics,
) {
    let value = |label: &Option<Label>| label.map(|label| labels.label_text(label));
    let mut tags = tag_keys.iter().zip(instance.labels.tags.iter().map(value));
    let marked = tags.find_map(|(key, value)| {
        Some((
            key,
            value.filter(|value| instance::is_production(key, value))?,
        ))
    });
    if let Some((key, value)) = marked {
        let (id, flag) = (shown(instance.id.as_str()), instance.renew_flag.name());
        let message = format!(
            "{id} is production by its tag {} = {}, but its renew flag is `{flag}`",
            shown(key),
            shown(value)
        );
        Problem::new(Code::ProductionManual, message, help)
            .report(|| row.place(RENEW_FLAG), diagnostics);
    }
}

/// Warnings about a whole book, whose inventory and accounts stand in these tables.
pub(super) fn whole(
    book: &Book,
    (inventory, accounts, has_rates): (&CsvTable<'_>, &Origins<'_, '_>, bool),
    diagnostics: &mut Diagnostics,
) {
    months(book, accounts, diagnostics);
    disks(book, inventory, diagnostics);
    if has_rates {
        rates(book, accounts, diagnostics);
    }
}

/// Warns of each account whose renewals of the first 30 days exceed what it has by then: what is available at the
/// opening, and what is planned to be added on the same day or earlier. Each instance counts once, by its own months, on
/// its expiry date, or on the first day where that is past. Hourly usage and what people renew besides are left out.
fn months(book: &Book, rows: &Origins<'_, '_>, diagnostics: &mut Diagnostics) {
    let last = book.days.to.min(book.days.from + (MONTH - 1));
    let mut changes: Vec<Vec<(Day, FundsChange)>> = vec![Vec::new(); book.accounts.len()];
    let mut add = |account: AccountIndex, date: Day, change: FundsChange| {
        if book.days.from <= date && date <= last {
            changes[account.0 as usize].push((date, change));
        }
    };
    for action in &book.actions {
        if let (Some(AccountRef::Known(account)), Some(change)) = (&action.account, planned(action))
        {
            add(*account, action.date, change);
        }
    }
    let soon = book
        .instances
        .par_iter()
        .filter(|instance| instance.expires_on.is_some_and(|due| due <= last));
    let renewals: Vec<_> = soon
        .filter_map(|instance| Some((instance.account, renewal(book, instance)?)))
        .collect();
    for (account, (due, price)) in renewals {
        add(account, due.max(book.days.from), FundsChange::Due(price));
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
    let usable = matches!(instance.state, Some(State::Running | State::Overdue));
    let wanted = usable
        && instance.charge_type == ChargeType::Prepaid
        && instance.renew_flag != RenewFlag::None;
    let (due, price) = instance
        .expires_on
        .filter(|_| wanted)
        .zip(instance.monthly_price)?;
    let currency = book.account(instance.account).currency;
    Some((
        due,
        charge::renewal(
            book.profile(instance.profile),
            currency,
            price,
            instance.renew_months,
        ),
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
        let money =
            |amount: Money| format!("{} {}", amount.display(account.currency), account.currency);
        let (needed, there, missing) = (
            money(self.needed),
            money(self.there),
            money(self.needed - self.there),
        );
        let (id, from, by) = (shown(account.id.as_str()), self.from, self.by);
        let message = format!(
            "{id} has {there} for renewals of {needed} that come due by {by}, planned top-ups included"
        );
        Problem::new(
            Code::ShortMonth,
            message,
            format!("plan a `topup` of {missing} or more by {from} in `actions.csv`"),
        )
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
fn disks(book: &Book, table: &CsvTable<'_>, diagnostics: &mut Diagnostics) {
    let slots: Vec<usize> = (0..book.tag_keys.len())
        .filter(|slot| SERVER_KEYS.contains(&&*book.tag_keys[*slot]))
        .collect();
    let is_disk = |one: &Instance| DISKS.contains(&book.labels.label_text(one.labels.product));
    let lives = |one: &&Instance| {
        one.charge_type == ChargeType::Prepaid && one.state != Some(State::Terminated)
    };
    let named = |one: &Instance| Some((one.account, one.labels.name?, one.expires_on?));
    let mut by_name: BTreeMap<_, &Instance> = BTreeMap::new();
    if book.instances.iter().any(is_disk) {
        let servers = book
            .instances
            .iter()
            .filter(lives)
            .filter(|one| !is_disk(one));
        by_name.extend(servers.filter_map(|one| Some((named(one)?, one))));
    }
    let server = |disk: &Instance| {
        let tags = slots.iter().filter_map(|slot| disk.labels.tags[*slot]);
        let mut tagged = tags.filter_map(|label| book.find_instance(book.labels.label_text(label)));
        let tagged = tagged
            .next()
            .map(|number| book.instance(number))
            .filter(lives);
        tagged.or_else(|| {
            by_name
                .get(&named(disk)?)
                .copied()
                .filter(|one| is_disk(disk) && one.id != disk.id)
        })
    };
    let mut found: BTreeMap<&str, (&Instance, &Instance)> = BTreeMap::new();
    for disk in book.instances.iter().filter(lives) {
        let Some(server) = server(disk) else { continue };
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
        let Some((disk, server)) = row.text(INSTANCE_ID).and_then(|id| found.get(id)) else { return };
        let (id, flag) = (shown(disk.id.as_str()), disk.renew_flag.name());
        let when = if disk.expires_on == server.expires_on { "on the same day as" } else { "before" };
        let (of, other) = (shown(server.id.as_str()), server.renew_flag.name());
        let message = format!(
            "{id} has the renew flag `{flag}` and ends {when} {of}, which it belongs to and whose flag is `{other}`"
        );
        let besides = match disk.renew_flag {
            RenewFlag::Auto => "if it should end as its server does",
            _ => "or renew it in `actions.csv`",
        };
        let help = format!("write `{other}` into `renew_flag`, {besides}");
        Problem::new(Code::UnlikeServer, message, help).report(|| row.place(RENEW_FLAG), diagnostics);
    });
}

/// Warns of currencies that `rates.csv` says nothing of: there is no sum over all currencies then.
fn rates(book: &Book, rows: &Origins<'_, '_>, diagnostics: &mut Diagnostics) {
    let known = |currency| {
        currency == book.currency || book.rates.iter().any(|rate| rate.currency == currency)
    };
    let mut told = BTreeSet::new();
    for (number, account) in book.accounts.iter().enumerate() {
        let currency = account.currency;
        if !known(currency) && told.insert(currency) {
            let id = shown(account.id.as_str());
            let message = format!(
                "`rates.csv` has no rate of {currency}, the currency of {id}: nothing is added up over all currencies"
            );
            let help = format!(
                "add a row `{currency},RATE`: what one {currency} is worth in {}",
                book.currency
            );
            Problem::new(Code::MissingRate, message, help)
                .report(|| rows.origin_of(number, CURRENCY), diagnostics);
        }
    }
}
