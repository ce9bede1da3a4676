//! One account's part of the replay: its funds, and its instances as rows of numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlannedStep, Refusal, ReplayOptions};
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Balance, Basis, Entry, Shortfall};
use crate::engine::lifecycle::DayStatus;
use crate::model::account::{AccountIndex, Funds, Movement, Returns};
use crate::model::action::ActionIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::{Currency, Money, Price};
use crate::model::order::{Order, Term};
use crate::model::profile::{Profile, ProfileIndex};
use crate::model::voucher::Voucher;

/// The number of an instance on its desk; numbers follow the ids.
pub(super) type Position = u32;

/// What decides on the days of an instance: no more than one line of a processor's cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct InstanceState {
    pub instance: InstanceIndex,
    pub profile: ProfileIndex,
    pub charge_type: ChargeType,
    /// None before its purchase or start, and after a refused purchase.
    pub state: Option<State>,
    pub flag: RenewFlag,
    /// Of a prepaid instance that exists.
    pub expires: Day,
    /// The day of the month that sticky terms come back to.
    pub anchor: u8,
    pub returned: bool,
    pub stopped_by: StoppedBy,
    months: u16,
    /// The payment for its last term, if that is known; what is known of terms before it is with the desk.
    pub order: Option<Order>,
    /// What its next auto-renewal costs.
    pub renewal: Money,
    /// The next day on which it must be looked at, one after the run if there is none; an agenda entry for another day is
    /// outdated.
    pub wake: Day,
}

const _: () = assert!(
    size_of::<InstanceState>() == 64,
    "what decides on an instance fits into a line"
);

/// What else is known of an instance, and seldom looked at.
#[derive(Clone, Debug)]
pub(super) struct InstanceDetails {
    pub monthly: Option<Price>,
    pub hourly: Option<Price>,
    /// What an hour of the first tier costs.
    pub hour: Money,
    /// The day of reclaiming or stopping, while reclaimed or stopped.
    pub since: Day,
    pub instance_type: Option<Label>,
    /// Hours billed so far, which decide the tier.
    pub billed_hours: u32,
    pub downgrades: u32,
}

impl InstanceDetails {
    fn details_of(book: &Book, instance: &Instance) -> Self {
        Self {
            monthly: instance.monthly_price,
            hourly: instance.hourly_price,
            hour: Money::ZERO,
            since: instance.since.unwrap_or(book.days.from),
            instance_type: instance.labels.instance_type,
            billed_hours: instance.billed_hours,
            downgrades: instance.downgrades,
        }
    }

    /// Counts hours that were billed.
    pub(super) fn count_billed(&mut self, hours: u8) {
        self.billed_hours = self.billed_hours.saturating_add(u32::from(hours));
    }
}

impl InstanceState {
    fn at_opening(book: &Book, index: InstanceIndex) -> Self {
        let instance = book.instance(index);
        let mut unit = Self {
            instance: index,
            profile: instance.profile,
            charge_type: instance.charge_type,
            state: instance.state,
            flag: instance.renew_flag,
            expires: instance.expires_on.unwrap_or(book.days.from),
            anchor: instance.anchor_day.unwrap_or(1),
            returned: instance.returned,
            stopped_by: instance.stopped_by,
            months: 0,
            order: book.orders.of_instance(index).next_back().copied(),
            renewal: Money::ZERO,
            wake: book.days.to.tomorrow(),
        };
        unit.set_months(instance.renew_months);
        unit
    }

    /// Months of its next auto-renewal.
    pub(super) fn months(&self) -> u32 {
        u32::from(self.months)
    }

    pub(super) fn set_months(&mut self, months: u32) {
        self.months = u16::try_from(months).expect("a term has at most 1200 months");
    }

    pub(super) fn is_prepaid(&self) -> bool {
        self.charge_type == ChargeType::Prepaid
    }

    /// Whether it is prepaid and usable: running or overdue.
    pub(super) fn is_usable_prepaid(&self) -> bool {
        self.is_prepaid() && matches!(self.state, Some(State::Running | State::Overdue))
    }

    /// Days from its expiry to `day`, negative before it.
    pub(super) fn after_expiry(&self, day: Day) -> i32 {
        day.days_since(self.expires)
    }

    pub(super) fn is_stopped_by(&self, who: StoppedBy) -> bool {
        self.state == Some(State::Stopped) && self.stopped_by == who
    }

    /// Whether its hours are billed.
    fn is_charged(&self, profile: &Profile) -> bool {
        let running = self.state == Some(State::Running) && !self.is_prepaid();
        running || (profile.bill_while_stopped && self.is_stopped_by(StoppedBy::Arrears))
    }
}

/// What an account brings to its desk.
pub(super) struct AccountInput {
    pub account: AccountIndex,
    /// What the replay gives it that the book does not.
    pub means: ReplayOptions,
    pub instances: Vec<InstanceIndex>,
    pub actions: Vec<ActionIndex>,
}

/// One account's part of the replay.
#[derive(Clone)]
pub(super) struct AccountState<'b> {
    pub book: &'b Book,
    pub account: AccountIndex,
    pub currency: Currency,
    pub funds: Funds,
    pub alert_days: u32,
    pub arrears_hours: Option<u32>,
    pub units: Vec<InstanceState>,
    pub details: Vec<InstanceDetails>,
    pub vouchers: Vec<Voucher>,
    pub returns: Vec<Returns>,
    /// Payments for terms that are followed by that of the unit's own order.
    pub earlier_orders: BTreeMap<Position, Vec<Order>>,
    /// Postpaid instances whose hours are billed.
    pub charged: BTreeSet<Position>,
    /// Postpaid instances that arrears stopped.
    pub stopped: BTreeSet<Position>,
    /// The instances that the present day must look at, ascending.
    pub awake: Vec<Position>,
    /// Room for the instances that are due on a day, with their prices.
    pub due: Vec<(Position, Money)>,
    pub entries: Vec<Entry>,
    pub homeless: Vec<Entry>,
    pub matched: Vec<ActionIndex>,
    pub balances: Vec<Balance>,
    pub refusal: Option<Refusal>,
    /// What a plan adds, by day.
    pub steps: BTreeMap<Day, Vec<PlannedStep>>,
    /// The least sum more with which a decision would have been another one.
    pub narrowest: Option<Money>,
    /// Whether what nobody decided to end is renewed and started (`docs/spec/answer.md`, **all-kept**).
    pub keeps: bool,
    /// Whether something was not renewed or started that would have been, were everything kept.
    pub lets_lapse: bool,
    opening: Money,
    moved: Money,
    /// With their days.
    actions: std::iter::Peekable<std::vec::IntoIter<(Day, ActionIndex)>>,
    pub replayed: Day,
    noted: Balance,
}

impl<'b> AccountState<'b> {
    pub(super) fn open_account(book: &'b Book, papers: AccountInput) -> Self {
        let AccountInput {
            account,
            means,
            instances,
            actions,
        } = papers;
        let opened = book.account(account);
        let funds = Funds {
            cash: opened.funds.cash + means.gift,
            ..opened.funds
        };
        let eve = book.days.from.yesterday();
        let mut desk = Self {
            book,
            account,
            currency: opened.currency,
            funds,
            alert_days: opened.alert_days,
            arrears_hours: opened.arrears_hours,
            units: instances
                .iter()
                .map(|instance| InstanceState::at_opening(book, *instance))
                .collect(),
            details: instances
                .iter()
                .map(|instance| InstanceDetails::details_of(book, book.instance(*instance)))
                .collect(),
            vouchers: opened.vouchers.clone(),
            returns: opened.returns.clone(),
            earlier_orders: BTreeMap::new(),
            charged: BTreeSet::new(),
            stopped: BTreeSet::new(),
            awake: Vec::new(),
            due: Vec::new(),
            entries: Vec::new(),
            homeless: Vec::new(),
            matched: Vec::new(),
            balances: Vec::new(),
            refusal: None,
            steps: BTreeMap::new(),
            narrowest: None,
            keeps: means.keeps,
            lets_lapse: false,
            opening: funds.settled(),
            moved: Money::ZERO,
            actions: actions
                .into_iter()
                .map(|action| (book.action(action).date, action))
                .collect::<Vec<_>>()
                .into_iter()
                .peekable(),
            replayed: eve,
            noted: balance_of(account, &funds, eve),
        };
        for position in desk.positions() {
            desk.reprice(position);
            desk.file_earlier_orders(position);
            desk.file_postpaid(position);
            desk.lets_lapse |= desk.is_lapsed(position);
        }
        desk
    }

    pub(super) fn positions(&self) -> std::ops::Range<Position> {
        0..Position::try_from(self.units.len()).expect("a book numbers its instances in 32 bits")
    }

    pub(super) fn unit(&self, position: Position) -> &InstanceState {
        &self.units[position as usize]
    }

    pub(super) fn unit_mut(&mut self, position: Position) -> &mut InstanceState {
        &mut self.units[position as usize]
    }

    pub(super) fn details(&self, position: Position) -> &InstanceDetails {
        &self.details[position as usize]
    }

    pub(super) fn details_mut(&mut self, position: Position) -> &mut InstanceDetails {
        &mut self.details[position as usize]
    }

    /// Computes what the instance's prices and months cost now.
    pub(super) fn reprice(&mut self, position: Position) {
        let (profile, currency) = (self.profile(position), self.currency);
        let months = self.unit(position).months();
        let details = self.details_mut(position);
        let hour = details
            .hourly
            .map(|price| charge::tiered_hour(profile, currency, price, 0));
        let renewal = details
            .monthly
            .map(|price| charge::renewal(profile, currency, price, months));
        details.hour = hour.unwrap_or(Money::ZERO);
        self.unit_mut(position).renewal = renewal.unwrap_or(Money::ZERO);
    }

    /// Where an instance stands; none where it does not exist.
    #[inline]
    pub(super) fn standing(&self, position: Position) -> Option<DayStatus> {
        let unit = self.unit(position);
        Some(DayStatus {
            charge_type: unit.charge_type,
            state: unit.state?,
            flag: unit.flag,
            expires: unit.expires,
            anchor: unit.anchor,
            since: self.details(position).since,
            returned: unit.returned,
            stopped_by: unit.stopped_by,
        })
    }

    /// The day on which an instance is terminated, if its retention has begun.
    pub(super) fn release_day(&self, position: Position) -> Option<Day> {
        let kept = matches!(
            self.unit(position).state,
            Some(State::Stopped | State::Reclaimed)
        );
        let standing = kept.then(|| self.standing(position)).flatten()?;
        standing.release_day(self.profile(position))
    }

    /// The rules that the instance follows.
    pub(super) fn profile(&self, position: Position) -> &'b Profile {
        self.book.profile(self.unit(position).profile)
    }

    pub(super) fn listed(&self, position: Position) -> &'b Instance {
        self.book.instance(self.unit(position).instance)
    }

    pub(super) fn noted_balance(&self) -> Balance {
        self.noted
    }

    pub(super) fn opening_and_moved(&self) -> (Money, Money) {
        (self.opening, self.moved)
    }

    /// Replays a day for which these instances wait, ascending.
    pub(super) fn replay(&mut self, day: Day, positions: impl Iterator<Item = Position>) {
        self.let_pass(day.yesterday());
        self.awake.clear();
        self.awake.extend(positions);
        self.replay_day(day);
        self.replayed = day;
        self.note_balance(day);
    }

    /// The days of the run on which people act.
    pub(super) fn days_of_actions(&self) -> impl Iterator<Item = Day> {
        self.actions.clone().map(|(day, _)| day)
    }

    /// Whether the account's balance moves by itself, so that every day counts.
    pub(super) fn is_restless(&self) -> bool {
        !self.charged.is_empty() || self.has_alert_to_give()
    }

    /// The day after those that have been replayed.
    pub(super) fn tomorrow(&self) -> Day {
        self.replayed.tomorrow()
    }

    /// The next day on which people act, or a plan does.
    pub(super) fn next_action(&mut self) -> Option<Day> {
        let action = self.actions.peek().map(|(day, _)| *day);
        action
            .into_iter()
            .chain(self.steps.keys().next().copied())
            .min()
    }

    /// Lets days pass on which nothing happens; only the arrears clock counts their hours.
    pub(super) fn let_pass(&mut self, until: Day) {
        let quiet_days = u32::try_from(until.days_since(self.replayed)).unwrap_or(0);
        if self.arrears_hours.is_some() && quiet_days > 0 {
            self.lack(-self.funds.available());
        }
        self.arrears_hours = self
            .arrears_hours
            .map(|hours| hours.saturating_add(24 * quiet_days));
        self.replayed = self.replayed.max(until);
    }

    /// Sets the months of an instance as its listing could have them.
    pub(super) fn set_months(&mut self, instance: InstanceIndex, months: u32) {
        let Ok(at) = self
            .units
            .binary_search_by_key(&instance, |unit| unit.instance)
        else {
            return;
        };
        self.units[at].set_months(months);
        self.reprice(Position::try_from(at).expect("a book numbers its instances in 32 bits"));
    }

    /// Gives the account so much more at its opening.
    pub(super) fn endow(&mut self, cash: Money) {
        self.funds.cash += cash;
        self.opening += cash;
        self.noted = balance_of(self.account, &self.funds, self.noted.date);
    }

    /// Notes that with so much more a decision would have been another one.
    pub(super) fn lack(&mut self, sum: Money) {
        if sum > Money::ZERO && self.narrowest.is_none_or(|narrowest| sum < narrowest) {
            self.narrowest = Some(sum);
        }
    }

    /// Lets the day look at an instance, too.
    pub(super) fn rouse(&mut self, position: Position) {
        if let Err(place) = self.awake.binary_search(&position) {
            self.awake.insert(place, position);
        }
    }

    /// The action of the day that is next in file order.
    pub(super) fn take_action(&mut self, day: Day) -> Option<ActionIndex> {
        self.actions
            .next_if(|(of_action, _)| *of_action == day)
            .map(|(_, action)| action)
    }

    /// Decides when the instance must be looked at after `day`, and gives that day where it is a new one.
    pub(super) fn plan(&mut self, position: Position, day: Day) -> Option<Day> {
        let last = self.book.days.to;
        let next = self.next_wake(position, day).unwrap_or(last.tomorrow());
        let before = std::mem::replace(&mut self.unit_mut(position).wake, next);
        (next <= last && next != before).then_some(next)
    }

    /// The first day after `day` on which the instance can start, renew, expire, be reclaimed, released or reminded of.
    fn next_wake(&self, position: Position, day: Day) -> Option<Day> {
        let unit = self.unit(position);
        let profile = self.profile(position);
        let tomorrow = day.tomorrow();
        let after_expiry = unit.after_expiry(tomorrow);
        let attempt = || {
            let attempt = profile
                .attempts
                .next(after_expiry)
                .filter(|_| unit.flag == RenewFlag::Auto);
            attempt.map(|attempt| unit.expires + attempt)
        };
        let usable = |end: Day| {
            let reminder = profile
                .next_remind_day(after_expiry)
                .filter(|_| unit.flag != RenewFlag::None);
            let reminder = reminder.map(|reminder| unit.expires + reminder);
            let end = end.max(tomorrow);
            let end = attempt().map_or(end, |attempt| end.min(attempt));
            Some(reminder.map_or(end, |reminder| end.min(reminder)))
        };
        match unit.state {
            None => self
                .listed(position)
                .starts_on
                .filter(|start| *start >= tomorrow),
            Some(State::Terminated) => None,
            Some(State::Stopped | State::Reclaimed) => {
                let release = self.release_day(position).map(|day| day.max(tomorrow));
                let renews = unit.is_prepaid() && profile.auto_renew_while_reclaimed;
                let kept = self.is_kept(position, tomorrow).then_some(tomorrow);
                release
                    .into_iter()
                    .chain(attempt().filter(|_| renews))
                    .chain(kept)
                    .min()
            }
            Some(State::Running) if !unit.is_prepaid() => None,
            Some(State::Running) => usable(unit.expires),
            Some(State::Overdue) if self.is_kept(position, tomorrow) => Some(tomorrow),
            Some(State::Overdue) => usable(unit.expires + profile.suspend_after_days),
        }
    }

    /// Keeps the sets of charged and stopped postpaid instances true after a change of state.
    pub(super) fn file_postpaid(&mut self, position: Position) {
        let unit = self.unit(position);
        let charged = unit.is_charged(self.profile(position));
        let stopped = unit.is_stopped_by(StoppedBy::Arrears);
        file(&mut self.charged, position, charged);
        file(&mut self.stopped, position, stopped);
    }

    fn note_balance(&mut self, day: Day) {
        let now = balance_of(self.account, &self.funds, day);
        let before = Balance {
            date: day,
            ..self.noted
        };
        if now != before {
            self.noted = now;
            self.balances.push(now);
        }
    }

    /// Moves funds and remembers the sum, which the audit holds against the balance.
    pub(super) fn move_funds(&mut self, movement: Movement) -> Movement {
        self.funds.apply(movement);
        self.moved += movement.amount();
        movement
    }

    /// Deducts an amount, free credit first.
    pub(super) fn deduct(&mut self, amount: Money) -> Movement {
        let movement = self.funds.deduct(amount);
        self.moved += movement.amount();
        movement
    }

    /// Writes a row of this account.
    pub(super) fn append_row(&mut self, row: NewRow) {
        let entry = Entry {
            date: row.date,
            account: Some(self.account),
            instance: row.position.map(|position| self.unit(position).instance),
            event: row.event,
            state: row
                .state
                .or_else(|| row.position.and_then(|position| self.unit(position).state)),
            term: row.term,
            hours: row.hours,
            movement: row.movement,
            balance: row.balance.unwrap_or_else(|| self.funds.settled()),
            reason: row.reason,
            action: row.action,
            basis: row.basis,
        };
        self.entries.push(entry);
    }
}

/// Makes a set hold a position or not.
fn file(set: &mut BTreeSet<Position>, position: Position, belongs: bool) {
    if belongs {
        set.insert(position);
    } else {
        set.remove(&position);
    }
}

fn balance_of(account: AccountIndex, funds: &Funds, date: Day) -> Balance {
    let available = funds.available();
    Balance {
        date,
        account,
        cash: funds.cash,
        free_credit: funds.free_credit,
        available,
    }
}

/// What a row says beyond the account's and the instance's present state.
pub(super) struct NewRow {
    date: Day,
    event: Event,
    position: Option<Position>,
    state: Option<State>,
    term: Option<Term>,
    hours: u8,
    movement: Option<Movement>,
    balance: Option<Money>,
    reason: Option<Reason>,
    action: Option<ActionIndex>,
    basis: Option<Basis>,
}

impl NewRow {
    pub(super) fn new(date: Day, event: Event) -> Self {
        Self {
            date,
            event,
            position: None,
            state: None,
            term: None,
            hours: 0,
            movement: None,
            balance: None,
            reason: None,
            action: None,
            basis: None,
        }
    }

    pub(super) fn at_position(self, position: Position) -> Self {
        Self {
            position: Some(position),
            ..self
        }
    }

    pub(super) fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    pub(super) fn by(self, action: Option<ActionIndex>) -> Self {
        Self { action, ..self }
    }

    pub(super) fn moving(self, movement: Movement) -> Self {
        Self {
            movement: Some(movement),
            ..self
        }
    }

    pub(super) fn paying_for(self, term: Term) -> Self {
        Self {
            term: Some(term),
            ..self
        }
    }

    /// Hours of usage; its state is that of the hours, running.
    pub(super) fn using(self, hours: u8) -> Self {
        Self {
            hours,
            state: Some(State::Running),
            ..self
        }
    }

    /// Hours of usage that are charged although the instance is stopped.
    pub(super) fn while_stopped(self, stopped: bool) -> Self {
        if stopped {
            Self {
                state: Some(State::Stopped),
                ..self
            }
        } else {
            self
        }
    }

    pub(super) fn short_of(self, shortfall: Shortfall) -> Self {
        self.based_on(Basis::Short(shortfall))
    }

    pub(super) fn based_on(self, basis: Basis) -> Self {
        Self {
            basis: Some(basis),
            ..self
        }
    }

    /// A movement that can be nothing, which then is no amount.
    pub(super) fn moving_if_any(self, movement: Movement) -> Self {
        let any = movement.amount() != Money::ZERO;
        if any { self.moving(movement) } else { self }
    }
}
