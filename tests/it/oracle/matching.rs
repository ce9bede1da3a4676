//! What a selector matches in an account, in charge order, and what it sees (docs/spec/replay.md, Selectors).
//! Changes nothing.

use chrono::Datelike;

use super::day::Replay;
use super::number::Fraction;
use super::order::{Charge, sort};
use super::read::Action;
use super::selector::Value;
use super::state::{Instance, State};

impl Replay<'_> {
    /// The matching instances in charge order, postpaid ones last by id (**selector-order**).
    pub(crate) fn matches(&self, account: usize, action: &Action) -> Vec<usize> {
        let selector = action.selector.as_ref().expect("an action with a selector");
        let mut prepaid = Vec::new();
        let mut postpaid = Vec::new();
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            let alive = instance.exists() && instance.state != State::Terminated;
            if !alive || !selector.holds(&|column| self.column(index, column), self.notes) {
                continue;
            }
            if instance.prepaid {
                let price = self.price_compared(index, action);
                prepaid.push(Charge {
                    instance: index,
                    price,
                });
            } else {
                postpaid.push(index);
            }
        }
        let order = self.charge_order(&prepaid, "selector/mixed-charge-order");
        sort(&mut prepaid, &self.instances, &order, self.notes);
        self.notes.reached_if(
            !prepaid.is_empty() && !postpaid.is_empty(),
            "selector/postpaid-last",
        );
        let prepaid = prepaid.iter().map(|charge| charge.instance);
        prepaid.chain(postpaid).collect()
    }

    /// The price of the action, or of the next auto-renewal where it has none (**selector-order**).
    pub(crate) fn price_compared(&self, index: usize, action: &Action) -> i128 {
        let instance = &self.instances[index];
        match action.name.as_str() {
            "renew" => self.price_of(index, action.months.expect("`renew` has months")),
            "renew_until" => self.unified(index, action).1,
            _ => self.price_of(index, instance.renew_months),
        }
    }

    /// The current value of a column; an empty one is none (**selector-values**).
    fn column(&self, index: usize, column: &str) -> Option<Value> {
        let instance = &self.instances[index];
        let text = |word: &str| Some(Value::Text(word.to_owned()));
        let whole = |number: i64| Value::Number(Fraction::ONE.times_whole(i128::from(number)));
        match column {
            "instance_id" => text(&instance.id),
            "account_id" => text(&self.accounts[instance.account].id),
            "charge_type" => text(if instance.prepaid {
                "PREPAID"
            } else {
                "POSTPAID_BY_HOUR"
            }),
            "stopped_by" => instance.stopped_by.and_then(text),
            "billed_hours" => Some(whole(instance.billed_hours)),
            "downgrades" => Some(whole(instance.downgrades)),
            "renew_flag" => text(&instance.flag),
            "state" => text(instance.state.word()),
            "returned" => text(if instance.returned { "true" } else { "false" }),
            "renew_months" => Some(whole(i64::from(instance.renew_months))),
            "anchor_day" => anchor_seen(instance).map(|day| whole(i64::from(day))),
            "priority" => instance.priority.map(whole),
            "monthly_price" => instance.monthly_price.map(Value::Number),
            "hourly_price" => instance.hourly_price.map(Value::Number),
            "starts_on" => instance.starts_on.map(Value::Date),
            "expires_on" => instance.expires_on.map(Value::Date),
            "since" => instance.since.map(Value::Date),
            _ => {
                let written = instance.cells.get(column).filter(|cell| !cell.is_empty());
                written.cloned().map(Value::Text)
            }
        }
    }
}

/// The anchor under `sticky`, else the day of the month of the expiry date (**selector-values**).
fn anchor_seen(instance: &Instance) -> Option<u32> {
    if instance.profile.month_end == "sticky" {
        instance.anchor
    } else {
        instance.expires_on.map(|expiry| expiry.day())
    }
}
