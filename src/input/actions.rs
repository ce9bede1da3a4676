//! `actions.csv` and the `[[actions]]` of a scenario: what people plan to do.

use std::collections::BTreeMap;

use super::accounts::{find_account, unknown_account};
use super::document::{TomlRow, TomlTable};
use super::ids;
use super::scenario::Shift;
use super::selectors::selector;
use super::settings::Settings;
use super::table::{CsvTable, InputRow, KnownColumns};
use super::value::{
    Problem, amount_above_zero, amount_from_zero, day, months, price, shown, whole, word,
};
use super::vouchers::{self, Ids, Slots};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::Account;
use crate::model::action::{AccountRef, Action, Channel, Target, Transfer, Verb};
use crate::model::calendar::{Day, working_days_later};
use crate::model::id::Labels;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, RenewFlag, State};
use crate::model::money::{Currency, Money, Price};
use crate::model::order::Orders;
use crate::model::profile::Profile;
use crate::model::voucher::{GrantIndex, Voucher};

pub(super) const FILE: &str = "actions.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "date",
        "action",
        "account_id",
        "instance_id",
        "where",
        "amount",
        "months",
        "day",
        "flag",
        "price",
        "note",
        "channel",
        "voucher_id",
        "valid_to",
        "products",
        "pay_mode",
        "min_order",
        "instance_type",
    ],
    required: &[DATE, ACTION],
    tags: false,
    ids: &[ACCOUNT_ID, INSTANCE_ID, VOUCHER.voucher_id],
    prices: &[PRICE],
};
const DATE: usize = 0;
const ACTION: usize = 1;
const ACCOUNT_ID: usize = 2;
const INSTANCE_ID: usize = 3;
const WHERE: usize = 4;
const AMOUNT: usize = 5;
const MONTHS: usize = 6;
const DAY: usize = 7;
const FLAG: usize = 8;
const PRICE: usize = 9;
const NOTE: usize = 10;
const CHANNEL: usize = 11;
const INSTANCE_TYPE: usize = 17;
/// The cells of a granted voucher.
const VOUCHER: Slots = Slots {
    voucher_id: 12,
    amount: AMOUNT,
    valid_to: 13,
    products: 14,
    pay_mode: 15,
    min_order: 16,
};
/// The cells that only some actions read.
const OPTIONAL: &[usize] = &[
    AMOUNT,
    MONTHS,
    DAY,
    FLAG,
    PRICE,
    CHANNEL,
    VOUCHER.voucher_id,
    VOUCHER.valid_to,
    VOUCHER.products,
    VOUCHER.pay_mode,
    VOUCHER.min_order,
    INSTANCE_TYPE,
];

/// All actions.
const NAMES: &[&str] = &[
    "topup",
    "credit",
    "set_credit_limit",
    "renew",
    "renew_until",
    "set_flag",
    "set_price",
    "terminate",
    "start",
    "stop",
    "resize",
    "to_prepaid",
    "to_postpaid",
    "voucher",
];
/// So many instances are compared with a misspelt one.
pub(super) const MOST_COMPARED: usize = 100_000;
/// The last day of the month that a unified expiry date can have.
const LAST_UNIFIED_DAY: i64 = 28;

/// What the rows refer to.
pub(super) struct ActionContext<'c> {
    pub settings: &'c Settings,
    pub accounts: &'c [Account],
    pub profiles: &'c [Profile],
    pub instances: &'c [Instance],
    pub tag_keys: &'c [String],
    /// What a scenario does to the top-ups of the file.
    pub shifts: &'c [Shift],
    /// What is known to be paid, where a person should hear what is not.
    pub orders: Option<&'c Orders>,
}

/// What the rows add to.
pub(super) struct ActionParts<'m> {
    pub labels: &'m mut Labels,
    pub voucher_ids: &'m mut Ids,
    /// The vouchers that actions grant.
    pub grants: &'m mut Vec<Voucher>,
}

/// The actions of the file, then those of the scenario.
pub(super) fn read_actions(
    bytes: Option<&[u8]>,
    further: &[TomlTable<'_>],
    (context, makings): (&ActionContext<'_>, &mut ActionParts<'_>),
    diagnostics: &mut Diagnostics,
) -> Vec<Action> {
    let mut actions = Vec::new();
    if let Some(mut table) =
        bytes.and_then(|bytes| CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics))
    {
        table.set_zone(&context.settings.time_zone);
        let errors = diagnostics.errors();
        table.rows(diagnostics, |row, diagnostics| {
            let shifts = context.shifts;
            actions.extend(
                ActionReader {
                    row: &row,
                    context,
                    shifts,
                    makings: &mut *makings,
                    diagnostics,
                }
                .action(),
            );
        });
        table.report_whole(errors, diagnostics);
        if context.orders.is_some() {
            repeated(&table, diagnostics);
        }
    }
    context
        .shifts
        .iter()
        .for_each(|shift| shift.refuse_if_idle(diagnostics));
    for section in further {
        if let Some(row) = TomlRow::read_table(section.clone(), COLUMNS.names, diagnostics) {
            actions.extend(
                ActionReader {
                    row: &row,
                    context,
                    shifts: &[],
                    makings: &mut *makings,
                    diagnostics,
                }
                .action(),
            );
        }
    }
    actions
}

/// Warns of rows that are equal in every cell: pasted twice, they are carried out twice.
fn repeated(table: &CsvTable<'_>, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<Vec<Box<str>>, usize> = BTreeMap::new();
    table.rows(&mut Diagnostics::default(), |row, _| {
        let cells: Vec<Box<str>> = (0..COLUMNS.names.len())
            .map(|slot| row.text(slot).unwrap_or("").into())
            .collect();
        let first = *seen.entry(cells).or_insert(row.start());
        if first != row.start() {
            let message = format!(
                "this row equals that of line {} in every cell: both are carried out",
                table.line_number(first)
            );
            Problem::new(
                Code::RepeatedRow,
                message,
                "leave one of them out, or say in `note` what each is",
            )
            .report(|| row.place(ACTION), diagnostics);
        }
    });
}

/// The place of the action with this number, in a book that was read without errors: each row is one action.
pub(super) fn place_of(
    bytes: Option<&[u8]>,
    further: &[TomlTable<'_>],
    number: usize,
) -> Option<Place> {
    let mut places = Vec::new();
    let mut rows = 0;
    let mut diagnostics = Diagnostics::default();
    if let Some(table) =
        bytes.and_then(|bytes| CsvTable::open_table(FILE, bytes, COLUMNS, &mut diagnostics))
    {
        table.rows(&mut diagnostics, |row, _| {
            places.extend((rows == number).then(|| row.place(ACTION)));
            rows += 1;
        });
    }
    let in_scenario = || {
        let row = TomlRow::read_table(
            further.get(number - rows)?.clone(),
            COLUMNS.names,
            &mut diagnostics,
        )?;
        Some(row.place(ACTION))
    };
    places.pop().or_else(in_scenario)
}

struct ActionReader<'r, 'm, R> {
    row: &'r R,
    context: &'r ActionContext<'r>,
    shifts: &'r [Shift],
    makings: &'r mut ActionParts<'m>,
    diagnostics: &'r mut Diagnostics,
}

impl<R: InputRow> ActionReader<'_, '_, R> {
    fn action(&mut self) -> Option<Action> {
        let before = self.diagnostics.errors();
        let date = self.row.need((DATE, "date"), self.diagnostics, day);
        let account = self.read_account();
        let verb = self.verb(account.as_ref(), date);
        self.warn_of_unknown_account(account.as_ref());
        let (date, verb) = self.shifted((date, verb), account.as_ref());
        let target = verb.and_then(|verb| self.target(verb, account.as_ref()));
        self.warn_of_idle_cells(verb);
        let channel = self
            .row
            .read_cell_as(CHANNEL, self.diagnostics, |text| word(text, Channel::NAMES));
        let channel = channel.filter(|_| matches!(verb, Some(Verb::TopUp(_))));
        let sent = date
            .zip(channel)
            .map(|(date, channel)| Transfer { date, channel });
        let date = sent.map_or(date, |sent| Some(self.arrival(sent)));
        self.warn_outside(date, sent);
        let note = self.row.text(NOTE).map(Into::into);
        let action = Action {
            date: date?,
            sent,
            account,
            target: target?,
            verb: verb?,
            note,
        };
        self.warn_of_unknown_payment(&action);
        self.warn_of_unknown_instance(&action);
        (self.diagnostics.errors() == before).then_some(action)
    }

    /// A top-up with the changes of the scenario.
    fn shifted(
        &mut self,
        (date, verb): (Option<Day>, Option<Verb>),
        account: Option<&AccountRef>,
    ) -> (Option<Day>, Option<Verb>) {
        let (Some(day), Some(Verb::TopUp(amount))) = (date, verb) else {
            return (date, verb);
        };
        let account = match account {
            Some(AccountRef::Known(account)) => Some(*account),
            _ => None,
        };
        let shifts = self.shifts.iter();
        let (day, amount) = shifts.fold((day, amount), |planned, shift| {
            shift.apply(account, planned, self.diagnostics)
        });
        (Some(day), Some(Verb::TopUp(amount)))
    }

    fn read_account(&self) -> Option<AccountRef> {
        let id = self.row.text(ACCOUNT_ID)?;
        let known = find_account(id, self.context.accounts);
        Some(known.map_or_else(|| AccountRef::Unknown(id.into()), AccountRef::Known))
    }

    fn currency(&self, account: Option<&AccountRef>) -> Currency {
        match account {
            Some(AccountRef::Known(account)) => self.context.accounts[account.0 as usize].currency,
            _ => self.context.settings.currency,
        }
    }

    /// The day on which a top-up arrives: so many working days later, by the book's default profile.
    fn arrival(&self, sent: Transfer) -> Day {
        let Settings {
            profile, holidays, ..
        } = self.context.settings;
        let profile = &self.context.profiles[profile.0 as usize];
        let days = match sent.channel {
            Channel::Online => profile.online_topup_days,
            Channel::Bank => profile.bank_topup_days,
        };
        working_days_later(sent.date, days, holidays)
    }

    fn verb(&mut self, account: Option<&AccountRef>, date: Option<Day>) -> Option<Verb> {
        let currency = self.currency(account);
        let name = self
            .row
            .need((ACTION, "action"), self.diagnostics, |text| {
                Ok(text.to_owned())
            })?;
        match name.as_str() {
            "topup" => self
                .amount(|text| amount_above_zero(text, currency))
                .map(Verb::TopUp),
            "credit" => self
                .amount(|text| amount_above_zero(text, currency))
                .map(Verb::Credit),
            "set_credit_limit" => self
                .amount(|text| amount_from_zero(text, currency))
                .map(Verb::SetCreditLimit),
            "renew" => self
                .row
                .need((MONTHS, "months"), self.diagnostics, months)
                .map(Verb::Renew),
            "renew_until" => self.unified_day().map(Verb::RenewUntil),
            "set_flag" => self.flag(),
            "set_price" => self
                .row
                .need((PRICE, "price"), self.diagnostics, price)
                .map(Verb::SetPrice),
            "terminate" => Some(Verb::Terminate),
            "start" => Some(Verb::Start),
            "stop" => Some(Verb::Stop),
            "resize" => {
                let price = self.row.need((PRICE, "price"), self.diagnostics, price);
                let kind = self
                    .row
                    .text(INSTANCE_TYPE)
                    .map(|text| self.makings.labels.intern(text));
                price.map(|price| Verb::Resize(price, kind))
            }
            "to_prepaid" => {
                let months = self.row.need((MONTHS, "months"), self.diagnostics, months);
                let price = self.optional_price();
                Some(Verb::ToPrepaid(months?, price.ok()?))
            }
            "to_postpaid" => self.optional_price().ok().map(Verb::ToPostpaid),
            "voucher" => {
                let made = (&mut *self.makings.labels, &mut *self.makings.voucher_ids);
                let voucher =
                    vouchers::voucher(self.row, VOUCHER, (currency, date), made, self.diagnostics)?;
                self.makings.grants.push(voucher);
                let number = u32::try_from(self.makings.grants.len() - 1)
                    .expect("a file has fewer than four billion rows");
                Some(Verb::Voucher(GrantIndex(number)))
            }
            other => {
                self.report_unknown(other);
                self.read_anything(currency);
                None
            }
        }
    }

    fn amount(&mut self, read: impl FnOnce(&str) -> Result<Money, Problem>) -> Option<Money> {
        self.row.need((AMOUNT, "amount"), self.diagnostics, read)
    }

    /// The price, if there is one; an error has been reported.
    fn optional_price(&mut self) -> Result<Option<Price>, ()> {
        match self.row.text(PRICE) {
            None => Ok(None),
            Some(_) => self
                .row
                .read_cell_as(PRICE, self.diagnostics, price)
                .map(Some)
                .ok_or(()),
        }
    }

    fn unified_day(&mut self) -> Option<u8> {
        let day = self.row.need((DAY, "day"), self.diagnostics, |text| {
            whole(text, 1, LAST_UNIFIED_DAY)
        })?;
        u8::try_from(day).ok()
    }

    fn flag(&mut self) -> Option<Verb> {
        let flag = self.row.need((FLAG, "flag"), self.diagnostics, |text| {
            word(text, RenewFlag::NAMES)
        });
        let months = match self.row.text(MONTHS) {
            None => None,
            Some(_) => Some(self.row.read_cell_as(MONTHS, self.diagnostics, months)?),
        };
        flag.map(|flag| Verb::SetFlag(flag, months))
    }

    /// Reads the cells of an action that nobody knows, so that what is wrong with them is told at once.
    fn read_anything(&mut self, currency: Currency) {
        self.row.read_cell_as(AMOUNT, self.diagnostics, |text| {
            amount_from_zero(text, currency)
        });
        self.row.read_cell_as(MONTHS, self.diagnostics, months);
        self.row.read_cell_as(DAY, self.diagnostics, |text| {
            whole(text, 1, LAST_UNIFIED_DAY)
        });
        self.row
            .read_cell_as(FLAG, self.diagnostics, |text| word(text, RenewFlag::NAMES));
        self.row.read_cell_as(PRICE, self.diagnostics, price);
        self.row
            .read_cell_as(VOUCHER.valid_to, self.diagnostics, day);
    }

    fn report_unknown(&mut self, name: &str) {
        let otherwise = format!("write one of {}", NAMES.join(", "));
        let help = match ids::synonym(name, NAMES.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => ids::nearest(name, NAMES.iter().copied(), &otherwise),
        };
        self.refuse(
            ACTION,
            Code::BadValue,
            format!("there is no action {}", shown(name)),
            help,
        );
    }

    fn target(&mut self, verb: Verb, account: Option<&AccountRef>) -> Option<Target> {
        let name = verb.name();
        let (instance, selected) = (self.row.text(INSTANCE_ID), self.row.condition(WHERE));
        if matches!(
            verb,
            Verb::TopUp(_) | Verb::Credit(_) | Verb::SetCreditLimit(_) | Verb::Voucher(_)
        ) {
            return self.account_target(name, account);
        }
        match (instance, selected) {
            (Some(_), Some(_)) => {
                let message = "an action names an instance or a selector, not both";
                self.refuse(
                    WHERE,
                    Code::UnexpectedValue,
                    message,
                    "leave `instance_id` or `where` empty",
                );
                None
            }
            (None, None) => {
                let message = format!("`{name}` names no instance");
                self.refuse(
                    INSTANCE_ID,
                    Code::MissingValue,
                    message,
                    "fill in `instance_id` or `where`",
                );
                None
            }
            (Some(id), None) => Some(self.target_of_id(id)),
            (None, Some(text)) => match selector(text, self.context.tag_keys) {
                Ok(selector) => Some(Target::Where(selector)),
                Err(problem) => {
                    problem.report(|| self.row.place(WHERE), self.diagnostics);
                    None
                }
            },
        }
    }

    fn account_target(&mut self, name: &str, account: Option<&AccountRef>) -> Option<Target> {
        for (slot, column) in [(INSTANCE_ID, "instance_id"), (WHERE, "where")] {
            if self.row.text(slot).is_some() {
                let message = format!("`{name}` is about an account, but `{column}` is filled in");
                self.refuse(
                    slot,
                    Code::UnexpectedValue,
                    message,
                    format!("leave `{column}` empty"),
                );
            }
        }
        if account.is_none() {
            let message = format!("`{name}` names no account");
            self.refuse(
                ACCOUNT_ID,
                Code::MissingValue,
                message,
                "fill in `account_id`",
            );
        }
        account.map(|_| Target::Account)
    }

    fn target_of_id(&self, id: &str) -> Target {
        let at = self
            .context
            .instances
            .binary_search_by(|instance| instance.id.as_str().cmp(id));
        match at.ok().and_then(|at| u32::try_from(at).ok()) {
            Some(number) => Target::Instance(InstanceIndex(number)),
            None => Target::UnknownInstance(id.into()),
        }
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

    /// Cells that the action does not read.
    fn warn_of_idle_cells(&mut self, verb: Option<Verb>) {
        let Some(verb) = verb else { return };
        let used: &[usize] = match verb {
            Verb::TopUp(_) => &[AMOUNT, CHANNEL],
            Verb::Credit(_) | Verb::SetCreditLimit(_) => &[AMOUNT],
            Verb::Voucher(_) => &VOUCHER.all(),
            Verb::Renew(_) => &[MONTHS],
            Verb::Resize(..) => &[PRICE, INSTANCE_TYPE],
            Verb::ToPrepaid(..) => &[MONTHS, PRICE],
            Verb::ToPostpaid(_) => &[PRICE],
            Verb::RenewUntil(_) => &[DAY],
            Verb::SetFlag(..) => &[FLAG, MONTHS],
            Verb::SetPrice(_) => &[PRICE],
            Verb::Terminate | Verb::Start | Verb::Stop => &[],
        };
        for &slot in OPTIONAL {
            if self.row.text(slot).is_some() && !used.contains(&slot) {
                let column = COLUMNS.names[slot];
                let message = format!("`{}` does not read `{column}`", verb.name());
                self.refuse(
                    slot,
                    Code::IgnoredValue,
                    message,
                    format!("leave `{column}` empty"),
                );
            }
        }
    }

    /// An account that is in no list: the action will be rejected.
    fn warn_of_unknown_account(&mut self, account: Option<&AccountRef>) {
        let Some(AccountRef::Unknown(id)) = account else {
            return;
        };
        let problem = unknown_account(id, self.context.accounts);
        if problem.code != Code::UnknownAccount {
            problem.report(|| self.row.place(ACCOUNT_ID), self.diagnostics);
        } else if self.context.orders.is_some() {
            let message = format!("{}: the action will be rejected", problem.message);
            self.refuse(ACCOUNT_ID, Code::UnknownTarget, message, problem.help);
        }
    }

    /// An instance that is in no list, likewise.
    /// Rule **unknown-target**.
    fn warn_of_unknown_instance(&mut self, action: &Action) {
        let Target::UnknownInstance(id) = &action.target else {
            return;
        };
        if let Err(problem) = ids::id(id) {
            return problem.report(|| self.row.place(INSTANCE_ID), self.diagnostics);
        }
        if self.context.orders.is_none() {
            return;
        }
        let instances = self.context.instances;
        self.diagnostics.push_with(Code::UnknownTarget, || {
            let known = instances
                .iter()
                .take(MOST_COMPARED)
                .map(|one| one.id.as_str());
            let otherwise = "correct it, or leave the row out";
            let message = format!(
                "there is no instance {}: the action will be rejected",
                shown(id)
            );
            (
                self.row.place(INSTANCE_ID),
                message,
                ids::meant(id, (known, "instances.csv"), otherwise),
            )
        });
    }

    /// An action that could pay something back of the opening term, for which no order says what was paid.
    fn warn_of_unknown_payment(&mut self, action: &Action) {
        let (Some(orders), Target::Instance(number)) = (self.context.orders, &action.target) else {
            return;
        };
        let instance = &self.context.instances[number.0 as usize];
        let pays_back = match action.verb {
            Verb::Terminate | Verb::ToPostpaid(_) => true,
            Verb::Resize(price, _) => instance.monthly_price.is_some_and(|old| price < old),
            _ => false,
        };
        let opening_term =
            instance.state == Some(State::Running) && instance.expires_on > Some(action.date);
        let known = orders
            .of_instance(*number)
            .any(|order| order.term.end > action.date);
        if pays_back && opening_term && instance.charge_type == ChargeType::Prepaid && !known {
            let message = format!(
                "nothing is known to be paid for {}, so nothing comes back",
                shown(instance.id.as_str())
            );
            self.refuse(
                INSTANCE_ID,
                Code::PaymentUnknown,
                message,
                "write what was paid for its term into `orders.csv`",
            );
        }
    }

    fn warn_outside(&mut self, date: Option<Day>, sent: Option<Transfer>) {
        let days = self.context.settings.days;
        if let Some(date) = date.filter(|date| !days.contains(*date)) {
            let (message, help) = match sent {
                Some(_) => (
                    format!(
                        "it arrives on {date}, outside the run from {} to {}",
                        days.from, days.to
                    ),
                    "it is not part of this run; what arrives later stays in the closing book",
                ),
                None => (
                    format!(
                        "{date} lies outside the run from {} to {}",
                        days.from, days.to
                    ),
                    "it is not carried out: correct the date or leave the row out",
                ),
            };
            self.refuse(DATE, Code::OutsideRun, message, help);
        }
    }
}
