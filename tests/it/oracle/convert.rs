//! `to_prepaid`, `to_postpaid` and `stop`: another charge type, and an instance that is switched off (docs/spec/money.md).

use chrono::Datelike;

use super::action::fact_and_note;
use super::day::Replay;
use super::ledger::Entry;
use super::number::Fraction;
use super::price::renewal_price;
use super::read::Action;
use super::state::{Instance, State};

impl Replay<'_> {
    /// The price of the first term; none where the instance has no monthly price, which stops the run.
    pub(crate) fn price_of_conversion(&self, index: usize, action: &Action) -> Option<i128> {
        let instance = &self.instances[index];
        let given = action.price.as_deref().map(Fraction::parse);
        let priced = Instance {
            monthly_price: given.or(instance.monthly_price),
            ..instance.clone()
        };
        priced.monthly_price?;
        let months = action.months.expect("`to_prepaid` has months");
        let digits = self.accounts[instance.account].digits;
        Some(renewal_price(&priced, months, digits, self.notes))
    }

    /// Paid from this day on like a purchase: `converted`, then `purchased` (**to-prepaid**).
    pub(crate) fn convert_to_prepaid(&mut self, index: usize, action: &Action) {
        let Some(price) = self.price_of_conversion(index, action) else {
            self.notes.reached("no_price/monthly-for-a-conversion");
            self.missing_price = true;
            return;
        };
        let (today, notes) = (self.today, self.notes);
        let months = action.months.expect("`to_prepaid` has months");
        notes.reached(
            match (
                self.instances[index].state,
                self.instances[index].stopped_by,
            ) {
                (State::Stopped, Some("user")) => "to_prepaid/stopped-by-people",
                (State::Stopped, _) => "to_prepaid/stopped-in-arrears",
                _ => "to_prepaid/running",
            },
        );
        notes.reached_if(action.price.is_some(), "to_prepaid/with-a-price");
        let instance = &mut self.instances[index];
        instance.prepaid = true;
        instance.monthly_price = action
            .price
            .as_deref()
            .map(Fraction::parse)
            .or(instance.monthly_price);
        instance.state = State::Running;
        instance.since = None;
        instance.stopped_by = None;
        instance.anchor = Some(today.day());
        let end = instance.months_after(today, months, notes);
        instance.expires_on = Some(end);
        self.converted(index, action, "PREPAID");
        let movement = self.pay(index, price);
        notes.reached_if(movement.voucher != 0, "voucher/for-a-conversion");
        self.add_order(index, (today, end), Some(months), movement);
        let entry = self.entry_of(index, "purchased");
        self.entries.push(Entry {
            term: Some((today, end)),
            months: Some(months),
            movement: Some(movement),
            detail: action.note.clone(),
            ..entry
        });
    }

    /// `converted`, then `refunded` where something comes back (**to-postpaid**).
    pub(crate) fn convert_to_postpaid(&mut self, index: usize, action: &Action) {
        let notes = self.notes;
        notes.reached(match self.instances[index].state {
            State::Overdue => "to_postpaid/overdue",
            _ => "to_postpaid/running",
        });
        notes.reached_if(action.price.is_some(), "to_postpaid/with-a-price");
        let instance = &mut self.instances[index];
        instance.hourly_price = action
            .price
            .as_deref()
            .map(Fraction::parse)
            .or(instance.hourly_price);
        if instance.hourly_price.is_none() {
            notes.reached("no_price/hourly-for-a-conversion");
            self.missing_price = true;
            return;
        }
        let refund = self.refund(index);
        let instance = &mut self.instances[index];
        instance.orders.clear();
        instance.prepaid = false;
        instance.state = State::Running;
        instance.expires_on = None;
        instance.anchor = None;
        instance.billed_hours = 0;
        self.converted(index, action, "POSTPAID_BY_HOUR");
        if refund.movement.is_none() {
            notes.reached("to_postpaid/nothing-back");
            return;
        }
        notes.reached("to_postpaid/refunded");
        self.receive_refund(index, &refund);
        let entry = self.entry_of(index, "refunded");
        let detail = fact_and_note(&refund.fact, &action.note);
        self.entries.push(Entry {
            movement: refund.movement,
            detail,
            ..entry
        });
    }

    fn converted(&mut self, index: usize, action: &Action, charge_type: &str) {
        let detail = fact_and_note(charge_type, &action.note);
        let entry = self.entry_of(index, "converted");
        self.entries.push(Entry { detail, ..entry });
    }

    /// A running postpaid instance is switched off without charge (**stop**).
    pub(crate) fn stop(&mut self, index: usize, action: &Action) {
        self.notes.reached("stop/by-people");
        let today = self.today;
        let instance = &mut self.instances[index];
        instance.state = State::Stopped;
        instance.since = Some(today);
        instance.stopped_by = Some("user");
        let entry = self.entry_of(index, "stopped");
        self.entries.push(Entry {
            reason: "user",
            detail: action.note.clone(),
            ..entry
        });
    }
}
