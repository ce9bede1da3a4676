//! The rows of a generated `actions.csv`: monthly top-ups, what people do to single instances, and a handful of
//! actions that select many.
//!
//! Nothing here asks for what the replay refuses to run: running prepaid instances are never terminated.

use crate::model::instance::{ChargeType, RenewFlag};

use super::dates::Dates;
use super::department::{Department, Funded};
use super::funding::{DrawnFunding, rounded_up};
use super::inventory::DrawnInstance;
use super::random::Random;
use super::row::RowText;

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
pub(super) struct DrawnAction<'a> {
    /// The day on which it is done.
    pub(super) day: i64,
    account_id: &'a str,
    target: DrawnTarget<'a>,
    verb: DrawnVerb,
    note: &'static str,
}

enum DrawnTarget<'a> {
    Account,
    Instance(&'a str),
    Where(&'a str),
}

/// What is done: amounts in cents, prices in ten-thousandths.
enum DrawnVerb {
    TopUp(i64),
    Credit(i64),
    SetCreditLimit(i64),
    Renew(i64),
    RenewUntil(i64),
    SetFlag(RenewFlag, Option<i64>),
    SetPrice(i64),
    Terminate,
}

impl DrawnAction<'_> {
    /// What it is expected to cost, in cents.
    pub(super) fn cost(&self, instance: &DrawnInstance) -> i64 {
        match self.verb {
            DrawnVerb::Renew(months) => instance.price * months / 100,
            DrawnVerb::RenewUntil(_) => instance.price * 2 / 100,
            _ => 0,
        }
    }

    /// Appends its row.
    pub(super) fn write_action(&self, out: &mut Vec<u8>, dates: &Dates) {
        let row = RowText::new(out)
            .push_text(dates.date_text(self.day))
            .push_text(self.verb.as_word())
            .push_text(self.account_id);
        let row = match self.target {
            DrawnTarget::Account => row.empty().empty(),
            DrawnTarget::Instance(id) => row.push_text(id).empty(),
            DrawnTarget::Where(condition) => row.empty().quoted(condition),
        };
        self.verb.write_verb(row).push_text(self.note).end();
    }
}

impl DrawnVerb {
    fn as_word(&self) -> &'static str {
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
    fn write_verb<'a>(&self, row: RowText<'a>) -> RowText<'a> {
        match *self {
            Self::TopUp(cents) | Self::Credit(cents) | Self::SetCreditLimit(cents) => {
                row.amount(cents).empty().empty().empty().empty()
            }
            Self::Renew(months) => row.empty().push_number(months).empty().empty().empty(),
            Self::RenewUntil(day) => row.empty().empty().push_number(day).empty().empty(),
            Self::SetFlag(flag, months) => row
                .empty()
                .maybe(months, RowText::push_number)
                .empty()
                .push_text(flag.name())
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
    instance: &'a DrawnInstance,
) -> Option<DrawnAction<'a>> {
    let (day, verb, note) = match instance.charge_type {
        ChargeType::Prepaid => on_prepaid(random, dates, instance)?,
        ChargeType::Postpaid => on_postpaid(random, dates, instance)?,
    };
    Some(DrawnAction {
        day,
        account_id,
        target: DrawnTarget::Instance(&instance.id),
        verb,
        note,
    })
}

fn on_prepaid(
    random: &mut Random,
    dates: &Dates,
    instance: &DrawnInstance,
) -> Option<(i64, DrawnVerb, &'static str)> {
    let standing = &instance.standing;
    let expiry = standing
        .expires_on
        .filter(|day| *day >= 0 && standing.state.is_none())?;
    let flag = instance.renewal?.flag;
    let in_time = expiry.min(dates.run_days() - 1);
    let some_day = |random: &mut Random| random.within(0..=in_time);
    match random.below(1000) {
        0..70 if flag == RenewFlag::Manual && expiry < dates.run_days() => {
            let day = (expiry - random.within(1..=7)).max(0);
            Some((
                day,
                DrawnVerb::Renew(random.pick(RENEWED_MONTHS)),
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
            DrawnVerb::RenewUntil(random.within(1..=28)),
            "same day for the project",
        )),
        _ => None,
    }
}

fn on_postpaid(
    random: &mut Random,
    dates: &Dates,
    instance: &DrawnInstance,
) -> Option<(i64, DrawnVerb, &'static str)> {
    let day = random.within(instance.standing.starts_on.unwrap_or(0)..=dates.run_days() - 1);
    match random.below(1000) {
        0..6 => Some((day, DrawnVerb::Terminate, "no longer needed")),
        6..9 => Some((day, new_price(random, instance.price), "")),
        _ => None,
    }
}

fn new_flag(random: &mut Random, old: RenewFlag) -> DrawnVerb {
    match old {
        RenewFlag::Auto | RenewFlag::None => DrawnVerb::SetFlag(RenewFlag::Manual, None),
        RenewFlag::Manual => DrawnVerb::SetFlag(RenewFlag::Auto, random.chance(400).then_some(3)),
    }
}

fn new_price(random: &mut Random, old: i64) -> DrawnVerb {
    DrawnVerb::SetPrice(old * random.within(850..=1100) / 1000)
}

/// What is done to the account itself: top-ups every month, and now and then a credit.
pub(super) fn of_account(
    out: &mut Vec<u8>,
    random: &mut Random,
    dates: &Dates,
    (department, funding): (&Department, &DrawnFunding),
) {
    let mut write = |day, verb, note| {
        let action = DrawnAction {
            day,
            account_id: &department.id,
            target: DrawnTarget::Account,
            verb,
            note,
        };
        action.write_action(out, dates);
    };
    for day in dates
        .each_month(department.topup_day)
        .filter(|_| funding.topup > 0)
    {
        if let Some(cents) = topup(random, department.funded, funding.topup) {
            write(day, DrawnVerb::TopUp(cents), "monthly budget");
        }
    }
    if random.chance(30) {
        let cents = random.within(1..=20) * 10_000;
        write(
            random.within(0..=dates.run_days() - 1),
            DrawnVerb::Credit(cents),
            "campaign credit",
        );
    }
    if random.chance(20) {
        let cents = rounded_up(funding.month / 4);
        write(
            random.within(0..=dates.run_days() - 1),
            DrawnVerb::SetCreditLimit(cents),
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
    let soon = dates.date_text((dates.run_days() * 15 / 100).max(1));
    let expiring =
        format!("\"tag:env\" = 'prod' AND renew_flag <> 'auto' AND expires_on < DATE '{soon}'");
    let price = 1_000_000 + random.within(0..=150) * 1_000;
    let unified_day = random.within(1..=28);
    let actions = [
        (
            100,
            first_account,
            DrawnVerb::Renew(3),
            expiring.as_str(),
            "renewed ahead of the holidays",
        ),
        (
            200,
            "",
            DrawnVerb::SetFlag(RenewFlag::Auto, None),
            MANUAL_DATABASES,
            "production must not lapse",
        ),
        (
            300,
            "",
            DrawnVerb::SetPrice(price),
            MAINLAND_MEDIUM,
            "frame contract",
        ),
        (
            450,
            "",
            DrawnVerb::SetFlag(RenewFlag::None, None),
            SANDBOX,
            "sandbox is closing",
        ),
        (
            600,
            first_account,
            DrawnVerb::RenewUntil(unified_day),
            FIRST_CACHES,
            "one date for the caches",
        ),
        (
            700,
            "",
            DrawnVerb::Terminate,
            BATCH_BY_HOUR,
            "batch jobs moved",
        ),
    ];
    for (permille, account_id, verb, condition, note) in actions {
        let day = dates.run_days() * permille / 1000;
        DrawnAction {
            day,
            account_id,
            target: DrawnTarget::Where(condition),
            verb,
            note,
        }
        .write_action(out, dates);
    }
}
