//! Phase 2: purchases and starts of the day, then its actions in file order (`docs/spec/replay.md`).

use super::PlannedStep;
use super::account_state::AccountState;
use super::change::InstanceChange;
use super::instances::{Instances, Position};
use super::renewal::PricedRenewal;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::account::Movement;
use crate::model::action::{ActionIndex, Target, Verb};
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use crate::model::selector::Selector;

impl<'b> AccountState<'b> {
    pub(super) fn act(&mut self, day: Day) {
        for at in 0..self.instances.due.len() {
            let position = self.instances.due[at];
            if self.instances[position].state.is_none() {
                self.begin(position, day);
            }
        }
        while let Some(action) = self.take_action(day) {
            self.carry_out(action, day);
        }
        for step in self.steps.remove(&day).into_iter().flatten() {
            self.try_step(step, day);
        }
    }

    /// What a plan adds to the day.
    fn try_step(&mut self, step: PlannedStep, day: Day) {
        match step {
            PlannedStep::Receive(cash) => {
                let movement = self.purse.receive_cash(cash);
                let row = Entry::begin_row(day, Event::TopUp);
                self.journal.append(row.moving(movement));
            }
            PlannedStep::Do(instance, verb) => match self.find_existing(instance) {
                Some(position) => self.apply(position, verb, None, day),
                None => {
                    let row = Entry::begin_row(day, Event::Rejected);
                    self.journal.append(row.because(Reason::UnknownInstance));
                }
            },
        }
    }

    fn find_existing(&self, instance: InstanceIndex) -> Option<Position> {
        let position = self.instances.position_of(instance)?;
        self.instances[position].state.map(|_| position)
    }

    /// Buys a prepaid instance or starts a postpaid one.
    fn begin(&mut self, position: Position, day: Day) {
        if self.instances[position].is_prepaid() {
            let mut change = self.change_instance(position, None, day);
            let purchased = change.purchase();
            change.write(purchased);
        } else {
            self.instances[position].state = Some(State::Running);
            self.instances.update_sets(position);
        }
    }

    fn carry_out(&mut self, index: ActionIndex, day: Day) {
        let book = self.book;
        let action = book.action(index);
        let names_account = action.account.is_some();
        let verb = action.verb;
        match &action.target {
            Target::Account => self.change_account(index, verb, day),
            Target::UnknownInstance(_) => self.reject(index, Reason::UnknownInstance, day),
            Target::Instance(instance) => match self.find_existing(*instance) {
                Some(position) => self.apply(position, verb, Some(index), day),
                None if names_account => self.reject(index, Reason::UnknownInstance, day),
                None => self.journal.unassigned.push(index),
            },
            Target::Where(selector) => {
                let matches = self.instances.in_order_of(selector, verb);
                if !matches.is_empty() {
                    self.journal.matched.push(index);
                } else if names_account {
                    self.reject(index, Reason::NoMatch, day);
                }
                for position in matches {
                    self.apply(position, verb, Some(index), day);
                }
            }
        }
    }

    fn change_account(&mut self, index: ActionIndex, verb: Verb, day: Day) {
        let (event, movement) = match verb {
            Verb::TopUp(cash) => (Event::TopUp, Some(self.purse.receive_cash(cash))),
            Verb::Credit(free_credit) => {
                let movement = Movement {
                    free_credit,
                    ..Movement::default()
                };
                (Event::Credit, Some(self.purse.receive(movement)))
            }
            Verb::SetCreditLimit(limit) => {
                self.purse.set_credit_limit(limit);
                (Event::CreditLimitSet, None)
            }
            Verb::Voucher(grant) => {
                self.purse.vouchers.push(self.book.grant(grant).clone());
                (Event::VoucherGranted, None)
            }
            _ => unreachable!("a reader gives every other action an instance or a selector"),
        };
        self.journal.append(Entry {
            action: Some(index),
            movement,
            ..Entry::begin_row(day, event)
        });
    }

    /// Rejects an action that concerns no instance.
    fn reject(&mut self, index: ActionIndex, reason: Reason, day: Day) {
        self.journal.append(Entry {
            action: Some(index),
            ..Entry::begin_row(day, Event::Rejected).because(reason)
        });
    }

    /// Does something with an instance that exists, or writes down why not.
    fn apply(&mut self, position: Position, verb: Verb, action: Option<ActionIndex>, day: Day) {
        self.instances.make_due(position);
        let mut change = self.change_instance(position, action, day);
        let changed = change.carry_out(verb);
        change.write(changed);
    }

    /// What may change when something is done with an instance on a day.
    pub(super) fn change_instance(
        &mut self,
        position: Position,
        action: Option<ActionIndex>,
        day: Day,
    ) -> InstanceChange<'_, 'b> {
        InstanceChange {
            purse: &mut self.purse,
            instances: &mut self.instances,
            journal: &mut self.journal,
            returns: &mut self.returns,
            refusal: &mut self.refusal,
            position,
            day,
            action,
        }
    }
}

impl Instances<'_> {
    /// The matches of a selector in the order in which an action takes them: prepaid ones as they would be charged, then
    /// postpaid ones by id. What is terminated is never meant.
    fn in_order_of(&self, selector: &Selector, verb: Verb) -> Vec<Position> {
        let matches = self.positions().filter(|position| {
            let state = self[*position].state;
            state.is_some_and(|state| state != State::Terminated)
                && self.matches(*position, selector)
        });
        let (prepaid, postpaid): (Vec<_>, Vec<_>) =
            matches.partition(|position| self[*position].is_prepaid());
        let priced = prepaid.into_iter().map(|position| PricedRenewal {
            position,
            price: self.price_of(position, verb),
        });
        let mut priced: Vec<PricedRenewal> = priced.collect();
        self.put_in_charge_order(&mut priced);
        let prepaid = priced.into_iter().map(|one| one.position);
        prepaid.chain(postpaid).collect()
    }

    /// The price that orders the matches of a selector.
    fn price_of(&self, position: Position, verb: Verb) -> Money {
        match (verb, self[position].expires()) {
            (Verb::Renew(months), _) => self.tariff(position).renewal(months),
            (Verb::RenewUntil(asked), Some(expires)) => {
                let tariff = self.tariff(position);
                tariff.price_of_days(tariff.unified_term(expires, asked).days())
            }
            _ => self[position].renewal,
        }
    }
}
