//! Everything a run starts from.
//!
//! ```text
//! Book ─┬─ days, currency, time zone, default profile
//!       ├─ profiles   a provider's rules, resolved
//!       ├─ accounts   by id
//!       ├─ instances  by id; each belongs to an account and follows a profile
//!       ├─ orders     what was paid for the terms of an instance
//!       └─ actions    in file order; each names an account, an instance or a selector
//! ```
//!
//! A book is complete and checked: every reference holds, every needed price is there, and [`Book::largest_movement`]
//! says that no amount of the run can leave 64 bits, [`Book::terms_end_in_time`] that no term can leave the calendar.

use std::collections::{BTreeMap, BTreeSet};

use crate::parallel::prelude::*;

use crate::model::account::{Account, AccountIndex};
use crate::model::action::{Action, ActionIndex, Target, Verb};
use crate::model::budget::{Budget, Rate};
use crate::model::calendar::{Day, DayRange};
use crate::model::id::{Label, Labels};
use crate::model::instance::{self, Instance, InstanceIndex, State};
use crate::model::money::{Currency, Factor, Money, Price, Rounding, Share};
use crate::model::order::Orders;
use crate::model::profile::{Profile, ProfileIndex};
use crate::model::selector::Column;
use crate::model::voucher::{GrantIndex, Voucher};

/// Days of the shortest month that a term can count.
const SHORTEST_MONTH: i128 = 28;
/// Months by which the earliest attempt of a profile can precede an expiry date.
const LEAD_MONTHS: i64 = 140;
/// So many instances are looked at by one thread in one go.
const SHARE: usize = 1_024;
/// Days of the longest month that a term can count.
const LONGEST_MONTH: i64 = 31;

/// Everything a run starts from.
#[derive(Clone, Debug)]
pub struct Book {
    /// Its name.
    pub name: Box<str>,
    /// The days of the run.
    pub days: DayRange,
    /// The IANA name of the zone that its dates are in.
    pub time_zone: Box<str>,
    /// The currency of accounts that name none.
    pub currency: Currency,
    /// The profile of products that name none.
    pub default_profile: ProfileIndex,
    /// The profiles of products.
    pub product_profiles: BTreeMap<Box<str>, ProfileIndex>,
    /// The profiles in use.
    pub profiles: Vec<Profile>,
    /// The accounts, by id.
    pub accounts: Vec<Account>,
    /// The instances, by id.
    pub instances: Vec<Instance>,
    /// The actions, in file order, those outside the run included.
    pub actions: Vec<Action>,
    /// What is known to be paid for terms that are not over, for each instance by their start.
    pub orders: Orders,
    /// The vouchers that actions grant.
    pub grants: Vec<Voucher>,
    /// Days on which banks do not work, besides Saturdays and Sundays.
    pub holidays: BTreeSet<Day>,
    /// What months may cost. No replay looks at it.
    pub budgets: Vec<Budget>,
    /// What other currencies are worth. No replay looks at it.
    pub rates: Vec<Rate>,
    /// The texts of the instances' labels.
    pub labels: Labels,
    /// The keys of the instances' tags.
    pub tag_keys: Vec<Box<str>>,
}

impl Book {
    /// The account with this number.
    pub fn account(&self, index: AccountIndex) -> &Account {
        &self.accounts[index.0 as usize]
    }

    /// The instance with this number.
    pub fn instance(&self, index: InstanceIndex) -> &Instance {
        &self.instances[index.0 as usize]
    }

    /// The action with this number.
    pub fn action(&self, index: ActionIndex) -> &Action {
        &self.actions[index.0 as usize]
    }

    /// The voucher that an action grants.
    pub fn grant(&self, index: GrantIndex) -> &Voucher {
        &self.grants[index.0 as usize]
    }

    /// The profile with this number.
    pub fn profile(&self, index: ProfileIndex) -> &Profile {
        &self.profiles[index.0 as usize]
    }

    /// The default profile.
    pub fn default_profile(&self) -> &Profile {
        self.profile(self.default_profile)
    }

    /// The numbers of all accounts, in order.
    pub fn account_indexes(&self) -> impl Iterator<Item = AccountIndex> {
        (0u32..).map(AccountIndex).take(self.accounts.len())
    }

    /// All instances with their numbers, in order.
    pub fn numbered_instances(&self) -> impl Iterator<Item = (InstanceIndex, &Instance)> {
        (0u32..).map(InstanceIndex).zip(&self.instances)
    }

    /// The account with this id.
    pub fn find_account(&self, id: &str) -> Option<AccountIndex> {
        let at = self
            .accounts
            .binary_search_by(|account| account.id.as_str().cmp(id))
            .ok()?;
        u32::try_from(at).ok().map(AccountIndex)
    }

    /// The instance with this id.
    pub fn find_instance(&self, id: &str) -> Option<InstanceIndex> {
        let at = self
            .instances
            .binary_search_by(|instance| instance.id.as_str().cmp(id))
            .ok()?;
        u32::try_from(at).ok().map(InstanceIndex)
    }

    /// The column of the inventory with this name, such as `region` or `tag:team`.
    pub fn column(&self, name: &str) -> Option<Column> {
        Column::named(name).or_else(|| {
            let key = name.strip_prefix("tag:")?;
            let tag = self.tag_keys.iter().position(|known| **known == *key);
            tag.map(Column::Tag)
        })
    }

    /// The text of an instance's cell as the book has it at its opening; none where it is empty.
    pub fn cell_text(&self, instance: &Instance, column: Column) -> Option<String> {
        let label = |label: Label| self.labels.label_text(label).to_owned();
        let day = |day: Day| day.to_string();
        let labels = &instance.labels;
        let reclaimed = instance.state == Some(State::Reclaimed);
        match column {
            Column::InstanceId => Some(instance.id.to_string()),
            Column::AccountId => Some(self.account(instance.account).id.to_string()),
            Column::Product => Some(label(labels.product)),
            Column::InstanceType => labels.instance_type.map(label),
            Column::Region => labels.region.map(label),
            Column::Zone => labels.zone.map(label),
            Column::Project => labels.project.map(label),
            Column::Name => labels.name.map(label),
            Column::Tag(tag) => labels.tags.get(tag).copied().flatten().map(label),
            Column::ChargeType => Some(instance.charge_type.name().to_owned()),
            Column::RenewFlag => Some(instance.renew_flag.name().to_owned()),
            Column::RenewMonths => Some(instance.renew_months.to_string()),
            Column::MonthlyPrice => instance.monthly_price.map(|price| price.to_string()),
            Column::HourlyPrice => instance.hourly_price.map(|price| price.to_string()),
            Column::StartsOn => instance.starts_on.map(day),
            Column::ExpiresOn => instance.expires_on.map(day),
            Column::AnchorDay => instance.anchor_day.map(|day| day.to_string()),
            Column::State => instance.state.map(|state| state.name().to_owned()),
            Column::Since => instance.since.map(day),
            Column::Priority => instance.priority.map(|priority| priority.to_string()),
            Column::Returned => (instance.returned && reclaimed).then(|| "true".to_owned()),
            Column::StoppedBy => (instance.state == Some(State::Stopped))
                .then(|| instance.stopped_by.name().to_owned()),
            Column::BilledHours => count_text(instance.billed_hours),
            Column::Downgrades => count_text(instance.downgrades),
        }
    }

    /// Whether a tag says that an instance is production (`docs/spec/input.md`, **production-manual**).
    pub fn is_production(&self, instance: &Instance) -> bool {
        let value = |label: &Option<Label>| label.map(|label| self.labels.label_text(label));
        let mut tags = self
            .tag_keys
            .iter()
            .zip(instance.labels.tags.iter().map(value));
        tags.any(|(key, value)| value.is_some_and(|value| instance::is_production(key, value)))
    }

    /// More cash than any account can need during the run, and little enough to be added to what it holds; none where the
    /// amounts of the book leave no room for that.
    pub fn ample_cash(&self) -> Option<Money> {
        let ample = i64::try_from(self.largest_movement())
            .ok()
            .filter(|ample| *ample < i64::MAX / 4);
        ample.map(Money::from_minor)
    }

    /// Takes days off the end of the run, where its amounts or terms are so large that a replay could not count them.
    pub fn shorten(&mut self) {
        while self.days.len() > 1
            && (self.largest_movement() > i128::from(i64::MAX) || !self.terms_end_in_time())
        {
            let half =
                i32::try_from(self.days.len() / 2).expect("a run has fewer days than the calendar");
            self.days.to = self.days.from + (half - 1);
        }
    }

    /// An upper bound, in minor units, of what any account can hold or owe during the run.
    ///
    /// It adds the opening amounts, the amounts of all actions, every hour of every instance, every month that
    /// auto-renewals can pay for, a longest term for every instance that an action can renew, all months up to the last
    /// expiry for every instance that an action can resize, and what an order can have used for every instance whose order an
    /// action prices.
    /// Rule **bounded-book**.
    pub fn largest_movement(&self) -> i128 {
        let count = |n: usize| i128::try_from(n).expect("a count fits into 128 bits");
        let (days, instances) = (count(self.days.len()), count(self.instances.len()));
        let longest = self
            .profiles
            .iter()
            .filter_map(|profile| profile.renew_periods.last())
            .max();
        let longest = i128::from(longest.copied().unwrap_or(1));
        let renewed_months = days / SHORTEST_MONTH + i128::from(LEAD_MONTHS) + longest;
        let reached = |action: &Action| if action.is_selective() { instances } else { 1 };
        let acted: i128 = self.actions.iter().map(reached).sum();
        let resizes = self
            .actions
            .iter()
            .filter(|action| matches!(action.verb, Verb::Resize(..)));
        let resized: i128 = resizes.map(reached).sum();
        let extremes = self.extremes();
        let paid_months =
            self.months_up_to(extremes.last_expiry) + renewed_months + acted * longest;
        let (month, hour) = (
            self.dearest(extremes.monthly_price),
            self.dearest(extremes.hourly_price),
        );
        let renewals =
            month * (instances * renewed_months + acted * longest + resized * paid_months);
        let usage = hour * instances * days * 24;
        let prices_order = |action: &&Action| {
            matches!(
                action.verb,
                Verb::Terminate | Verb::ToPostpaid(_) | Verb::Resize(..)
            )
        };
        let priced: i128 = self.actions.iter().filter(prices_order).map(reached).sum();
        let used = priced
            * (month * self.months_since_first_order() + hour * i128::from(LONGEST_MONTH) * 24);
        self.opening_amounts() + self.action_amounts() + renewals + usage + used
    }

    /// Months from the start of the first known order to the end of the run, at least.
    fn months_since_first_order(&self) -> i128 {
        let starts = self
            .orders
            .as_slice()
            .iter()
            .map(|(_, order)| order.term.start);
        let first = starts
            .min()
            .map_or(self.days.from, |start| start.min(self.days.from));
        i128::from(self.days.to.days_since(first)) / SHORTEST_MONTH + 1
    }

    /// Whether every term that the run can pay for ends on a day that a book can name.
    ///
    /// An auto-renewal comes near its expiry. The bound adds the renewals that people plan, to the instance that they name
    /// or to every one that a selector can mean.
    pub fn terms_end_in_time(&self) -> bool {
        let mut of_one: BTreeMap<InstanceIndex, i64> = BTreeMap::new();
        let mut of_any = 0;
        for action in &self.actions {
            let months = match action.verb {
                Verb::Renew(months) | Verb::ToPrepaid(months, _) => i64::from(months),
                Verb::RenewUntil(_) => 2,
                _ => continue,
            };
            match &action.target {
                Target::Instance(instance) => *of_one.entry(*instance).or_default() += months,
                Target::Where(_) => of_any += months,
                Target::Account | Target::UnknownInstance(_) => {}
            }
        }
        let longest = self
            .profiles
            .iter()
            .filter_map(|profile| profile.renew_periods.last())
            .max();
        let by_itself = longest.map_or(1, |months| i64::from(*months)) + LEAD_MONTHS;
        let in_time = |expiry: Option<Day>, planned: i64| {
            let left = |day: Day| i64::from(Day::LAST.days_since(day)) / LONGEST_MONTH;
            left(expiry.unwrap_or(self.days.to)) >= planned
                && left(self.days.to) >= planned + by_itself
        };
        let of_one = of_one
            .into_iter()
            .map(|(number, months)| (self.instance(number).expires_on, months));
        let mut planned = of_one.map(|(expiry, months)| (expiry, months + of_any));
        self.instances.is_empty()
            || (in_time(self.extremes().last_expiry, of_any)
                && planned.all(|(expiry, months)| in_time(expiry, months)))
    }

    /// Months from the first day of the run to the last expiry of the inventory, at least.
    fn months_up_to(&self, last: Option<Day>) -> i128 {
        last.map_or(0, |last| {
            i128::from(last.days_since(self.days.from)).max(0) / SHORTEST_MONTH + 1
        })
    }

    fn extremes(&self) -> Extremes {
        let of_some = |some: &[Instance]| Extremes {
            monthly_price: some
                .iter()
                .filter_map(|one| one.monthly_price.as_ref())
                .max()
                .copied(),
            hourly_price: some
                .iter()
                .filter_map(|one| one.hourly_price.as_ref())
                .max()
                .copied(),
            last_expiry: some.iter().filter_map(|one| one.expires_on).max(),
        };
        self.instances
            .par_chunks(SHARE)
            .map(of_some)
            .collect::<Vec<_>>()
            .into_iter()
            .fold(Extremes::default(), Extremes::max)
    }

    fn opening_amounts(&self) -> i128 {
        let amounts = self.accounts.iter().flat_map(|account| {
            let funds = &account.funds;
            [
                funds.cash,
                funds.free_credit,
                funds.frozen,
                funds.credit_limit,
            ]
        });
        let paid = self.orders.as_slice().iter().map(|(_, order)| order.paid());
        amounts
            .chain(paid)
            .map(|money| i128::from(money.minor()).abs())
            .sum()
    }

    fn action_amounts(&self) -> i128 {
        self.actions
            .iter()
            .filter_map(Action::amount)
            .map(|money| i128::from(money.minor()))
            .sum()
    }

    /// The dearest price of the run in minor units, those of actions and discount factors above one included.
    fn dearest(&self, listed: Option<Price>) -> i128 {
        let Some(price) = listed.max(self.actions.iter().filter_map(Action::price).max()) else {
            return 0;
        };
        let factors = self
            .profiles
            .iter()
            .flat_map(|profile| profile.discounts.iter().map(|(_, factor)| *factor));
        let factor = factors
            .max()
            .map_or(Factor::ONE, |factor| factor.max(Factor::ONE));
        let finest = self
            .accounts
            .iter()
            .map(|account| account.currency)
            .max_by_key(|currency| currency.digits());
        let share = Share {
            factor,
            ..Share::ONCE
        };
        let charge = price.charge(finest.unwrap_or(self.currency), share, Rounding::HalfUp);
        i128::from(charge.minor()) + 1
    }
}

/// The dearest prices and the last expiry among instances.
#[derive(Clone, Copy, Default)]
struct Extremes {
    monthly_price: Option<Price>,
    hourly_price: Option<Price>,
    last_expiry: Option<Day>,
}

impl Extremes {
    fn max(self, other: Self) -> Self {
        Self {
            monthly_price: self.monthly_price.max(other.monthly_price),
            hourly_price: self.hourly_price.max(other.hourly_price),
            last_expiry: self.last_expiry.max(other.last_expiry),
        }
    }
}

/// A count as a cell; zero is an empty one.
fn count_text(count: u32) -> Option<String> {
    (count > 0).then(|| count.to_string())
}
