//! What a person should look at in a row of actions that can be read: cells that the action ignores, names of nothing, days
//! outside the run, payments that nobody knows. Nothing here changes an action.

use std::collections::BTreeMap;

use super::{
    ACCOUNT_ID, ACTION, AMOUNT, ActionReader, CHANNEL, DATE, DAY, FLAG, INSTANCE_ID, INSTANCE_TYPE,
    MIN_ORDER, MONTHS, NAMES, PAY_MODE, PRICE, PRODUCTS, VALID_TO, VOUCHER_ID,
};
use crate::input::accounts::unknown_account;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::ids;
use crate::input::instances::ids_of;
use crate::input::table::{CsvTable, InputRow};
use crate::input::value::{Problem, shown};
use crate::model::action::{AccountRef, Action, ActionKind, Target, Transfer, Verb};
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, State};

/// The instances that a misspelt one is compared with, at most.
const MAX_COMPARED: usize = 100_000;

/// The cells that an action reads, beside its date, its target and its note.
fn cells_read(kind: ActionKind) -> &'static [usize] {
    match kind {
        ActionKind::TopUp => &[AMOUNT, CHANNEL],
        ActionKind::Credit | ActionKind::SetCreditLimit => &[AMOUNT],
        ActionKind::Voucher => &[AMOUNT, VOUCHER_ID, VALID_TO, PRODUCTS, PAY_MODE, MIN_ORDER],
        ActionKind::Renew => &[MONTHS],
        ActionKind::RenewUntil => &[DAY],
        ActionKind::SetFlag => &[FLAG, MONTHS],
        ActionKind::Resize => &[PRICE, INSTANCE_TYPE],
        ActionKind::ToPrepaid => &[MONTHS, PRICE],
        ActionKind::SetPrice | ActionKind::ToPostpaid => &[PRICE],
        ActionKind::Terminate | ActionKind::Start | ActionKind::Stop => &[],
    }
}

/// The cells that only some actions read.
const OPTIONAL: &[usize] = &[
    AMOUNT,
    MONTHS,
    DAY,
    FLAG,
    PRICE,
    CHANNEL,
    VOUCHER_ID,
    VALID_TO,
    PRODUCTS,
    PAY_MODE,
    MIN_ORDER,
    INSTANCE_TYPE,
];

/// Warns of rows that are equal in every cell: pasted twice, they are carried out twice.
pub(super) fn repeated(table: &CsvTable<'_>, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<Vec<Box<str>>, usize> = BTreeMap::new();
    table.rows(&mut Diagnostics::default(), |row, _| {
        let slots = 0..NAMES.len();
        let cells: Vec<Box<str>> = slots
            .map(|slot| row.text(slot).unwrap_or("").into())
            .collect();
        let first = *seen.entry(cells).or_insert(row.start());
        if first != row.start() {
            let line = table.line_number(first);
            let message =
                format!("this row repeats line {line} in every cell: both are carried out");
            let help = "leave one of them out, or say in `note` what each is";
            Problem::new(Code::RepeatedRow, message, help)
                .report(|| row.place(ACTION), diagnostics);
        }
    });
}

impl<R: InputRow> ActionReader<'_, '_, R> {
    /// Cells that the action does not read.
    pub(super) fn warn_of_ignored_cells(&mut self, verb: Option<Verb>) {
        let Some(kind) = verb.map(Verb::kind) else {
            return;
        };
        let read = cells_read(kind);
        for &slot in OPTIONAL.iter().filter(|slot| !read.contains(slot)) {
            if self.cells.text(slot).is_some() {
                let column = NAMES[slot];
                self.cells.refuse(
                    slot,
                    Code::IgnoredValue,
                    format!("`{}` does not read `{column}`", kind.name()),
                    format!("leave `{column}` empty"),
                );
            }
        }
    }

    /// An account that is not listed: the action will be rejected.
    pub(super) fn warn_of_unknown_account(&mut self, account: Option<&AccountRef>) {
        let Some(AccountRef::Unknown(id)) = account else {
            return;
        };
        let problem = unknown_account(id, self.context.accounts);
        if problem.code != Code::UnknownAccount {
            self.cells.report(ACCOUNT_ID, problem);
        } else if self.context.orders.is_some() {
            let message = format!("{}: the action will be rejected", problem.message);
            self.cells
                .refuse(ACCOUNT_ID, Code::UnknownTarget, message, problem.help);
        }
    }

    /// An instance that is not listed, likewise.
    pub(super) fn warn_of_unknown_instance(&mut self, action: &Action) {
        let Target::UnknownInstance(id) = &action.target else {
            return;
        };
        if let Err(problem) = ids::id(id) {
            return self.cells.report(INSTANCE_ID, problem);
        }
        if self.context.orders.is_none() {
            return;
        }
        let (row, instances) = (self.cells.row, self.context.instances);
        self.cells.diagnostics.push_with(Code::UnknownTarget, || {
            let known = ids_of(instances.iter().take(MAX_COMPARED));
            let otherwise = "correct it, or leave the row out";
            let help = ids::meant(id, known, "instances.csv", otherwise);
            let message = format!(
                "there is no instance {}: the action will be rejected",
                shown(id)
            );
            (row.place(INSTANCE_ID), message, help)
        });
    }

    /// An action that could pay something back of the opening term, for which no order says what was paid.
    pub(super) fn warn_of_unknown_payment(&mut self, action: &Action) {
        let (Some(orders), Target::Instance(number)) = (self.context.orders, &action.target) else {
            return;
        };
        let instance = &self.context.instances[number.0 as usize];
        let pays_back = match action.verb {
            Verb::Terminate | Verb::ToPostpaid(_) => true,
            Verb::Resize(price, _) => instance.monthly_price.is_some_and(|old| price < old),
            _ => false,
        };
        let is_paid_for = instance.charge_type == ChargeType::Prepaid
            && instance.state == Some(State::Running)
            && instance.expires_on > Some(action.date);
        let is_known = orders
            .of_instance(*number)
            .any(|order| order.term.end > action.date);
        if pays_back && is_paid_for && !is_known {
            let id = shown(instance.id.as_str());
            self.cells.refuse(
                INSTANCE_ID,
                Code::PaymentUnknown,
                format!("nothing is known to be paid for {id}, so nothing comes back"),
                "write what was paid for its term into `orders.csv`",
            );
        }
    }

    pub(super) fn warn_outside(&mut self, date: Option<Day>, sent: Option<Transfer>) {
        let days = self.context.settings.days;
        let Some(date) = date.filter(|date| !days.contains(*date)) else {
            return;
        };
        let run = format!("outside the run from {} to {}", days.from, days.to);
        let (message, help) = match sent {
            Some(_) => (
                format!("it arrives on {date}, {run}"),
                "it is not part of this run; what arrives later stays in the closing book",
            ),
            None => (
                format!("{date} lies {run}"),
                "it is not carried out: correct the date or leave the row out",
            ),
        };
        self.cells.refuse(DATE, Code::OutsideRun, message, help);
    }
}
