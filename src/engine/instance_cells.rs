//! An instance as a selector sees it on its day: current values, defaults filled in.

use rust_decimal::Decimal;

use super::instances::{Instances, Position};
use crate::model::id::Label;
use crate::model::selector::{Column, Selector, SelectorCells, Value};

struct InstanceCells<'i, 'b> {
    instances: &'i Instances<'b>,
    position: Position,
}

impl Instances<'_> {
    /// Whether a selector means the instance as it stands, whether it exists or not.
    pub(super) fn matches(&self, position: Position, selector: &Selector) -> bool {
        let instances = self;
        selector.selects(&InstanceCells {
            instances,
            position,
        })
    }
}

impl<'v> SelectorCells<'v> for InstanceCells<'v, '_> {
    fn cell(&self, column: Column) -> Option<Value<'v>> {
        let (instances, position) = (self.instances, self.position);
        let (instance, details) = (&instances[position], instances.details(position));
        let listed = instances.listed(position);
        let labels = &listed.labels;
        let exists = instance.state.is_some();
        match column {
            Column::InstanceId => text(listed.id.as_str()),
            Column::AccountId => text(instances.book.account(listed.account).id.as_str()),
            Column::Product => self.label(Some(labels.product)),
            Column::InstanceType => self.label(details.instance_type),
            Column::Region => self.label(labels.region),
            Column::Zone => self.label(labels.zone),
            Column::Project => self.label(labels.project),
            Column::Name => self.label(labels.name),
            Column::Tag(tag) => self.label(labels.tags.get(tag).copied().flatten()),
            Column::ChargeType => text(instance.charge_type().name()),
            Column::RenewFlag => text(instance.flag.name()),
            Column::RenewMonths => number(instance.months()),
            Column::MonthlyPrice => number(details.monthly?.decimal()),
            Column::HourlyPrice => number(details.hourly?.decimal()),
            Column::StartsOn => listed.starts_on.map(Value::Date),
            Column::ExpiresOn => instance.expires().filter(|_| exists).map(Value::Date),
            Column::AnchorDay => number(instance.anchor(instances.profile(position).month_end)?),
            Column::State => text(instance.state?.name()),
            Column::Since => details
                .since
                .filter(|_| instance.is_kept())
                .map(Value::Date),
            Column::Priority => number(listed.priority?),
            Column::Returned => text(if instance.is_returned() {
                "true"
            } else {
                "false"
            }),
            Column::StoppedBy => text(instance.stopped_by()?.name()),
            Column::BilledHours => number(details.billed_hours),
            Column::Downgrades => number(details.downgrades),
        }
    }
}

impl<'v> InstanceCells<'v, '_> {
    fn label(&self, label: Option<Label>) -> Option<Value<'v>> {
        text(self.instances.book.labels.label_text(label?))
    }
}

fn text(text: &str) -> Option<Value<'_>> {
    Some(Value::Text(text))
}

fn number<'v>(number: impl Into<Decimal>) -> Option<Value<'v>> {
    Some(Value::Number(number.into()))
}
