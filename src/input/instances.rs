//! `instances.csv`: the inventory, each row checked against its accounts, profile and prices.

use crate::parallel::prelude::*;

use super::accounts::known_account;
use super::ids;
use super::prices::Prices;
use super::profiles::not_offered;
use super::scenario::Edit;
use super::settings::Settings;
use super::table::{CsvRow, CsvTable, InputRow, KnownColumns, TableChunk};
use super::value::{Problem, any_whole, changed_price, day, months, price, shown, whole, word};
use crate::engine::lifecycle;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::{Account, AccountIndex};
use crate::model::calendar::Day;
use crate::model::id::{FurtherLabels, InstanceId, Labels};
use crate::model::instance::{ChargeType, Instance, InstanceLabels, RenewFlag, State, StoppedBy};
use crate::model::money::Price;
use crate::model::prices::{PriceKind, Priced};
use crate::model::profile::Profile;
use crate::model::selector::Column;

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
pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &NAMES,
    required: &[INSTANCE_ID, ACCOUNT_ID, CHARGE_TYPE],
    tags: true,
    ids: &[INSTANCE_ID, ACCOUNT_ID, PRODUCT, INSTANCE_TYPE, REGION],
    prices: &[MONTHLY_PRICE, HOURLY_PRICE],
};
pub(super) const INSTANCE_ID: usize = 0;
const ACCOUNT_ID: usize = 1;
const PRODUCT: usize = 2;
const INSTANCE_TYPE: usize = 3;
const REGION: usize = 4;
const ZONE: usize = 5;
const PROJECT: usize = 6;
const NAME: usize = 7;
const CHARGE_TYPE: usize = 8;
pub(super) const RENEW_FLAG: usize = 9;
const RENEW_MONTHS: usize = 10;
pub(super) const MONTHLY_PRICE: usize = 11;
const HOURLY_PRICE: usize = 12;
const STARTS_ON: usize = 13;
pub(super) const EXPIRES_ON: usize = 14;
const ANCHOR_DAY: usize = 15;
pub(super) const STATE: usize = 16;
const SINCE: usize = 17;
const PRIORITY: usize = 18;
const RETURNED: usize = 19;
const STOPPED_BY: usize = 20;
const BILLED_HOURS: usize = 21;
const DOWNGRADES: usize = 22;

/// The most hours or downgrades that a counter of the opening may have.
const MOST_COUNTED: i64 = 1_000_000_000;
/// The product of an instance that names none.
const DEFAULT_PRODUCT: &str = "cvm";

/// What was read before, and whether to keep what is read.
#[derive(Default)]
pub(super) struct PriorReading<'k> {
    pub rows: Option<&'k Plain>,
    pub keeps: Option<Plain>,
}

/// What the rows refer to.
pub(super) struct InventoryContext<'c> {
    pub settings: &'c Settings,
    pub profiles: &'c [Profile],
    pub accounts: &'c [Account],
    pub prices: &'c Prices<'c>,
}

/// Instances of rows that no scenario changed, by the byte where the row starts, in file order.
pub(super) type Plain = Vec<(usize, Instance)>;

/// The instances by id, and those of rows that the edits left as they are if `keeps` says so. `review` sees each with its row,
/// as long as that is at hand. An unchanged row that is known already is not read again.
pub(super) fn read_instances(
    table: &CsvTable<'_>,
    (edits, context): (&[Edit], &InventoryContext<'_>),
    (labels, known): (&mut Labels, &mut PriorReading<'_>),
    diagnostics: &mut Diagnostics,
    review: impl Fn(&CsvRow<'_, '_>, &Instance, &FurtherLabels<'_>, &mut Diagnostics) + Sync,
) -> Vec<Instance> {
    let (before, errors) = (labels.clone(), diagnostics.errors());
    let inventory = Inventory {
        table,
        edits,
        context,
        labels: &before,
        rows: known.rows,
        keeps: known.keeps.is_some(),
    };
    let mut instances = Vec::new();
    table.parts(
        diagnostics,
        |part, diagnostics| inventory.piece(part, diagnostics, &review),
        |mut piece: InventoryChunk| {
            let adopted = labels.adopt(&piece.labels, &before);
            piece
                .instances
                .iter_mut()
                .for_each(|instance| instance.labels.replace(|label| adopted.label(label)));
            if let Some(plain) = &mut known.keeps {
                plain.extend(
                    piece
                        .plain
                        .iter()
                        .map(|at| (piece.starts[*at], piece.instances[*at].clone())),
                );
            }
            instances.append(&mut piece.instances);
        },
    );
    edits.iter().for_each(|edit| edit.tell(diagnostics));
    let is_sorted =
        |instances: &[Instance]| instances.par_windows(2).all(|pair| pair[0].id < pair[1].id);
    if !is_sorted(&instances) {
        instances.par_sort_unstable_by(|left, right| left.id.cmp(&right.id));
        if !is_sorted(&instances) {
            inventory.report_twice(diagnostics);
        }
    }
    table.report_whole(errors, diagnostics);
    instances.shrink_to_fit();
    instances
}

/// The inventory, before it is read.
struct Inventory<'i> {
    table: &'i CsvTable<'i>,
    edits: &'i [Edit],
    context: &'i InventoryContext<'i>,
    /// The labels known before.
    labels: &'i Labels,
    rows: Option<&'i Plain>,
    keeps: bool,
}

/// What a part of the inventory holds.
struct InventoryChunk {
    instances: Vec<Instance>,
    /// Where their rows start.
    starts: Vec<usize>,
    /// The labels that it adds.
    labels: Labels,
    /// The positions of instances that are to be kept.
    plain: Vec<usize>,
}

/// What goes from row to row of a part.
struct InstanceParts<'l> {
    labels: FurtherLabels<'l>,
    /// The account of the row before.
    account: Option<AccountIndex>,
}

impl Inventory<'_> {
    fn piece(
        &self,
        part: TableChunk<'_, '_>,
        diagnostics: &mut Diagnostics,
        review: impl Fn(&CsvRow<'_, '_>, &Instance, &FurtherLabels<'_>, &mut Diagnostics),
    ) -> InventoryChunk {
        let names = COLUMNS.names.len();
        let tags = names..names + self.table.tag_keys().len();
        let mut making = InstanceParts {
            labels: FurtherLabels::behind(self.labels),
            account: None,
        };
        let lines = part.lines();
        let (mut instances, mut starts) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
        let mut plain = Vec::new();
        part.rows(diagnostics, |mut row, diagnostics| {
            self.edits.iter().for_each(|edit| edit.apply(&mut row));
            if let Some(instance) = self.known(&row) {
                instances.push(instance.clone());
                starts.push(row.start());
                return;
            }
            let errors = diagnostics.errors();
            let mut reader = InstanceReader {
                row: &row,
                context: self.context,
                making: &mut making,
                diagnostics: &mut *diagnostics,
            };
            if let Some(instance) = reader.read_instance(tags.clone()) {
                review(&row, &instance, &making.labels, diagnostics);
                if self.keeps && row.is_unchanged() && diagnostics.errors() == errors {
                    plain.push(instances.len());
                }
                instances.push(instance);
                starts.push(row.start());
            }
        });
        InventoryChunk {
            instances,
            starts,
            labels: making.labels.into_added(),
            plain,
        }
    }

    /// What was read before of a row that no scenario changed.
    fn known(&self, row: &CsvRow<'_, '_>) -> Option<&Instance> {
        let rows = self.rows.filter(|_| row.is_unchanged())?;
        let at = rows
            .binary_search_by_key(&row.start(), |(start, _)| *start)
            .ok()?;
        Some(&rows[at].1)
    }

    /// Reports each id that stands twice. Only now is it looked for where: a sound inventory needs no places.
    fn report_twice(&self, diagnostics: &mut Diagnostics) {
        let mut ids: Vec<(InstanceId, usize)> = Vec::new();
        self.table.parts(
            &mut Diagnostics::default(),
            |part, found| self.piece(part, found, |_, _, _, _| ()),
            |piece| {
                ids.extend(
                    piece
                        .instances
                        .into_iter()
                        .map(|instance| instance.id)
                        .zip(piece.starts),
                )
            },
        );
        ids.sort_unstable();
        for pair in ids.windows(2) {
            let [(first, first_start), (second, start)] = pair else {
                continue;
            };
            if first == second {
                diagnostics.push_with(Code::DuplicateId, || {
                    let (id, line) = (shown(first.as_str()), self.table.line_number(*first_start));
                    let message = format!("instance {id} stands twice, first in line {line}");
                    (
                        self.table.place_of_cell(*start, INSTANCE_ID),
                        message,
                        "keep one of the two rows".to_owned(),
                    )
                });
            }
        }
    }
}

/// Where an instance stands at the opening.
struct OpeningState {
    state: Option<State>,
    since: Option<Day>,
    returned: bool,
    expires_on: Option<Day>,
    anchor_day: Option<u8>,
}

/// A cell that could not be read; that has been reported.
#[derive(Clone, Copy)]
struct Reported;

/// Reads one row.
struct InstanceReader<'r, 'c> {
    row: &'r CsvRow<'r, 'r>,
    context: &'r InventoryContext<'c>,
    making: &'r mut InstanceParts<'c>,
    diagnostics: &'r mut Diagnostics,
}

impl InstanceReader<'_, '_> {
    fn read_instance(&mut self, tags: std::ops::Range<usize>) -> Option<Instance> {
        let id = self
            .row
            .need((INSTANCE_ID, "instance_id"), self.diagnostics, |text| {
                Ok(InstanceId::new(ids::id(text)?))
            });
        let account = self.read_account();
        let charge_type = self
            .row
            .need((CHARGE_TYPE, "charge_type"), self.diagnostics, |text| {
                word(text, ChargeType::NAMES)
            });
        let labels = self.labels(tags);
        let product = self.making.labels.label_text(labels.product);
        let settings = self.context.settings;
        let profile = settings
            .product_profiles
            .get(product)
            .copied()
            .unwrap_or(settings.profile);
        let rules = &self.context.profiles[profile.0 as usize];
        let flag = self.row.read_cell_as(RENEW_FLAG, self.diagnostics, |text| {
            word(text, RenewFlag::NAMES)
        });
        let renew_months = self
            .row
            .read_cell_as(RENEW_MONTHS, self.diagnostics, |text| {
                offered_months(text, rules)
            });
        let monthly_price = self.price(MONTHLY_PRICE, PriceKind::Monthly, &labels);
        let hourly_price = self.price(HOURLY_PRICE, PriceKind::Hourly, &labels);
        let is_terminated = self.row.text(STATE) == Some(State::Terminated.name());
        if let Some(charge_type) = charge_type.filter(|_| !is_terminated) {
            self.need_price(charge_type, [monthly_price, hourly_price], &labels);
        }
        let starts_on = self.row.read_cell_as(STARTS_ON, self.diagnostics, day);
        let standing = self.standing(charge_type, starts_on, rules);
        let priority = self.row.read_cell_as(PRIORITY, self.diagnostics, any_whole);
        let stopped_by = self.stopped_by(standing.as_ref());
        let (billed_hours, downgrades) = (self.count(BILLED_HOURS), self.count(DOWNGRADES));
        let (charge_type, standing) = (charge_type?, standing?);
        Some(Instance {
            id: id??,
            account: account?,
            profile,
            charge_type,
            renew_flag: flag.unwrap_or(RenewFlag::Manual),
            renew_months: renew_months.unwrap_or(rules.auto_renew_months),
            monthly_price: monthly_price.ok().flatten(),
            hourly_price: hourly_price.ok().flatten(),
            starts_on,
            expires_on: standing.expires_on,
            anchor_day: standing.anchor_day,
            state: standing.state,
            since: standing.since,
            returned: standing.returned,
            stopped_by,
            billed_hours,
            downgrades,
            priority,
            labels,
        })
    }

    /// The account of the row. Neighbours often have the same.
    fn read_account(&mut self) -> Option<AccountIndex> {
        let (accounts, text) = (self.context.accounts, self.row.text(ACCOUNT_ID));
        let is_same = |last: &AccountIndex| Some(accounts[last.0 as usize].id.as_str()) == text;
        let account = self.making.account.filter(is_same);
        self.making.account =
            account.or_else(|| known_account(self.row, ACCOUNT_ID, accounts, self.diagnostics));
        self.making.account
    }

    fn labels(&mut self, tags: std::ops::Range<usize>) -> InstanceLabels {
        let row = self.row;
        let mut label = |slot: usize| row.text(slot).map(|text| self.making.labels.intern(text));
        let (instance_type, region, zone) = (label(INSTANCE_TYPE), label(REGION), label(ZONE));
        let (project, name) = (label(PROJECT), label(NAME));
        let tags = tags.map(&mut label).collect();
        let product = label(PRODUCT).unwrap_or_else(|| self.making.labels.intern(DEFAULT_PRODUCT));
        InstanceLabels {
            product,
            instance_type,
            region,
            zone,
            project,
            name,
            tags,
        }
    }

    fn count(&mut self, slot: usize) -> u32 {
        let counted = self
            .row
            .read_cell_as(slot, self.diagnostics, |text| whole(text, 0, MOST_COUNTED));
        counted
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0)
    }

    /// Who stopped it; says something of stopped instances only.
    fn stopped_by(&mut self, standing: Option<&OpeningState>) -> StoppedBy {
        let given = self.row.read_cell_as(STOPPED_BY, self.diagnostics, |text| {
            word(text, StoppedBy::NAMES)
        });
        let state = standing.and_then(|standing| standing.state);
        if let (Some(given), Some(state)) = (given, state.filter(|state| *state != State::Stopped))
        {
            let message = format!(
                "`stopped_by` is `{}`, but the state of {} is `{}`",
                given.name(),
                self.id(),
                state.name()
            );
            self.refuse(
                STOPPED_BY,
                Code::ImpossibleState,
                message,
                "leave `stopped_by` empty, or write `stopped` into `state`",
            );
        }
        given.unwrap_or(StoppedBy::Arrears)
    }

    /// The price in force: that of its cell or of the price list, with the scenario's changes.
    fn price(
        &mut self,
        slot: usize,
        kind: PriceKind,
        labels: &InstanceLabels,
    ) -> Result<Option<Price>, Reported> {
        let Some(mut price) = self.listed_price(slot, kind, labels)? else {
            return Ok(None);
        };
        for (factor, place) in self.row.markups() {
            let changed = changed_price(price, *factor);
            price = changed.map_err(|problem| {
                problem.report(|| Place::clone(place), self.diagnostics);
                Reported
            })?;
        }
        Ok(Some(price))
    }

    fn listed_price(
        &mut self,
        slot: usize,
        kind: PriceKind,
        labels: &InstanceLabels,
    ) -> Result<Option<Price>, Reported> {
        if self.row.text(slot).is_some() {
            return self
                .row
                .read_cell_as(slot, self.diagnostics, price)
                .map(Some)
                .ok_or(Reported);
        }
        let Some(instance_type) = labels.instance_type else {
            return Ok(None);
        };
        let priced = Priced {
            product: labels.product,
            instance_type,
            region: labels.region,
        };
        self.context.prices.list.look_up(priced, kind).map_err(|ambiguous| {
            self.diagnostics.push_with(Code::AmbiguousPrice, || {
                let lines = [ambiguous.first, ambiguous.second].map(|row| self.context.prices.line_number(row));
                let [first, second] = lines;
                let column = kind.column();
                let message = format!("lines {first} and {second} of `prices.csv` fit equally well for its `{column}`");
                let help = format!("leave out one of the two lines, or fill in `{column}` here");
                (self.row.place(INSTANCE_TYPE), message, help)
            });
            Reported
        })
    }

    fn need_price(
        &mut self,
        charge_type: ChargeType,
        [monthly, hourly]: [Result<Option<Price>, Reported>; 2],
        labels: &InstanceLabels,
    ) {
        let (price, slot, kind) = match charge_type {
            ChargeType::Prepaid => (monthly, MONTHLY_PRICE, PriceKind::Monthly),
            ChargeType::Postpaid => (hourly, HOURLY_PRICE, PriceKind::Hourly),
        };
        if matches!(price, Ok(None)) {
            self.diagnostics.push_with(Code::MissingPrice, || {
                let column = kind.column();
                let message = format!("{} has no `{column}`", id_of(self.row));
                (
                    self.row.place(slot),
                    message,
                    missing_price_help(column, labels, &self.making.labels),
                )
            });
        }
    }

    /// The id of the row, for messages.
    fn id(&self) -> String {
        id_of(self.row)
    }

    fn refuse(
        &mut self,
        slot: usize,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        Problem::new(code, message, help).report(|| self.row.place(slot), self.diagnostics);
    }

    /// Where the instance stands; none if its cells contradict each other.
    fn standing(
        &mut self,
        charge_type: Option<ChargeType>,
        starts_on: Option<Day>,
        rules: &Profile,
    ) -> Option<OpeningState> {
        let before = self.diagnostics.errors();
        let expires_on = self.row.read_cell_as(EXPIRES_ON, self.diagnostics, day);
        let state = self
            .row
            .read_cell_as(STATE, self.diagnostics, |text| word(text, State::NAMES));
        let since = self.row.read_cell_as(SINCE, self.diagnostics, day);
        let yes_or_no = |text: &str| word(text, &[("true", true), ("false", false)]);
        let returned = self
            .row
            .read_cell_as(RETURNED, self.diagnostics, yes_or_no)
            .unwrap_or(false);
        let anchor = |text: &str| whole(text, 1, 31).map(|day| u8::try_from(day).unwrap_or(31));
        let anchor_day = self.row.read_cell_as(ANCHOR_DAY, self.diagnostics, anchor);
        let charge_type = charge_type.filter(|_| self.diagnostics.errors() == before)?;
        let given = OpeningState {
            state,
            since,
            returned,
            expires_on,
            anchor_day,
        };
        let standing = match (charge_type, starts_on) {
            (_, Some(start)) if start >= self.context.settings.days.from => {
                self.future(given, charge_type, start)
            }
            (ChargeType::Prepaid, _) => self.prepaid(given, rules),
            (ChargeType::Postpaid, _) => self.postpaid(given),
        };
        standing.filter(|_| self.diagnostics.errors() == before)
    }

    /// An instance that is bought or started during or after the run.
    fn future(
        &mut self,
        given: OpeningState,
        charge_type: ChargeType,
        start: Day,
    ) -> Option<OpeningState> {
        for (slot, name) in [
            (EXPIRES_ON, "expires_on"),
            (STATE, "state"),
            (SINCE, "since"),
        ] {
            if self.row.text(slot).is_some() {
                let message = format!(
                    "`{name}` of {} is filled in, but it begins on {start} only",
                    self.id()
                );
                self.refuse(
                    slot,
                    Code::UnexpectedValue,
                    message,
                    format!("leave `{name}` empty"),
                );
            }
        }
        self.refuse_returned(&given, None);
        let anchor = (charge_type == ChargeType::Prepaid).then(|| self.anchor(&given, start));
        Some(OpeningState {
            state: None,
            since: None,
            returned: false,
            expires_on: None,
            anchor_day: anchor,
        })
    }

    fn prepaid(&mut self, given: OpeningState, rules: &Profile) -> Option<OpeningState> {
        let Some(expiry) = given.expires_on else {
            self.refuse(
                EXPIRES_ON,
                Code::MissingValue,
                "`expires_on` is empty",
                "fill in the expiry date",
            );
            return None;
        };
        let anchor_day = Some(self.anchor(&given, expiry));
        let (state, since) = match given.state {
            Some(state) => self.given_state(&given, state, expiry)?,
            None => self.derived_state(&given, expiry, rules)?,
        };
        self.refuse_returned(&given, Some(state));
        Some(OpeningState {
            state: Some(state),
            since,
            returned: given.returned,
            expires_on: Some(expiry),
            anchor_day,
        })
    }

    /// Rules **purchase-anchor**, **anchor**.
    fn anchor(&mut self, given: &OpeningState, base: Day) -> u8 {
        let anchor = given.anchor_day.unwrap_or_else(|| base.day_of_month());
        if !base.falls_on(anchor) {
            let message = format!(
                "`anchor_day` of {} is {anchor}, but its term ends on {base}",
                self.id()
            );
            let help = format!("write {}, or leave `anchor_day` empty", base.day_of_month());
            self.refuse(ANCHOR_DAY, Code::BadAnchor, message, help);
        }
        anchor
    }

    /// Rules **given-state**, **closed-contradictions**.
    fn given_state(
        &mut self,
        given: &OpeningState,
        state: State,
        expiry: Day,
    ) -> Option<(State, Option<Day>)> {
        let from = self.context.settings.days.from;
        match state {
            State::Stopped => {
                let message = format!("{} is prepaid, but its state is `stopped`", self.id());
                self.refuse(
                    STATE,
                    Code::ImpossibleState,
                    message,
                    "write running, overdue, reclaimed or terminated",
                );
                None
            }
            State::Overdue if expiry >= from => {
                let message = format!(
                    "{} is `overdue`, but it expires on {expiry}, not before {from}",
                    self.id()
                );
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
    fn derived_state(
        &mut self,
        given: &OpeningState,
        expiry: Day,
        rules: &Profile,
    ) -> Option<(State, Option<Day>)> {
        self.refuse_since(given, State::Running);
        let from = self.context.settings.days.from;
        let reclaimed_on = lifecycle::suspension_of(rules, expiry);
        if expiry >= from {
            return Some((State::Running, None));
        }
        if from <= reclaimed_on {
            return Some((State::Overdue, None));
        }
        let release = lifecycle::release_of_unpaid(rules, expiry, reclaimed_on);
        if release < from {
            let message = format!(
                "{} expired on {expiry} and was released on {release}, before the run",
                self.id()
            );
            let help = "if it was renewed, correct `expires_on`; else leave the row out, or write `terminated` into `state`";
            self.refuse(EXPIRES_ON, Code::AlreadyReleased, message, help);
            return None;
        }
        Some((State::Reclaimed, Some(reclaimed_on)))
    }

    fn postpaid(&mut self, given: OpeningState) -> Option<OpeningState> {
        if given.expires_on.is_some() {
            let message = format!("{} is postpaid, so `expires_on` says nothing", self.id());
            self.refuse(
                EXPIRES_ON,
                Code::IgnoredValue,
                message,
                "leave `expires_on` empty",
            );
        }
        if given.anchor_day.is_some() {
            let message = format!("{} is postpaid, so `anchor_day` says nothing", self.id());
            self.refuse(
                ANCHOR_DAY,
                Code::IgnoredValue,
                message,
                "leave `anchor_day` empty",
            );
        }
        let state = given.state.unwrap_or(State::Running);
        self.refuse_returned(&given, Some(state));
        let since = match state {
            State::Overdue | State::Reclaimed => {
                let message = format!(
                    "{} is postpaid, but its state is `{}`",
                    self.id(),
                    state.name()
                );
                self.refuse(
                    STATE,
                    Code::ImpossibleState,
                    message,
                    "write running, stopped or terminated",
                );
                return None;
            }
            State::Stopped => Some(self.past_since(&given)?),
            State::Running | State::Terminated => {
                self.refuse_since(&given, state);
                None
            }
        };
        Some(OpeningState {
            state: Some(state),
            since,
            returned: false,
            expires_on: None,
            anchor_day: None,
        })
    }

    /// The day of reclaiming or stopping, which must lie before the run.
    fn past_since(&mut self, given: &OpeningState) -> Option<Day> {
        let from = self.context.settings.days.from;
        match given.since {
            None => {
                let help = "fill in the day on which it was reclaimed or stopped";
                self.refuse(SINCE, Code::MissingValue, "`since` is empty", help);
                None
            }
            Some(since) if since >= from => {
                let message = format!("`since` is {since}, but the run begins on {from}");
                self.refuse(
                    SINCE,
                    Code::ImpossibleState,
                    message,
                    format!("write a day before {from}"),
                );
                None
            }
            since => since,
        }
    }

    fn refuse_since(&mut self, given: &OpeningState, state: State) {
        if let Some(since) = given.since {
            let message = format!(
                "`since` is {since}, but the state of {} is `{}`",
                self.id(),
                state.name()
            );
            let help = "leave `since` empty, or write `reclaimed` or `stopped` into `state`";
            self.refuse(SINCE, Code::ImpossibleState, message, help);
        }
    }

    fn refuse_returned(&mut self, given: &OpeningState, state: Option<State>) {
        if given.returned && (state != Some(State::Reclaimed) || given.state.is_none()) {
            let message = format!(
                "{} is `returned`, but its state is not written as `reclaimed`",
                self.id()
            );
            let help = "leave `returned` empty, or write `reclaimed` into `state`";
            self.refuse(RETURNED, Code::ImpossibleState, message, help);
        }
    }
}

fn id_of(row: &CsvRow<'_, '_>) -> String {
    shown(row.text(INSTANCE_ID).unwrap_or(""))
}

fn offered_months(text: &str, rules: &Profile) -> Result<u32, Problem> {
    let months = months(text)?;
    if rules.renew_periods.contains(&months) {
        Ok(months)
    } else {
        Err(not_offered(rules, months))
    }
}

fn missing_price_help(column: &str, labels: &InstanceLabels, texts: &FurtherLabels<'_>) -> String {
    let Some(kind) = labels.instance_type else {
        return format!(
            "fill in `{column}`, or fill in `instance_type` and add that type to `prices.csv`"
        );
    };
    let (product, kind) = (texts.label_text(labels.product), texts.label_text(kind));
    let region = labels.region.map_or(String::new(), |region| {
        format!(", `region` {}", shown(texts.label_text(region)))
    });
    format!(
        "fill in `{column}`, or add a row for `product` {}, `instance_type` {}{region} to `prices.csv`",
        shown(product),
        shown(kind)
    )
}
