//! The rows of a sample book's `actions.csv`: monthly top-ups, what people do to single instances, and a handful of
//! actions that select many.
//!
//! Nothing here asks for what the replay refuses to run: running prepaid instances are never terminated.

use crate::model::instance::{ChargeType, RenewFlag};

use super::catalogue::CATALOGUE;
use super::dates::Dates;
use super::department::{Department, Funded};
use super::funding::{DrawnFunding, rounded_up};
use super::inventory::DrawnInstance;
use super::random::Random;
use super::row::{Maybe, Quoted, price_cell, push_row, yuan};

/// The heading of `actions.csv`.
pub(super) const COLUMNS: &str =
    "date,action,account_id,instance_id,where,amount,months,day,flag,price,note";

/// Months that people renew by, with their weights.
const RENEWED_MONTHS: &[(u64, i64)] = &[(3, 1), (1, 3), (1, 6), (1, 12)];

const RENEWAL_NOTES: &[&str] = &[
    "asked by the team",
    "project extended",
    "renewed by hand",
    "",
];

/// One row of `actions.csv`; texts that are empty and values that are none are empty cells.
#[derive(Default)]
pub(super) struct DrawnAction<'a> {
    /// The number of the day on which it is done.
    pub(super) day: i64,
    verb: &'static str,
    account_id: &'a str,
    instance_id: &'a str,
    condition: &'a str,
    /// In cents.
    amount: Option<i64>,
    months: Option<i64>,
    day_of_month: Option<i64>,
    flag: &'static str,
    /// In ten-thousandths.
    price: Option<i64>,
    note: &'a str,
    /// What it is expected to cost, in cents.
    pub(super) cost: i64,
}

impl DrawnAction<'_> {
    /// Appends its row.
    pub(super) fn write_action(&self, out: &mut Vec<u8>, dates: &Dates) {
        push_row(
            out,
            &[
                &dates.date_text(self.day),
                &self.verb,
                &self.account_id,
                &self.instance_id,
                &Quoted(self.condition),
                &Maybe(self.amount.map(yuan)),
                &Maybe(self.months),
                &Maybe(self.day_of_month),
                &self.flag,
                &Maybe(self.price.map(price_cell)),
                &self.note,
            ],
        );
    }
}

/// What people do to this instance during the run, if anything.
pub(super) fn by_people<'a>(
    random: &mut Random,
    dates: &Dates,
    account_id: &'a str,
    instance: &'a DrawnInstance,
) -> Option<DrawnAction<'a>> {
    let action = match instance.charge_type {
        ChargeType::Prepaid => on_prepaid(random, dates, instance)?,
        ChargeType::Postpaid => on_postpaid(random, dates, instance)?,
    };
    Some(DrawnAction {
        account_id,
        instance_id: &instance.id,
        ..action
    })
}

fn on_prepaid(
    random: &mut Random,
    dates: &Dates,
    instance: &DrawnInstance,
) -> Option<DrawnAction<'static>> {
    let opening = &instance.opening;
    let expiry = opening
        .expires_on
        .filter(|day| *day >= 0 && opening.state.is_none())?;
    let flag = instance.renewal?.flag;
    let last = expiry.min(dates.run_days() - 1);
    match random.below(1000) {
        0..70 if flag == RenewFlag::Manual && expiry < dates.run_days() => {
            let day = (expiry - random.within(1..=7)).max(0);
            let months = random.pick(RENEWED_MONTHS);
            Some(DrawnAction {
                day,
                verb: "renew",
                months: Some(months),
                note: random.choose::<&str>(RENEWAL_NOTES),
                cost: instance.price * months / 100,
                ..DrawnAction::default()
            })
        }
        990..994 => Some(DrawnAction {
            day: random.within(0..=last),
            ..new_flag(random, flag)
        }),
        994..997 => Some(DrawnAction {
            day: random.within(0..=last),
            note: "new contract",
            ..new_price(random, instance.price)
        }),
        997..999 => Some(DrawnAction {
            day: random.within(0..=last),
            verb: "renew_until",
            day_of_month: Some(random.within(1..=28)),
            note: "same day for the project",
            cost: instance.price * 2 / 100,
            ..DrawnAction::default()
        }),
        _ => None,
    }
}

fn on_postpaid(
    random: &mut Random,
    dates: &Dates,
    instance: &DrawnInstance,
) -> Option<DrawnAction<'static>> {
    let first = instance.opening.starts_on.unwrap_or(0);
    let day = random.within(first..=dates.run_days() - 1);
    match random.below(1000) {
        0..6 => Some(DrawnAction {
            day,
            verb: "terminate",
            note: "no longer needed",
            ..DrawnAction::default()
        }),
        6..9 => Some(DrawnAction {
            day,
            ..new_price(random, instance.price)
        }),
        _ => None,
    }
}

fn new_flag(random: &mut Random, old: RenewFlag) -> DrawnAction<'static> {
    let (flag, months) = match old {
        RenewFlag::Auto | RenewFlag::None => (RenewFlag::Manual, None),
        RenewFlag::Manual => (RenewFlag::Auto, random.chance(400).then_some(3)),
    };
    DrawnAction {
        verb: "set_flag",
        flag: flag.name(),
        months,
        ..DrawnAction::default()
    }
}

fn new_price(random: &mut Random, old: i64) -> DrawnAction<'static> {
    DrawnAction {
        verb: "set_price",
        price: Some(old * random.within(850..=1100) / 1000),
        ..DrawnAction::default()
    }
}

/// What is done to the account itself: top-ups every month, and now and then a credit.
pub(super) fn of_account<'a>(
    random: &mut Random,
    dates: &Dates,
    department: &'a Department,
    funding: &DrawnFunding,
) -> Vec<DrawnAction<'a>> {
    let account_id = department.id.as_str();
    let mut actions = Vec::new();
    for day in dates.each_month(department.topup_day) {
        if funding.topup > 0
            && let Some(cents) = topup(random, department.funded, funding.topup)
        {
            actions.push(DrawnAction {
                day,
                verb: "topup",
                account_id,
                amount: Some(cents),
                note: "monthly budget",
                ..DrawnAction::default()
            });
        }
    }
    if random.chance(30) {
        actions.push(DrawnAction {
            verb: "credit",
            account_id,
            amount: Some(random.within(1..=20) * 10_000),
            day: random.within(0..=dates.run_days() - 1),
            note: "campaign credit",
            ..DrawnAction::default()
        });
    }
    if random.chance(20) {
        actions.push(DrawnAction {
            day: random.within(0..=dates.run_days() - 1),
            verb: "set_credit_limit",
            account_id,
            amount: Some(rounded_up(funding.month / 4)),
            note: "limit reviewed",
            ..DrawnAction::default()
        });
    }
    actions
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
pub(super) fn write_selective(
    out: &mut Vec<u8>,
    random: &mut Random,
    dates: &Dates,
    first_account: &str,
) {
    let soon = dates.date_text((dates.run_days() * 15 / 100).max(1));
    let new_price = 1_000_000 + random.within(0..=150) * 1_000;
    let unified_day = random.within(1..=28);
    for one in &CATALOGUE.selective_actions {
        let action = DrawnAction {
            day: dates.run_days() * one.permille / 1000,
            verb: &one.verb,
            account_id: if one.first_account { first_account } else { "" },
            condition: &one.condition.replace("{soon}", soon),
            months: one.months,
            day_of_month: (one.verb == "renew_until").then_some(unified_day),
            flag: &one.flag,
            price: (one.verb == "set_price").then_some(new_price),
            note: &one.note,
            ..DrawnAction::default()
        };
        action.write_action(out, dates);
    }
}
