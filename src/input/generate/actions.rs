//! The rows of a generated `actions.csv`: monthly top-ups, what people do to single instances, and a handful of
//! actions that select many.
//!
//! Nothing here asks for what the replay refuses to run: running prepaid instances are never terminated.

use crate::model::instance::{ChargeType, RenewFlag};

use super::dates::Dates;
use super::department::{Department, Funded};
use super::funding::{Funding, rounded_up};
use super::inventory::Instance;
use super::random::Random;
use super::row::Row;

/// The heading of `actions.csv`.
pub(super) const COLUMNS: &str =
    "date,action,account_id,instance_id,where,amount,months,day,flag,price,note";

/// Months that people renew by, with their weights.
const RENEWED_MONTHS: &[(u64, i64)] = &[(3, 1), (1, 3), (1, 6), (1, 12)];

const MANUAL_DATABASES: &str = "\"tag:env\" = 'prod' AND product = 'mysql' AND charge_type = 'PREPAID' AND renew_flag = 'manual'";
const MAINLAND_MEDIUM: &str = "instance_type = 'S5.MEDIUM4' AND charge_type = 'PREPAID' AND region IN ('ap-guangzhou', 'ap-shanghai')";
const SANDBOX: &str = "\"tag:env\" = 'test' AND project = 'sandbox' AND charge_type = 'PREPAID'";
const FIRST_CACHES: &str = "product = 'redis' AND charge_type = 'PREPAID' AND state = 'running' AND priority BETWEEN 1 AND 3";
const BATCH_BY_HOUR: &str =
    "charge_type = 'POSTPAID_BY_HOUR' AND \"tag:env\" <> 'prod' AND name LIKE 'batch-%'";

const RENEWAL_NOTES: &[&str] = &[
    "asked by the team",
    "project extended",
    "renewed by hand",
    "",
];

/// One row of `actions.csv`.
pub(super) struct Action<'a> {
    /// The day on which it is done.
    pub(super) day: i64,
    account_id: &'a str,
    target: Target<'a>,
    verb: Verb,
    note: &'static str,
}

enum Target<'a> {
    Account,
    Instance(&'a str),
    Where(&'a str),
}

/// What is done: amounts in cents, prices in ten-thousandths.
enum Verb {
    TopUp(i64),
    Credit(i64),
    SetCreditLimit(i64),
    Renew(i64),
    RenewUntil(i64),
    SetFlag(RenewFlag, Option<i64>),
    SetPrice(i64),
    Terminate,
}

impl Action<'_> {
    /// What it is expected to cost, in cents.
    pub(super) fn cost(&self, instance: &Instance) -> i64 {
        match self.verb {
            Verb::Renew(months) => instance.price * months / 100,
            Verb::RenewUntil(_) => instance.price * 2 / 100,
            _ => 0,
        }
    }

    /// Appends its row.
    pub(super) fn write(&self, out: &mut Vec<u8>, dates: &Dates) {
        let row = Row::new(out)
            .text(dates.text(self.day))
            .text(self.verb.name())
            .text(self.account_id);
        let row = match self.target {
            Target::Account => row.empty().empty(),
            Target::Instance(id) => row.text(id).empty(),
            Target::Where(condition) => row.empty().quoted(condition),
        };
        self.verb.write(row).text(self.note).end();
    }
}

impl Verb {
    fn name(&self) -> &'static str {
        match self {
            Self::TopUp(_) => "topup",
            Self::Credit(_) => "credit",
            Self::SetCreditLimit(_) => "set_credit_limit",
            Self::Renew(_) => "renew",
            Self::RenewUntil(_) => "renew_until",
            Self::SetFlag(..) => "set_flag",
            Self::SetPrice(_) => "set_price",
            Self::Terminate => "terminate",
        }
    }

    /// The cells amount, months, day, flag and price.
    fn write<'a>(&self, row: Row<'a>) -> Row<'a> {
        match *self {
            Self::TopUp(cents) | Self::Credit(cents) | Self::SetCreditLimit(cents) => {
                row.amount(cents).empty().empty().empty().empty()
            }
            Self::Renew(months) => row.empty().number(months).empty().empty().empty(),
            Self::RenewUntil(day) => row.empty().empty().number(day).empty().empty(),
            Self::SetFlag(flag, months) => row
                .empty()
                .maybe(months, Row::number)
                .empty()
                .text(flag.name())
                .empty(),
            Self::SetPrice(units) => row.empty().empty().empty().empty().price(units),
            Self::Terminate => row.empty().empty().empty().empty().empty(),
        }
    }
}

/// What people do to this instance during the run, if anything.
pub(super) fn by_people<'a>(
    random: &mut Random,
    dates: &Dates,
    account_id: &'a str,
    instance: &'a Instance,
) -> Option<Action<'a>> {
    let (day, verb, note) = match instance.charge_type {
        ChargeType::Prepaid => on_prepaid(random, dates, instance)?,
        ChargeType::Postpaid => on_postpaid(random, dates, instance)?,
    };
    Some(Action {
        day,
        account_id,
        target: Target::Instance(&instance.id),
        verb,
        note,
    })
}

fn on_prepaid(
    random: &mut Random,
    dates: &Dates,
    instance: &Instance,
) -> Option<(i64, Verb, &'static str)> {
    let standing = &instance.standing;
    let expiry = standing
        .expires_on
        .filter(|day| *day >= 0 && standing.state.is_none())?;
    let flag = instance.renewal?.flag;
    let in_time = expiry.min(dates.days() - 1);
    let some_day = |random: &mut Random| random.within(0..=in_time);
    match random.below(1000) {
        0..70 if flag == RenewFlag::Manual && expiry < dates.days() => {
            let day = (expiry - random.within(1..=7)).max(0);
            Some((
                day,
                Verb::Renew(random.pick(RENEWED_MONTHS)),
                random.choose(RENEWAL_NOTES),
            ))
        }
        990..994 => Some((some_day(random), new_flag(random, flag), "")),
        994..997 => Some((
            some_day(random),
            new_price(random, instance.price),
            "new contract",
        )),
        997..999 => Some((
            some_day(random),
            Verb::RenewUntil(random.within(1..=28)),
            "same day for the project",
        )),
        _ => None,
    }
}

fn on_postpaid(
    random: &mut Random,
    dates: &Dates,
    instance: &Instance,
) -> Option<(i64, Verb, &'static str)> {
    let day = random.within(instance.standing.starts_on.unwrap_or(0)..=dates.days() - 1);
    match random.below(1000) {
        0..6 => Some((day, Verb::Terminate, "no longer needed")),
        6..9 => Some((day, new_price(random, instance.price), "")),
        _ => None,
    }
}

fn new_flag(random: &mut Random, old: RenewFlag) -> Verb {
    match old {
        RenewFlag::Auto | RenewFlag::None => Verb::SetFlag(RenewFlag::Manual, None),
        RenewFlag::Manual => Verb::SetFlag(RenewFlag::Auto, random.chance(400).then_some(3)),
    }
}

fn new_price(random: &mut Random, old: i64) -> Verb {
    Verb::SetPrice(old * random.within(850..=1100) / 1000)
}

/// What is done to the account itself: top-ups every month, and now and then a credit.
pub(super) fn of_account(
    out: &mut Vec<u8>,
    random: &mut Random,
    dates: &Dates,
    (department, funding): (&Department, &Funding),
) {
    let mut write = |day, verb, note| {
        let action = Action {
            day,
            account_id: &department.id,
            target: Target::Account,
            verb,
            note,
        };
        action.write(out, dates);
    };
    for day in dates
        .each_month(department.topup_day)
        .filter(|_| funding.topup > 0)
    {
        if let Some(cents) = topup(random, department.funded, funding.topup) {
            write(day, Verb::TopUp(cents), "monthly budget");
        }
    }
    if random.chance(30) {
        let cents = random.within(1..=20) * 10_000;
        write(
            random.within(0..=dates.days() - 1),
            Verb::Credit(cents),
            "campaign credit",
        );
    }
    if random.chance(20) {
        let cents = rounded_up(funding.month / 4);
        write(
            random.within(0..=dates.days() - 1),
            Verb::SetCreditLimit(cents),
            "limit reviewed",
        );
    }
}

/// One month's top-up: where money is short it is forgotten now and then, elsewhere it is sometimes a little more.
fn topup(random: &mut Random, funded: Funded, cents: i64) -> Option<i64> {
    match funded {
        Funded::Well if random.chance(200) => {
            Some(rounded_up(cents * random.within(1020..=1100) / 1000))
        }
        Funded::Well => Some(cents),
        Funded::Short | Funded::InArrears => (!random.chance(120)).then_some(cents),
    }
}

/// The actions that select many instances: the same few whatever the size of the book.
pub(super) fn selective(
    out: &mut Vec<u8>,
    random: &mut Random,
    dates: &Dates,
    first_account: &str,
) {
    let soon = dates.text((dates.days() * 15 / 100).max(1));
    let expiring =
        format!("\"tag:env\" = 'prod' AND renew_flag <> 'auto' AND expires_on < DATE '{soon}'");
    let price = 1_000_000 + random.within(0..=150) * 1_000;
    let unified_day = random.within(1..=28);
    let actions = [
        (
            100,
            first_account,
            Verb::Renew(3),
            expiring.as_str(),
            "renewed ahead of the holidays",
        ),
        (
            200,
            "",
            Verb::SetFlag(RenewFlag::Auto, None),
            MANUAL_DATABASES,
            "production must not lapse",
        ),
        (
            300,
            "",
            Verb::SetPrice(price),
            MAINLAND_MEDIUM,
            "frame contract",
        ),
        (
            450,
            "",
            Verb::SetFlag(RenewFlag::None, None),
            SANDBOX,
            "sandbox is closing",
        ),
        (
            600,
            first_account,
            Verb::RenewUntil(unified_day),
            FIRST_CACHES,
            "one date for the caches",
        ),
        (700, "", Verb::Terminate, BATCH_BY_HOUR, "batch jobs moved"),
    ];
    for (permille, account_id, verb, condition, note) in actions {
        let day = dates.days() * permille / 1000;
        Action {
            day,
            account_id,
            target: Target::Where(condition),
            verb,
            note,
        }
        .write(out, dates);
    }
}
