//! The life of an instance, row by row: its states by the table of moves, its terms without gap or overlap, and the days
//! on which it must expire, be reclaimed and go.

use super::row::{DATE, END, EVENT, INSTANCE, REASON, START, STATE, WrittenRow, WrittenTerm};
use super::rules::Transition;
use super::violations::Violation;
use crate::engine::lifecycle::Trigger;
use crate::input::diagnostic::Code;
use crate::model::calendar::{Day, MonthEnd};
use crate::model::instance::{ChargeType, Instance, State};
use crate::model::profile::{Profile, RecoverFrom, RetentionFrom};

/// What the rules of an instance are known from.
const RULES: &[&str] = &["closing/"];
/// Hours of a day.
const DAY: u8 = 24;

/// What is known of an instance. What a run began with is not, unless its book is at hand.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceHistory {
    pub state: Option<State>,
    pub charge_type: Option<ChargeType>,
    /// The end of its paid term.
    pub expires: Option<Day>,
    /// The day of reclaiming or stopping.
    pub since: Option<Day>,
    /// Whether it was returned, where it is known how it came into the bin.
    pub returned: Option<bool>,
    /// What the rows say of its being there.
    pub presence: ClosingPresence,
    /// The day of the last term, purchase or conversion.
    changed: Option<Day>,
    converted: Option<Day>,
    /// The day of its last hours.
    used: Option<Day>,
    /// The day whose hours were cut short, until the row that stops it.
    pub owes_stop: Option<Day>,
}

/// Whether an instance is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ClosingPresence {
    /// No row says so.
    #[default]
    Unknown,
    /// A row says so.
    Seen,
    /// Its purchase was refused, so it never is.
    Refused,
}

/// What an instance is held against.
#[derive(Clone, Copy)]
pub(super) struct InstanceRules<'b> {
    pub profile: Option<&'b Profile>,
    /// The first day of the run.
    pub from: Option<Day>,
}

type Held = Result<(), Violation>;

impl InstanceHistory {
    /// An instance as a book opens it.
    pub(super) fn opening(instance: &Instance) -> Self {
        Self {
            state: instance.state,
            charge_type: Some(instance.charge_type),
            expires: instance.expires_on,
            since: instance.since,
            returned: Some(instance.returned),
            ..Self::default()
        }
    }

    /// Carries out a row and tells the first thing that is wrong with it.
    pub(super) fn follow(&mut self, row: &WrittenRow, rules: InstanceRules<'_>) -> Held {
        let held = self.check_row(row, rules);
        self.carry_out(row);
        held
    }

    fn check_row(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Held {
        if row.rule.step == Transition::Reject {
            return self.rejection(row);
        }
        self.may_happen(row)?;
        match (row.rule.trigger(row.reason), row.state) {
            (Some(trigger), Some(after)) => self.moves(row, trigger, after)?,
            (None, Some(after)) => self.stays(row, after)?,
            (_, None) => {}
        }
        match row.rule.step {
            Transition::Renew => self.renewal(row, rules),
            Transition::Recover => self.recovery(row, rules),
            Transition::Buy => self.purchase(row, rules),
            Transition::Resize => self.resize(row),
            Transition::Expire => {
                self.on_day(row, rules, |profile| self.expiry_day(profile, rules.from))
            }
            Transition::Reclaim => {
                self.on_day(row, rules, |profile| self.reclaim_day(profile, rules.from))
            }
            Transition::End if row.reason != "user" => {
                self.on_day(row, rules, |profile| self.release_day(profile, rules.from))
            }
            Transition::Stop => self.stop(row),
            Transition::Use => self.usage(row),
            _ => Ok(()),
        }
    }

    /// Whether anything can happen to it, and this to its kind.
    fn may_happen(&self, row: &WrittenRow) -> Held {
        let event = row.rule.event;
        if let Some(date) = self
            .owes_stop
            .filter(|date| row.rule.step != Transition::Stop || *date != row.date)
        {
            let message = format!(
                "`{event}`, must be `stopped` on {date}: hours were billed for a part of that day"
            );
            return Err(Violation::new(Code::ImpossibleMove, EVENT, message));
        }
        if self.state == Some(State::Terminated) {
            let message = format!(
                "`{event}` of an instance that is terminated, after which nothing may happen"
            );
            return Err(Violation::new(Code::ImpossibleMove, EVENT, message));
        }
        if self.presence == ClosingPresence::Refused {
            let message = format!(
                "`{event}` of an instance whose purchase was rejected: it must never exist"
            );
            return Err(Violation::new(Code::ImpossibleMove, EVENT, message));
        }
        match (kind(row.rule.step), self.charge_type) {
            (Some(must), Some(is)) if must != is => {
                let message = format!(
                    "`{event}` is for {} instances, this one is {}",
                    must.name(),
                    is.name()
                );
                Err(Violation::new(Code::ImpossibleMove, EVENT, message))
            }
            _ => Ok(()),
        }
    }

    /// Whether the table of moves leads from the state before to the one after.
    fn moves(&self, row: &WrittenRow, trigger: Trigger, after: State) -> Held {
        let event = row.rule.event;
        let is_recovery = row.rule.step == Transition::Recover;
        let is_possible = |before: State| {
            let recovers = trigger == Trigger::Renew && (before == State::Reclaimed) != is_recovery;
            let destroys_paid = trigger == Trigger::Destroy
                && before == State::Running
                && self.charge_type == Some(ChargeType::Prepaid);
            if recovers || destroys_paid {
                None
            } else {
                before.checked_after(trigger)
            }
        };
        match self.state {
            Some(before) => match is_possible(before) {
                Some(must) if must == after => Ok(()),
                Some(must) => Err(wrong_state(after, must, event)),
                None => {
                    let message = format!(
                        "`{event}` while {}, which the table of moves does not have",
                        before.name()
                    );
                    Err(Violation::new(Code::ImpossibleMove, EVENT, message))
                }
            },
            None => {
                let mut states = State::NAMES.iter().map(|(_, state)| *state);
                let possible: Option<State> = State::NAMES
                    .iter()
                    .find_map(|(_, before)| is_possible(*before));
                match possible {
                    Some(must) if !states.any(|before| is_possible(before) == Some(after)) => {
                        Err(wrong_state(after, must, event))
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Whether a row that moves no state leaves it as it was.
    fn stays(&self, row: &WrittenRow, after: State) -> Held {
        let event = row.rule.event;
        let allowed: &[State] = match row.rule.step {
            Transition::Buy => &[State::Running],
            Transition::Use => &[State::Running, State::Stopped],
            Transition::Remind => &[State::Running, State::Overdue],
            Transition::Fail => &[State::Running, State::Overdue, State::Reclaimed],
            Transition::Resize => &[State::Running, State::Overdue, State::Stopped],
            _ => &[
                State::Running,
                State::Overdue,
                State::Reclaimed,
                State::Stopped,
            ],
        };
        if !allowed.contains(&after) {
            let names: Vec<&str> = allowed.iter().map(|state| state.name()).collect();
            let message = format!(
                "`state` is {}, of `{event}` it must be {}",
                after.name(),
                names.join(" or ")
            );
            return Err(Violation::new(Code::ImpossibleMove, STATE, message));
        }
        match self.state {
            Some(before) if before != after && row.rule.step != Transition::Buy => {
                Err(wrong_state(after, before, event))
            }
            _ => Ok(()),
        }
    }

    /// A rejected action changes nothing; it shows the state, or none where there is no such instance.
    fn rejection(&self, row: &WrittenRow) -> Held {
        let Some(after) = row.state else {
            let is_strange = !matches!(
                row.reason,
                "unknown_account" | "unknown_instance" | "insufficient_funds"
            );
            let exists =
                row.reason == "insufficient_funds" && self.presence == ClosingPresence::Seen;
            return match self.state.filter(|_| is_strange || exists) {
                Some(before) => {
                    let message = format!(
                        "`state` is empty, must be {}: the instance exists",
                        before.name()
                    );
                    Err(Violation::new(Code::ImpossibleMove, STATE, message))
                }
                None => Ok(()),
            };
        };
        if let Some(before) = self.state.filter(|before| *before != after) {
            return Err(wrong_state(after, before, row.rule.event));
        }
        let fits = match row.reason {
            "already_terminated" => after == State::Terminated,
            "in_bin" => after == State::Reclaimed,
            "not_stopped" => after == State::Running,
            "not_running" => after != State::Running && after != State::Terminated,
            "unknown_account" | "unknown_instance" | "no_match" => false,
            _ => after != State::Terminated,
        };
        let kind = match row.reason {
            "not_prepaid" => self.charge_type != Some(ChargeType::Prepaid),
            "not_postpaid" => self.charge_type != Some(ChargeType::Postpaid),
            _ => true,
        };
        if fits && kind {
            return Ok(());
        }
        let message = format!(
            "`reason` is `{}`, which cannot be of an instance that is {}",
            row.reason,
            after.name()
        );
        Err(Violation::new(Code::WrongReason, REASON, message))
    }

    /// A renewal begins where the term before it ends.
    fn renewal(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Held {
        let Some(term) = row.term else { return Ok(()) };
        starts(&term, self.expires, "where the term before it ends")?;
        length(&term, row.reason == "unified", rules.profile)
    }

    /// A recovery begins on the day of its profile's rule; that of a returned instance on its own day.
    fn recovery(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Held {
        let Some(term) = row.term else { return Ok(()) };
        let (must, why) = match rules.profile.map(|profile| profile.recover_from) {
            _ if self.returned == Some(true) => {
                (Some(row.date), "the day of recovery, as it was returned")
            }
            Some(RecoverFrom::Today) => (Some(row.date), "the day of recovery"),
            Some(RecoverFrom::Reclaim) => (self.since, "the day of reclaiming"),
            Some(RecoverFrom::Expiry) => (self.expires, "the old expiry"),
            None => (None, ""),
        };
        let known = must.filter(|_| self.returned.is_some());
        starts(&term, known, why)?;
        length(&term, false, rules.profile)
    }

    fn purchase(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Held {
        let Some(term) = row.term else { return Ok(()) };
        if self.state.is_some() && self.converted != Some(row.date) {
            let message =
                "`purchased` of an instance that exists already, and was not converted before";
            return Err(Violation::new(Code::ImpossibleMove, EVENT, message));
        }
        starts(&term, Some(row.date), "the day of the purchase")?;
        length(&term, false, rules.profile)
    }

    /// An upgrade pays from its day to the end of the paid term, which stays.
    fn resize(&self, row: &WrittenRow) -> Held {
        let Some(term) = row.term else { return Ok(()) };
        starts(&term, Some(row.date), "the day of the upgrade")?;
        match self.expires {
            Some(must) if must != term.end => {
                let message = format!(
                    "`term_end` is {}, must be {must}: an upgrade leaves the expiry",
                    term.end
                );
                Err(Violation::new(Code::BrokenTerm, END, message))
            }
            _ => Ok(()),
        }
    }

    /// Hours of a day stand in one row.
    fn usage(&self, row: &WrittenRow) -> Held {
        if self.used != Some(row.date) {
            return Ok(());
        }
        let message = format!("a second row `usage` of {}, there must be one", row.date);
        Err(Violation::new(Code::WrongOrder, INSTANCE, message))
    }

    fn stop(&self, row: &WrittenRow) -> Held {
        if row.reason != "arrears" || self.used == Some(row.date) {
            return Ok(());
        }
        let message = format!(
            "`stopped` in arrears without a row `usage` of {}, there must be one",
            row.date
        );
        Err(Violation::new(Code::ImpossibleMove, EVENT, message))
    }

    /// Whether the row stands on the day that the profile gives it, where that is known.
    fn on_day(
        &self,
        row: &WrittenRow,
        rules: InstanceRules<'_>,
        day: impl Fn(&Profile) -> Option<(Day, String)>,
    ) -> Held {
        match rules.profile.and_then(day) {
            Some((must, why)) if must != row.date => {
                let message = format!(
                    "`{}` on {}, must be on {must}: {why}",
                    row.rule.event, row.date
                );
                Err(Violation::new(Code::WrongDay, DATE, message).needing(RULES))
            }
            _ => Ok(()),
        }
    }

    /// What is past its expiry expires, on the first day of the run or of a term that ends in the past.
    fn expiry_day(&self, _: &Profile, from: Option<Day>) -> Option<(Day, String)> {
        let expires = self.expires?;
        Some((
            self.not_before(expires, from),
            format!("the paid term ends on {expires}"),
        ))
    }

    fn reclaim_day(&self, profile: &Profile, from: Option<Day>) -> Option<(Day, String)> {
        let (expires, days) = (self.expires?, profile.suspend_after_days);
        let why = format!("the paid term ends on {expires}, `suspend_after_days` is {days}");
        Some((self.not_before(expires + days, from), why))
    }

    fn release_day(&self, profile: &Profile, from: Option<Day>) -> Option<(Day, String)> {
        let since = self.since?;
        let (base, days) = match self.state? {
            State::Stopped => (since, profile.postpaid_retention_days),
            State::Reclaimed
                if profile.retention_from == RetentionFrom::Expiry
                    && self.returned != Some(true) =>
            {
                (self.expires?, profile.retention_days)
            }
            _ => (since, profile.retention_days),
        };
        let must = (base + days + 1).max(since.tomorrow());
        Some((
            from.map_or(must, |from| must.max(from)),
            format!("it is kept for {days} days from {base}"),
        ))
    }

    fn not_before(&self, day: Day, from: Option<Day>) -> Day {
        [from, self.changed]
            .into_iter()
            .flatten()
            .fold(day, Day::max)
    }

    fn carry_out(&mut self, row: &WrittenRow) {
        let step = row.rule.step;
        if step == Transition::Reject {
            self.presence = match (row.state, self.state) {
                (Some(_), _) => ClosingPresence::Seen,
                (None, None) if row.reason == "insufficient_funds" => ClosingPresence::Refused,
                _ => self.presence,
            };
            return self.state = self.state.or(row.state);
        }
        self.presence = ClosingPresence::Seen;
        self.owes_stop = None;
        self.state = row.state.or(self.state);
        self.charge_type = kind(step).or(self.charge_type);
        match step {
            Transition::Renew | Transition::Recover | Transition::Buy => {
                self.expires = row.term.map(|term| term.end);
                (self.since, self.returned, self.changed) = (None, Some(false), Some(row.date));
            }
            Transition::Reclaim | Transition::GiveBack | Transition::Stop => {
                (self.since, self.returned) = (Some(row.date), Some(step == Transition::GiveBack));
            }
            Transition::Start => self.since = None,
            Transition::Convert => {
                self.charge_type = self.charge_type.map(other_kind);
                (self.expires, self.since) = (None, None);
                (self.converted, self.changed) = (Some(row.date), Some(row.date));
            }
            Transition::Use => {
                self.used = Some(row.date);
                self.owes_stop = row.hours.filter(|hours| *hours < DAY).map(|_| row.date);
            }
            _ => {}
        }
    }
}

/// The kind of instances that a step is for.
fn kind(step: Transition) -> Option<ChargeType> {
    match step {
        Transition::Renew
        | Transition::Recover
        | Transition::Fail
        | Transition::Expire
        | Transition::Reclaim
        | Transition::Buy => Some(ChargeType::Prepaid),
        Transition::GiveBack | Transition::Remind | Transition::Flag => Some(ChargeType::Prepaid),
        Transition::Use | Transition::Stop | Transition::Start => Some(ChargeType::Postpaid),
        _ => None,
    }
}

fn other_kind(kind: ChargeType) -> ChargeType {
    match kind {
        ChargeType::Prepaid => ChargeType::Postpaid,
        ChargeType::Postpaid => ChargeType::Prepaid,
    }
}

fn wrong_state(is: State, must: State, event: &str) -> Violation {
    let message = format!(
        "`state` is {}, after `{event}` it must be {}",
        is.name(),
        must.name()
    );
    Violation::new(Code::ImpossibleMove, STATE, message)
}

fn starts(term: &WrittenTerm, must: Option<Day>, why: &str) -> Held {
    match must {
        Some(must) if must != term.start => {
            let message = format!("`term_start` is {}, must be {must}: {why}", term.start);
            Err(Violation::new(Code::BrokenTerm, START, message).needing(RULES))
        }
        _ => Ok(()),
    }
}

fn counted(months: u32) -> String {
    if months == 1 {
        "1 month".to_owned()
    } else {
        format!("{months} months")
    }
}

/// Whether a term ends where its months end by the profile's rule.
fn length(term: &WrittenTerm, is_unified: bool, profile: Option<&Profile>) -> Held {
    let Some(months) = term.months.filter(|_| !is_unified) else {
        let is_asked_day = term.end.day_of_month() <= 28 && term.end.days_since(term.start) >= 28;
        let message = format!(
            "`term_end` is {}, must be a day 1 to 28, a month or more after {}",
            term.end, term.start
        );
        return if is_asked_day {
            Ok(())
        } else {
            Err(Violation::new(Code::BrokenTerm, END, message))
        };
    };
    let Some(rule) = profile.map(|profile| profile.month_end) else {
        return Ok(());
    };
    let anchors = match rule {
        MonthEnd::Sticky => term.start.day_of_month()..=31,
        MonthEnd::Clamp | MonthEnd::Days30 => 1..=1,
    };
    let mut ends =
        anchors.filter(|anchor| rule != MonthEnd::Sticky || term.start.falls_on(*anchor));
    let must = rule.add_months(term.start, months, term.start.day_of_month());
    if must == term.end
        || ends.any(|anchor| rule.add_months(term.start, months, anchor) == term.end)
    {
        return Ok(());
    }
    let message = format!(
        "`term_end` is {}, must be {must}: {} after {}",
        term.end,
        counted(months),
        term.start
    );
    Err(Violation::new(Code::BrokenTerm, END, message).needing(RULES))
}
