//! Entries of Tencent Cloud's lists → records.
//!
//! | member | cell of the book |
//! |---|---|
//! | `InstanceType`; `BundleId`; `DiskType` and `DiskSize`; else `SubProductCode` | `instance_type` |
//! | `InstanceChargeType`, `DiskChargeType` | `charge_type` |
//! | `RenewFlag` | `renew_flag` |
//! | `ExpiredTime`, `DeadlineTime`, `ExpireTime` | `expires_on` |
//! | `Zone` | `zone`, and without its number `region` |
//!
//! The charge type decides: flag and expiry are read of prepaid instances only, because the official sample of cvm has
//! both beside `POSTPAID_BY_HOUR`. What billing lists is prepaid unless another response says otherwise.
//!
//! Nothing here knows the days of the book.
//!
//! Rule **charge-type-decides** of docs/spec.

use std::collections::BTreeMap;

use super::response::ListKind;
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::{Fields, SourcedText, SourcedValue};
use crate::input::import::inventory::record::{
    CloudRecord, RecordFacts, RecordedCharge, RecordedFlag,
};
use crate::input::import::inventory::status::{CloudStatus, IsolationCause};
use crate::input::import::json::Node;
use crate::model::instance::{ChargeType, RenewFlag};

const MONTHS_PER_YEAR: u32 = 12;
/// The longest renewal period that is believed, in its unit.
const MAX_PERIOD: u32 = 100;
/// The tag of a disk that names its server.
const ATTACHED_TO: &str = "attached_to";

/// Reads an entry of a list; what is wrong with it is reported.
pub(crate) fn read_record<'s>(
    kind: ListKind,
    entry: Node<'s>,
    cx: &mut Context<'_>,
) -> Option<CloudRecord<'s>> {
    let mut fields = Fields::of_object(entry, cx)?;
    match kind {
        ListKind::Disks => disk(&mut fields),
        ListKind::Renewals => renewal(&mut fields),
        ListKind::Cvm => server(&mut fields),
        ListKind::Lighthouse => lighthouse(&mut fields),
    }
}

fn server<'s>(fields: &mut Fields<'s, '_>) -> Option<CloudRecord<'s>> {
    let id = fields.needed_text("InstanceId")?;
    let mut one = CloudRecord::of_product(id, "cvm");
    let facts = &mut one.facts;
    facts.instance_type = fields.needed_text("InstanceType");
    facts.name = fields.take_text("InstanceName");
    if let Some(mut placement) = fields.nested("Placement") {
        read_placement(facts, &mut placement);
    }
    read_charge(facts, fields, "InstanceChargeType", "ExpiredTime");
    let state = fields.take_text("InstanceState");
    let source = fields.take_text("IsolatedSource");
    let status = server_status(value(&source), value(&state));
    facts.status = source.or(state).map(|said| said.map(|_| status));
    let mode = fields.take_text("StopChargingMode");
    let uncharged = mode.filter(|mode| mode.value == super::CALLS.uncharged);
    facts.uncharged = uncharged.map(|mode| mode.node);
    facts.tags = read_tags(fields);
    for disk in fields.list("DataDisks") {
        let mut disk = Fields::of_object(disk, &mut fields.cx)?;
        facts.disks.extend(disk.plain_text("DiskId"));
    }
    Some(one)
}

/// `IsolatedSource`, then `InstanceState`. A security isolation (`RestrictState`) is not a status.
fn server_status(isolated_source: Option<&str>, instance_state: Option<&str>) -> CloudStatus {
    match (isolated_source, instance_state) {
        (_, Some("TERMINATING")) => CloudStatus::Gone,
        (_, Some("LAUNCH_FAILED")) => CloudStatus::NeverMade,
        (Some("EXPIRE"), _) => CloudStatus::InBin(IsolationCause::Expiry),
        (Some("MANMADE"), _) => CloudStatus::InBin(IsolationCause::Returned),
        (Some("ARREAR"), _) => CloudStatus::InBin(IsolationCause::Arrears),
        (None | Some("NOTISOLATED"), state) if state != Some("SHUTDOWN") => CloudStatus::InUse,
        _ => CloudStatus::InBin(IsolationCause::Unknown),
    }
}

fn lighthouse<'s>(fields: &mut Fields<'s, '_>) -> Option<CloudRecord<'s>> {
    let id = fields.needed_text("InstanceId")?;
    let mut one = CloudRecord::of_product(id, "lighthouse");
    let facts = &mut one.facts;
    facts.instance_type = fields.needed_text("BundleId");
    facts.name = fields.take_text("InstanceName");
    read_placement(facts, fields);
    read_charge(facts, fields, "InstanceChargeType", "ExpiredTime");
    let state = fields.take_text("InstanceState");
    facts.isolated_on = fields.day("IsolatedTime");
    let isolated = facts.isolated_on.as_ref().map(|day| day.node);
    let status = lighthouse_status(isolated.is_some(), value(&state));
    let node = isolated.or(state.map(|state| state.node));
    facts.status = node.map(|node| SourcedValue {
        value: status,
        node,
    });
    facts.tags = read_tags(fields);
    Some(one)
}

/// `InstanceState`, and whether `IsolatedTime` is there. An instance that runs is out of the bin again.
fn lighthouse_status(is_isolated: bool, instance_state: Option<&str>) -> CloudStatus {
    match instance_state {
        Some("TERMINATING" | "DELETING") => CloudStatus::Gone,
        Some("LAUNCH_FAILED") => CloudStatus::NeverMade,
        Some("SHUTDOWN") => CloudStatus::InBin(IsolationCause::Unknown),
        Some("RUNNING") => CloudStatus::InUse,
        _ if is_isolated => CloudStatus::InBin(IsolationCause::Unknown),
        _ => CloudStatus::InUse,
    }
}

fn disk<'s>(fields: &mut Fields<'s, '_>) -> Option<CloudRecord<'s>> {
    let id = fields.needed_text("DiskId")?;
    let mut one = CloudRecord::of_product(id, "cbs");
    let facts = &mut one.facts;
    let disk_type = fields.needed_text("DiskType");
    let size = fields.whole::<u64>("DiskSize");
    if fields.get("DiskSize").is_none() {
        fields.missing("DiskSize");
    }
    facts.instance_type = disk_type
        .zip(size)
        .map(|(kind, size)| kind.map(|kind| format!("{kind}-{}GB", size.value)));
    facts.name = fields.take_text("DiskName");
    if let Some(mut placement) = fields.nested("Placement") {
        read_placement(facts, &mut placement);
    }
    read_charge(facts, fields, "DiskChargeType", "DeadlineTime");
    let code = fields.get("ReturnFailCode");
    let is_returned = code.is_some_and(|code| code.raw_text() == "1");
    let state = fields.take_text("DiskState");
    facts.status = state.map(|state| state.map(|state| disk_status(&state, is_returned)));
    let usage = fields.take_text("DiskUsage");
    let is_system = usage.is_some_and(|usage| usage.value == "SYSTEM_DISK");
    if is_system || fields.flag("Portable") == Some(false) {
        let server = fields.take_text("InstanceId");
        facts.part_of = server.or_else(|| Some(one.id.clone().map(|_| String::new())));
    }
    facts.tags = read_tags(fields);
    for key in ["AutoRenewFlagError", "DeadlineError"] {
        if fields.flag(key) == Some(true) {
            facts.unlike_server = facts.unlike_server.or(fields.get(key));
        }
    }
    if facts.part_of.is_none()
        && let Some(server) = fields.take_text("InstanceId")
    {
        facts.tags.entry(ATTACHED_TO.to_owned()).or_insert(server);
    }
    Some(one)
}

/// `DiskState`, and whether `ReturnFailCode` says that the disk was returned already.
fn disk_status(disk_state: &str, is_returned: bool) -> CloudStatus {
    match (disk_state, is_returned) {
        ("TORECYCLE", true) => CloudStatus::InBin(IsolationCause::Returned),
        ("TORECYCLE", false) => CloudStatus::InBin(IsolationCause::Unknown),
        _ => CloudStatus::InUse,
    }
}

fn renewal<'s>(fields: &mut Fields<'s, '_>) -> Option<CloudRecord<'s>> {
    let id = fields.needed_text("InstanceId")?;
    let code = fields.needed_text("ProductCode")?;
    let mut one = CloudRecord::of_product(id, "");
    one.product = code.map(|code| {
        let name = code.strip_prefix("p_").filter(|name| !name.is_empty());
        name.unwrap_or(&code).to_owned()
    });
    let facts = &mut one.facts;
    facts.sub_product = fields.take_text("SubProductCode");
    facts.region = fields.take_text("RegionCode");
    facts.project_name = fields.take_text("ProjectName");
    facts.name = fields.take_text("InstanceName");
    facts.renew_flag = read_renew_flag(fields);
    facts.renew_months = read_renew_months(fields);
    facts.expires_on = fields.day("ExpireTime");
    if let Some(status) = fields.take_text("Status") {
        let known = match status.value.as_str() {
            "NORMAL" => Some(CloudStatus::InUse),
            "ISOLATED" => Some(CloudStatus::InBin(IsolationCause::Unknown)),
            _ => {
                let rule = "neither `NORMAL` nor `ISOLATED`";
                fields.wrong(Code::BadValue, "Status", status.node, rule)
            }
        };
        facts.status = known.map(|known| status.map(|_| known));
    }
    Some(one)
}

fn read_placement<'s>(facts: &mut RecordFacts<'s>, placement: &mut Fields<'s, '_>) {
    facts.zone = placement.take_text("Zone");
    facts.region = facts.zone.clone().and_then(|zone| {
        let region = region_of(&zone.value)?.to_owned();
        Some(zone.map(|_| region))
    });
    facts.project_id = placement.take_name("ProjectId");
    facts.project_name = placement.take_text("ProjectName");
}

fn read_charge<'s>(
    facts: &mut RecordFacts<'s>,
    fields: &mut Fields<'s, '_>,
    charge_type: &str,
    expiry: &str,
) {
    let Some(charge) = fields.needed_text(charge_type) else {
        return;
    };
    let mut names = ChargeType::NAMES.iter();
    let known = names.find(|(name, _)| *name == charge.value);
    if known.is_some_and(|(_, charge)| *charge == ChargeType::Prepaid) {
        facts.renew_flag = read_renew_flag(fields);
        facts.expires_on = fields.day(expiry);
    }
    facts.charge = Some(charge.map(|text| match known {
        Some((_, charge)) => RecordedCharge::Known(*charge),
        None => RecordedCharge::Other(text),
    }));
}

fn value<'a>(text: &'a Option<SourcedText<'_>>) -> Option<&'a str> {
    text.as_ref().map(|text| text.value.as_str())
}

/// The region of a zone: `ap-guangzhou` of `ap-guangzhou-6`.
fn region_of(zone: &str) -> Option<&str> {
    let (region, number) = zone.rsplit_once('-')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(region)
}

fn read_renew_flag<'s>(fields: &mut Fields<'s, '_>) -> Option<SourcedValue<'s, RecordedFlag>> {
    let text = fields.take_text("RenewFlag")?;
    let mut names = RenewFlag::NAMES.iter();
    match names.find(|(name, _)| *name == text.value) {
        Some((_, flag)) => Some(text.map(|_| RecordedFlag(*flag))),
        None => {
            let rule = "not a renewal flag of the interface";
            fields.wrong(Code::BadValue, "RenewFlag", text.node, rule)
        }
    }
}

/// Months of one auto-renewal. A period of zero says nothing: the flag was never set.
fn read_renew_months<'s>(fields: &mut Fields<'s, '_>) -> Option<SourcedValue<'s, u32>> {
    let period = fields.whole("RenewPeriod")?;
    if period.value == 0 {
        return None;
    }
    if period.value > MAX_PERIOD {
        let rule = "longer than any renewal";
        return fields.wrong(Code::BadNumber, "RenewPeriod", period.node, rule);
    }
    let unit = fields.needed_text("RenewPeriodUnit")?;
    match unit.value.as_str() {
        "m" => Some(period),
        "y" => Some(period.map(|years| years * MONTHS_PER_YEAR)),
        _ => {
            let rule = "neither `m` nor `y`";
            fields.wrong(Code::BadValue, "RenewPeriodUnit", unit.node, rule)
        }
    }
}

fn read_tags<'s>(fields: &mut Fields<'s, '_>) -> BTreeMap<String, SourcedText<'s>> {
    let mut tags: BTreeMap<String, SourcedText<'s>> = BTreeMap::new();
    for tag in fields.list("Tags") {
        let Some(mut tag) = Fields::of_object(tag, &mut fields.cx) else {
            continue;
        };
        let (Some(key), Some(text)) = (tag.needed_text("Key"), tag.take_text("Value")) else {
            continue;
        };
        let before = tags.insert(key.value, text.clone());
        if let Some(other) = before.filter(|other| other.value != text.value) {
            let rule = format!(
                "a key with two values, `{}` and `{}`",
                other.value, text.value
            );
            tag.wrong::<()>(Code::BadValue, "Key", key.node, &rule);
        }
    }
    tags
}
