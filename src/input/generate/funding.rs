//! The rows of a sample book's `accounts.csv`: how much each account holds and how much comes in every month.
//!
//! Both are sized by what the account's instances are expected to cost. The expectation is a rough one, a month being 30
//! days and discounts left out; what is really paid is the replay's to say.

use std::ops::RangeInclusive;

use crate::model::instance::{ChargeType, RenewFlag};

use super::dates::Dates;
use super::department::{Department, Funded};
use super::inventory::{DrawnInstance, Renewal};
use super::random::Random;
use super::row::{Maybe, push_row, yuan};

/// The heading of `accounts.csv`.
pub(super) const COLUMNS: &str =
    "account_id,name,cash,free_credit,frozen,credit_limit,alert_below,arrears_hours";

const DAYS_PER_MONTH: i64 = 30;
const HOURS_PER_DAY: i64 = 24;
/// Ten-thousandths of a yuan in a cent.
const UNITS_PER_CENT: i64 = 100;
const CENTS_PER_YUAN: i64 = 100;

/// What an account is expected to pay, day by day, in cents.
pub(super) struct Need {
    payments: Vec<i64>,
    /// Usage of a day that begins on that day.
    new_usage: Vec<i64>,
}

impl Need {
    /// Nothing, for every day of the run.
    pub(super) fn none(dates: &Dates) -> Self {
        let days = usize::try_from(dates.run_days()).expect("a run fits into memory");
        Self {
            payments: vec![0; days],
            new_usage: vec![0; days],
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.payments.fill(0);
        self.new_usage.fill(0);
    }

    /// Adds one payment; one outside the run is none.
    pub(super) fn pay(&mut self, day: i64, cents: i64) {
        let day = usize::try_from(day).ok();
        if let Some(payments) = day.and_then(|day| self.payments.get_mut(day)) {
            *payments += cents;
        }
    }

    /// Adds what an instance costs if nothing unforeseen happens.
    pub(super) fn expect(&mut self, instance: &DrawnInstance) {
        match (instance.charge_type, instance.renewal) {
            (ChargeType::Prepaid, Some(renewal)) => self.expect_terms(instance, renewal),
            _ => self.expect_usage(instance),
        }
    }

    fn expect_terms(&mut self, instance: &DrawnInstance, renewal: Renewal) {
        let months = renewal.months.unwrap_or(1);
        let automatic = renewal.flag == RenewFlag::Auto;
        let opening = &instance.opening;
        let renewal_day = opening.expires_on.filter(|day| automatic && *day >= 0);
        let Some(mut day) = opening.starts_on.or(renewal_day) else {
            return;
        };
        let payment = instance.price * months / UNITS_PER_CENT;
        loop {
            self.pay(day, payment);
            day += months * DAYS_PER_MONTH;
            if !automatic || day >= self.run_days() {
                break;
            }
        }
    }

    fn expect_usage(&mut self, instance: &DrawnInstance) {
        let hour = (instance.price + UNITS_PER_CENT / 2) / UNITS_PER_CENT;
        let first = usize::try_from(instance.opening.starts_on.unwrap_or(0));
        self.new_usage[first.expect("usage starts in the run")] += hour * HOURS_PER_DAY;
    }

    fn run_days(&self) -> i64 {
        i64::try_from(self.payments.len()).expect("the days of a run are few")
    }

    /// What each day costs.
    fn by_day(&self) -> impl Iterator<Item = i64> {
        self.payments
            .iter()
            .zip(&self.new_usage)
            .scan(0, |usage, (payments, new)| {
                *usage += new;
                Some(payments + *usage)
            })
    }

    /// What must be there at the opening for `share` permille of the need to be met, with `topup` on each of the days.
    fn opening(&self, share: i64, topup: i64, mut topup_days: impl Iterator<Item = i64>) -> i64 {
        let (mut balance, mut lowest) = (0, 0);
        let mut next = topup_days.next();
        for (day, cents) in (0..).zip(self.by_day()) {
            if next == Some(day) {
                balance += topup;
                next = topup_days.next();
            }
            balance -= cents * share / 1000;
            lowest = lowest.min(balance);
        }
        -lowest
    }
}

/// What an account holds at the opening and what it gets every month, in cents.
#[derive(Default)]
pub(super) struct DrawnFunding {
    /// What comes in every month; zero where nothing is needed.
    pub(super) topup: i64,
    /// What an average month costs.
    pub(super) month: i64,
    cash: i64,
    free_credit: i64,
    frozen: i64,
    credit_limit: i64,
    alert_below: Option<i64>,
    arrears_hours: Option<i64>,
}

impl DrawnFunding {
    /// The funds of the department's account.
    pub(super) fn draw_funding(
        random: &mut Random,
        dates: &Dates,
        department: &Department,
        need: &Need,
    ) -> Self {
        let total: i64 = need.by_day().sum();
        let month = total * DAYS_PER_MONTH / dates.run_days();
        let well = department.funded == Funded::Well;
        let share = random.within(if well { 1060..=1250 } else { 500..=900 });
        let topups =
            i64::try_from(dates.each_month(department.topup_day).count()).expect("a few months");
        let topup = match topups {
            0 => 0,
            _ => rounded_up(total * share / 1000 / topups),
        };
        let opening = need.opening(share, topup, dates.each_month(department.topup_day));
        let spare = match department.funded {
            Funded::Well => month / 4 + random.within(0..=50_000),
            Funded::Short | Funded::InArrears => 0,
        };
        let funding = Self {
            topup,
            month,
            ..Self::holding(random, month, opening + spare)
        };
        if department.funded == Funded::InArrears {
            funding.in_arrears(random)
        } else {
            funding
        }
    }

    /// Funds of which `opening` cents can be spent without credit.
    fn holding(random: &mut Random, month: i64, opening: i64) -> Self {
        let free_credit = hundreds_of_yuan(random, 250, 2..=50).min(opening);
        let frozen = hundreds_of_yuan(random, 30, 1..=10);
        let mut credit_limit = 0;
        if random.chance(150) {
            credit_limit = rounded_up(month * random.within(5..=50) / 100);
        }
        let is_watched = random.chance(600) && month > 0;
        Self {
            cash: opening - free_credit + frozen,
            free_credit,
            frozen,
            credit_limit,
            alert_below: is_watched.then(|| rounded_up(month / 4)),
            ..Self::default()
        }
    }

    /// The same, but two days in debt at the opening.
    fn in_arrears(self, random: &mut Random) -> Self {
        let debt = self.month * 2 / DAYS_PER_MONTH + random.within(1..=5_000);
        let hours = Some(random.within(3..=48));
        Self {
            cash: -debt,
            free_credit: 0,
            frozen: 0,
            credit_limit: 0,
            arrears_hours: hours,
            ..self
        }
    }

    /// Appends the row of the department's account.
    pub(super) fn write_funding(&self, out: &mut Vec<u8>, department: &Department) {
        push_row(
            out,
            &[
                &department.id,
                &department.name,
                &yuan(self.cash),
                &yuan(self.free_credit),
                &yuan(self.frozen),
                &yuan(self.credit_limit),
                &Maybe(self.alert_below.map(yuan)),
                &Maybe(self.arrears_hours),
            ],
        );
    }
}

/// Hundreds of yuan in `permille` of a thousand cases, else nothing; in cents.
fn hundreds_of_yuan(random: &mut Random, permille: u64, range: RangeInclusive<i64>) -> i64 {
    if random.chance(permille) {
        random.within(range) * 100 * CENTS_PER_YUAN
    } else {
        0
    }
}

/// Up to a round sum of cents, as people transfer it: tens of yuan, or hundreds from 2000 on.
pub(super) fn rounded_up(cents: i64) -> i64 {
    let yuan = if cents < 2000 * CENTS_PER_YUAN {
        10
    } else {
        100
    };
    let unit = yuan * CENTS_PER_YUAN;
    (cents + unit - 1) / unit * unit
}
