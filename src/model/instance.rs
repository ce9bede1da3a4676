//! An instance as a book lists it: how it is charged, how it renews, and where it stands in its life.

use crate::model::calendar::Day;
use crate::model::id::{AccountIndex, InstanceId, Label};
use crate::model::money::Price;
use crate::model::profile::ProfileIndex;
use crate::model::words::words;

words! {
    /// How an instance is charged.
    pub enum ChargeType {
        /// Paid months ahead.
        Prepaid = "PREPAID",
        /// Charged for every hour that it runs.
        Postpaid = "POSTPAID_BY_HOUR",
    }
}

words! {
    /// What happens to a prepaid instance at its expiry without people.
    pub enum RenewFlag {
        /// It renews itself.
        Auto = "auto",
        /// People are reminded to renew it.
        Manual = "manual",
        /// It does not renew and nobody is reminded.
        None = "none",
    }
    also {
        "NOTIFY_AND_AUTO_RENEW" => Auto,
        "NOTIFY_AND_MANUAL_RENEW" => Manual,
        "DISABLE_NOTIFY_AND_MANUAL_RENEW" => None,
    }
}

words! {
    /// Where an existing instance stands in its life (**states**).
    pub enum State {
        /// In use, and paid for or charged by the hour.
        Running = "running",
        /// Prepaid: expired, still usable.
        Overdue = "overdue",
        /// Prepaid: in the recycle bin.
        Reclaimed = "reclaimed",
        /// Postpaid: switched off, in arrears or by people.
        Stopped = "stopped",
        /// Gone for good.
        Terminated = "terminated",
    }
}

words! {
    /// Who switched a stopped postpaid instance off.
    pub enum StoppedBy {
        /// The provider, in arrears.
        Arrears = "arrears",
        /// People, so as not to be charged.
        User = "user",
    }
}

/// Keys of tags that say in which environment an instance stands.
const ENVIRONMENT_KEYS: &[&str] = &[
    "env",
    "environment",
    "stage",
    "tier",
    "deployment",
    "deploy_env",
    "workload",
    "环境",
    "部署环境",
];
/// Values that mean production, whatever the key.
const PRODUCTION: &[&str] = &[
    "prod",
    "production",
    "prd",
    "生产",
    "生产环境",
    "正式",
    "正式环境",
];
/// Values that mean it beside an environment key only: elsewhere they are names of teams and products.
const PRODUCTION_OF_ENVIRONMENT: &[&str] = &["live", "online", "线上"];
/// Whether a tag says that its instance is production (`docs/spec/input.md`, **production-manual**).
pub fn is_production(key: &str, value: &str) -> bool {
    is_among(PRODUCTION, value)
        || (is_among(ENVIRONMENT_KEYS, key) && is_among(PRODUCTION_OF_ENVIRONMENT, value))
}

fn is_among(names: &[&str], text: &str) -> bool {
    let text = text.trim();
    names.iter().any(|name| name.eq_ignore_ascii_case(text))
}

/// The number of an instance in its book; numbers follow the byte order of the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceIndex(pub u32);

/// One instance of a book.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its id, unique in the book.
    pub id: InstanceId,
    /// The account that pays for it.
    pub account: AccountIndex,
    /// The provider's rules that it follows.
    pub profile: ProfileIndex,
    /// How it is charged.
    pub charge_type: ChargeType,
    /// What happens at its expiry.
    pub renew_flag: RenewFlag,
    /// Months of one auto-renewal and of its purchase.
    pub renew_months: u32,
    /// List price of a month.
    pub monthly_price: Option<Price>,
    /// List price of an hour.
    pub hourly_price: Option<Price>,
    /// The day on which it is bought or started; without meaning before the run.
    pub starts_on: Option<Day>,
    /// The expiry date of a prepaid instance that exists.
    pub expires_on: Option<Day>,
    /// The day of the month that `sticky` month ends come back to; prepaid only.
    pub anchor_day: Option<u8>,
    /// Where it stands; none while it does not exist.
    pub state: Option<State>,
    /// The day of reclaiming or stopping.
    pub since: Option<Day>,
    /// Whether it is in the bin because it was returned.
    pub returned: bool,
    /// Who stopped it, while it is stopped.
    pub stopped_by: StoppedBy,
    /// Hours billed so far, which decide its tier.
    pub billed_hours: u32,
    /// Downgrades so far.
    pub downgrades: u32,
    /// Its place in `charge_order = "priority"`; none sorts last.
    pub priority: Option<i64>,
    /// What people call it and group it by.
    pub labels: InstanceLabels,
}

/// The texts of an instance that no rule depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceLabels {
    /// Its product, `cvm` by default.
    pub product: Label,
    /// Its type, such as `S5.MEDIUM4`.
    pub instance_type: Option<Label>,
    /// Its region.
    pub region: Option<Label>,
    /// Its zone.
    pub zone: Option<Label>,
    /// Its project.
    pub project: Option<Label>,
    /// Its name.
    pub name: Option<Label>,
    /// Its tags, one for each tag column of the book.
    pub tags: Box<[Option<Label>]>,
}

impl InstanceLabels {
    /// Puts another label in the place of each.
    pub fn replace(&mut self, other: impl Fn(Label) -> Label) {
        let Self {
            product,
            instance_type,
            region,
            zone,
            project,
            name,
            tags,
        } = self;
        *product = other(*product);
        let optional = [instance_type, region, zone, project, name]
            .into_iter()
            .chain(tags.iter_mut());
        optional.flatten().for_each(|label| *label = other(*label));
    }
}

impl Instance {
    /// A prepaid instance that runs and renews itself for a month at each expiry. It follows the first profile of its book;
    /// its account is set where it is added to one.
    pub fn prepaid(id: InstanceId, product: Label, monthly_price: Price, expires_on: Day) -> Self {
        Self {
            id,
            account: AccountIndex(0),
            profile: ProfileIndex(0),
            charge_type: ChargeType::Prepaid,
            renew_flag: RenewFlag::Auto,
            renew_months: 1,
            monthly_price: Some(monthly_price),
            hourly_price: None,
            starts_on: None,
            expires_on: Some(expires_on),
            anchor_day: Some(expires_on.day_of_month()),
            state: Some(State::Running),
            since: None,
            returned: false,
            stopped_by: StoppedBy::Arrears,
            billed_hours: 0,
            downgrades: 0,
            priority: None,
            labels: InstanceLabels {
                product,
                instance_type: None,
                region: None,
                zone: None,
                project: None,
                name: None,
                tags: Box::new([]),
            },
        }
    }

    /// Whether it exists on the book's first day, before any purchase.
    pub fn exists(&self) -> bool {
        self.state.is_some()
    }

    /// The price that its charge type needs.
    pub fn price(&self) -> Option<Price> {
        match self.charge_type {
            ChargeType::Prepaid => self.monthly_price,
            ChargeType::Postpaid => self.hourly_price,
        }
    }
}
