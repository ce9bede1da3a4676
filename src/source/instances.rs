//! `instances.csv`: the inventory, each row checked against its accounts, profile and prices.

use super::prices::Prices;
use super::profiles::not_offered;
use super::scenario::Edit;
use super::settings::Settings;
use super::table::{Columns, CsvRow, Row, Table};
use super::value::{Problem, day, months, nearest, price, shown, whole, word};
use crate::account::{Account, AccountIndex};
use crate::calendar::Day;
use crate::diagnostic::{Code, Diagnostics};
use crate::id::{InstanceId, Label, Labels};
use crate::instance::{ChargeType, Instance, InstanceLabels, RenewFlag, State};
use crate::money::Price;
use crate::prices::{PriceKind, Priced};
use crate::profile::{Profile, RetentionFrom};
use crate::selector::Column;

pub(super) const FILE: &str = "instances.csv";

/// The names of [`Column::NAMED`], whose order is that of the slots.
const NAMES: [&str; Column::NAMED.len()] = {
    let mut names = [""; Column::NAMED.len()];
    let mut slot = 0;
    while slot < names.len() {
        names[slot] = Column::NAMED[slot].0;
        slot += 1;
    }
    names
};
pub(super) const COLUMNS: Columns =
    Columns { names: &NAMES, required: &[INSTANCE_ID, ACCOUNT_ID, CHARGE_TYPE], tags: true };
const INSTANCE_ID: usize = 0;
const ACCOUNT_ID: usize = 1;
const PRODUCT: usize = 2;
const INSTANCE_TYPE: usize = 3;
const REGION: usize = 4;
const ZONE: usize = 5;
const PROJECT: usize = 6;
const NAME: usize = 7;
const CHARGE_TYPE: usize = 8;
const RENEW_FLAG: usize = 9;
const RENEW_MONTHS: usize = 10;
const MONTHLY_PRICE: usize = 11;
const HOURLY_PRICE: usize = 12;
const STARTS_ON: usize = 13;
const EXPIRES_ON: usize = 14;
const ANCHOR_DAY: usize = 15;
const STATE: usize = 16;
const SINCE: usize = 17;
const PRIORITY: usize = 18;
const RETURNED: usize = 19;

/// The product of an instance that names none.
const DEFAULT_PRODUCT: &str = "cvm";

/// What the rows refer to.
pub(super) struct Context<'c> {
    pub settings: &'c Settings,
    pub profiles: &'c [Profile],
    pub accounts: &'c [Account],
    pub prices: &'c Prices,
}

/// The instances by id.
pub(super) fn read(
    table: &Table<'_>,
    edits: &[Edit],
    context: &Context<'_>,
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) -> Vec<Instance> {
    let mut instances = Vec::new();
    table.rows(diagnostics, |mut row, diagnostics| {
        edits.iter().for_each(|edit| edit.apply(&mut row));
        let tags = COLUMNS.names.len()..COLUMNS.names.len() + table.tag_keys().len();
        let mut reader = Reader { row: &row, context, labels, diagnostics };
        if let Some(instance) = reader.instance(tags) {
            instances.push((instance, row.start()));
        }
    });
    edits.iter().for_each(|edit| edit.warn_if_idle(diagnostics));
    instances.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
    for pair in instances.windows(2) {
        let [(first, first_start), (second, start)] = pair else { continue };
        if first.id == second.id {
            let message =
                format!("instance {} stands twice, first in line {}", shown(first.id.as_str()), first_start.1);
            let place = table.place_of(*start, table.position(INSTANCE_ID));
            diagnostics.push(Code::DuplicateId, place, message, "keep one of the two rows");
        }
    }
    instances.into_iter().map(|(instance, _)| instance).collect()
}

/// Where an instance stands at the opening.
struct Standing {
    state: Option<State>,
    since: Option<Day>,
    returned: bool,
    expires_on: Option<Day>,
    anchor_day: Option<u8>,
}

/// Reads one row.
struct Reader<'r, 'c> {
    row: &'r CsvRow<'r, 'r>,
    context: &'r Context<'c>,
    labels: &'r mut Labels,
    diagnostics: &'r mut Diagnostics,
}

impl Reader<'_, '_> {
    fn instance(&mut self, tags: std::ops::Range<usize>) -> Option<Instance> {
        let id = self.row.need((INSTANCE_ID, "instance_id"), self.diagnostics, |text| Ok(InstanceId::new(text)));
        let account = self.account();
        let charge_type =
            self.row.need((CHARGE_TYPE, "charge_type"), self.diagnostics, |text| word(text, ChargeType::NAMES));
        let labels = self.labels(tags);
        let product = self.labels.text(labels.product);
        let settings = self.context.settings;
        let profile = settings.product_profiles.get(product).copied().unwrap_or(settings.profile);
        let rules = &self.context.profiles[profile.0 as usize];
        let flag = self.row.read(RENEW_FLAG, self.diagnostics, |text| word(text, RenewFlag::NAMES));
        let renew_months = self.row.read(RENEW_MONTHS, self.diagnostics, |text| offered_months(text, rules));
        let charge_type = charge_type?;
        let monthly_price = self.price(MONTHLY_PRICE, PriceKind::Monthly, &labels);
        let hourly_price = self.price(HOURLY_PRICE, PriceKind::Hourly, &labels);
        self.need_price(charge_type, monthly_price, hourly_price, &labels);
        let starts_on = self.row.read(STARTS_ON, self.diagnostics, day);
        let standing = self.standing(charge_type, starts_on, rules);
        let any = |text: &str| whole(text, i64::MIN, i64::MAX);
        let priority = self.row.read(PRIORITY, self.diagnostics, any);
        let standing = standing?;
        Some(Instance {
            id: id??,
            account: account?,
            profile,
            charge_type,
            renew_flag: flag.unwrap_or(RenewFlag::Manual),
            renew_months: renew_months.unwrap_or(rules.auto_renew_months),
            monthly_price,
            hourly_price,
            starts_on,
            expires_on: standing.expires_on,
            anchor_day: standing.anchor_day,
            state: standing.state,
            since: standing.since,
            returned: standing.returned,
            priority,
            labels,
        })
    }

    fn account(&mut self) -> Option<AccountIndex> {
        let accounts = self.context.accounts;
        self.row.need((ACCOUNT_ID, "account_id"), self.diagnostics, |text| known_account(text, accounts))
    }

    fn labels(&mut self, tags: std::ops::Range<usize>) -> InstanceLabels {
        let row = self.row;
        let mut label = |slot: usize| row.text(slot).map(|text| self.labels.intern(text));
        let (instance_type, region, zone) = (label(INSTANCE_TYPE), label(REGION), label(ZONE));
        let (project, name) = (label(PROJECT), label(NAME));
        let tags = tags.map(&mut label).collect();
        let product = label(PRODUCT).unwrap_or_else(|| self.labels.intern(DEFAULT_PRODUCT));
        InstanceLabels { product, instance_type, region, zone, project, name, tags }
    }

    fn price(&mut self, slot: usize, kind: PriceKind, labels: &InstanceLabels) -> Option<Price> {
        if self.row.text(slot).is_some() {
            return self.row.read(slot, self.diagnostics, price);
        }
        let priced = Priced { product: labels.product, instance_type: labels.instance_type?, region: labels.region };
        self.context.prices.list.look_up(priced, kind).unwrap_or_else(|ambiguous| {
            let places = &self.context.prices.places;
            let message = format!(
                "two rows of `prices.csv` fit equally well, lines {} and {}",
                places[ambiguous.first].line, places[ambiguous.second].line
            );
            let help = format!("leave one of them out, or fill in `{}` here", kind.column());
            self.diagnostics.push(Code::AmbiguousPrice, self.row.place(INSTANCE_TYPE), message, help);
            None
        })
    }

    fn need_price(
        &mut self,
        charge_type: ChargeType,
        monthly: Option<Price>,
        hourly: Option<Price>,
        labels: &InstanceLabels,
    ) {
        let (price, slot, column) = match charge_type {
            ChargeType::Prepaid => (monthly, MONTHLY_PRICE, "monthly_price"),
            ChargeType::Postpaid => (hourly, HOURLY_PRICE, "hourly_price"),
        };
        let reported = self.row.text(slot).is_some() || self.diagnostics.ends_with(Code::AmbiguousPrice);
        if price.is_some() || reported {
            return;
        }
        let text = |label: Option<Label>| label.map_or("", |label| self.labels.text(label));
        let (product, kind, region) =
            (self.labels.text(labels.product), text(labels.instance_type), text(labels.region));
        let message = format!("no {column} for {}", shown(self.row.text(INSTANCE_ID).unwrap_or("")));
        let help = match kind {
            "" => format!("fill in `{column}`"),
            _ => format!("fill in `{column}`, or add a row to prices.csv for {product}, {kind}, {region}"),
        };
        self.diagnostics.push(Code::MissingPrice, self.row.place(slot), message, help);
    }

    fn refuse(&mut self, slot: usize, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(code, self.row.place(slot), message, help);
    }

    /// Where the instance stands; none if its cells contradict each other.
    fn standing(&mut self, charge_type: ChargeType, starts_on: Option<Day>, rules: &Profile) -> Option<Standing> {
        let before = self.diagnostics.errors();
        let expires_on = self.row.read(EXPIRES_ON, self.diagnostics, day);
        let state = self.row.read(STATE, self.diagnostics, |text| word(text, State::NAMES));
        let since = self.row.read(SINCE, self.diagnostics, day);
        let yes_or_no = |text: &str| word(text, &[("true", true), ("false", false)]);
        let returned = self.row.read(RETURNED, self.diagnostics, yes_or_no).unwrap_or(false);
        let anchor = |text: &str| whole(text, 1, 31).map(|day| u8::try_from(day).unwrap_or(31));
        let anchor_day = self.row.read(ANCHOR_DAY, self.diagnostics, anchor);
        if self.diagnostics.errors() > before {
            return None;
        }
        let given = Standing { state, since, returned, expires_on, anchor_day };
        let standing = match (charge_type, starts_on) {
            (_, Some(start)) if start >= self.context.settings.days.from => self.future(given, charge_type, start),
            (ChargeType::Prepaid, _) => self.prepaid(given, rules),
            (ChargeType::Postpaid, _) => self.postpaid(given),
        };
        standing.filter(|_| self.diagnostics.errors() == before)
    }

    /// An instance that is bought or started during or after the run.
    fn future(&mut self, given: Standing, charge_type: ChargeType, start: Day) -> Option<Standing> {
        for (slot, name) in [(EXPIRES_ON, "expires_on"), (STATE, "state"), (SINCE, "since")] {
            if self.row.text(slot).is_some() {
                let message = format!("`{name}` of an instance that begins on {start}");
                self.refuse(slot, Code::UnexpectedValue, message, format!("leave `{name}` empty"));
            }
        }
        self.refuse_returned(&given, None);
        let anchor = (charge_type == ChargeType::Prepaid).then(|| self.anchor(&given, start));
        Some(Standing { state: None, since: None, returned: false, expires_on: None, anchor_day: anchor })
    }

    fn prepaid(&mut self, given: Standing, rules: &Profile) -> Option<Standing> {
        let Some(expiry) = given.expires_on else {
            self.refuse(EXPIRES_ON, Code::MissingValue, "`expires_on` is empty", "fill in the expiry date");
            return None;
        };
        let anchor_day = Some(self.anchor(&given, expiry));
        let (state, since) = match given.state {
            Some(state) => self.given_state(&given, state, expiry)?,
            None => self.derived_state(&given, expiry, rules)?,
        };
        self.refuse_returned(&given, Some(state));
        Some(Standing { state: Some(state), since, returned: given.returned, expires_on: Some(expiry), anchor_day })
    }

    fn anchor(&mut self, given: &Standing, base: Day) -> u8 {
        let anchor = given.anchor_day.unwrap_or_else(|| base.day_of_month());
        if !base.falls_on(anchor) {
            let message = format!("anchor day {anchor}, but the term turns on {base}");
            self.refuse(ANCHOR_DAY, Code::BadAnchor, message, format!("write {}", base.day_of_month()));
        }
        anchor
    }

    fn given_state(&mut self, given: &Standing, state: State, expiry: Day) -> Option<(State, Option<Day>)> {
        let from = self.context.settings.days.from;
        match state {
            State::Stopped => {
                let message = "state `stopped` of a prepaid instance";
                self.refuse(STATE, Code::ImpossibleState, message, "write running, overdue, reclaimed or terminated");
                None
            }
            State::Overdue if expiry >= from => {
                let message = format!("state `overdue`, but it expires on {expiry} and the run begins on {from}");
                self.refuse(STATE, Code::ImpossibleState, message, "leave `state` empty");
                None
            }
            State::Reclaimed => Some((state, Some(self.past_since(given)?))),
            _ => {
                self.refuse_since(given, state);
                Some((state, None))
            }
        }
    }

    /// The state that follows from the expiry date, as if nothing had been paid since.
    fn derived_state(&mut self, given: &Standing, expiry: Day, rules: &Profile) -> Option<(State, Option<Day>)> {
        self.refuse_since(given, State::Running);
        let from = self.context.settings.days.from;
        let reclaimed_on = expiry + rules.suspend_after_days;
        if expiry >= from {
            return Some((State::Running, None));
        }
        if from <= reclaimed_on {
            return Some((State::Overdue, None));
        }
        let base = if rules.retention_from == RetentionFrom::Expiry { expiry } else { reclaimed_on };
        let release = (base + rules.retention_days + 1).max(reclaimed_on.tomorrow());
        if release < from {
            let message =
                format!("expired on {expiry}, so it was released on {release}, before the run begins on {from}");
            let help = "leave the row out, or write `terminated` into `state`";
            self.refuse(EXPIRES_ON, Code::AlreadyReleased, message, help);
            return None;
        }
        Some((State::Reclaimed, Some(reclaimed_on)))
    }

    fn postpaid(&mut self, given: Standing) -> Option<Standing> {
        if let Some(expiry) = given.expires_on {
            let message = format!("`expires_on` {expiry} of a postpaid instance says nothing");
            self.refuse(EXPIRES_ON, Code::IgnoredValue, message, "leave it empty");
        }
        if given.anchor_day.is_some() {
            self.refuse(
                ANCHOR_DAY,
                Code::IgnoredValue,
                "`anchor_day` of a postpaid instance says nothing",
                "leave it empty",
            );
        }
        let state = given.state.unwrap_or(State::Running);
        self.refuse_returned(&given, Some(state));
        let since = match state {
            State::Overdue | State::Reclaimed => {
                let message = format!("state `{}` of a postpaid instance", state.name());
                self.refuse(STATE, Code::ImpossibleState, message, "write running, stopped or terminated");
                return None;
            }
            State::Stopped => Some(self.past_since(&given)?),
            State::Running | State::Terminated => {
                self.refuse_since(&given, state);
                None
            }
        };
        Some(Standing { state: Some(state), since, returned: false, expires_on: None, anchor_day: None })
    }

    /// The day of reclaiming or stopping, which must lie before the run.
    fn past_since(&mut self, given: &Standing) -> Option<Day> {
        let from = self.context.settings.days.from;
        match given.since {
            None => {
                let help = "fill in the day on which it was reclaimed or stopped";
                self.refuse(SINCE, Code::MissingValue, "`since` is empty", help);
                None
            }
            Some(since) if since >= from => {
                let message = format!("`since` {since} lies in the run, which begins on {from}");
                self.refuse(SINCE, Code::ImpossibleState, message, "write a day before the run");
                None
            }
            since => since,
        }
    }

    fn refuse_since(&mut self, given: &Standing, state: State) {
        if let Some(since) = given.since {
            let message = format!("`since` {since}, but the state is `{}`", state.name());
            let help = "leave `since` empty, or write `reclaimed` or `stopped` into `state`";
            self.refuse(SINCE, Code::ImpossibleState, message, help);
        }
    }

    fn refuse_returned(&mut self, given: &Standing, state: Option<State>) {
        if given.returned && (state != Some(State::Reclaimed) || given.state.is_none()) {
            let message = "`returned` of an instance that is not given as `reclaimed`";
            self.refuse(RETURNED, Code::ImpossibleState, message, "leave `returned` empty");
        }
    }
}

fn offered_months(text: &str, rules: &Profile) -> Result<u32, Problem> {
    let months = months(text)?;
    if rules.renew_periods.contains(&months) { Ok(months) } else { Err(not_offered(rules, months)) }
}

/// The account with this id.
pub(super) fn known_account(text: &str, accounts: &[Account]) -> Result<AccountIndex, Problem> {
    if let Ok(at) = accounts.binary_search_by(|account| account.id.as_str().cmp(text)) {
        return Ok(AccountIndex(u32::try_from(at).expect("a book numbers its accounts in 32 bits")));
    }
    let ids = accounts.iter().take(10_000).map(|account| account.id.as_str());
    let help = nearest(text, ids, "add it to accounts.csv");
    Err(Problem::new(Code::UnknownAccount, format!("there is no account {}", shown(text)), help))
}
