//! What the answers say of instances: one entry of a list is a [`CloudRecord`]; sightings of the same id are joined.
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
//! both beside `POSTPAID_BY_HOUR`. What billing lists is prepaid unless another answer says otherwise.
//!
//! Nothing here knows the days of the book.
//!
//! Rule **charge-type-decides** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono_tz::Tz;

use super::cloud_status::CloudStatus;
use super::response::ListKind;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::Node;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, RenewFlag};

/// Months of a year, as a unit of renewal periods.
const MONTHS_OF_A_YEAR: u32 = 12;
/// The longest renewal period that is believed, in its unit.
const LONGEST_PERIOD: u32 = 100;

/// How an instance is charged according to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::input::import) enum RecordedCharge {
    /// A charge type of books.
    Known(ChargeType),
    /// Another one, such as `SPOTPAID`.
    Other(String),
}

impl fmt::Display for RecordedCharge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(charge) => f.write_str(charge.name()),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What answers say of one instance. What they do not say is none.
#[derive(Clone, Debug)]
pub(in crate::input::import) struct CloudRecord<'s> {
    /// Its id.
    pub(in crate::input::import) id: SourcedValue<'s, String>,
    /// Its product as a book names it.
    pub(in crate::input::import) product: SourcedValue<'s, String>,
    /// Its type.
    pub(in crate::input::import) instance_type: Option<SourcedValue<'s, String>>,
    /// What billing calls the kind of product, for instances whose type nobody gives.
    pub(in crate::input::import) sub_product: Option<SourcedValue<'s, String>>,
    /// Its region.
    pub(in crate::input::import) region: Option<SourcedValue<'s, String>>,
    /// Its zone.
    pub(in crate::input::import) zone: Option<SourcedValue<'s, String>>,
    /// The number of its project.
    pub(in crate::input::import) project_id: Option<SourcedValue<'s, String>>,
    /// The name of its project.
    pub(in crate::input::import) project_name: Option<SourcedValue<'s, String>>,
    /// Its name.
    pub(in crate::input::import) name: Option<SourcedValue<'s, String>>,
    /// How it is charged.
    pub(in crate::input::import) charge: Option<SourcedValue<'s, RecordedCharge>>,
    /// What happens at its expiry.
    pub(in crate::input::import) renew_flag: Option<SourcedValue<'s, RecordedFlag>>,
    /// Months of one auto-renewal.
    pub(in crate::input::import) renew_months: Option<SourcedValue<'s, u32>>,
    /// Its expiry date.
    pub(in crate::input::import) expires_on: Option<SourcedValue<'s, Day>>,
    /// Where it stands.
    pub(in crate::input::import) standing: Option<SourcedValue<'s, CloudStatus>>,
    /// The day on which it came into the bin.
    pub(in crate::input::import) isolated_on: Option<SourcedValue<'s, Day>>,
    /// Where it says that it is shut down without charge.
    pub(in crate::input::import) uncharged: Option<Node<'s>>,
    /// The instance that a disk is part of; empty if it is not attached.
    pub(in crate::input::import) part_of: Option<SourcedValue<'s, String>>,
    /// Where the cloud says that a disk does not renew itself as its server does, or ends before it.
    pub(in crate::input::import) unlike_server: Option<Node<'s>>,
    /// Its tags.
    pub(in crate::input::import) tags: BTreeMap<String, SourcedValue<'s, String>>,
    /// The ids of its data disks.
    pub(in crate::input::import) disks: BTreeSet<String>,
}

/// The tag of a disk that names its server.
const ATTACHED_TO: &str = "attached_to";

/// A renewal flag as diagnostics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input::import) struct RecordedFlag(pub(super) RenewFlag);

impl fmt::Display for RecordedFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<'s> CloudRecord<'s> {
    /// Reads an entry of a list; what is wrong with it is reported.
    pub(in crate::input::import) fn read_record(
        kind: ListKind,
        entry: Node<'s>,
        zone: Tz,
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::fields_of(entry, found)?;
        match kind {
            ListKind::Disks => Self::of_disk(&mut fields, zone),
            ListKind::Renewals => Self::of_renewal(&mut fields, zone),
            ListKind::Cvm => Self::of_cvm(&mut fields, zone),
            ListKind::Lighthouse => Self::of_lighthouse(&mut fields, zone),
        }
    }

    fn new(id: SourcedValue<'s, String>, product: &str) -> Self {
        Self {
            product: SourcedValue {
                value: product.to_owned(),
                node: id.node,
            },
            id,
            instance_type: None,
            sub_product: None,
            region: None,
            zone: None,
            project_id: None,
            project_name: None,
            name: None,
            charge: None,
            renew_flag: None,
            renew_months: None,
            expires_on: None,
            standing: None,
            isolated_on: None,
            uncharged: None,
            part_of: None,
            unlike_server: None,
            tags: BTreeMap::new(),
            disks: BTreeSet::new(),
        }
    }

    fn of_cvm(fields: &mut Fields<'s, '_>, zone: Tz) -> Option<Self> {
        let id = fields.needed_text("InstanceId")?;
        let mut one = Self::new(id, "cvm");
        one.instance_type = fields.needed_text("InstanceType");
        one.name = fields.take_text("InstanceName");
        if let Some(mut placement) = fields.nested("Placement") {
            one.placed(&mut placement);
        }
        one.charged(fields, "InstanceChargeType", "ExpiredTime", zone);
        let state = fields.take_text("InstanceState");
        let source = fields.take_text("IsolatedSource");
        let standing = CloudStatus::of_cvm(value(source.as_ref()), value(state.as_ref()));
        one.standing = source.or(state).map(|said| said.map(|_| standing));
        one.uncharged = fields
            .take_text("StopChargingMode")
            .filter(|mode| mode.value == "STOP_CHARGING")
            .map(|mode| mode.node);
        one.tags = tags(fields);
        for disk in fields.list("DataDisks") {
            one.disks.extend(
                Fields::fields_of(disk, fields.found)?
                    .take_text("DiskId")
                    .map(|id| id.value),
            );
        }
        Some(one)
    }

    fn of_lighthouse(fields: &mut Fields<'s, '_>, zone: Tz) -> Option<Self> {
        let id = fields.needed_text("InstanceId")?;
        let mut one = Self::new(id, "lighthouse");
        one.instance_type = fields.needed_text("BundleId");
        one.name = fields.take_text("InstanceName");
        one.placed(fields);
        one.charged(fields, "InstanceChargeType", "ExpiredTime", zone);
        let state = fields.take_text("InstanceState");
        let isolated_on = fields.day("IsolatedTime", zone);
        let standing = CloudStatus::of_lighthouse(isolated_on.is_some(), value(state.as_ref()));
        let node = isolated_on
            .as_ref()
            .map(|said| said.node)
            .or(state.map(|said| said.node));
        one.standing = node.map(|node| SourcedValue {
            value: standing,
            node,
        });
        one.isolated_on = isolated_on;
        one.tags = tags(fields);
        Some(one)
    }

    fn of_disk(fields: &mut Fields<'s, '_>, zone: Tz) -> Option<Self> {
        let id = fields.needed_text("DiskId")?;
        let mut one = Self::new(id, "cbs");
        let (disk_type, size) = (
            fields.needed_text("DiskType"),
            fields.whole::<u64>("DiskSize"),
        );
        if fields.get("DiskSize").is_none() {
            fields.missing("DiskSize");
        }
        one.instance_type = disk_type
            .zip(size)
            .map(|(kind, size)| kind.map(|kind| format!("{kind}-{}GB", size.value)));
        one.name = fields.take_text("DiskName");
        if let Some(mut placement) = fields.nested("Placement") {
            one.placed(&mut placement);
        }
        one.charged(fields, "DiskChargeType", "DeadlineTime", zone);
        let returned = fields
            .get("ReturnFailCode")
            .is_some_and(|code| code.raw_text() == "1");
        let standing = |state: String| CloudStatus::of_disk(&state, returned);
        one.standing = fields
            .take_text("DiskState")
            .map(|state| state.map(standing));
        let system = fields
            .take_text("DiskUsage")
            .is_some_and(|usage| usage.value == "SYSTEM_DISK");
        if system || fields.flag("Portable") == Some(false) {
            let attached = fields.take_text("InstanceId");
            one.part_of = attached.or_else(|| Some(one.id.clone().map(|_| String::new())));
        }
        one.tags = tags(fields);
        let signals = ["AutoRenewFlagError", "DeadlineError"];
        let signals: Vec<_> = signals
            .iter()
            .filter(|key| fields.flag(key) == Some(true))
            .collect();
        one.unlike_server = signals.first().and_then(|key| fields.get(key));
        if one.part_of.is_none()
            && let Some(server) = fields.take_text("InstanceId")
        {
            one.tags.entry(ATTACHED_TO.to_owned()).or_insert(server);
        }
        Some(one)
    }

    fn of_renewal(fields: &mut Fields<'s, '_>, zone: Tz) -> Option<Self> {
        let id = fields.needed_text("InstanceId")?;
        let product = fields.needed_text("ProductCode")?;
        let mut one = Self::new(id, "");
        one.product = product.map(|code| {
            code.strip_prefix("p_")
                .filter(|name| !name.is_empty())
                .unwrap_or(&code)
                .to_owned()
        });
        one.sub_product = fields.take_text("SubProductCode");
        one.region = fields.take_text("RegionCode");
        one.project_name = fields.take_text("ProjectName");
        one.name = fields.take_text("InstanceName");
        one.renew_flag = renew_flag(fields);
        one.renew_months = renew_months(fields);
        one.expires_on = fields.day("ExpireTime", zone);
        one.standing = fields
            .take_text("Status")
            .and_then(|status| match CloudStatus::of_renewal(&status.value) {
                Some(standing) => Some(status.map(|_| standing)),
                None => fields.wrong(
                    Code::BadValue,
                    "Status",
                    status.node,
                    "neither `NORMAL` nor `ISOLATED`",
                ),
            });
        Some(one)
    }

    fn placed(&mut self, placement: &mut Fields<'s, '_>) {
        self.zone = placement.take_text("Zone");
        self.region = self.zone.clone().and_then(|zone| {
            let region = region_of(&zone.value)?.to_owned();
            Some(zone.map(|_| region))
        });
        self.project_id = placement.take_name("ProjectId");
        self.project_name = placement.take_text("ProjectName");
    }

    fn charged(&mut self, fields: &mut Fields<'s, '_>, charge_type: &str, expiry: &str, zone: Tz) {
        let known = |text: String| match ChargeType::NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, charge)) => RecordedCharge::Known(*charge),
            None => RecordedCharge::Other(text),
        };
        self.charge = fields.needed_text(charge_type).map(|text| text.map(known));
        if self
            .charge
            .as_ref()
            .is_some_and(|charge| charge.value == RecordedCharge::Known(ChargeType::Prepaid))
        {
            self.renew_flag = renew_flag(fields);
            self.expires_on = fields.day(expiry, zone);
        }
    }
}

fn value<'a>(said: Option<&'a SourcedValue<'_, String>>) -> Option<&'a str> {
    said.map(|said| said.value.as_str())
}

/// The region of a zone: `ap-guangzhou` of `ap-guangzhou-6`.
fn region_of(zone: &str) -> Option<&str> {
    let (region, number) = zone.rsplit_once('-')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(region)
}

fn renew_flag<'s>(fields: &mut Fields<'s, '_>) -> Option<SourcedValue<'s, RecordedFlag>> {
    let text = fields.take_text("RenewFlag")?;
    match RenewFlag::NAMES
        .iter()
        .find(|(name, _)| *name == text.value)
    {
        Some((_, flag)) => Some(text.map(|_| RecordedFlag(*flag))),
        None => fields.wrong(
            Code::BadValue,
            "RenewFlag",
            text.node,
            "no renewal flag of the interface",
        ),
    }
}

/// Months of one auto-renewal. A period of zero says nothing: the flag was never set.
fn renew_months<'s>(fields: &mut Fields<'s, '_>) -> Option<SourcedValue<'s, u32>> {
    let period = fields
        .whole("RenewPeriod")
        .filter(|period| period.value > 0)?;
    if period.value > LONGEST_PERIOD {
        return fields.wrong(
            Code::BadNumber,
            "RenewPeriod",
            period.node,
            "longer than any renewal",
        );
    }
    let unit = fields.needed_text("RenewPeriodUnit")?;
    match unit.value.as_str() {
        "m" => Some(period),
        "y" => Some(period.map(|years| years * MONTHS_OF_A_YEAR)),
        _ => fields.wrong(
            Code::BadValue,
            "RenewPeriodUnit",
            unit.node,
            "neither `m` nor `y`",
        ),
    }
}

fn tags<'s>(fields: &mut Fields<'s, '_>) -> BTreeMap<String, SourcedValue<'s, String>> {
    let mut tags = BTreeMap::new();
    for tag in fields.list("Tags") {
        let Some(mut tag) = Fields::fields_of(tag, fields.found) else {
            continue;
        };
        let (Some(key), Some(value)) = (tag.needed_text("Key"), tag.take_text("Value")) else {
            continue;
        };
        let said = value.value.clone();
        if let Some(other) = tags
            .insert(key.value, value)
            .filter(|other| other.value != said)
        {
            tag.wrong::<()>(
                Code::BadValue,
                "Key",
                key.node,
                &format!("a key with two values, `{}` and `{said}`", other.value),
            );
        }
    }
    tags
}
