//! Joined sightings → rows of `instances.csv`: what a book can hold, and in which state it begins.
//!
//! | the answers say | charge type | the row says |
//! |---|---|---|
//! | in use | any | no state: the book derives it from `expires_on` |
//! | in the bin since a known day (lighthouse) | prepaid | `reclaimed` since that day |
//! | the same, but the book begins earlier | prepaid | `overdue`, or no state if it has not expired then |
//! | in the bin, suspended by its profile before the book begins | prepaid | no state: the same derivation |
//! | in the bin otherwise | prepaid | `reclaimed` since the day before the book, the latest possible: to do |
//! | in the bin for arrears or unsaid reasons | postpaid | `stopped`, likewise |
//! | in the bin because it was returned | postpaid | `terminated` |
//! | being destroyed; or to be released before the book begins | any | `terminated` |
//!
//! What a book cannot hold is named in a warning and has no row.
//!
//! Rule **imported-state** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::cloud_record::{CloudRecord, RecordedCharge};
use super::cloud_status::{CloudStatus, IsolationCause};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::SourcedValue;
use crate::input::import::json::one_line;
use crate::input::import::options::Options;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, RenewFlag, State};

/// How many ids a warning names.
const NAMED: usize = 5;

/// A row of `instances.csv`.
#[derive(Debug)]
pub(in crate::input::import) struct ListedInstance {
    /// The instance.
    pub(in crate::input::import) id: String,
    /// Its product.
    pub(in crate::input::import) product: String,
    /// Its type, never empty: prices are looked up by it.
    pub(in crate::input::import) instance_type: String,
    /// Its region, or empty.
    pub(in crate::input::import) region: String,
    /// Its zone, or empty.
    pub(in crate::input::import) zone: String,
    /// Its project's name, or number, or empty.
    pub(in crate::input::import) project: String,
    /// Its name, or empty.
    pub(in crate::input::import) name: String,
    /// How it is charged.
    pub(in crate::input::import) charge: ChargeType,
    /// What happens at its expiry.
    pub(in crate::input::import) renew_flag: Option<RenewFlag>,
    /// Months of one auto-renewal.
    pub(in crate::input::import) renew_months: Option<u32>,
    /// Its expiry date, always there for a prepaid instance.
    pub(in crate::input::import) expires_on: Option<Day>,
    /// Where it stands when the book begins.
    pub(in crate::input::import) begins: FirstTerm,
    /// Its tags.
    pub(in crate::input::import) tags: BTreeMap<String, String>,
}

/// The cells `state`, `since` and `returned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::input::import) struct FirstTerm {
    /// The state; none is left to the book.
    pub(in crate::input::import) state: Option<State>,
    /// Since when.
    pub(in crate::input::import) since: Option<Day>,
    /// Whether it was returned.
    pub(in crate::input::import) returned: bool,
}

impl FirstTerm {
    const DERIVED: Self = Self {
        state: None,
        since: None,
        returned: false,
    };
    const TERMINATED: Self = Self {
        state: Some(State::Terminated),
        since: None,
        returned: false,
    };
}

/// All rows, by id.
#[derive(Debug, Default)]
pub(in crate::input::import) struct Listing {
    /// The rows.
    pub(in crate::input::import) rows: Vec<ListedInstance>,
    /// What is left to do, besides prices.
    pub(in crate::input::import) to_do: Vec<String>,
}

/// The rows of the joined sightings.
pub(in crate::input::import) fn list(
    sightings: &BTreeMap<String, CloudRecord<'_>>,
    options: &Options,
    found: &mut Diagnostics,
) -> Listing {
    let mut clerk = ListingWriter {
        options,
        found,
        to_do: Vec::new(),
    };
    let parts: Vec<&CloudRecord<'_>> = sightings
        .values()
        .filter(|one| one.part_of.is_some())
        .collect();
    let rows: Vec<ListedInstance> = sightings
        .values()
        .filter(|one| one.part_of.is_none())
        .filter_map(|one| clerk.list_record(one))
        .collect();
    clerk.leave_out_parts(&parts);
    clerk.warn_of_disks(sightings, &rows);
    clerk.ask_for_disks(sightings);
    clerk.ask_for_types(sightings, &rows);
    clerk.ask_for_profiles(&rows);
    Listing {
        rows,
        to_do: clerk.to_do,
    }
}

/// Writes rows, warnings and the list to do.
struct ListingWriter<'c> {
    options: &'c Options,
    found: &'c mut Diagnostics,
    to_do: Vec<String>,
}

/// What decides the state of a prepaid instance: its expiry, and what its profile, if there is one, makes of that.
#[derive(Clone, Copy)]
struct StateRule {
    expiry: Day,
    suspended: Option<Day>,
    released: Option<Day>,
}

impl ListingWriter<'_> {
    fn list_record(&mut self, one: &CloudRecord<'_>) -> Option<ListedInstance> {
        let charge = self.charge(one)?;
        let begins = match charge {
            ChargeType::Prepaid => self.prepaid(one)?,
            ChargeType::Postpaid => self.postpaid(one),
        };
        let prepaid = charge == ChargeType::Prepaid;
        let own_type = one.instance_type.as_ref().or(one.sub_product.as_ref());
        Some(ListedInstance {
            id: one.id.value.clone(),
            product: one.product.value.clone(),
            instance_type: own_type.unwrap_or(&one.product).value.clone(),
            region: text_or_empty(one.region.as_ref()),
            zone: text_or_empty(one.zone.as_ref()),
            project: text_or_empty(one.project_name.as_ref().or(one.project_id.as_ref())),
            name: text_or_empty(one.name.as_ref()),
            charge,
            renew_flag: one
                .renew_flag
                .as_ref()
                .map(|flag| flag.value.0)
                .filter(|_| prepaid),
            renew_months: if prepaid {
                self.renew_months(one)
            } else {
                None
            },
            expires_on: one
                .expires_on
                .as_ref()
                .map(|day| day.value)
                .filter(|_| prepaid),
            begins,
            tags: one
                .tags
                .iter()
                .map(|(key, value)| (key.clone(), value.value.clone()))
                .collect(),
        })
    }

    /// The charge type of an instance that a book can hold.
    fn charge(&mut self, one: &CloudRecord<'_>) -> Option<ChargeType> {
        if one
            .standing
            .as_ref()
            .is_some_and(|said| said.value == CloudStatus::NeverMade)
        {
            self.warn(
                one,
                "was never created: it has no row",
                "nothing to type: it does not exist",
            );
            return None;
        }
        match one.charge.as_ref().map(|charge| &charge.value) {
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
        if let Some(expiry) = &one.expires_on {
            let what = format!(
                "is charged by the hour: its expiry {} of another answer is left out",
                expiry.value
            );
            self.warn(
                one,
                &what,
                "nothing to type: what has no term does not expire",
            );
        }
        if one.uncharged.is_some() {
            let what =
                "is shut down without charge (`STOP_CHARGING`): a run bills it like a running one";
            self.warn(
                one,
                what,
                "put what its disks cost into its `hourly_price` in instances.csv",
            );
        }
    }

    fn renew_months(&mut self, one: &CloudRecord<'_>) -> Option<u32> {
        let months = one.renew_months.as_ref()?.value;
        let Some(profile) = self.options.profile(&one.product.value) else {
            return Some(months);
        };
        if profile.renew_periods.contains(&months) {
            return Some(months);
        }
        let name = &profile.name;
        let what = format!(
            "renews by {months} months, which the profile `{name}` does not offer: that is left out"
        );
        self.warn(
            one,
            &what,
            "put a period that is offered into `renew_months` in instances.csv",
        );
        None
    }

    fn prepaid(&mut self, one: &CloudRecord<'_>) -> Option<FirstTerm> {
        let standing = standing(one);
        let Some(expiry) = one.expires_on.as_ref().map(|said| said.value) else {
            let help = "add it to instances.csv with its expiry, or import billing `DescribeRenewInstances` as well";
            self.warn(
                one,
                "is prepaid, but no answer gives its expiry: it has no row",
                help,
            );
            return None;
        };
        let term = self.term(&one.product.value, expiry);
        Some(match standing {
            CloudStatus::Gone => FirstTerm::TERMINATED,
            CloudStatus::InBin(cause) => self.in_bin(one, cause, term),
            CloudStatus::InUse | CloudStatus::NeverMade => self.derived(one, term),
        })
    }

    fn term(&self, product: &str, expiry: Day) -> StateRule {
        let profile = self.options.profile(product);
        StateRule {
            expiry,
            suspended: profile.map(|profile| expiry + profile.suspend_after_days),
            released: profile.map(|profile| expiry + profile.released_after_days),
        }
    }

    fn in_bin(
        &mut self,
        one: &CloudRecord<'_>,
        cause: IsolationCause,
        term: StateRule,
    ) -> FirstTerm {
        let from = self.options.from;
        let returned = cause == IsolationCause::Returned;
        match one.isolated_on.as_ref().map(|said| said.value) {
            Some(since) if since < from => {
                self.ask_for_return(one, since, term);
                FirstTerm {
                    state: Some(State::Reclaimed),
                    since: Some(since),
                    returned,
                }
            }
            Some(since) if term.expiry < from => FirstTerm {
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
            None => self.since_unknown(one, State::Reclaimed, returned),
        }
    }

    /// The state that the book derives from the expiry, unless the instance would be gone before the book begins.
    fn derived(&mut self, one: &CloudRecord<'_>, term: StateRule) -> FirstTerm {
        let (from, expiry, says) = (self.options.from, term.expiry, standing(one));
        if let Some(released) = term.released.filter(|day| *day < from) {
            let what = format!(
                "expired on {expiry} and is released on {released} by its profile, before the book begins: it is \
                 `terminated` there, though the answers say that it is {says}"
            );
            self.warn(one, &what, "if it was renewed, correct its `expires_on` and empty its `state` in instances.csv");
            return FirstTerm::TERMINATED;
        }
        if says == CloudStatus::InUse && expiry < from {
            self.to_do.push(format!(
                "correct expires_on of {} in instances.csv if it was renewed: it expired on {expiry}, and the book \
                 begins on {from} as if nothing had been paid since",
                one.id.value
            ));
        }
        FirstTerm::DERIVED
    }

    fn postpaid(&mut self, one: &CloudRecord<'_>) -> FirstTerm {
        match standing(one) {
            CloudStatus::Gone | CloudStatus::InBin(IsolationCause::Returned) => {
                FirstTerm::TERMINATED
            }
            CloudStatus::InBin(_) => match one.isolated_on.as_ref().map(|said| said.value) {
                Some(since) if since < self.options.from => FirstTerm {
                    state: Some(State::Stopped),
                    since: Some(since),
                    returned: false,
                },
                Some(since) => self.not_yet(one, since),
                None => self.since_unknown(one, State::Stopped, false),
            },
            CloudStatus::InUse | CloudStatus::NeverMade => FirstTerm::DERIVED,
        }
    }

    /// The book begins before what the answers tell: the run finds out by itself.
    fn not_yet(&mut self, one: &CloudRecord<'_>, day: Day) -> FirstTerm {
        let (from, says) = (self.options.from, standing(one));
        let what = format!(
            "is {says} since {day} at the earliest, but the book begins on {from}: it is in use there"
        );
        self.warn(
            one,
            &what,
            "import with `--from` the day after the answers were given",
        );
        FirstTerm::DERIVED
    }

    fn since_unknown(&mut self, one: &CloudRecord<'_>, state: State, returned: bool) -> FirstTerm {
        let (since, says) = (self.options.from.yesterday(), standing(one));
        self.to_do.push(format!(
            "correct since of {} in instances.csv: it is {says}, but the answers do not say since when, and {since} is \
             only the latest day possible",
            one.id.value
        ));
        FirstTerm {
            state: Some(state),
            since: Some(since),
            returned,
        }
    }

    fn ask_for_return(&mut self, one: &CloudRecord<'_>, since: Day, term: StateRule) {
        if since < term.expiry && standing(one) == CloudStatus::InBin(IsolationCause::Unsaid) {
            self.to_do.push(format!(
                "put true into returned of {} in instances.csv if it was returned: it is in the recycle bin since \
                 {since}, before its expiry",
                one.id.value
            ));
        }
    }

    fn warn(&mut self, one: &CloudRecord<'_>, what: &str, help: &str) {
        let message = || one_line(&format!("`{}` {what}", one.id.value));
        self.found.push_with(Code::LeftOut, || {
            (one.id.node.place(), message(), help.to_owned())
        });
    }

    fn leave_out_parts(&mut self, parts: &[&CloudRecord<'_>]) {
        let Some(first) = parts.first() else { return };
        let named: Vec<String> = parts
            .iter()
            .take(NAMED)
            .map(|one| format!("`{}`", one.id.value))
            .collect();
        let more = if parts.len() > NAMED { ", …" } else { "" };
        let message = format!(
            "disks that are not elastic live and are paid with their instance and have no row: {} ({}{more})",
            parts.len(),
            named.join(", ")
        );
        let help = "let the price of an instance in prices.csv include such disks";
        self.found.push(
            Code::LeftOut,
            first.id.node.place(),
            one_line(&message),
            help,
        );
    }

    /// Disks of which the cloud itself says that they do not stay as long as their server.
    fn warn_of_disks(
        &mut self,
        sightings: &BTreeMap<String, CloudRecord<'_>>,
        rows: &[ListedInstance],
    ) {
        let signal = |row: &ListedInstance| {
            sightings
                .get(&row.id)?
                .unlike_server
                .map(|node| (row.id.clone(), node))
        };
        let lives = |row: &&ListedInstance| {
            row.charge == ChargeType::Prepaid && row.begins.state != Some(State::Terminated)
        };
        for (id, node) in rows.iter().filter(lives).filter_map(signal) {
            let message = format!(
                "disk `{id}` does not renew itself as its server does, or ends before it: the cloud warns of that, since the \
                 server loses what is on it"
            );
            let help = "set its `renew_flag` in instances.csv to that of its server, or plan a renewal in actions.csv";
            self.found
                .push(Code::LeftOut, node.place(), one_line(&message), help);
        }
    }

    fn ask_for_disks(&mut self, sightings: &BTreeMap<String, CloudRecord<'_>>) {
        let disks: BTreeSet<&String> = sightings.values().flat_map(|one| &one.disks).collect();
        let unknown = disks
            .into_iter()
            .filter(|id| !sightings.contains_key(*id))
            .count();
        if unknown > 0 {
            self.to_do.push(format!(
                "import the answer of cbs DescribeDisks as well: data disks that only their instances name ({unknown}) \
                 are missing from the book if they are paid on their own"
            ));
        }
    }

    fn ask_for_types(
        &mut self,
        sightings: &BTreeMap<String, CloudRecord<'_>>,
        rows: &[ListedInstance],
    ) {
        let mut untyped: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows.iter().filter(|row| {
            sightings
                .get(&row.id)
                .is_some_and(|one| one.instance_type.is_none())
        }) {
            *untyped.entry(&row.product).or_default() += 1;
        }
        for (product, count) in untyped.into_iter().filter(|(_, count)| *count > 1) {
            self.to_do.push(format!(
                "fill in monthly_price in instances.csv where the {count} instances of {product} that only billing names \
                 differ in price: billing does not say their types"
            ));
        }
    }

    fn ask_for_profiles(&mut self, rows: &[ListedInstance]) {
        let products: BTreeSet<&str> = rows.iter().map(|row| row.product.as_str()).collect();
        for product in products {
            let followed = self
                .options
                .profile(product)
                .filter(|_| self.options.own_profile(product).is_none());
            if let Some(profile) = followed {
                self.to_do.push(format!(
                    "name the profile of {product} under [product_profiles] in book.toml if its rules are not \
                     those of {}",
                    profile.name
                ));
            }
        }
    }
}

fn standing(one: &CloudRecord<'_>) -> CloudStatus {
    one.standing
        .as_ref()
        .map_or(CloudStatus::InUse, |said| said.value)
}

fn text_or_empty(said: Option<&SourcedValue<'_, String>>) -> String {
    said.map(|said| said.value.clone()).unwrap_or_default()
}
