//! What every book keeps, whoever makes it: the rules that a replay relies on, each with the error that names it. Readers of
//! files check most of them cell by cell, where they know the place; nothing here knows a file.

use super::Book;
use crate::model::action::{Action, Target, Verb};
use crate::model::calendar::{Day, DayRange};
use crate::model::id::{AccountId, InstanceId};
use crate::model::instance::{ChargeType, Instance, State};
use crate::model::order::Order;

/// Why a book cannot be replayed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BookError {
    /// The last day lies before the first one, or after the last day of any run.
    #[error("a run from {} to {} is not possible", .0.from, .0.to)]
    ImpossibleDays(DayRange),
    /// Two accounts have one id, or they are not in the order of their ids.
    #[error("duplicate account `{0}`, or accounts not in the order of their ids")]
    DuplicateAccount(AccountId),
    /// Two instances have one id, or they are not in the order of their ids.
    #[error("duplicate instance `{0}`, or instances not in the order of their ids")]
    DuplicateInstance(InstanceId),
    /// An instance names an account that the book does not have.
    #[error("there is no account `{0}`")]
    UnknownAccount(Box<str>),
    /// An instance names an account or a profile by a number that the book does not have.
    #[error("`{0}` has an account or a profile that the book does not have")]
    UnknownNumber(InstanceId),
    /// An instance has not a label for each tag of the book.
    #[error("`{0}` has not one tag for each tag of the book")]
    WrongTags(InstanceId),
    /// An instance has no price of its charge type.
    #[error("`{0}` has no price of its charge type")]
    MissingPrice(InstanceId),
    /// The profile does not offer the months of an instance's renewals.
    #[error("the profile of `{0}` does not offer its months of renewal")]
    PeriodNotOffered(InstanceId),
    /// State, dates and charge type of an instance contradict each other.
    #[error("state, dates and charge type of `{0}` contradict each other")]
    ImpossibleState(InstanceId),
    /// The anchor day of an instance is not one on which its term ends.
    #[error("the term of `{0}` does not end on its anchor day")]
    BadAnchor(InstanceId),
    /// The terms of an instance's orders overlap, or end after its expiry or before they begin.
    #[error("an order of `{0}` contradicts its instance or another order")]
    BadOrder(InstanceId),
    /// An action about an account names none, or one about instances names none.
    #[error("`{}` on {} names nothing that it can be about", .0.verb.name(), .0.date)]
    MisdirectedAction(Box<Action>),
    /// Sums of amounts could leave 64 bits of minor units.
    #[error("the amounts of this book could add up to more than 64 bits of minor units")]
    AmountsTooLarge,
    /// Terms could end after the calendar.
    #[error("the renewals of this book could end after {last}", last = Day::LAST)]
    TermsTooLong,
}

impl Book {
    /// Checks the rules that a replay relies on.
    ///
    /// # Errors
    /// The first rule that the book breaks.
    pub fn check(&self) -> Result<(), BookError> {
        if self.days.is_empty() || self.days.to > DayRange::latest_end() {
            return Err(BookError::ImpossibleDays(self.days));
        }
        if let Some(pair) = self
            .accounts
            .windows(2)
            .find(|pair| pair[0].id >= pair[1].id)
        {
            return Err(BookError::DuplicateAccount(pair[1].id.clone()));
        }
        let mut pairs = self.instances.windows(2);
        if let Some(pair) = pairs.find(|pair| pair[0].id >= pair[1].id) {
            return Err(BookError::DuplicateInstance(pair[1].id.clone()));
        }
        for instance in &self.instances {
            self.check_instance(instance)?;
        }
        self.check_orders()?;
        if let Some(action) = self.actions.iter().find(|action| !self.is_directed(action)) {
            return Err(BookError::MisdirectedAction(Box::new(action.clone())));
        }
        self.check_size()
    }

    /// Checks that amounts and dates of the run stay within what can be counted.
    ///
    /// # Errors
    /// [`BookError::AmountsTooLarge`] or [`BookError::TermsTooLong`].
    pub fn check_size(&self) -> Result<(), BookError> {
        if self.largest_movement() > i128::from(i64::MAX) {
            return Err(BookError::AmountsTooLarge);
        }
        if !self.terms_end_in_time() {
            return Err(BookError::TermsTooLong);
        }
        Ok(())
    }

    fn check_instance(&self, instance: &Instance) -> Result<(), BookError> {
        let profile = self.profiles.get(instance.profile.0 as usize);
        let Some(profile) = profile.filter(|_| (instance.account.0 as usize) < self.accounts.len())
        else {
            return Err(BookError::UnknownNumber(instance.id.clone()));
        };
        if instance.labels.tags.len() != self.tag_keys.len() {
            return Err(BookError::WrongTags(instance.id.clone()));
        }
        if instance.price().is_none() && instance.state != Some(State::Terminated) {
            return Err(BookError::MissingPrice(instance.id.clone()));
        }
        if !profile.renew_periods.contains(&instance.renew_months) {
            return Err(BookError::PeriodNotOffered(instance.id.clone()));
        }
        if !self.is_possible(instance) {
            return Err(BookError::ImpossibleState(instance.id.clone()));
        }
        let anchored = instance.expires_on.or(instance.starts_on);
        match (instance.charge_type, anchored, instance.anchor_day) {
            (ChargeType::Prepaid, Some(day), Some(anchor)) if day.falls_on(anchor) => Ok(()),
            (ChargeType::Prepaid, _, _) => Err(BookError::BadAnchor(instance.id.clone())),
            (ChargeType::Postpaid, _, _) => Ok(()),
        }
    }

    /// Whether an instance can stand so on the first day: **states**, **given-state**.
    fn is_possible(&self, instance: &Instance) -> bool {
        let from = self.days.from;
        let [is_expired, is_since_before] =
            [instance.expires_on, instance.since].map(|day| day.is_some_and(|day| day < from));
        let Some(state) = instance.state else {
            let is_bought = instance.starts_on.is_some_and(|start| start >= from);
            return is_bought && instance.expires_on.is_none() && instance.since.is_none();
        };
        let is_prepaid = instance.charge_type == ChargeType::Prepaid;
        if is_prepaid != instance.expires_on.is_some() {
            return false;
        }
        match state {
            State::Overdue => is_prepaid && is_expired,
            State::Reclaimed => is_prepaid && is_since_before,
            State::Stopped => !is_prepaid && is_since_before,
            State::Running | State::Terminated => instance.since.is_none(),
        }
    }

    fn check_orders(&self) -> Result<(), BookError> {
        let mut before: Option<(_, Order)> = None;
        for &(number, order) in self.orders.as_slice() {
            let instance = self.instance(number);
            let overlaps = before.is_some_and(|(other, earlier)| {
                other == number && order.term.start < earlier.term.end
            });
            let fits = order.term.start < order.term.end
                && instance
                    .expires_on
                    .is_some_and(|expiry| order.term.end <= expiry);
            if overlaps || !fits {
                return Err(BookError::BadOrder(instance.id.clone()));
            }
            before = Some((number, order));
        }
        Ok(())
    }

    fn is_directed(&self, action: &Action) -> bool {
        let is_granted = match action.verb {
            Verb::Voucher(grant) => (grant.0 as usize) < self.grants.len(),
            _ => true,
        };
        let names_account = action.target == Target::Account;
        let is_about_account = action.verb.kind().is_about_account();
        is_granted
            && is_about_account == names_account
            && (!names_account || action.account.is_some())
    }
}
