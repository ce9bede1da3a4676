//! The history of an instance, row by row: its states by the table of moves, its terms without gap or overlap, and the days
//! on which it must expire, be reclaimed and go. Prices are not looked at.

use super::row::{
    DATE, END, EVENT, HOURS_PER_DAY, INSTANCE, REASON, START, STATE, WrittenRow, WrittenTerm,
};
use super::rules::Transition;
use super::violations::Violation;
use crate::engine::lifecycle::Trigger;
use crate::input::diagnostic::Code;
use crate::model::calendar::{Day, MonthEnd};
use crate::model::instance::{ChargeType, Instance, State};
use crate::model::profile::{Profile, RecoverFrom, RetentionFrom};

/// What the rules of an instance are known from.
const RULES: &[&str] = &["closing/"];

/// What is known of an instance. Its state before the run is known only from the book, if that is given.
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
    pub presence: ClosingPresence,
    /// The day of the last term, purchase or conversion.
    changed: Option<Day>,
    converted: Option<Day>,
    /// The day of its last usage.
    used: Option<Day>,
    /// The day with usage of fewer than 24 hours, until the row that stops it.
    pub awaits_stop: Option<Day>,
}

/// Whether an instance exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ClosingPresence {
    /// No row says so.
    #[default]
    Unknown,
    /// A row says so.
    Seen,
    /// Its purchase was rejected, so it never does.
    Rejected,
}

/// What an instance is held against.
#[derive(Clone, Copy)]
pub(super) struct InstanceRules<'b> {
    pub profile: Option<&'b Profile>,
    /// The first day of the run.
    pub from: Option<Day>,
}

type Check = Result<(), Violation>;

/// The day on which something must happen, and why.
struct DueDay {
    date: Day,
    why: String,
}

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

    /// Carries out a row, and gives the first rule that it breaks.
    pub(super) fn follow(&mut self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        let check = self.check_row(row, rules);
        self.carry_out(row);
        check
    }

    fn check_row(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        if row.rule.step == Transition::Reject {
            return self.check_rejection(row);
        }
        self.check_possible(row)?;
        match (row.rule.trigger(row.reason), row.state) {
            (Some(trigger), Some(after)) => self.check_move(row, trigger, after)?,
            (None, Some(after)) => self.check_stay(row, after)?,
            (_, None) => {}
        }
        match row.rule.step {
            Transition::Renew => self.check_renewal(row, rules),
            Transition::Recover => self.check_recovery(row, rules),
            Transition::Buy => self.check_purchase(row, rules),
            Transition::Resize => self.check_resize(row),
            Transition::Expire | Transition::Reclaim | Transition::End => {
                self.check_due_day(row, rules)
            }
            Transition::Stop => self.check_stop(row),
            Transition::Use => self.check_usage(row),
            _ => Ok(()),
        }
    }

    /// Whether anything can happen to it, and this to its charge type.
    fn check_possible(&self, row: &WrittenRow) -> Check {
        let step = row.rule.step;
        let expected = match (self.awaits_stop, kind(step), self.charge_type) {
            (Some(day), ..) if step != Transition::Stop || day != row.date => {
                format!("`stopped` on {day}, which was billed in part")
            }
            _ if self.state == Some(State::Terminated) => "nothing after termination".to_owned(),
            _ if self.presence == ClosingPresence::Rejected => {
                "nothing of an instance whose purchase was rejected".to_owned()
            }
            (_, Some(kind), Some(own)) if kind != own => {
                format!("an event of {} instances", own.name())
            }
            _ => return Ok(()),
        };
        Err(Violation::expected(Code::ImpossibleMove, EVENT, expected))
    }

    /// Whether the table of moves leads from the state before to the one after.
    fn check_move(&self, row: &WrittenRow, trigger: Trigger, after: State) -> Check {
        let event = row.rule.event;
        let Some(before) = self.state else {
            let mut possible = State::NAMES
                .iter()
                .filter_map(|(_, before)| self.state_after(row, trigger, *before))
                .peekable();
            return match possible.peek().copied() {
                Some(first) if !possible.any(|state| state == after) => {
                    Err(wrong_state(first, event))
                }
                _ => Ok(()),
            };
        };
        match self.state_after(row, trigger, before) {
            Some(expected) if expected == after => Ok(()),
            Some(expected) => Err(wrong_state(expected, event)),
            None => {
                let message = format!(
                    "`{event}` cannot happen to an instance that is {}",
                    before.name()
                );
                Err(Violation::new(Code::ImpossibleMove, EVENT, message))
            }
        }
    }

    /// The state that follows; none where this cannot happen in the state before.
    fn state_after(&self, row: &WrittenRow, trigger: Trigger, before: State) -> Option<State> {
        let is_recovery = row.rule.step == Transition::Recover;
        let is_prepaid = self.charge_type == Some(ChargeType::Prepaid);
        match trigger {
            Trigger::Renew if (before == State::Reclaimed) != is_recovery => None,
            Trigger::Destroy if before == State::Running && is_prepaid => None,
            _ => before.checked_after(trigger),
        }
    }

    /// Whether a row that moves no state leaves it as it was.
    fn check_stay(&self, row: &WrittenRow, after: State) -> Check {
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
            let expected = format!("{} in a row `{}`", names.join(" or "), row.rule.event);
            return Err(Violation::expected(Code::ImpossibleMove, STATE, expected));
        }
        match self.state {
            Some(before) if before != after && row.rule.step != Transition::Buy => {
                Err(wrong_state(before, row.rule.event))
            }
            _ => Ok(()),
        }
    }

    /// A rejected action changes nothing; it shows the state, or none where there is no such instance.
    fn check_rejection(&self, row: &WrittenRow) -> Check {
        let Some(after) = row.state else {
            let may_be_absent = match row.reason {
                "unknown_account" | "unknown_instance" => true,
                "insufficient_funds" => self.presence != ClosingPresence::Seen,
                _ => false,
            };
            return match self.state.filter(|_| !may_be_absent) {
                Some(before) => {
                    let expected = format!("{}, as the instance exists", before.name());
                    Err(Violation::expected(Code::ImpossibleMove, STATE, expected))
                }
                None => Ok(()),
            };
        };
        if let Some(before) = self.state.filter(|before| *before != after) {
            return Err(wrong_state(before, row.rule.event));
        }
        let fits_state = match row.reason {
            "already_terminated" => after == State::Terminated,
            "in_bin" => after == State::Reclaimed,
            "not_stopped" => after == State::Running,
            "not_running" => after != State::Running && after != State::Terminated,
            "unknown_account" | "unknown_instance" | "no_match" => false,
            _ => after != State::Terminated,
        };
        let fits_kind = match row.reason {
            "not_prepaid" => self.charge_type != Some(ChargeType::Prepaid),
            "not_postpaid" => self.charge_type != Some(ChargeType::Postpaid),
            _ => true,
        };
        if fits_state && fits_kind {
            return Ok(());
        }
        let expected = format!("a reason that fits an instance that is {}", after.name());
        Err(Violation::expected(Code::WrongReason, REASON, expected))
    }

    /// A renewal begins where the term before it ends.
    fn check_renewal(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        let Some(term) = row.term else { return Ok(()) };
        check_start(&term, self.expires, "the end of the term before it")?;
        check_length(&term, rules.profile)
    }

    /// A recovery begins on the day of its profile's rule; that of a returned instance on its own day.
    fn check_recovery(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        let Some(term) = row.term else { return Ok(()) };
        let (start, why) = match rules.profile.map(|profile| profile.recover_from) {
            _ if self.returned == Some(true) => {
                (Some(row.date), "the day of recovery, as it was returned")
            }
            Some(RecoverFrom::Today) => (Some(row.date), "the day of recovery"),
            Some(RecoverFrom::Reclaim) => (self.since, "the day of reclaiming"),
            Some(RecoverFrom::Expiry) => (self.expires, "the old expiry"),
            None => (None, ""),
        };
        check_start(&term, start.filter(|_| self.returned.is_some()), why)?;
        check_length(&term, rules.profile)
    }

    fn check_purchase(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        let Some(term) = row.term else { return Ok(()) };
        if self.state.is_some() && self.converted != Some(row.date) {
            let message = "`purchased` of an instance that exists, and was not converted before";
            return Err(Violation::new(Code::ImpossibleMove, EVENT, message));
        }
        check_start(&term, Some(row.date), "the day of the purchase")?;
        check_length(&term, rules.profile)
    }

    /// An upgrade pays from its day to the end of the paid term, which stays.
    fn check_resize(&self, row: &WrittenRow) -> Check {
        let Some(term) = row.term else { return Ok(()) };
        check_start(&term, Some(row.date), "the day of the upgrade")?;
        match self.expires {
            Some(expires) if expires != term.end => {
                let expected = format!("{expires} (an upgrade leaves the expiry)");
                Err(Violation::expected(Code::BrokenTerm, END, expected))
            }
            _ => Ok(()),
        }
    }

    /// The usage of a day stands in one row.
    fn check_usage(&self, row: &WrittenRow) -> Check {
        if self.used != Some(row.date) {
            return Ok(());
        }
        let message = format!("unexpected second row `usage` of {}", row.date);
        Err(Violation::new(Code::WrongOrder, INSTANCE, message))
    }

    fn check_stop(&self, row: &WrittenRow) -> Check {
        if row.reason != "arrears" || self.used == Some(row.date) {
            return Ok(());
        }
        let message = format!(
            "expected a row `usage` of {} before `stopped` in arrears",
            row.date
        );
        Err(Violation::new(Code::ImpossibleMove, EVENT, message))
    }

    /// Whether the row stands on the day that the profile gives it, where that is known.
    fn check_due_day(&self, row: &WrittenRow, rules: InstanceRules<'_>) -> Check {
        let Some(profile) = rules.profile else {
            return Ok(());
        };
        let due = match row.rule.step {
            Transition::Expire => self.expiry_day(rules.from),
            Transition::Reclaim => self.reclaim_day(profile, rules.from),
            _ if row.reason == "user" => None,
            _ => self.release_day(profile, rules.from),
        };
        match due {
            Some(due) if due.date != row.date => {
                let expected = format!("{} for `{}` ({})", due.date, row.rule.event, due.why);
                Err(Violation::expected(Code::WrongDay, DATE, expected).needing(RULES))
            }
            _ => Ok(()),
        }
    }

    /// What is past its expiry expires, on the first day of the run or of a term that ends in the past.
    fn expiry_day(&self, from: Option<Day>) -> Option<DueDay> {
        let expires = self.expires?;
        let why = format!("the paid term ends on {expires}");
        Some(DueDay {
            date: self.not_before(expires, from),
            why,
        })
    }

    fn reclaim_day(&self, profile: &Profile, from: Option<Day>) -> Option<DueDay> {
        let (expires, days) = (self.expires?, profile.suspend_after_days);
        let why = format!("the paid term ends on {expires}, `suspend_after_days` is {days}");
        Some(DueDay {
            date: self.not_before(expires + days, from),
            why,
        })
    }

    fn release_day(&self, profile: &Profile, from: Option<Day>) -> Option<DueDay> {
        let since = self.since?;
        let from_expiry =
            profile.retention_from == RetentionFrom::Expiry && self.returned != Some(true);
        let (base, days) = match self.state? {
            State::Stopped => (since, profile.postpaid_retention_days),
            State::Reclaimed if from_expiry => (self.expires?, profile.retention_days),
            _ => (since, profile.retention_days),
        };
        let date = (base + days + 1).max(since.tomorrow());
        let why = format!("it is kept for {days} days from {base}");
        Some(DueDay {
            date: from.map_or(date, |from| date.max(from)),
            why,
        })
    }

    fn not_before(&self, day: Day, from: Option<Day>) -> Day {
        from.into_iter().chain(self.changed).fold(day, Day::max)
    }

    fn carry_out(&mut self, row: &WrittenRow) {
        let step = row.rule.step;
        if step == Transition::Reject {
            self.presence = match (row.state, self.state) {
                (Some(_), _) => ClosingPresence::Seen,
                (None, None) if row.reason == "insufficient_funds" => ClosingPresence::Rejected,
                _ => self.presence,
            };
            return self.state = self.state.or(row.state);
        }
        self.presence = ClosingPresence::Seen;
        self.awaits_stop = None;
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
                self.charge_type = self.charge_type.map(|kind| match kind {
                    ChargeType::Prepaid => ChargeType::Postpaid,
                    ChargeType::Postpaid => ChargeType::Prepaid,
                });
                (self.expires, self.since) = (None, None);
                (self.converted, self.changed) = (Some(row.date), Some(row.date));
            }
            Transition::Use => {
                self.used = Some(row.date);
                let is_partial = row.hours.is_some_and(|hours| hours < HOURS_PER_DAY);
                self.awaits_stop = is_partial.then_some(row.date);
            }
            _ => {}
        }
    }
}

/// The charge type of instances that a step is for.
fn kind(step: Transition) -> Option<ChargeType> {
    match step {
        Transition::Renew
        | Transition::Recover
        | Transition::Fail
        | Transition::Expire
        | Transition::Reclaim
        | Transition::Buy
        | Transition::GiveBack
        | Transition::Remind
        | Transition::Flag => Some(ChargeType::Prepaid),
        Transition::Use | Transition::Stop | Transition::Start => Some(ChargeType::Postpaid),
        _ => None,
    }
}

fn wrong_state(expected: State, event: &str) -> Violation {
    let expected = format!("{} after `{event}`", expected.name());
    Violation::expected(Code::ImpossibleMove, STATE, expected)
}

fn check_start(term: &WrittenTerm, start: Option<Day>, why: &str) -> Check {
    match start {
        Some(start) if start != term.start => {
            let expected = format!("{start} ({why})");
            Err(Violation::expected(Code::BrokenTerm, START, expected).needing(RULES))
        }
        _ => Ok(()),
    }
}

/// Whether a term ends where its months end by the profile's rule; one without months, of unified expiry days, on a day
/// that people can ask for.
fn check_length(term: &WrittenTerm, profile: Option<&Profile>) -> Check {
    let WrittenTerm { start, end, months } = *term;
    let Some(months) = months else {
        if end.day_of_month() <= 28 && end.days_since(start) >= 28 {
            return Ok(());
        }
        let expected = format!("a day from the 1st to the 28th, a month or more after {start}");
        return Err(Violation::expected(Code::BrokenTerm, END, expected));
    };
    let Some(rule) = profile.map(|profile| profile.month_end) else {
        return Ok(());
    };
    // Where the day of the month is kept, any later anchor that this start can stand for is right too.
    let mut anchors = match rule {
        MonthEnd::Sticky => start.day_of_month()..=31,
        MonthEnd::Clamp | MonthEnd::Days30 => 1..=1,
    };
    let is_anchored = anchors.any(|anchor| {
        (rule != MonthEnd::Sticky || start.falls_on(anchor))
            && rule.add_months(start, months, anchor) == end
    });
    let expected = rule.add_months(start, months, start.day_of_month());
    if is_anchored || expected == end {
        return Ok(());
    }
    let plural = if months == 1 { "" } else { "s" };
    let expected = format!("{expected} ({months} month{plural} after {start})");
    Err(Violation::expected(Code::BrokenTerm, END, expected).needing(RULES))
}
