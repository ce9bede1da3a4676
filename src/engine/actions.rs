//! Phase 2: purchases and starts of the day, then its actions in file order (`docs/spec/replay.md`).

use super::PlannedStep;
use super::account_state::AccountState;
use super::change::{InstanceChange, Unchanged};
use super::instances::{Charge, Instances, PaidUntil, Position};
use super::renewal::DueRenewal;
use crate::engine::Refusal;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry};
use crate::model::account::Movement;
use crate::model::action::{ActionIndex, Target, Verb};
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::selector::Selector;

/// What is done with an instance on a day. Only a plan does it without an action of the book.
#[derive(Clone, Copy)]
struct InstanceAction {
    verb: Verb,
    action: Option<ActionIndex>,
    day: Day,
}

impl AccountState<'_> {
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
                Some(position) => {
                    let action = None;
                    self.apply(position, InstanceAction { verb, action, day });
                }
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
        let Self {
            purse,
            instances,
            journal,
            ..
        } = self;
        let instance = &instances[position];
        let Charge::Prepaid(paid) = instance.charge else {
            instances[position].state = Some(State::Running);
            return instances.update_sets(position);
        };
        let months = instance.months();
        let payment = match purse.payment(instance.renewal, instances.listed(position), day) {
            Ok(payment) => payment,
            Err(shortfall) => {
                let row = instances.begin_row(position, day, Event::Rejected);
                let row = row.because(Reason::InsufficientFunds);
                return journal.append(row.based_on(Basis::Short(shortfall)));
            }
        };
        let month_end = instances.profile(position).month_end;
        let end = month_end.add_months(day, months, paid.anchor);
        let term = Term {
            start: day,
            end,
            months,
        };
        let movement = purse.pay(payment);
        instances.remember_order(position, Order::paid_by(movement, term, true), day);
        instances[position].state = Some(State::Running);
        instances[position].charge = Charge::Prepaid(PaidUntil {
            expires: end,
            ..paid
        });
        let row = instances.begin_row(position, day, Event::Purchased);
        journal.append(row.moving(movement).paying_for(term));
    }

    fn carry_out(&mut self, index: ActionIndex, day: Day) {
        let book = self.book;
        let action = book.action(index);
        let names_account = action.account.is_some();
        let of_instance = InstanceAction {
            verb: action.verb,
            action: Some(index),
            day,
        };
        match &action.target {
            Target::Account => self.change_account(index, action.verb, day),
            Target::UnknownInstance(_) => self.reject(index, Reason::UnknownInstance, day),
            Target::Instance(instance) => match self.find_existing(*instance) {
                Some(position) => self.apply(position, of_instance),
                None if names_account => self.reject(index, Reason::UnknownInstance, day),
                None => self.journal.unassigned.push(index),
            },
            Target::Where(selector) => {
                let matches = self.instances.in_order_of(selector, action.verb);
                if !matches.is_empty() {
                    self.journal.matched.push(index);
                } else if names_account {
                    self.reject(index, Reason::NoMatch, day);
                }
                for position in matches {
                    self.apply(position, of_instance);
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
    fn apply(&mut self, position: Position, what: InstanceAction) {
        let InstanceAction { verb, action, day } = what;
        self.instances.make_due(position);
        let mut change = InstanceChange {
            purse: &mut self.purse,
            instances: &mut self.instances,
            journal: &mut self.journal,
            returns: &mut self.returns,
            position,
            day,
            action,
        };
        match change.carry_out(verb) {
            Ok(()) => {}
            Err(Unchanged::Rejected { reason, basis }) => {
                let row = change.begin_row(Event::Rejected).because(reason);
                self.journal.append(Entry { basis, ..row });
            }
            Err(Unchanged::PriceMissing(kind)) => {
                let action = action.expect("a plan tries out nothing that needs a further price");
                self.refusal.get_or_insert(Refusal::PriceMissing {
                    action,
                    instance: self.instances[position].instance,
                    date: day,
                    kind,
                });
            }
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
        let priced = prepaid.into_iter().map(|position| DueRenewal {
            position,
            price: self.price_of(position, verb),
        });
        let mut priced: Vec<DueRenewal> = priced.collect();
        self.put_in_charge_order(&mut priced);
        let prepaid = priced.into_iter().map(|one| one.position);
        prepaid.chain(postpaid).collect()
    }

    /// The price that orders the matches of a selector.
    fn price_of(&self, position: Position, verb: Verb) -> Money {
        let tariff = self.tariff(position);
        match (verb, self[position].expires()) {
            (Verb::Renew(months), _) => tariff.renewal(months),
            (Verb::RenewUntil(asked), Some(expires)) => {
                tariff.price_of_days(tariff.unified_term(expires, asked).days())
            }
            _ => self[position].renewal,
        }
    }
}
