//! The rows of a sample book's `instances.csv`: what is rented, how it is charged, and its state at the opening.
//!
//! Cells that a reader can derive are mostly left empty, as people leave them. What it will cost and who will pay are
//! not decided here.

use crate::model::instance::{ChargeType, RenewFlag, State};

use super::catalogue::{CATALOGUE, CatalogueType, Environment, Product, Region};
use super::dates::Dates;
use super::department::{Department, Funded};
use super::random::Random;
use super::row::{Maybe, price_cell, push_row};

/// The heading of `instances.csv`.
pub(super) const COLUMNS: &str = "instance_id,account_id,product,instance_type,region,zone,project,name,charge_type,\
    renew_flag,renew_months,monthly_price,hourly_price,starts_on,expires_on,anchor_day,state,since,priority,returned,\
    tag:env,tag:team";

/// The characters of an instance id.
const ID_ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// How many ids there are: eight characters.
const IDS: u64 = 36_u64.pow(8);
/// From one id to the next. It has no factor in common with 36, so that no id comes twice.
const ID_STEP: u64 = 1_618_033_988_749;

/// Days from the opening to the latest expiry of what runs: thirteen months.
const LATEST_EXPIRY: i64 = 395;
/// Days since the expiry of what has lapsed: few enough that no built-in profile in use has released it yet.
const LAPSED_DAYS: i64 = 9;

/// Months of one renewal, by weight in permille; empty is the profile's.
const RENEW_MONTHS: &[(u64, Option<i64>)] = &[
    (600, None),
    (180, Some(1)),
    (60, Some(3)),
    (50, Some(6)),
    (100, Some(12)),
    (10, Some(36)),
];

/// One row of `instances.csv`; days and prices as in [`Dates`] and the catalogue.
pub(super) struct DrawnInstance {
    pub(super) id: String,
    pub(super) charge_type: ChargeType,
    pub(super) renewal: Option<Renewal>,
    /// The price of its charge type, whether or not the row says it.
    pub(super) price: i64,
    pub(super) opening: DrawnState,
    has_contract: bool,
    product: &'static Product,
    instance_type: &'static CatalogueType,
    region: &'static Region,
    zone: i64,
    role: &'static str,
    number: u64,
    project: &'static str,
    environment: &'static Environment,
    team: &'static str,
    priority: Option<i64>,
}

/// How a prepaid instance renews.
#[derive(Clone, Copy)]
pub(super) struct Renewal {
    pub(super) flag: RenewFlag,
    /// Months of one auto-renewal; none is the profile's.
    pub(super) months: Option<i64>,
}

/// The state of an instance at the opening. The days are those of the columns with the same names.
#[derive(Default)]
pub(super) struct DrawnState {
    pub(super) starts_on: Option<i64>,
    pub(super) expires_on: Option<i64>,
    pub(super) state: Option<State>,
    anchor_day: Option<i64>,
    since: Option<i64>,
    returned: bool,
}

impl DrawnInstance {
    /// An instance of the department: its number there, and the code of its id.
    pub(super) fn draw_instance(
        random: &mut Random,
        dates: &Dates,
        department: &Department,
        number: u64,
        code: &IdCode,
    ) -> Self {
        let environment = random.weighted(&CATALOGUE.environments, |one| one.share);
        let product = random.weighted(&CATALOGUE.products, |product| product.share);
        let instance_type = draw_type(random, product, environment.draws);
        let region = department.region(random);
        let is_hourly = product.hourly && random.chance(155);
        let renewal = (!is_hourly).then(|| Renewal::draw_renewal(random, environment));
        let (charge_type, list_price) = if is_hourly {
            (ChargeType::Postpaid, instance_type.hourly)
        } else {
            (ChargeType::Prepaid, instance_type.monthly)
        };
        let opening = match renewal {
            Some(renewal) => DrawnState::of_prepaid(random, dates, renewal),
            None => DrawnState::of_postpaid(random, dates, department.funded),
        };
        let contract = random.chance(80).then(|| random.within(600..=950));
        Self {
            id: code.after(&product.id_prefix),
            charge_type,
            renewal,
            price: region.local_price(list_price) * contract.unwrap_or(1000) / 1000,
            opening,
            has_contract: contract.is_some(),
            product,
            instance_type,
            region,
            zone: random.within(1..=region.zones),
            role: random.choose::<String>(&product.roles),
            number,
            project: random.choose::<String>(&CATALOGUE.projects),
            environment,
            team: department.team(random),
            priority: random.chance(100).then(|| random.within(1..=9)),
        }
    }

    /// Appends its row.
    pub(super) fn write_instance(&self, out: &mut Vec<u8>, dates: &Dates, account_id: &str) {
        let (opening, region, renewal) = (&self.opening, &self.region.name, self.renewal);
        let [starts_on, expires_on, since] = [opening.starts_on, opening.expires_on, opening.since]
            .map(|day| Maybe(day.map(|day| dates.date_text(day))));
        let own_price = self.has_contract.then(|| price_cell(self.price));
        let is_prepaid = self.charge_type == ChargeType::Prepaid;
        push_row(
            out,
            &[
                &self.id,
                &account_id,
                &self.product.name,
                &self.instance_type.name,
                region,
                &format_args!("{region}-{}", self.zone),
                &self.project,
                &format_args!("{}-{}", self.role, self.number),
                &self.charge_type.name(),
                &renewal.map_or("", |renewal| renewal.flag.name()),
                &Maybe(renewal.and_then(|renewal| renewal.months)),
                &Maybe(own_price.filter(|_| is_prepaid)),
                &Maybe(own_price.filter(|_| !is_prepaid)),
                &starts_on,
                &expires_on,
                &Maybe(opening.anchor_day),
                &opening.state.map_or("", State::name),
                &since,
                &Maybe(self.priority),
                &if opening.returned { "true" } else { "" },
                &self.environment.name,
                &self.team,
            ],
        );
    }
}

impl Renewal {
    fn draw_renewal(random: &mut Random, environment: &Environment) -> Self {
        let flags = [
            (environment.auto, RenewFlag::Auto),
            (environment.manual, RenewFlag::Manual),
            (environment.none, RenewFlag::None),
        ];
        let flag = random.pick(&flags);
        Self {
            flag,
            months: random.pick(RENEW_MONTHS),
        }
    }

    /// Whether it renews itself month by month.
    fn is_monthly(self) -> bool {
        self.flag == RenewFlag::Auto && self.months.is_none_or(|months| months == 1)
    }
}

impl DrawnState {
    fn of_prepaid(random: &mut Random, dates: &Dates, renewal: Renewal) -> Self {
        match random.below(1000) {
            0..15 => Self::starting(random, dates),
            15..25 => Self {
                expires_on: Some(-random.within(1..=LAPSED_DAYS)),
                ..Self::default()
            },
            25..28 => Self {
                expires_on: Some(-1),
                state: Some(State::Overdue),
                ..Self::default()
            },
            28..30 => Self::returned(random),
            30..32 => Self {
                expires_on: Some(-random.within(20..=40)),
                state: Some(State::Terminated),
                ..Self::default()
            },
            _ => Self::running(random, dates, renewal),
        }
    }

    fn of_postpaid(random: &mut Random, dates: &Dates, funded: Funded) -> Self {
        let stopped = if funded == Funded::InArrears { 600 } else { 5 };
        match random.below(1000) {
            roll if roll < stopped => Self {
                state: Some(State::Stopped),
                since: Some(-random.within(1..=3)),
                ..Self::default()
            },
            985.. => Self::starting(random, dates),
            _ => Self::default(),
        }
    }

    /// Not there yet: bought or started during the run.
    fn starting(random: &mut Random, dates: &Dates) -> Self {
        Self {
            starts_on: Some(random.within(0..=dates.run_days() - 1)),
            ..Self::default()
        }
    }

    /// Returned by people a few days ago, long before its expiry.
    fn returned(random: &mut Random) -> Self {
        Self {
            expires_on: Some(random.within(10..=200)),
            state: Some(State::Reclaimed),
            since: Some(-random.within(1..=6)),
            returned: true,
            ..Self::default()
        }
    }

    /// Paid for up to some day: what renews monthly mostly within a month, some at the end of one.
    fn running(random: &mut Random, dates: &Dates, renewal: Renewal) -> Self {
        let soon = renewal.is_monthly() && random.chance(600);
        let day = random.within(0..=if soon { 30 } else { LATEST_EXPIRY });
        let is_at_month_end = random.chance(80);
        Self {
            expires_on: Some(if is_at_month_end {
                dates.month_end(day)
            } else {
                day
            }),
            anchor_day: (is_at_month_end && random.chance(500)).then_some(31),
            ..Self::default()
        }
    }
}

/// Small types are more common than large ones: the cheapest of some draws.
fn draw_type(random: &mut Random, product: &'static Product, draws: u64) -> &'static CatalogueType {
    let rank = (0..draws).map(|_| random.index(product.types.len())).min();
    &product.types[rank.expect("a type is drawn at least once")]
}

/// The eight characters that make an instance id unique.
pub(super) struct IdCode([u8; 8]);

impl IdCode {
    fn after(&self, prefix: &str) -> String {
        let code = str::from_utf8(&self.0).expect("an id is made of letters and digits");
        format!("{prefix}{code}")
    }
}

/// The ids of a book: all different, and in no visible order.
pub(super) struct Serials {
    at: u64,
}

impl Serials {
    /// The sequence from some point on.
    pub(super) fn starting_at(random: &mut Random) -> Self {
        Self {
            at: random.below(IDS),
        }
    }

    /// The next id.
    pub(super) fn next(&mut self) -> IdCode {
        self.at = (self.at + ID_STEP) % IDS;
        let mut left = self.at;
        IdCode([(); 8].map(|()| {
            let digit = usize::try_from(left % 36).expect("a digit");
            left /= 36;
            ID_ALPHABET[digit]
        }))
    }
}
