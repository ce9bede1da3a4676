//! `actions.csv` and the `[[actions]]` of a scenario: what people plan to do. What is only doubtful is in `warnings`.
//!
//! Rule **unknown-target** of docs/spec.

mod warnings;

use super::accounts::find_account;
use super::document::{TomlRow, TomlTable};
use super::instances::find_instance;
use super::scenario::{PlannedTopUp, Shift};
use super::selectors::selector;
use super::settings::Settings;
use super::table::{CellReader, CsvTable, InputRow, KnownColumns, columns};
use super::value::{Problem, amount_above_zero, amount_from_zero, day, months, price, whole};
use super::vouchers::{SharedParts, VoucherReader, VoucherSlots};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::Account;
use crate::model::action::{AccountRef, Action, ActionKind, Channel, Target, Transfer, Verb};
use crate::model::calendar::{Day, working_days_later};
use crate::model::instance::{Instance, RenewFlag};
use crate::model::money::Currency;
use crate::model::order::Orders;
use crate::model::profile::Profile;
use crate::model::voucher::GrantIndex;

pub(super) const FILE: &str = "actions.csv";

columns! {
    DATE "date",
    ACTION "action",
    ACCOUNT_ID "account_id",
    INSTANCE_ID "instance_id",
    WHERE "where",
    AMOUNT "amount",
    MONTHS "months",
    DAY "day",
    FLAG "flag",
    PRICE "price",
    NOTE "note",
    CHANNEL "channel",
    VOUCHER_ID "voucher_id",
    VALID_TO "valid_to",
    PRODUCTS "products",
    PAY_MODE "pay_mode",
    MIN_ORDER "min_order",
    INSTANCE_TYPE "instance_type",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[DATE, ACTION],
    ids: &[ACCOUNT_ID, INSTANCE_ID, VOUCHER_ID],
    prices: &[PRICE],
    ..KnownColumns::NONE
};

/// The cells of a granted voucher.
const VOUCHER: VoucherSlots = VoucherSlots {
    voucher_id: VOUCHER_ID,
    amount: AMOUNT,
    valid_to: VALID_TO,
    products: PRODUCTS,
    pay_mode: PAY_MODE,
    min_order: MIN_ORDER,
};
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

/// The actions of the file, then those of the scenario.
pub(super) fn read_actions(
    bytes: Option<&[u8]>,
    further: &[TomlTable<'_>],
    context: &ActionContext<'_>,
    parts: &mut SharedParts,
    diagnostics: &mut Diagnostics,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let table = bytes.and_then(|bytes| CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics));
    if let Some(mut table) = table {
        table.set_zone(&context.settings.time_zone);
        table.read_rows(diagnostics, |cells| {
            let reader = ActionReader {
                cells,
                context,
                parts,
            };
            actions.extend(reader.read_action(context.shifts));
        });
        if context.orders.is_some() {
            warnings::repeated(&table, diagnostics);
        }
    }
    for shift in context.shifts {
        shift.refuse_if_idle(diagnostics);
    }
    for section in further {
        if let Some(row) = TomlRow::read_table(section.clone(), NAMES, diagnostics) {
            let cells = CellReader {
                row: &row,
                diagnostics,
            };
            let reader = ActionReader {
                cells,
                context,
                parts,
            };
            actions.extend(reader.read_action(&[]));
        }
    }
    actions
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
    places.pop().or_else(|| {
        let section = further.get(number - rows)?.clone();
        let row = TomlRow::read_table(section, NAMES, &mut diagnostics)?;
        Some(row.place(ACTION))
    })
}

/// Reads one row.
struct ActionReader<'r, 'c, R> {
    cells: CellReader<'r, R>,
    context: &'c ActionContext<'c>,
    parts: &'c mut SharedParts,
}

impl<R: InputRow> ActionReader<'_, '_, R> {
    fn read_action(mut self, shifts: &[Shift]) -> Option<Action> {
        let before = self.cells.errors();
        let date = self.cells.need(DATE, day);
        let account = self.read_account();
        let verb = self.verb(account.as_ref(), date);
        self.warn_of_unknown_account(account.as_ref());
        let planned = self.shifted(date, verb, account.as_ref(), shifts);
        let (date, verb) = planned.map_or((date, verb), |planned| {
            (Some(planned.date), Some(Verb::TopUp(planned.amount)))
        });
        let target = verb.and_then(|verb| self.target(verb.kind(), account.as_ref()));
        self.warn_of_ignored_cells(verb);
        let channel = self.cells.word(CHANNEL);
        let channel = channel.filter(|_| planned.is_some());
        let sent = date
            .zip(channel)
            .map(|(date, channel)| Transfer { date, channel });
        let date = sent.map_or(date, |sent| Some(self.arrival(sent)));
        self.warn_outside(date, sent);
        let action = Action {
            date: date?,
            sent,
            account,
            target: target?,
            verb: verb?,
            note: self.cells.text(NOTE).map(Into::into),
        };
        self.warn_of_unknown_payment(&action);
        self.warn_of_unknown_instance(&action);
        (self.cells.errors() == before).then_some(action)
    }

    /// A top-up with the changes of the scenario; none of any other action.
    fn shifted(
        &mut self,
        date: Option<Day>,
        verb: Option<Verb>,
        account: Option<&AccountRef>,
        shifts: &[Shift],
    ) -> Option<PlannedTopUp> {
        let (Some(date), Some(Verb::TopUp(amount))) = (date, verb) else {
            return None;
        };
        let account = match account {
            Some(AccountRef::Known(account)) => Some(*account),
            _ => None,
        };
        let planned = PlannedTopUp { date, amount };
        let diagnostics = &mut *self.cells.diagnostics;
        let shifted = shifts.iter().fold(planned, |planned, shift| {
            shift.apply(account, planned, diagnostics)
        });
        Some(shifted)
    }

    fn read_account(&self) -> Option<AccountRef> {
        let id = self.cells.text(ACCOUNT_ID)?;
        let known = find_account(id, self.context.accounts);
        Some(known.map_or_else(|| AccountRef::Unknown(id.into()), AccountRef::Known))
    }

    fn currency(&self, account: Option<&AccountRef>) -> Currency {
        match account {
            Some(AccountRef::Known(account)) => self.context.accounts[account.0 as usize].currency,
            _ => self.context.settings.currency,
        }
    }

    /// The day on which a top-up arrives, by the working days of the book's default profile.
    fn arrival(&self, sent: Transfer) -> Day {
        let settings = self.context.settings;
        let profile = &self.context.profiles[settings.profile.0 as usize];
        let days = match sent.channel {
            Channel::Online => profile.online_topup_days,
            Channel::Bank => profile.bank_topup_days,
        };
        working_days_later(sent.date, days, &settings.holidays)
    }

    fn verb(&mut self, account: Option<&AccountRef>, date: Option<Day>) -> Option<Verb> {
        let currency = self.currency(account);
        let Some(kind) = self.cells.need_word(ACTION) else {
            if self.cells.text(ACTION).is_some() {
                self.check_cells(currency);
            }
            return None;
        };
        let cells = &mut self.cells;
        match kind {
            ActionKind::TopUp => cells
                .need(AMOUNT, |text| amount_above_zero(text, currency))
                .map(Verb::TopUp),
            ActionKind::Credit => cells
                .need(AMOUNT, |text| amount_above_zero(text, currency))
                .map(Verb::Credit),
            ActionKind::SetCreditLimit => cells
                .need(AMOUNT, |text| amount_from_zero(text, currency))
                .map(Verb::SetCreditLimit),
            ActionKind::Renew => cells.need(MONTHS, months).map(Verb::Renew),
            ActionKind::RenewUntil => {
                let day = cells.need(DAY, |text| whole(text, 1, LAST_UNIFIED_DAY))?;
                u8::try_from(day).ok().map(Verb::RenewUntil)
            }
            ActionKind::SetFlag => {
                let flag = cells.need_word(FLAG);
                let months = self.optional(MONTHS, months)?;
                Some(Verb::SetFlag(flag?, months))
            }
            ActionKind::SetPrice => cells.need(PRICE, price).map(Verb::SetPrice),
            ActionKind::Terminate => Some(Verb::Terminate),
            ActionKind::Start => Some(Verb::Start),
            ActionKind::Stop => Some(Verb::Stop),
            ActionKind::Resize => {
                let price = cells.need(PRICE, price)?;
                let instance_type = cells.text(INSTANCE_TYPE);
                let label = instance_type.map(|text| self.parts.labels.intern(text));
                Some(Verb::Resize(price, label))
            }
            ActionKind::ToPrepaid => {
                let months = cells.need(MONTHS, months);
                let price = self.optional(PRICE, price)?;
                Some(Verb::ToPrepaid(months?, price))
            }
            ActionKind::ToPostpaid => self.optional(PRICE, price).map(Verb::ToPostpaid),
            ActionKind::Voucher => self.grant(currency, date),
        }
    }
    /// A cell that may be empty; none where it cannot be read.
    fn optional<T>(
        &mut self,
        slot: usize,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        match self.cells.text(slot) {
            None => Some(None),
            Some(_) => self.cells.read(slot, read).map(Some),
        }
    }

    fn grant(&mut self, currency: Currency, date: Option<Day>) -> Option<Verb> {
        let reader = VoucherReader {
            slots: VOUCHER,
            currency,
            valid_from: date,
        };
        let voucher = reader.read_voucher(&mut self.cells, self.parts)?;
        let number = u32::try_from(self.parts.grants.len())
            .expect("a file has fewer than four billion rows");
        self.parts.grants.push(voucher);
        Some(Verb::Voucher(GrantIndex(number)))
    }

    /// Reads the cells of an unknown action, so that everything wrong with them is reported at once.
    fn check_cells(&mut self, currency: Currency) {
        let cells = &mut self.cells;
        cells.amount_or_zero(AMOUNT, currency);
        cells.read(MONTHS, months);
        cells.read(DAY, |text| whole(text, 1, LAST_UNIFIED_DAY));
        cells.word::<RenewFlag>(FLAG);
        cells.read(PRICE, price);
        cells.read(VALID_TO, day);
    }

    fn target(&mut self, kind: ActionKind, account: Option<&AccountRef>) -> Option<Target> {
        if kind.is_about_account() {
            return self.account_target(kind, account);
        }
        let cells = &mut self.cells;
        match (cells.text(INSTANCE_ID), cells.row.condition(WHERE)) {
            (Some(_), Some(_)) => cells.refuse(
                WHERE,
                Code::UnexpectedValue,
                "an action names an instance or a selector, not both",
                "leave `instance_id` or `where` empty",
            ),
            (None, None) => cells.refuse(
                INSTANCE_ID,
                Code::MissingValue,
                format!("`{}` names no instance", kind.name()),
                "fill in `instance_id` or `where`",
            ),
            (Some(id), None) => {
                let known = find_instance(id, self.context.instances);
                return Some(match known {
                    Some(number) => Target::Instance(number),
                    None => Target::UnknownInstance(id.into()),
                });
            }
            (None, Some(text)) => match selector(text, self.context.tag_keys) {
                Ok(selector) => return Some(Target::Where(selector)),
                Err(problem) => cells.report(WHERE, problem),
            },
        }
        None
    }

    fn account_target(&mut self, kind: ActionKind, account: Option<&AccountRef>) -> Option<Target> {
        let name = kind.name();
        for slot in [INSTANCE_ID, WHERE] {
            if self.cells.text(slot).is_some() {
                let column = NAMES[slot];
                self.cells.refuse(
                    slot,
                    Code::UnexpectedValue,
                    format!("`{name}` is about an account, but `{column}` is filled in"),
                    format!("leave `{column}` empty"),
                );
            }
        }
        if account.is_none() {
            self.cells.refuse(
                ACCOUNT_ID,
                Code::MissingValue,
                format!("`{name}` names no account"),
                "fill in `account_id`",
            );
        }
        account.map(|_| Target::Account)
    }
}
