//! Where a row leaves its instance at the opening of the run: the state it names, or the one that follows from its expiry
//! date. States that other cells contradict are refused.
//!
//! Rules **closed-contradictions**, **purchase-anchor** of docs/spec.

use super::{ANCHOR_DAY, COLUMNS, EXPIRES_ON, RETURNED, SINCE, STATE, id_of};
use crate::engine::lifecycle;
use crate::input::diagnostic::Code;
use crate::input::table::{CellReader, CsvRow};
use crate::input::value::day;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, State};
use crate::model::profile::Profile;

/// Where an instance stands at the opening; as its row names it, or as it follows.
#[derive(Clone, Copy, Default)]
pub(super) struct OpeningState {
    pub state: Option<State>,
    pub since: Option<Day>,
    pub returned: bool,
    pub expires_on: Option<Day>,
    pub anchor_day: Option<u8>,
}

/// Reads the cells of a row that say where its instance stands.
pub(super) struct OpeningReader<'o, 'r> {
    pub cells: &'o mut CellReader<'r, CsvRow<'r, 'r>>,
    /// The first day of the run.
    pub from: Day,
    pub rules: &'o Profile,
}

impl OpeningReader<'_, '_> {
    /// Where the instance stands; none if its cells contradict each other.
    pub(super) fn read_opening(
        &mut self,
        charge_type: Option<ChargeType>,
        starts_on: Option<Day>,
    ) -> Option<OpeningState> {
        let before = self.cells.errors();
        let expires_on = self.cells.read(EXPIRES_ON, day);
        let given = OpeningState {
            expires_on,
            state: self.cells.word(STATE),
            since: self.cells.read(SINCE, day),
            returned: self.cells.word(RETURNED).unwrap_or(false),
            anchor_day: self.cells.count(ANCHOR_DAY, 1..=31),
        };
        let charge_type = charge_type.filter(|_| self.cells.errors() == before)?;
        let starts_on = starts_on.filter(|start| *start >= self.from);
        let opening = match (charge_type, starts_on) {
            (_, Some(start)) => Some(self.future(given, charge_type, start)),
            (ChargeType::Prepaid, None) => self.prepaid(given),
            (ChargeType::Postpaid, None) => self.postpaid(given),
        };
        opening.filter(|_| self.cells.errors() == before)
    }

    /// An instance that is bought or started during or after the run.
    fn future(&mut self, given: OpeningState, charge_type: ChargeType, start: Day) -> OpeningState {
        for slot in [EXPIRES_ON, STATE, SINCE] {
            if self.cells.text(slot).is_some() {
                let (name, id) = (COLUMNS.names[slot], self.id());
                self.cells.refuse(
                    slot,
                    Code::UnexpectedValue,
                    format!("`{name}` of {id} is filled in, but it begins on {start} only"),
                    format!("leave `{name}` empty"),
                );
            }
        }
        self.refuse_returned(&given, None);
        let is_prepaid = charge_type == ChargeType::Prepaid;
        OpeningState {
            anchor_day: is_prepaid.then(|| self.anchor(&given, start)),
            ..OpeningState::default()
        }
    }

    fn prepaid(&mut self, given: OpeningState) -> Option<OpeningState> {
        let Some(expiry) = given.expires_on else {
            self.cells.refuse(
                EXPIRES_ON,
                Code::MissingValue,
                "`expires_on` is empty",
                "fill in the expiry date",
            );
            return None;
        };
        let anchor_day = Some(self.anchor(&given, expiry));
        let opening = match given.state {
            Some(state) => self.given_state(given, state, expiry)?,
            None => self.derived_state(given, expiry)?,
        };
        self.refuse_returned(&given, opening.state);
        Some(OpeningState {
            anchor_day,
            ..opening
        })
    }

    fn anchor(&mut self, given: &OpeningState, base: Day) -> u8 {
        let own = base.day_of_month();
        let anchor = given.anchor_day.unwrap_or(own);
        if !base.falls_on(anchor) {
            let id = self.id();
            self.cells.refuse(
                ANCHOR_DAY,
                Code::BadAnchor,
                format!("`anchor_day` of {id} is {anchor}, but its term ends on {base}"),
                format!("write {own}, or leave `anchor_day` empty"),
            );
        }
        anchor
    }

    fn given_state(
        &mut self,
        given: OpeningState,
        state: State,
        expiry: Day,
    ) -> Option<OpeningState> {
        let from = self.from;
        let (message, help) = match state {
            State::Stopped => (
                format!("{} is prepaid, but its state is `stopped`", self.id()),
                "write running, overdue, reclaimed or terminated",
            ),
            State::Overdue if expiry >= from => (
                format!(
                    "{} is `overdue`, but it expires on {expiry}, not before {from}",
                    self.id()
                ),
                "leave `state` empty",
            ),
            State::Reclaimed => {
                let since = Some(self.past_since(&given)?);
                return Some(OpeningState { since, ..given });
            }
            _ => {
                self.refuse_since(&given, state);
                return Some(OpeningState {
                    since: None,
                    ..given
                });
            }
        };
        self.cells
            .refuse(STATE, Code::ImpossibleState, message, help);
        None
    }

    /// The state that follows from the expiry date, as if nothing had been paid since.
    fn derived_state(&mut self, given: OpeningState, expiry: Day) -> Option<OpeningState> {
        self.refuse_since(&given, State::Running);
        let from = self.from;
        let reclaimed_on = lifecycle::suspension_of(self.rules, expiry);
        let (state, since) = if expiry >= from {
            (State::Running, None)
        } else if reclaimed_on >= from {
            (State::Overdue, None)
        } else {
            (State::Reclaimed, Some(reclaimed_on))
        };
        let release = lifecycle::release_of_unpaid(self.rules, expiry, reclaimed_on);
        if state == State::Reclaimed && release < from {
            let id = self.id();
            self.cells.refuse(
                EXPIRES_ON,
                Code::AlreadyReleased,
                format!("{id} expired on {expiry} and was released on {release}, before the run"),
                "if it was renewed, correct `expires_on`; else leave the row out, or write `terminated` into `state`",
            );
            return None;
        }
        Some(OpeningState {
            state: Some(state),
            since,
            ..given
        })
    }

    fn postpaid(&mut self, given: OpeningState) -> Option<OpeningState> {
        for slot in [EXPIRES_ON, ANCHOR_DAY] {
            if self.cells.text(slot).is_some() {
                let (name, id) = (COLUMNS.names[slot], self.id());
                self.cells.refuse(
                    slot,
                    Code::IgnoredValue,
                    format!("{id} is postpaid, so `{name}` is ignored"),
                    format!("leave `{name}` empty"),
                );
            }
        }
        let state = given.state.unwrap_or(State::Running);
        self.refuse_returned(&given, Some(state));
        let since = match state {
            State::Overdue | State::Reclaimed => {
                let (id, state) = (self.id(), state.name());
                self.cells.refuse(
                    STATE,
                    Code::ImpossibleState,
                    format!("{id} is postpaid, but its state is `{state}`"),
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
            ..OpeningState::default()
        })
    }

    /// The day of reclaiming or stopping, which must lie before the run.
    fn past_since(&mut self, given: &OpeningState) -> Option<Day> {
        let from = self.from;
        match given.since {
            None => self.cells.refuse(
                SINCE,
                Code::MissingValue,
                "`since` is empty",
                "fill in the day on which it was reclaimed or stopped",
            ),
            Some(since) if since >= from => self.cells.refuse(
                SINCE,
                Code::ImpossibleState,
                format!("`since` is {since}, but the run begins on {from}"),
                format!("write a day before {from}"),
            ),
            since => return since,
        }
        None
    }

    fn refuse_since(&mut self, given: &OpeningState, state: State) {
        let Some(since) = given.since else { return };
        let (id, state) = (self.id(), state.name());
        self.cells.refuse(
            SINCE,
            Code::ImpossibleState,
            format!("`since` is {since}, but the state of {id} is `{state}`"),
            "leave `since` empty, or write `reclaimed` or `stopped` into `state`",
        );
    }

    fn refuse_returned(&mut self, given: &OpeningState, state: Option<State>) {
        if given.returned && (state != Some(State::Reclaimed) || given.state.is_none()) {
            let id = self.id();
            self.cells.refuse(
                RETURNED,
                Code::ImpossibleState,
                format!("{id} is `returned`, but its state is not written as `reclaimed`"),
                "leave `returned` empty, or write `reclaimed` into `state`",
            );
        }
    }

    /// The id of the row, for messages.
    fn id(&self) -> String {
        id_of(self.cells.row)
    }
}
