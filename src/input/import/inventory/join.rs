//! Records of the same instance → one: what one response does not say, another may.
//!
//! Equal values agree, as do times of the same local date. Different ones are a contradiction, which is reported with
//! both values and files and never decided here.
//!
//! Rule **joined-by-id** of docs/spec.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::record::CloudRecord;
use super::status::CloudStatus;
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::SourcedValue;

/// The instances by id.
pub(crate) fn by_id<'s>(
    records: Vec<CloudRecord<'s>>,
    cx: &mut Context<'_>,
) -> BTreeMap<String, CloudRecord<'s>> {
    let mut joined: BTreeMap<String, CloudRecord<'s>> = BTreeMap::new();
    for one in records {
        let id = one.id.value.clone();
        match joined.get_mut(&id) {
            Some(known) => Join { id: &id, cx }.join(known, one),
            None => drop(joined.insert(id, one)),
        }
    }
    joined
}

struct Join<'j, 'c> {
    id: &'j str,
    cx: &'j mut Context<'c>,
}

impl Join<'_, '_> {
    fn join<'s>(&mut self, known: &mut CloudRecord<'s>, one: CloudRecord<'s>) {
        self.same("product", &known.product, &one.product);
        let (known, one) = (&mut known.facts, one.facts);
        self.agree("instance_type", &mut known.instance_type, one.instance_type);
        self.agree("sub-product", &mut known.sub_product, one.sub_product);
        self.agree("region", &mut known.region, one.region);
        self.agree("zone", &mut known.zone, one.zone);
        self.agree("project", &mut known.project_id, one.project_id);
        self.agree("project", &mut known.project_name, one.project_name);
        self.agree("name", &mut known.name, one.name);
        self.agree("charge_type", &mut known.charge, one.charge);
        self.agree("renew_flag", &mut known.renew_flag, one.renew_flag);
        self.agree("renew_months", &mut known.renew_months, one.renew_months);
        self.agree("expires_on", &mut known.expires_on, one.expires_on);
        self.agree("since", &mut known.isolated_on, one.isolated_on);
        self.agree("instance of the disk", &mut known.part_of, one.part_of);
        for (key, value) in one.tags {
            let mut tag = known.tags.remove(&key);
            self.agree(&format!("tag:{key}"), &mut tag, Some(value));
            known.tags.extend(tag.map(|tag| (key, tag)));
        }
        self.join_status(&mut known.status, one.status);
        known.uncharged = known.uncharged.or(one.uncharged);
        known.unlike_server = known.unlike_server.or(one.unlike_server);
        known.disks.extend(one.disks);
    }

    fn agree<'s, T: PartialEq + Display>(
        &mut self,
        column: &str,
        known: &mut Option<SourcedValue<'s, T>>,
        other: Option<SourcedValue<'s, T>>,
    ) {
        match (&*known, other) {
            (Some(known), Some(other)) => self.same(column, known, &other),
            (Some(_), None) => {}
            (None, other) => *known = other,
        }
    }

    fn same<T: PartialEq + Display>(
        &mut self,
        column: &str,
        known: &SourcedValue<'_, T>,
        other: &SourcedValue<'_, T>,
    ) {
        if known.value != other.value {
            self.contradiction(column, known, other);
        }
    }

    fn join_status<'s>(
        &mut self,
        known: &mut Option<SourcedValue<'s, CloudStatus>>,
        other: Option<SourcedValue<'s, CloudStatus>>,
    ) {
        let (Some(known), Some(other)) = (&mut *known, &other) else {
            *known = known.take().or(other);
            return;
        };
        match known.value.and(other.value) {
            Some(both) => known.value = both,
            None => self.contradiction("state", known, other),
        }
    }

    fn contradiction<T: Display>(
        &mut self,
        column: &str,
        known: &SourcedValue<'_, T>,
        other: &SourcedValue<'_, T>,
    ) {
        let (value, file) = (&known.value, known.node.file());
        let (other_value, other_file) = (&other.value, other.node.file());
        let message = format!(
            "{column} of `{}` is `{value}` in `{file}`, but `{other_value}` in `{other_file}`",
            self.id
        );
        let help =
            "call both again at the same time, or import the newer of the two responses only";
        other
            .node
            .report(Code::ConflictingAnswers, &message, help, self.cx);
    }
}
