//! Joined records → rows of `instances.csv`: what a book can hold, and the state in which it begins.
//!
//! | the responses say | charge type | the row says |
//! |---|---|---|
//! | in use | any | no state: the book derives it from `expires_on` |
//! | in the bin since a known day (lighthouse) | prepaid | `reclaimed` since that day |
//! | the same, but the book begins earlier | prepaid | `overdue`, or no state if it has not expired then |
//! | in the bin, suspended by its profile before the book begins | prepaid | no state: the same derivation |
//! | in the bin otherwise | prepaid | `reclaimed` since the day before the book, the latest possible: to do |
//! | in the bin for arrears or unknown reasons | postpaid | `stopped`, likewise |
//! | in the bin because it was returned | postpaid | `terminated` |
//! | being destroyed; or to be released before the book begins | any | `terminated` |
//!
//! What a book cannot hold is named in a warning and has no row.
//!
//! Rule **imported-state** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{CloudRecord, RecordedCharge};
use super::status::{CloudStatus, IsolationCause};
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::SourcedText;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, RenewFlag, State};

/// How many ids a warning names.
const NAMED_IDS: usize = 5;

/// The calls of a cloud that help out where others say too little.
#[derive(Debug)]
pub(crate) struct CloudCalls {
    /// The call that lists expiry dates.
    pub(crate) expiries: &'static str,
    /// The call that lists disks.
    pub(crate) disks: &'static str,
    /// The word for an instance that is shut down without charge.
    pub(crate) uncharged: &'static str,
}

/// A row of `instances.csv`. Texts that no response gives are empty.
#[derive(Debug)]
pub(crate) struct ListedInstance {
    pub(crate) id: String,
    pub(crate) product: String,
    /// Its type, never empty: prices are looked up by it.
    pub(crate) instance_type: String,
    pub(crate) region: String,
    pub(crate) zone: String,
    /// Its project's name or number.
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) charge: ChargeType,
    /// What happens at its expiry.
    pub(crate) renew_flag: Option<RenewFlag>,
    /// Months of one auto-renewal.
    pub(crate) renew_months: Option<u32>,
    /// Its expiry date, always there for a prepaid instance.
    pub(crate) expires_on: Option<Day>,
    /// Its state when the book begins.
    pub(crate) opening: ListedState,
    pub(crate) tags: BTreeMap<String, String>,
}

/// The cells `state`, `since` and `returned`; the default leaves the state to the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListedState {
    pub(crate) state: Option<State>,
    pub(crate) since: Option<Day>,
    pub(crate) returned: bool,
}

impl ListedState {
    fn since(state: State, since: Day) -> Self {
        Self {
            state: Some(state),
            since: Some(since),
            returned: false,
        }
    }

    fn terminated() -> Self {
        Self {
            state: Some(State::Terminated),
            ..Self::default()
        }
    }
}

impl ListedInstance {
    /// Whether the instance is gone when the book begins, so that it is never renewed.
    pub(crate) fn is_terminated(&self) -> bool {
        self.opening.state == Some(State::Terminated)
    }
}

/// All rows, by id.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) rows: Vec<ListedInstance>,
    /// What is left to do, besides prices.
    pub(crate) to_do: Vec<String>,
}

/// The records of a book by id.
type Records<'s> = BTreeMap<String, CloudRecord<'s>>;

/// The rows of the joined records.
pub(crate) fn list(records: &Records<'_>, calls: &CloudCalls, cx: &mut Context<'_>) -> Listing {
    let mut writer = ListingWriter {
        cx: cx.reborrow(),
        calls,
        to_do: Vec::new(),
    };
    let (mut rows, mut parts) = (Vec::new(), Vec::new());
    for one in records.values() {
        match one.facts.part_of {
            Some(_) => parts.push(one),
            None => rows.extend(writer.list_record(one)),
        }
    }
    writer.leave_out_parts(&parts);
    writer.warn_of_disks(records, &rows);
    writer.ask_for_disks(records);
    writer.ask_for_types(records, &rows);
    writer.ask_for_profiles(&rows);
    let to_do = writer.to_do;
    Listing { rows, to_do }
}

/// Writes rows, warnings and the list to do.
struct ListingWriter<'c> {
    cx: Context<'c>,
    calls: &'c CloudCalls,
    to_do: Vec<String>,
}

/// What decides the state of a prepaid instance: its expiry, and the days that its profile, if there is one, adds.
#[derive(Clone, Copy)]
struct TermMilestones {
    expiry: Day,
    suspended: Option<Day>,
    released: Option<Day>,
}

impl ListingWriter<'_> {
    fn list_record(&mut self, one: &CloudRecord<'_>) -> Option<ListedInstance> {
        let facts = &one.facts;
        let charge = self.charge(one)?;
        let is_prepaid = charge == ChargeType::Prepaid;
        let opening = match charge {
            ChargeType::Prepaid => self.prepaid(one)?,
            ChargeType::Postpaid => self.postpaid(one),
        };
        let own_type = facts.instance_type.as_ref().or(facts.sub_product.as_ref());
        let project = facts.project_name.as_ref().or(facts.project_id.as_ref());
        let flag = facts.renew_flag.as_ref().filter(|_| is_prepaid);
        let expiry = facts.expires_on.as_ref().filter(|_| is_prepaid);
        let tags = facts.tags.clone().into_iter();
        Some(ListedInstance {
            id: one.id.value.clone(),
            product: one.product.value.clone(),
            instance_type: own_type.unwrap_or(&one.product).value.clone(),
            region: text_or_empty(facts.region.as_ref()),
            zone: text_or_empty(facts.zone.as_ref()),
            project: text_or_empty(project),
            name: text_or_empty(facts.name.as_ref()),
            charge,
            renew_flag: flag.map(|flag| flag.value.0),
            renew_months: is_prepaid.then(|| self.renew_months(one)).flatten(),
            expires_on: expiry.map(|day| day.value),
            opening,
            tags: tags.map(|(key, tag)| (key, tag.value)).collect(),
        })
    }

    /// The charge type of an instance that a book can hold.
    fn charge(&mut self, one: &CloudRecord<'_>) -> Option<ChargeType> {
        if one.status() == CloudStatus::NeverMade {
            let what = "was never created: it has no row";
            self.warn(one, what, "nothing to type: it does not exist");
            return None;
        }
        match one.facts.charge.as_ref().map(|charge| &charge.value) {
            Some(RecordedCharge::Known(ChargeType::Postpaid)) => {
                self.note_postpaid(one);
                Some(ChargeType::Postpaid)
            }
            Some(RecordedCharge::Known(ChargeType::Prepaid)) | None => Some(ChargeType::Prepaid),
            Some(RecordedCharge::Other(text)) => {
                let what = format!(
                    "has the charge type `{text}`, which a book does not know: it has no row"
                );
                let help = "add a row to instances.csv if it is to be charged like PREPAID or POSTPAID_BY_HOUR";
                self.warn(one, &what, help);
                None
            }
        }
    }

    fn note_postpaid(&mut self, one: &CloudRecord<'_>) {
        if let Some(expiry) = &one.facts.expires_on {
            let expiry = expiry.value;
            let what = format!(
                "is charged by the hour: its expiry {expiry} of another response is left out"
            );
            let help = "nothing to type: what has no term does not expire";
            self.warn(one, &what, help);
        }
        if one.facts.uncharged.is_some() {
            let word = self.calls.uncharged;
            let what = format!(
                "is shut down without charge (`{word}`): a run bills it like a running one"
            );
            let help = "put what its disks cost into its `hourly_price` in instances.csv";
            self.warn(one, &what, help);
        }
    }

    fn renew_months(&mut self, one: &CloudRecord<'_>) -> Option<u32> {
        let months = one.facts.renew_months.as_ref()?.value;
        let profile = self.cx.options.profile(&one.product.value);
        let Some(profile) = profile.filter(|known| !known.renew_periods.contains(&months)) else {
            return Some(months);
        };
        let name = &profile.name;
        let what = format!(
            "renews by {months} months, which the profile `{name}` does not offer: that is left out"
        );
        let help = "put a period that is offered into `renew_months` in instances.csv";
        self.warn(one, &what, help);
        None
    }

    fn prepaid(&mut self, one: &CloudRecord<'_>) -> Option<ListedState> {
        let Some(expiry) = one.facts.expires_on.as_ref().map(|day| day.value) else {
            let call = self.calls.expiries;
            let help = format!("add it to instances.csv with its expiry, or import {call} as well");
            let what = "is prepaid, but no response gives its expiry: it has no row";
            self.warn(one, what, &help);
            return None;
        };
        let profile = self.cx.options.profile(&one.product.value);
        let term = TermMilestones {
            expiry,
            suspended: profile.map(|profile| expiry + profile.suspend_after_days),
            released: profile.map(|profile| expiry + profile.released_after_days),
        };
        Some(match one.status() {
            CloudStatus::Gone => ListedState::terminated(),
            CloudStatus::InBin(cause) => self.in_bin(one, cause, term),
            CloudStatus::InUse | CloudStatus::NeverMade => self.derived(one, term),
        })
    }

    fn in_bin(
        &mut self,
        one: &CloudRecord<'_>,
        cause: IsolationCause,
        term: TermMilestones,
    ) -> ListedState {
        let from = self.cx.options.from;
        let returned = cause == IsolationCause::Returned;
        match one.facts.isolated_on.as_ref().map(|day| day.value) {
            Some(since) if since < from => {
                self.ask_for_return(one, since, term);
                ListedState {
                    returned,
                    ..ListedState::since(State::Reclaimed, since)
                }
            }
            Some(since) if term.expiry < from => ListedState {
                state: Some(State::Overdue),
                ..self.not_yet(one, since)
            },
            Some(since) => self.not_yet(one, since),
            None if cause == IsolationCause::Expiry && from <= term.expiry => {
                self.not_yet(one, term.expiry)
            }
            None if !returned && term.suspended.is_some_and(|day| day < from) => {
                self.derived(one, term)
            }
            None => ListedState {
                returned,
                ..self.since_unknown(one, State::Reclaimed)
            },
        }
    }

    /// The state that the book derives from the expiry, unless the instance would be gone before the book begins.
    fn derived(&mut self, one: &CloudRecord<'_>, term: TermMilestones) -> ListedState {
        let (from, expiry, says) = (self.cx.options.from, term.expiry, one.status());
        if let Some(released) = term.released.filter(|day| *day < from) {
            let what = format!(
                "expired on {expiry} and is released on {released} by its profile, before the book begins: it is \
                 `terminated` there, though the responses say that it is {says}"
            );
            let help = "if it was renewed, correct its `expires_on` and empty its `state` in instances.csv";
            self.warn(one, &what, help);
            return ListedState::terminated();
        }
        if says == CloudStatus::InUse && expiry < from {
            self.to_do.push(format!(
                "correct expires_on of {} in instances.csv if it was renewed: it expired on {expiry}, and the book \
                 begins on {from} as if nothing had been paid since",
                one.id.value
            ));
        }
        ListedState::default()
    }

    fn postpaid(&mut self, one: &CloudRecord<'_>) -> ListedState {
        match one.status() {
            CloudStatus::Gone | CloudStatus::InBin(IsolationCause::Returned) => {
                ListedState::terminated()
            }
            CloudStatus::InBin(_) => match one.facts.isolated_on.as_ref().map(|day| day.value) {
                Some(since) if since < self.cx.options.from => {
                    ListedState::since(State::Stopped, since)
                }
                Some(since) => self.not_yet(one, since),
                None => self.since_unknown(one, State::Stopped),
            },
            CloudStatus::InUse | CloudStatus::NeverMade => ListedState::default(),
        }
    }

    /// The book begins before the responses were given: the run finds out by itself.
    fn not_yet(&mut self, one: &CloudRecord<'_>, day: Day) -> ListedState {
        let (from, says) = (self.cx.options.from, one.status());
        let what = format!(
            "is {says} since {day} at the earliest, but the book begins on {from}: it is in use there"
        );
        let help = "import with `--from` the day after the responses were given";
        self.warn(one, &what, help);
        ListedState::default()
    }

    fn since_unknown(&mut self, one: &CloudRecord<'_>, state: State) -> ListedState {
        let (since, says) = (self.cx.options.from.yesterday(), one.status());
        self.to_do.push(format!(
            "correct since of {} in instances.csv: it is {says}, but the responses do not say since when, and {since} is \
             only the latest day possible",
            one.id.value
        ));
        ListedState::since(state, since)
    }

    fn ask_for_return(&mut self, one: &CloudRecord<'_>, since: Day, term: TermMilestones) {
        let is_unknown = one.status() == CloudStatus::InBin(IsolationCause::Unknown);
        if since < term.expiry && is_unknown {
            self.to_do.push(format!(
                "put true into returned of {} in instances.csv if it was returned: it is in the recycle bin since \
                 {since}, before its expiry",
                one.id.value
            ));
        }
    }

    fn warn(&mut self, one: &CloudRecord<'_>, what: &str, help: &str) {
        let message = format!("`{}` {what}", one.id.value);
        one.id
            .node
            .report(Code::LeftOut, &message, help, &mut self.cx);
    }

    fn leave_out_parts(&mut self, parts: &[&CloudRecord<'_>]) {
        let Some(first) = parts.first() else { return };
        let named = parts.iter().take(NAMED_IDS);
        let named: Vec<String> = named.map(|one| format!("`{}`", one.id.value)).collect();
        let more = if parts.len() > NAMED_IDS { ", …" } else { "" };
        let message = format!(
            "disks that are not elastic live and are paid with their instance and have no row: {} ({}{more})",
            parts.len(),
            named.join(", ")
        );
        let help = "let the price of an instance in prices.csv include such disks";
        first
            .id
            .node
            .report(Code::LeftOut, &message, help, &mut self.cx);
    }

    /// Warns of disks that, as the cloud itself says, do not stay as long as their server.
    fn warn_of_disks(&mut self, records: &Records<'_>, rows: &[ListedInstance]) {
        for row in rows {
            let id = &row.id;
            let is_renewable = row.charge == ChargeType::Prepaid && !row.is_terminated();
            let signal = records[id].facts.unlike_server;
            if let Some(node) = signal.filter(|_| is_renewable) {
                let message = format!(
                    "disk `{id}` does not renew itself as its server does, or ends before it: the cloud warns of that, since the \
                     server loses what is on it"
                );
                let help = "set its `renew_flag` in instances.csv to that of its server, or plan a renewal in actions.csv";
                node.report(Code::LeftOut, &message, help, &mut self.cx);
            }
        }
    }

    fn ask_for_disks(&mut self, records: &Records<'_>) {
        let disks: BTreeSet<&String> = records.values().flat_map(|one| &one.facts.disks).collect();
        let unknown = disks
            .iter()
            .filter(|id| !records.contains_key(**id))
            .count();
        if unknown > 0 {
            self.to_do.push(format!(
                "import the response of {} as well: data disks that only their instances name ({unknown}) \
                 are missing from the book if they are paid on their own",
                self.calls.disks
            ));
        }
    }

    fn ask_for_types(&mut self, records: &Records<'_>, rows: &[ListedInstance]) {
        let mut untyped: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            if records[&row.id].facts.instance_type.is_none() {
                *untyped.entry(&row.product).or_default() += 1;
            }
        }
        for (product, count) in untyped.into_iter().filter(|(_, count)| *count > 1) {
            self.to_do.push(format!(
                "fill in monthly_price in instances.csv where the {count} instances of {product} that only billing names \
                 differ in price: billing does not say their types"
            ));
        }
    }

    fn ask_for_profiles(&mut self, rows: &[ListedInstance]) {
        let options = self.cx.options;
        let products: BTreeSet<&str> = rows.iter().map(|row| row.product.as_str()).collect();
        for product in products {
            if options.own_profile(product).is_none()
                && let Some(profile) = options.profile(product)
            {
                self.to_do.push(format!(
                    "name the profile of {product} under [product_profiles] in book.toml if its rules are not \
                     those of {}",
                    profile.name
                ));
            }
        }
    }
}

fn text_or_empty(text: Option<&SourcedText<'_>>) -> String {
    text.map_or_else(String::new, |text| text.value.clone())
}
