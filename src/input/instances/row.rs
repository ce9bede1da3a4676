//! One row of the inventory: its cells, checked against accounts, profile and prices.

use super::opening::OpeningState;
use super::{
    ACCOUNT_ID, BILLED_HOURS, CHARGE_TYPE, COLUMNS, DOWNGRADES, HOURLY_PRICE, INSTANCE_ID,
    INSTANCE_TYPE, InventoryContext, MONTHLY_PRICE, NAME, PRIORITY, PRODUCT, PROJECT, REGION,
    RENEW_FLAG, RENEW_MONTHS, STARTS_ON, STATE, STOPPED_BY, ZONE,
};
use crate::input::accounts::known_account;
use crate::input::diagnostic::{Code, Place};
use crate::input::ids;
use crate::input::profiles::not_offered;
use crate::input::table::{CellReader, CsvRow, InputRow};
use crate::input::value::{Problem, any_whole, changed_price, day, months, price, shown};
use crate::model::account::AccountIndex;
use crate::model::id::{FurtherLabels, InstanceId};
use crate::model::instance::{ChargeType, Instance, InstanceLabels, RenewFlag, State, StoppedBy};
use crate::model::money::Price;
use crate::model::prices::{PriceKind, Priced};
use crate::model::profile::Profile;

/// The most hours or downgrades of a counter at the opening.
const MAX_COUNT: i64 = 1_000_000_000;
/// The product of an instance that names none.
const DEFAULT_PRODUCT: &str = "cvm";

/// What goes from row to row of a part.
pub(super) struct NeighbourState<'l> {
    pub labels: FurtherLabels<'l>,
    /// The account of the row before.
    pub account: Option<AccountIndex>,
}

/// Reads one row.
pub(super) struct InstanceReader<'r, 'c> {
    pub cells: CellReader<'r, CsvRow<'r, 'r>>,
    pub context: InventoryContext<'c>,
    pub neighbour: &'r mut NeighbourState<'c>,
}

impl InstanceReader<'_, '_> {
    pub(super) fn read_instance(&mut self, tags: usize) -> Option<Instance> {
        let id = self
            .cells
            .need(INSTANCE_ID, |text| Ok(InstanceId::new(ids::id(text)?)));
        let account = self.read_account();
        let charge_type = self.cells.need_word(CHARGE_TYPE);
        let labels = self.labels(tags);
        let product = self.neighbour.labels.label_text(labels.product);
        let settings = self.context.settings;
        let profile = settings.profile_of(product);
        let rules = &self.context.profiles[profile.0 as usize];
        let renew_flag = self.cells.word(RENEW_FLAG);
        let renew_months = self
            .cells
            .read(RENEW_MONTHS, |text| offered_months(text, rules));
        let monthly_price = self.price(MONTHLY_PRICE, PriceKind::Monthly, &labels);
        let hourly_price = self.price(HOURLY_PRICE, PriceKind::Hourly, &labels);
        let is_terminated = self.cells.text(STATE) == Some(State::Terminated.name());
        match charge_type.filter(|_| !is_terminated) {
            Some(ChargeType::Prepaid) if monthly_price == Some(None) => {
                self.report_no_price(MONTHLY_PRICE, &labels);
            }
            Some(ChargeType::Postpaid) if hourly_price == Some(None) => {
                self.report_no_price(HOURLY_PRICE, &labels);
            }
            _ => {}
        }
        let starts_on = self.cells.read(STARTS_ON, day);
        let opening = self.opening(charge_type, starts_on, rules);
        let priority = self.cells.read(PRIORITY, any_whole);
        let stopped_by = self.stopped_by(opening.as_ref());
        let [billed_hours, downgrades] = [BILLED_HOURS, DOWNGRADES]
            .map(|slot| self.cells.count(slot, 0..=MAX_COUNT).unwrap_or(0));
        let (charge_type, opening) = (charge_type?, opening?);
        Some(Instance {
            id: id??,
            account: account?,
            profile,
            charge_type,
            renew_flag: renew_flag.unwrap_or(RenewFlag::Manual),
            renew_months: renew_months.unwrap_or(rules.auto_renew_months),
            monthly_price: monthly_price.flatten(),
            hourly_price: hourly_price.flatten(),
            starts_on,
            expires_on: opening.expires_on,
            anchor_day: opening.anchor_day,
            state: opening.state,
            since: opening.since,
            returned: opening.returned,
            stopped_by,
            billed_hours,
            downgrades,
            priority,
            labels,
        })
    }

    /// The account of the row. Neighbours often have the same.
    fn read_account(&mut self) -> Option<AccountIndex> {
        let (accounts, text) = (self.context.accounts, self.cells.text(ACCOUNT_ID));
        let last = self.neighbour.account;
        let account = last.filter(|last| Some(accounts[last.0 as usize].id.as_str()) == text);
        self.neighbour.account =
            account.or_else(|| known_account(&mut self.cells, ACCOUNT_ID, accounts));
        self.neighbour.account
    }

    fn labels(&mut self, tags: usize) -> InstanceLabels {
        let (row, labels) = (self.cells.row, &mut self.neighbour.labels);
        let mut label = |slot| row.text(slot).map(|text| labels.intern(text));
        let [instance_type, region, zone, project, name] =
            [INSTANCE_TYPE, REGION, ZONE, PROJECT, NAME].map(&mut label);
        let first_tag = COLUMNS.names.len();
        let tags = (first_tag..first_tag + tags).map(&mut label).collect();
        let product = label(PRODUCT);
        InstanceLabels {
            product: product.unwrap_or_else(|| labels.intern(DEFAULT_PRODUCT)),
            instance_type,
            region,
            zone,
            project,
            name,
            tags,
        }
    }

    /// Who stopped it; says something of stopped instances only.
    fn stopped_by(&mut self, opening: Option<&OpeningState>) -> StoppedBy {
        let given: Option<StoppedBy> = self.cells.word(STOPPED_BY);
        let state = opening.and_then(|opening| opening.state);
        let state = state.filter(|state| *state != State::Stopped);
        if let (Some(given), Some(state)) = (given, state) {
            let (given, id, state) = (given.name(), self.id(), state.name());
            self.cells.refuse(
                STOPPED_BY,
                Code::ImpossibleState,
                format!("`stopped_by` is `{given}`, but the state of {id} is `{state}`"),
                "leave `stopped_by` empty, or write `stopped` into `state`",
            );
        }
        given.unwrap_or(StoppedBy::Arrears)
    }

    /// The price in force, if there is one: that of its cell or of the price list, with the scenario's changes. None where
    /// it could not be read.
    fn price(
        &mut self,
        slot: usize,
        kind: PriceKind,
        labels: &InstanceLabels,
    ) -> Option<Option<Price>> {
        let Some(mut price) = self.listed_price(slot, kind, labels)? else {
            return Some(None);
        };
        for (factor, place) in self.cells.row.markups() {
            let changed = changed_price(price, *factor);
            price = changed
                .map_err(|problem| problem.report(|| Place::clone(place), self.cells.diagnostics))
                .ok()?;
        }
        Some(Some(price))
    }

    fn listed_price(
        &mut self,
        slot: usize,
        kind: PriceKind,
        labels: &InstanceLabels,
    ) -> Option<Option<Price>> {
        if self.cells.text(slot).is_some() {
            return self.cells.read(slot, price).map(Some);
        }
        let Some(instance_type) = labels.instance_type else {
            return Some(None);
        };
        let priced = Priced {
            product: labels.product,
            instance_type,
            region: labels.region,
        };
        let prices = self.context.prices;
        let ambiguous = match prices.list.look_up(priced, kind) {
            Ok(price) => return Some(price),
            Err(ambiguous) => ambiguous,
        };
        let row = self.cells.row;
        self.cells.diagnostics.push_with(Code::AmbiguousPrice, || {
            let [first, second] =
                [ambiguous.first, ambiguous.second].map(|row| prices.line_number(row));
            let column = kind.column();
            let message = format!(
                "lines {first} and {second} of `prices.csv` fit equally well for its `{column}`"
            );
            let help = format!("leave out one of the two lines, or fill in `{column}` here");
            (row.place(INSTANCE_TYPE), message, help)
        });
        None
    }

    fn report_no_price(&mut self, slot: usize, labels: &InstanceLabels) {
        let (row, texts) = (self.cells.row, &self.neighbour.labels);
        self.cells.diagnostics.push_with(Code::MissingPrice, || {
            let column = row.column(slot);
            let message = format!("{} has no `{column}`", id_of(row));
            (
                row.place(slot),
                message,
                no_price_help(column, labels, texts),
            )
        });
    }

    /// The id of the row, for messages.
    pub(super) fn id(&self) -> String {
        id_of(self.cells.row)
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

fn no_price_help(column: &str, labels: &InstanceLabels, texts: &FurtherLabels<'_>) -> String {
    let Some(instance_type) = labels.instance_type else {
        return format!(
            "fill in `{column}`, or fill in `instance_type` and add that type to `prices.csv`"
        );
    };
    let product = shown(texts.label_text(labels.product));
    let instance_type = shown(texts.label_text(instance_type));
    let region = labels.region.map_or(String::new(), |region| {
        format!(", `region` {}", shown(texts.label_text(region)))
    });
    format!(
        "fill in `{column}`, or add a row for `product` {product}, `instance_type` {instance_type}{region} to `prices.csv`"
    )
}
